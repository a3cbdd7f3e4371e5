#include "fuzz/shrink_edits.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/case_edit.h"
#include "fuzz/case_lengths.h"

static assay_edit_outcome outcome(bool done) { return done ? ASSAY_EDIT_DONE : ASSAY_EDIT_IDLE; }

/* ---- steps and tokens ---- */

static assay_edit_outcome drop_step(assay_case *c, size_t number) {
    if (number >= c->step_count) return ASSAY_EDIT_NO_MORE;
    return outcome(assay_fuzz_drop_step(c, c->step_count - 1 - number));
}

/* A step, and from the window the room that its tokens took; or a step whose past the next one then goes without. */
static assay_edit_outcome drop_step_and_room(assay_case *c, size_t number) {
    if (number >= 2 * c->step_count) return ASSAY_EDIT_NO_MORE;
    size_t i = number / 2;
    int64_t tokens = assay_fuzz_step_tokens(&c->steps[i]), *window = &c->config.max_position_embeddings;
    if (number % 2 == 0) {
        if (tokens >= *window) return ASSAY_EDIT_IDLE;
        *window -= tokens;
    } else if (i + 1 < c->step_count) {
        c->steps[i + 1].past_keep = false;
    }
    return outcome(assay_fuzz_drop_step(c, i));
}

static assay_edit_outcome drop_row(assay_case *c, size_t number) {
    int64_t rows = 0;
    for (size_t i = 0; i < c->step_count; i++)
        if (assay_fuzz_step_batch(&c->steps[i]) > rows) rows = assay_fuzz_step_batch(&c->steps[i]);
    if ((int64_t)number >= rows) return ASSAY_EDIT_NO_MORE;
    return outcome(assay_fuzz_drop_row(c, (int64_t)number));
}

/* Half of a step's tokens, the later or the earlier. */
static assay_edit_outcome halve_tokens(assay_case *c, size_t number) {
    if (number >= 2 * c->step_count) return ASSAY_EDIT_NO_MORE;
    assay_step *s = &c->steps[number / 2];
    int64_t half = assay_fuzz_step_tokens(s) / 2;
    return outcome(half > 0 && assay_fuzz_drop_tokens(s, number % 2 ? 0 : assay_fuzz_step_tokens(s) - half, half));
}

/* One token of a step, any; the last one first. */
static assay_edit_outcome drop_token(assay_case *c, size_t number) {
    for (size_t i = 0; i < c->step_count; i++) {
        int64_t tokens = assay_fuzz_step_tokens(&c->steps[i]);
        if (number < (size_t)tokens)
            return outcome(assay_fuzz_drop_tokens(&c->steps[i], tokens - 1 - (int64_t)number, 1));
        number -= (size_t)tokens;
    }
    return ASSAY_EDIT_NO_MORE;
}

static assay_edit_outcome fewer_new_tokens(assay_case *c, size_t number) {
    if (number >= 2 * c->step_count) return ASSAY_EDIT_NO_MORE;
    assay_step *s = &c->steps[number / 2];
    if (s->op != ASSAY_OP_GENERATE || s->max_new_tokens < 2) return ASSAY_EDIT_IDLE;
    s->max_new_tokens -= number % 2 ? 1 : s->max_new_tokens / 2;
    return ASSAY_EDIT_DONE;
}

/* ---- windows ---- */

static bool lower_context(assay_case *c) {
    bool lowered = c->config.last_context_length > 1;
    if (lowered) c->config.last_context_length--;
    for (size_t i = 0; i < c->step_count; i++) {
        assay_step *s = &c->steps[i];
        if (!s->has_last_context_length || s->last_context_length < 2) continue;
        s->last_context_length--;
        lowered = true;
    }
    return lowered;
}

static bool lower_window(assay_case *c) {
    if (c->config.max_position_embeddings < 2) return false;
    c->config.max_position_embeddings--;
    return true;
}

/* What must fit exactly shrinks together: W, C, or both, by one, and with them the last token of no step, of one, or of two steps
 * (whose new tokens count as a step's own). */
