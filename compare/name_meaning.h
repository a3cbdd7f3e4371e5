/*
 * What the name of a port's tensor says: which stage it may be, of which layer, window and step.
 *
 * Known are the names of this project's stages, of Hugging Face's Llama modules, of llama.cpp's graph nodes, and common words.
 */
#ifndef ASSAY_COMPARE_NAME_MEANING_H
#define ASSAY_COMPARE_NAME_MEANING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/stages.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_MEANING_NBYTES 256
#define ASSAY_MEANING_MAX_STAGES 3

typedef struct {
    int64_t step, window, layer;      /* -1: the name does not say */
    int64_t loose;                    /* the last number that belongs to no word that says what it is; -1: none */
    char words[ASSAY_MEANING_NBYTES]; /* in lower case, separated by spaces, without the numbers */
    bool is_known;                    /* the vocabulary has it; without any stage it is known to be none */
    struct {
        assay_stage stage;
        double weight; /* in (0, 1]: how surely the name means it */
    } stages[ASSAY_MEANING_MAX_STAGES];
    size_t stage_count;
    float shared[ASSAY_STAGE_COUNT]; /* of a name that is not known: the share of each stage's words that it has */
} assay_name_meaning;

/* Reads a name. Never fails: a name that says nothing has a meaning without any number or stage. */
void assay_name_read(assay_name_meaning *out, const char *name);

/* Makes it mean one stage, for a name that another of its words showed to mean it. */
void assay_name_learn(assay_name_meaning *meaning, assay_stage stage);

/* How well a name suits a place, in [-0.5, 1]: 1 when it says just this, 0 when it says nothing, negative when it says something else.
 * `layers`, `windows` and `steps` are how many of them there are: with one, a name need not say which. */
double assay_name_agreement(const assay_name_meaning *meaning, const assay_place *place, int64_t layers,
                            int64_t windows, int64_t steps);

#ifdef __cplusplus
}
#endif

#endif
