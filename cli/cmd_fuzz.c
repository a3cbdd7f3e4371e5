/* assay fuzz: search lengths, windows, pads and cache flips for a case that a port computes differently. */
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/fuzz_modes.h"
#include "fuzz/interrupt.h"

assay_status cli_fuzz_start_engine(const cli_args *args, assay_error *err) {
    return cli_start_engine_with(args, 1, err);
}

static assay_status start_port(const cli_args *args, assay_fuzz_subject *out, assay_error *err) {
    assay_port_options options = assay_port_options_init(cli_value(args, "port"));
    options.interrupted = assay_interrupted;
    assay_status st = cli_number(args, "timeout", &options.answer_seconds, err);
    if (!st && !(options.answer_seconds > 0))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "fuzz: --timeout is %g; it must be positive", options.answer_seconds);
    if (cli_value(args, "timeout")) options.first_seconds = options.answer_seconds;
    return st ? st : assay_fuzz_subject_port(out, &options, err);
}

assay_status cli_fuzz_subject(const cli_args *args, assay_fuzz_subject *out, assay_error *err) {
    const char *port = cli_value(args, "port"), *mistake = cli_value(args, "mistake");
    if (port && mistake)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "fuzz: give --port or --mistake, not both: one is the port, the other stands for one");
    if (!port && cli_value(args, "timeout"))
        return assay_fail(err, ASSAY_EINPUT, NULL, "fuzz: --timeout is for a port; give --port CMD too");
    return port ? start_port(args, out, err) : assay_fuzz_subject_engine(out, mistake, err);
}

enum { MOST_OPTIONS = 15 };

/* Each mode, by the option that asks for it, and the options that go with it besides; a campaign is what is asked for without. */
static const struct {
    const char *option;
    int (*run)(const cli_args *args);
    const char *with[MOST_OPTIONS + 1]; /* ends with NULL */
    bool takes_arguments;
} modes[] = {
    {"replay", cli_fuzz_replay, {"replay", "port", "mistake", "timeout", "threads"}, false},
    {"merge", cli_fuzz_merge, {"merge", "json", "all"}, true},
    {"adopt", cli_fuzz_adopt, {"adopt", "into"}, false},
    {NULL,
     cli_fuzz_campaign,
     {"port", "mistake", "timeout", "seed", "cases", "time", "shard", "out", "shrink", "json", "all", "threads",
      "dtype", "plain", "no-refusals"},
     false},
};

static bool goes_with(size_t mode, const char *option) {
    for (size_t i = 0; modes[mode].with[i]; i++)
        if (strcmp(option, modes[mode].with[i]) == 0) return true;
    return false;
}

/* Options of another mode would be ignored in silence. */
static assay_status check_mode(const cli_args *args, size_t mode, assay_error *err) {
    const char *name = modes[mode].option;
    for (int i = 0; args->command->options[i].name; i++)
        if (args->values[i] && !goes_with(mode, args->command->options[i].name))
            return assay_fail(err, ASSAY_EINPUT, NULL, "fuzz: --%s does not go %s%s; see 'assay fuzz --help'",
                              args->command->options[i].name, name ? "with --" : "without ",
                              name                                                  ? name
                              : strcmp(args->command->options[i].name, "into") == 0 ? "--adopt"
                                                                                    : "that");
    if (args->argument_count > 0 && !modes[mode].takes_arguments)
        return assay_fail(err, ASSAY_EINPUT, NULL, "fuzz: %s: only --merge takes files; see 'assay fuzz --help'",
                          args->arguments[0]);
    return ASSAY_OK;
}

static int run(const cli_args *args) {
    size_t mode = 0;
    while (modes[mode].option && !cli_value(args, modes[mode].option)) mode++;
    assay_error err;
    if (check_mode(args, mode, &err)) return cli_fail(&err);
    assay_interrupt_watch();
    return modes[mode].run(args);
}

static const cli_option options[] = {
    {"port", 'p', "CMD", "a port to fuzz: a command that speaks assay-port-protocol/1 (docs/fuzz-protocol.md)"},
    {"mistake", 0, "NAME,...", "fuzz the engine with these mistakes instead ('assay diagnose --list' shows the names)"},
    {"seed", 's', "N", "which random cases (default 1)"},
    {"cases", 'n', "N", "end after so many cases, over all shards"},
    {"time", 't', "S", "end after so many seconds (default 60 where --cases is not given)"},
    {"shard", 0, "I/N", "run every N-th case, from the I-th on; merge the reports with --merge"},
    {"dtype", 0, "TYPE", "what cases compute in: float32 (default), bfloat16 or float16"},
    {"plain", 0, NULL,
     "only what every port does: forward, generate, reorder; no grouping, torch_attention, classification"},
    {"no-refusals", 0, NULL, "no calls that must be refused"},
    {"timeout", 0, "S", "seconds that a port has for an answer (default 30, the first one 60)"},
    {"shrink", 0, "N", "run at most so many cases to shrink a find (default 2000; 0: keep it as it was found)"},
    {"out", 'o', "DIR", "folder for finds, each a folder of its own (default fuzz-finds)"},
    {"replay", 0, "DIR", "run stored cases instead: a find, a folder of finds or of case files, or a case file"},
    {"merge", 0, NULL, "merge the reports (--json) of all shards of a campaign; give the files"},
    {"adopt", 0, "FIND", "make a find a regression case, for --replay"},
    {"into", 0, "DIR", "with --adopt: the folder of regression cases"},
    {"json", 0, "FILE", "write the report as JSON, assay-fuzz/1 (docs/fuzzing.md)"},
    {"all", 'a', NULL, "show the table of boundaries too"},
    {"threads", 0, "N", "OpenMP threads of the engine (default 1: cases are small)"},
    {0}};

const cli_command cmd_fuzz = {
    .name = "fuzz",
    .summary = "search window, cache and pad boundaries for a case that a port computes differently",
    .usage = "[REPORT.json...]",
    .examples =
        "  assay fuzz --port './my-port --serve' --time 300          a port, for five minutes\n"
        "  assay fuzz --port 'python3 serve.py' --cases 5000 --seed 7 --json fuzz.json\n"
        "  assay fuzz --replay fuzz-finds --port './my-port --serve' what was found, again\n"
        "  assay fuzz --adopt fuzz-finds/FIND --into cases           keep it as a regression case\n"
        "  assay fuzz --mistake memory-keys-at-position-ids          see how a wrong port is found\n"
        "  assay fuzz --merge shard-1.json shard-2.json --json all.json\n",
    .description =
        "Makes small models and sequences of calls at the places where windows, caches and pads meet, runs each on "
        "the\n"
        "engine, on an oracle that shares no code with it, and on the port, and compares. What fails is run again, "
        "shrunk to the\n"
        "fewest tokens, the smallest model and the plainest calls, diagnosed and blamed, and written as a folder with\n"
        "everything to work on it. The same seed and --cases give the same report. Exits 0 when cases were judged and "
        "none\n"
        "failed, 1 when one failed or none was judged, 2 on bad input or an interruption.\n",
    .options = options,
    .least = 0,
    .most = -1,
    .run = run};
