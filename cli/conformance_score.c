#include <stdio.h>
#include <string.h>

#include "cli/common.h"
#include "cli/conformance.h"
#include "cli/progress.h"
#include "cli/report_option.h"
#include "cli/suite.h"
#include "core/atomic_file.h"
#include "core/terminal_text.h"
#include "reports/findings.h"
#include "reports/scorecard_json.h"
#include "reports/scorecard_text.h"
#include "run/scorecard.h"

static void show_progress(void *context, size_t done, size_t count, const char *name) {
    cli_progress_step(context, done, count, name);
}

static assay_status report(const cli_args *args, const assay_scorecard *card, assay_error *err) {
    const char *json = cli_value(args, "json");
    assay_status st = cli_reports_use_stdout(args) ? ASSAY_OK : assay_report_scorecard_text(stdout, card, err);
    return st || !json ? st : assay_report_scorecard_json(json, card, err);
}

/* ---- reports of the cases ---- */

static assay_case_result *find_case(assay_result *result, const char *name) {
    for (size_t i = 0; i < result->case_count; i++)
        if (strcmp(result->cases[i].name, name) == 0) return &result->cases[i];
    return NULL;
}

/* The likely mistakes of each case that fails, as its finding. */
static assay_status add_findings(assay_result *result, const assay_scorecard *card, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < card->case_count && !st; i++) {
        const assay_score_case *c = &card->cases[i];
        assay_case_result *one = find_case(result, c->name);
        if (one && c->likely_count)
            st = assay_findings_add_mistakes(one, c->mistakes, c->likely_count, c->first_path, err);
    }
    return st;
}

static assay_status write_reports(const cli_args *args, assay_scorecard *card, assay_error *err) {
    assay_result result = {0};
    if (!cli_wants_detail(args)) return ASSAY_OK;
    assay_status st = cli_add_facts(&result, args, err);
    if (!st) st = assay_scorecard_take_results(card, cli_value(args, "require-all") != NULL, &result, err);
    if (!st) st = add_findings(&result, card, err);
    if (!st) st = cli_write_reports(args, &result, err);
    assay_result_free(&result);
    return st;
}

/* ---- the whole ---- */

/* A dump that cannot be read is an error of the command, whatever the others say. */
static int exit_code(const cli_args *args, const assay_scorecard *card) {
    for (size_t i = 0; i < card->case_count; i++)
        if (card->cases[i].outcome == ASSAY_SCORED_UNREADABLE) {
            fputs("assay: ", stderr);
            assay_terminal_put(stderr, card->cases[i].note);
            fputc('\n', stderr);
            return (int)ASSAY_EINPUT;
        }
    const assay_scorecard_summary s = assay_scorecard_summarize(card);
    bool lacks = cli_value(args, "require-all") && s.not_run > 0;
    if (lacks)
        fprintf(stderr, "assay: %zu of %zu cases were not run, and all are required\n", s.not_run, card->case_count);
    return s.conforms && !lacks ? 0 : 1;
}

static int score(const cli_args *args, const cli_suite *suite, const assay_policy *policy,
                 const assay_port_limits *port) {
    assay_error err;
    assay_scorecard card = {0};
    cli_progress *progress = cli_progress_begin(args);
    const assay_score_options options = {.policy = policy,
                                         .port = port,
                                         .keep_results = cli_wants_detail(args),
                                         .no_diagnosis = cli_value(args, "no-diagnosis") != NULL,
                                         .context = progress,
                                         .progress = show_progress};
    assay_status st = assay_scorecard_run(&card, args->arguments[1], suite->paths, suite->count, &options, &err);
    cli_progress_end(progress);
    if (!st) st = report(args, &card, &err);
    if (!st) st = write_reports(args, &card, &err);
    int code = st ? cli_fail(&err) : exit_code(args, &card);
    assay_scorecard_free(&card);
    return code;
}

int cli_conformance_score(const cli_args *args) {
    assay_error err;
    assay_policy policy;
    assay_port_limits port = {0};
    cli_suite suite = {0};
    const char *json = cli_value(args, "json");
    assay_status st = cli_check_output(args, "json", &err);
    if (!st) st = cli_check_reports(args, &err);
    if (!st) st = cli_start_engine(args, &err);
    if (!st) st = cli_read_policy(args, &policy, &err);
    if (st) return cli_fail(&err);
    st = cli_read_port(args, &port, &err);
    if (!st) st = cli_suite_choose(&suite, args->arguments + 2, (size_t)args->argument_count - 2, &err);
    if (!st) st = cli_check_reports_spare(args, (const char *const *)suite.paths, suite.count, &err);
    if (!st && json) st = assay_output_check(json, (const char *const *)suite.paths, suite.count, &err);
    int code = st ? cli_fail(&err) : score(args, &suite, &policy, &port);
    cli_suite_free(&suite);
    assay_port_limits_free(&port);
    assay_policy_free(&policy);
    return code;
}
