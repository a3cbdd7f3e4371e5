/*
 * Taps: which stages are emitted, their shapes, and that each follows from those before it by the rules, computed here in double.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/test_support.h"

enum { B = 2, H = 2, D = 6, C = 12, I = 20, layers = 3 };

static test_rig rig;
static test_record record;

static void start(void) {
    assay_config c = test_config();
    test_rig_start(&rig, &c, ASSAY_F64);
}
static void stop(void) {
    test_record_free(&record);
    test_rig_end(&rig);
}
TestSuite(taps, .init = start, .fini = stop);

static void restart(const assay_config *c) {
    test_rig_end(&rig);
    test_rig_start(&rig, c, ASSAY_F64);
}

static assay_output run_ids(const assay_tensor *ids, const assay_tensor *mask) {
    assay_taps taps = test_record_taps(&record);
    return test_run(&rig, &(assay_call){.input_ids = ids, .attention_mask = mask, .use_cache = 1}, &taps);
}

/* 14 tokens in windows 8, 2, 4 (one token of pad in row 0), then 6 in windows 2 and 4, the last with a drop of 6. */
static void run_two_calls(void) {
    assay_tensor ids = test_ids(B, 14, 1), more = test_ids(B, 6, 2), mask = test_left_pads(B, 14, 1);
    assay_output out = run_ids(&ids, &mask);
    assay_output_free(&out);
    assay_taps taps = test_record_taps(&record);
    taps.first_window = 3;
    out = test_run(&rig, &(assay_call){.input_ids = &more, .use_cache = 1}, &taps);
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&more), assay_tensor_free(&mask);
}

/* Per window: tokens, local keys at attention, columns of the mask, keys in memory at attention, tokens written. */
static const struct {
    int64_t t, l, s, m, written;
} windows[] = {{8, 8, 8, 0, 8}, {2, 2, 2, 8, 2}, {4, 4, 4, 10, 0}, {2, 6, 6, 10, 0}, {4, 4, 10, 16, 6}};

static const assay_tensor *find(assay_stage stage, int64_t window, int64_t layer) {
    const assay_tensor *t = test_record_find(&record, stage, window, layer);
    cr_assert(t, "%s of window %d, layer %d was not emitted", assay_stage_get(stage)->name, (int)window, (int)layer);
    return t;
}

static void check_shape(assay_stage stage, int64_t k, int64_t layer, assay_dtype dtype, int rank,
                        const int64_t *shape) {
    const assay_tensor *t = find(stage, k, layer);
    assay_tensor expected = assay_tensor_view(dtype, rank, shape, NULL);
    char text[96];
    cr_assert(assay_tensor_same_shape(t, &expected), "%s of window %d is %s", assay_stage_get(stage)->name, (int)k,
              assay_tensor_shape_text(t, text, sizeof text));
    cr_assert_eq(t->dtype, dtype, "%s", assay_stage_get(stage)->name);
}

static void check_window_shapes(int64_t k) {
    int64_t t = windows[k].t;
    check_shape(ASSAY_STAGE_INPUT_IDS, k, -1, ASSAY_I64, 2, (int64_t[]){B, t});
    check_shape(ASSAY_STAGE_ATTENTION_MASK, k, -1, ASSAY_I64, 2, (int64_t[]){B, windows[k].s});
    check_shape(ASSAY_STAGE_POSITION_IDS, k, -1, ASSAY_I64, 2, (int64_t[]){B, t});
    check_shape(ASSAY_STAGE_EMBED_TOKENS, k, -1, ASSAY_F64, 3, (int64_t[]){B, t, C});
    check_shape(ASSAY_STAGE_NORM, k, -1, ASSAY_F64, 3, (int64_t[]){B, t, C});
}

