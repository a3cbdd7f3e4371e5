/*
 * Every rule is held against every name. What matches is a part: a tensor, the rule that takes it, and the place that it goes to.
 * Parts sorted by place make the stages.
 */
#include "compare/mapped_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/map_pattern.h"

/* A tensor of the candidate, by either kind of its names. */
typedef struct {
    char name[256];
    const assay_source_item *item; /* NULL: it is unknown[index] */
    size_t index;
    bool taken;
} named_tensor;

/* A tensor on its way to a place. */
typedef struct {
    assay_place place;
    size_t rule, from; /* which rule, and which of its names */
    assay_map_numbers numbers;
    size_t tensor;
} part;

/* Where an item's values come from. */
typedef struct {
    const assay_source_item *plain; /* as it is; NULL: parts */
    const part *parts;
    size_t count;
} origin;

struct assay_mapped_source {
    const assay_source *from;
    const assay_map *map;
    assay_layout_facts facts;
    named_tensor *tensors;
    size_t tensor_count;
    part *parts;
    size_t part_count, part_capacity;
    origin *origins;
    size_t origin_count;
    assay_source view;
};

assay_layout_facts assay_layout_facts_of(const assay_golden *g) {
    if (!g->has_config || g->config_refused) return (assay_layout_facts){0, 0};
    return (assay_layout_facts){g->config.num_attention_heads, assay_config_head_dim(&g->config)};
}

/* ---- messages ---- */

static void name_rule(const assay_mapped_source *m, size_t rule, char *out, size_t out_nbytes) {
    const assay_map_rule *r = &m->map->rules[rule];
    snprintf(out, out_nbytes, "%.300s: 'tensors' element %zu ('%.120s' to '%.120s')", m->map->name, rule, r->from[0],
             r->to);
}

/* ---- parts ---- */

static assay_status list_tensors(assay_mapped_source *m, assay_error *err) {
    const assay_source *from = m->from;
    m->tensors = calloc(from->item_count + from->unknown_count + 1, sizeof *m->tensors);
    if (!m->tensors) return assay_fail_nomem(err, "a list of tensors");
    for (size_t i = 0; i < from->item_count; i++) {
        named_tensor *t = &m->tensors[m->tensor_count++];
        t->item = &from->items[i];
        assay_place_path(&t->item->place, t->name, sizeof t->name);
    }
    for (size_t i = 0; i < from->unknown_count; i++) {
        named_tensor *t = &m->tensors[m->tensor_count++];
        t->index = i;
        snprintf(t->name, sizeof t->name, "%s", from->unknown[i]);
    }
    return ASSAY_OK;
}

static assay_status add_part(assay_mapped_source *m, const part *p, assay_error *err) {
    if (m->part_count == m->part_capacity) {
        size_t capacity = m->part_capacity ? 2 * m->part_capacity : 64;
        part *grown = realloc(m->parts, capacity * sizeof *grown);
        if (!grown) return assay_fail_nomem(err, "a list of tensors");
        m->parts = grown;
        m->part_capacity = capacity;
    }
    m->parts[m->part_count++] = *p;
    return ASSAY_OK;
}

/* Holds one name of a rule against all tensors. */
static assay_status match_name(assay_mapped_source *m, size_t rule, size_t from, bool *matched, assay_error *err) {
    const assay_map_rule *r = &m->map->rules[rule];
    for (size_t i = 0; i < m->tensor_count; i++) {
        part p = {.rule = rule, .from = from, .tensor = i};
        char path[512];
        if (!assay_map_pattern_match(r->from[from], m->tensors[i].name, &p.numbers)) continue;
        if (!assay_map_pattern_fill(r->to, &p.numbers, path, sizeof path) || !assay_place_parse(path, &p.place))
            continue;
        *matched = m->tensors[i].taken = true;
        assay_status st = add_part(m, &p, err);
        if (st) return st;
    }
    return ASSAY_OK;
}

static assay_status match_rule(assay_mapped_source *m, size_t rule, assay_error *err) {
    const assay_map_rule *r = &m->map->rules[rule];
    for (size_t k = 0; k < r->from_count; k++) {
        bool matched = false;
        char where[600];
        assay_status st = match_name(m, rule, k, &matched, err);
        if (st) return st;
        if (matched || r->optional) continue;
        name_rule(m, rule, where, sizeof where);
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: %.200s has no tensor '%.120s'; correct it, or say \"optional\": true", where,
                          m->from->info.name, r->from[k]);
    }
    return ASSAY_OK;
}

