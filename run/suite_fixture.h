/*
 * A small case that the engine runs, for the tests of suites: two windows, a call on the cache, a refused call.
 */
#ifndef ASSAY_RUN_SUITE_FIXTURE_H
#define ASSAY_RUN_SUITE_FIXTURE_H

#include <stdio.h>

#include "golden/test_scratch.h"
#include "run/load_model.h"
#include "run/run_dump.h"

#define SUITE_CASE                                                                                                     \
    "{\"format\": \"assay-case/1\", \"name\": \"a title\", \"rules\": [\"MEM-1\", \"SCHED-1\", \"POS-3\"],\n"          \
    " \"model\": {\"architectures\": [\"LongLlamaForCausalLM\"], \"model_type\": \"longllama\", \"vocab_size\": 20,\n" \
    "  \"hidden_size\": 16, \"intermediate_size\": 12, \"num_hidden_layers\": 2, \"num_attention_heads\": 2,\n"        \
    "  \"max_position_embeddings\": 8, \"last_context_length\": 4, \"mem_layers\": [1], \"mem_dtype\": \"%s\",\n"      \
    "  \"pad_token_id\": 0},\n"                                                                                        \
    " \"weights\": {\"seed\": 7, \"gain\": 1.5}, \"steps\": [\n"                                                       \
    "  {\"op\": \"forward\", \"input_ids\": [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]],\n"                      \
    "   \"attention_mask\": [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]], \"use_cache\": true},\n"                     \
    "  {\"op\": \"forward\", \"input_ids\": [[3]], \"past\": \"keep\", \"use_cache\": true},\n"                        \
    "  {\"op\": \"forward\", \"input_ids\": [[3, 4]], \"position_ids\": [[0, 9]], \"expect_error\": \"POS-3\"}]}\n"

/* Runs the case on the engine, with mistakes unless `mistakes` is NULL, and writes the dump `name` of the scratch folder: with all
 * stages, a golden to compare with; else as a port would. */
static inline const char *suite_write_dump(scratch *s, const char *name, const char *mem_dtype, const char *mistakes,
                                           assay_dump_capture capture) {
    char text[2048];
    assay_case c;
    assay_loaded_model m;
    int length = snprintf(text, sizeof text, SUITE_CASE, mem_dtype);
    EXPECT_OK(assay_case_parse(&c, text, (size_t)length, "case", &expect_err));
    EXPECT_OK(assay_load_case_model(&m, &c, NULL, ASSAY_F32, &expect_err));
    if (mistakes) EXPECT_OK(assay_loaded_model_vary(&m, mistakes, &expect_err));
    const char *path = scratch_write_text(s, name, "");
    EXPECT_OK(assay_run_to_dump(&m, &c, path, ASSAY_F32, capture, &expect_err));
    assay_loaded_model_free(&m);
    assay_case_free(&c);
    return path;
}

#endif