static void check_memory_shapes(int64_t k, int64_t layer) {
    bool writes = layer == 1 && windows[k].written, reads = layer == 1 && windows[k].m;
    int64_t n = windows[k].written, m = windows[k].m;
    for (int s = ASSAY_STAGE_MEM_WRITE_KEY; s <= ASSAY_STAGE_MEM_WRITE_MASK; s++)
        cr_assert_eq(test_record_find(&record, (assay_stage)s, k, layer) != NULL, writes, "stage %d window %d", s,
                     (int)k);
    for (int s = ASSAY_STAGE_MEM_READ_KEY; s <= ASSAY_STAGE_MEM_READ_MASK; s++)
        cr_assert_eq(test_record_find(&record, (assay_stage)s, k, layer) != NULL, reads, "stage %d window %d", s,
                     (int)k);
    if (writes) {
        check_shape(ASSAY_STAGE_MEM_WRITE_KEY, k, layer, ASSAY_F32, 4, (int64_t[]){B, H, n, D});
        check_shape(ASSAY_STAGE_MEM_WRITE_VALUE, k, layer, ASSAY_F32, 4, (int64_t[]){B, H, n, D});
        check_shape(ASSAY_STAGE_MEM_WRITE_MASK, k, layer, ASSAY_F64, 2, (int64_t[]){B, n});
    }
    if (reads) {
        check_shape(ASSAY_STAGE_MEM_READ_KEY, k, layer, ASSAY_F32, 4, (int64_t[]){B, H, m, D});
        check_shape(ASSAY_STAGE_MEM_READ_VALUE, k, layer, ASSAY_F32, 4, (int64_t[]){B, H, m, D});
        check_shape(ASSAY_STAGE_MEM_READ_MASK, k, layer, ASSAY_F64, 2, (int64_t[]){B, m});
    }
}

static void check_layer_shapes(int64_t k, int64_t layer) {
    int64_t t = windows[k].t, l = windows[k].l, keys = l + (layer == 1 ? windows[k].m : 0);
    for (int s = ASSAY_STAGE_INPUT_LAYERNORM; s <= ASSAY_STAGE_LAYER_OUTPUT; s++) {
        bool inner = s == ASSAY_STAGE_GATE_PROJ || s == ASSAY_STAGE_ACT_FN || s == ASSAY_STAGE_UP_PROJ;
        bool other = s >= ASSAY_STAGE_MEM_WRITE_KEY && s <= ASSAY_STAGE_ATTN_PROBS;
        if (!other) check_shape((assay_stage)s, k, layer, ASSAY_F64, 3, (int64_t[]){B, t, inner ? I : C});
    }
    check_shape(ASSAY_STAGE_REL_POS_IDS, k, layer, ASSAY_I64, 2, (int64_t[]){B, l});
    check_shape(ASSAY_STAGE_COS, k, layer, ASSAY_F64, 2, (int64_t[]){l, D});
    check_shape(ASSAY_STAGE_SIN, k, layer, ASSAY_F64, 2, (int64_t[]){l, D});
    check_shape(ASSAY_STAGE_ROTATE_QUERY, k, layer, ASSAY_F64, 4, (int64_t[]){B, H, t, D});
    check_shape(ASSAY_STAGE_ROTATE_KEY, k, layer, ASSAY_F64, 4, (int64_t[]){B, H, l, D});
    check_shape(ASSAY_STAGE_ATTN_SCORES, k, layer, ASSAY_F64, 4, (int64_t[]){B, H, t, keys});
    check_shape(ASSAY_STAGE_ATTN_PROBS, k, layer, ASSAY_F64, 4, (int64_t[]){B, H, t, keys});
    check_memory_shapes(k, layer);
}

Test(taps, every_stage_comes_once_in_its_shape) {
    run_two_calls();
    for (int64_t k = 0; k < 5; k++) {
        check_window_shapes(k);
        for (int64_t layer = 0; layer < layers; layer++) check_layer_shapes(k, layer);
    }
    for (size_t i = 0; i < record.count; i++)
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(assay_place_compare(&record.events[i].place, &record.events[j].place), 0, "twice");
}

