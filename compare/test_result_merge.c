#include "compare/result_merge.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "compare/baseline.h"

/* A case that passes on one entry, or fails. */
static void add_case(assay_result *r, const char *name, bool passes) {
    assay_case_result c = {.name = strdup(name), .golden_name = strdup(name), .candidate_name = strdup("a port")};
    assay_entry e = {.verdict = passes ? ASSAY_VERDICT_PASS : ASSAY_VERDICT_FAIL, .has_metrics = true};
    cr_assert_eq(assay_case_result_add(&c, &e, NULL), ASSAY_OK);
    assay_case_result_finish(&c);
    cr_assert_eq(assay_result_add_case(r, &c, NULL), ASSAY_OK);
}

static void say(assay_result *r, const char *key, const char *value) {
    cr_assert_eq(assay_result_set_fact(r, key, value, NULL), ASSAY_OK);
}

/* Shard `index` of `count` (from 1) of the cases a, b, c, d, e. */
static assay_result shard(int index, int count) {
    assay_result r = {0};
    char text[16];
    snprintf(text, sizeof text, "%d/%d", index, count);
    say(&r, "assay", "1.0");
    say(&r, "threads", index == 1 ? "2" : "4");
    say(&r, ASSAY_FACT_SHARD, text);
    say(&r, ASSAY_FACT_SHARD_CASES, "5");
    for (int i = index - 1; i < 5; i += count) add_case(&r, (char[]){(char)('a' + i), '\0'}, true);
    return r;
}

static const char *const names[] = {"x.json", "y.json", "z.json"};

static void free_all(assay_result *parts, size_t count) {
    for (size_t i = 0; i < count; i++) assay_result_free(&parts[i]);
}

/* Merges, and expects a refusal that says `text`. */
static void expect_refusal(assay_result *parts, size_t count, const char *text) {
    assay_result all;
    assay_error err = {0};
    cr_assert_eq(assay_result_merge(&all, parts, names, count, &err), ASSAY_EINPUT, "not refused: %s", text);
    cr_assert(strstr(err.message, text), "'%s' is not in '%s'", text, err.message);
    assay_result_free(&all);
    free_all(parts, count);
}

