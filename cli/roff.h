/* Text in the language of man pages, the macros of man(7). */
#ifndef ASSAY_CLI_ROFF_H
#define ASSAY_CLI_ROFF_H

#include <stddef.h>
#include <stdio.h>

/* Prints text so that it reads as it is: backslashes, hyphens, quotes, and dots at the start of a line mean nothing. */
void cli_roff_text(FILE *out, const char *text, size_t length);

/* The same as lines of running text, of at most 80 bytes where words are shorter; ends the last line. */
void cli_roff_prose(FILE *out, const char *text, size_t length);

/* As cli_roff_text, in a font, 'B' or 'I', and back to the one before. */
void cli_roff_font(FILE *out, char font, const char *text, size_t length);

/* Words in capitals, such as GOLDEN in "[GOLDEN... | FOLDER]", in italics, the others as they are. */
void cli_roff_usage(FILE *out, const char *text, size_t length);

/* Paragraphs: lines that follow each other run on, and an empty line ends one. Lines that begin with spaces stay lines. */
void cli_roff_paragraphs(FILE *out, const char *text);

/* Lines of examples, "  command   what it does", with two spaces at least between the two. */
void cli_roff_examples(FILE *out, const char *text);

#endif
