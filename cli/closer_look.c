#include "cli/closer_look.h"

#include "blame/blame.h"
#include "reports/findings.h"
#include "run/diagnose.h"

#define SECONDS 8

/* What cannot be looked at is a finding too. */
static assay_status add_none(assay_case_result *c, const char *source, const assay_error *why, assay_error *err) {
    if (why->status != ASSAY_EINTERNAL) return assay_case_result_add_finding(c, source, "none", why->message, err);
    *err = *why;
    return why->status;
}

static void show_progress(void *context, size_t done, size_t count) {
    cli_progress_step(context, done, count, "mistakes that may explain it");
}

static assay_status diagnose(assay_case_result *c, const assay_golden *golden, const assay_source *candidate,
                             const assay_arithmetic *arithmetic, cli_progress *progress, assay_error *err) {
    assay_diagnosis d;
    assay_error why;
    const assay_diagnose_options options = {
        .model_dir = arithmetic->model_dir, .seconds = SECONDS, .context = progress, .progress = show_progress};
    if (assay_diagnose(&d, golden, c->golden_name, candidate, &options, &why))
        return add_none(c, "diagnosis", &why, err);
    assay_status st = assay_findings_add_diagnosis(c, &d, err);
    assay_diagnosis_free(&d);
    return st;
}

static assay_status blame(assay_case_result *c, const assay_golden *golden, const assay_source *candidate,
                          const assay_arithmetic *arithmetic, assay_error *err) {
    assay_blame b;
    assay_error why;
    if (assay_blame_run(&b, golden, c->golden_name, candidate, arithmetic, &why))
        return add_none(c, "blame", &why, err);
    assay_status st = assay_findings_add_blame(c, &b, err);
    assay_blame_free(&b);
    return st;
}

assay_status cli_look_closer(assay_case_result *c, const assay_golden *golden, const assay_source *candidate,
                             const assay_arithmetic *arithmetic, cli_progress *progress, assay_error *err) {
    if (c->verdict != ASSAY_CASE_FAIL || !golden->has_case) return ASSAY_OK;
    assay_status st = diagnose(c, golden, candidate, arithmetic, progress, err);
    return st ? st : blame(c, golden, candidate, arithmetic, err);
}
