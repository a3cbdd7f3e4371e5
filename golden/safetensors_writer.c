#include "golden/safetensors_writer.h"

#include <cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/atomic_file.h"
#include "golden/json_scan.h"

#define ALIGNMENT 8 /* of the data */

/* One tensor of the map. */
typedef struct {
    const char *name;
    const assay_tensor *tensor;
} member;

static int compare_members(const void *a, const void *b) {
    const member *x = a, *y = b;
    size_t width_x = assay_dtype_size(x->tensor->dtype), width_y = assay_dtype_size(y->tensor->dtype);
    return width_x != width_y ? (width_x < width_y) - (width_x > width_y) : strcmp(x->name, y->name);
}

/* The map's tensors in the order of the file (allocated). NULL when out of memory. */
static member *sort_members(const assay_tensor_map *map, size_t count) {
    member *members = calloc(count + 1, sizeof *members);
    for (size_t i = 0; members && i < count; i++)
        members[i] = (member){assay_tensor_map_name(map, i), assay_tensor_map_at(map, i)};
    if (members) qsort(members, count, sizeof *members, compare_members);
    return members;
}

/* ---- the header ---- */

static bool add_texts(cJSON *header, const assay_safetensors_text *texts, size_t count) {
    cJSON *object = count ? cJSON_AddObjectToObject(header, ASSAY_SAFETENSORS_METADATA) : NULL;
    bool ok = count == 0 || object;
    for (size_t i = 0; ok && i < count; i++) ok = cJSON_AddStringToObject(object, texts[i].key, texts[i].value);
    return ok;
}

static bool add_number(cJSON *list, uint64_t value) {
    return list && cJSON_AddItemToArray(list, cJSON_CreateNumber((double)value));
}

static bool add_member(cJSON *header, const member *m, uint64_t begin, uint64_t end) {
    cJSON *object = cJSON_AddObjectToObject(header, m->name);
    bool ok = object && cJSON_AddStringToObject(object, "dtype", assay_safetensors_type(m->tensor->dtype));
    cJSON *shape = ok ? cJSON_AddArrayToObject(object, "shape") : NULL;
    cJSON *offsets = shape ? cJSON_AddArrayToObject(object, "data_offsets") : NULL;
    ok = shape && offsets;
    for (int i = 0; ok && i < m->tensor->rank; i++) ok = add_number(shape, (uint64_t)m->tensor->shape[i]);
    return ok && add_number(offsets, begin) && add_number(offsets, end);
}

static bool fill_header(cJSON *header, const member *members, size_t count) {
    bool ok = true;
    uint64_t begin = 0;
    for (size_t i = 0; ok && i < count; i++) {
        uint64_t end = begin + assay_tensor_nbytes(members[i].tensor);
        ok = add_member(header, &members[i], begin, end);
        begin = end;
    }
    return ok;
}

/* Names come from anywhere: what a reader would refuse is not written. */
static assay_status check_header(const char *path, const char *text, assay_error *err) {
    char where[512];
    size_t nbytes = strlen(text);
    if (nbytes > ASSAY_SAFETENSORS_MAX_HEADER - ALIGNMENT)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the header would have %zu bytes; at most %d are allowed", path,
                          nbytes, ASSAY_SAFETENSORS_MAX_HEADER);
    snprintf(where, sizeof where, "%.400s: header", path);
    return assay_json_scan(text, nbytes, where, err);
}

/* Makes the header's text (allocated; to be freed with cJSON_free). */
static assay_status make_header(char **out, const member *members, size_t count, const assay_safetensors_text *texts,
                                size_t text_count, assay_error *err) {
    cJSON *header = cJSON_CreateObject();
    bool ok = header && add_texts(header, texts, text_count) && fill_header(header, members, count);
    char *text = ok ? cJSON_PrintUnformatted(header) : NULL;
    cJSON_Delete(header);
    if (!text) return assay_fail_nomem(err, "a .safetensors header");
    *out = text;
    return ASSAY_OK;
}

/* ---- the file ---- */

static assay_status write_file(const char *path, const char *header, const member *members, size_t count,
                               assay_error *err) {
    unsigned char length[8];
    size_t used = strlen(header), nbytes = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)nbytes >> (8 * i));
    assay_bytes *parts = calloc(count + 3, sizeof *parts);
    if (!parts) return assay_fail_nomem(err, "a list of tensors");
    parts[0] = (assay_bytes){length, sizeof length};
    parts[1] = (assay_bytes){header, used};
    parts[2] = (assay_bytes){"       ", nbytes - used};
    for (size_t i = 0; i < count; i++)
        parts[3 + i] = (assay_bytes){members[i].tensor->data, assay_tensor_nbytes(members[i].tensor)};
    assay_status st = assay_write_parts_atomically(path, parts, count + 3, err);
    free(parts);
    return st;
}

assay_status assay_safetensors_write(const char *path, const assay_tensor_map *map, const assay_safetensors_text *texts,
                                     size_t text_count, assay_error *err) {
    if (assay_tensor_map_get(map, ASSAY_SAFETENSORS_METADATA))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the format has no room for a tensor called '%s'; rename it",
                          path, ASSAY_SAFETENSORS_METADATA);
    size_t count = assay_tensor_map_count(map);
    member *members = sort_members(map, count);
    if (!members) return assay_fail_nomem(err, "a list of tensors");
    char *header = NULL;
    assay_status st = make_header(&header, members, count, texts, text_count, err);
    if (!st) st = check_header(path, header, err);
    if (!st) st = write_file(path, header, members, count, err);
    cJSON_free(header);
    free(members);
    return st;
}
