#include "golden/npy_zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include "golden/byte_file.h"
#include "golden/npy.h"
#include "golden/npy_folder.h"

#define SUFFIX ".npy"

/* ---- opening ---- */

static assay_status fail_open(const char *path, int code, assay_error *err) {
    if (code == ZIP_ER_EXISTS)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: an entry of the archive occurs twice; pack it again", path);
    zip_error_t why;
    zip_error_init_with_code(&why, code);
    assay_fail(err, ASSAY_EINPUT, NULL, "%s: not a zip archive that can be read: %s", path, zip_error_strerror(&why));
    zip_error_fini(&why);
    return ASSAY_EINPUT;
}

/* libzip takes over a descriptor of its own: what was checked to be a regular file is what is read. */
static assay_status open_archive(assay_npy_zip *z, uint64_t *archive_nbytes, assay_error *err) {
    assay_byte_file file;
    assay_status st = assay_byte_file_open(&file, z->path, err);
    if (st) return st;
    *archive_nbytes = file.nbytes;
    int own = fcntl(file.fd, F_DUPFD_CLOEXEC, 0), code = 0;
    assay_byte_file_close(&file);
    if (own < 0) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot open: %s", z->path, strerror(errno));
    z->archive = zip_fdopen(own, ZIP_CHECKCONS, &code);
    if (z->archive) return ASSAY_OK;
    close(own);
    return fail_open(z->path, code, err);
}

/* ---- names ---- */

static bool is_hidden(const char *part) { return *part == '.'; }

/* Whether a path stays inside the archive: relative, without "..", "." or empty parts, and without a backslash, which some
 * programs write for a slash. *depth counts its slashes, *hidden tells whether a part is hidden. */
static bool is_plain_path(const char *name, int *depth, bool *hidden) {
    *depth = 0;
    *hidden = false;
    if (strchr(name, '\\')) return false;
    for (const char *part = name;;) {
        size_t length = strcspn(part, "/");
        bool is_dots = (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.');
        bool is_last = part[length] == '\0';
        if (is_dots || (length == 0 && !(is_last && part > name))) return false; /* a folder's path ends in a slash */
        *hidden = *hidden || (length && is_hidden(part));
        if (is_last) return true;
        ++*depth;
        part += length + 1;
    }
}

static bool has_suffix(const char *name) {
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    return length > suffix && strcmp(name + length - suffix, SUFFIX) == 0 && name[length - suffix - 1] != '/';
}

static assay_status check_name(const assay_npy_zip *z, const char *name, bool *counts, assay_error *err) {
    int depth;
    bool hidden;
    if (!is_plain_path(name, &depth, &hidden))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: entry '%.120s': the path must be relative and plain (no '..', no backslash)", z->path,
                          name);
    if (depth > ASSAY_NPY_FOLDER_MAX_DEPTH)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: entry '%.120s': folders are nested more than %d deep", z->path,
                          name, ASSAY_NPY_FOLDER_MAX_DEPTH);
    *counts = !hidden && has_suffix(name);
    return ASSAY_OK;
}

/* ---- entries ---- */

static const char *archive_error(const assay_npy_zip *z) { return zip_strerror(z->archive); }

/* What zip_stat says of an entry, with all of it there that is needed. */
static assay_status stat_entry(const assay_npy_zip *z, zip_uint64_t index, zip_stat_t *out, assay_error *err) {
    const zip_uint64_t needed = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    zip_stat_init(out);
    if (zip_stat_index(z->archive, index, ZIP_FL_UNCHANGED, out) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: entry %llu cannot be read: %s", z->path,
                          (unsigned long long)index, archive_error(z));
    if ((out->valid & needed) == needed) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: entry %llu lacks its name or its size", z->path,
                      (unsigned long long)index);
}

static assay_status check_method(const assay_npy_zip *z, const zip_stat_t *info, assay_error *err) {
    if ((info->valid & ZIP_STAT_ENCRYPTION_METHOD) && info->encryption_method != ZIP_EM_NONE)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: entry '%.120s' is encrypted; pack it without a password",
                          z->path, info->name);
    if (info->comp_method == ZIP_CM_STORE || info->comp_method == ZIP_CM_DEFLATE) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: entry '%.120s' has compression method %d; store it, or compress it with deflate", z->path,
                      info->name, info->comp_method);
}

static assay_status add_entry(assay_npy_zip *z, const zip_stat_t *info, assay_error *err) {
    assay_npy_zip_entry *e = &z->entries[z->count];
    e->name = strndup(info->name, strlen(info->name) - strlen(SUFFIX));
    if (!e->name) return assay_fail_nomem(err, "a name");
    e->index = (size_t)info->index;
    e->nbytes = (size_t)info->size;
    z->count++;
    return ASSAY_OK;
}

static int compare_entries(const void *a, const void *b) {
    return strcmp(((const assay_npy_zip_entry *)a)->name, ((const assay_npy_zip_entry *)b)->name);
}

/* Takes what an entry claims from what is left. */
static assay_status spend(const assay_npy_zip *z, const zip_stat_t *info, uint64_t *left, assay_error *err) {
    if (info->size > *left)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: entry '%.120s' claims %llu bytes, and all entries together may unpack to %d times the "
                          "archive and 64 MiB; unpack it and name the folder",
                          z->path, info->name, (unsigned long long)info->size, ASSAY_NPY_ZIP_MAX_RATIO);
    *left -= info->size;
    return ASSAY_OK;
}

