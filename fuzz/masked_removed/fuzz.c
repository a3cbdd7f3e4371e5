/* The relation "masked_removed" of docs/relations.md. */
#include "fuzz/relation_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return assay_relation_target("masked_removed", data, size);
}
