/*
 * Every mistake, and many pairs of mistakes, on random calls: each call runs or is refused in one clean line and then leaves the
 * past alone, nothing that is computed depends on what was in memory before (ASan sees the rest), and no mistake at all is the
 * original bit for bit.
 */
#include <criterion/criterion.h>
#include <malloc.h>
#include <string.h>

#include "core/random.h"
#include "engine/generate.h"
#include "engine/test_support.h"
#include "engine/variants.h"

enum { calls = 12, B = 2, most_tokens = 21 };

/* One sequence of random calls. */
typedef struct {
    test_rig rig;
    assay_config config;
    uint64_t seed, rolled;
    uint64_t seen;        /* hash of all that came out */
    test_snapshot before; /* the past before a call */
} story;

static int64_t roll(story *s, int64_t sides) {
    return (int64_t)(assay_random_at(s->seed, s->rolled++) % (uint64_t)sides);
}

/* ---- what came out ---- */

static void see(story *s, const void *data, size_t nbytes) {
    for (size_t i = 0; i < nbytes; i++)
        s->seen = (s->seen ^ ((const unsigned char *)data)[i]) * UINT64_C(0x100000001b3);
}

static void see_tensor(story *s, const assay_tensor *t) {
    see(s, t->shape, (size_t)t->rank * sizeof *t->shape);
    if (assay_tensor_count(t) > 0) see(s, t->data, assay_tensor_nbytes(t));
}

static void see_past(story *s) {
    test_snapshot past = test_snapshot_take(s->rig.past);
    for (int64_t i = 0; i < past.layers; i++) {
        const assay_past_layer *l = &past.layer[i];
        const assay_tensor *const parts[] = {&l->key,     &l->value,     &l->position,
                                             &l->mem_key, &l->mem_value, &l->mem_mask};
        for (size_t k = 0; k < 6; k++) see_tensor(s, parts[k]);
    }
    test_snapshot_free(&past);
}

static assay_status see_stage(void *context, const assay_tap_event *event, assay_error *err) {
    (void)err;
    see_tensor(context, event->tensor);
    return ASSAY_OK;
}

/* ---- calls ---- */

static assay_tensor random_mask(story *s, int64_t columns) {
    assay_tensor t = test_left_pads(B, columns, 0);
    double *mask = t.data;
    int64_t kind = roll(s, 4), pads = 1 + roll(s, 4);
    for (int64_t i = 0; i < B * columns; i++) {
        int64_t row = i / columns, column = i % columns;
        bool pad = row == 0 && (kind == 0 ? column < pads : kind == 1 ? column >= columns - pads : kind == 2);
        mask[i] = pad ? 0 : roll(s, 12) == 0 ? 0.5 : 1;
    }
    return t;
}

static assay_tensor random_positions(story *s, int64_t tokens) {
    assay_tensor t = test_ids(B, tokens, 1);
    int64_t shift = roll(s, 40) - 20, gap = roll(s, 3) == 0;
    for (int64_t i = 0; i < B * tokens; i++) ((int64_t *)t.data)[i] = i % tokens + shift + (i % tokens > 2 ? gap : 0);
    return t;
}

/* A refusal is one line that names a rule, and leaves the past as it was. */
static void check_refusal(const story *s, assay_status st, const assay_error *err, const char *what) {
    if (!st) return;
    cr_assert_eq(st, ASSAY_EINPUT, "%s: %s", what, err->message);
    cr_assert(err->message[0] && !strchr(err->message, '\n') && err->rules[0], "%s: '%s'", what, err->message);
    test_snapshot now = test_snapshot_take(s->rig.past);
    cr_assert(test_snapshot_equal(&now, &s->before), "%s: a refusal changed the past: %s", what, err->message);
    test_snapshot_free(&now);
}

