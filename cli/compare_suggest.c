#include "cli/compare_suggest.h"

#include <stdio.h>

#include "cli/common.h"
#include "cli/map_option.h"
#include "cli/progress.h"
#include "compare/pairing.h"
#include "compare/source_file.h"
#include "compare/suggest_map.h"
#include "reports/suggestion_json.h"
#include "reports/suggestion_text.h"

/* Options of a comparison would be ignored in silence. */
static assay_status check_options(const cli_args *args, assay_error *err) {
    static const char *const of_comparison[] = {"map", "require", "require-all", "policy", NULL};
    for (const char *const *wrong = of_comparison; *wrong; wrong++)
        if (cli_value(args, *wrong))
            return assay_fail(err, ASSAY_EINPUT, NULL, "compare: --%s does not go with --suggest-map", *wrong);
    assay_status st = cli_check_output(args, "out", err);
    return st ? st : cli_check_output(args, "json", err);
}

static assay_status suggest(assay_suggestion *out, const assay_golden *file, const char *name,
                            const assay_source *candidate, assay_error *err) {
    assay_source golden = {0};
    const assay_layout_facts facts = assay_layout_facts_of(file);
    assay_status st = assay_source_of_file(&golden, file, name, err);
    if (!st) st = assay_check_pairing(&golden, candidate, err);
    if (!st) st = assay_suggest_map(out, &golden, candidate, &facts, err);
    assay_source_close(&golden);
    return st;
}

static assay_status suggest_paths(assay_suggestion *out, const cli_args *args, assay_error *err) {
    assay_golden golden = {0};
    assay_candidate *candidate = NULL;
    assay_status st = assay_golden_open(&golden, args->arguments[0], err);
    if (!st) st = assay_candidate_open_any(&candidate, args->arguments[1], err);
    if (!st) st = suggest(out, &golden, args->arguments[0], assay_candidate_source(candidate), err);
    assay_candidate_close(candidate);
    assay_golden_close(&golden);
    return st;
}

static assay_status report(const cli_args *args, const assay_suggestion *s, assay_error *err) {
    const char *out = cli_value(args, "out"), *json = cli_value(args, "json");
    assay_status st = assay_report_suggestion_text(stdout, s, err);
    if (!st && out) st = assay_report_map(out, s, err);
    if (!st && json) st = assay_report_suggestion_json(json, s, err);
    return st;
}

int cli_compare_suggest(const cli_args *args) {
    assay_error err;
    assay_suggestion s = {0};
    assay_status st = check_options(args, &err);
    if (st) return cli_fail(&err);
    cli_progress *progress = cli_progress_begin(args);
    cli_progress_step(progress, 0, 0, args->arguments[1]);
    st = suggest_paths(&s, args, &err);
    cli_progress_end(progress);
    if (!st) st = report(args, &s, &err);
    int code = st ? cli_fail(&err) : s.count > 0 && s.sure_count == s.count ? 0 : 1;
    assay_suggestion_free(&s);
    return code;
}
