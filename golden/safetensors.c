#include "golden/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/json_strict.h"

#define CHUNK_NBYTES 1048576 /* read at a time where values are converted */

/* Types of the format that are read. U8 is loaded through bool's one byte: its elements are numbers all the same. */
static const struct type_info {
    const char *text;
    assay_dtype stored; /* how the bytes are read */
    assay_dtype dtype;  /* what they become */
} types[] = {
    {"F64", ASSAY_F64, ASSAY_F64},    {"F32", ASSAY_F32, ASSAY_F32}, {"F16", ASSAY_F16, ASSAY_F16},
    {"BF16", ASSAY_BF16, ASSAY_BF16}, {"I64", ASSAY_I64, ASSAY_I64}, {"I32", ASSAY_I32, ASSAY_I32},
    {"BOOL", ASSAY_BOOL, ASSAY_BOOL}, {"U8", ASSAY_BOOL, ASSAY_I64},
};

static const struct type_info *find_type(const char *text) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(text, types[i].text) == 0) return &types[i];
    return NULL;
}

const char *assay_safetensors_type(assay_dtype dtype) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].stored == dtype && types[i].dtype == dtype) return types[i].text;
    return ""; /* not reached: every dtype has its row */
}

/* ---- the file ---- */

/* Reads the header's text (allocated, NUL-terminated). */
static assay_status read_header(const assay_byte_file *f, char **text, size_t *nbytes, assay_error *err) {
    unsigned char raw[8];
    if (f->nbytes < sizeof raw)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %llu bytes are too few for a .safetensors file", f->path,
                          (unsigned long long)f->nbytes);
    assay_status st = assay_byte_file_read(f, raw, sizeof raw, 0, err);
    if (st) return st;
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | raw[i];
    if (length > f->nbytes - sizeof raw || length > ASSAY_SAFETENSORS_MAX_HEADER)
        return assay_fail(
            err, ASSAY_EINPUT, NULL,
            "%s: the header claims %llu bytes of a file of %llu (at most %d are allowed); it is truncated, or "
            "not a .safetensors file",
            f->path, (unsigned long long)length, (unsigned long long)f->nbytes, ASSAY_SAFETENSORS_MAX_HEADER);
    char *buffer = malloc((size_t)length + 1);
    if (!buffer) return assay_fail_nomem(err, "a .safetensors header");
    st = assay_byte_file_read(f, buffer, (size_t)length, sizeof raw, err);
    if (st) {
        free(buffer);
        return st;
    }
    buffer[length] = '\0';
    *text = buffer;
    *nbytes = (size_t)length;
    return ASSAY_OK;
}

/* ---- entries ---- */

/* Where the data lie in the file. */
typedef struct {
    uint64_t begin, end;
} data_range;

static assay_status require_list(const cJSON *object, const char *key, const char *where, const cJSON **out,
                                 assay_error *err) {
    char text[600];
    assay_status st = assay_json_require(object, key, where, out, err);
    snprintf(text, sizeof text, "%s: %s", where, key);
    return st ? st : assay_json_as_array(*out, text, err);
}

static assay_status read_shape(assay_safetensors_entry *e, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *list;
    assay_status st = require_list(object, "shape", where, &list, err);
    for (const cJSON *size = st ? NULL : list->child; size && !st; size = size->next) {
        int64_t value;
        st = assay_json_as_int(size, where, &value, err);
        if (!st && value < 0) st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: the shape has a negative size", where);
        if (!st && e->rank < ASSAY_MAX_RANK) e->shape[e->rank] = value;
        if (!st) e->rank++;
    }
    return st;
}

static assay_status read_offsets(assay_safetensors_entry *e, const cJSON *object, data_range data, const char *where,
                                 assay_error *err) {
    const cJSON *list;
    int64_t begin = 0, end = 0;
    assay_status st = require_list(object, "data_offsets", where, &list, err);
    if (!st && cJSON_GetArraySize(list) != 2)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: data_offsets must be two numbers", where);
    if (!st) st = assay_json_as_int(list->child, where, &begin, err);
    if (!st) st = assay_json_as_int(list->child->next, where, &end, err);
    if (st) return st;
    uint64_t room = data.end - data.begin;
    if (begin < 0 || begin > end || (uint64_t)end > room)
        return assay_fail(
            err, ASSAY_EINPUT, NULL,
            "%s: data_offsets [%lld, %lld] do not lie in the %llu bytes of data; the file is truncated or damaged",
            where, (long long)begin, (long long)end, (unsigned long long)room);
    e->begin = data.begin + (uint64_t)begin;
    e->end = data.begin + (uint64_t)end;
    return ASSAY_OK;
}

