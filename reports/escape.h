/*
 * Text of a file in a report: made legal and harmless for what reads the report.
 *
 * Names and reasons may hold any byte. In each form a byte that is no UTF-8, and a character that no report should hold, is shown
 * as U+FFFD: control characters (tab, newline and carriage return have escapes of their own), surrogates, noncharacters, and those
 * that change the direction of text, so that what is read is what is there.
 */
#ifndef ASSAY_REPORTS_ESCAPE_H
#define ASSAY_REPORTS_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_ESCAPE_XML,             /* XML 1.0, in an element and in an attribute between '"' */
    ASSAY_ESCAPE_MARKDOWN,        /* GitHub's Markdown, in a cell of a table, between <code> and </code> */
    ASSAY_ESCAPE_GITHUB_MESSAGE,  /* the message of a GitHub workflow command */
    ASSAY_ESCAPE_GITHUB_PROPERTY, /* a property of a GitHub workflow command */
} assay_escape_form;

/* Writes text to `out`. Whether writing failed is ferror's to say. */
void assay_escape_put(FILE *out, assay_escape_form form, const char *text);

/* Appends text at *used of `out` and moves *used; out stays NUL-terminated. Text is cut, never within a character or an escape, where
 * it has more than max_characters or out (out_nbytes) is full; then it ends with an ellipsis. *used must leave room for that: 4 bytes. */
void assay_escape_append(char *out, size_t out_nbytes, size_t *used, assay_escape_form form, const char *text,
                         size_t max_characters);

#ifdef __cplusplus
}
#endif

#endif
