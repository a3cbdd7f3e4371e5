/*
 * The words that the HTML report uses for verdicts, stages and places. A verdict is a symbol and a word, never a colour alone.
 */
#ifndef ASSAY_REPORTS_HTML_WORDS_H
#define ASSAY_REPORTS_HTML_WORDS_H

#include <stdio.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "fail", "missing" ...: the word of a verdict. */
const char *html_verdict_word(assay_verdict verdict);

/* Class of what has that verdict: "ok", "bad", "gap" (nothing to judge), "waived". */
const char *html_verdict_class(assay_verdict verdict);
const char *html_case_class(assay_case_verdict verdict);

/* "✗ fail". */
void html_put_verdict(FILE *out, assay_verdict verdict);
void html_put_case_verdict(FILE *out, assay_case_verdict verdict);

/* "attn_scores of step 0, window 1, layer 2"; the path of what is no stage. */
void html_put_place(FILE *out, const assay_entry *entry);

/* Deviation over tolerance, infinite where a NaN or an infinity stands against something else; NaN where nothing was measured. */
double html_ratio(const assay_entry *entry);

#ifdef __cplusplus
}
#endif

#endif
