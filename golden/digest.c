#include "golden/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
/* Where the library has it: the same functions, for what the processor can do. */
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif

#include "core/weight_names.h"

#define CHUNK 4096 /* elements that are converted at a time */

static void to_hex(const unsigned char *bytes, size_t n, char *hex) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * n] = '\0';
}

bool assay_is_digest(const char *text, size_t digits) {
    return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

assay_status assay_sha256_hex(const void *data, size_t nbytes, char hex[ASSAY_SHA256_TEXT], assay_error *err) {
    unsigned char sum[32];
    if (!EVP_Digest(nbytes ? data : "", nbytes, sum, NULL, EVP_sha256(), NULL))
        return assay_fail(err, ASSAY_EINTERNAL, NULL, "OpenSSL cannot compute a SHA-256");
    to_hex(sum, sizeof sum, hex);
    return ASSAY_OK;
}

static void xxh128_text(XXH128_hash_t hash, char hex[ASSAY_XXH128_TEXT]) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, hash);
    to_hex(canonical.digest, sizeof canonical.digest, hex);
}

void assay_xxh128_hex(const void *data, size_t nbytes, char hex[ASSAY_XXH128_TEXT]) {
    xxh128_text(XXH3_128bits(nbytes ? data : "", nbytes), hex);
}

/* The stream is XXH3's own state. */
assay_xxh128_stream *assay_xxh128_begin(void) {
    XXH3_state_t *state = XXH3_createState();
    if (state) XXH3_128bits_reset(state);
    return (assay_xxh128_stream *)state;
}

void assay_xxh128_add(assay_xxh128_stream *stream, const void *data, size_t nbytes) {
    XXH3_128bits_update((XXH3_state_t *)stream, data, nbytes);
}

void assay_xxh128_end(assay_xxh128_stream *stream, char hex[ASSAY_XXH128_TEXT]) {
    if (!stream) return;
    if (hex) xxh128_text(XXH3_128bits_digest((XXH3_state_t *)stream), hex);
    XXH3_freeState((XXH3_state_t *)stream);
}

assay_status assay_fail_digest(assay_error *err, const char *path, const char *what, const char *attribute) {
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: %s does not have the digest that %s says; the file is damaged or was put together from two",
                      path, what, attribute);
}

void assay_tensor_xxh128(const assay_tensor *t, char hex[ASSAY_XXH128_TEXT]) {
    assay_xxh128_hex(t->data, assay_tensor_nbytes(t), hex);
}

/* The digest of the values as float32, converted a chunk at a time. */
static void float32_xxh128(const assay_tensor *t, XXH3_state_t *state, char hex[ASSAY_XXH128_TEXT]) {
    float chunk[CHUNK];
    size_t count = (size_t)assay_tensor_count(t), size = assay_dtype_size(t->dtype);
    if (t->dtype == ASSAY_F32) {
        assay_tensor_xxh128(t, hex);
        return;
    }
    XXH3_128bits_reset(state);
    for (size_t first = 0; first < count; first += CHUNK) {
        size_t n = count - first < CHUNK ? count - first : CHUNK;
        assay_convert(chunk, ASSAY_F32, (const char *)t->data + first * size, t->dtype, n);
        XXH3_128bits_update(state, chunk, n * sizeof *chunk);
    }
    xxh128_text(XXH3_128bits_digest(state), hex);
}

static int compare_texts(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* "name shape digest\n", allocated; NULL when out of memory. */
static char *weight_line(const char *name, const assay_tensor *t, XXH3_state_t *state) {
    char digest[ASSAY_XXH128_TEXT], shape[ASSAY_MAX_RANK * 21 + 1] = "", *line;
    size_t at = 0;
    for (int i = 0; i < t->rank; i++)
        at += (size_t)snprintf(shape + at, sizeof shape - at, i ? "x%lld" : "%lld", (long long)t->shape[i]);
    float32_xxh128(t, state, digest);
    return asprintf(&line, "%s %s %s\n", name, shape, digest) < 0 ? NULL : line;
}

/* Sorting whole lines sorts by name: the space behind a name comes before every character of a longer one. */
static void digest_lines(char **lines, size_t count, XXH3_state_t *state, char hex[ASSAY_XXH128_TEXT]) {
    qsort(lines, count, sizeof *lines, compare_texts);
    XXH3_128bits_reset(state);
    for (size_t i = 0; i < count; i++) XXH3_128bits_update(state, lines[i], strlen(lines[i]));
    xxh128_text(XXH3_128bits_digest(state), hex);
}

assay_status assay_weights_xxh128(const assay_config *config, const assay_tensor_map *weights,
                                  char hex[ASSAY_XXH128_TEXT], assay_error *err) {
    size_t count = assay_weight_count(config);
    char **lines = calloc(count, sizeof *lines);
    XXH3_state_t *state = XXH3_createState();
    assay_status st = lines && state ? ASSAY_OK : assay_fail_nomem(err, "a digest of the weights");
    for (size_t i = 0; i < count && !st; i++) {
        assay_weight_info info = assay_weight_at(config, i);
        const assay_tensor *t = assay_tensor_map_get(weights, info.name);
        if (!t) st = assay_fail(err, ASSAY_EINPUT, NULL, "the weight %s is missing", info.name);
        else if (!(lines[i] = weight_line(info.name, t, state))) st = assay_fail_nomem(err, "a digest of the weights");
    }
    if (!st) digest_lines(lines, count, state, hex);
    for (size_t i = 0; lines && i < count; i++) free(lines[i]);
    free(lines);
    XXH3_freeState(state);
    return st;
}
