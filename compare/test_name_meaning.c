#include "compare/name_meaning.h"

#include <criterion/criterion.h>

static void expect(const char *name, assay_stage stage, int64_t layer, double least) {
    assay_name_meaning m;
    assay_name_read(&m, name);
    const assay_place place = {0, 0, layer, stage};
    double agreement = assay_name_agreement(&m, &place, 4, 1, 1);
    cr_expect_geq(agreement, least, "%s: %g ('%s')", name, agreement, m.words);
}

Test(name_meaning, other_programs) {
    expect("model.layers.3.self_attn.q_proj", ASSAY_STAGE_Q_PROJ, 3, 1);
    expect("model.layers.3.self_attn.q_proj.output", ASSAY_STAGE_Q_PROJ, 3, 1);
    expect("model.layers.3.self_attn", ASSAY_STAGE_O_PROJ, 3, 0.8);
    expect("model.layers.3.mlp", ASSAY_STAGE_DOWN_PROJ, 3, 0.8);
    expect("model.layers.3", ASSAY_STAGE_LAYER_OUTPUT, 3, 0.9);
    expect("model.norm", ASSAY_STAGE_NORM, -1, 1);
    expect("lm_head", ASSAY_STAGE_LOGITS, -1, 1);
    expect("attn_norm-2", ASSAY_STAGE_INPUT_LAYERNORM, 2, 1);
    expect("Qcur-2", ASSAY_STAGE_Q_PROJ, 2, 0.9);
    expect("Qcur-2", ASSAY_STAGE_ROTATE_QUERY, 2, 0.9);
    expect("kq_soft_max-0", ASSAY_STAGE_ATTN_PROBS, 0, 1);
    expect("kqv_out-1", ASSAY_STAGE_O_PROJ, 1, 0.9);
    expect("l_out-1", ASSAY_STAGE_LAYER_OUTPUT, 1, 1);
    expect("result_norm", ASSAY_STAGE_NORM, -1, 1);
    expect("blk.2.attention.wq", ASSAY_STAGE_Q_PROJ, 2, 0.9);
    expect("layer_2_ffn_up", ASSAY_STAGE_UP_PROJ, 2, 1);
}

/* Every stage's own path says just this stage. */
Test(name_meaning, own_paths) {
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        const assay_stage_info *info = assay_stage_get((assay_stage)i);
        bool has_window = info->scope == ASSAY_PER_WINDOW || info->scope == ASSAY_PER_LAYER;
        bool has_layer = info->scope == ASSAY_PER_LAYER || info->scope == ASSAY_PER_PAST;
        const assay_place place = {2, has_window ? 1 : -1, has_layer ? 3 : -1, (assay_stage)i};
        char path[160];
        assay_name_meaning m;
        assay_name_read(&m, assay_place_path(&place, path, sizeof path));
        cr_expect_geq(assay_name_agreement(&m, &place, 4, 2, 3), 0.9, "%s ('%s')", path, m.words);
        const assay_place other = {2, place.window, place.layer, (assay_stage)((i + 1) % ASSAY_STAGE_COUNT)};
        cr_expect_lt(assay_name_agreement(&m, &other, 4, 2, 3), 0, "%s", path);
    }
}

Test(name_meaning, another_place_is_contradicted) {
    assay_name_meaning m;
    assay_name_read(&m, "step1.window2.attn_norm-3");
    const assay_place places[] = {{1, 2, 3, ASSAY_STAGE_INPUT_LAYERNORM},
                                  {1, 2, 2, ASSAY_STAGE_INPUT_LAYERNORM},
                                  {1, 1, 3, ASSAY_STAGE_INPUT_LAYERNORM},
                                  {0, 2, 3, ASSAY_STAGE_INPUT_LAYERNORM},
                                  {1, 2, 3, ASSAY_STAGE_POST_LAYERNORM}};
    for (int i = 0; i < 5; i++) {
        double agreement = assay_name_agreement(&m, &places[i], 4, 4, 4);
        cr_expect(i ? agreement < 0 : agreement >= 1, "%d: %g", i, agreement);
    }
    assay_name_read(&m, "ffn_swiglu-3");
    cr_expect_lt(assay_name_agreement(&m, &places[0], 4, 4, 4), 0);
    assay_name_read(&m, "t00042");
    cr_expect_eq(assay_name_agreement(&m, &places[0], 4, 4, 4), 0);
    cr_expect_eq(m.layer, -1);
    assay_name_learn(&m, ASSAY_STAGE_INPUT_LAYERNORM);
    cr_expect_eq(m.layer, 42);
}
