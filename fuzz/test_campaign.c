#include "fuzz/campaign.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/campaign_json.h"
#include "fuzz/campaign_merge.h"
#include "fuzz/campaign_text.h"
#include "fuzz/stored_cases.h"
#include "golden/test_scratch.h"

static const char mistake[] = "memory-mask-missing"; /* found, but not in every case */

static assay_fuzz_options options_for(int64_t cases) {
    return (assay_fuzz_options){.bounds = &assay_fuzz_bounds_tiny,
                                .seed = 3,
                                .cases = cases,
                                .stride = 1,
                                .shrink_checks = 150,
                                .most_finds = 50};
}

static assay_fuzz_campaign run(const assay_fuzz_options *options, const char *list) {
    assay_fuzz_subject subject;
    assay_fuzz_campaign c;
    EXPECT_OK(assay_fuzz_subject_engine(&subject, list, &expect_err));
    EXPECT_OK(assay_fuzz_campaign_run(&c, &subject, options, &expect_err));
    assay_fuzz_subject_end(&subject);
    return c;
}

/* The JSON of a campaign; the caller frees it. */
static char *json_of(const assay_fuzz_campaign *c, scratch *s, const char *name) {
    const char *path = scratch_path(s, name);
    size_t nbytes;
    EXPECT_OK(assay_campaign_write_json(path, c, &expect_err));
    char *text = scratch_read(path, &nbytes);
    char *ended = strndup(text, nbytes);
    free(text);
    return ended;
}

Test(campaign, the_same_seed_gives_the_same_report) {
    scratch s;
    scratch_make(&s);
    char *text[2];
    for (int k = 0; k < 2; k++) {
        assay_fuzz_options options = options_for(60);
        options.folder = scratch_path(&s, "finds"); /* the second replaces the first one's */
        assay_fuzz_campaign c = run(&options, mistake);
        cr_expect_eq(c.cases, 60);
        cr_expect_gt(c.find_count, 0);
        cr_expect_not(assay_fuzz_campaign_passed(&c));
        text[k] = json_of(&c, &s, "report.json");
        assay_fuzz_campaign_free(&c);
    }
    cr_expect_str_eq(text[0], text[1]);
    free(text[0]);
    free(text[1]);
    scratch_remove(&s);
}

Test(campaign, shards_merge_to_the_whole) {
    scratch s;
    scratch_make(&s);
    assay_fuzz_options options = options_for(60);
    assay_fuzz_campaign whole = run(&options, mistake), shards[3], merged;
    static const char *const files[] = {"0.json", "1.json", "2.json"};
    options.stride = 3;
    for (int64_t k = 0; k < 3; k++) {
        options.first = k;
        assay_fuzz_campaign shard = run(&options, mistake);
        free(json_of(&shard, &s, files[k]));
        assay_fuzz_campaign_free(&shard);
        EXPECT_OK(assay_campaign_read_json(&shards[2 - k], scratch_path(&s, files[k]), &expect_err)); /* any order */
    }
    EXPECT_OK(assay_fuzz_campaign_merge(&merged, shards, files, 3, &expect_err));
    char *a = json_of(&whole, &s, "whole.json"), *b = json_of(&merged, &s, "merged.json");
    cr_expect_str_eq(a, b);
    free(a);
    free(b);
    assay_fuzz_campaign_free(&whole);
    assay_fuzz_campaign_free(&merged);
    for (int k = 0; k < 3; k++) assay_fuzz_campaign_free(&shards[k]);
    scratch_remove(&s);
}

Test(campaign, shards_that_are_not_all_of_one_are_refused) {
    assay_fuzz_campaign two[2] = {{.subject = "a", .stride = 3, .first = 0}, {.subject = "a", .stride = 3, .first = 2}},
                        out;
    static const char *const names[] = {"x.json", "y.json"};
    EXPECT_REFUSED(assay_fuzz_campaign_merge(&out, two, names, 2, &expect_err), "of which 1 are missing");
    two[1].first = 0;
    EXPECT_REFUSED(assay_fuzz_campaign_merge(&out, two, names, 2, &expect_err), "y.json: is shard 1/3, as x.json is");
    two[1] = (assay_fuzz_campaign){.subject = "b", .stride = 3, .first = 1};
    EXPECT_REFUSED(assay_fuzz_campaign_merge(&out, two, names, 2, &expect_err), "is not of the campaign of x.json");
}

Test(campaign, reports_that_are_none_are_refused) {
    scratch s;
    scratch_make(&s);
    assay_fuzz_campaign c;
    EXPECT_REFUSED(assay_campaign_read_json(&c, scratch_write_text(&s, "a", "{}"), &expect_err), "format");
    EXPECT_REFUSED(
        assay_campaign_read_json(&c, scratch_write_text(&s, "b", "{\"format\": \"assay-result/1\"}"), &expect_err),
        "this program reads 'assay-fuzz/1'");
    EXPECT_REFUSED(assay_campaign_read_json(&c, scratch_write_text(&s, "c", "[1"), &expect_err), "/c");
    scratch_remove(&s);
}