/* Settles the type, and checks that the data have the size that type and shape need. */
static assay_status check_entry(assay_safetensors_entry *e, const char *where, assay_error *err) {
    const struct type_info *type = find_type(e->dtype_text);
    e->is_readable = type && e->rank <= ASSAY_MAX_RANK;
    if (!e->is_readable) return ASSAY_OK;
    e->dtype = type->dtype;
    assay_tensor stored = assay_tensor_view(type->stored, e->rank, e->shape, NULL);
    assay_tensor loaded = assay_tensor_view(type->dtype, e->rank, e->shape, NULL);
    int64_t count = assay_tensor_count(&stored);
    uint64_t nbytes = e->end - e->begin;
    if (count >= 0 && assay_tensor_count(&loaded) >= 0 && (uint64_t)count * assay_dtype_size(type->stored) == nbytes)
        return ASSAY_OK;
    char shape[192];
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %llu bytes of data do not make the shape %s of %s", where,
                      (unsigned long long)nbytes, assay_tensor_shape_text(&stored, shape, sizeof shape), e->dtype_text);
}

static assay_status read_entry(assay_safetensors *f, const cJSON *object, data_range data, assay_error *err) {
    static const char *const keys[] = {"dtype", "shape", "data_offsets", NULL};
    char where[512];
    const cJSON *value;
    const char *dtype = "";
    assay_safetensors_entry *e = &f->entries[f->count];
    snprintf(where, sizeof where, "%.300s: tensor '%.150s'", f->file.path, object->string);
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = assay_json_require(object, "dtype", where, &value, err);
    if (!st) st = assay_json_get_string(object, "dtype", where, &dtype, err);
    snprintf(e->dtype_text, sizeof e->dtype_text, "%s", dtype);
    if (!st) st = read_shape(e, object, where, err);
    if (!st) st = read_offsets(e, object, data, where, err);
    if (!st) st = check_entry(e, where, err);
    if (st) return st;
    e->name = strdup(object->string);
    if (!e->name) return assay_fail_nomem(err, "a name");
    f->count++;
    return ASSAY_OK;
}

static int compare_entries(const void *a, const void *b) {
    return strcmp((*(assay_safetensors_entry *const *)a)->name, (*(assay_safetensors_entry *const *)b)->name);
}

static assay_status sort_names(assay_safetensors *f, assay_error *err) {
    f->by_name = malloc((f->count + 1) * sizeof(assay_safetensors_entry *));
    if (!f->by_name) return assay_fail_nomem(err, "a list of tensors");
    for (size_t i = 0; i < f->count; i++) f->by_name[i] = &f->entries[i];
    qsort(f->by_name, f->count, sizeof *f->by_name, compare_entries);
    return ASSAY_OK;
}

static assay_status read_entries(assay_safetensors *f, const cJSON *header, data_range data, assay_error *err) {
    assay_status st = assay_json_as_object(header, f->file.path, err);
    if (st) return st;
    f->entries = calloc((size_t)cJSON_GetArraySize(header) + 1, sizeof *f->entries);
    if (!f->entries) return assay_fail_nomem(err, "a list of tensors");
    for (const cJSON *member = header->child; member && !st; member = member->next)
        if (strcmp(member->string, ASSAY_SAFETENSORS_METADATA) != 0) st = read_entry(f, member, data, err);
    return st ? st : sort_names(f, err);
}

static assay_status read_texts(assay_safetensors *f, const cJSON *header, assay_error *err) {
    char where[512], text_where[600];
    const cJSON *metadata = assay_json_member(header, ASSAY_SAFETENSORS_METADATA);
    if (!metadata) return ASSAY_OK;
    snprintf(where, sizeof where, "%.300s: " ASSAY_SAFETENSORS_METADATA, f->file.path);
    assay_status st = assay_json_as_object(metadata, where, err);
    if (st) return st;
    f->texts = calloc((size_t)cJSON_GetArraySize(metadata) + 1, sizeof *f->texts);
    if (!f->texts) return assay_fail_nomem(err, "a list of texts");
    for (const cJSON *member = metadata->child; member; member = member->next) {
        const char *value;
        snprintf(text_where, sizeof text_where, "%s: %.80s", where, member->string);
        st = assay_json_as_string(member, text_where, &value, err);
        if (st) return st;
        assay_safetensors_text *text = &f->texts[f->text_count++];
        *text = (assay_safetensors_text){strdup(member->string), strdup(value)};
        if (!text->key || !text->value) return assay_fail_nomem(err, "a text");
    }
    return ASSAY_OK;
}

