/* What a case demands of a port (golden/port_limits.h). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "golden/port_limits.h"

/* A check under way. */
typedef struct {
    const assay_port_limits *port;
    const assay_config *config; /* may be NULL */
    char *why;
    size_t why_nbytes;
    long step;        /* -1: the case as a whole */
    int64_t sequence; /* tokens of a row after the last step with a past */
} check;

/* Says why not; returns false. */
static bool ASSAY_PRINTF(2, 3) refuse(const check *c, const char *fmt, ...) {
    int at = c->step < 0 ? 0 : snprintf(c->why, c->why_nbytes, "step %ld: ", c->step);
    va_list args;
    va_start(args, fmt);
    if ((size_t)at < c->why_nbytes) vsnprintf(c->why + at, c->why_nbytes - (size_t)at, fmt, args);
    va_end(args);
    return false;
}

static bool needs(const check *c, bool needed, assay_port_ability ability, const char *what) {
    if (!needed || !c->port->cannot[ability]) return true;
    return refuse(c, "%s, and the port says %s false", what, assay_port_ability_name(ability));
}

static bool within(const check *c, int64_t number, int64_t most, const char *what, const char *key) {
    if (number <= most) return true;
    return refuse(c, "%s %lld, and the port says %s %lld", what, (long long)number, key, (long long)most);
}

static bool is_in(const check *c, unsigned set, unsigned value, const char *what, const char *key) {
    return (set >> value & 1u) || refuse(c, "%s, not among the port's %s", what, key);
}

/* ---- masks ---- */

/* The sides on which a row of n entries hides some; all hidden counts as left. */
static unsigned sides_of(const assay_tensor *t, int64_t row, bool (*hides)(const assay_tensor *, size_t, int64_t),
                         int64_t pad) {
    int64_t n = t->shape[1], first = 0, last = n;
    size_t at = (size_t)(row * n);
    while (first < n && hides(t, at + (size_t)first, pad)) first++;
    while (last > first && hides(t, at + (size_t)last - 1, pad)) last--;
    unsigned sides = (first > 0 ? ASSAY_PORT_PAD_LEFT : 0u) | (last < n ? ASSAY_PORT_PAD_RIGHT : 0u);
    for (int64_t i = first; i < last; i++)
        if (hides(t, at + (size_t)i, pad)) sides |= ASSAY_PORT_PAD_INSIDE;
    return sides;
}

/* SCHED-6: exactly 1 keeps. */
static bool is_masked(const assay_tensor *mask, size_t i, int64_t pad) {
    (void)pad;
    return assay_load_f64(mask->data, mask->dtype, i) != 1;
}

static bool is_pad(const assay_tensor *ids, size_t i, int64_t pad) {
    return assay_load_f64(ids->data, ids->dtype, i) == (double)pad;
}

/* GEN-2: a generate without a mask hides pads, unless they are the end token. */
static bool makes_mask(const check *c, const assay_step *s) {
    if (s->op != ASSAY_OP_GENERATE || s->attention_mask.data || !c->config) return false;
    int64_t pad = c->config->pad_token_id;
    if (pad == ASSAY_NO_TOKEN || (s->has_eos_token_id && s->eos_token_id == pad)) return false;
    for (int64_t i = 0; i < assay_tensor_count(&s->input_ids); i++)
        if (is_pad(&s->input_ids, (size_t)i, pad)) return true;
    return false;
}

static bool check_padding(const check *c, const assay_step *s, bool made) {
    const assay_tensor *t = made ? &s->input_ids : &s->attention_mask;
    unsigned sides = 0;
    if (!t->data || t->rank != 2) return true;
    for (int64_t row = 0; row < t->shape[0]; row++)
        sides |= sides_of(t, row, made ? is_pad : is_masked, made ? c->config->pad_token_id : 0);
    static const char *const names[] = {"hidden tokens on the left", "hidden tokens on the right",
                                        "hidden tokens between others"};
    for (unsigned i = 0; i < 3; i++)
        if (sides >> i & 1u && !is_in(c, c->port->padding, i, names[i], "padding")) return false;
    return true;
}

static bool check_mask(const check *c, const assay_step *s) {
    bool made = makes_mask(c, s);
    return needs(c, made, ASSAY_PORT_ATTENTION_MASK, "pads in the prompt, which are masked") &&
           needs(c, s->attention_mask.data, ASSAY_PORT_ATTENTION_MASK, "an attention_mask") &&
           check_padding(c, s, made);
}

