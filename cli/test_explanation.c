/* The tables that are made of docs/: complete, and about the rules and mistakes that the program knows. */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/explanation.h"
#include "cli/explanation_internal.h"
#include "run/rule_matrix.h"

Test(explanation, every_rule_has_its_text_and_its_goldens) {
    cr_assert_eq(cli_rule_text_count, assay_rule_count());
    for (size_t i = 0; i < assay_rule_count(); i++) {
        const cli_rule_text *text = &cli_rule_texts[i];
        cr_expect_str_eq(text->id, assay_rule_at(i)->id);
        cr_expect_gt(strlen(text->text), 30, "%s", text->id);
        cr_expect_neq(!*text->goldens, !assay_rule_exempt(text->id), "%s: '%s'", text->id, text->goldens);
    }
    cr_expect_eq(strncmp(cli_rule_symbols, "Symbols: B batch, ", 18), 0);
}

Test(explanation, lines_that_go_on_belong_to_their_rule) {
    const char *text = cli_text_of_rule("SCHED-1")->text;
    cr_expect(strstr(text, "A call of T tokens is split"));
    cr_expect(strstr(text, "33 -> 16,9,8."));
    cr_expect_null(strstr(text, "SCHED-2"));
    cr_expect_str_eq(cli_text_of_rule("ERR-1")->id, "ERR-1");
}

Test(explanation, every_mistake_has_the_goldens_that_notice_it) {
    cr_assert_eq(cli_mistake_text_count, assay_variant_count());
    for (size_t i = 0; i < assay_variant_count(); i++) {
        const assay_variant *v = assay_variant_at(i);
        const cli_mistake_text *text = cli_text_of_mistake(v->name);
        cr_assert_str_eq(text->name, v->name);
        bool hidden = v->visibility == ASSAY_SHOWS_NOWHERE;
        cr_expect_eq(!*text->by_stages, hidden, "%s", v->name);
        cr_expect_eq(!*text->best, hidden, "%s", v->name);
        cr_expect(hidden || assay_rules_have(text->by_stages, text->best), "%s: '%s'", v->name, text->best);
        cr_expect_eq(!*text->by_results, v->visibility != ASSAY_SHOWS_IN_RESULTS, "%s", v->name);
    }
}

Test(explanation, rules_and_mistakes_are_found_by_name) {
    cli_topic topic;
    assay_error err;
    cr_assert_eq(cli_topic_find(&topic, "mem-1", &err), ASSAY_OK);
    cr_expect_str_eq(topic.rule->id, "MEM-1");
    cr_expect_null(topic.mistake);
    cr_assert_eq(cli_topic_find(&topic, "flip-at-window", &err), ASSAY_OK);
    cr_expect_str_eq(topic.rule->id, "CACHE-1");
    cr_expect_str_eq(topic.mistake->name, "flip-at-window");
    cr_expect_eq(cli_topic_find(&topic, "flip-at-windw", &err), ASSAY_EINPUT);
    cr_expect(strstr(err.message, "did you mean 'flip-at-window'?"), "%s", err.message);
}
