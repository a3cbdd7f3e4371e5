/* Calendar days of the Gregorian calendar, in UTC. */
#ifndef ASSAY_CORE_DATE_H
#define ASSAY_CORE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A day as the number YYYYMMDD, so that later days are larger; 0 is no day. */
typedef int32_t assay_date;

#define ASSAY_DATE_TEXT 11 /* bytes of "2026-12-31" and its end */

/* Reads "YYYY-MM-DD", strictly: four, two and two digits, and a day that the calendar has. False otherwise. */
bool assay_date_parse(const char *text, assay_date *out);

/* Writes "YYYY-MM-DD" into text. Returns text. */
const char *assay_date_text(assay_date date, char text[ASSAY_DATE_TEXT]);

/* The day in UTC: of the environment's SOURCE_DATE_EPOCH (seconds since 1970) where it is set, so that a run can be repeated on
 * another day, else of the clock. ASSAY_EINPUT: SOURCE_DATE_EPOCH is no such number. */
assay_status assay_date_today(assay_date *out, assay_error *err);

#define ASSAY_TIME_TEXT 21 /* bytes of "2026-12-31T23:59:59Z" and its end */

/* Writes that time to the second, as ISO 8601 in UTC. Errors as above. */
assay_status assay_time_now(char text[ASSAY_TIME_TEXT], assay_error *err);

/* True for "YYYY-MM-DDThh:mm:ssZ", strictly, of a second that a day has. */
bool assay_time_is(const char *text);

#ifdef __cplusplus
}
#endif

#endif
