/* config.json: golden/hf_config.h. What is accepted passes its own check again and has a canonical text, which is all that its digest
 * is made of. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "golden/digest.h"
#include "golden/hf_config.h"

static void check(const assay_config *c) {
    char hex[65], again[ASSAY_SHA256_TEXT];
    assay_error err = {0};
    char *text = assay_config_canonical(c);
    ASSAY_FUZZ_REQUIRE(text && assay_config_check(c, &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(assay_config_head_dim(c) >= 2 && c->hidden_size % c->num_attention_heads == 0);
    ASSAY_FUZZ_REQUIRE(assay_config_sha256(c, hex, &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(assay_sha256_hex(text, strlen(text), again, &err) == ASSAY_OK && strcmp(hex, again) == 0);
    ASSAY_FUZZ_REQUIRE(assay_is_digest(hex, 64));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_config c;
    assay_error err = {0};
    if (assay_fuzz_accepted(assay_hf_config_parse(&c, (const char *)data, size, "config.json", &err), &err,
                            "config.json"))
        check(&c);
    return 0;
}