static assay_status open_safetensors(assay_safetensors *f, const char *path, assay_error *err) {
    char *text = NULL, where[512];
    size_t nbytes = 0;
    cJSON *header;
    assay_status st = assay_byte_file_open(&f->file, path, err);
    if (!st) st = read_header(&f->file, &text, &nbytes, err);
    if (st) return st;
    snprintf(where, sizeof where, "%.400s: header", path);
    st = assay_json_parse(&header, text, nbytes, where, err);
    free(text);
    if (st) return st;
    st = read_entries(f, header, (data_range){8 + nbytes, f->file.nbytes}, err);
    if (!st) st = read_texts(f, header, err);
    cJSON_Delete(header);
    return st;
}

assay_status assay_safetensors_open(assay_safetensors *out, const char *path, assay_error *err) {
    assay_safetensors f = {.file.fd = -1};
    assay_status st = open_safetensors(&f, path, err);
    if (st) assay_safetensors_close(&f);
    else *out = f;
    return st;
}

void assay_safetensors_close(assay_safetensors *f) {
    for (size_t i = 0; i < f->count; i++) free(f->entries[i].name);
    for (size_t i = 0; i < f->text_count; i++) {
        free((void *)f->texts[i].key);
        free((void *)f->texts[i].value);
    }
    free(f->by_name);
    free(f->entries);
    free(f->texts);
    assay_byte_file_close(&f->file);
    *f = (assay_safetensors){.file.fd = -1};
}

const assay_safetensors_entry *assay_safetensors_find(const assay_safetensors *f, const char *name) {
    assay_safetensors_entry key = {.name = (char *)(uintptr_t)name}, *key_pointer = &key;
    assay_safetensors_entry **found = bsearch(&key_pointer, f->by_name, f->count, sizeof *f->by_name, compare_entries);
    return found ? *found : NULL;
}

/* ---- values ---- */

static assay_status read_converted(const assay_safetensors *f, const assay_safetensors_entry *e, assay_dtype stored,
                                   assay_tensor *t, assay_error *err) {
    char *buffer = malloc(CHUNK_NBYTES);
    if (!buffer) return assay_fail_nomem(err, "a buffer");
    size_t from = assay_dtype_size(stored), to = assay_dtype_size(t->dtype), count = (size_t)assay_tensor_count(t);
    assay_status st = ASSAY_OK;
    for (size_t first = 0; first < count && !st; first += CHUNK_NBYTES / from) {
        size_t n = count - first < CHUNK_NBYTES / from ? count - first : CHUNK_NBYTES / from;
        st = assay_byte_file_read(&f->file, buffer, n * from, e->begin + first * from, err);
        if (!st) assay_convert((char *)t->data + first * to, t->dtype, buffer, stored, n);
    }
    free(buffer);
    return st;
}

assay_status assay_safetensors_check(const assay_safetensors *f, const assay_safetensors_entry *e, assay_error *err) {
    if (e->is_readable) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: tensor '%.150s' has the type %s and rank %d; convert it to F32, F16, BF16 or F64 (rank at "
                      "most %d)",
                      f->file.path, e->name, e->dtype_text, e->rank, ASSAY_MAX_RANK);
}

bool assay_safetensors_locate(const assay_safetensors *f, const assay_safetensors_entry *e, assay_stored_values *out) {
    if (find_type(e->dtype_text)->stored != e->dtype) return false;
    *out = (assay_stored_values){
        .info = assay_tensor_view(e->dtype, e->rank, e->shape, NULL), .file = f->file, .begin = e->begin};
    snprintf(out->name, sizeof out->name, "%s", e->name);
    return true;
}

assay_status assay_safetensors_read(const assay_safetensors *f, const assay_safetensors_entry *e, assay_dtype dtype,
                                    assay_tensor *out, assay_error *err) {
    assay_status st = assay_safetensors_check(f, e, err);
    if (st) return st;
    assay_dtype stored = find_type(e->dtype_text)->stored;
    assay_tensor t;
    st = assay_tensor_alloc(&t, dtype, e->rank, e->shape, e->name, err);
    if (st) return st;
    if (stored != dtype || e->dtype != stored) st = read_converted(f, e, stored, &t, err);
    else st = assay_byte_file_read(&f->file, t.data, assay_tensor_nbytes(&t), e->begin, err);
    if (st) assay_tensor_free(&t);
    else *out = t;
    return st;
}
