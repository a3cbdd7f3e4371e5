/*
 * What is said of one entry, or of one drift, in words that several reports share.
 */
#ifndef ASSAY_REPORTS_ENTRY_WORDS_H
#define ASSAY_REPORTS_ENTRY_WORDS_H

#include <stddef.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What kind of failure a failing entry is, or a waived one would be, in one word: "missing_required"; "refusal": a step that one side
 * refuses; "schedule": another division into windows; "shape"; "type"; "class": NaN or infinity against something else; "value": integers
 * and masks; "argmax": logits within their tolerance whose largest is another; "deviation". */
const char *assay_failure_kind(const assay_entry *e);

/* Writes "step 0, window 1, layer 2" into text, what the entry has of it; "no stage" for a tensor that is none. Returns text. */
const char *assay_entry_place_text(const assay_entry *e, char *text, size_t text_nbytes);

/* What is held against the tolerance: "max abs", "exact", "stored", "NaN/inf class"; "" where nothing was measured. */
const char *assay_metric_word(const assay_entry *e);

#define ASSAY_REAL_TEXT 32

/* Writes a number with so many significant digits into text; "NaN", without a sign, which differs from machine to
 * machine; "+inf"; "-inf". Returns text. */
const char *assay_real_text(double value, int digits, char text[ASSAY_REAL_TEXT]);

/* Writes "(batch 0, token 1): golden 4, candidate 4.5" into text; "" when the entry has no worst element. Returns text. */
const char *assay_worst_text(const assay_entry *e, char *text, size_t text_nbytes);

/* Writes "moved: rms 1.2 before, 3.4 now, the noise ends at 2.1" into text. Returns text. */
const char *assay_drift_words(const assay_drift *drift, char *text, size_t text_nbytes);

#ifdef __cplusplus
}
#endif

#endif
