#include "compare/suggest_map.h"

#include <stdio.h>
#include <stdlib.h>

#include "compare/compare_fixture.h"
#include "compare/mapped_source.h"
#include "compare/source_file.h"
#include "golden/test_scratch.h"

/* A golden, and what a port of other names and layouts would write of it. */
typedef struct {
    assay_golden file;
    assay_source golden;
    assay_layout_facts facts;
    fixture port;
    assay_place places[512]; /* of the port's tensors, in the order in which they were put */
    char names[512][160];
    size_t count;
    assay_suggestion suggestion;
} scene;

static void open_scene(scene *s, const char *name) {
    char path[160];
    memset(s, 0, sizeof *s);
    snprintf(path, sizeof path, "golden/data/%s.h5", name);
    EXPECT_OK(assay_golden_open(&s->file, path, &expect_err));
    EXPECT_OK(assay_source_of_file(&s->golden, &s->file, "golden", &expect_err));
    s->facts = assay_layout_facts_of(&s->file);
    s->port = fixture_new("port", false);
}

static void close_scene(scene *s) {
    assay_suggestion_free(&s->suggestion);
    fixture_free(&s->port);
    assay_source_close(&s->golden);
    assay_golden_close(&s->file);
}

/* Puts a stage into the port under another name, its axes moved by `ops`, with noise of `amount` times its root mean square. */
static void put_stage(scene *s, const assay_source_item *item, const char *name, const assay_layout_op *ops,
                      size_t count, double amount) {
    assay_source_tensor t;
    assay_tensor moved;
    EXPECT_OK(assay_source_read(&s->golden, item, false, &t, &expect_err));
    EXPECT_OK(assay_layout_apply(&moved, &t.tensor, ops, count, &s->facts, name, &expect_err));
    double sum = 0;
    size_t n = (size_t)assay_tensor_count(&moved);
    for (size_t i = 0; i < n && moved.dtype == ASSAY_F32; i++) {
        float v = ((float *)moved.data)[i];
        sum += fabsf(v) < 1e5f ? (double)v * v : 0;
    }
    for (size_t i = 0; i < n && moved.dtype == ASSAY_F32 && amount > 0; i++)
        ((float *)moved.data)[i] +=
            (float)(amount * sqrt(3 * sum / (double)n)) * assay_random_symmetric_f32(s->count, i);
    fixture_put(&s->port, name, moved);
    snprintf(s->names[s->count], sizeof s->names[0], "%s", name);
    s->places[s->count++] = item->place;
    assay_tensor_free(&moved);
    assay_source_release(&t);
}

static void suggest(scene *s) {
    fixture_open(&s->port);
    EXPECT_OK(assay_suggest_map(&s->suggestion, &s->golden, &s->port.source, &s->facts, &expect_err));
}

static const assay_place *place_of(const scene *s, const char *name) {
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->names[i], name) == 0) return &s->places[i];
    cr_assert_fail("%s", name);
    return NULL;
}

static size_t count_in_place(const scene *s) {
    size_t right = 0;
    for (size_t i = 0; i < s->suggestion.count; i++) {
        const assay_suggested *e = &s->suggestion.entries[i];
        bool same = assay_place_compare(place_of(s, e->from), &e->place) == 0;
        char path[160];
        if (!same) cr_log_info("%s for %s", e->from, assay_place_path(&e->place, path, sizeof path));
        right += same;
    }
    return right;
}

/* Whether the entry gives, bit for bit, what the golden has at its place: another place may have the same values. */
static bool gives_the_stage(const scene *s, const assay_suggested *e) {
    assay_source_tensor want;
    assay_tensor got;
    const assay_tensor *t = assay_tensor_map_get(s->port.map, e->from);
    EXPECT_OK(assay_layout_apply(&got, t, e->ops, e->op_count, &s->facts, e->from, &expect_err));
    EXPECT_OK(assay_source_read(&s->golden, assay_source_find(&s->golden, &e->place), false, &want, &expect_err));
    bool same = assay_tensor_same_shape(&got, &want.tensor) && got.dtype == want.tensor.dtype &&
                memcmp(got.data, want.tensor.data, assay_tensor_nbytes(&got)) == 0;
    assay_tensor_free(&got);
    assay_source_release(&want);
    return same;
}

