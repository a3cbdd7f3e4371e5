/* assay run: a case on the reference engine, to a dump. */
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/progress.h"
#include "cli/run_generate.h"
#include "golden/golden_file.h"
#include "run/load_model.h"
#include "run/run_dump.h"

/* Where the case and the model come from. */
typedef struct {
    assay_case test_case;
    assay_golden golden;
    bool has_golden;
    assay_loaded_model model;
} run_input;

static const assay_case *case_of(const run_input *in) {
    return in->has_golden ? &in->golden.test_case : &in->test_case;
}

static assay_status open_golden(run_input *in, const cli_args *args, assay_error *err) {
    if (cli_value(args, "case"))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "run: %s is not a folder; with --case the argument is a model folder", args->arguments[0]);
    assay_status st = assay_golden_open(&in->golden, args->arguments[0], err);
    if (st) return st;
    in->has_golden = true;
    if (!in->golden.has_case)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the file holds no case to run", args->arguments[0]);
    return ASSAY_OK;
}

static assay_status load(run_input *in, const cli_args *args, assay_dtype *dtype, assay_error *err) {
    const char *folder = args->argument_count ? args->arguments[0] : NULL;
    bool from_golden = folder && !cli_is_folder(folder);
    if (!from_golden && !cli_value(args, "case"))
        return assay_fail(err, ASSAY_EINPUT, NULL, "run: give --case CASE.json, or a golden to run its case");
    assay_status st =
        from_golden ? open_golden(in, args, err) : assay_case_read(&in->test_case, cli_value(args, "case"), err);
    if (st) return st;
    *dtype = case_of(in)->dtype;
    st = cli_read_dtype(args, dtype, err);
    if (st) return st;
    st = from_golden ? assay_load_golden_model(&in->model, &in->golden, cli_value(args, "model"), *dtype, err)
                     : assay_load_case_model(&in->model, &in->test_case, folder, *dtype, err);
    const char *mistakes = cli_value(args, "mistake");
    return st || !mistakes ? st : assay_loaded_model_vary(&in->model, mistakes, err);
}

static void unload(run_input *in) {
    assay_loaded_model_free(&in->model);
    if (in->has_golden) assay_golden_close(&in->golden);
    assay_case_free(&in->test_case);
}

/* Options of the other way of running would be ignored in silence. */
static assay_status check_mode(const cli_args *args, assay_error *err) {
    static const char *const of_cases[] = {"case", "out", "model", "all-stages", "mistake"};
    static const char *const of_ids[] = {"max-new-tokens", "eos", "temperature", "top-k", "top-p", "seed"};
    bool ids = cli_value(args, "ids") != NULL;
    const char *const *wrong = ids ? of_cases : of_ids;
    size_t count = ids ? sizeof of_cases / sizeof *of_cases : sizeof of_ids / sizeof *of_ids;
    for (size_t i = 0; i < count; i++)
        if (cli_value(args, wrong[i]))
            return assay_fail(err, ASSAY_EINPUT, NULL, "run: --%s does not go %s --ids; see 'assay run --help'",
                              wrong[i], ids ? "with" : "without");
    return ASSAY_OK;
}

static int run(const cli_args *args) {
    assay_error err;
    if (check_mode(args, &err)) return cli_fail(&err);
    if (cli_value(args, "ids")) return cli_run_generate(args);
    const char *out = cli_value(args, "out");
    if (!out) {
        assay_fail(&err, ASSAY_EINPUT, NULL, "run: give --out DUMP.h5");
        return cli_fail(&err);
    }
    run_input in = {0};
    assay_dtype dtype = ASSAY_F32;
    assay_status st = cli_check_output(args, "out", &err);
    if (!st) st = cli_start_engine(args, &err);
    if (!st) st = load(&in, args, &dtype, &err);
    assay_dump_capture capture = cli_value(args, "all-stages") ? ASSAY_DUMP_ALL : ASSAY_DUMP_PUBLIC;
    cli_progress *progress = st ? NULL : cli_progress_begin(args);
    if (!st) cli_progress_step(progress, 0, 0, "runs the case");
    if (!st) st = assay_run_to_dump(&in.model, case_of(&in), out, dtype, capture, &err);
    cli_progress_end(progress);
    unload(&in);
    return st ? cli_fail(&err) : 0;
}

static const cli_option options[] = {
    {"case", 'c', "FILE", "the case to run, assay-case/1 (docs/case-format.md)"},
    {"out", 'o', "FILE", "the dump to write, HDF5 (docs/golden-format.md)"},
    {"model", 0, "DIR", "with a golden: folder of weights that the file does not hold"},
    {"dtype", 0, "TYPE", "float32, float64, bfloat16 or float16 (default: the case's)"},
    {"all-stages", 0, NULL, "write every stage, not only logits, losses, tokens, schedules and caches"},
    CLI_OPTION_MISTAKE,
    {"ids", 0, "IDS", "generate from these token ids (1,15,7) and print the new ones; no case, no dump"},
    {"max-new-tokens", 'n', "N", "with --ids: how many (default 20)"},
    {"eos", 0, "ID", "with --ids: the token that ends generation"},
    {"temperature", 0, "X", "with --ids: sample instead of taking the likeliest token"},
    {"top-k", 0, "K", "with --ids: sample among the K likeliest"},
    {"top-p", 0, "P", "with --ids: sample among the likeliest that reach probability P"},
    {"seed", 0, "S", "with --ids: seed of sampling (default 0)"},
    CLI_OPTION_THREADS,
    {0}};

const cli_command cmd_run = {
    .name = "run",
    .summary = "run a case on the reference engine and write a dump, or generate",
    .usage = "[MODEL_DIR | GOLDEN]",
    .examples =
        "  assay run MODEL_DIR --case case.json --out dump.h5     weights of a Hugging Face folder\n"
        "  assay run --case case.json --out dump.h5               weights made from the case's seed\n"
        "  assay run golden.h5 --out dump.h5 --all-stages         the case and weights of a golden\n"
        "  assay run MODEL_DIR --ids 1,15,7 --max-new-tokens 40   generate, token ids in and out\n",
    .description =
        "Runs the case step by step and writes logits, losses, tokens, window schedules and caches of every step.\n"
        "A case that the original refuses exits 2 with one line that says why, and writes nothing; a step that says\n"
        "expect_error is refused as expected, and the run goes on.\n",
    .options = options,
    .least = 0,
    .most = 1,
    .reads_hdf5 = true,
    .run = run};