/* ---- sizes ---- */

static bool check_sizes(check *c, const assay_step *s) {
    const assay_tensor *in = s->input_ids.data ? &s->input_ids : &s->inputs_embeds;
    if (s->op == ASSAY_OP_REORDER) return within(c, s->beam_idx.shape[0], c->port->max_batch, "batch", "max_batch");
    if (!in->data) return true;
    int64_t before = s->past_keep ? c->sequence : 0;
    c->sequence = before + in->shape[1] + (s->op == ASSAY_OP_GENERATE ? s->max_new_tokens : 0);
    return within(c, in->shape[0], c->port->max_batch, "batch", "max_batch") &&
           within(c, in->shape[1], c->port->max_tokens, "tokens", "max_tokens") &&
           within(c, c->sequence, c->port->max_sequence, "tokens with past and generated ones", "max_sequence");
}

/* ---- the whole ---- */

static bool runs_without_cache(const check *c, const assay_step *s) {
    if (s->op == ASSAY_OP_REORDER) return false;
    return s->use_cache == 0 || (s->use_cache < 0 && c->config && !c->config->use_cache);
}

static bool check_step(check *c, const assay_step *s) {
    char what[64];
    snprintf(what, sizeof what, "the operation %s", assay_op_name(s->op));
    return is_in(c, c->port->operations, (unsigned)s->op, what, "operations") &&
           needs(c, s->expect_error[0], ASSAY_PORT_REFUSALS, "it must be refused") && check_sizes(c, s) &&
           needs(c, s->past_keep || s->op == ASSAY_OP_REORDER, ASSAY_PORT_PAST, "it goes on from a past") &&
           needs(c, runs_without_cache(c, s), ASSAY_PORT_NO_CACHE, "use_cache is false") && check_mask(c, s) &&
           needs(c, s->position_ids.data, ASSAY_PORT_POSITION_IDS, "position_ids") &&
           needs(c, s->inputs_embeds.data, ASSAY_PORT_INPUTS_EMBEDS, "inputs_embeds") &&
           needs(c, s->labels.data, ASSAY_PORT_LABELS, "labels") &&
           needs(c, s->has_last_context_length, ASSAY_PORT_LAST_CONTEXT_LENGTH, "a last_context_length of its own") &&
           needs(c, s->has_eos_token_id, ASSAY_PORT_EOS_TOKEN_ID, "an eos_token_id");
}

static bool check_memory(const check *c) {
    char what[64];
    const assay_config *m = c->config;
    if (!assay_config_has_memory(m)) return true;
    snprintf(what, sizeof what, "mem_dtype %s", assay_dtype_name(m->mem_dtype));
    return needs(c, true, ASSAY_PORT_MEMORY, "memory layers") &&
           is_in(c, c->port->mem_dtypes, (unsigned)m->mem_dtype, what, "mem_dtype") &&
           needs(c, !m->mem_positionals, ASSAY_PORT_MEM_POSITIONALS_OFF, "mem_positionals is false") &&
           needs(c, m->has_attention_grouping, ASSAY_PORT_MEM_ATTENTION_GROUPING, "mem_attention_grouping");
}

static bool check_config(const check *c) {
    char what[64];
    const assay_config *m = c->config;
    snprintf(what, sizeof what, "the activation %s", assay_activation_name(m->hidden_act));
    return is_in(c, c->port->activations, (unsigned)assay_activation_function(m->hidden_act), what, "hidden_act") &&
           needs(c, m->torch_attention, ASSAY_PORT_TORCH_ATTENTION, "torch_attention") &&
           needs(c, m->tie_word_embeddings, ASSAY_PORT_TIE_WORD_EMBEDDINGS, "tied embeddings") && check_memory(c);
}

bool assay_port_supports(const assay_port_limits *port, const assay_case *test_case, const assay_config *config,
                         char *why, size_t why_nbytes) {
    check c = {port, config, why, why_nbytes, -1, 0};
    char what[64];
    if (why_nbytes) *why = '\0';
    snprintf(what, sizeof what, "the type %s", assay_dtype_name(test_case->dtype));
    bool ok = is_in(&c, port->dtypes, (unsigned)test_case->dtype, what, "dtypes");
    if (ok && config) ok = check_config(&c);
    for (size_t i = 0; i < test_case->step_count && ok; i++) {
        c.step = (long)i;
        ok = check_step(&c, &test_case->steps[i]);
    }
    return ok;
}