static bool is_usable(const assay_source_item *item) {
    return item->kept_axis < 0 && assay_tensor_count(&item->info) > 0;
}

/* ---- meaningless names, other layouts ---- */

/* Another layout of a stage: heads behind tokens, heads split off, batch and token swapped, pairs side by side. */
static size_t scramble(const assay_source_item *item, const assay_layout_facts *facts, uint64_t dice,
                       assay_layout_op ops[3]) {
    const char *name = assay_stage_get(item->place.stage)->name;
    bool is_key = strstr(name, "key") || strstr(name, "query") || strstr(name, "q_proj") || strstr(name, "k_proj");
    bool has_heads = item->info.rank == 4 || strstr(name, "q_proj") || strstr(name, "k_proj") || strstr(name, "v_proj");
    size_t n = 0;
    if (is_key && has_heads && dice % 2) ops[n++] = (assay_layout_op){.kind = ASSAY_LAYOUT_HALVES_TO_INTERLEAVED};
    if (item->info.rank == 4)
        ops[n++] = (assay_layout_op){.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 4, .sizes = {0, 2, 1, 3}};
    else if (has_heads && dice % 3 && item->info.shape[2] == facts->heads * facts->head_dim)
        ops[n++] = (assay_layout_op){.kind = ASSAY_LAYOUT_SPLIT_HEADS};
    else if (item->info.rank == 3) ops[n++] = (assay_layout_op){.kind = ASSAY_LAYOUT_SWAP_BATCH_TOKEN};
    return n;
}

static void put_scrambled(scene *s, uint64_t seed) {
    for (size_t i = 0; i < s->golden.item_count; i++) {
        const assay_source_item *item = &s->golden.items[i];
        assay_layout_op ops[3];
        char name[32];
        uint64_t dice = assay_random_at(seed, i);
        if (!is_usable(item)) continue;
        snprintf(name, sizeof name, "t%08llx", (unsigned long long)(dice >> 32));
        size_t count = scramble(item, &s->facts, dice, ops);
        put_stage(s, item, name, ops, count, 0);
    }
}

static const char *const goldens[] = {"windows-3-all",   "memory-no-positions-all",
                                      "memory-bf16-all", "torch-attention-all",
                                      "pads-all",        "cache-exact-all"};
enum { golden_count = sizeof goldens / sizeof *goldens };

Test(suggest_map, values_alone_find_the_stages) {
    size_t all = 0, right = 0;
    for (int g = 0; g < golden_count; g++) {
        scene s;
        open_scene(&s, goldens[g]);
        put_scrambled(&s, (uint64_t)g);
        suggest(&s);
        for (size_t i = 0; i < s.suggestion.count; i++) {
            const assay_suggested *e = &s.suggestion.entries[i];
            bool same = gives_the_stage(&s, e);
            right += same;
            cr_expect(same || e->confidence < ASSAY_SUGGESTION_SURE, "%s: sure of %s and wrong: %s", goldens[g],
                      e->from, e->reason);
        }
        all += s.count;
        close_scene(&s);
    }
    cr_log_info("%zu of %zu", right, all);
    cr_expect_gt(all, 800);
    cr_expect_geq((double)right, 0.97 * (double)all, "%zu of %zu", right, all);
}

/* ---- names of other programs ---- */

/* The name that a program has for a stage: "%lld" is the layer. NULL: it has none. */
typedef struct {
    assay_stage stage;
    const char *name;
} naming;