static int compare_numbers(const assay_map_numbers *a, const assay_map_numbers *b) {
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (a->items[i].value != b->items[i].value) return a->items[i].value < b->items[i].value ? -1 : 1;
    return 0;
}

/* By place; the parts of one in the order in which they are joined. */
static int compare_parts(const void *left, const void *right) {
    const part *a = left, *b = right;
    int order = assay_place_compare(&a->place, &b->place);
    if (!order) order = (a->rule > b->rule) - (a->rule < b->rule);
    if (!order) order = (a->from > b->from) - (a->from < b->from);
    return order ? order : compare_numbers(&a->numbers, &b->numbers);
}

/* ---- stages ---- */

static assay_status clash(const assay_mapped_source *m, const part *a, const part *b, assay_error *err) {
    char where[600], path[256];
    name_rule(m, b->rule, where, sizeof where);
    assay_place_path(&a->place, path, sizeof path);
    if (a->rule == b->rule)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: '%.100s' and '%.100s' are both %s; 'join' would put them together", where,
                          m->tensors[a->tensor].name, m->tensors[b->tensor].name, path);
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%.100s' is %s, and element %zu says that '%.100s' is", where,
                      m->tensors[b->tensor].name, path, a->rule, m->tensors[a->tensor].name);
}

static assay_status read_tensor(const assay_mapped_source *m, size_t tensor, bool values, assay_source_tensor *out,
                                assay_error *err) {
    const named_tensor *t = &m->tensors[tensor];
    if (!t->item) return assay_source_read_unknown(m->from, t->index, values, out, err);
    if (values) return assay_source_read(m->from, t->item, false, out, err);
    *out = (assay_source_tensor){.tensor = t->item->info};
    return ASSAY_OK;
}

/* The shape of a part after its layout. */
static assay_status part_shape(const assay_mapped_source *m, const part *p, assay_tensor *out, assay_error *err) {
    const assay_map_rule *r = &m->map->rules[p->rule];
    char where[800];
    assay_source_tensor t;
    assay_status st = read_tensor(m, p->tensor, false, &t, err);
    if (st) return st;
    name_rule(m, p->rule, where, 600);
    size_t at = strlen(where);
    snprintf(where + at, sizeof where - at, ": %.120s", m->tensors[p->tensor].name);
    return assay_layout_shape(out, &t.tensor, r->layout, r->layout_count, &m->facts, where, err);
}

/* Adds the shape of a further part along the axis of the join. */
static assay_status join_shape(const assay_mapped_source *m, const part *p, int axis, assay_tensor *inout,
                               assay_error *err) {
    assay_tensor next;
    assay_status st = part_shape(m, p, &next, err);
    if (st) return st;
    bool fits = next.rank == inout->rank && next.dtype == inout->dtype;
    for (int i = 0; i < inout->rank && fits; i++) fits = i == axis || next.shape[i] == inout->shape[i];
    if (fits && !__builtin_add_overflow(inout->shape[axis], next.shape[axis], &inout->shape[axis])) return ASSAY_OK;
    char where[600], one[192], other[192];
    name_rule(m, p->rule, where, sizeof where);
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot join '%.80s', %s %s, to what is before it, %s %s", where,
                      m->tensors[p->tensor].name, assay_dtype_name(next.dtype),
                      assay_tensor_shape_text(&next, one, sizeof one), assay_dtype_name(inout->dtype),
                      assay_tensor_shape_text(inout, other, sizeof other));
}

/* The axis of a join, in [0, rank). */
static assay_status join_axis(const assay_mapped_source *m, const part *p, int rank, int *out, assay_error *err) {
    const assay_map_rule *r = &m->map->rules[p->rule];
    char where[600];
    *out = r->join_axis < 0 ? r->join_axis + rank : r->join_axis;
    if (*out >= 0 && *out < rank) return ASSAY_OK;
    name_rule(m, p->rule, where, sizeof where);
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: 'join' names axis %d of tensors that have %d", where, r->join_axis,
                      rank);
}

static assay_status stage_shape(const assay_mapped_source *m, const origin *o, assay_tensor *out, assay_error *err) {
    int axis = 0;
    assay_status st = part_shape(m, o->parts, out, err);
    if (!st && m->map->rules[o->parts->rule].joins) st = join_axis(m, o->parts, out->rank, &axis, err);
    for (size_t i = 1; i < o->count && !st; i++) st = join_shape(m, &o->parts[i], axis, out, err);
    return st;
}

