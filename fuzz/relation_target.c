#include "fuzz/relation_target.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/engine.h"
#include "fuzz/case_bytes.h"
#include "fuzz/relation.h"

static _Noreturn void give_up(const char *relation, const char *why) {
    fprintf(stderr, "%s: %s\n", relation, why);
    abort();
}

int assay_relation_target(const char *relation, const uint8_t *data, size_t size) {
    const assay_relation *found = assay_relation_find(relation);
    assay_case c;
    assay_error err;
    assay_relation_result result;
    if (!found) give_up(relation, "there is no such relation");
    assay_engine_init(1);
    if (assay_fuzz_case_decode(&c, data, size, &assay_fuzz_bounds_tiny, &err)) give_up(relation, err.message);
    if (assay_relation_check(found, &c, NULL, &result, &err)) give_up(relation, err.message);
    if (result.verdict == ASSAY_RELATION_BROKEN) give_up(relation, result.message);
    assay_case_free(&c);
    return 0;
}
