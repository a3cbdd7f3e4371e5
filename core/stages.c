#include "core/stages.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const assay_stage_info stages[ASSAY_STAGE_COUNT] = {
    [ASSAY_STAGE_INPUT_IDS] = {"input_ids", ASSAY_PER_WINDOW, ASSAY_JUDGE_EXACT, "SCHED-1 SCHED-7", "BTD"},
    [ASSAY_STAGE_ATTENTION_MASK] = {"attention_mask", ASSAY_PER_WINDOW, ASSAY_JUDGE_EXACT, "SCHED-6 CACHE-4 CACHE-8",
                                    "BT"},
    [ASSAY_STAGE_POSITION_IDS] = {"position_ids", ASSAY_PER_WINDOW, ASSAY_JUDGE_EXACT, "POS-1 POS-4 POS-5", "BT"},
    [ASSAY_STAGE_EMBED_TOKENS] = {"embed_tokens", ASSAY_PER_WINDOW, ASSAY_JUDGE_FLOAT, "EMB-1", "BTD"},
    [ASSAY_STAGE_INPUT_LAYERNORM] = {"input_layernorm", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "NORM-1", "BTD"},
    [ASSAY_STAGE_Q_PROJ] = {"self_attn.q_proj", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "HEAD-1", "BTD"},
    [ASSAY_STAGE_K_PROJ] = {"self_attn.k_proj", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "HEAD-1", "BTD"},
    [ASSAY_STAGE_V_PROJ] = {"self_attn.v_proj", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "HEAD-1", "BTD"},
    [ASSAY_STAGE_MEM_WRITE_KEY] = {"self_attn.mem_write.key", ASSAY_PER_LAYER, ASSAY_JUDGE_STORED,
                                   "MEM-1 MEM-6 MEM-8 CACHE-1", "BHTD"},
    [ASSAY_STAGE_MEM_WRITE_VALUE] = {"self_attn.mem_write.value", ASSAY_PER_LAYER, ASSAY_JUDGE_STORED,
                                     "MEM-6 MEM-8 CACHE-1", "BHTD"},
    [ASSAY_STAGE_MEM_WRITE_MASK] = {"self_attn.mem_write.mask", ASSAY_PER_LAYER, ASSAY_JUDGE_EXACT, "MEM-5", "BT"},
    [ASSAY_STAGE_REL_POS_IDS] = {"self_attn.rel_pos_ids", ASSAY_PER_LAYER, ASSAY_JUDGE_EXACT, "POS-2 POS-6 CACHE-2",
                                 "BT"},
    [ASSAY_STAGE_COS] = {"self_attn.rotary_emb.cos", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "ROPE-1 ROPE-3 ROPE-5", "TD"},
    [ASSAY_STAGE_SIN] = {"self_attn.rotary_emb.sin", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "ROPE-1 ROPE-3 ROPE-5", "TD"},
    [ASSAY_STAGE_ROTATE_QUERY] = {"self_attn.rotate_one.query", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT,
                                  "ROPE-2 POS-6 MEM-7", "BHTD"},
    [ASSAY_STAGE_ROTATE_KEY] = {"self_attn.rotate_one.key", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "ROPE-2 ROPE-4 MEM-7",
                                "BHTD"},
    [ASSAY_STAGE_MEM_READ_KEY] = {"self_attn.mem_read.key", ASSAY_PER_LAYER, ASSAY_JUDGE_STORED,
                                  "MEM-1 MEM-2 MEM-3 MEM-6", "BHTD"},
    [ASSAY_STAGE_MEM_READ_VALUE] = {"self_attn.mem_read.value", ASSAY_PER_LAYER, ASSAY_JUDGE_STORED,
                                    "MEM-2 MEM-3 MEM-6", "BHTD"},
    [ASSAY_STAGE_MEM_READ_MASK] = {"self_attn.mem_read.mask", ASSAY_PER_LAYER, ASSAY_JUDGE_EXACT, "MEM-5", "BT"},
    [ASSAY_STAGE_ATTN_SCORES] = {"self_attn.attn_scores", ASSAY_PER_LAYER, ASSAY_JUDGE_SCORES,
                                 "ATT-1 ATT-5 MEM-3 MEM-4 MEM-5", "BHTK"},
    [ASSAY_STAGE_ATTN_PROBS] = {"self_attn.attn_probs", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "ATT-2 ATT-3 MEM-9",
                                "BHTK"},
    [ASSAY_STAGE_ATTN_OUTPUT] = {"self_attn.attn_output", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "ATT-2 ATT-4 MEM-9",
                                 "BTD"},
    [ASSAY_STAGE_O_PROJ] = {"self_attn.o_proj", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "HEAD-1", "BTD"},
    [ASSAY_STAGE_ATTN_RESIDUAL] = {"attn_residual", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "HEAD-1", "BTD"},
    [ASSAY_STAGE_POST_LAYERNORM] = {"post_attention_layernorm", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "NORM-1", "BTD"},
    [ASSAY_STAGE_GATE_PROJ] = {"mlp.gate_proj", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "MLP-1", "BTD"},
    [ASSAY_STAGE_ACT_FN] = {"mlp.act_fn", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "MLP-1", "BTD"},
    [ASSAY_STAGE_UP_PROJ] = {"mlp.up_proj", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "MLP-1", "BTD"},
    [ASSAY_STAGE_DOWN_PROJ] = {"mlp.down_proj", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "MLP-1", "BTD"},
    [ASSAY_STAGE_LAYER_OUTPUT] = {"output", ASSAY_PER_LAYER, ASSAY_JUDGE_FLOAT, "OUT-1", "BTD"},
    [ASSAY_STAGE_NORM] = {"norm", ASSAY_PER_WINDOW, ASSAY_JUDGE_FLOAT, "NORM-1 OUT-1", "BTD"},
    [ASSAY_STAGE_SCHEDULE] = {"schedule", ASSAY_PER_STEP, ASSAY_JUDGE_EXACT, "SCHED-1 SCHED-2 SCHED-4", "WE"},
    [ASSAY_STAGE_LOGITS] = {"logits", ASSAY_PER_STEP, ASSAY_JUDGE_LOGITS, "HEAD-1 SCHED-3 CLS-1", "BTV"},
    [ASSAY_STAGE_LOSS] = {"loss", ASSAY_PER_STEP, ASSAY_JUDGE_FLOAT, "LOSS-1 CLS-1", ""},
    [ASSAY_STAGE_TOKENS] = {"tokens", ASSAY_PER_STEP, ASSAY_JUDGE_EXACT, "GEN-1 GEN-2 GEN-3 GEN-4", "BT"},
    [ASSAY_STAGE_PAST_KEY] = {"key", ASSAY_PER_PAST, ASSAY_JUDGE_FLOAT, "ROPE-4 CACHE-1 CACHE-5 CACHE-7", "BHTD"},
    [ASSAY_STAGE_PAST_VALUE] = {"value", ASSAY_PER_PAST, ASSAY_JUDGE_FLOAT, "CACHE-1 CACHE-5 CACHE-7", "BHTD"},
    [ASSAY_STAGE_PAST_POSITION] = {"position", ASSAY_PER_PAST, ASSAY_JUDGE_EXACT, "POS-1 CACHE-5", "BT"},
    [ASSAY_STAGE_PAST_MEM_KEY] = {"mem_key", ASSAY_PER_PAST, ASSAY_JUDGE_STORED, "MEM-1 MEM-3 MEM-6 MEM-8", "BHTD"},
    [ASSAY_STAGE_PAST_MEM_VALUE] = {"mem_value", ASSAY_PER_PAST, ASSAY_JUDGE_STORED, "MEM-3 MEM-6 MEM-8", "BHTD"},
    [ASSAY_STAGE_PAST_MEM_MASK] = {"mem_mask", ASSAY_PER_PAST, ASSAY_JUDGE_EXACT, "MEM-5", "BT"},
};

