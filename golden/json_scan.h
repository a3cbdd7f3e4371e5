/*
 * A validating scan of JSON text: RFC 8259 to the letter, plus what Assay's formats forbid. It builds nothing; the tree
 * is cJSON's, which accepts more than JSON ("01", "1.", raw control characters, duplicate keys) and so comes second.
 */
#ifndef ASSAY_GOLDEN_JSON_SCAN_H
#define ASSAY_GOLDEN_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How deep arrays and objects may be nested. */
#define ASSAY_JSON_MAX_DEPTH 64

/* Refuses (ASSAY_EINPUT, with line and column, `where` first) text that is not one JSON value in valid UTF-8, and:
 * duplicate keys of an object, \u0000, unpaired surrogates, a byte order mark, nesting beyond ASSAY_JSON_MAX_DEPTH,
 * numbers beyond the range of a double or longer than 63 characters. The column counts characters from 1. */
assay_status assay_json_scan(const char *text, size_t nbytes, const char *where, assay_error *err);

/* Finds the text of the member `key` of the object that `text`, which assay_json_scan accepted, holds. The span points
 * into text and has no surrounding white space. False when there is no such member or the value is no object. Keys that
 * are written with escapes are not found. */
bool assay_json_member_span(const char *text, size_t nbytes, const char *key, const char **span, size_t *span_nbytes);

#ifdef __cplusplus
}
#endif

#endif
