#include "compare/suggest_pairs.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/sample_looks.h"

#define NAME_WEIGHT 0.6
#define LEAST_VALUES 0.5  /* what agrees less is no pair by its values */
#define LEAST_NAME 0.5    /* what agrees less is no pair by its name */
#define LEAST_AGAINST 0.9 /* of the values, where the name says another stage */
#define WORTH_A_LOOK 0.3  /* agreement of the first values */
#define CLOSE 1e-4        /* a distance at which values are those of this stage, and not of it before or after a cast */
#define CLOSE_BONUS 0.1
#define ALIKE 0.99 /* agreement at which a pair teaches what its name means */
#define LEAST_VOTES 2
#define LEAST_SHARE 0.8 /* of the votes on what a name means */

/* ---- both sides ---- */

static assay_status take_stages(assay_pairing *p, const assay_source *golden, const assay_layout_facts *facts,
                                assay_error *err) {
    p->stages = calloc(golden->item_count + 1, sizeof *p->stages);
    p->samples = calloc(golden->item_count + 1, sizeof *p->samples);
    if (!p->stages || !p->samples) return assay_fail_nomem(err, "a list of stages");
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < golden->item_count && !st; i++) {
        const assay_source_item *item = &golden->items[i];
        if (assay_tensor_count(&item->info) == 0) continue;
        p->stages[p->stage_count] = item;
        st = assay_value_sample_take(&p->samples[p->stage_count++], golden, item, facts, err);
    }
    return st;
}

/* Numbers in names by their size: "t9" before "t10". */
static int compare_tensors(const void *a, const void *b) {
    return strverscmp(((const assay_port_tensor *)a)->name, ((const assay_port_tensor *)b)->name);
}

static assay_status add_tensor(assay_pairing *p, const char *name, assay_source_tensor values, assay_error *err) {
    assay_port_tensor *t = &p->tensors[p->tensor_count++];
    t->values = values;
    t->name = strdup(name);
    if (!t->name) return assay_fail_nomem(err, "a name");
    assay_name_read(&t->meaning, name);
    return ASSAY_OK;
}

/* What holds no numbers (texts of an HDF5 file, say) is no tensor. */
static assay_status take_unknown(assay_pairing *p, const assay_source *candidate, size_t index, assay_error *err) {
    assay_source_tensor t;
    assay_error ignored;
    if (assay_source_read_unknown(candidate, index, false, &t, &ignored)) return ASSAY_OK;
    assay_status st = assay_source_read_unknown(candidate, index, true, &t, err);
    return st ? st : add_tensor(p, candidate->unknown[index], t, err);
}

static assay_status take_tensors(assay_pairing *p, const assay_source *candidate, assay_error *err) {
    assay_status st = ASSAY_OK;
    p->tensors = calloc(candidate->item_count + candidate->unknown_count + 1, sizeof *p->tensors);
    if (!p->tensors) return assay_fail_nomem(err, "a list of tensors");
    for (size_t i = 0; i < candidate->item_count && !st; i++) {
        assay_source_tensor t;
        char path[256];
        st = assay_source_read(candidate, &candidate->items[i], false, &t, err);
        if (!st) st = add_tensor(p, assay_place_path(&candidate->items[i].place, path, sizeof path), t, err);
    }
    for (size_t i = 0; i < candidate->unknown_count && !st; i++) st = take_unknown(p, candidate, i, err);
    qsort(p->tensors, p->tensor_count, sizeof *p->tensors, compare_tensors);
    return st;
}

/* ---- pairs ---- */

/* How many layers, windows and steps the golden has. */
typedef struct {
    int64_t layers, windows, steps;
} extent;

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static extent extent_of(const assay_pairing *p) {
    extent e = {1, 1, 1};
    for (size_t i = 0; i < p->stage_count; i++) {
        e.layers = larger(e.layers, p->stages[i]->place.layer + 1);
        e.windows = larger(e.windows, p->stages[i]->place.window + 1);
        e.steps = larger(e.steps, p->stages[i]->place.step + 1);
    }
    return e;
}

/* Values that hardly differ from each other say little, whatever they agree with. */
static double score_of(const assay_value_sample *sample, const assay_pair *pair) {
    double values = pair->values.agreement;
    if (!sample->is_exact && pair->values.distance <= CLOSE) values += CLOSE_BONUS;
    if (!sample->is_informative) values *= 0.4;
    return values + NAME_WEIGHT * pair->name - pair->guess.cost;
}