Test(taps, stages_come_in_the_order_of_execution) { /* but for what joins memory after its window's attention (MEM-2) */
    run_two_calls();
    const assay_place *before = NULL;
    for (size_t i = 0; i < record.count; i++) {
        const assay_place *p = &record.events[i].place;
        bool write = p->stage >= ASSAY_STAGE_MEM_WRITE_KEY && p->stage <= ASSAY_STAGE_MEM_WRITE_MASK;
        if (write && p->window < 3) continue;
        if (before) cr_assert_lt(assay_place_compare(before, p), 0, "event %d", (int)i);
        before = p;
    }
}

/* ---- each stage from those before it ---- */

static double at(const assay_tensor *t, int64_t i) { return assay_load_f64(t->data, t->dtype, (size_t)i); }

static const assay_tensor *weight(int64_t layer, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "model.layers.%d.%s.weight", (int)layer, name);
    const assay_tensor *w = assay_tensor_map_get(rig.weights, layer < 0 ? name : path);
    cr_assert(w, "%s", path);
    return w;
}

static void close_to(double found, double expected, const char *what, int64_t i) {
    cr_assert_float_eq(found, expected, 1e-12 * (1 + fabs(expected)), "%s at %d: %.17g is not %.17g", what, (int)i,
                       found, expected);
}

/* out = x w^T (HEAD-1) */
static void check_linear(const assay_tensor *out, const assay_tensor *x, const assay_tensor *w, const char *what) {
    int64_t k = w->shape[1], n = w->shape[0], rows = assay_tensor_count(x) / k;
    for (int64_t i = 0; i < rows * n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < k; j++) sum += at(x, i / n * k + j) * at(w, i % n * k + j);
        close_to(at(out, i), sum, what, i);
    }
}

/* NORM-1 */
static void check_norm(const assay_tensor *out, const assay_tensor *x, const assay_tensor *w, const char *what) {
    int64_t c = w->shape[0];
    for (int64_t i = 0; i < assay_tensor_count(x); i++) {
        double sum = 0;
        for (int64_t j = 0; j < c; j++) sum += at(x, i / c * c + j) * at(x, i / c * c + j);
        close_to(at(out, i), at(x, i) / sqrt(sum / (double)c + 1e-6) * at(w, i % c), what, i);
    }
}

static void check_sum(const assay_tensor *out, const assay_tensor *x, const assay_tensor *y, const char *what) {
    for (int64_t i = 0; i < assay_tensor_count(out); i++) close_to(at(out, i), at(x, i) + at(y, i), what, i);
}

/* ROPE-2 on (B,H,n,D) from the projections (B,n,H*D), with the last n of rel (POS-6). */
static void check_rotation(const assay_tensor *out, const assay_tensor *x, int64_t k, int64_t layer) {
    const assay_tensor *rel = find(ASSAY_STAGE_REL_POS_IDS, k, layer), *cosines = find(ASSAY_STAGE_COS, k, layer);
    const assay_tensor *sines = find(ASSAY_STAGE_SIN, k, layer);
    int64_t n = out->shape[2], l = rel->shape[1];
    for (int64_t i = 0; i < assay_tensor_count(out); i++) {
        int64_t d = i % D, t = i / D % n, h = i / D / n % H, b = i / D / n / H;
        int64_t pos = (int64_t)at(rel, b * l + l - n + t), row = ((b * n + t) * H + h) * D;
        double turned = d < D / 2 ? -at(x, row + d + D / 2) : at(x, row + d - D / 2);
        close_to(at(out, i), at(x, row + d) * at(cosines, pos * D + d) + turned * at(sines, pos * D + d), "rotation",
                 i);
    }
}

/* ROPE-1, ROPE-3: from the frequencies in float. */
static void check_tables(int64_t k, int64_t layer) {
    const assay_tensor *cosines = find(ASSAY_STAGE_COS, k, layer), *sines = find(ASSAY_STAGE_SIN, k, layer);
    for (int64_t i = 0; i < assay_tensor_count(cosines); i++) {
        int64_t pos = i / D, pair = i % D % (D / 2);
        double angle = (double)pos * pow(10000, -2.0 * (double)pair / D);
        cr_assert_float_eq(at(cosines, i), cos(angle), 2e-6);
        cr_assert_float_eq(at(sines, i), sin(angle), 2e-6);
    }
}

