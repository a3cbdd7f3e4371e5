#include "golden/npy.h"

#include <stdlib.h>
#include <string.h>

#include "core/atomic_file.h"
#include "core/atomic_folder.h"
#include "golden/byte_file.h"
#include "golden/npy_header.h"

#define MAGIC "\x93NUMPY"
#define MAGIC_NBYTES 6
#define MAX_HEADER_NBYTES 65535 /* what version 1.0 can say; no array that is read needs more */
#define CHUNK_NBYTES 1048576    /* read at a time where values are converted */

/* ---- the header ---- */

/* Reads magic and version; the dictionary is at [*begin, *begin + *nbytes). */
static assay_status read_prefix(const assay_byte_file *f, uint64_t *begin, uint64_t *nbytes, assay_error *err) {
    unsigned char raw[12] = {0};
    size_t some = f->nbytes < sizeof raw ? (size_t)f->nbytes : sizeof raw;
    assay_status st = assay_byte_file_read(f, raw, some, 0, err);
    if (st) return st;
    if (some < 10 || memcmp(raw, MAGIC, MAGIC_NBYTES) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: not a .npy file", f->path);
    if (raw[6] < 1 || raw[6] > 3 || raw[7] != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: .npy format version %d.%d; this program reads 1.0, 2.0 and 3.0",
                          f->path, raw[6], raw[7]);
    *begin = raw[6] == 1 ? 10 : 12;
    *nbytes = (uint64_t)raw[8] | (uint64_t)raw[9] << 8;
    if (raw[6] > 1) *nbytes |= (uint64_t)raw[10] << 16 | (uint64_t)raw[11] << 24;
    if (*begin <= f->nbytes && *nbytes <= f->nbytes - *begin && *nbytes <= MAX_HEADER_NBYTES) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: the header claims %llu bytes of a file of %llu (at most %d are allowed); it is truncated",
                      f->path, (unsigned long long)*nbytes, (unsigned long long)f->nbytes, MAX_HEADER_NBYTES);
}

/* Checks that the data, from `begin` to the end of the file, are what the header says. */
static assay_status check_size(const assay_byte_file *f, const assay_npy_header *h, uint64_t begin, assay_error *err) {
    uint64_t expected = (uint64_t)assay_tensor_count(&h->info) * h->width, found = f->nbytes - begin;
    if (expected == found) return ASSAY_OK;
    char shape[192];
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %llu bytes of data where the shape %s needs %llu; the file is %s",
                      f->path, (unsigned long long)found, assay_tensor_shape_text(&h->info, shape, sizeof shape),
                      (unsigned long long)expected, found < expected ? "truncated" : "longer than one array");
}

static assay_status read_header(const assay_byte_file *f, assay_npy_header *h, uint64_t *data, assay_error *err) {
    uint64_t begin = 0, nbytes = 0;
    assay_status st = read_prefix(f, &begin, &nbytes, err);
    if (st) return st;
    char *text = malloc((size_t)nbytes + 1);
    if (!text) return assay_fail_nomem(err, "a .npy header");
    text[nbytes] = '\0';
    st = assay_byte_file_read(f, text, (size_t)nbytes, begin, err);
    if (!st) st = assay_npy_header_parse(h, text, (size_t)nbytes, f->path, err);
    free(text);
    *data = begin + nbytes;
    return st ? st : check_size(f, h, *data, err);
}

/* ---- values ---- */

static void swap_bytes(unsigned char *data, size_t width, size_t n) {
    for (unsigned char *p = data; n > 0; n--, p += width)
        for (size_t i = 0; i < width / 2; i++) {
            unsigned char byte = p[i];
            p[i] = p[width - 1 - i];
            p[width - 1 - i] = byte;
        }
}

/* A little-endian integer, with its sign extended where it has one. */
static uint64_t load_integer(const unsigned char *p, size_t width, bool is_signed) {
    uint64_t bits = is_signed && p[width - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = width; i-- > 0;) bits = bits << 8 | p[i];
    return bits;
}

/* n elements of a type that no dtype stores. False when one is beyond int64. */
static bool widen(assay_tensor *t, size_t first, const unsigned char *raw, const assay_npy_header *h, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = load_integer(raw + i * h->width, h->width, h->kind == 'i');
        if (h->kind == 'u' && bits > INT64_MAX) return false;
        if (h->kind == 'b') ((unsigned char *)t->data)[first + i] = bits != 0;
        else ((int64_t *)t->data)[first + i] = (int64_t)bits;
    }
    return true;
}

static bool is_stored_as_is(const assay_npy_header *h) {
    return h->kind == 'f' || (h->kind == 'i' && h->width == assay_dtype_size(h->info.dtype));
}

static assay_status read_as_is(const assay_byte_file *f, const assay_npy_header *h, uint64_t data, assay_tensor *t,
                               assay_error *err) {
    assay_status st = assay_byte_file_read(f, t->data, assay_tensor_nbytes(t), data, err);
    if (!st && h->is_big_endian) swap_bytes(t->data, h->width, (size_t)assay_tensor_count(t));
    return st;
}