static void random_forward(story *s, const char *what) {
    int64_t tokens = 1 + roll(s, roll(s, 2) ? 4 : most_tokens);
    bool masked = roll(s, 3) == 0, placed = roll(s, 5) == 0;
    assay_tensor ids = test_ids(B, tokens, s->seed + s->rolled);
    assay_tensor mask = random_mask(s, assay_past_local_length(s->rig.past) + tokens + roll(s, 3));
    assay_tensor positions = random_positions(s, tokens);
    assay_call call = {.input_ids = &ids,
                       .attention_mask = masked ? &mask : NULL,
                       .position_ids = placed ? &positions : NULL,
                       .labels = roll(s, 3) == 0 ? &ids : NULL,
                       .use_cache = roll(s, 4) == 0 ? (int)roll(s, 2) - 1 : 1,
                       .has_last_context_length = roll(s, 4) == 0,
                       .last_context_length = 1 + roll(s, 10)};
    assay_taps taps = {.context = s, .emit = see_stage};
    assay_output out;
    assay_error err = {0};
    assay_status st = assay_forward(s->rig.model, s->rig.past, &call, &taps, &out, &err);
    check_refusal(s, st, &err, what);
    if (!st) {
        see_tensor(s, &out.logits);
        see(s, &out.loss, out.has_loss ? sizeof out.loss : 0);
        assay_output_free(&out);
    }
    assay_tensor_free(&ids), assay_tensor_free(&mask), assay_tensor_free(&positions);
}

static void random_generate(story *s, const char *what) {
    int64_t tokens = 1 + roll(s, most_tokens);
    assay_tensor ids = test_ids(B, tokens, s->seed + s->rolled), mask = random_mask(s, tokens);
    ((int64_t *)ids.data)[0] = roll(s, 2);
    assay_generate_call call = {
        .input_ids = &ids, .attention_mask = roll(s, 2) ? &mask : NULL, .max_new_tokens = 1 + roll(s, 11)};
    assay_taps taps = {.context = s, .emit = see_stage};
    assay_generation out;
    assay_error err = {0};
    assay_status st = assay_generate(s->rig.model, s->rig.past, &call, &taps, &out, &err);
    check_refusal(s, st, &err, what);
    if (!st) {
        see_tensor(s, &out.tokens);
        assay_generation_free(&out);
    }
    assay_tensor_free(&ids), assay_tensor_free(&mask);
}

static void random_reorder(story *s, const char *what) {
    assay_error err = {0};
    const int64_t beams[] = {roll(s, B), roll(s, B)};
    check_refusal(s, assay_past_reorder(s->rig.past, beams, B, &err), &err, what);
}

/* A past of the original, which a model with other layers in M may refuse. */
static void random_import(story *s, const char *what) {
    test_rig original;
    test_rig_start(&original, &s->config, assay_model_dtype(s->rig.model));
    assay_tensor ids = test_ids(B, 1 + roll(s, most_tokens), s->seed + s->rolled);
    assay_tensor logits = test_feed(&original, &ids, 1);
    test_snapshot past = test_snapshot_take(original.past);
    assay_error err = {0};
    if (past.batch) check_refusal(s, assay_past_import(s->rig.past, past.layer, &err), &err, what);
    test_snapshot_free(&past);
    assay_tensor_free(&ids), assay_tensor_free(&logits);
    test_rig_end(&original);
}

static void random_call(story *s, const char *what) {
    int64_t kind = roll(s, 9);
    s->before = test_snapshot_take(s->rig.past);
    if (kind == 0) assay_past_clear(s->rig.past);
    else if (kind == 1) random_reorder(s, what);
    else if (kind == 2) random_generate(s, what);
    else if (kind == 3) random_import(s, what);
    else random_forward(s, what);
    test_snapshot_free(&s->before);
    see_past(s);
}

/* ---- models ---- */

static assay_config random_config(story *s) {
    assay_config c = test_config();
    for (int i = 0; i < 3; i++) c.is_memory_layer[i] = roll(s, 2);
    static const assay_dtype memory[] = {ASSAY_F32, ASSAY_BF16, ASSAY_F16};
    c.mem_dtype = memory[roll(s, 3)];
    c.last_context_length = 1 + roll(s, 10);
    c.use_cache = roll(s, 5) != 0;
    c.mem_positionals = roll(s, 4) != 0;
    c.torch_attention = roll(s, 4) == 0;
    c.tie_word_embeddings = roll(s, 4) == 0;
    c.pad_token_id = 0;
    return c;
}