/* How the values agree in one layout: a look at a few, and at all where it is worth one. */
static assay_value_agreement agreement_in(const assay_value_sample *sample, const assay_look *look, size_t layout,
                                          const assay_tensor *tensor) {
    assay_value_agreement v =
        assay_value_sample_compare(sample, ASSAY_SAMPLE_FIRST, look->first + layout * ASSAY_SAMPLE_FIRST);
    if (v.agreement < WORTH_A_LOOK) return v;
    double values[ASSAY_SAMPLE_MAX];
    assay_value_sample_load(tensor, look->offsets + layout * ASSAY_SAMPLE_MAX, sample->count, values);
    return assay_value_sample_compare(sample, ASSAY_SAMPLE_MAX, values);
}

/* The layout in which the values agree best; a costlier one has to be better by what it costs. */
static bool best_layout(const assay_value_sample *sample, const assay_look *look, const assay_tensor *tensor,
                        assay_pair *pair) {
    double best = -INFINITY;
    for (size_t i = 0; i < look->count; i++) {
        assay_pair other = *pair;
        other.guess = look->guesses[i];
        other.values = agreement_in(sample, look, i, tensor);
        other.score = score_of(sample, &other);
        if (!(other.score > best)) continue;
        best = other.score;
        *pair = other;
    }
    pair->one_layout = look->count <= 1;
    return look->count > 0;
}

static assay_status add_pair(assay_pairing *p, size_t *capacity, const assay_pair *pair, assay_error *err) {
    if (p->pair_count == *capacity) {
        size_t larger_one = *capacity ? 2 * *capacity : 256;
        assay_pair *grown = realloc(p->pairs, larger_one * sizeof *grown);
        if (!grown) return assay_fail_nomem(err, "pairs of stages and tensors");
        p->pairs = grown;
        *capacity = larger_one;
    }
    p->pairs[p->pair_count++] = *pair;
    return ASSAY_OK;
}

/* Agreement below which a pair is none: less is asked for where the name speaks for it. */
static double least_agreement(double name) { return name < 0 ? LEAST_AGAINST : name < LEAST_NAME ? LEAST_VALUES : 0; }

/* A run over all pairs. */
typedef struct {
    assay_pairing *p;
    extent extent;
    assay_looks *looks;
    size_t capacity;
    assay_error *err;
} pass;

static assay_status pair_one(pass *s, size_t stage, size_t tensor) {
    const assay_port_tensor *t = &s->p->tensors[tensor];
    const assay_tensor *values = &t->values.tensor;
    const extent *e = &s->extent;
    assay_pair pair = {.stage = stage, .tensor = tensor};
    assay_look look;
    assay_status st = assay_looks_get(s->looks, stage, tensor, values, &look, s->err);
    if (st) return st;
    pair.name = assay_name_agreement(&t->meaning, &s->p->stages[stage]->place, e->layers, e->windows, e->steps);
    if (!best_layout(&s->p->samples[stage], &look, values, &pair)) return ASSAY_OK;
    if (pair.values.agreement < least_agreement(pair.name)) return ASSAY_OK;
    return add_pair(s->p, &s->capacity, &pair, s->err);
}

/* A mapping has no words for a name with braces: they are those of placeholders. */
static bool can_be_named(const char *name) { return !strpbrk(name, "{}") && *name; }

static assay_status pair_stage(pass *s, size_t stage) {
    assay_pairing *p = s->p;
    int64_t count = assay_tensor_count(&p->samples[stage].axes.shape);
    assay_status st = ASSAY_OK;
    for (size_t k = 0; k < p->tensor_count && !st; k++)
        if (assay_tensor_count(&p->tensors[k].values.tensor) == count && can_be_named(p->tensors[k].name))
            st = pair_one(s, stage, k);
    p->first[stage + 1] = p->pair_count;
    return st;
}

static assay_status make_pairs(assay_pairing *p, assay_looks *looks, assay_error *err) {
    pass s = {.p = p, .extent = extent_of(p), .looks = looks, .err = err};
    free(p->pairs);
    free(p->first);
    p->pairs = NULL;
    p->pair_count = 0;
    p->first = calloc(p->stage_count + 1, sizeof *p->first);
    assay_status st = p->first ? ASSAY_OK : assay_fail_nomem(err, "pairs of stages and tensors");
    for (size_t i = 0; i < p->stage_count && !st; i++) st = pair_stage(&s, i);
    return st;
}

/* ---- choosing ---- */

