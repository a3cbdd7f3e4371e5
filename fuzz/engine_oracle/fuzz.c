/*
 * The engine against the oracle (docs/oracle.md): any bytes are a small case, and both must say the same of it, in float32 or in
 * float64.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/engine.h"
#include "fuzz/case_bytes.h"
#include "fuzz/oracle_verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Noreturn void give_up(const char *what, const char *where, const char *why) {
    fprintf(stderr, "engine_oracle: %s: %s: %s\n", what, where, why);
    abort();
}

static void check(const assay_case *c, assay_dtype dtype) {
    assay_oracle_verdict v;
    assay_error err;
    if (assay_oracle_check_engine(&v, c, dtype, NULL, &err)) give_up("error", assay_dtype_name(dtype), err.message);
    if (!v.agrees) {
        const assay_case_result *r = &v.result;
        const assay_entry *e = r->first_divergence < 0 ? NULL : &r->entries[r->first_divergence];
        give_up(assay_dtype_name(dtype), e ? e->path : "", e ? e->reason : r->note);
    }
    assay_oracle_verdict_free(&v);
}

/* The weights' seed settles the precision: an input is one run, and both are run equally often. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_case c;
    assay_error err;
    assay_engine_init(1);
    if (assay_fuzz_case_decode(&c, data, size, &assay_fuzz_bounds_tiny, &err)) give_up("error", "decode", err.message);
    check(&c, c.weights_seed % 2 ? ASSAY_F64 : ASSAY_F32);
    assay_case_free(&c);
    return 0;
}
