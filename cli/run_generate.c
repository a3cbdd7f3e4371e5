#include "cli/run_generate.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/common.h"
#include "cli/progress.h"
#include "engine/generate.h"
#include "golden/checkpoint.h"

/* What the options say. `ids` is owned. */
typedef struct {
    assay_tensor ids; /* (1,T) */
    assay_sampling sampling;
    bool samples;
    assay_generate_call call;
    assay_dtype dtype;
} request;

/* Reads the next number of "1, 2 3"; false at the end. *bad: the text there is no number. */
static bool next_id(const char **at, int64_t *id, bool *bad) {
    while (isspace((unsigned char)**at) || **at == ',') ++*at;
    if (!**at) return false;
    char *end;
    errno = 0;
    *id = strtoll(*at, &end, 10);
    *bad = end == *at || errno || !(isspace((unsigned char)*end) || *end == ',' || !*end);
    *at = end;
    return !*bad;
}

static assay_status parse_ids(const char *text, assay_tensor *out, assay_error *err) {
    int64_t count = 0, id;
    bool bad = false;
    for (const char *at = text; next_id(&at, &id, &bad);) count++;
    if (bad || count == 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "run: --ids is '%.40s'; it must be token ids such as 1,15,7", text);
    assay_status st = assay_tensor_alloc(out, ASSAY_I64, 2, (int64_t[]){1, count}, "token ids", err);
    int64_t *to = st ? NULL : out->data;
    for (const char *at = text; !st && next_id(&at, &id, &bad);) *to++ = id;
    return st;
}

static assay_status parse_sampling(const cli_args *args, request *r, assay_error *err) {
    int64_t seed = 0;
    r->sampling = (assay_sampling){.temperature = 1, .top_p = 1};
    r->samples = cli_value(args, "temperature") || cli_value(args, "top-k") || cli_value(args, "top-p") ||
                 cli_value(args, "seed");
    assay_status st = cli_number(args, "temperature", &r->sampling.temperature, err);
    if (!st) st = cli_number(args, "top-p", &r->sampling.top_p, err);
    if (!st) st = cli_integer(args, "top-k", (const int64_t[]){0, INT32_MAX}, &r->sampling.top_k, err);
    if (!st) st = cli_integer(args, "seed", (const int64_t[]){0, INT64_MAX}, &seed, err);
    r->sampling.seed = (uint64_t)seed;
    return st;
}

static assay_status parse_request(const cli_args *args, request *r, assay_error *err) {
    r->call.max_new_tokens = 20;
    r->dtype = ASSAY_F32;
    assay_status st = parse_ids(cli_value(args, "ids"), &r->ids, err);
    if (!st) st = parse_sampling(args, r, err);
    if (!st) st = cli_integer(args, "max-new-tokens", (const int64_t[]){1, INT32_MAX}, &r->call.max_new_tokens, err);
    if (!st) st = cli_integer(args, "eos", (const int64_t[]){0, INT32_MAX}, &r->call.eos_token_id, err);
    if (!st) st = cli_read_dtype(args, &r->dtype, err);
    r->call.input_ids = &r->ids;
    r->call.has_eos_token_id = cli_value(args, "eos") != NULL;
    r->call.sampling = r->samples ? &r->sampling : NULL;
    return st;
}

static void print_new(const assay_tensor *tokens, int64_t prompt) {
    for (int64_t i = prompt; i < tokens->shape[1]; i++)
        printf(i + 1 < tokens->shape[1] ? "%lld " : "%lld\n", (long long)((const int64_t *)tokens->data)[i]);
}

static assay_status generate(const request *r, const assay_model *model, assay_error *err) {
    assay_past *past;
    assay_generation generation;
    assay_status st = assay_past_create(&past, model, err);
    if (st) return st;
    st = assay_generate(model, past, &r->call, NULL, &generation, err);
    assay_past_destroy(past);
    if (st) return st;
    print_new(&generation.tokens, r->ids.shape[1]);
    assay_generation_free(&generation);
    return ASSAY_OK;
}

static assay_status load_and_generate(const request *r, const char *folder, assay_error *err) {
    assay_config config;
    assay_tensor_map *weights = NULL;
    assay_model *model = NULL;
    assay_status st = assay_checkpoint_config(&config, NULL, NULL, folder, err);
    if (!st) st = assay_checkpoint_load(&weights, folder, &config, r->dtype, err);
    if (!st) st = assay_model_create(&model, &config, r->dtype, weights, err);
    if (!st) st = generate(r, model, err);
    assay_model_destroy(model);
    assay_tensor_map_destroy(weights);
    return st;
}

int cli_run_generate(const cli_args *args) {
    assay_error err;
    request r = {0};
    assay_status st =
        args->argument_count == 1 ? ASSAY_OK : assay_fail(&err, ASSAY_EINPUT, NULL, "run: --ids needs a model folder");
    if (!st) st = cli_start_engine(args, &err);
    if (!st) st = parse_request(args, &r, &err);
    cli_progress *progress = st ? NULL : cli_progress_begin(args);
    if (!st) cli_progress_step(progress, 0, 0, "generates");
    if (!st) st = load_and_generate(&r, args->arguments[0], &err);
    assay_tensor_free(&r.ids);
    return st ? cli_fail(&err) : 0;
}