Test(campaign, a_find_is_a_folder_to_work_with) {
    scratch s;
    scratch_make(&s);
    assay_fuzz_options options = options_for(40);
    options.folder = scratch_path(&s, "finds");
    assay_fuzz_campaign c = run(&options, "memory-keys-at-position-ids");
    cr_assert_gt(c.find_count, 0);
    const assay_fuzz_find *f = &c.finds[0];
    cr_expect(strstr(f->diagnosis, "memory-keys-at-position-ids (MEM-1)"), "%s", f->diagnosis);
    cr_expect_str_eq(f->blame, "memory-write");
    cr_expect_eq(f->tokens, 1);
    static const char *const files[] = {"case.json",    "found.json", "golden.h5",
                                        "candidate.h5", "report.txt", "result.json"};
    for (size_t i = 0; i < 6; i++) {
        char name[300];
        size_t nbytes;
        snprintf(name, sizeof name, "finds/%s/%s", f->folder, files[i]);
        free(scratch_read(scratch_path(&s, name), &nbytes));
        cr_expect_gt(nbytes, 100, "%s", name);
    }
    assay_fuzz_campaign_free(&c);
    scratch_remove(&s);
}

/* What was found is run again, and is kept as a case. */
Test(campaign, finds_are_listed_and_adopted) {
    scratch s;
    scratch_make(&s);
    assay_fuzz_options options = options_for(40);
    options.folder = scratch_path(&s, "finds");
    assay_fuzz_campaign c = run(&options, mistake);
    assay_stored_cases cases;
    EXPECT_OK(assay_stored_cases_list(&cases, scratch_path(&s, "finds"), &expect_err));
    cr_assert_eq(cases.count, c.find_count);
    char *written, *again;
    EXPECT_OK(assay_stored_cases_adopt(&written, cases.paths[0], scratch_path(&s, "kept"), &expect_err));
    EXPECT_OK(assay_stored_cases_adopt(&again, cases.paths[0], scratch_path(&s, "kept"), &expect_err));
    cr_expect_str_eq(written, again, "the same case is kept once");
    assay_case kept;
    EXPECT_OK(assay_case_read(&kept, written, &expect_err));
    cr_expect_str_eq(kept.name, c.finds[0].folder);
    assay_case_free(&kept);
    scratch_write_text(&s, "kept/other.json", "{}");
    EXPECT_REFUSED(assay_stored_cases_adopt(&again, scratch_path(&s, "kept"), scratch_path(&s, "kept"), &expect_err),
                   "no case.json");
    EXPECT_REFUSED(assay_stored_cases_list(&cases, scratch_path(&s, "nowhere/at/all"), &expect_err), "nowhere");
    free(written);
    free(again);
    assay_stored_cases_free(&cases);
    assay_fuzz_campaign_free(&c);
    scratch_remove(&s);
}

static bool stop_at_once(void *context) {
    (void)context;
    return true;
}

Test(campaign, nothing_judged_is_no_pass) {
    assay_fuzz_options options = options_for(10);
    options.interrupted = stop_at_once;
    assay_fuzz_campaign c = run(&options, NULL);
    cr_expect(c.interrupted && c.cases == 0);
    cr_expect_not(assay_fuzz_campaign_passed(&c));
    assay_fuzz_campaign_free(&c);
}

Test(campaign, a_right_engine_passes) {
    assay_fuzz_options options = options_for(100);
    assay_fuzz_campaign c = run(&options, NULL);
    cr_expect(assay_fuzz_campaign_passed(&c));
    char *text = NULL;
    size_t nbytes;
    FILE *f = open_memstream(&text, &nbytes);
    assay_campaign_text(f, &c, NULL, true);
    fclose(f);
    cr_expect(strstr(text, "PASS: 100 cases of engine, 0 failed\n"), "%s", text);
    free(text);
    assay_fuzz_campaign_free(&c);
}

Test(campaign, what_is_not_asked_for_is_neither_run_nor_shrunk_to) {
    assay_fuzz_bounds bounds = assay_fuzz_bounds_default;
    bounds.refusals = false;
    bounds.plain = true;
    assay_fuzz_options options = options_for(25);
    options.bounds = &bounds;
    assay_fuzz_campaign c = run(&options, mistake);
    cr_expect_eq(c.refused_steps, 0);
    cr_expect_gt(c.find_count, 0);
    for (size_t i = 0; i < c.find_count; i++) {
        cr_expect_not(strstr(c.finds[i].case_text, "expect_error"));
        cr_expect_not(strstr(c.finds[i].case_text, "inputs_embeds"));
    }
    assay_fuzz_campaign_free(&c);
}