static const naming of_hugging_face[] = {{ASSAY_STAGE_EMBED_TOKENS, "model.embed_tokens"},
                                         {ASSAY_STAGE_INPUT_LAYERNORM, "model.layers.%lld.input_layernorm"},
                                         {ASSAY_STAGE_Q_PROJ, "model.layers.%lld.self_attn.q_proj"},
                                         {ASSAY_STAGE_K_PROJ, "model.layers.%lld.self_attn.k_proj"},
                                         {ASSAY_STAGE_V_PROJ, "model.layers.%lld.self_attn.v_proj"},
                                         {ASSAY_STAGE_O_PROJ, "model.layers.%lld.self_attn.o_proj"},
                                         {ASSAY_STAGE_POST_LAYERNORM, "model.layers.%lld.post_attention_layernorm"},
                                         {ASSAY_STAGE_GATE_PROJ, "model.layers.%lld.mlp.gate_proj"},
                                         {ASSAY_STAGE_ACT_FN, "model.layers.%lld.mlp.act_fn"},
                                         {ASSAY_STAGE_UP_PROJ, "model.layers.%lld.mlp.up_proj"},
                                         {ASSAY_STAGE_DOWN_PROJ, "model.layers.%lld.mlp.down_proj"},
                                         {ASSAY_STAGE_LAYER_OUTPUT, "model.layers.%lld"},
                                         {ASSAY_STAGE_NORM, "model.norm"},
                                         {ASSAY_STAGE_LOGITS, "lm_head"},
                                         {ASSAY_STAGE_COUNT, NULL}};
static const naming of_llama_cpp[] = {{ASSAY_STAGE_EMBED_TOKENS, "inp_embd"},
                                      {ASSAY_STAGE_INPUT_LAYERNORM, "attn_norm-%lld"},
                                      {ASSAY_STAGE_ROTATE_QUERY, "Qcur-%lld"},
                                      {ASSAY_STAGE_ROTATE_KEY, "Kcur-%lld"},
                                      {ASSAY_STAGE_V_PROJ, "Vcur-%lld"},
                                      {ASSAY_STAGE_ATTN_SCORES, "kq-%lld"},
                                      {ASSAY_STAGE_ATTN_PROBS, "kq_soft_max-%lld"},
                                      {ASSAY_STAGE_O_PROJ, "kqv_out-%lld"},
                                      {ASSAY_STAGE_ATTN_RESIDUAL, "ffn_inp-%lld"},
                                      {ASSAY_STAGE_POST_LAYERNORM, "ffn_norm-%lld"},
                                      {ASSAY_STAGE_GATE_PROJ, "ffn_gate-%lld"},
                                      {ASSAY_STAGE_ACT_FN, "ffn_silu-%lld"},
                                      {ASSAY_STAGE_UP_PROJ, "ffn_up-%lld"},
                                      {ASSAY_STAGE_DOWN_PROJ, "ffn_out-%lld"},
                                      {ASSAY_STAGE_LAYER_OUTPUT, "l_out-%lld"},
                                      {ASSAY_STAGE_NORM, "result_norm"},
                                      {ASSAY_STAGE_LOGITS, "result_output"},
                                      {ASSAY_STAGE_COUNT, NULL}};

/* llama.cpp keeps rotated heads behind their tokens, with pairs side by side. */
static size_t layout_of(const naming *list, const assay_source_item *item, assay_layout_op ops[3]) {
    bool is_rotated = item->place.stage == ASSAY_STAGE_ROTATE_QUERY || item->place.stage == ASSAY_STAGE_ROTATE_KEY;
    if (list != of_llama_cpp || !is_rotated) return 0;
    ops[0] = (assay_layout_op){.kind = ASSAY_LAYOUT_HALVES_TO_INTERLEAVED};
    ops[1] = (assay_layout_op){.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 4, .sizes = {0, 2, 1, 3}};
    return 2;
}

