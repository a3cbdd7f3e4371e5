/* Reading .safetensors, JSON and whole files; and how the program ends early. */
#include <cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

/* What an early end calls first: the program has one of it. */
static void (*early_end)(bool declined, const char *why);

void port_at_early_end(void (*call)(bool declined, const char *why)) { early_end = call; }

static void tell(bool declined, const char *why) {
    if (early_end != NULL) early_end(declined, why);
    fprintf(stderr, "longllama_port: %s\n", why);
}

void port_stop(const char *format, ...) {
    char why[512];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    tell(false, why);
    exit(2);
}

void port_decline(const char *format, ...) {
    char why[512];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    tell(true, why);
    exit(2);
}

void *port_alloc(size_t count, size_t nbytes) {
    void *p = calloc(count > 0 ? count : 1, nbytes);
    if (p == NULL) port_stop("out of memory");
    return p;
}

char *port_read_file(const char *path, size_t *nbytes) {
    FILE *f = fopen(path, "rb");
    if (f == NULL) return NULL;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    if (size < 0) port_stop("%s: cannot be read", path);
    char *data = port_alloc((size_t)size + 1, 1);
    if (fread(data, 1, (size_t)size, f) != (size_t)size) port_stop("%s: cannot be read", path);
    fclose(f);
    *nbytes = (size_t)size;
    return data;
}

cJSON *port_read_json(const char *path) {
    size_t nbytes;
    char *file = port_read_file(path, &nbytes);
    cJSON *json = file != NULL ? cJSON_Parse(file) : NULL;
    free(file);
    return json;
}

/* The numbers of nested lists of the sizes of `out`, in order. */
static void take_numbers(const cJSON *list, int depth, port_array *out, int64_t *at) {
    const cJSON *part;
    if (depth == out->rank) {
        if (!cJSON_IsNumber(list)) port_stop("a list holds something other than numbers");
        out->data[(*at)++] = list->valuedouble;
        return;
    }
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != out->size[depth]) port_stop("a list is ragged");
    cJSON_ArrayForEach(part, list) { take_numbers(part, depth + 1, out, at); }
}

void port_read_array(const cJSON *step, const char *key, port_array *out) {
    memset(out, 0, sizeof *out);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(step, key);
    int64_t count = 1, at = 0;
    if (list == NULL) return;
    for (const cJSON *part = list; cJSON_IsArray(part) && out->rank < 4; part = part->child)
        count *= out->size[out->rank++] = cJSON_GetArraySize(part);
    out->data = port_alloc((size_t)count, sizeof(double));
    take_numbers(list, 0, out, &at);
}

float *port_safetensor(const char *file, size_t nbytes, const char *name, int64_t count) {
    uint64_t header;
    memcpy(&header, file, 8);
    cJSON *json = cJSON_ParseWithLength(file + 8, (size_t)header);
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(json, name);
    if (entry == NULL) {
        cJSON_Delete(json);
        return NULL;
    }
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    const cJSON *from = cJSON_GetArrayItem(range, 0), *to = cJSON_GetArrayItem(range, 1);
    if (!cJSON_IsString(type) || strcmp(type->valuestring, "F32") != 0 || from == NULL || to == NULL)
        port_stop("model.safetensors: %s is no float32 tensor; this port reads those alone", name);
    size_t begin = (size_t)from->valuedouble, end = (size_t)to->valuedouble;
    if (end < begin || end - begin != (size_t)count * 4 || 8 + header + end > nbytes)
        port_stop("model.safetensors: %s has another size than config.json says", name);
    float *out = port_alloc((size_t)count, 4);
    memcpy(out, file + 8 + header + begin, end - begin);
    cJSON_Delete(json);
    return out;
}