/* POS-2: rel of the local keys; here every call uses default positions, so all are consecutive. */
static void check_rel(int64_t k, int64_t layer) {
    const assay_tensor *rel = find(ASSAY_STAGE_REL_POS_IDS, k, layer);
    for (int64_t i = 0; i < assay_tensor_count(rel); i++) cr_assert_eq(at(rel, i), (double)(i % rel->shape[1]));
}

/* ATT-1, ATT-5, MEM-3, MEM-4: scores of local then memory keys. */
static void check_scores(int64_t k, int64_t layer) {
    const assay_tensor *q = find(ASSAY_STAGE_ROTATE_QUERY, k, layer), *key = find(ASSAY_STAGE_ROTATE_KEY, k, layer);
    const assay_tensor *scores = find(ASSAY_STAGE_ATTN_SCORES, k, layer),
                       *mask = find(ASSAY_STAGE_ATTENTION_MASK, k, -1);
    const assay_tensor *memory = test_record_find(&record, ASSAY_STAGE_MEM_READ_KEY, k, layer);
    const assay_tensor *memory_mask = test_record_find(&record, ASSAY_STAGE_MEM_READ_MASK, k, layer);
    int64_t t = q->shape[2], l = key->shape[2], m = memory ? memory->shape[2] : 0, s = mask->shape[1];
    for (int64_t i = 0; i < assay_tensor_count(scores); i++) {
        int64_t j = i % (l + m), query = i / (l + m) % t, row = i / (l + m) / t, b = row / H;
        const assay_tensor *keys = j < l ? key : memory;
        int64_t from = j < l ? (row * l + j) * D : (row * m + j - l) * D;
        double dot = 0;
        for (int64_t d = 0; d < D; d++) dot += at(q, (row * t + query) * D + d) * at(keys, from + d);
        bool hidden =
            j < l ? j > l - t + query || at(mask, b * s + s - l + j) == 0 : at(memory_mask, b * m + j - l) < 0;
        if (hidden) cr_assert_eq(at(scores, i), -1e6);
        else close_to(at(scores, i), dot / sqrt(D), "score", i);
    }
}

/* ATT-2, MEM-9: one softmax over all of it. */
static void check_probs(int64_t k, int64_t layer) {
    const assay_tensor *scores = find(ASSAY_STAGE_ATTN_SCORES, k, layer),
                       *probs = find(ASSAY_STAGE_ATTN_PROBS, k, layer);
    int64_t keys = scores->shape[3];
    for (int64_t row = 0; row < assay_tensor_count(scores) / keys; row++) {
        double largest = -INFINITY, sum = 0;
        for (int64_t j = 0; j < keys; j++) largest = fmax(largest, at(scores, row * keys + j));
        for (int64_t j = 0; j < keys; j++) sum += exp(at(scores, row * keys + j) - largest);
        for (int64_t j = 0; j < keys; j++)
            close_to(at(probs, row * keys + j), exp(at(scores, row * keys + j) - largest) / sum, "weight", j);
    }
}

/* Values of a window that had no local cache before: its own projections, then memory. */
static void check_mix(int64_t k, int64_t layer) {
    const assay_tensor *probs = find(ASSAY_STAGE_ATTN_PROBS, k, layer), *v = find(ASSAY_STAGE_V_PROJ, k, layer);
    const assay_tensor *out = find(ASSAY_STAGE_ATTN_OUTPUT, k, layer);
    const assay_tensor *memory = test_record_find(&record, ASSAY_STAGE_MEM_READ_VALUE, k, layer);
    int64_t t = v->shape[1], m = memory ? memory->shape[2] : 0;
    for (int64_t i = 0; i < assay_tensor_count(out); i++) {
        int64_t d = i % D, h = i / D % H, query = i / C % t, b = i / C / t;
        double sum = 0;
        for (int64_t j = 0; j < t + m; j++) {
            double value = j < t ? at(v, (b * t + j) * C + h * D + d) : at(memory, ((b * H + h) * m + j - t) * D + d);
            sum += at(probs, ((b * H + h) * t + query) * (t + m) + j) * value;
        }
        close_to(at(out, i), sum, "attention", i);
    }
}

