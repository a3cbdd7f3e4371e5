#include "compare/suggest_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/suggest_pairs.h"

#define AGREE 0.99        /* agreement of values that are those of the stage, but for rounding in a half type */
#define UNSURE_LAYOUT 0.8 /* confidence in a named stage whose values tell nothing of its layout */
#define NAME_AGREES 0.8   /* a name that the vocabulary has, of this layer */

void assay_suggestion_free(assay_suggestion *s) {
    for (size_t i = 0; i < s->count; i++) free(s->entries[i].from);
    for (size_t i = 0; i < s->unused_count; i++) free(s->unused[i]);
    free(s->entries);
    free(s->missing);
    free(s->unused);
    *s = (assay_suggestion){0};
}

/* ---- confidence ---- */

static const char *name_text(double name) {
    return name >= NAME_AGREES ? "name agrees"
           : name > 0.3        ? "name resembles it"
           : name >= 0         ? "name says nothing"
                               : "name says another stage";
}

/* How sure a pair is that no other choice rivals. */
static double confidence_of(const assay_value_sample *sample, const assay_pair *pair) {
    double agreement = pair->values.agreement;
    bool named = pair->name >= NAME_AGREES;
    if (agreement >= AGREE && sample->is_informative) return named ? 0.999 : pair->name >= 0 ? 0.97 : 0.85;
    if (agreement >= AGREE) return named ? 0.95 : 0.4;
    if (!named) return pair->name >= 0.5 ? 0.5 + 0.3 * agreement : 0.8 * agreement;
    bool layout_is_sure = pair->guess.cost <= 0 || pair->one_layout || agreement >= 0.5;
    return layout_is_sure ? 0.92 : UNSURE_LAYOUT;
}

static void explain_values(const assay_value_sample *sample, const assay_pair *pair, char *out, size_t out_nbytes) {
    const assay_value_agreement *v = &pair->values;
    const char *verdict = v->agreement >= AGREE ? "values agree"
                          : v->agreement >= 0.5 ? "values partly agree"
                                                : "values differ";
    if (!sample->is_informative) snprintf(out, out_nbytes, "%s (too few or too even to tell)", verdict);
    else if (sample->is_exact) snprintf(out, out_nbytes, "%s (%zu whole numbers or masks)", verdict, sample->count);
    else snprintf(out, out_nbytes, "%s (correlation %.5f, distance %.2g)", verdict, v->correlation, v->distance);
}

/* Names the other choice, and lowers the confidence. */
static void explain_rival(const assay_pairing *p, size_t stage, size_t rival, size_t tensor, assay_suggested *e) {
    char path[256];
    size_t at = strlen(e->reason);
    if (tensor != ASSAY_NO_PAIR && rival == stage)
        snprintf(e->reason + at, sizeof e->reason - at, "; ambiguous: '%.80s' would do as well",
                 p->tensors[tensor].name);
    else
        snprintf(e->reason + at, sizeof e->reason - at, "; ambiguous with %s%s",
                 assay_place_path(&p->stages[rival]->place, path, sizeof path),
                 assay_value_sample_same(&p->samples[stage], &p->samples[rival]) ? ", which has the same values" : "");
    e->confidence = e->confidence < 0.5 ? e->confidence : 0.5;
}

/* ---- layouts of what differs ---- */

/* The layout of another place of the same stage, whose values agree; NULL when there is none. */
static const assay_pair *sure_sibling(const assay_pairing *p, size_t stage, const assay_tensor *tensor) {
    for (size_t i = 0; i < p->stage_count; i++) {
        bool same = i != stage && p->stages[i]->place.stage == p->stages[stage]->place.stage &&
                    p->samples[i].axes.count == p->samples[stage].axes.count && p->chosen[i] != ASSAY_NO_PAIR;
        if (!same) continue;
        const assay_pair *pair = &p->pairs[p->chosen[i]];
        if (pair->values.agreement >= AGREE && p->tensors[pair->tensor].values.tensor.rank == tensor->rank) return pair;
    }
    return NULL;
}

static bool same_order(const assay_layout_guess *a, const assay_layout_guess *b, int axes) {
    return a->interleaved == b->interleaved && memcmp(a->order, b->order, (size_t)axes * sizeof *a->order) == 0;
}

