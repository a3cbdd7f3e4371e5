/* The table of rules: ids, look-up, and what a report line needs. ci/lint compares it with docs/semantics.md. */
#include "core/rules.h"

#include <criterion/criterion.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/stages.h"

static bool matches(const char *text, const char *pattern) {
    regex_t regex;
    cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0, "%s", pattern);
    bool found = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

Test(rules, ids_are_well_formed_and_unique) {
    cr_assert_gt(assay_rule_count(), 0);
    for (size_t i = 0; i < assay_rule_count(); i++) {
        const char *id = assay_rule_at(i)->id;
        cr_assert(matches(id, "^[A-Z]+-[1-9][0-9]*$"), "'%s'", id);
        for (size_t j = 0; j < i; j++) cr_assert_str_neq(id, assay_rule_at(j)->id);
    }
}

Test(rules, a_summary_fits_a_line_of_a_report) {
    for (size_t i = 0; i < assay_rule_count(); i++) {
        const assay_rule_info *rule = assay_rule_at(i);
        cr_assert(matches(rule->summary, "^[^ ].*[^ .]$"), "%s: '%s'", rule->id, rule->summary);
        cr_assert_leq(strlen(rule->summary), 110, "%s has %zu characters", rule->id, strlen(rule->summary));
        for (const char *c = rule->summary; *c; c++) cr_assert(*c >= ' ' && *c <= '~' && *c != '|', "%s", rule->id);
        for (size_t j = 0; j < i; j++) cr_assert_str_neq(rule->summary, assay_rule_at(j)->summary, "%s", rule->id);
    }
}

Test(rules, functions_and_files_are_lists) {
    const char *const functions = "^[A-Za-z_]+(\\.[A-Za-z_]+)?(; [A-Za-z_]+(\\.[A-Za-z_]+)?)*$";
    const char *const files = "^[a-z]+/[a-z_]+\\.c( [a-z]+/[a-z_]+\\.c)*$";
    for (size_t i = 0; i < assay_rule_count(); i++) {
        const assay_rule_info *rule = assay_rule_at(i);
        cr_assert(matches(rule->original, functions), "%s: '%s'", rule->id, rule->original);
        cr_assert(matches(rule->engine, files), "%s: '%s'", rule->id, rule->engine);
    }
}

Test(rules, every_rule_is_found_by_its_id) {
    for (size_t i = 0; i < assay_rule_count(); i++)
        cr_assert_eq(assay_rule_find(assay_rule_at(i)->id), assay_rule_at(i), "%s", assay_rule_at(i)->id);
    cr_assert_str_eq(assay_rule_find("MEM-1")->summary,
                     "keys are stored in memory rotated at position 0, whatever their true position");
}

Test(rules, what_is_no_rule_is_not_found) {
    const char *const ids[] = {"", "MEM", "MEM-", "MEM-0", "MEM-99", "mem-1", "MEM-1 ", " MEM-1", "MEM-1 ROPE-1"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) cr_assert_null(assay_rule_find(ids[i]), "'%s'", ids[i]);
    cr_assert_null(assay_rule_at(assay_rule_count()));
    cr_assert_null(assay_rule_at((size_t)-1));
}

Test(rules, every_rule_that_a_stage_cites_is_there) {
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        const assay_stage_info *stage = assay_stage_get((assay_stage)i);
        char cited[128];
        cr_assert_lt((size_t)snprintf(cited, sizeof cited, "%s", stage->rules), sizeof cited);
        for (char *id = strtok(cited, " "); id; id = strtok(NULL, " "))
            cr_assert(assay_rule_find(id), "%s cites %s", stage->name, id);
    }
}