/* MLP-1 */
static void check_mlp(int64_t k, int64_t layer) {
    const assay_tensor *gate = find(ASSAY_STAGE_GATE_PROJ, k, layer), *act = find(ASSAY_STAGE_ACT_FN, k, layer);
    const assay_tensor *up = find(ASSAY_STAGE_UP_PROJ, k, layer), *down = weight(layer, "mlp.down_proj");
    const assay_tensor *x = find(ASSAY_STAGE_POST_LAYERNORM, k, layer), *out = find(ASSAY_STAGE_DOWN_PROJ, k, layer);
    check_linear(gate, x, weight(layer, "mlp.gate_proj"), "gate");
    check_linear(up, x, weight(layer, "mlp.up_proj"), "up");
    for (int64_t i = 0; i < assay_tensor_count(gate); i++)
        close_to(at(act, i), at(gate, i) / (1 + exp(-at(gate, i))), "silu", i);
    for (int64_t i = 0; i < assay_tensor_count(out); i++) {
        double sum = 0;
        for (int64_t j = 0; j < I; j++) sum += at(act, i / C * I + j) * at(up, i / C * I + j) * at(down, i % C * I + j);
        close_to(at(out, i), sum, "down", i);
    }
}

static void check_layer(int64_t k, int64_t layer) {
    const assay_tensor *in =
        layer ? find(ASSAY_STAGE_LAYER_OUTPUT, k, layer - 1) : find(ASSAY_STAGE_EMBED_TOKENS, k, -1);
    const assay_tensor *normed = find(ASSAY_STAGE_INPUT_LAYERNORM, k, layer);
    const assay_tensor *middle = find(ASSAY_STAGE_ATTN_RESIDUAL, k, layer);
    check_norm(normed, in, weight(layer, "input_layernorm"), "input norm");
    check_linear(find(ASSAY_STAGE_Q_PROJ, k, layer), normed, weight(layer, "self_attn.q_proj"), "q");
    check_linear(find(ASSAY_STAGE_K_PROJ, k, layer), normed, weight(layer, "self_attn.k_proj"), "k");
    check_linear(find(ASSAY_STAGE_V_PROJ, k, layer), normed, weight(layer, "self_attn.v_proj"), "v");
    check_rel(k, layer);
    check_tables(k, layer);
    check_rotation(find(ASSAY_STAGE_ROTATE_QUERY, k, layer), find(ASSAY_STAGE_Q_PROJ, k, layer), k, layer);
    bool own_keys_alone = windows[k].l == windows[k].t;
    if (own_keys_alone)
        check_rotation(find(ASSAY_STAGE_ROTATE_KEY, k, layer), find(ASSAY_STAGE_K_PROJ, k, layer), k, layer);
    check_scores(k, layer);
    check_probs(k, layer);
    if (own_keys_alone) check_mix(k, layer);
    check_linear(find(ASSAY_STAGE_O_PROJ, k, layer), find(ASSAY_STAGE_ATTN_OUTPUT, k, layer),
                 weight(layer, "self_attn.o_proj"), "o");
    check_sum(middle, in, find(ASSAY_STAGE_O_PROJ, k, layer), "attention residual");
    check_norm(find(ASSAY_STAGE_POST_LAYERNORM, k, layer), middle, weight(layer, "post_attention_layernorm"),
               "post norm");
    check_mlp(k, layer);
    check_sum(find(ASSAY_STAGE_LAYER_OUTPUT, k, layer), middle, find(ASSAY_STAGE_DOWN_PROJ, k, layer), "output");
}

Test(taps, every_stage_follows_from_those_before_it) {
    run_two_calls();
    for (int64_t k = 0; k < 5; k++) {
        for (int64_t layer = 0; layer < layers; layer++) check_layer(k, layer);
        check_norm(find(ASSAY_STAGE_NORM, k, -1), find(ASSAY_STAGE_LAYER_OUTPUT, k, layers - 1),
                   weight(-1, "model.norm.weight"), "final norm");
    }
}

