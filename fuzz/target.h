/*
 * What fuzz targets share (docs/fuzzing-targets.md). A target is a program of its own: fuzz/<name>/fuzz.c defines LLVMFuzzerTestOneInput,
 * which libFuzzer calls with bytes that it makes up, and fuzz/replay with those of stored files.
 *
 * A target that finds a fault aborts: that is how either of them notices.
 */
#ifndef ASSAY_FUZZ_TARGET_H
#define ASSAY_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a target defines. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts, and says where, when the condition does not hold; in every build, whatever NDEBUG says. */
#define ASSAY_FUZZ_REQUIRE(condition) \
    ((condition) ? (void)0 : assay_fuzz_abort(__FILE__, __LINE__, #condition, (const assay_error *)0))
_Noreturn void assay_fuzz_abort(const char *file, int line, const char *what, const assay_error *err);

/* Whether a reader accepted its bytes. Aborts unless it did, or refused them in one clear line: ASSAY_EINPUT, with the name of the
 * file that the reader was given first, without control characters, not cut off. *err must have been cleared before. */
bool assay_fuzz_accepted(assay_status status, const assay_error *err, const char *where);

/* Aborts unless a tensor that was read has a shape that fits its memory; reads each of its bytes. */
void assay_fuzz_touch(const assay_tensor *t);

/* A folder of its own for one input, for readers that take a path: below $TMPDIR, else in memory where the system can. */
typedef struct {
    char path[64];
} assay_fuzz_folder;

/* Makes an empty folder. All three abort where the system does not let them. */
void assay_fuzz_folder_make(assay_fuzz_folder *out);

/* Writes the file `name` ("steps/0/logits.npy") with the folders on its way. Returns its path, which is written to `path`. */
#define ASSAY_FUZZ_PATH_NBYTES 256
const char *assay_fuzz_folder_write(const assay_fuzz_folder *folder, const char *name, const void *data, size_t nbytes,
                                    char path[ASSAY_FUZZ_PATH_NBYTES]);

/* Removes the folder and all in it. */
void assay_fuzz_folder_remove(const assay_fuzz_folder *folder);

#ifdef __cplusplus
}
#endif

#endif
