/* Paths of stages: core/stages.h. What is a path is written again as a path of the same place. */
#include <stdlib.h>
#include <string.h>

#include "core/stages.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_place place, again;
    char path[512];
    char *text = strndup((const char *)data, size);
    ASSAY_FUZZ_REQUIRE(text);
    if (assay_place_parse(text, &place)) {
        ASSAY_FUZZ_REQUIRE(place.step >= 0 && (unsigned)place.stage < ASSAY_STAGE_COUNT);
        ASSAY_FUZZ_REQUIRE(assay_place_parse(assay_place_path(&place, path, sizeof path), &again));
        ASSAY_FUZZ_REQUIRE(assay_place_compare(&place, &again) == 0 && place.stage == again.stage);
    }
    free(text);
    return 0;
}
