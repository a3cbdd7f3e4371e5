#include "cli/wrap.h"

#include <string.h>

void cli_print_wrapped(FILE *out, const char *label, size_t indent, const char *text) {
    size_t column = strlen(label);
    fputs(label, out);
    if (column >= indent && column > 0) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", (int)(indent - column), "");
    column = indent;
    for (const char *at = text + strspn(text, " \n"); *at;) {
        size_t length = strcspn(at, " \n");
        if (column > indent && column + 1 + length > CLI_WRAP_WIDTH) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        }
        if (column > indent) column += (size_t)fprintf(out, " ");
        column += fwrite(at, 1, length, out);
        at += length;
        at += strspn(at, " \n");
    }
    fputc('\n', out);
}
