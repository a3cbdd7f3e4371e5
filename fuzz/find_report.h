/* The text that lies beside a find: what happened, what explains it, and what to type next; for find_folder.c. */
#ifndef ASSAY_FUZZ_FIND_REPORT_H
#define ASSAY_FUZZ_FIND_REPORT_H

#include <stdint.h>

#include "core/status.h"
#include "fuzz/campaign.h"
#include "fuzz/check.h"
#include "fuzz/subject.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *folder;    /* where the find will be */
    const char *golden;    /* where golden.h5 and the candidate are now; "" without a candidate */
    const char *candidate; /* likewise */
    const assay_fuzz_subject *subject;
    const assay_fuzz_verdict *verdict; /* of the shrunk case */
    uint64_t seed;
} assay_find_report_input;

/* Makes the text in *out; free it. Diagnoses (run/diagnose.h, single mistakes) and blames (blame/blame.h) where there is a candidate, and
 * notes both in one line each in find->diagnosis and find->blame. ASSAY_EINTERNAL when out of memory; a diagnosis that is not possible is said in the
 * text. */
assay_status assay_find_report(char **out, const assay_find_report_input *in, assay_fuzz_find *find, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