/* Values that differ say nothing of the layout: it is that of the same stage elsewhere, else the plainest. *sibling tells which. */
static assay_layout_guess settled_layout(const assay_pairing *p, size_t stage, const assay_pair *pair, bool *sibling) {
    const assay_stage_axes *axes = &p->samples[stage].axes;
    const assay_tensor *tensor = &p->tensors[pair->tensor].values.tensor;
    assay_layout_guess guesses[ASSAY_GUESS_MAX];
    *sibling = false;
    if (pair->values.agreement >= 0.5 || pair->one_layout) return pair->guess;
    const assay_pair *other = sure_sibling(p, stage, tensor);
    size_t count = assay_layout_guesses(axes, tensor, guesses);
    for (size_t i = 0; other && i < count; i++) {
        if (!same_order(&guesses[i], &other->guess, axes->count)) continue;
        *sibling = true;
        return guesses[i];
    }
    return count ? guesses[0] : pair->guess;
}

/* ---- entries ---- */

static assay_status make_entry(const assay_pairing *p, size_t stage, const assay_layout_facts *facts,
                               assay_suggested *e, assay_error *err) {
    bool sibling;
    assay_pair settled = p->pairs[p->chosen[stage]];
    settled.guess = settled_layout(p, stage, &settled, &sibling);
    const assay_pair *pair = &settled;
    const assay_value_sample *sample = &p->samples[stage];
    const assay_port_tensor *t = &p->tensors[pair->tensor];
    char values[160];
    *e = (assay_suggested){.place = p->stages[stage]->place, .values = pair->values, .name = pair->name};
    e->confidence = confidence_of(sample, pair);
    if (sibling && e->confidence == UNSURE_LAYOUT) e->confidence = 0.92;
    explain_values(sample, pair, values, sizeof values);
    snprintf(e->reason, sizeof e->reason, "%s, %s", values, name_text(pair->name));
    if (sibling) strncat(e->reason, ", layout as elsewhere", sizeof e->reason - strlen(e->reason) - 1);
    size_t tensor, rival = assay_pairing_rival(p, stage, &tensor);
    if (rival != ASSAY_NO_PAIR) explain_rival(p, stage, rival, tensor, e);
    e->from = strdup(t->name);
    if (!e->from) return assay_fail_nomem(err, "a name");
    return assay_layout_guess_ops(&sample->axes, &pair->guess, &t->values.tensor, facts, e->ops, &e->op_count, err);
}

/* A tensor that has the name of this place and is no other stage stands in the way of another one for it. */
static bool is_taken(const assay_pairing *p, const assay_source *candidate, size_t stage) {
    char path[256];
    if (!assay_source_find(candidate, &p->stages[stage]->place)) return false;
    assay_place_path(&p->stages[stage]->place, path, sizeof path);
    for (size_t i = 0; i < p->tensor_count; i++)
        if (strcmp(p->tensors[i].name, path) == 0) return p->stage_of[i] == ASSAY_NO_PAIR;
    return false;
}

static assay_status fill(assay_suggestion *out, const assay_pairing *p, const assay_source *candidate,
                         const assay_layout_facts *facts, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < p->stage_count && !st; i++) {
        if (p->chosen[i] == ASSAY_NO_PAIR || is_taken(p, candidate, i)) {
            out->missing[out->missing_count++] = p->stages[i]->place;
            continue;
        }
        assay_suggested *e = &out->entries[out->count++];
        st = make_entry(p, i, facts, e, err);
        out->sure_count += e->confidence >= ASSAY_SUGGESTION_SURE;
    }
    for (size_t i = 0; i < p->tensor_count && !st; i++) {
        if (p->stage_of[i] != ASSAY_NO_PAIR) continue;
        out->unused[out->unused_count] = strdup(p->tensors[i].name);
        if (!out->unused[out->unused_count++]) st = assay_fail_nomem(err, "a name");
    }
    return st;
}

assay_status assay_suggest_map(assay_suggestion *out, const assay_source *golden, const assay_source *candidate,
                               const assay_layout_facts *facts, assay_error *err) {
    assay_pairing p = {.stage_count = 0};
    assay_status st = assay_pairing_make(&p, golden, candidate, facts, err);
    if (st) return st;
    assay_suggestion s = {.entries = calloc(p.stage_count + 1, sizeof *s.entries),
                          .missing = calloc(p.stage_count + 1, sizeof *s.missing),
                          .unused = calloc(p.tensor_count + 1, sizeof *s.unused)};
    bool ok = s.entries && s.missing && s.unused;
    st = ok ? fill(&s, &p, candidate, facts, err) : assay_fail_nomem(err, "a suggested mapping");
    assay_pairing_free(&p);
    if (st) assay_suggestion_free(&s);
    else *out = s;
    return st;
}