/* ---- memory ---- */

/* Token `from` of projections (B,T,H*D) against token `to` of stored (B,H,n,D), in float32 memory. */
static void check_token(const assay_tensor *stored, int64_t to, const assay_tensor *projected, int64_t from) {
    for (int64_t i = 0; i < B * H * D; i++) {
        int64_t d = i % D, h = i / D % H, b = i / D / H;
        double raw = at(projected, (b * projected->shape[1] + from) * C + h * D + d);
        cr_assert_eq(at(stored, ((b * H + h) * stored->shape[2] + to) * D + d), (double)(float)raw);
    }
}

Test(taps, what_memory_holds_are_raw_projections_bit_for_bit) { /* MEM-1, MEM-2, MEM-3, MEM-6, CACHE-1 */
    run_two_calls();
    /* Window and token that each of the 16 tokens comes from: windows 0 and 1 wrote themselves, 2 and 3 were dropped. */
    const int64_t first[] = {0, 8, 10, 14, 16};
    const assay_tensor *keys = find(ASSAY_STAGE_MEM_READ_KEY, 4, 1), *values = find(ASSAY_STAGE_MEM_READ_VALUE, 4, 1);
    for (int64_t k = 0; k < 4; k++)
        for (int64_t t = first[k]; t < first[k + 1]; t++) {
            check_token(keys, t, find(ASSAY_STAGE_K_PROJ, k, 1), t - first[k]);
            check_token(values, t, find(ASSAY_STAGE_V_PROJ, k, 1), t - first[k]);
        }
}

Test(taps, what_is_written_is_what_is_read_later) { /* MEM-3, MEM-5 */
    run_two_calls();
    const assay_tensor *read = find(ASSAY_STAGE_MEM_READ_KEY, 1, 1), *written = find(ASSAY_STAGE_MEM_WRITE_KEY, 0, 1);
    cr_assert(test_same_bits(read, written));
    read = find(ASSAY_STAGE_MEM_READ_MASK, 1, 1), written = find(ASSAY_STAGE_MEM_WRITE_MASK, 0, 1);
    cr_assert(test_same_bits(read, written));
    cr_assert_eq(at(read, 0), -assay_dtype_max(ASSAY_F64), "row 0's pad");
    for (int64_t i = 1; i < 16; i++) cr_assert_eq(at(read, i), 0);
    test_snapshot s = test_snapshot_take(rig.past);
    cr_assert(test_same_bits(find(ASSAY_STAGE_MEM_READ_VALUE, 4, 1), &s.layer[1].mem_value));
    test_snapshot_free(&s);
}

/* Sets what is stored to a number that tells window and kind. */
static bool replay(void *context, int64_t window, int64_t layer, int which, assay_tensor *stored) {
    ++*(int *)context;
    cr_assert_eq(layer, 1);
    cr_assert_eq(stored->rank, 4);
    cr_assert_eq(stored->dtype, ASSAY_F32);
    if (window == 1) return false; /* not used */
    for (int64_t i = 0; i < assay_tensor_count(stored); i++)
        ((float *)stored->data)[i] = (float)(10 * window + which + 1);
    return true;
}

static assay_status ignore(void *context, const assay_tap_event *event, assay_error *err) {
    (void)context, (void)event, (void)err;
    return ASSAY_OK;
}

static bool wants_nothing(void *context, assay_stage stage) {
    (void)context, (void)stage;
    return false;
}

Test(taps, a_replayed_memory_is_what_later_windows_read) {
    int calls = 0;
    assay_taps taps = {.context = &calls, .wants = wants_nothing, .emit = ignore, .replay_memory = replay};
    assay_tensor ids = test_ids(B, 14, 1), plain = test_feed(&rig, &ids, 1);
    test_snapshot before = test_snapshot_take(rig.past);
    assay_past_clear(rig.past);
    assay_output out = test_run(&rig, &(assay_call){.input_ids = &ids, .use_cache = 1}, &taps);
    cr_assert_eq(calls, 4, "keys and values of two windows");
    test_snapshot after = test_snapshot_take(rig.past);
    for (int64_t i = 0; i < B * H * 10 * D; i++) {
        bool replaced = i / D % 10 < 8;
        double key = at(&after.layer[1].mem_key, i), value = at(&after.layer[1].mem_value, i);
        if (replaced) cr_assert(key == 1 && value == 2);
        else cr_assert(key != 1 && value != 2);
    }
    cr_assert_not(test_same_bits(&plain, &out.logits), "the second window saw it");
    test_snapshot_free(&before), test_snapshot_free(&after);
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&plain);
}

