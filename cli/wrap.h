/* Text in lines of a terminal's width. */
#ifndef ASSAY_CLI_WRAP_H
#define ASSAY_CLI_WRAP_H

#include <stddef.h>
#include <stdio.h>

#define CLI_WRAP_WIDTH 100 /* columns of a line */

/* Prints `label`, and from column `indent` on the words of `text`, as many in a line as fit; a longer label has a line of its own. */
void cli_print_wrapped(FILE *out, const char *label, size_t indent, const char *text);

#endif
