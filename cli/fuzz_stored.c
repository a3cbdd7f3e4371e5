/* Stored cases and reports: --replay, --merge, --adopt. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/common.h"
#include "cli/fuzz_modes.h"
#include "cli/progress.h"
#include "fuzz/campaign_json.h"
#include "fuzz/campaign_merge.h"
#include "fuzz/campaign_text.h"
#include "fuzz/case_copy.h"
#include "fuzz/check.h"
#include "fuzz/interrupt.h"
#include "fuzz/stored_cases.h"

/* ---- --replay ---- */

typedef struct {
    size_t judged, failed, unsupported, unusable;
    bool interrupted;
} tally;

static assay_status check_runnable(const assay_case *c, const char *path, assay_error *err) {
    if (!c->has_config || c->config_refused || !c->has_weights)
        return assay_fail(
            err, ASSAY_EINPUT, NULL,
            "%s: lacks a \"model\" that can be built, or \"weights\" to make; a case to be fuzzed needs both", path);
    if (c->dtype != ASSAY_F64) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: dtype is float64; cases are fuzzed in float32, bfloat16 or float16",
                      path);
}

/* A stored case says which of its steps are refused, and that must still be so. `stored` is the case as it was read, `c` after a run. */
static void check_refusals(const assay_case *stored, const assay_case *c, assay_fuzz_verdict *v) {
    for (size_t i = 0; i < c->step_count && v->outcome == ASSAY_FUZZ_PASS; i++) {
        bool expected = stored->steps[i].expect_error[0], refused = c->steps[i].expect_error[0];
        if (expected == refused) continue;
        v->outcome = ASSAY_FUZZ_MISMATCH;
        snprintf(v->message, sizeof v->message, "steps/%zu: the rules %s, and the case says %s", i,
                 refused ? "refuse it" : "carry it out", expected ? "expect_error" : "no expect_error");
    }
}

/* A copy to compare with, for a run writes into the case. */
static assay_status run_stored(assay_case *c, const assay_fuzz_subject *subject, assay_fuzz_verdict *v,
                               assay_error *err) {
    assay_case stored;
    assay_status st = assay_fuzz_case_copy(&stored, c, err);
    if (st) return st;
    st = assay_fuzz_check(v, c, subject, err);
    if (!st) check_refusals(&stored, c, v);
    assay_case_free(&stored);
    return st;
}

static assay_status replay_case(const char *path, const assay_fuzz_subject *subject, tally *t, assay_error *err) {
    assay_case c;
    assay_fuzz_verdict v;
    assay_error why;
    assay_status st = assay_case_read(&c, path, &why);
    if (!st) {
        st = check_runnable(&c, path, &why);
        if (st) assay_case_free(&c);
    }
    if (st) { /* the others are run all the same */
        printf("%-12s %s\n", "unusable", why.message);
        t->unusable++;
        return ASSAY_OK;
    }
    st = run_stored(&c, subject, &v, err);
    assay_case_free(&c);
    if (st) return st;
    t->interrupted = v.outcome == ASSAY_FUZZ_INTERRUPTED;
    t->unsupported += v.outcome == ASSAY_FUZZ_UNSUPPORTED;
    t->failed += assay_fuzz_outcome_fails(v.outcome);
    t->judged += v.outcome == ASSAY_FUZZ_PASS || assay_fuzz_outcome_fails(v.outcome);
    if (!t->interrupted)
        printf("%-12s %s%s%s\n", assay_fuzz_outcome_name(v.outcome), path, v.message[0] ? ": " : "", v.message);
    assay_fuzz_verdict_release(&v, subject);
    return ASSAY_OK;
}