/* Hash of all that comes out of the random calls of a seed on a model with these mistakes. */
static uint64_t tell(const char *mistakes, assay_dtype dtype, uint64_t seed) {
    story s = {.seed = assay_random_key(seed, "calls")};
    s.config = random_config(&s);
    if (*mistakes) test_rig_start_variant(&s.rig, &s.config, mistakes, dtype);
    else test_rig_start(&s.rig, &s.config, dtype);
    for (int i = 0; i < calls; i++) random_call(&s, mistakes);
    test_rig_end(&s.rig);
    return s.seen;
}

/* AddressSanitizer's malloc knows no M_PERTURB; a second run would be the first. */
#ifdef __SANITIZE_ADDRESS__
enum { perturbs = 0 };
#else
enum { perturbs = 1 };
#endif

/* Twice, with other bytes in what malloc gives each time. */
static void check_runs(const char *mistakes, uint64_t seed) {
    for (int i = 0; i < 2; i++) {
        assay_dtype dtype = i ? ASSAY_F64 : ASSAY_F32;
        mallopt(M_PERTURB, 0x11);
        uint64_t once = tell(mistakes, dtype, seed);
        if (!perturbs) continue;
        mallopt(M_PERTURB, 0xee);
        cr_assert_eq(once, tell(mistakes, dtype, seed), "%s, seed %d: reads what was never written", mistakes,
                     (int)seed);
    }
}

Test(semantics_random, every_mistake_runs_or_is_refused_cleanly) {
    for (size_t i = 0; i < assay_variant_count(); i++)
        for (uint64_t seed = 0; seed < 4; seed++) check_runs(assay_variant_at(i)->name, seed);
}

/* A diagnosis runs pairs: some that meet in one place of the code, on many calls, and a few of all others. */
Test(semantics_random, pairs_of_mistakes_run_or_are_refused_cleanly) {
    static const char *const meeting[] = {
        "flip-on-memory-layers-only,mask-not-cut-at-flip",      "flip-on-memory-layers-only,mask-first-columns",
        "flip-on-memory-layers-only,positions-without-pads",    "flip-on-memory-layers-only,final-window-to-memory",
        "flip-on-memory-layers-only,cached-keys-rotated",       "flip-on-memory-layers-only,flip-overflow-only",
        "prefix-windows-cached,final-window-to-memory",         "own-window-in-memory,final-window-to-memory",
        "final-window-to-memory,memory-keys-at-position-ids",   "memory-lost-between-calls,positions-after-memory",
        "flip-overflow-only,memory-keys-at-relative-positions", "flip-overflow-only,cached-keys-rotated",
    };
    for (size_t i = 0; i < sizeof meeting / sizeof *meeting; i++)
        for (uint64_t seed = 0; seed < 40; seed++) check_runs(meeting[i], seed);
    uint64_t at = 0;
    for (size_t i = 0; i < assay_variant_count(); i++)
        for (size_t k = i + 1; k < assay_variant_count(); k++) {
            const assay_variant *a = assay_variant_at(i), *b = assay_variant_at(k);
            if (a->field == b->field || at++ % 17) continue;
            char names[128];
            snprintf(names, sizeof names, "%s,%s", a->name, b->name);
            check_runs(names, at);
        }
}

Test(semantics_random, no_mistake_is_the_original) {
    for (uint64_t seed = 0; seed < 40; seed++)
        for (int i = 0; i < 2; i++) {
            assay_dtype dtype = i ? ASSAY_F64 : ASSAY_F32;
            /* A mistake that computes the same numbers (NORM-1), so that the model is made with semantics. */
            cr_assert_eq(tell("", dtype, seed), tell("norm-weight-before-cast", dtype, seed), "seed %d", (int)seed);
        }
}
