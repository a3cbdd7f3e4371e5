#include "cli/overview.h"

#include "cli/commands.h"

const char cli_program_summary[] = "proves that a port of LongLLaMA computes what the original computes";

const char cli_program_examples[] =
    "  assay verify                          check the reference engine against the shipped goldens\n"
    "  assay compare GOLDEN.h5 DUMP.h5       hold a port's dump against a golden\n"
    "  assay blame GOLDEN.h5 DUMP.h5         find the operation of the port that is at fault\n"
    "  assay diagnose GOLDEN.h5 DUMP.h5      find the known mistake that explains the dump\n"
    "  assay explain MEM-1                   say what the original does by a rule that a report names\n"
    "  assay conformance score DUMPS         score a port's dumps of the shipped cases, rule by rule\n"
    "  assay fuzz --port CMD                 search for a case that a port computes differently\n"
    "  assay run MODEL --case C.json --out D.h5\n";

const cli_meaning cli_exit_codes[] = {
    {"0", "match"}, {"1", "mismatch"}, {"2", "bad input"}, {"3", "internal error"}, {NULL, NULL}};

const cli_meaning cli_environment[] = {
    {"ASSAY_GOLDENS", "the folder of the shipped goldens, in place of the one that belongs to the program"},
    {"ASSAY_COMMAND", "what results say the command was, for a script that works in a folder of its own"},
    {"NO_COLOR", "where it is set and not empty, tables have no colours"},
    {"OMP_NUM_THREADS", "how many threads there are where --threads is not given; all cores where it is not set"},
    {"OPENBLAS_CORETYPE",
     "the kernel that OpenBLAS takes, such as Haswell, in place of the best one; verdicts hold on each"},
    {"SOURCE_DATE_EPOCH", "seconds since 1970: the day that waivers of a policy are held against, in place of today"},
    {"TMPDIR", "where assay fuzz keeps what it gives a port; /dev/shm or /tmp where it is not set"},
    {NULL, NULL}};

void cli_print_overview(FILE *out) {
    const cli_command *command;
    fprintf(out, "assay - %s\n\nExamples:\n%s\nCommands:\n", cli_program_summary, cli_program_examples);
    for (size_t i = 0; (command = cli_command_at(i)); i++) fprintf(out, "  %-13s%s\n", command->name, command->summary);
    fprintf(out, "\n'assay COMMAND --help' explains a command. Exit codes: ");
    for (const cli_meaning *m = cli_exit_codes; m->word; m++)
        fprintf(out, "%s %s%s", m->word, m->meaning, m[1].word ? ", " : ".\n");
}