/* Parts [begin, end) are one place. */
static assay_status add_stage(assay_mapped_source *m, size_t begin, size_t end, assay_error *err) {
    const part *first = &m->parts[begin];
    for (size_t i = begin + 1; i < end; i++)
        if (m->parts[i].rule != first->rule || !m->map->rules[first->rule].joins)
            return clash(m, first, &m->parts[i], err);
    origin *o = &m->origins[m->origin_count++];
    *o = (origin){.parts = first, .count = end - begin};
    assay_source_item item = {.place = first->place, .kept_axis = -1, .values = o};
    assay_status st = stage_shape(m, o, &item.info, err);
    if (st) return st;
    item.info.data = NULL;
    m->view.items[m->view.item_count++] = item;
    return ASSAY_OK;
}

static assay_status add_stages(assay_mapped_source *m, assay_error *err) {
    assay_status st = ASSAY_OK;
    if (m->part_count) qsort(m->parts, m->part_count, sizeof *m->parts, compare_parts);
    for (size_t begin = 0, end; begin < m->part_count && !st; begin = end) {
        for (end = begin + 1; end < m->part_count; end++)
            if (assay_place_compare(&m->parts[begin].place, &m->parts[end].place) != 0) break;
        st = add_stage(m, begin, end, err);
    }
    return st;
}

/* ---- the rest ---- */

static assay_source_item pass_on(assay_mapped_source *m, const assay_source_item *item) {
    origin *o = &m->origins[m->origin_count++];
    *o = (origin){.plain = item};
    assay_source_item passed = *item;
    passed.values = passed.unrounded = o;
    return passed;
}

static int compare_items(const void *a, const void *b) {
    return assay_place_compare(&((const assay_source_item *)a)->place, &((const assay_source_item *)b)->place);
}

static assay_status check_items(const assay_mapped_source *m, assay_error *err) {
    for (size_t i = 1; i < m->view.item_count; i++) {
        if (compare_items(&m->view.items[i - 1], &m->view.items[i]) != 0) continue;
        const origin *a = m->view.items[i - 1].values, *b = m->view.items[i].values;
        const part *p = a->plain ? b->parts : a->parts;
        char where[600], path[256];
        name_rule(m, p->rule, where, sizeof where);
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%.100s' is %s, and %.200s has a tensor of that name", where,
                          m->tensors[p->tensor].name, assay_place_path(&p->place, path, sizeof path),
                          m->from->info.name);
    }
    return ASSAY_OK;
}

static assay_status add_rest(assay_mapped_source *m, assay_error *err) {
    for (size_t i = 0; i < m->tensor_count; i++) {
        const named_tensor *t = &m->tensors[i];
        if (t->taken) continue;
        if (t->item) m->view.items[m->view.item_count++] = pass_on(m, t->item);
        else m->view.unknown[m->view.unknown_count++] = m->from->unknown[t->index];
    }
    for (size_t i = 0; i < m->from->float64_count; i++)
        m->view.float64[m->view.float64_count++] = pass_on(m, &m->from->float64[i]);
    qsort(m->view.items, m->view.item_count, sizeof *m->view.items, compare_items);
    return check_items(m, err);
}

/* ---- reading ---- */

/* Where the layout moves nothing, what the candidate gives. */
static assay_status read_part(const assay_mapped_source *m, const part *p, assay_source_tensor *out, assay_error *err) {
    const assay_map_rule *r = &m->map->rules[p->rule];
    assay_source_tensor t, moved = {.owned = true};
    char where[600];
    assay_status st = read_tensor(m, p->tensor, true, &t, err);
    if (st) return st;
    if (r->layout_count == 0) {
        *out = t;
        return ASSAY_OK;
    }
    name_rule(m, p->rule, where, sizeof where);
    st = assay_layout_apply(&moved.tensor, &t.tensor, r->layout, r->layout_count, &m->facts, where, err);
    assay_source_release(&t);
    if (!st) *out = moved;
    return st;
}

/* Copies a part to its place along the axis: indices from `at` on. */
static void place_part(assay_tensor *whole, const assay_tensor *one, int axis, int64_t at) {
    size_t outer = 1, inner = assay_dtype_size(one->dtype);
    for (int i = 0; i < axis; i++) outer *= (size_t)one->shape[i];
    for (int i = axis + 1; i < one->rank; i++) inner *= (size_t)one->shape[i];
    size_t run = inner * (size_t)one->shape[axis], stride = inner * (size_t)whole->shape[axis];
    for (size_t o = 0; o < outer && run; o++)
        memcpy((char *)whole->data + o * stride + (size_t)at * inner, (const char *)one->data + o * run, run);
}

