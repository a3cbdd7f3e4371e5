/*
 * Digests: SHA-256 and XXH3-128 of bytes, of tensors, and of a model's weights. All are lower-case hexadecimal;
 * XXH3-128 is canonical (big-endian).
 */
#ifndef ASSAY_GOLDEN_DIGEST_H
#define ASSAY_GOLDEN_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_SHA256_TEXT 65 /* digits and a NUL */
#define ASSAY_XXH128_TEXT 33

/* True when the text is `digits` lower-case hexadecimal digits, and nothing else. */
bool assay_is_digest(const char *text, size_t digits);

/* ASSAY_EINTERNAL when OpenSSL fails. */
assay_status assay_sha256_hex(const void *data, size_t nbytes, char hex[ASSAY_SHA256_TEXT], assay_error *err);

void assay_xxh128_hex(const void *data, size_t nbytes, char hex[ASSAY_XXH128_TEXT]);

/* The XXH3-128 of bytes that come one piece after the other. NULL when out of memory. */
typedef struct assay_xxh128_stream assay_xxh128_stream;
assay_xxh128_stream *assay_xxh128_begin(void);
void assay_xxh128_add(assay_xxh128_stream *stream, const void *data, size_t nbytes);

/* Ends and frees it; hex, which may be NULL, becomes the digest of all that was added. NULL is fine, and has none. */
void assay_xxh128_end(assay_xxh128_stream *stream, char hex[ASSAY_XXH128_TEXT]);

/* ASSAY_EINPUT: `what` of the file `path` does not have the digest that `attribute` says. */
assay_status assay_fail_digest(assay_error *err, const char *path, const char *what, const char *attribute);

/* Of the tensor's elements as they are in memory (little-endian on every machine that Assay runs on). */
void assay_tensor_xxh128(const assay_tensor *t, char hex[ASSAY_XXH128_TEXT]);

/* The weights digest of docs/golden-format.md, of the weights that `config` names; others in the map do not count.
 * Values are digested as float32, whatever the map's dtype. ASSAY_EINPUT when one is missing. */
assay_status assay_weights_xxh128(const assay_config *config, const assay_tensor_map *weights,
                                  char hex[ASSAY_XXH128_TEXT], assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
