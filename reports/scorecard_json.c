#include "reports/scorecard_json.h"

#include "core/version.h"
#include "reports/json_builder.h"
#include "reports/waiver_json.h"

static void add_summary(json_builder *b, cJSON *root, const assay_scorecard *card) {
    assay_scorecard_summary s = assay_scorecard_summarize(card);
    json_add_text(b, root, "verdict", s.conforms ? "pass" : "fail");
    cJSON *object = json_add_object(b, root, "summary");
    json_add_integer(b, object, "rules", (int64_t)card->rule_count);
    json_add_integer(b, object, "rules_passed", (int64_t)s.rules_passed);
    json_add_integer(b, object, "rules_failed", (int64_t)s.rules_failed);
    json_add_integer(b, object, "rules_not_exercised", (int64_t)s.rules_not_exercised);
    json_add_integer(b, object, "cases", (int64_t)card->case_count);
    json_add_integer(b, object, "passed", (int64_t)s.passed);
    json_add_integer(b, object, "failed", (int64_t)s.failed);
    json_add_integer(b, object, "incomplete", (int64_t)s.incomplete);
    json_add_integer(b, object, "not_run", (int64_t)s.not_run);
    json_add_integer(b, object, "unreadable", (int64_t)s.unreadable);
    json_add_integer(b, object, "unsupported", (int64_t)s.unsupported);
    json_add_integer(b, object, "waived", (int64_t)s.waived);
}

static void add_rule(json_builder *b, cJSON *rules, const assay_scorecard *card, const assay_rule_score *r) {
    cJSON *object = json_add_object(b, rules, NULL);
    if (!object) return;
    json_add_text(b, object, "id", r->rule->id);
    json_add_text(b, object, "verdict", assay_rule_verdict_name(r->verdict));
    json_add_bool(b, object, "suspected", r->suspected);
    json_add_integer(b, object, "cases", (int64_t)r->cases);
    json_add_integer(b, object, "passed", (int64_t)r->passed);
    json_add_integer(b, object, "failed", (int64_t)r->failed);
    json_add_integer(b, object, "waived", (int64_t)r->waived);
    json_add_integer(b, object, "unsupported", (int64_t)r->unsupported);
    cJSON *blaming = json_add_array(b, object, "blamed_by");
    for (size_t i = 0; blaming && i < card->case_count; i++)
        if (assay_rules_have(card->cases[i].blamed, r->rule->id)) json_add_text(b, blaming, NULL, card->cases[i].name);
    json_add_text(b, object, "note", r->note);
    json_add_text(b, object, "summary", r->rule->summary);
}

static void add_failure(json_builder *b, cJSON *object, const assay_score_case *c) {
    cJSON *first = json_add_object(b, object, "first_divergence");
    json_add_text(b, first, "path", c->first_path);
    json_add_text(b, first, "reason", c->first_reason);
    json_add_words(b, first, "rules", c->first_rules);
    json_add_words(b, object, "blamed", c->blamed);
    cJSON *mistakes = json_add_array(b, object, "explained_by");
    for (size_t i = 0; mistakes && i < c->likely_count; i++) json_add_text(b, mistakes, NULL, c->mistakes[i]->name);
}

static void add_case(json_builder *b, cJSON *cases, const assay_score_case *c) {
    cJSON *object = json_add_object(b, cases, NULL);
    if (!object) return;
    json_add_text(b, object, "name", c->name);
    json_add_text(b, object, "outcome", assay_scored_name(c->outcome));
    json_add_words(b, object, "rules", c->rules);
    if (*c->note) json_add_text(b, object, "note", c->note);
    if (!c->dump) return;
    json_add_text(b, object, "dump", c->dump);
    json_add_integer(b, object, "compared", (int64_t)c->judged);
    json_add_integer(b, object, "differ", (int64_t)c->failed);
    json_add_integer(b, object, "not_dumped", (int64_t)c->missing);
    if (c->waived) json_add_integer(b, object, "waived", (int64_t)c->waived);
    if (*c->declared) json_add_text(b, object, "declared_unsupported", c->declared);
    if (c->outcome == ASSAY_SCORED_FAIL) add_failure(b, object, c);
}

static cJSON *build(const assay_scorecard *card) {
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", "assay-scorecard/1");
    json_add_text(&b, root, "assay", ASSAY_VERSION);
    add_summary(&b, root, card);
    cJSON *rules = json_add_array(&b, root, "rules");
    for (size_t i = 0; rules && i < card->rule_count; i++) add_rule(&b, rules, card, &card->rules[i]);
    cJSON *cases = json_add_array(&b, root, "cases");
    for (size_t i = 0; cases && i < card->case_count; i++) add_case(&b, cases, &card->cases[i]);
    cJSON *unknown = json_add_array(&b, root, "unknown");
    for (size_t i = 0; unknown && i < card->unknown_count; i++) json_add_text(&b, unknown, NULL, card->unknown[i]);
    json_add_waivers(&b, root, &card->waivers);
    return json_finish(&b, root);
}

assay_status assay_report_scorecard_json(const char *path, const assay_scorecard *card, assay_error *err) {
    return json_write(path, build(card), err);
}