Test(result_merge, shards_in_any_order_are_the_whole_run) {
    assay_result parts[] = {shard(2, 3), shard(3, 3), shard(1, 3)}, all;
    assay_error err = {0};
    cr_assert_eq(assay_result_merge(&all, parts, names, 3, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(all.case_count, 5);
    for (int i = 0; i < 5; i++) cr_assert_eq(all.cases[i].name[0], 'a' + i);
    cr_assert_null(assay_facts_get(&all.facts, ASSAY_FACT_SHARD));
    cr_assert_null(assay_facts_get(&all.facts, ASSAY_FACT_SHARD_CASES));
    cr_assert_str_eq(assay_facts_get(&all.facts, "assay"), "1.0");
    cr_assert_str_eq(assay_facts_get(&all.facts, "threads"), "2, 4");
    cr_assert(assay_result_passed(&all));
    assay_result_free(&all);
    free_all(parts, 3);
}

Test(result_merge, a_shard_that_is_missing_is_named) {
    assay_result parts[] = {shard(3, 3), shard(1, 3)};
    expect_refusal(parts, 2, "one of 3 shards, of which 1 are missing, first 2/3");
    assay_result last[] = {shard(1, 3), shard(2, 3)};
    expect_refusal(last, 2, "first 3/3");
}

Test(result_merge, a_shard_that_is_there_twice_is_refused) {
    assay_result parts[] = {shard(1, 2), shard(1, 2)};
    expect_refusal(parts, 2, "y.json: is shard 1/2, as x.json is");
}

Test(result_merge, shards_of_other_runs_are_refused) {
    assay_result parts[] = {shard(1, 2), shard(2, 3)};
    expect_refusal(parts, 2, "is one of 2 shards, y.json one of 3");
    assay_result mixed[] = {{0}, shard(1, 1)};
    say(&mixed[0], "assay", "1.0");
    say(&mixed[0], ASSAY_FACT_SHARD_CASES, "5");
    expect_refusal(mixed, 2, "y.json: is shard 1/1, but x.json is no shard");
    assay_result other[] = {shard(1, 2), shard(2, 2)};
    say(&other[1], "assay", "1.1");
    expect_refusal(other, 2, "y.json: its fact 'assay' is '1.1', but that of x.json is '1.0'");
    assay_result dtype[] = {shard(1, 2), shard(2, 2)};
    say(&dtype[1], "dtype", "float64");
    expect_refusal(dtype, 2, "its fact 'dtype' is 'float64'");
}

Test(result_merge, a_shard_that_lost_a_case_is_refused) {
    assay_result parts[] = {shard(1, 2), shard(2, 2)};
    assay_case_result_free(&parts[1].cases[--parts[1].case_count]);
    expect_refusal(parts, 2, "its run has 5 cases, but its shards have 4 together");
}

Test(result_merge, a_case_that_is_there_twice_is_refused) {
    assay_result parts[2] = {0};
    add_case(&parts[0], "a", true);
    add_case(&parts[1], "b", true);
    add_case(&parts[1], "a", false);
    expect_refusal(parts, 2, "has the case 'a', as ");
}

Test(result_merge, nothing_is_refused) { expect_refusal(NULL, 0, "there are no results"); }

Test(result_merge, results_that_are_no_shards_follow_each_other) {
    assay_result parts[2] = {0}, all;
    add_case(&parts[0], "b", true);
    add_case(&parts[1], "a", false);
    say(&parts[0], "command", "assay compare b.h5 b");
    say(&parts[1], "command", "assay compare a.h5 a");
    cr_assert_eq(assay_result_merge(&all, parts, names, 2, NULL), ASSAY_OK);
    cr_assert_str_eq(all.cases[0].name, "b");
    cr_assert_str_eq(all.cases[1].name, "a");
    cr_assert_str_eq(assay_facts_get(&all.facts, "command"), "assay compare b.h5 b; assay compare a.h5 a");
    cr_assert_not(assay_result_passed(&all));
    assay_result_free(&all);
    free_all(parts, 2);
}

Test(result_merge, what_moved_in_a_part_fails_the_whole) {
    assay_result parts[2] = {0}, all;
    add_case(&parts[0], "a", true);
    add_case(&parts[1], "b", true);
    parts[0].drifts.baseline = strdup("baseline.json");
    parts[1].drifts.baseline = strdup("baseline.json");
    const assay_drift moved = {.test_case = (char[]){"b"}, .path = "steps/0/logits", .kind = ASSAY_DRIFT_MOVED};
    cr_assert_eq(assay_drifts_add(&parts[1].drifts, &moved, NULL), ASSAY_OK);
    cr_assert_eq(assay_result_merge(&all, parts, names, 2, NULL), ASSAY_OK);
    cr_assert_str_eq(all.drifts.baseline, "baseline.json");
    cr_assert_eq(all.drifts.count, 1);
    cr_assert_not(assay_result_passed(&all));
    assay_result_free(&all);
    free_all(parts, 2);
}

Test(result_merge, a_part_that_no_baseline_knows_is_refused) {
    assay_result parts[2] = {0}, all;
    assay_error err;
    add_case(&parts[0], "a", true);
    add_case(&parts[1], "b", true);
    parts[0].drifts.baseline = strdup("baseline.json");
    cr_assert_eq(assay_result_merge(&all, parts, names, 2, &err), ASSAY_EINPUT);
    cr_assert_not_null(strstr(err.message, "was held against no baseline"), "%s", err.message);
    assay_result_free(&all);
    free_all(parts, 2);
}

Test(result_merge, the_whole_has_the_time_of_its_last_part_and_a_long_command_whole) {
    char command[600];
    assay_result parts[2] = {0}, all;
    memset(command, 'x', sizeof command - 1);
    command[sizeof command - 1] = '\0';
    for (int i = 0; i < 2; i++) say(&parts[i], "command", command);
    say(&parts[0], "time", "2026-01-02T00:00:00Z");
    say(&parts[1], "time", "2026-01-01T00:00:00Z");
    add_case(&parts[0], "a", true);
    add_case(&parts[1], "b", true);
    cr_assert_eq(assay_result_merge(&all, parts, names, 2, NULL), ASSAY_OK);
    cr_assert_str_eq(assay_facts_get(&all.facts, "time"), "2026-01-02T00:00:00Z");
    cr_assert_str_eq(assay_facts_get(&all.facts, "command"), command);
    assay_result_free(&all);
    free_all(parts, 2);
}

Test(result_merge, facts_that_differ_are_cut) {
    static const char *const many[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    assay_result parts[10] = {0}, all;
    for (int i = 0; i < 10; i++) {
        char value[100];
        snprintf(value, sizeof value, "%090d", i);
        say(&parts[i], "command", value);
        add_case(&parts[i], many[i], true);
    }
    cr_assert_eq(assay_result_merge(&all, parts, many, 10, NULL), ASSAY_OK);
    const char *joined = assay_facts_get(&all.facts, "command");
    cr_assert_eq(strlen(joined), 4 * 92 + 3);
    cr_assert_str_eq(joined + 4 * 92, "...");
    assay_result_free(&all);
    free_all(parts, 10);
}

Test(result_merge, a_shard_is_two_whole_numbers) {
    int64_t i, n;
    cr_assert(assay_shard_parse("2/4", &i, &n));
    cr_assert(i == 2 && n == 4);
    static const char *const wrong[] = {"",     "2",    "2/",   "/4",  "0/4",       "5/4",
                                        "-1/4", "2/4x", " 2/4", "2/0", "1/1000001", "1/99999999999999999999"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        cr_assert_not(assay_shard_parse(wrong[k], &i, &n), "'%s'", wrong[k]);
}

Test(result_merge, a_part_without_cases_is_refused) {
    assay_result parts[2] = {0}, all;
    assay_error err;
    add_case(&parts[0], "a", true);
    cr_assert_eq(assay_result_merge(&all, parts, names, 2, &err), ASSAY_EINPUT);
    cr_expect(strstr(err.message, "holds no case"), "%s", err.message);
    free_all(parts, 2);
}