const assay_stage_info *assay_stage_get(assay_stage stage) { return &stages[stage]; }

const char *assay_stage_text(assay_stage stage, char text[ASSAY_STAGE_TEXT]) {
    const assay_stage_info *info = assay_stage_get(stage);
    snprintf(text, ASSAY_STAGE_TEXT, "%s%s", info->scope == ASSAY_PER_PAST ? "past/" : "", info->name);
    return text;
}

bool assay_stage_from_text(const char *text, assay_stage *out) {
    char name[ASSAY_STAGE_TEXT];
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        if (strcmp(assay_stage_text((assay_stage)i, name), text) != 0) continue;
        *out = (assay_stage)i;
        return true;
    }
    return false;
}

const char *assay_place_path(const assay_place *p, char *text, size_t text_nbytes) {
    const assay_stage_info *info = &stages[p->stage];
    long long step = p->step, window = p->window, layer = p->layer;
    switch (info->scope) {
    case ASSAY_PER_WINDOW: snprintf(text, text_nbytes, "steps/%lld/windows/%lld/%s", step, window, info->name); break;
    case ASSAY_PER_LAYER:
        snprintf(text, text_nbytes, "steps/%lld/windows/%lld/layers/%lld/%s", step, window, layer, info->name);
        break;
    case ASSAY_PER_STEP: snprintf(text, text_nbytes, "steps/%lld/%s", step, info->name); break;
    case ASSAY_PER_PAST: snprintf(text, text_nbytes, "steps/%lld/past/%lld/%s", step, layer, info->name); break;
    }
    return text;
}

