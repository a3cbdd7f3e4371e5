/*
 * The vocabulary of stages: every place where the computation can be looked at, in execution order.
 *
 * engine/ emits them, golden/ stores them, compare/ judges them, all by the same names. Names follow the module and
 * function names of the original. A stage's path in a golden or a dump is
 *     /steps/<n>/windows/<k>/layers/<l>/<name>    ASSAY_PER_LAYER
 *     /steps/<n>/windows/<k>/<name>               ASSAY_PER_WINDOW
 *     /steps/<n>/past/<l>/<name>                  ASSAY_PER_PAST
 *     /steps/<n>/<name>                           ASSAY_PER_STEP
 */
#ifndef ASSAY_CORE_STAGES_H
#define ASSAY_CORE_STAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    /* per window; B batch, T tokens of the window, L local cache + T (after a drop: T), S local cache + T before it */
    ASSAY_STAGE_INPUT_IDS,      /* (B,T) int64; absent with inputs_embeds */
    ASSAY_STAGE_ATTENTION_MASK, /* (B,S) int64: 1 keeps, 0 hides (SCHED-6); all ones when the call has no mask */
    ASSAY_STAGE_POSITION_IDS,   /* (B,T) int64 */
    ASSAY_STAGE_EMBED_TOKENS,   /* (B,T,C) */
    /* per layer; m keys in memory */
    ASSAY_STAGE_INPUT_LAYERNORM, /* (B,T,C) */
    ASSAY_STAGE_Q_PROJ,          /* (B,T,C) */
    ASSAY_STAGE_K_PROJ,          /* (B,T,C) */
    ASSAY_STAGE_V_PROJ,          /* (B,T,C) */
    ASSAY_STAGE_MEM_WRITE_KEY,   /* (B,H,n,D) mem_dtype: what joins the memory in this window (before attention at a */
    ASSAY_STAGE_MEM_WRITE_VALUE, /*   drop, after it for a prefix window) */
    ASSAY_STAGE_MEM_WRITE_MASK,  /* (B,n) additive */
    ASSAY_STAGE_REL_POS_IDS,     /* (B,L) int64 */
    ASSAY_STAGE_COS,             /* (L,D) */
    ASSAY_STAGE_SIN,             /* (L,D) */
    ASSAY_STAGE_ROTATE_QUERY,    /* (B,H,T,D) */
    ASSAY_STAGE_ROTATE_KEY,      /* (B,H,L,D) */
    ASSAY_STAGE_MEM_READ_KEY,    /* (B,H,m,D) mem_dtype: what the window's queries attend to */
    ASSAY_STAGE_MEM_READ_VALUE,  /* (B,H,m,D) mem_dtype */
    ASSAY_STAGE_MEM_READ_MASK,   /* (B,m) additive */
    ASSAY_STAGE_ATTN_SCORES,     /* (B,H,T,L+m) scaled, masked, clamped; local then memory. Not with torch_attention */
    ASSAY_STAGE_ATTN_PROBS,      /* (B,H,T,L+m) */
    ASSAY_STAGE_ATTN_OUTPUT,     /* (B,T,C) probabilities times values, heads joined: o_proj's input */
    ASSAY_STAGE_O_PROJ,          /* (B,T,C) */
    ASSAY_STAGE_ATTN_RESIDUAL,   /* (B,T,C) */
    ASSAY_STAGE_POST_LAYERNORM,  /* (B,T,C) */
    ASSAY_STAGE_GATE_PROJ,       /* (B,T,I) */
    ASSAY_STAGE_ACT_FN,          /* (B,T,I) act(gate) */
    ASSAY_STAGE_UP_PROJ,         /* (B,T,I) */
    ASSAY_STAGE_DOWN_PROJ,       /* (B,T,C) */
    ASSAY_STAGE_LAYER_OUTPUT,    /* (B,T,C) */
    /* per window again */
    ASSAY_STAGE_NORM, /* (B,T,C) the final norm */
    /* per step */
    ASSAY_STAGE_SCHEDULE, /* (windows,2) int64 */
    ASSAY_STAGE_LOGITS,   /* (B,T,V); classify: (B,labels) */
    ASSAY_STAGE_LOSS,     /* scalar */
    ASSAY_STAGE_TOKENS,   /* (B,prompt+new) int64 */
    /* per layer of the past after the step */
    ASSAY_STAGE_PAST_KEY,      /* (B,H,t,D) */
    ASSAY_STAGE_PAST_VALUE,    /* (B,H,t,D) */
    ASSAY_STAGE_PAST_POSITION, /* (B,t) int64 */
    ASSAY_STAGE_PAST_MEM_KEY,  /* (B,H,m,D) mem_dtype */
    ASSAY_STAGE_PAST_MEM_VALUE,
    ASSAY_STAGE_PAST_MEM_MASK, /* (B,m) additive */
    ASSAY_STAGE_COUNT
} assay_stage;

typedef enum { ASSAY_PER_WINDOW, ASSAY_PER_LAYER, ASSAY_PER_STEP, ASSAY_PER_PAST } assay_stage_scope;

/* How a stage is judged. */
typedef enum {
    ASSAY_JUDGE_EXACT,  /* integers and masks: bit for bit */
    ASSAY_JUDGE_FLOAT,  /* within the tolerance */
    ASSAY_JUDGE_SCORES, /* within the tolerance, and hidden entries (-1e6 or below) exactly */
    ASSAY_JUDGE_STORED, /* memory keys and values: a rounding of the golden's unrounded key within its tolerance */
    ASSAY_JUDGE_LOGITS  /* within the tolerance, plus KL and top-k */
} assay_stage_judge;

typedef struct {
    const char *name;
    assay_stage_scope scope;
    assay_stage_judge judge;
    const char *rules; /* rule ids that the stage shows, separated by spaces; a report cites them */
    const char *axes;  /* one letter an axis: B batch, H head, T token, D dim, K key (local, then memory), V vocabulary,
                          W window, E end of a range. A classification's logits are (B,L), L label, instead */
} assay_stage_info;

/* The table's row. */
const assay_stage_info *assay_stage_get(assay_stage stage);

#define ASSAY_STAGE_TEXT 64 /* bytes that the longest name takes, and more */

/* Writes the stage's name as people say it, "logits", "past/mem_key": with "past/" before the parts of the past. Returns text. */
const char *assay_stage_text(assay_stage stage, char text[ASSAY_STAGE_TEXT]);

/* The reverse. False when no stage has the name. */
bool assay_stage_from_text(const char *text, assay_stage *out);

/* Where a tensor belongs. window and layer are -1 where the scope has none. */
typedef struct {
    int64_t step;
    int64_t window;
    int64_t layer;
    assay_stage stage;
} assay_place;

/* Writes the path of a place, without a leading slash, into text. Returns text. */
const char *assay_place_path(const assay_place *place, char *text, size_t text_nbytes);

/* The reverse; a leading slash is accepted. False when `path` is not the path of a stage. */
bool assay_place_parse(const char *path, assay_place *out);

/* Negative, zero or positive as a comes before, at or after b in execution order. In a step: the schedule, the windows with
 * their layers and stages, the past, the results (a wrong key in the past shows before the logits that it spoils). */
int assay_place_compare(const assay_place *a, const assay_place *b);

#ifdef __cplusplus
}
#endif

#endif