/* Scores in steps, so that pairs that differ by rounding come in the order of stages and names. */
static int64_t level(const assay_pair *pair) { return (int64_t)llround(pair->score * 200); }

static int compare_pairs(const void *left, const void *right) {
    const assay_pair *a = *(assay_pair *const *)left, *b = *(assay_pair *const *)right;
    int64_t x = level(a), y = level(b);
    if (x != y) return x > y ? -1 : 1;
    if (a->stage != b->stage) return a->stage < b->stage ? -1 : 1;
    return (a->tensor > b->tensor) - (a->tensor < b->tensor);
}

static assay_status choose(assay_pairing *p, assay_error *err) {
    assay_pair **order = calloc(p->pair_count + 1, sizeof *order);
    free(p->chosen);
    free(p->stage_of);
    p->chosen = malloc((p->stage_count + 1) * sizeof *p->chosen);
    p->stage_of = malloc((p->tensor_count + 1) * sizeof *p->stage_of);
    bool ok = order && p->chosen && p->stage_of;
    for (size_t i = 0; i < p->stage_count && ok; i++) p->chosen[i] = ASSAY_NO_PAIR;
    for (size_t i = 0; i < p->tensor_count && ok; i++) p->stage_of[i] = ASSAY_NO_PAIR;
    for (size_t i = 0; i < p->pair_count && ok; i++) order[i] = &p->pairs[i];
    if (ok) qsort(order, p->pair_count, sizeof *order, compare_pairs);
    for (size_t i = 0; i < p->pair_count && ok; i++) {
        const assay_pair *pair = order[i];
        if (p->chosen[pair->stage] != ASSAY_NO_PAIR || p->stage_of[pair->tensor] != ASSAY_NO_PAIR) continue;
        p->chosen[pair->stage] = (size_t)(pair - p->pairs);
        p->stage_of[pair->tensor] = pair->stage;
    }
    free(order);
    return ok ? ASSAY_OK : assay_fail_nomem(err, "pairs of stages and tensors");
}

/* ---- asking ---- */

const assay_pair *assay_pairing_find(const assay_pairing *p, size_t stage, size_t tensor) {
    size_t low = p->first[stage], high = p->first[stage + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->pairs[middle].tensor < tensor) low = middle + 1;
        else high = middle;
    }
    return low < p->first[stage + 1] && p->pairs[low].tensor == tensor ? &p->pairs[low] : NULL;
}

/* What is lost when `other` goes to pair's stage instead: nothing, or less, means that it is as good. */
static double loss(const assay_pairing *p, const assay_pair *pair, const assay_pair *other) {
    size_t owner = p->stage_of[other->tensor];
    if (owner == ASSAY_NO_PAIR) return pair->score - other->score;
    const assay_pair *theirs = &p->pairs[p->chosen[owner]], *swapped = assay_pairing_find(p, owner, pair->tensor);
    return pair->score + theirs->score - other->score - (swapped ? swapped->score : 0);
}

/* Modules that only pass on what another one gives (mlp, and its down_proj) have its values: either will do. */
static bool are_copies(const assay_tensor *a, const assay_tensor *b) {
    return a->dtype == b->dtype && assay_tensor_same_shape(a, b) &&
           memcmp(a->data, b->data, assay_tensor_nbytes(a)) == 0;
}

static bool is_spare_copy(const assay_pairing *p, size_t tensor, size_t other) {
    return p->stage_of[other] == ASSAY_NO_PAIR &&
           are_copies(&p->tensors[tensor].values.tensor, &p->tensors[other].values.tensor);
}

size_t assay_pairing_rival(const assay_pairing *p, size_t stage, size_t *tensor) {
    const assay_pair *pair = &p->pairs[p->chosen[stage]];
    for (size_t i = p->first[stage]; i < p->first[stage + 1]; i++) {
        const assay_pair *other = &p->pairs[i];
        if (other == pair || loss(p, pair, other) >= ASSAY_PAIR_MARGIN) continue;
        if (is_spare_copy(p, pair->tensor, other->tensor)) continue;
        *tensor = other->tensor;
        size_t owner = p->stage_of[other->tensor];
        return owner == ASSAY_NO_PAIR ? stage : owner;
    }
    *tensor = ASSAY_NO_PAIR;
    for (size_t i = 0; i < p->stage_count; i++) {
        if (i == stage || p->chosen[i] != ASSAY_NO_PAIR) continue;
        const assay_pair *other = assay_pairing_find(p, i, pair->tensor);
        if (other && pair->score - other->score < ASSAY_PAIR_MARGIN) return i;
    }
    return ASSAY_NO_PAIR;
}

