/* Baselines: reports/baseline_file.h. What is accepted is written, and read back the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "reports/baseline_file.h"

static void read_back(const assay_baseline *b) {
    char *text = NULL, *same = NULL;
    assay_baseline again;
    assay_error err = {0};
    ASSAY_FUZZ_REQUIRE(assay_baseline_print(&text, b, &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(assay_baseline_parse(&again, text, strlen(text), "again.json", &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(again.count == b->count);
    for (size_t i = 0; i < b->count; i++) ASSAY_FUZZ_REQUIRE(assay_baseline_find(&again, b->cases[i].name));
    ASSAY_FUZZ_REQUIRE(assay_baseline_print(&same, &again, &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(strcmp(text, same) == 0);
    assay_baseline_free(&again);
    free(text);
    free(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_baseline b;
    assay_error err = {0};
    assay_status st = assay_baseline_parse(&b, (const char *)data, size, "baseline.json", &err);
    if (!assay_fuzz_accepted(st, &err, "baseline.json")) return 0;
    read_back(&b);
    assay_baseline_free(&b);
    return 0;
}
