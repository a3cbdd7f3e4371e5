#include "cli/explanation.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "cli/explanation_internal.h"
#include "cli/wrap.h"
#include "core/nearest.h"
#include "core/stages.h"
#include "run/rule_matrix.h"

enum { label_width = 17, part_width = 19 };

assay_status cli_topic_find(cli_topic *out, const char *name, assay_error *err) {
    char hint[128];
    *out = (cli_topic){.mistake = assay_variant_find(name)};
    if (out->mistake) out->rule = assay_rule_find(out->mistake->rule);
    assay_nearest near = assay_nearest_begin(name, strlen(name));
    for (size_t i = 0; i < assay_rule_count(); i++) {
        const assay_rule_info *rule = assay_rule_at(i);
        if (strcasecmp(rule->id, name) == 0) out->rule = rule;
        assay_nearest_offer(&near, rule->id);
    }
    if (out->rule) return ASSAY_OK;
    for (size_t i = 0; i < assay_variant_count(); i++) assay_nearest_offer(&near, assay_variant_at(i)->name);
    return assay_fail(err, ASSAY_EINPUT, NULL, "explain: '%.80s' is no rule and no known mistake; %s", name,
                      assay_nearest_hint(&near, "'assay explain' lists the rules, 'assay diagnose --list' the mistakes",
                                         hint, sizeof hint));
}

const cli_rule_text *cli_text_of_rule(const char *id) {
    for (size_t i = 0; i < cli_rule_text_count; i++)
        if (strcmp(cli_rule_texts[i].id, id) == 0) return &cli_rule_texts[i];
    assert(false && "docs/semantics.md has every rule");
    return NULL;
}

const cli_mistake_text *cli_text_of_mistake(const char *name) {
    static const cli_mistake_text none = {"", "", "", ""};
    for (size_t i = 0; i < cli_mistake_text_count; i++)
        if (strcmp(cli_mistake_texts[i].name, name) == 0) return &cli_mistake_texts[i];
    return &none; /* a new one, before 'make rules' */
}

void cli_print_rules(FILE *out) {
    for (size_t i = 0; i < assay_rule_count(); i++)
        fprintf(out, "%-9s%s\n", assay_rule_at(i)->id, assay_rule_at(i)->summary);
    fprintf(out, "\n'assay explain RULE' says more of one; 'assay explain MISTAKE' of a known mistake.\n");
}

static size_t count_words(const char *words) {
    size_t count = *words != '\0';
    for (; *words; words++) count += *words == ' ';
    return count;
}

/* The stages that a report lists with the rule. */
static void print_stages(FILE *out, const char *rule) {
    char names[1024] = "";
    size_t at = 0;
    for (int i = 0; i < ASSAY_STAGE_COUNT && at < sizeof names; i++) {
        const assay_stage_info *stage = assay_stage_get((assay_stage)i);
        if (assay_rules_have(stage->rules, rule))
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", stage->name);
    }
    if (*names) cli_print_wrapped(out, "Shows in stages", label_width, names);
}

static void print_rule(FILE *out, const assay_rule_info *rule) {
    const cli_rule_text *text = cli_text_of_rule(rule->id);
    const char *exempt = assay_rule_exempt(rule->id);
    fprintf(out, "%s: %s\n\n", rule->id, rule->summary);
    cli_print_wrapped(out, "", 2, text->text);
    fprintf(out, "\n");
    cli_print_wrapped(out, "In the original", label_width, rule->original);
    cli_print_wrapped(out, "In Assay", label_width, rule->engine);
    print_stages(out, rule->id);
    if (*text->goldens) cli_print_wrapped(out, "Goldens", label_width, text->goldens);
    else if (exempt) cli_print_wrapped(out, "Goldens", label_width, exempt);
}

/* How many goldens notice a mistake, and which; all of them where the mistake is the topic. */
static void print_noticed(FILE *out, const assay_variant *v, bool all) {
    const cli_mistake_text *text = cli_text_of_mistake(v->name);
    char counts[128];
    size_t noticed = count_words(text->by_stages);
    snprintf(counts, sizeof counts, "%zu %s, %zu in results alone%s", noticed,
             noticed == 1 ? "golden in its stages" : "goldens in their stages", count_words(text->by_results),
             all || !*text->by_stages ? "" : "; 'assay explain' of it lists them");
    cli_print_wrapped(out, "     noticed by", part_width, counts);
    if (all && *text->by_stages) cli_print_wrapped(out, "     in stages", part_width, text->by_stages);
    if (all && *text->by_results) cli_print_wrapped(out, "     in results", part_width, text->by_results);
}

static void print_mistake(FILE *out, const assay_variant *v, bool all, const char *goldens) {
    const char *best = cli_text_of_mistake(v->name)->best;
    fprintf(out, "\n  %s (%s)\n", v->name, v->rule);
    cli_print_wrapped(out, "     the original", part_width, v->original);
    cli_print_wrapped(out, "     the mistake", part_width, v->mistake);
    cli_print_wrapped(out, "     look at", part_width, v->place);
    print_noticed(out, v, all);
    if (v->proof)
        cli_print_wrapped(out, v->visibility == ASSAY_SHOWS_NOWHERE ? "     never shows" : "     not in results",
                          part_width, v->proof);
    if (*best) fprintf(out, "     try it        assay verify %s/%s.h5 --mistake %s\n", goldens, best, v->name);
}

void cli_print_topic(FILE *out, const cli_topic *topic, const char *goldens) {
    if (topic->mistake) {
        fprintf(out, "%s: %s\n", topic->rule->id, topic->rule->summary);
        print_mistake(out, topic->mistake, true, goldens);
        fprintf(out, "\n'assay explain %s' says what the original does in full.\n", topic->rule->id);
        return;
    }
    print_rule(out, topic->rule);
    size_t count = 0;
    for (size_t i = 0; i < assay_variant_count(); i++) {
        const assay_variant *v = assay_variant_at(i);
        if (strcmp(v->rule, topic->rule->id) != 0) continue;
        if (count++ == 0) fprintf(out, "\nUsual mistakes:\n");
        print_mistake(out, v, false, goldens);
    }
    if (count == 0) fprintf(out, "\nNo known mistake is about this rule.\n");
    fprintf(out, "\n");
    cli_print_wrapped(out, "", 0, cli_rule_symbols);
}