/* Reads "<word>/<number>/" at *at and moves past it. */
static bool read_part(const char **at, const char *word, int64_t *number) {
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0 || (*at)[length] != '/' || !isdigit((unsigned char)(*at)[length + 1]))
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(*at + length + 1, &end, 10);
    bool is_plain = (*at)[length + 1] != '0' || end == *at + length + 2; /* one path for one place: no "007" */
    if (*end != '/' || errno || !is_plain) return false;
    *number = value;
    *at = end + 1;
    return true;
}

bool assay_place_parse(const char *path, assay_place *out) {
    assay_place p = {.window = -1, .layer = -1};
    if (*path == '/') path++;
    if (!read_part(&path, "steps", &p.step)) return false;
    assay_stage_scope scope = ASSAY_PER_STEP;
    if (read_part(&path, "windows", &p.window)) scope = ASSAY_PER_WINDOW;
    if (scope == ASSAY_PER_WINDOW && read_part(&path, "layers", &p.layer)) scope = ASSAY_PER_LAYER;
    if (scope == ASSAY_PER_STEP && read_part(&path, "past", &p.layer)) scope = ASSAY_PER_PAST;
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        if (stages[i].scope != scope || strcmp(stages[i].name, path) != 0) continue;
        p.stage = (assay_stage)i;
        *out = p;
        return true;
    }
    return false;
}

/* The schedule, then the windows, then the past (its keys and values were there before the logits), then the results. */
static int64_t part_of_step(const assay_place *p) {
    if (p->stage == ASSAY_STAGE_SCHEDULE) return 0;
    assay_stage_scope scope = stages[p->stage].scope;
    return scope == ASSAY_PER_PAST ? 2 : scope == ASSAY_PER_STEP ? 3 : 1;
}

/* In a window: its inputs, its layers, its final norm. */
static int64_t part_of_window(const assay_place *p) {
    if (stages[p->stage].scope == ASSAY_PER_LAYER) return 1;
    return p->stage < ASSAY_STAGE_INPUT_LAYERNORM ? 0 : 2;
}

static int compare_numbers(int64_t a, int64_t b) { return (a > b) - (a < b); }

int assay_place_compare(const assay_place *a, const assay_place *b) {
    int order = compare_numbers(a->step, b->step);
    if (!order) order = compare_numbers(part_of_step(a), part_of_step(b));
    if (!order) order = compare_numbers(a->window, b->window);
    if (!order && part_of_step(a) == 1) order = compare_numbers(part_of_window(a), part_of_window(b));
    if (!order) order = compare_numbers(a->layer, b->layer);
    return order ? order : compare_numbers((int64_t)a->stage, (int64_t)b->stage);
}
