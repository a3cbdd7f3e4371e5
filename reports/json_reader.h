/* Reads back what reports/json_builder.h writes, on top of golden/json_strict.h. */
#ifndef ASSAY_REPORTS_JSON_READER_H
#define ASSAY_REPORTS_JSON_READER_H

#include <cJSON.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A number, or one of "NaN", "Infinity", "-Infinity". ASSAY_EINPUT for anything else; `where` begins the message. */
assay_status json_read_real(const cJSON *value, const char *where, double *out, assay_error *err);

/* A member of an object; when it is absent *out keeps its value. */
assay_status json_get_real(const cJSON *object, const char *key, const char *where, double *out, assay_error *err);

/* A member that is an array of texts without spaces, as one text with spaces between them. Absent: "". ASSAY_EINPUT when it does not fit. */
assay_status json_get_words(const cJSON *object, const char *key, const char *where, char *out, size_t out_nbytes,
                            assay_error *err);

/* A text member, copied into a field; absent: "". What does not fit is cut. */
assay_status json_get_field(const cJSON *object, const char *key, const char *where, char *out, size_t out_nbytes,
                            assay_error *err);

/* The words that a member may be, by number. */
typedef struct {
    const char *(*name)(int number);
    int count;
} json_words;

/* The number of the word that the member is. ASSAY_EINPUT when it is absent or none of them. */
assay_status json_get_word(const cJSON *object, const char *key, const char *where, json_words words, int *out,
                           assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
