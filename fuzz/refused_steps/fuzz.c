/* The list "refused" of a dump: golden/dump_refusals.h. What is accepted ascends, and is found again. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "golden/dump_refusals.h"

static void check(const assay_dump_refusals *r) {
    for (size_t i = 0; i < r->count; i++) {
        ASSAY_FUZZ_REQUIRE(r->items[i].step >= 0 && r->items[i].rules && r->items[i].message);
        ASSAY_FUZZ_REQUIRE(i == 0 || r->items[i - 1].step < r->items[i].step);
        ASSAY_FUZZ_REQUIRE(assay_dump_refusals_have(r, r->items[i].step));
    }
    ASSAY_FUZZ_REQUIRE(!assay_dump_refusals_have(r, -1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_dump_refusals r;
    assay_error err = {0};
    char *text = strndup((const char *)data, size);
    ASSAY_FUZZ_REQUIRE(text);
    if (assay_fuzz_accepted(assay_dump_refusals_parse(&r, text, "refused", &err), &err, "refused")) {
        check(&r);
        assay_dump_refusals_free(&r);
    }
    free(text);
    return 0;
}
