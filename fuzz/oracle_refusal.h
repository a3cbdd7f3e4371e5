/*
 * Why a step is refused: all rules that refuse it, not just the first that a program happens to look at.
 */
#ifndef ASSAY_FUZZ_ORACLE_REFUSAL_H
#define ASSAY_FUZZ_ORACLE_REFUSAL_H

#include <stdbool.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    bool refused;
    char rules[160];   /* ids, separated by spaces; "" where no rule is involved */
    char message[400]; /* the first reason, one line */
} assay_oracle_refusal;

/* Adds a reason. `rules` may be "". */
void assay_oracle_refuse(assay_oracle_refusal *r, const char *rules, const char *fmt, ...) ASSAY_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