static assay_status read_widened(const assay_byte_file *f, const assay_npy_header *h, uint64_t data, assay_tensor *t,
                                 assay_error *err) {
    unsigned char *buffer = malloc(CHUNK_NBYTES);
    if (!buffer) return assay_fail_nomem(err, "a buffer");
    size_t count = (size_t)assay_tensor_count(t), at_once = CHUNK_NBYTES / h->width;
    assay_status st = ASSAY_OK;
    for (size_t first = 0; first < count && !st; first += at_once) {
        size_t n = count - first < at_once ? count - first : at_once;
        st = assay_byte_file_read(f, buffer, n * h->width, data + first * h->width, err);
        if (!st && h->is_big_endian) swap_bytes(buffer, h->width, n);
        if (!st && !widen(t, first, buffer, h, n))
            st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: an integer is beyond int64", f->path);
    }
    free(buffer);
    return st;
}

/* Replaces a tensor whose data are in Fortran order (the first axis runs fastest) by its row-major copy. */
static assay_status make_row_major(assay_tensor *t, assay_error *err) {
    assay_tensor copy;
    assay_status st = assay_tensor_alloc(&copy, t->dtype, t->rank, t->shape, "an array", err);
    if (st) return st;
    size_t width = assay_dtype_size(t->dtype), count = (size_t)assay_tensor_count(t);
    int64_t at[ASSAY_MAX_RANK] = {0};
    for (size_t i = 0; i < count; i++) { /* in the order of the file */
        size_t target = 0;
        for (int axis = 0; axis < t->rank; axis++) target = target * (size_t)t->shape[axis] + (size_t)at[axis];
        memcpy((char *)copy.data + target * width, (const char *)t->data + i * width, width);
        for (int axis = 0; axis < t->rank && ++at[axis] == t->shape[axis]; axis++) at[axis] = 0;
    }
    assay_tensor_free(t);
    *t = copy;
    return ASSAY_OK;
}

assay_status assay_npy_read_file(const assay_byte_file *f, assay_tensor *out, assay_error *err) {
    assay_npy_header h;
    uint64_t data = 0;
    assay_tensor t;
    assay_status st = read_header(f, &h, &data, err);
    if (!st) st = assay_tensor_alloc(&t, h.info.dtype, h.info.rank, h.info.shape, f->path, err);
    if (st) return st;
    st = is_stored_as_is(&h) ? read_as_is(f, &h, data, &t, err) : read_widened(f, &h, data, &t, err);
    if (!st && h.is_fortran && t.rank > 1) st = make_row_major(&t, err);
    if (st) assay_tensor_free(&t);
    else *out = t;
    return st;
}

assay_status assay_npy_read(const char *path, assay_tensor *out, assay_error *err) {
    assay_byte_file f;
    assay_status st = assay_byte_file_open(&f, path, err);
    if (st) return st;
    st = assay_npy_read_file(&f, out, err);
    assay_byte_file_close(&f);
    return st;
}

assay_status assay_npy_describe(const char *path, assay_tensor *out, assay_error *err) {
    assay_byte_file f;
    assay_npy_header h;
    uint64_t data;
    assay_status st = assay_byte_file_open(&f, path, err);
    if (st) return st;
    st = read_header(&f, &h, &data, err);
    assay_byte_file_close(&f);
    if (!st) *out = h.info;
    return st;
}

assay_status assay_npy_locate(const char *path, assay_stored_values *out, bool *found, assay_error *err) {
    assay_npy_header h;
    assay_stored_values values = {.owns_file = true};
    assay_status st = assay_byte_file_open(&values.file, path, err);
    if (st) return st;
    st = read_header(&values.file, &h, &values.begin, err);
    if (!st) {
        bool in_order = !(h.is_big_endian && h.width > 1) && !(h.is_fortran && h.info.rank > 1);
        values.info = h.info;
        *found = is_stored_as_is(&h) && in_order;
    }
    if (!st && *found) *out = values;
    else assay_stored_values_close(&values);
    return st;
}

/* ---- writing ---- */

typedef assay_status (*parts_writer)(const char *path, const assay_bytes *parts, size_t count, assay_error *err);

static assay_status write_array(const char *path, const assay_tensor *t, parts_writer write, assay_error *err) {
    assay_tensor wide = {0};
    if (t->dtype == ASSAY_BF16) {
        assay_status st = assay_tensor_copy(&wide, t, ASSAY_F32, err);
        if (st) return st;
        t = &wide;
    }
    char header[ASSAY_NPY_HEADER_NBYTES];
    const assay_bytes parts[] = {{header, assay_npy_header_format(t, header)}, {t->data, assay_tensor_nbytes(t)}};
    assay_status st = write(path, parts, 2, err);
    assay_tensor_free(&wide);
    return st;
}

assay_status assay_npy_write(const char *path, const assay_tensor *t, assay_error *err) {
    return write_array(path, t, assay_write_parts_atomically, err);
}

assay_status assay_npy_write_new(const char *path, const assay_tensor *t, assay_error *err) {
    return write_array(path, t, assay_write_new_file, err);
}
