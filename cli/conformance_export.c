#include <stdio.h>

#include "cli/common.h"
#include "cli/conformance.h"
#include "cli/progress.h"
#include "cli/suite.h"
#include "core/version.h"
#include "reports/suite_files.h"
#include "run/suite_export.h"

/* Both formats when none was asked for. Only the shipped goldens have a version. */
static assay_suite_options read_options(const cli_args *args) {
    assay_suite_options o = {.npy = cli_value(args, "npy") != NULL,
                             .safetensors = cli_value(args, "safetensors") != NULL,
                             .version = args->argument_count == 2 ? ASSAY_SUITE_VERSION : ""};
    if (!o.npy && !o.safetensors) o.npy = o.safetensors = true;
    return o;
}

static assay_status add_all(assay_suite_export *e, const cli_args *args, const cli_suite *suite, assay_error *err) {
    assay_status st = ASSAY_OK;
    cli_progress *progress = cli_progress_begin(args);
    for (size_t i = 0; !st && i < suite->count; i++) {
        cli_progress_step(progress, i, suite->count, suite->paths[i]);
        st = assay_suite_export_add(e, suite->paths[i], err);
    }
    cli_progress_end(progress);
    return st;
}

static assay_status export_suite(const cli_args *args, const cli_suite *suite, const assay_suite_options *options,
                                 assay_error *err) {
    assay_suite_export e;
    assay_status st = assay_suite_export_begin(&e, args->arguments[1], options, err);
    if (st) return st;
    st = add_all(&e, args, suite, err);
    if (!st) st = assay_report_suite_files(&e, err);
    if (!st) return assay_suite_export_commit(&e, err);
    assay_suite_export_discard(&e);
    return st;
}

int cli_conformance_export(const cli_args *args) {
    assay_error err;
    cli_suite suite = {0};
    assay_port_limits port = {0};
    assay_suite_options options = read_options(args);
    if (cli_value(args, "port")) options.port = &port;
    assay_status st = cli_read_port(args, &port, &err);
    if (!st) st = cli_suite_choose(&suite, args->arguments + 2, (size_t)args->argument_count - 2, &err);
    if (!st) st = export_suite(args, &suite, &options, &err);
    if (!st)
        printf("%s: %zu case%s; README.md there says how a port uses them\n", args->arguments[1], suite.count,
               suite.count == 1 ? "" : "s");
    cli_suite_free(&suite);
    assay_port_limits_free(&port);
    return st ? cli_fail(&err) : 0;
}
