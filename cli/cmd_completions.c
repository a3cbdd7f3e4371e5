/* assay completions: the script that completes command lines in a shell. */
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/completions.h"
#include "core/nearest.h"

static const struct {
    const char *name;
    void (*write)(FILE *out);
} shells[] = {{"bash", cli_write_bash}, {"zsh", cli_write_zsh}, {"fish", cli_write_fish}};
enum { shell_count = sizeof shells / sizeof *shells };

const char *cli_shell_at(size_t index) { return index < shell_count ? shells[index].name : NULL; }

void cli_print_quoted(FILE *out, const char *text) {
    fputc('\'', out);
    for (; *text; text++)
        if (*text == '\'') fputs("'\\''", out);
        else fputc(*text, out);
    fputc('\'', out);
}

void cli_print_fish_quoted(FILE *out, const char *text) {
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

static int completions(const cli_args *args) {
    const char *name = args->arguments[0];
    char hint[128];
    assay_error err;
    assay_nearest near = assay_nearest_begin(name, strlen(name));
    for (size_t i = 0; i < shell_count; i++) {
        if (strcmp(shells[i].name, name) == 0) {
            shells[i].write(stdout);
            return 0;
        }
        assay_nearest_offer(&near, shells[i].name);
    }
    assay_fail(&err, ASSAY_EINPUT, NULL, "completions: '%.80s' is no shell that there are completions for; %s", name,
               assay_nearest_hint(&near, "say bash, zsh or fish", hint, sizeof hint));
    return cli_fail(&err);
}

const cli_command cmd_completions = {
    .name = "completions",
    .summary = "print the script that completes command lines in a shell",
    .usage = "SHELL",
    .examples =
        "  eval \"$(assay completions bash)\"           in ~/.bashrc\n"
        "  assay completions zsh > ~/.zfunc/_assay    in a folder of $fpath\n"
        "  assay completions fish > ~/.config/fish/completions/assay.fish\n",
    .description =
        "SHELL is bash, zsh or fish. 'make install' puts all three where the shells look for them. Commands, options, "
        "file names,\n"
        "types, mistakes and rules are completed.\n",
    .options = NULL,
    .least = 1,
    .most = 1,
    .run = completions};
