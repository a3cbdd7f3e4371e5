#include "cli/roff.h"

#include <stdbool.h>
#include <string.h>

enum { widest = 78 }; /* bytes of a line of prose */

/* How a character is written; NULL: as itself. */
static const char *escape_of(char c) {
    static const struct {
        char c;
        const char *escape;
    } special[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"}, {'`', "\\(ga"},
                   {'"', "\\(dq"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        if (special[i].c == c) return special[i].escape;
    return NULL;
}

static void print_char(FILE *out, char c) {
    const char *escape = escape_of(c);
    if (escape) fputs(escape, out);
    else fputc(c, out);
}

void cli_roff_text(FILE *out, const char *text, size_t length) {
    bool at_start = true;
    for (size_t i = 0; i < length; i++) {
        if (at_start && text[i] == '.') fputs("\\&", out); /* else a macro; ' is escaped anyway */
        print_char(out, text[i]);
        at_start = text[i] == '\n';
    }
}

void cli_roff_font(FILE *out, char font, const char *text, size_t length) {
    fprintf(out, "\\f%c", font);
    cli_roff_text(out, text, length);
    fputs("\\fR", out);
}

void cli_roff_usage(FILE *out, const char *text, size_t length) {
    static const char *const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    for (const char *at = text, *end = text + length; at < end;) {
        size_t left = (size_t)(end - at), word = strspn(at, capitals), other = strcspn(at, capitals);
        if (word > left) word = left;
        if (other > left) other = left;
        if (word > 0) cli_roff_font(out, 'I', at, word);
        else cli_roff_text(out, at, other);
        at += word > 0 ? word : other;
    }
}

static size_t written_length(const char *word, size_t length) {
    size_t sum = 0;
    for (size_t i = 0; i < length; i++) sum += escape_of(word[i]) ? strlen(escape_of(word[i])) : 1;
    return sum;
}

void cli_roff_prose(FILE *out, const char *text, size_t length) {
    size_t column = 0;
    for (const char *at = text, *end = text + length; at < end;) {
        size_t word = strcspn(at, " \n");
        if (word > (size_t)(end - at)) word = (size_t)(end - at);
        size_t width = written_length(at, word);
        if (word > 0 && column > 0) {
            fputc(column + 1 + width > widest ? '\n' : ' ', out);
            column = column + 1 + width > widest ? 0 : column + 1;
        }
        if (word > 0 && column == 0) cli_roff_text(out, at, word);
        else
            for (size_t i = 0; i < word; i++) print_char(out, at[i]);
        column += width;
        at += word + (at + word < end);
    }
    if (column > 0) fputc('\n', out);
}

/* The end of a paragraph that begins at `text`: before an empty line, or one that begins with a space. */
static size_t paragraph_length(const char *text) {
    size_t length = strcspn(text, "\n");
    while (text[length] == '\n' && text[length + 1] != '\n' && text[length + 1] != ' ' && text[length + 1])
        length += 1 + strcspn(text + length + 1, "\n");
    return length;
}

static size_t print_lines(FILE *out, const char *text) {
    const char *at = text;
    fputs(".PP\n.EX\n", out);
    while (*at == ' ') {
        size_t length = strcspn(at, "\n");
        cli_roff_text(out, at, length);
        fputc('\n', out);
        at += length + (at[length] == '\n');
    }
    fputs(".EE\n", out);
    return (size_t)(at - text);
}

void cli_roff_paragraphs(FILE *out, const char *text) {
    bool first = true;
    for (const char *at = text; *at;) {
        if (*at == '\n') {
            at++;
            continue;
        }
        if (*at == ' ') {
            at += print_lines(out, at);
        } else {
            if (!first) fputs(".PP\n", out);
            cli_roff_prose(out, at, paragraph_length(at));
            at += paragraph_length(at);
        }
        first = false;
    }
}

/* Where the command of an example ends: at two spaces, or at the end. */
static size_t command_length(const char *line, size_t length) {
    for (size_t i = 0; i + 1 < length; i++)
        if (line[i] == ' ' && line[i + 1] == ' ') return i;
    return length;
}

void cli_roff_examples(FILE *out, const char *text) {
    for (const char *line = text; *line;) {
        line += strspn(line, " ");
        size_t length = strcspn(line, "\n"), command = command_length(line, length);
        size_t comment = command + strspn(line + command, " ");
        if (length > 0) {
            fputs(".TP\n", out);
            cli_roff_font(out, 'B', line, command);
            fputc('\n', out);
            if (comment < length) cli_roff_prose(out, line + comment, length - comment);
            else fputs("\\&\n", out);
        }
        line += length + (line[length] == '\n');
    }
}
