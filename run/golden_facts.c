#include "run/golden_facts.h"

#include <stdio.h>
#include <string.h>

/* "mem_layers 1 3": the layers that have a memory. */
static void memory_layers(const assay_config *c, char *text, size_t text_nbytes) {
    size_t at = 0;
    snprintf(text, text_nbytes, "none");
    for (int64_t l = 0; l < c->num_hidden_layers && at + 8 < text_nbytes; l++)
        if (c->is_memory_layer[l])
            at += (size_t)snprintf(text + at, text_nbytes - at, "%s%lld", at ? " " : "", (long long)l);
}

/* The model, as far as a reader of a report needs it. */
static assay_status add_model(assay_facts *facts, const assay_config *c, assay_error *err) {
    char text[256];
    snprintf(text, sizeof text, "%lld layers, hidden size %lld, %lld heads, window %lld, last context %lld",
             (long long)c->num_hidden_layers, (long long)c->hidden_size, (long long)c->num_attention_heads,
             (long long)c->max_position_embeddings, (long long)c->last_context_length);
    assay_status st = assay_facts_set(facts, "model", text, err);
    memory_layers(c, text, sizeof text);
    return st ? st : assay_facts_set(facts, "memory_layers", text, err);
}

static assay_status add_rules(assay_facts *facts, const assay_case *c, assay_error *err) {
    char text[1024] = "";
    size_t at = 0;
    for (size_t i = 0; i < c->rule_count && at + 32 < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.24s", i ? " " : "", c->rules[i]);
    return at ? assay_facts_set(facts, "rules", text, err) : ASSAY_OK;
}

assay_status assay_golden_add_facts(assay_case_result *c, const assay_golden *g, assay_error *err) {
    const char *texts[][2] = {{"producer", g->producer},
                              {"provenance", g->provenance},
                              {"case_sha256", g->case_sha256},
                              {"config_sha256", g->config_sha256},
                              {"weights_xxh128", g->weights_xxh128}};
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < sizeof texts / sizeof *texts; i++)
        if (*texts[i][1]) st = assay_facts_set(&c->facts, texts[i][0], texts[i][1], err);
    const assay_config *config = assay_golden_config(g);
    if (!st && config) st = add_model(&c->facts, config, err);
    return st || !g->has_case ? st : add_rules(&c->facts, &g->test_case, err);
}