static assay_status read_joined(const assay_mapped_source *m, const origin *o, const assay_tensor *info,
                                assay_tensor *out, assay_error *err) {
    assay_tensor whole;
    int axis = 0;
    int64_t at = 0;
    assay_status st = join_axis(m, o->parts, info->rank, &axis, err);
    if (!st) st = assay_tensor_alloc(&whole, info->dtype, info->rank, info->shape, "a joined tensor", err);
    if (st) return st;
    for (size_t i = 0; i < o->count && !st; i++) {
        assay_source_tensor t;
        st = read_part(m, &o->parts[i], &t, err);
        if (st) break;
        place_part(&whole, &t.tensor, axis, at);
        at += t.tensor.shape[axis];
        assay_source_release(&t);
    }
    if (st) assay_tensor_free(&whole);
    else *out = whole;
    return st;
}

static assay_status read_mapped(const assay_source *source, const assay_source_item *item, bool unrounded,
                                assay_tensor *out, bool *owned, assay_error *err) {
    const assay_mapped_source *m = source->self;
    const origin *o = unrounded ? item->unrounded : item->values;
    if (!o->plain && o->count > 1) {
        *owned = true;
        return read_joined(m, o, &item->info, out, err);
    }
    assay_source_tensor t;
    assay_status st = o->plain ? m->from->read(m->from, o->plain, unrounded, &t.tensor, &t.owned, err)
                               : read_part(m, o->parts, &t, err);
    if (st) return st;
    *out = t.tensor;
    *owned = t.owned;
    return ASSAY_OK;
}

/* Of the unknown tensors that are left; their names are those of the candidate, pointer and all. */
static assay_status read_unknown(const assay_source *source, size_t index, bool values, assay_tensor *out, bool *owned,
                                 assay_error *err) {
    const assay_mapped_source *m = source->self;
    size_t i = 0;
    while (m->from->unknown[i] != source->unknown[index]) i++;
    return m->from->read_unknown(m->from, i, values, out, owned, err);
}

/* ---- the whole ---- */

static assay_status reserve(assay_mapped_source *m, assay_error *err) {
    const assay_source *from = m->from;
    size_t most = m->part_count + from->item_count + 1;
    m->view.items = calloc(most, sizeof *m->view.items);
    m->view.float64 = calloc(from->float64_count + 1, sizeof *m->view.float64);
    m->view.unknown = calloc(from->unknown_count + 1, sizeof *m->view.unknown);
    m->view.steps = calloc(from->step_count + 1, sizeof *m->view.steps);
    m->origins = calloc(most + from->float64_count, sizeof *m->origins);
    bool ok = m->view.items && m->view.float64 && m->view.unknown && m->view.steps && m->origins;
    if (!ok) return assay_fail_nomem(err, "a mapped candidate");
    if (from->step_count) memcpy(m->view.steps, from->steps, from->step_count * sizeof *m->view.steps);
    m->view.step_count = from->step_count;
    return ASSAY_OK;
}

static assay_status build(assay_mapped_source *m, assay_error *err) {
    m->view.info = m->from->info;
    m->view.self = m;
    m->view.read = read_mapped;
    m->view.read_unknown = read_unknown;
    assay_status st = list_tensors(m, err);
    for (size_t i = 0; i < m->map->rule_count && !st; i++) st = match_rule(m, i, err);
    if (!st) st = reserve(m, err);
    if (!st) st = add_stages(m, err);
    return st ? st : add_rest(m, err);
}

assay_status assay_mapped_source_create(assay_mapped_source **out, const assay_source *from, const assay_map *map,
                                        const assay_layout_facts *facts, assay_error *err) {
    assay_mapped_source *m = calloc(1, sizeof *m);
    if (!m) return assay_fail_nomem(err, "a mapped candidate");
    m->from = from;
    m->map = map;
    m->facts = *facts;
    assay_status st = build(m, err);
    if (st) assay_mapped_source_destroy(m);
    else *out = m;
    return st;
}

const assay_source *assay_mapped_source_view(const assay_mapped_source *m) { return &m->view; }

void assay_mapped_source_destroy(assay_mapped_source *m) {
    if (!m) return;
    assay_source_close(&m->view);
    free(m->tensors);
    free(m->parts);
    free(m->origins);
    free(m);
}
