#include "compare/sample_looks.h"

#include <stdlib.h>
#include <string.h>

/* The layouts of tensors of one shape as stages of one shape. */
typedef struct layouts {
    struct layouts *next;
    assay_tensor shape;
    size_t count;
    assay_layout_guess guesses[ASSAY_GUESS_MAX];
    size_t offsets[]; /* (count, ASSAY_SAMPLE_MAX) */
} layouts;

/* Stages of one shape. */
typedef struct {
    const assay_value_sample *example;
    layouts *list;         /* by the shapes of tensors that were met */
    const layouts **found; /* (tensor_count) NULL: not looked at yet */
    double **first;        /* (tensor_count) */
} stage_class;

struct assay_looks {
    const assay_value_sample *samples;
    size_t tensor_count;
    size_t *class_of; /* (stage_count) */
    stage_class *classes;
    size_t class_count;
};

static bool are_alike(const assay_value_sample *a, const assay_value_sample *b) {
    const assay_stage_axes *x = &a->axes, *y = &b->axes;
    return assay_tensor_same_shape(&x->shape, &y->shape) && x->count == y->count && x->fits == y->fits &&
           x->has_rotary == y->has_rotary && memcmp(x->size, y->size, (size_t)x->count * sizeof *x->size) == 0 &&
           a->count == b->count && memcmp(a->index, b->index, a->count * sizeof *a->index) == 0;
}

static assay_status classify(assay_looks *l, size_t stage, assay_error *err) {
    size_t i = 0;
    while (i < l->class_count && !are_alike(l->classes[i].example, &l->samples[stage])) i++;
    l->class_of[stage] = i;
    if (i < l->class_count) return ASSAY_OK;
    stage_class *c = &l->classes[l->class_count++];
    c->example = &l->samples[stage];
    c->found = calloc(l->tensor_count + 1, sizeof *c->found);
    c->first = calloc(l->tensor_count + 1, sizeof *c->first);
    return c->found && c->first ? ASSAY_OK : assay_fail_nomem(err, "layouts of tensors");
}

assay_status assay_looks_create(assay_looks **out, const assay_value_sample *samples, size_t stage_count,
                                size_t tensor_count, assay_error *err) {
    assay_looks *l = calloc(1, sizeof *l);
    if (!l) return assay_fail_nomem(err, "layouts of tensors");
    l->samples = samples;
    l->tensor_count = tensor_count;
    l->class_of = calloc(stage_count + 1, sizeof *l->class_of);
    l->classes = calloc(stage_count + 1, sizeof *l->classes);
    assay_status st = l->class_of && l->classes ? ASSAY_OK : assay_fail_nomem(err, "layouts of tensors");
    for (size_t i = 0; i < stage_count && !st; i++) st = classify(l, i, err);
    if (st) assay_looks_destroy(l);
    else *out = l;
    return st;
}

/* Those of a shape; NULL when out of memory. */
static const layouts *layouts_of(stage_class *c, const assay_tensor *tensor) {
    for (layouts *l = c->list; l; l = l->next)
        if (assay_tensor_same_shape(&l->shape, tensor)) return l;
    assay_layout_guess guesses[ASSAY_GUESS_MAX];
    size_t count = assay_layout_guesses(&c->example->axes, tensor, guesses);
    layouts *made = malloc(sizeof *made + count * ASSAY_SAMPLE_MAX * sizeof *made->offsets);
    if (!made) return NULL;
    made->shape = *tensor;
    made->count = count;
    memcpy(made->guesses, guesses, sizeof guesses);
    for (size_t i = 0; i < count; i++)
        assay_value_sample_offsets(c->example, &guesses[i], made->offsets + i * ASSAY_SAMPLE_MAX);
    made->next = c->list;
    c->list = made;
    return made;
}

static double *load_first(const assay_value_sample *sample, const layouts *l, const assay_tensor *tensor) {
    double *values = malloc((l->count * ASSAY_SAMPLE_FIRST + 1) * sizeof *values);
    size_t n = sample->count < ASSAY_SAMPLE_FIRST ? sample->count : ASSAY_SAMPLE_FIRST;
    for (size_t i = 0; values && i < l->count; i++)
        assay_value_sample_load(tensor, l->offsets + i * ASSAY_SAMPLE_MAX, n, values + i * ASSAY_SAMPLE_FIRST);
    return values;
}

assay_status assay_looks_get(assay_looks *looks, size_t stage, size_t number, const assay_tensor *tensor,
                             assay_look *out, assay_error *err) {
    stage_class *c = &looks->classes[looks->class_of[stage]];
    if (!c->found[number]) c->found[number] = layouts_of(c, tensor);
    const layouts *l = c->found[number];
    if (l && !c->first[number]) c->first[number] = load_first(c->example, l, tensor);
    if (!l || !c->first[number]) return assay_fail_nomem(err, "layouts of tensors");
    *out = (assay_look){l->count, l->guesses, l->offsets, c->first[number]};
    return ASSAY_OK;
}

static void free_class(stage_class *c, size_t tensor_count) {
    for (size_t i = 0; i < tensor_count && c->first; i++) free(c->first[i]);
    free(c->first);
    free((void *)c->found);
    while (c->list) {
        layouts *next = c->list->next;
        free(c->list);
        c->list = next;
    }
}

void assay_looks_destroy(assay_looks *l) {
    if (!l) return;
    for (size_t i = 0; i < l->class_count; i++) free_class(&l->classes[i], l->tensor_count);
    free(l->classes);
    free(l->class_of);
    free(l);
}
