/*
 * Texts and numbers as parts of an HTML page that is XML as well. Whatever comes from a file goes through here.
 */
#ifndef ASSAY_REPORTS_HTML_TEXT_H
#define ASSAY_REPORTS_HTML_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Characters of a text that are written before the rest is cut off with an ellipsis, so that no input makes a page of any size. */
#define HTML_TEXT_MOST 2000
#define HTML_NAME_MOST 200

/* Writes a text so that it is nothing but text, between tags and in attributes between '"' (reports/escape.h, as XML). */
void html_put_text(FILE *out, const char *text);

/* The same, cut after `most` characters, HTML_TEXT_MOST of them at most. */
void html_put_cut(FILE *out, const char *text, size_t most);

/* Writes a number to three digits; "NaN", "+inf", "-inf". */
void html_put_number(FILE *out, double value);

/* The same with nine digits: a value of a tensor, as it can be told from its neighbours in float32. */
void html_put_value(FILE *out, double value);

/* "1 case", "2 cases". */
void html_put_count(FILE *out, size_t n, const char *one, const char *many);

/* Rule ids, separated by spaces; those of the table have their summary as title. */
void html_put_rules(FILE *out, const char *rules);

/* Calls `put` for each of the words of a text. */
typedef void html_word_put(FILE *out, const char *word);
void html_each_word(FILE *out, const char *words, html_word_put *put);

#ifdef __cplusplus
}
#endif

#endif
