/*
 * Cases that are kept: finds, and the regression cases made of them.
 */
#ifndef ASSAY_FUZZ_STORED_CASES_H
#define ASSAY_FUZZ_STORED_CASES_H

#include <stddef.h>

#include "core/status.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char **paths; /* (count) sorted */
    size_t count;
} assay_stored_cases;

/* Lists the case files that `path` stands for: itself, a file; case.json of a find; and of any other folder its *.json files and the finds in it.
 * ASSAY_EINPUT: there is none. Release with assay_stored_cases_free. */
assay_status assay_stored_cases_list(assay_stored_cases *out, const char *path, assay_error *err);

void assay_stored_cases_free(assay_stored_cases *cases);

/* Makes a find (a folder, or a case file) a regression case: <folder>/<name of the case>.json; the folder is made where it is not there. *written,
 * the file's path, is the caller's to free. A file that is there already with the same content is left; ASSAY_EINPUT where it has another, and
 * where `find` is no find. */
assay_status assay_stored_cases_adopt(char **written, const char *find, const char *folder, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
