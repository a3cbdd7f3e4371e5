/* Private folders that last as long as the program. */
#ifndef ASSAY_FUZZ_WORK_FOLDER_H
#define ASSAY_FUZZ_WORK_FOLDER_H

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a new folder that only this user can read, in $TMPDIR where it is set, else in memory (/dev/shm) where there is such a place, else in
 * /tmp. *out is its absolute path; the caller frees it. ASSAY_EINTERNAL: none can be made. */
assay_status assay_work_folder_make(char **out, assay_error *err);

/* Removes a folder and all in it. What cannot be removed stays, without a word. */
void assay_work_folder_remove(const char *path);

/* Takes the path of a folder out of a text, and the '/' behind it: it is another one in every run, and reports are to be the same. */
void assay_work_folder_hide(const char *path, char *text);

#ifdef __cplusplus
}
#endif

#endif
