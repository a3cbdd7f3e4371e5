/* The relation "weights_file" of docs/relations.md. */
#include "fuzz/relation_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return assay_relation_target("weights_file", data, size);
}
