/* Reading .npy, .safetensors and whole files. */
#include <cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

void port_stop(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("longllama_port: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
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

/* An element of a little-endian array of one of the types that the exported inputs have. */
static double element(const char *at, const char *type) {
    if (strcmp(type, "<f4") == 0) {
        float x;
        memcpy(&x, at, sizeof x);
        return (double)x;
    }
    if (strcmp(type, "<f8") == 0) {
        double x;
        memcpy(&x, at, sizeof x);
        return x;
    }
    int64_t x;
    memcpy(&x, at, sizeof x);
    return (double)x;
}

void port_read_npy(const char *path, port_array *out) {
    memset(out, 0, sizeof *out);
    size_t nbytes;
    char *file = port_read_file(path, &nbytes);
    if (file == NULL) return;
    if (nbytes < 10 || memcmp(file, "\x93NUMPY\x01", 7) != 0) port_stop("%s: is no .npy file of version 1", path);
    size_t data = 10 + (size_t)(unsigned char)file[8] + 256 * (size_t)(unsigned char)file[9];
    char type[4] = {0};
    const char *descr = strstr(file + 10, "'descr': '"), *shape = strstr(file + 10, "'shape': (");
    if (data > nbytes || descr == NULL || shape == NULL || strstr(file + 10, "'fortran_order': False") == NULL)
        port_stop("%s: has a header that this port cannot read", path);
    memcpy(type, descr + 10, 3);
    if (strcmp(type, "<i8") != 0 && strcmp(type, "<f4") != 0 && strcmp(type, "<f8") != 0)
        port_stop("%s: has the type %s, not <i8, <f4 or <f8", path, type);
    int64_t count = 1;
    const char *p = shape + 10;
    for (char *end; *p != ')' && out->rank < 4; p = end + strspn(end, ", ")) {
        out->size[out->rank] = strtoll(p, &end, 10);
        if (end == p) port_stop("%s: has a header that this port cannot read", path);
        count *= out->size[out->rank++];
    }
    size_t each = type[2] == '4' ? 4 : 8;
    if (nbytes - data != (size_t)count * each) port_stop("%s: is longer or shorter than its header says", path);
    out->data = port_alloc((size_t)count, sizeof(double));
    for (int64_t i = 0; i < count; i++) out->data[i] = element(file + data + (size_t)i * each, type);
    free(file);
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
