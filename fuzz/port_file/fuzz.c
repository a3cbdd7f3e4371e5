/* Port files: golden/port_limits.h. What is accepted says of a case whether the port can run it, or why it cannot. */
#include <string.h>

#include "fuzz/target.h"
#include "golden/port_limits.h"

static const char case_text[] =
    "{\"format\": \"assay-case/1\", \"model\": {\"vocab_size\": 7, \"hidden_size\": 4, \"intermediate_size\": 6,"
    "\"num_hidden_layers\": 2, \"num_attention_heads\": 2, \"mem_layers\": [1], \"hidden_act\": \"mish\"}, \"steps\": ["
    "{\"op\": \"forward\", \"input_ids\": [[1, 2]], \"attention_mask\": [[0, 1]], \"use_cache\": false},"
    "{\"op\": \"generate\", \"input_ids\": [[1]], \"max_new_tokens\": 3, \"eos_token_id\": 1},"
    "{\"op\": \"forward\", \"input_ids\": [[1]], \"past\": \"keep\", \"labels\": [[1]], \"expect_error\": \"ERR-1\"}]}";

static void check(const assay_port_limits *port) {
    assay_case c;
    assay_error err = {0};
    char why[256];
    ASSAY_FUZZ_REQUIRE(port->max_batch >= 1 && port->max_tokens >= 1 && port->max_sequence >= 1 && port->name);
    ASSAY_FUZZ_REQUIRE(port->operations && port->dtypes && port->mem_dtypes && port->activations);
    ASSAY_FUZZ_REQUIRE(!assay_case_parse(&c, case_text, sizeof case_text - 1, "case", &err));
    bool supported = assay_port_supports(port, &c, &c.config, why, sizeof why);
    ASSAY_FUZZ_REQUIRE(supported == (why[0] == '\0'));
    assay_port_supports(port, &c, NULL, why, sizeof why);
    assay_case_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_port_limits port;
    assay_error err = {0};
    assay_status st = assay_port_limits_parse(&port, (const char *)data, size, "port.json", &err);
    if (!assay_fuzz_accepted(st, &err, "port.json")) return 0;
    check(&port);
    assay_port_limits_free(&port);
    return 0;
}
