/* assay conformance: a suite for ports, and their score. */
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/conformance.h"
#include "cli/report_option.h"

/* Options of the other sub-command would be ignored in silence. */
static assay_status check_options(const cli_args *args, bool exports, assay_error *err) {
    static const char *const of_export[] = {"npy", "safetensors", NULL};
    static const char *const of_score[] = {"json", "report", "policy", "no-diagnosis", "require-all", "threads", NULL};
    for (const char *const *wrong = exports ? of_score : of_export; *wrong; wrong++)
        if (cli_value(args, *wrong))
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "conformance %s: --%s does not go with it; see 'assay conformance --help'",
                              args->arguments[0], *wrong);
    return ASSAY_OK;
}

static int conformance(const cli_args *args) {
    assay_error err;
    const char *what = args->arguments[0];
    bool exports = strcmp(what, "export") == 0;
    if (!exports && strcmp(what, "score") != 0) {
        assay_fail(&err, ASSAY_EINPUT, NULL,
                   "conformance: unknown sub-command '%.80s'; say 'export DIR' or 'score DUMPS'", what);
        return cli_fail(&err);
    }
    if (args->argument_count < 2) {
        assay_fail(&err, ASSAY_EINPUT, NULL, "conformance %s: name the folder %s", what,
                   exports ? "to write" : "that holds the port's dumps");
        return cli_fail(&err);
    }
    if (check_options(args, exports, &err)) return cli_fail(&err);
    return exports ? cli_conformance_export(args) : cli_conformance_score(args);
}

static const cli_option options[] = {
    {"safetensors", 0, NULL, "export: write tensors as .safetensors only (default: both formats)"},
    {"npy", 0, NULL, "export: write tensors as .npy files only"},
    {"json", 0, "FILE", "score: write the scorecard as JSON (docs/result-json.md)"},
    CLI_OPTION_REPORT,
    {"policy", 0, "FILE", "score: tolerances and requirements, assay-policy/1 (docs/policy.md)"},
    {"port", 0, "FILE", "what the port says that it cannot do, assay-port/1 (docs/port.md)"},
    {"require-all", 0, NULL, "score: a case without a dump fails"},
    {"no-diagnosis", 0, NULL, "score: blame rules by the first stage that differs alone"},
    {"threads", 't', "N", "score: OpenMP threads (default: all cores)"},
    {0}};

const cli_command cmd_conformance = {
    .name = "conformance",
    .summary = "export the cases for ports, and score a port's dumps rule by rule",
    .usage =
        "export DIR [GOLDEN... | FOLDER]\n"
        "       assay conformance [OPTIONS] score DUMPS [GOLDEN... | FOLDER]",
    .examples =
        "  assay conformance export suite                   the shipped cases as safetensors, .npy and HDF5\n"
        "  assay conformance score dumps                    dumps/<case>.h5, .safetensors, .npz, or a folder of .npy "
        "files\n"
        "  assay conformance score dumps --json scorecard.json --report junit=out.xml,html=out.html\n",
    .description =
        "export writes a new folder: a manifest of all cases and rules, and for each case the case file, a Hugging "
        "Face\n"
        "folder, inputs, goldens and tolerances, so that a port needs no HDF5. Its README.md says how a port uses it.\n"
        "\n"
        "score compares a dump of each case with its golden, finds the known mistake behind each that fails, and "
        "prints for\n"
        "each rule: pass, fail, or not exercised. Cases without a dump are not run, or unsupported where --port says "
        "so. Exits 0 when a case was run, no "
        "rule fails\n"
        "and every dump could be read; 1 when a rule fails; 2 for bad input (docs/conformance.md).\n"
        "\n"
        "Both take the shipped goldens unless files, a folder of them, or an exported suite are named.\n",
    .options = options,
    .least = 1,
    .most = -1,
    .reads_hdf5 = true,
    .run = conformance};
