/* Text in man pages and in lines of a terminal. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "cli/roff.h"
#include "cli/wrap.h"

typedef void (*printer)(FILE *out, const char *text, size_t length);

/* Valid until the next call. */
static char *printed(printer print, const char *text) {
    static char buffer[4096];
    memset(buffer, 0, sizeof buffer);
    FILE *stream = fmemopen(buffer, sizeof buffer, "w");
    cr_assert(stream);
    print(stream, text, strlen(text));
    fclose(stream);
    return buffer;
}

static void expect(printer print, const char *text, const char *wanted) {
    char *got = printed(print, text);
    cr_expect_str_eq(got, wanted, "'%s'", got);
}

static void paragraphs(FILE *out, const char *text, size_t length) {
    (void)length;
    cli_roff_paragraphs(out, text);
}

static void examples(FILE *out, const char *text, size_t length) {
    (void)length;
    cli_roff_examples(out, text);
}

static void bold(FILE *out, const char *text, size_t length) { cli_roff_font(out, 'B', text, length); }

Test(roff, nothing_in_a_text_is_a_command) {
    expect(cli_roff_text, "a\\nb", "a\\enb");
    expect(cli_roff_text, ".SH x", "\\&.SH x");
    expect(cli_roff_text, "a.b\n.c", "a.b\n\\&.c");
    expect(cli_roff_text, "'x' --y \"z\" `w` ~^", "\\(aqx\\(aq \\-\\-y \\(dqz\\(dq \\(gaw\\(ga \\(ti\\(ha");
    expect(bold, "-t", "\\fB\\-t\\fR");
}

Test(roff, capitals_of_a_usage_are_italic) {
    expect(cli_roff_usage, "[GOLDEN... | MODEL_DIR]", "[\\fIGOLDEN\\fR\\&... | \\fIMODEL_DIR\\fR]");
    expect(cli_roff_usage, "export DIR", "export \\fIDIR\\fR");
    expect(cli_roff_usage, "", "");
}

Test(roff, prose_breaks_before_80_bytes) {
    expect(cli_roff_prose, "one  two\nthree", "one two three\n");
    expect(cli_roff_prose, "", "");
    char text[600] = "";
    for (int i = 0; i < 30; i++) strcat(text, "some-words .dots ");
    char *got = printed(cli_roff_prose, text);
    for (char *line = strtok(got, "\n"); line; line = strtok(NULL, "\n")) {
        cr_expect_leq(strlen(line), 80, "%s", line);
        cr_expect_neq(line[0], '.', "%s", line);
    }
}

Test(roff, paragraphs_and_lines_are_told_apart) {
    expect(paragraphs, "a\nb\n\nc\n", "a b\n.PP\nc\n");
    expect(paragraphs, "a\n  x\n  y\nb\n", "a\n.PP\n.EX\n  x\n  y\n.EE\n.PP\nb\n");
    expect(paragraphs, "a", "a\n");
}

Test(roff, examples_have_a_command_and_what_it_does) {
    expect(examples, "  assay x   does it\n  assay y\n", ".TP\n\\fBassay x\\fR\ndoes it\n.TP\n\\fBassay y\\fR\n\\&\n");
}

static void wrapped(FILE *out, const char *text, size_t length) {
    (void)length;
    cli_print_wrapped(out, "label", 8, text);
}

static void wrapped_behind_long(FILE *out, const char *text, size_t length) {
    (void)length;
    cli_print_wrapped(out, "a longer label", 8, text);
}

Test(wrap, lines_keep_their_width) {
    expect(wrapped, "one  two\nthree", "label   one two three\n");
    expect(wrapped, "", "label   \n");
    expect(wrapped_behind_long, "one", "a longer label\n        one\n");
    char text[600] = "";
    for (int i = 0; i < 30; i++) strcat(text, "some words ");
    char *got = printed(wrapped, text);
    cr_expect_eq(strspn(strchr(got, '\n') + 1, " "), 8);
    for (char *line = strtok(got, "\n"); line; line = strtok(NULL, "\n")) cr_expect_leq(strlen(line), CLI_WRAP_WIDTH);
}