static assay_status list_entries(assay_npy_zip *z, uint64_t left, assay_error *err) {
    zip_int64_t count = zip_get_num_entries(z->archive, ZIP_FL_UNCHANGED);
    z->entries = calloc((size_t)(count > 0 ? count : 0) + 1, sizeof *z->entries);
    if (!z->entries) return assay_fail_nomem(err, "a list of tensors");
    assay_status st = ASSAY_OK;
    for (zip_int64_t i = 0; i < count && !st; i++) {
        zip_stat_t info;
        bool counts = false;
        st = stat_entry(z, (zip_uint64_t)i, &info, err);
        if (!st) st = check_name(z, info.name, &counts, err);
        if (!st && counts) st = check_method(z, &info, err);
        if (!st) st = spend(z, &info, &left, err);
        if (!st && counts) st = add_entry(z, &info, err);
    }
    if (st) return st;
    qsort(z->entries, z->count, sizeof *z->entries, compare_entries);
    return ASSAY_OK;
}

assay_status assay_npy_zip_open(assay_npy_zip *out, const char *path, assay_error *err) {
    assay_npy_zip z = {.path = strdup(path)};
    uint64_t nbytes = 0;
    if (!z.path) return assay_fail_nomem(err, path);
    assay_status st = open_archive(&z, &nbytes, err);
    const uint64_t most = (uint64_t)SIZE_MAX / (2 * ASSAY_NPY_ZIP_MAX_RATIO);
    if (!st)
        st = list_entries(
            &z, (nbytes < most ? nbytes : most) * ASSAY_NPY_ZIP_MAX_RATIO + ASSAY_NPY_ZIP_MAX_EXTRA_NBYTES, err);
    if (st) assay_npy_zip_close(&z);
    else *out = z;
    return st;
}

void assay_npy_zip_close(assay_npy_zip *z) {
    for (size_t i = 0; i < z->count; i++) free(z->entries[i].name);
    free(z->entries);
    if (z->archive) zip_discard(z->archive);
    free(z->path);
    *z = (assay_npy_zip){0};
}

/* ---- values ---- */

/* Reads nbytes, and sees that nothing follows: only then libzip has checked the sum. */
static bool read_whole(zip_file_t *file, char *buffer, size_t nbytes) {
    size_t done = 0;
    char more;
    while (done < nbytes) {
        zip_int64_t got = zip_fread(file, buffer + done, nbytes - done);
        if (got <= 0) return false;
        done += (size_t)got;
    }
    return zip_fread(file, &more, 1) == 0;
}

/* Unpacks an entry; the caller frees *out, which ends with a NUL that nbytes does not count. */
static assay_status unpack(const assay_npy_zip *z, zip_uint64_t index, size_t nbytes, const char *where, char **out,
                           assay_error *err) {
    char *buffer = malloc(nbytes + 1);
    if (!buffer) return assay_fail_nomem(err, where);
    zip_file_t *file = zip_fopen_index(z->archive, index, ZIP_FL_UNCHANGED);
    bool ok = file && read_whole(file, buffer, nbytes);
    if (!ok)
        assay_fail(err, ASSAY_EINPUT, NULL, "%s: damaged, or not as long as the archive says: %s", where,
                   file ? zip_file_strerror(file) : archive_error(z));
    if (file) zip_fclose(file);
    buffer[nbytes] = '\0';
    if (ok) *out = buffer;
    else free(buffer);
    return ok ? ASSAY_OK : ASSAY_EINPUT;
}

static void name_entry(const assay_npy_zip *z, const char *name, const char *suffix, char *out, size_t out_nbytes) {
    snprintf(out, out_nbytes, "%.400s: %.200s%s", z->path, name, suffix);
}

assay_status assay_npy_zip_read(const assay_npy_zip *z, const assay_npy_zip_entry *entry, assay_tensor *out,
                                assay_error *err) {
    char where[640], *bytes;
    assay_byte_file file;
    name_entry(z, entry->name, SUFFIX, where, sizeof where);
    assay_status st = unpack(z, entry->index, entry->nbytes, where, &bytes, err);
    if (st) return st;
    st = assay_byte_file_of_memory(&file, where, bytes, entry->nbytes, err);
    if (!st) {
        st = assay_npy_read_file(&file, out, err);
        assay_byte_file_close(&file);
    }
    free(bytes);
    return st;
}

assay_status assay_npy_zip_read_text(const assay_npy_zip *z, const char *name, size_t limit_nbytes, char **text,
                                     size_t *nbytes, assay_error *err) {
    char where[640];
    zip_stat_t info;
    zip_int64_t index = zip_name_locate(z->archive, name, ZIP_FL_UNCHANGED);
    *text = NULL;
    if (index < 0) return ASSAY_OK;
    name_entry(z, name, "", where, sizeof where);
    assay_status st = stat_entry(z, (zip_uint64_t)index, &info, err);
    if (!st) st = check_method(z, &info, err);
    if (!st && info.size > limit_nbytes)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: larger than %zu bytes", where, limit_nbytes);
    if (!st) st = unpack(z, (zip_uint64_t)index, (size_t)info.size, where, text, err);
    if (!st) *nbytes = (size_t)info.size;
    return st;
}
