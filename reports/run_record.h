/*
 * What the history keeps of a run, "assay-run/1" (docs/history.md): when and where it ran, the verdict of each case, and of each of
 * its stages how far it was from the golden. A line of JSON; the digest of that line is the run's id.
 */
#ifndef ASSAY_REPORTS_RUN_RECORD_H
#define ASSAY_REPORTS_RUN_RECORD_H

#include "compare/drift.h"
#include "compare/result.h"
#include "core/date.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_RUN_ID_TEXT 33 /* bytes of an id, 32 hexadecimal digits, and its end */

typedef struct {
    int64_t places, failed; /* judged; of these failing. 0 places: the stage was not judged */
    bool has_worst, has_rms;
    double ratio; /* largest deviation / tolerance; of stages with `worst`, as that */
    double worst; /* compare/stage_fold.h */
    double rms;
} assay_run_stage;

typedef struct {
    char *name;
    assay_case_verdict verdict;
    assay_run_stage stages[ASSAY_STAGE_COUNT];
} assay_run_case;

typedef struct {
    char time[ASSAY_TIME_TEXT];
    bool passed;
    assay_facts facts, labels;
    assay_run_case *cases; /* (case_count) in the order of the run */
    size_t case_count;
    assay_drifts drifts;
} assay_run_record;

/* What is kept of a result. `time` is "2026-12-31T23:59:59Z", or NULL: that of the fact "time", or now. Labels are copied; NULL is none.
 * Numbers are rounded to four digits. ASSAY_EINPUT: a time that is none. Release with assay_run_record_free. */
assay_status assay_run_record_of(assay_run_record *out, const assay_result *result, const char *time,
                                 const assay_facts *labels, assay_error *err);

/* The record as one line of JSON with its id in front, which ends with a newline; the caller frees *line. */
assay_status assay_run_record_print(char **line, char id[ASSAY_RUN_ID_TEXT], const assay_run_record *record,
                                    assay_error *err);

/* Reads such a line back, strictly. `where` begins every message. ASSAY_EINPUT: it is no record, or its id is not that of what it says. */
assay_status assay_run_record_parse(assay_run_record *out, const char *line, size_t nbytes, const char *where,
                                    assay_error *err);

void assay_run_record_free(assay_run_record *record);

#ifdef __cplusplus
}
#endif

#endif