/* ---- what is not emitted ---- */

Test(taps, taps_change_no_bit_of_a_call) {
    assay_tensor ids = test_ids(B, 14, 1), plain = test_feed(&rig, &ids, 1);
    test_snapshot before = test_snapshot_take(rig.past);
    assay_past_clear(rig.past);
    assay_output out = run_ids(&ids, NULL);
    test_snapshot after = test_snapshot_take(rig.past);
    cr_assert(test_same_bits(&plain, &out.logits));
    cr_assert(test_snapshot_equal(&before, &after));
    test_snapshot_free(&before), test_snapshot_free(&after);
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&plain);
}

static bool wants_one(void *context, assay_stage stage) {
    (void)context;
    return stage == ASSAY_STAGE_ROTATE_KEY;
}

Test(taps, only_what_is_wanted_is_emitted) {
    assay_tensor ids = test_ids(B, 3, 1);
    assay_taps taps = test_record_taps(&record);
    taps.wants = wants_one;
    assay_output out = test_run(&rig, &(assay_call){.input_ids = &ids, .use_cache = 1}, &taps);
    cr_assert_eq(record.count, layers);
    for (int64_t i = 0; i < layers; i++) find(ASSAY_STAGE_ROTATE_KEY, 0, i);
    assay_output_free(&out);
    assay_tensor_free(&ids);
}

Test(taps, torch_attention_has_no_scores) { /* OUT-2, ATT-4 */
    assay_config c = test_config();
    c.torch_attention = true;
    restart(&c);
    assay_tensor ids = test_ids(B, 3, 1);
    assay_output out = run_ids(&ids, NULL);
    cr_assert_null(test_record_find(&record, ASSAY_STAGE_ATTN_SCORES, 0, 0));
    cr_assert_null(test_record_find(&record, ASSAY_STAGE_ATTN_PROBS, 0, 1));
    find(ASSAY_STAGE_ATTN_OUTPUT, 0, 1);
    assay_output_free(&out);
    assay_tensor_free(&ids);
}

Test(taps, a_layer_without_rotary_shows_none) { /* MEM-7 */
    assay_config c = test_config();
    c.mem_positionals = false;
    restart(&c);
    assay_tensor ids = test_ids(B, 3, 1);
    assay_output out = run_ids(&ids, NULL);
    for (int s = ASSAY_STAGE_REL_POS_IDS; s <= ASSAY_STAGE_ROTATE_KEY; s++) {
        cr_assert_not_null(test_record_find(&record, (assay_stage)s, 0, 0));
        cr_assert_null(test_record_find(&record, (assay_stage)s, 0, 1));
    }
    assay_output_free(&out);
    assay_tensor_free(&ids);
}

Test(taps, embeddings_have_no_ids) { /* EMB-1 */
    assay_tensor embeds;
    cr_assert_eq(assay_tensor_alloc(&embeds, ASSAY_F64, 3, (int64_t[]){B, 3, C}, "e", NULL), ASSAY_OK);
    test_fill_f64(embeds.data, B * 3 * C, 1, 1);
    assay_taps taps = test_record_taps(&record);
    assay_output out = test_run(&rig, &(assay_call){.inputs_embeds = &embeds, .use_cache = 1}, &taps);
    cr_assert_null(test_record_find(&record, ASSAY_STAGE_INPUT_IDS, 0, -1));
    cr_assert(test_same_bits(find(ASSAY_STAGE_EMBED_TOKENS, 0, -1), &embeds));
    assay_output_free(&out);
    assay_tensor_free(&embeds);
}