static assay_edit_outcome shrink_windows(assay_case *c, size_t number) {
    size_t slots = 2 * c->step_count + 1, ways = 3 * slots * slots;
    if (number >= ways) return ASSAY_EDIT_NO_MORE;
    size_t what = number % 3, first = number / 3 / slots, second = number / 3 % slots;
    if (first > second || (first == second && first > 0)) return ASSAY_EDIT_IDLE;
    if (what != 1 && !lower_window(c)) return ASSAY_EDIT_IDLE;
    if (what != 0 && !lower_context(c)) return ASSAY_EDIT_IDLE;
    size_t chosen[] = {first, second};
    for (int k = 0; k < 2; k++) {
        if (chosen[k] == 0) continue;
        assay_step *s = &c->steps[(chosen[k] - 1) / 2];
        bool made = (chosen[k] - 1) % 2 == 1;
        if (made && (s->op != ASSAY_OP_GENERATE || s->max_new_tokens < 2)) return ASSAY_EDIT_IDLE;
        if (made) s->max_new_tokens--;
        else if (!assay_fuzz_drop_tokens(s, assay_fuzz_step_tokens(s) - 1, 1)) return ASSAY_EDIT_IDLE;
    }
    return ASSAY_EDIT_DONE;
}

static assay_edit_outcome halve_windows(assay_case *c, size_t number) {
    if (number >= 2) return ASSAY_EDIT_NO_MORE;
    int64_t *length = number ? &c->config.last_context_length : &c->config.max_position_embeddings;
    if (*length < 4) return ASSAY_EDIT_IDLE;
    *length /= 2;
    return ASSAY_EDIT_DONE;
}

/* ---- what a step says beside its tokens ---- */

static void become_forward(assay_step *s) {
    s->op = ASSAY_OP_FORWARD;
    s->max_new_tokens = s->eos_token_id = 0;
    s->has_eos_token_id = false;
}

/* GEN-2: pads are hidden where there is no mask. */
static bool give_mask(assay_step *s, int64_t pad) {
    assay_tensor *mask = &s->attention_mask;
    if (mask->data) return assay_tensor_same_shape(mask, &s->input_ids);
    if (assay_tensor_alloc(mask, ASSAY_F64, 2, s->input_ids.shape, "a mask", NULL)) return false;
    const int64_t *ids = s->input_ids.data;
    for (int64_t i = 0; i < assay_tensor_count(mask); i++) ((double *)mask->data)[i] = ids[i] != pad;
    return true;
}

/* POS-4 */
static bool give_positions(assay_step *s) {
    int64_t tokens = s->input_ids.shape[1];
    if (assay_tensor_alloc(&s->position_ids, ASSAY_I64, 2, s->input_ids.shape, "positions", NULL)) return false;
    const double *mask = s->attention_mask.data;
    for (int64_t b = 0; b < s->input_ids.shape[0]; b++) {
        int64_t seen = 0;
        for (int64_t t = 0; t < tokens; t++)
            ((int64_t *)s->position_ids.data)[b * tokens + t] = (seen += (int64_t)mask[b * tokens + t]) - 1;
    }
    return true;
}

/* A generation as the call that it begins with, with the mask and the positions that it makes. */
static assay_edit_outcome spell_out_generation(assay_case *c, size_t number) {
    if (number >= c->step_count) return ASSAY_EDIT_NO_MORE;
    assay_step *s = &c->steps[number];
    if (s->op != ASSAY_OP_GENERATE || !give_mask(s, c->config.pad_token_id) || !give_positions(s))
        return ASSAY_EDIT_IDLE;
    become_forward(s);
    return ASSAY_EDIT_DONE;
}

static assay_edit_outcome simplify_step(assay_case *c, size_t number) {
    enum { KINDS = 9 };
    if (number >= KINDS * c->step_count) return ASSAY_EDIT_NO_MORE;
    assay_step *s = &c->steps[number / KINDS];
    bool done = false;
    switch (number % KINDS) {
    case 0: done = assay_fuzz_drop_tensor(&s->attention_mask); break;
    case 1: done = assay_fuzz_drop_tensor(&s->position_ids); break;
    case 2: done = assay_fuzz_drop_tensor(&s->labels); break;
    case 3: done = s->input_ids.data && assay_fuzz_drop_tensor(&s->inputs_embeds); break;
    case 4:
        done = s->use_cache >= 0;
        s->use_cache = -1;
        break;
    case 5:
        done = s->has_last_context_length;
        s->has_last_context_length = false;
        s->last_context_length = 0;
        break;
    case 6:
        done = s->has_eos_token_id;
        s->has_eos_token_id = false;
        s->eos_token_id = 0;
        break;
    case 7:
        done = s->past_keep;
        s->past_keep = false;
        break;
    case 8:
        done = s->op == ASSAY_OP_GENERATE;
        if (done) become_forward(s);
        break;
    default: break;
    }
    return outcome(done);
}

