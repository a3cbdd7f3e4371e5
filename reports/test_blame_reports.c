/* What blame prints and writes, of results made by hand. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden/test_scratch.h"
#include "golden/text_file.h"
#include "reports/blame_json.h"
#include "reports/blame_text.h"

static assay_blame_entry entry(assay_stage stage, assay_blame_verdict verdict) {
    assay_blame_entry e = {
        .place = {0, 0, 1, stage},
        .operation = assay_operation_of(stage),
        .verdict = verdict,
        .own = 0.5,
        .tolerance = 1e-6,
        .inherited = 0,
        .total = 0.5,
        .total_tolerance = 1e-6,
        .worst = {.index = 3, .rank = 1, .axes = {"token"}, .at = {3}, .golden = 1, .candidate = 1.5}};
    assay_place_path(&e.place, e.path, sizeof e.path);
    return e;
}

static assay_blame blame_of(assay_blame_entry *e, assay_stage_set suspects) {
    assay_blame b = {.entries = e, .count = 1, .suspects = suspects, .not_dumped = 2};
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) b.operations[i].first = -1;
    b.counts[e->verdict] = 1;
    assay_blame_summary *s = &b.operations[e->operation];
    s->judged = e->verdict != ASSAY_BLAME_UNJUDGED;
    s->faults = e->verdict == ASSAY_BLAME_FAULT;
    s->suspects = e->verdict == ASSAY_BLAME_SUSPECT;
    s->worst = 5e5;
    if (s->faults || s->suspects) s->first = 0;
    return b;
}

static char *printed(const assay_blame *b, bool all) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(assay_report_blame_text(out, b, "port.h5", all, NULL), ASSAY_OK);
    fclose(out);
    return text;
}

static void expect_lines(char *text, const char *const *lines) {
    for (; *lines; lines++) cr_expect(strstr(text, *lines), "'%s' is not in:\n%s", *lines, text);
    free(text);
}

Test(blame_reports, a_fault_is_named_first) {
    assay_blame_entry e = entry(ASSAY_STAGE_ROTATE_QUERY, ASSAY_BLAME_FAULT);
    assay_blame b = blame_of(&e, 0);
    expect_lines(
        printed(&b, true),
        (const char *const[]){"blamed: rotary\n", "first fault  steps/0/windows/0/layers/1/self_attn.rotate_one.query",
                              "own error    0.5, 5e+05 times what rounding explains",
                              "token 3: 1 follows from its inputs, 1.5 was dumped", "Not in the candidate: 2 stages;",
                              "  fault            0.5      1e-06", NULL});
}

Test(blame_reports, suspects_are_listed) {
    assay_blame_entry e = entry(ASSAY_STAGE_ATTN_PROBS, ASSAY_BLAME_SUSPECT);
    assay_blame b = blame_of(&e, ASSAY_STAGE_BIT(ASSAY_STAGE_ATTN_SCORES) | ASSAY_STAGE_BIT(ASSAY_STAGE_ATTN_PROBS));
    expect_lines(printed(&b, false),
                 (const char *const[]){"suspected: port.h5", "self_attn.attn_scores, self_attn.attn_probs\n",
                                       "     suspect      steps/0/windows/0/layers/1", NULL});
}

Test(blame_reports, nothing_is_blamed_without_a_fault) {
    assay_blame_entry e = entry(ASSAY_STAGE_NORM, ASSAY_BLAME_RIGHT);
    assay_blame b = blame_of(&e, 0);
    expect_lines(printed(&b, false), (const char *const[]){"nothing to blame: all 1 stages", NULL});
    e = entry(ASSAY_STAGE_NORM, ASSAY_BLAME_UNJUDGED);
    snprintf(e.reason, sizeof e.reason, "of another shape");
    b = blame_of(&e, 0);
    expect_lines(printed(&b, false),
                 (const char *const[]){"not judged: nothing in port.h5 can be judged", "of another shape", NULL});
}

Test(blame_reports, json_has_it_all) {
    scratch s;
    scratch_make(&s);
    assay_blame_entry e = entry(ASSAY_STAGE_ROTATE_QUERY, ASSAY_BLAME_FAULT);
    e.own = (double)INFINITY;
    e.via = ASSAY_STAGE_BIT(ASSAY_STAGE_Q_PROJ);
    assay_blame b = blame_of(&e, 0);
    const char *path = scratch_path(&s, "blame.json");
    cr_assert_eq(assay_report_blame_json(path, &b, &(assay_blame_names){"golden.h5", "port.h5"}, NULL), ASSAY_OK);
    char *text;
    size_t nbytes;
    cr_assert_eq(assay_text_file_read(path, 1 << 20, &text, &nbytes, NULL), ASSAY_OK);
    expect_lines(
        text, (const char *const[]){"\"format\":\"assay-blame/1\"", "\"blamed\":[\"rotary\"]", "\"own\":\"Infinity\"",
                                    "\"via\":[\"self_attn.q_proj\"]", "\"worst_found\":1.5", NULL});
    scratch_remove(&s);
}
