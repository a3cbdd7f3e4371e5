/* assay report: a stored result again, in any format. */
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/report_option.h"
#include "reports/result_load.h"

static int report(const cli_args *args) {
    assay_error err;
    assay_result result = {0};
    assay_status st = cli_check_reports(args, &err);
    if (!st) st = assay_result_load(&result, args->arguments[0], &err);
    int code = st ? cli_fail(&err) : cli_report(args, &result);
    assay_result_free(&result);
    return code;
}

static const cli_option options[] = {CLI_OPTION_REPORT, CLI_OPTION_JSON_REPORT, CLI_OPTION_ALL, {0}};

const cli_command cmd_report = {
    .name = "report",
    .summary = "render a stored result again, in any format",
    .usage = "RESULT.json",
    .examples =
        "  assay report result.json                              the tables that a terminal shows\n"
        "  assay report result.json --report html=report.html,junit=junit.xml\n"
        "  assay report result.json --report markdown=-          to standard output\n",
    .description =
        "Reads what verify or compare wrote with --json or --report json=FILE. Exits 0 when the result is a match, "
        "and 1 when it is none: also where a\n"
        "case could not be compared, for which the command that wrote it may have exited with 2.\n",
    .options = options,
    .least = 1,
    .most = 1,
    .json_is_report = true,
    .run = report};
