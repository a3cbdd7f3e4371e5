/*
 * A zip archive of .npy files as named tensors: what zipping a folder of them gives, or NumPy's .npz.
 */
#ifndef ASSAY_GOLDEN_NPY_ZIP_H
#define ASSAY_GOLDEN_NPY_ZIP_H

#include <stddef.h>

#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the entries may unpack to, all together: this many times the size of the archive, and so much more. Arrays compress
 * seldom to less than a tenth; an archive that claims a hundredfold is a bomb, or damaged. */
#define ASSAY_NPY_ZIP_MAX_RATIO 100
#define ASSAY_NPY_ZIP_MAX_EXTRA_NBYTES ((size_t)64 << 20)

/* One array of the archive. */
typedef struct {
    char *name;    /* the entry's path without ".npy" */
    size_t index;  /* of the entry */
    size_t nbytes; /* of the unpacked file, as the archive says */
} assay_npy_zip_entry;

typedef struct {
    char *path;
    void *archive;                /* libzip's */
    assay_npy_zip_entry *entries; /* (count) sorted by the bytes of their names */
    size_t count;
} assay_npy_zip;

/* Opens an archive and checks all of its entries before anything is unpacked. Folders, hidden files and files of another name do
 * not count, as in golden/npy_folder.h. ASSAY_EINPUT in one line: it is missing, damaged or no zip archive, an entry is
 * encrypted or compressed in another way than deflate, a path is absolute or has "..", a name occurs twice, folders are nested too
 * deep, or the sizes that it claims are beyond the limits above. Release with assay_npy_zip_close. */
assay_status assay_npy_zip_open(assay_npy_zip *out, const char *path, assay_error *err);

/* Closes and clears. Safe on a cleared one. */
void assay_npy_zip_close(assay_npy_zip *zip);

/* Unpacks an array and checks its sum. ASSAY_EINPUT as assay_npy_read_file; the message names archive and entry. */
assay_status assay_npy_zip_read(const assay_npy_zip *zip, const assay_npy_zip_entry *entry, assay_tensor *out,
                                assay_error *err);

/* Unpacks another file of the archive, of at most limit_nbytes bytes. *text ends with a NUL that *nbytes does not count; the
 * caller frees it. *text is NULL when there is no such file. ASSAY_EINPUT when it is larger or damaged. */
assay_status assay_npy_zip_read_text(const assay_npy_zip *zip, const char *name, size_t limit_nbytes, char **text,
                                     size_t *nbytes, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
