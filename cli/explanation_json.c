#include <string.h>

#include "cli/explanation.h"
#include "cli/explanation_internal.h"
#include "reports/json_builder.h"
#include "run/rule_matrix.h"

static void add_mistake(json_builder *b, cJSON *mistakes, const assay_variant *v) {
    const cli_mistake_text *text = cli_text_of_mistake(v->name);
    cJSON *object = json_add_object(b, mistakes, NULL);
    json_add_text(b, object, "name", v->name);
    json_add_text(b, object, "original", v->original);
    json_add_text(b, object, "mistake", v->mistake);
    json_add_text(b, object, "place", v->place);
    if (v->proof) json_add_text(b, object, "proof", v->proof);
    json_add_words(b, object, "noticed_by_stages", text->by_stages);
    json_add_words(b, object, "noticed_by_results", text->by_results);
}

static void add_topic(json_builder *b, cJSON *rules, const cli_topic *topic) {
    const assay_rule_info *rule = topic->rule;
    const cli_rule_text *text = cli_text_of_rule(rule->id);
    const char *exempt = assay_rule_exempt(rule->id);
    cJSON *object = json_add_object(b, rules, NULL);
    json_add_text(b, object, "id", rule->id);
    json_add_text(b, object, "summary", rule->summary);
    json_add_text(b, object, "text", text->text);
    json_add_text(b, object, "original", rule->original);
    json_add_words(b, object, "engine", rule->engine);
    json_add_words(b, object, "goldens", text->goldens);
    if (exempt) json_add_text(b, object, "exempt", exempt);
    cJSON *mistakes = json_add_array(b, object, "mistakes");
    for (size_t i = 0; i < assay_variant_count(); i++) {
        const assay_variant *v = assay_variant_at(i);
        if (topic->mistake ? v == topic->mistake : strcmp(v->rule, rule->id) == 0) add_mistake(b, mistakes, v);
    }
}

static cJSON *build(const cli_topic *topics, size_t count) {
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", "assay-explain/1");
    json_add_text(&b, root, "symbols", cli_rule_symbols);
    cJSON *rules = json_add_array(&b, root, "rules");
    for (size_t i = 0; i < count; i++) add_topic(&b, rules, &topics[i]);
    for (size_t i = 0; count == 0 && i < assay_rule_count(); i++)
        add_topic(&b, rules, &(cli_topic){.rule = assay_rule_at(i)});
    return json_finish(&b, root);
}

assay_status cli_write_topics(const char *path, const cli_topic *topics, size_t count, assay_error *err) {
    return json_write(path, build(topics, count), err);
}
