/* The vocabulary of stages: names, paths there and back, and the order of execution. */
#include "core/stages.h"

#include <criterion/criterion.h>
#include <string.h>

static assay_place place_of(assay_stage stage, int64_t step, int64_t window, int64_t layer) {
    assay_place p = {.step = step, .window = -1, .layer = -1, .stage = stage};
    assay_stage_scope scope = assay_stage_get(stage)->scope;
    if (scope == ASSAY_PER_WINDOW || scope == ASSAY_PER_LAYER) p.window = window;
    if (scope == ASSAY_PER_LAYER || scope == ASSAY_PER_PAST) p.layer = layer;
    return p;
}

Test(stages, every_stage_has_a_name_and_cites_rules) {
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        const assay_stage_info *info = assay_stage_get((assay_stage)i);
        cr_assert(info->name && info->name[0], "stage %d", i);
        cr_assert(info->rules && strchr(info->rules, '-'), "stage %d", i);
        cr_assert(!strchr(info->name, '/') && !strchr(info->name, ' '), "%s", info->name);
        for (int j = 0; j < i; j++) {
            const assay_stage_info *other = assay_stage_get((assay_stage)j);
            cr_assert(info->scope != other->scope || strcmp(info->name, other->name) != 0, "%s twice", info->name);
        }
    }
}

static bool same_place(const assay_place *a, const assay_place *b) {
    return a->step == b->step && a->window == b->window && a->layer == b->layer && a->stage == b->stage;
}

Test(stages, paths_come_back) {
    const int64_t numbers[] = {0, 1, 10, 123456789012};
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++)
        for (int j = 0; j < 64; j++) {
            assay_place p = place_of((assay_stage)i, numbers[j % 4], numbers[j / 4 % 4], numbers[j / 16]), back = {0};
            char text[256] = "/";
            assay_place_path(&p, text + 1, sizeof text - 1);
            cr_assert(assay_place_parse(text, &back), "%s", text);
            cr_assert(same_place(&p, &back), "%s", text);
            cr_assert(assay_place_parse(text + 1, &back), "without the slash: %s", text);
            cr_assert(same_place(&p, &back), "%s", text);
        }
}

static void check_path(assay_stage stage, const char *expected) {
    assay_place p = place_of(stage, 2, 3, 4);
    char text[128];
    cr_assert_str_eq(assay_place_path(&p, text, sizeof text), expected);
}

Test(stages, paths_are_as_the_header_says) {
    check_path(ASSAY_STAGE_Q_PROJ, "steps/2/windows/3/layers/4/self_attn.q_proj");
    check_path(ASSAY_STAGE_EMBED_TOKENS, "steps/2/windows/3/embed_tokens");
    check_path(ASSAY_STAGE_PAST_MEM_KEY, "steps/2/past/4/mem_key");
    check_path(ASSAY_STAGE_LOGITS, "steps/2/logits");
}

Test(stages, other_paths_are_not_stages) {
    const char *const paths[] = {"",
                                 "/",
                                 "steps",
                                 "steps/0",
                                 "steps/0/",
                                 "steps/0/embed_tokens",
                                 "steps/0/windows/0/logits",
                                 "steps/0/windows/0/layers/0/embed_tokens",
                                 "steps/0/windows/0/self_attn.q_proj",
                                 "steps/0/past/0/self_attn.q_proj",
                                 "steps/0/layers/0/self_attn.q_proj",
                                 "steps/-1/logits",
                                 "steps/+1/logits",
                                 "steps/ 1/logits",
                                 "steps/1x/logits",
                                 "steps//logits",
                                 "steps/0/logits/",
                                 "steps/0/logits ",
                                 "steps/0/windows/0/windows/0/embed_tokens",
                                 "//steps/0/logits",
                                 "step/0/logits"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assay_place p = {.step = 42};
        cr_assert_not(assay_place_parse(paths[i], &p), "'%s'", paths[i]);
        cr_assert_eq(p.step, 42, "untouched");
    }
}

/* A whole execution of two steps, two windows and two layers, in order. */
static size_t execution(assay_place *out) {
    size_t n = 0;
    for (int64_t step = 0; step < 2; step++) {
        out[n++] = place_of(ASSAY_STAGE_SCHEDULE, step, 0, 0);
        for (int64_t window = 0; window < 2; window++) {
            for (int s = 0; s < ASSAY_STAGE_INPUT_LAYERNORM; s++) out[n++] = place_of((assay_stage)s, step, window, 0);
            for (int64_t layer = 0; layer < 2; layer++)
                for (int s = ASSAY_STAGE_INPUT_LAYERNORM; s < ASSAY_STAGE_NORM; s++)
                    out[n++] = place_of((assay_stage)s, step, window, layer);
            out[n++] = place_of(ASSAY_STAGE_NORM, step, window, 0);
        }
        for (int64_t layer = 0; layer < 2; layer++)
            for (int s = ASSAY_STAGE_PAST_KEY; s < ASSAY_STAGE_COUNT; s++)
                out[n++] = place_of((assay_stage)s, step, 0, layer);
        for (int s = ASSAY_STAGE_LOGITS; s < ASSAY_STAGE_PAST_KEY; s++) out[n++] = place_of((assay_stage)s, step, 0, 0);
    }
    return n;
}

Test(stages, the_order_is_that_of_execution) {
    static assay_place places[512];
    size_t n = execution(places);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            int order = assay_place_compare(&places[i], &places[j]);
            cr_assert_eq((order > 0) - (order < 0), (i > j) - (i < j), "%d and %d", (int)i, (int)j);
        }
}

Test(stages, every_name_reads_back) {
    char text[ASSAY_STAGE_TEXT];
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        assay_stage stage;
        cr_assert(assay_stage_from_text(assay_stage_text((assay_stage)i, text), &stage));
        cr_assert_eq((int)stage, i, "%s", text);
    }
    assay_stage stage;
    cr_assert_str_eq(assay_stage_text(ASSAY_STAGE_PAST_MEM_KEY, text), "past/mem_key");
    cr_assert_not(assay_stage_from_text("mem_key", &stage));
}
