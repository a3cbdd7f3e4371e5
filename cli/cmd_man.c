/* assay man: the man pages of the program. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/man_page.h"
#include "core/atomic_file.h"

static assay_status write_page(const char *folder, const cli_command *command, assay_error *err) {
    char path[PATH_MAX], *text = NULL;
    size_t nbytes = 0;
    int length =
        snprintf(path, sizeof path, "%s/assay%s%s.1", folder, command ? "-" : "", command ? command->name : "");
    if (length >= (int)sizeof path) return assay_fail(err, ASSAY_EINPUT, NULL, "man: --out: the path is too long");
    FILE *out = open_memstream(&text, &nbytes);
    if (!out) return assay_fail_nomem(err, "a man page");
    cli_write_man_page(out, command);
    assay_status st = fclose(out) ? assay_fail_nomem(err, "a man page") : ASSAY_OK;
    if (!st) st = assay_write_file_atomically(path, text, nbytes, err);
    free(text);
    return st;
}

static assay_status write_pages(const char *folder, assay_error *err) {
    const cli_command *command;
    assay_status st = write_page(folder, NULL, err);
    for (size_t i = 0; !st && (command = cli_command_at(i)); i++) st = write_page(folder, command, err);
    return st;
}

static assay_status print_page(const cli_args *args, assay_error *err) {
    const cli_command *command = NULL;
    if (args->argument_count > 0) {
        command = cli_command_find(args->arguments[0]);
        if (!command) return cli_command_unknown(args->arguments[0], err);
    }
    cli_write_man_page(stdout, command);
    return ASSAY_OK;
}

static int man(const cli_args *args) {
    assay_error err;
    const char *folder = cli_value(args, "out");
    assay_status st = ASSAY_OK;
    if (!folder) st = print_page(args, &err);
    else if (args->argument_count > 0)
        st = assay_fail(&err, ASSAY_EINPUT, NULL, "man: give --out for all pages, or a command for its page, not both");
    else st = write_pages(folder, &err);
    return st ? cli_fail(&err) : 0;
}

static const cli_option options[] = {{"out", 'o', "DIR", "write all pages to this folder, which exists"}, {0}};

const cli_command cmd_man = {.name = "man",
                             .summary = "print a man page",
                             .usage = "[COMMAND]",
                             .examples =
                                 "  assay man verify | man -l -     read one without 'make install'\n"
                                 "  assay man --out man1            write all\n",
                             .description =
                                 "Prints the man page of a command, or that of the program, in the language of "
                                 "man(7). 'make install' installs them all.\n",
                             .options = options,
                             .least = 0,
                             .most = 1,
                             .run = man};
