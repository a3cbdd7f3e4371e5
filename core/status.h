/*
 * Status codes and the one-line error message that every fallible function fills in.
 *
 * Convention, everywhere in Assay: a function that can fail returns assay_status and takes `assay_error *err` as its
 * last parameter. On ASSAY_OK outputs are set and *err is untouched; on anything else outputs are untouched unless the
 * prototype says otherwise, and *err holds one line for the user. err may be NULL. Programming errors assert instead.
 */
#ifndef ASSAY_CORE_STATUS_H
#define ASSAY_CORE_STATUS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The values are the exit codes of the `assay` program. 1 (mismatch) is a verdict, not an error. */
typedef enum {
    ASSAY_OK = 0,
    ASSAY_EINPUT = 2,   /* bad usage, bad input, or a run that the original refuses */
    ASSAY_EINTERNAL = 3 /* out of memory, an operating system failure */
} assay_status;

typedef struct {
    assay_status status;
    char rules[48];     /* the rule ids that refuse the input, separated by spaces; empty when no rule is involved */
    char message[1024]; /* what, where, and what to do: one line, no newline, control characters replaced by '?' */
} assay_error;

#if defined(__GNUC__)
#define ASSAY_PRINTF(fmt_index, args_index) __attribute__((format(printf, fmt_index, args_index)))
#else
#define ASSAY_PRINTF(fmt_index, args_index)
#endif

/* Fills *err (when not NULL) and returns `status`, so that callers can write `return assay_fail(...)`. `rules` may be
 * NULL or "". */
assay_status assay_fail(assay_error *err, assay_status status, const char *rules, const char *fmt, ...)
    ASSAY_PRINTF(4, 5);

/* ASSAY_EINTERNAL with "out of memory" and what was being allocated. */
assay_status assay_fail_nomem(assay_error *err, const char *what);

/* Puts "<context>: " before the message of an error that is being passed upwards. Returns `status`, its status. */
assay_status assay_error_context(assay_status status, assay_error *err, const char *fmt, ...) ASSAY_PRINTF(3, 4);

/* True when `rule` is one of the ids in `rules`, which are separated by spaces. */
bool assay_rules_have(const char *rules, const char *rule);

/* True when `rule` is one of the ids in err->rules. "ERR-1" (the list of all refusals) matches every error that names
 * any rule. */
bool assay_error_has_rule(const assay_error *err, const char *rule);

#ifdef __cplusplus
}
#endif

#endif