/* Ids all 0, then mask entries that are neither 0 nor 1, then positions that start at 0. */
static assay_edit_outcome simplify_values(assay_case *c, size_t number) {
    if (number >= 3 * c->step_count) return ASSAY_EDIT_NO_MORE;
    assay_step *s = &c->steps[number / 3];
    bool done = false;
    int64_t *ids = s->input_ids.data, *positions = s->position_ids.data;
    double *mask = s->attention_mask.data;
    for (int64_t i = 0; number % 3 == 0 && ids && i < assay_tensor_count(&s->input_ids); i++) {
        done = done || ids[i] != 0;
        ids[i] = 0;
    }
    for (int64_t i = 0; number % 3 == 1 && mask && i < assay_tensor_count(&s->attention_mask); i++) {
        done = done || (mask[i] != 0 && mask[i] != 1);
        mask[i] = mask[i] == 1;
    }
    for (int64_t i = 0; number % 3 == 2 && positions && i < assay_tensor_count(&s->position_ids); i++) {
        done = done || llabs(positions[i]) > 4;
        positions[i] /= 2;
    }
    return outcome(done);
}

/* ---- the model ---- */

static assay_edit_outcome drop_layer(assay_case *c, size_t number) {
    if ((int64_t)number >= c->config.num_hidden_layers) return ASSAY_EDIT_NO_MORE;
    return outcome(assay_fuzz_drop_layer(&c->config, (int64_t)number));
}

static assay_edit_outcome forget_layer(assay_case *c, size_t number) {
    if ((int64_t)number >= c->config.num_hidden_layers) return ASSAY_EDIT_NO_MORE;
    bool done = c->config.is_memory_layer[number];
    c->config.is_memory_layer[number] = false;
    return outcome(done);
}

static assay_edit_outcome shrink_sizes(assay_case *c, size_t number) {
    assay_config *g = &c->config;
    int64_t heads = g->num_attention_heads, d = assay_config_head_dim(g), before = g->intermediate_size;
    switch (number) {
    case 0: return outcome(assay_fuzz_resize_heads(c, 1, d));
    case 1: return outcome(assay_fuzz_resize_heads(c, heads - 1, d));
    case 2: return outcome(assay_fuzz_resize_heads(c, heads, 2));
    case 3: return outcome(assay_fuzz_resize_heads(c, heads, d - 2));
    case 4: g->intermediate_size = 1; return outcome(before > 1);
    case 5: g->intermediate_size = before - 1; return outcome(before > 1);
    case 6: return outcome(assay_fuzz_resize_vocab(c, g->vocab_size / 2));
    case 7: return outcome(assay_fuzz_resize_vocab(c, g->vocab_size - 1));
    case 8:
        before = g->num_labels;
        g->num_labels = before - 1;
        return outcome(before > 1);
    default: return ASSAY_EDIT_NO_MORE;
    }
}

static bool set_flag(bool *flag, bool value) {
    bool done = *flag != value;
    *flag = value;
    return done;
}

static bool set_real(double *field, double value) {
    bool done = *field != value; /* neither is NaN */
    *field = value;
    return done;
}

static bool set_pad(assay_config *g, int64_t value) {
    bool done = g->pad_token_id != value && value < g->vocab_size;
    g->pad_token_id = value;
    return done;
}

static assay_edit_outcome simplify_model(assay_case *c, size_t number) {
    assay_config *g = &c->config;
    bool done;
    switch (number) {
    case 0: return outcome(set_flag(&g->has_attention_grouping, false));
    case 1: return outcome(set_flag(&g->torch_attention, false));
    case 2: return outcome(set_flag(&g->mem_positionals, true));
    case 3: return outcome(set_flag(&g->tie_word_embeddings, false));
    case 4: return outcome(set_flag(&g->use_cache, true));
    case 5:
        done = g->mem_dtype != ASSAY_F32;
        g->mem_dtype = ASSAY_F32;
        return outcome(done);
    case 6:
        done = g->hidden_act != ASSAY_ACT_SILU;
        g->hidden_act = ASSAY_ACT_SILU;
        return outcome(done);
    case 7: return outcome(set_real(&g->rope_theta, 10000));
    case 8: return outcome(set_real(&g->rms_norm_eps, 1e-6));
    case 9: return outcome(set_pad(g, 0));
    case 10:
        done = c->weights_seed != 0;
        c->weights_seed = 0;
        return outcome(done);
    case 11: return outcome(set_real(&c->weights_gain, 1.5));
    default: return ASSAY_EDIT_NO_MORE;
    }
}

const assay_shrink_edit assay_shrink_edits[] = {drop_step,
                                                drop_step_and_room,
                                                drop_row,
                                                halve_tokens,
                                                drop_token,
                                                fewer_new_tokens,
                                                spell_out_generation,
                                                halve_windows,
                                                shrink_windows,
                                                drop_layer,
                                                forget_layer,
                                                shrink_sizes,
                                                simplify_model,
                                                simplify_step,
                                                simplify_values,
                                                NULL};