/* Layers from `wrong_from` on have noise of `amount`. */
static void put_named(scene *s, const naming *list, int64_t wrong_from, double amount) {
    for (size_t i = 0; i < s->golden.item_count; i++) {
        const assay_source_item *item = &s->golden.items[i];
        const naming *n = list;
        while (n->name && n->stage != item->place.stage) n++;
        if (!is_usable(item) || !n->name) continue;
        char own[96], name[160];
        assay_layout_op ops[3];
        int length = snprintf(name, sizeof name, "step%lld.", (long long)item->place.step);
        if (item->place.window >= 0)
            length +=
                snprintf(name + length, sizeof name - (size_t)length, "window%lld.", (long long)item->place.window);
        const char *number = strstr(n->name, "%lld");
        if (number)
            snprintf(own, sizeof own, "%.*s%lld%s", (int)(number - n->name), n->name, (long long)item->place.layer,
                     number + 4);
        else snprintf(own, sizeof own, "%s", n->name);
        snprintf(name + length, sizeof name - (size_t)length, "%s", own);
        size_t count = layout_of(list, item, ops);
        put_stage(s, item, name, ops, count, item->place.layer >= wrong_from ? amount : 0);
    }
}

static void expect_all_in_place(const naming *list, int64_t wrong_from, double amount, bool all_sure) {
    for (int g = 0; g < golden_count; g++) {
        scene s;
        open_scene(&s, goldens[g]);
        put_named(&s, list, wrong_from, amount);
        suggest(&s);
        cr_expect_gt(s.count, 40);
        cr_expect_eq(s.suggestion.count, s.count, "%s: %zu of %zu", goldens[g], s.suggestion.count, s.count);
        size_t right = count_in_place(&s);
        cr_expect_eq(right, s.count, "%s: %zu of %zu", goldens[g], right, s.count);
        if (all_sure)
            cr_expect_eq(s.suggestion.sure_count, s.count, "%s: %zu sure", goldens[g], s.suggestion.sure_count);
        close_scene(&s);
    }
}

Test(suggest_map, names_of_hugging_face) { expect_all_in_place(of_hugging_face, INT64_MAX, 0, true); }
Test(suggest_map, a_wrong_port_keeps_its_names) { expect_all_in_place(of_hugging_face, 1, 1, true); }
Test(suggest_map, a_slightly_wrong_port_keeps_its_names) { expect_all_in_place(of_hugging_face, 1, 0.05, true); }

/* Qcur is the projection or what the rotation makes of it; at position 0 they are the same, and that is told. */
Test(suggest_map, names_of_llama_cpp) {
    for (int g = 0; g < golden_count; g++) {
        scene s;
        open_scene(&s, goldens[g]);
        put_named(&s, of_llama_cpp, INT64_MAX, 0);
        suggest(&s);
        cr_expect_eq(s.suggestion.count, s.count);
        for (size_t i = 0; i < s.suggestion.count; i++) {
            const assay_suggested *e = &s.suggestion.entries[i];
            bool same = assay_place_compare(place_of(&s, e->from), &e->place) == 0;
            cr_expect(same || gives_the_stage(&s, e), "%s: %s", goldens[g], e->from);
            cr_expect(same || e->confidence < ASSAY_SUGGESTION_SURE, "%s: %s", goldens[g], e->from);
        }
        close_scene(&s);
    }
}

/* ---- by hand ---- */

static const assay_suggested *entry_for(const assay_suggestion *s, const char *path) {
    assay_place place;
    cr_assert(assay_place_parse(path, &place));
    for (size_t i = 0; i < s->count; i++)
        if (assay_place_compare(&s->entries[i].place, &place) == 0) return &s->entries[i];
    cr_assert_fail("no entry for %s", path);
    return NULL;
}

#define LAYER "steps/0/windows/0/layers/0/"