static int conclude_replay(const tally *t, const assay_fuzz_subject *subject) {
    assay_error err;
    printf("\n%s: %zu stored case%s of %s, %zu failed", t->failed || !t->judged ? "FAIL" : "PASS", t->judged,
           t->judged == 1 ? "" : "s", subject->name, t->failed);
    if (t->unsupported) printf(", %zu not supported", t->unsupported);
    printf("%s\n", t->judged ? "" : "; nothing was judged");
    if (!t->interrupted && !t->unusable) return t->failed || !t->judged ? 1 : 0;
    if (t->interrupted) assay_fail(&err, ASSAY_EINPUT, NULL, "fuzz: interrupted");
    else assay_fail(&err, ASSAY_EINPUT, NULL, "fuzz: %zu of the files are no cases that can be run", t->unusable);
    return cli_fail(&err);
}

int cli_fuzz_replay(const cli_args *args) {
    assay_stored_cases cases = {0};
    assay_fuzz_subject subject = {0};
    tally t = {0};
    assay_error err;
    assay_status st = assay_stored_cases_list(&cases, cli_value(args, "replay"), &err);
    if (!st) st = cli_fuzz_start_engine(args, &err);
    if (!st) st = cli_fuzz_subject(args, &subject, &err);
    /* Where each case is printed there is no line between them. */
    cli_progress *progress = st || isatty(STDOUT_FILENO) ? NULL : cli_progress_begin(args);
    for (size_t i = 0; !st && i < cases.count && !t.interrupted; i++) {
        cli_progress_step(progress, i, cases.count, cases.paths[i]);
        st = replay_case(cases.paths[i], &subject, &t, &err);
        t.interrupted = t.interrupted || assay_interrupted(NULL);
    }
    cli_progress_end(progress);
    int code = st ? cli_fail(&err) : conclude_replay(&t, &subject);
    assay_fuzz_subject_end(&subject);
    assay_stored_cases_free(&cases);
    return code;
}

/* ---- --merge ---- */

static int merge_files(const cli_args *args, assay_fuzz_campaign *shards, size_t count) {
    assay_fuzz_campaign all;
    assay_error err;
    assay_status st = cli_check_output(args, "json", &err);
    for (size_t i = 0; !st && i < count; i++) st = assay_campaign_read_json(&shards[i], args->arguments[i], &err);
    if (!st) st = assay_fuzz_campaign_merge(&all, shards, (const char *const *)args->arguments, count, &err);
    if (st) return cli_fail(&err);
    const char *json = cli_value(args, "json");
    assay_campaign_text(stdout, &all, NULL, cli_value(args, "all") != NULL);
    if (json) st = assay_campaign_write_json(json, &all, &err);
    int code = st ? cli_fail(&err) : assay_fuzz_campaign_passed(&all) && !all.interrupted ? 0 : 1;
    assay_fuzz_campaign_free(&all);
    return code;
}

int cli_fuzz_merge(const cli_args *args) {
    size_t count = (size_t)args->argument_count;
    assay_error err;
    assay_fuzz_campaign *shards = calloc(count + 1, sizeof *shards);
    if (!shards || count == 0) {
        if (!shards) assay_fail_nomem(&err, "a list of reports");
        else assay_fail(&err, ASSAY_EINPUT, NULL, "fuzz: --merge: give the reports (--json) of all shards");
        free(shards);
        return cli_fail(&err);
    }
    int code = merge_files(args, shards, count);
    for (size_t i = 0; i < count; i++) assay_fuzz_campaign_free(&shards[i]);
    free(shards);
    return code;
}

/* ---- --adopt ---- */

int cli_fuzz_adopt(const cli_args *args) {
    assay_error err;
    char *written;
    if (!cli_value(args, "into")) {
        assay_fail(&err, ASSAY_EINPUT, NULL, "fuzz: --adopt: say with --into DIR where regression cases are kept");
        return cli_fail(&err);
    }
    if (assay_stored_cases_adopt(&written, cli_value(args, "adopt"), cli_value(args, "into"), &err))
        return cli_fail(&err);
    printf("%s\n", written);
    free(written);
    return 0;
}
