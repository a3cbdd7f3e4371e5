/*
 * Reading .safetensors files.
 */
#ifndef ASSAY_GOLDEN_SAFETENSORS_H
#define ASSAY_GOLDEN_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"
#include "golden/byte_file.h"
#include "golden/stored_values.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_SAFETENSORS_MAX_HEADER 100000000 /* bytes; the format's own limit */
#define ASSAY_SAFETENSORS_METADATA "__metadata__"

/* One tensor of a file. */
typedef struct {
    char *name;
    char dtype_text[16]; /* as the file says: "F32", "BF16", "F8_E4M3" ... */
    bool is_readable;    /* false: a type that Assay does not read; dtype is then meaningless */
    assay_dtype dtype;   /* what assay_safetensors_read makes without conversion; U8 becomes int64 */
    int rank;
    int64_t shape[ASSAY_MAX_RANK];
    uint64_t begin, end; /* bytes, from the start of the file */
} assay_safetensors_entry;

/* A text of the header's __metadata__. */
typedef struct {
    const char *key, *value;
} assay_safetensors_text;

/* An open file. Entries and texts are in the order of the header. */
typedef struct {
    assay_byte_file file;
    assay_safetensors_entry *entries;
    size_t count;
    assay_safetensors_entry **by_name; /* sorted, for assay_safetensors_find */
    assay_safetensors_text *texts;     /* (text_count) of __metadata__ */
    size_t text_count;
} assay_safetensors;

/* The format's name of a dtype: "F32", "BF16" ... */
const char *assay_safetensors_type(assay_dtype dtype);

/* Opens and checks the whole header: its length, strict JSON, known keys, offsets inside the file, sizes that fit the
 * shapes. ASSAY_EINPUT otherwise. Close with assay_safetensors_close. */
assay_status assay_safetensors_open(assay_safetensors *out, const char *path, assay_error *err);

void assay_safetensors_close(assay_safetensors *file);

/* The entry of a name, or NULL. */
const assay_safetensors_entry *assay_safetensors_find(const assay_safetensors *file, const char *name);

/* Reads a tensor into an owned one of `dtype`, in chunks: memory is not doubled by the conversion. */
assay_status assay_safetensors_read(const assay_safetensors *file, const assay_safetensors_entry *entry,
                                    assay_dtype dtype, assay_tensor *out, assay_error *err);

/* ASSAY_EINPUT when assay_safetensors_read would refuse the tensor's type or rank. */
assay_status assay_safetensors_check(const assay_safetensors *file, const assay_safetensors_entry *entry,
                                     assay_error *err);

/* Where the values of a readable tensor lie, in the dtype of the entry. False, and *out is not set, when they have to be converted
 * (U8). out->file is the open file's own. */
bool assay_safetensors_locate(const assay_safetensors *file, const assay_safetensors_entry *entry,
                              assay_stored_values *out);

#ifdef __cplusplus
}
#endif

#endif