/* Two stages with the same values, and two tensors: names tell which is which, where they say it; else it is told. */
Test(suggest_map, equal_values_are_ambiguous_without_names) {
    static const char *const names[][2] = {{"a", "b"}, {"layer0.down_proj", "layer0.o_proj"}};
    float data[32];
    fill_random(data, 32, 5);
    for (int named = 0; named < 2; named++) {
        fixture golden = fixture_new("golden", true), port = fixture_new("port", false);
        const int64_t shape[] = {1, 4, 8};
        fixture_put_f32(&golden, LAYER "self_attn.o_proj", 3, shape, data);
        fixture_put_f32(&golden, LAYER "mlp.down_proj", 3, shape, data);
        for (int i = 0; i < 2; i++) fixture_put_f32(&port, names[named][i], 3, shape, data);
        fixture_open(&golden);
        fixture_open(&port);
        assay_suggestion s;
        EXPECT_OK(assay_suggest_map(&s, &golden.source, &port.source, &(assay_layout_facts){2, 4}, &expect_err));
        cr_assert_eq(s.count, 2);
        const assay_suggested *o = entry_for(&s, LAYER "self_attn.o_proj");
        if (named) cr_expect_str_eq(o->from, "layer0.o_proj");
        else
            cr_expect(strstr(o->reason, "ambiguous with " LAYER "mlp.down_proj, which has the same values"), "%s",
                      o->reason);
        cr_expect_eq(s.sure_count, named ? 2 : 0);
        assay_suggestion_free(&s);
        fixture_free(&golden);
        fixture_free(&port);
    }
}

/* Unrelated tensors are no stage, whatever their shape; a stage that is not there is said to be missing. */
Test(suggest_map, what_does_not_fit_is_left_out) {
    float data[32], other[32];
    fill_random(data, 32, 5);
    fill_random(other, 32, 6);
    fixture golden = fixture_new("golden", true), port = fixture_new("port", false);
    fixture_put_f32(&golden, LAYER "output", 3, (int64_t[]){1, 4, 8}, data);
    fixture_put_f32(&golden, "steps/0/logits", 3, (int64_t[]){1, 4, 2}, other);
    fixture_put_f32(&port, "x", 3, (int64_t[]){1, 4, 8}, other);
    fixture_put_f32(&port, "ffn_swiglu-0", 3, (int64_t[]){1, 4, 8}, other);
    fixture_open(&golden);
    fixture_open(&port);
    assay_suggestion s;
    EXPECT_OK(assay_suggest_map(&s, &golden.source, &port.source, &(assay_layout_facts){2, 4}, &expect_err));
    cr_expect_eq(s.count, 0);
    cr_expect_eq(s.missing_count, 2);
    cr_expect_eq(s.unused_count, 2);
    assay_suggestion_free(&s);
    fixture_free(&golden);
    fixture_free(&port);
}

/* What sure pairs show a name to mean is believed of the same name elsewhere, whose values are wrong. */
Test(suggest_map, names_are_learned) {
    enum { layers = 4, count = 64 };
    fixture golden = fixture_new("golden", true), port = fixture_new("port", false);
    for (int i = 0; i < layers; i++) {
        float data[count], other[count];
        char path[64], name[24];
        fill_random(data, count, (uint64_t)i);
        fill_random(other, count, (uint64_t)i + 100);
        snprintf(path, sizeof path, "steps/0/windows/0/layers/%d/output", i);
        snprintf(name, sizeof name, "zork-%d", i);
        fixture_put_f32(&golden, path, 3, (int64_t[]){1, 8, 8}, data);
        fixture_put_f32(&port, name, 3, (int64_t[]){1, 8, 8}, i < 2 ? data : other);
    }
    fixture_open(&golden);
    fixture_open(&port);
    assay_suggestion s;
    EXPECT_OK(assay_suggest_map(&s, &golden.source, &port.source, &(assay_layout_facts){2, 4}, &expect_err));
    cr_assert_eq(s.count, layers);
    cr_expect_str_eq(entry_for(&s, "steps/0/windows/0/layers/3/output")->from, "zork-3");
    assay_suggestion_free(&s);
    fixture_free(&golden);
    fixture_free(&port);
}
