/* Where a golden comes from, as facts of a case's result. */
#ifndef ASSAY_RUN_GOLDEN_FACTS_H
#define ASSAY_RUN_GOLDEN_FACTS_H

#include "compare/result.h"
#include "core/status.h"
#include "golden/golden_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds what the golden says of itself: "producer", "provenance", "case_sha256", "config_sha256", "weights_xxh128", "rules" that its case
 * names, and the "layers", "window" and "memory_layers" of its model. ASSAY_EINTERNAL when out of memory. */
assay_status assay_golden_add_facts(assay_case_result *c, const assay_golden *golden, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