/* ---- learning ---- */

/* What sure pairs say that names of the same words mean. */
typedef struct {
    const char *words;
    size_t votes[ASSAY_STAGE_COUNT], total;
} lesson;

static bool teaches(const assay_pairing *p, size_t stage) {
    size_t tensor;
    if (p->chosen[stage] == ASSAY_NO_PAIR || !p->samples[stage].is_informative) return false;
    const assay_pair *pair = &p->pairs[p->chosen[stage]];
    return pair->values.agreement >= ALIKE && assay_pairing_rival(p, stage, &tensor) == ASSAY_NO_PAIR;
}

/* The lesson of these words; a new one where there is none yet. */
static lesson *lesson_of(lesson *lessons, size_t *count, const char *words) {
    for (size_t i = 0; i < *count; i++)
        if (strcmp(lessons[i].words, words) == 0) return &lessons[i];
    lessons[*count] = (lesson){.words = words};
    return &lessons[(*count)++];
}

static bool can_learn(const assay_name_meaning *m, assay_stage stage) {
    if (!m->is_known) return true;
    for (size_t i = 0; i < m->stage_count && m->stage_count > 1; i++)
        if (m->stages[i].stage == stage) return true;
    return false;
}

/* Names that the vocabulary lacks, or that mean several stages, mean what names of the same words turned out to be. */
static bool apply(assay_pairing *p, const lesson *lessons, size_t count) {
    bool changed = false;
    for (size_t i = 0; i < p->tensor_count; i++) {
        assay_name_meaning *m = &p->tensors[i].meaning;
        for (size_t k = 0; k < count; k++) {
            const lesson *l = &lessons[k];
            if (strcmp(l->words, m->words) != 0 || l->total < LEAST_VOTES) continue;
            for (int stage = 0; stage < ASSAY_STAGE_COUNT; stage++) {
                if ((double)l->votes[stage] < LEAST_SHARE * (double)l->total || !can_learn(m, (assay_stage)stage))
                    continue;
                assay_name_learn(m, (assay_stage)stage);
                changed = true;
            }
        }
    }
    return changed;
}

/* Whether the names mean something else than before. */
static assay_status learn(assay_pairing *p, bool *changed, assay_error *err) {
    lesson *lessons = calloc(p->stage_count + 1, sizeof *lessons);
    size_t count = 0;
    if (!lessons) return assay_fail_nomem(err, "what names mean");
    for (size_t i = 0; i < p->stage_count; i++) {
        if (!teaches(p, i)) continue;
        const assay_name_meaning *m = &p->tensors[p->pairs[p->chosen[i]].tensor].meaning;
        lesson *l = lesson_of(lessons, &count, m->words);
        l->votes[p->stages[i]->place.stage]++;
        l->total++;
    }
    *changed = apply(p, lessons, count);
    free(lessons);
    return ASSAY_OK;
}

/* ---- the whole ---- */

static assay_status match(assay_pairing *p, assay_looks *looks, assay_error *err) {
    bool changed = false;
    assay_status st = make_pairs(p, looks, err);
    if (!st) st = choose(p, err);
    if (!st) st = learn(p, &changed, err);
    if (!st && changed) st = make_pairs(p, looks, err);
    return st || !changed ? st : choose(p, err);
}

assay_status assay_pairing_make(assay_pairing *out, const assay_source *golden, const assay_source *candidate,
                                const assay_layout_facts *facts, assay_error *err) {
    assay_pairing p = {.stage_count = 0};
    assay_status st = take_stages(&p, golden, facts, err);
    if (!st) st = take_tensors(&p, candidate, err);
    assay_looks *looks = NULL;
    if (!st) st = assay_looks_create(&looks, p.samples, p.stage_count, p.tensor_count, err);
    if (!st) st = match(&p, looks, err);
    assay_looks_destroy(looks);
    if (st) assay_pairing_free(&p);
    else *out = p;
    return st;
}

void assay_pairing_free(assay_pairing *p) {
    for (size_t i = 0; i < p->tensor_count; i++) {
        free(p->tensors[i].name);
        assay_source_release(&p->tensors[i].values);
    }
    free((void *)p->stages);
    free(p->samples);
    free(p->tensors);
    free(p->pairs);
    free(p->first);
    free(p->chosen);
    free(p->stage_of);
    *p = (assay_pairing){0};
}
