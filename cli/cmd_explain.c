/* assay explain: what the original does, what ports get wrong about it, and where to see it. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/explanation.h"
#include "cli/suite.h"

static assay_status find_topics(cli_topic **out, const cli_args *args, assay_error *err) {
    assay_status st = ASSAY_OK;
    cli_topic *topics = calloc((size_t)args->argument_count + 1, sizeof *topics);
    if (!topics) return assay_fail_nomem(err, "what is to be explained");
    for (int i = 0; !st && i < args->argument_count; i++) st = cli_topic_find(&topics[i], args->arguments[i], err);
    if (st) free(topics);
    else *out = topics;
    return st;
}

static void print_topics(const cli_topic *topics, int count) {
    char goldens[CLI_PATH_NBYTES];
    cli_suite_folder(goldens);
    if (count == 0) cli_print_rules(stdout);
    for (int i = 0; i < count; i++) {
        if (i > 0) printf("\n\n");
        cli_print_topic(stdout, &topics[i], goldens);
    }
}

static int explain(const cli_args *args) {
    assay_error err;
    cli_topic *topics = NULL;
    const char *json = cli_value(args, "json");
    assay_status st = cli_check_output(args, "json", &err);
    if (!st) st = find_topics(&topics, args, &err);
    if (st) return cli_fail(&err);
    print_topics(topics, args->argument_count);
    if (json) st = cli_write_topics(json, topics, (size_t)args->argument_count, &err);
    free(topics);
    return st ? cli_fail(&err) : 0;
}

static const cli_option options[] = {
    {"json", 0, "FILE", "write it as JSON, assay-explain/1; without a name, all rules"}, {0}};

const cli_command cmd_explain = {
    .name = "explain",
    .summary = "say what the original does by a rule, and how ports get it wrong",
    .usage = "[RULE | MISTAKE]...",
    .examples =
        "  assay explain                                the rules, a line each\n"
        "  assay explain MEM-1                          the classic question of ports\n"
        "  assay explain memory-keys-at-position-ids    a known mistake, and the goldens that notice it\n",
    .description =
        "A report names the rules that a stage depends on, such as MEM-1. This says what the original does by a rule "
        "and in which of\n"
        "its functions, which of our files do the same, which shipped goldens exercise it, and for each known mistake "
        "about it a\n"
        "golden to see it with. A mistake may be named instead of a rule.\n",
    .options = options,
    .least = 0,
    .most = -1,
    .run = explain};
