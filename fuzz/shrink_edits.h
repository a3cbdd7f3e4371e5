/* The list of edits that shrinking tries; for shrink.c. */
#ifndef ASSAY_FUZZ_SHRINK_EDITS_H
#define ASSAY_FUZZ_SHRINK_EDITS_H

#include <stdbool.h>
#include <stddef.h>

#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ASSAY_EDIT_DONE, ASSAY_EDIT_IDLE, ASSAY_EDIT_NO_MORE } assay_edit_outcome;

/* Edits of one kind, counted from 0. DONE: the case is smaller or simpler. IDLE: there is nothing to do for this number; NO_MORE: nor for
 * any that follows. Unless DONE the case is to be thrown away. */
typedef assay_edit_outcome (*assay_shrink_edit)(assay_case *c, size_t number);

/* The kinds, those that remove most first; ends with NULL. Every DONE makes a case less by some measure and no other edit makes it more
 * by that one, so that going on until none helps comes to an end. */
extern const assay_shrink_edit assay_shrink_edits[];

#ifdef __cplusplus
}
#endif

#endif
