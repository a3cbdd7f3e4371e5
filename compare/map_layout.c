/*
 * Every operation is one plan: see the elements as `size`, take a range of one axis, put the axes into another order, and call the
 * outcome `shape`.
 */
#include "compare/map_layout.h"

#include <stdio.h>
#include <string.h>

#define PLAN_RANK (ASSAY_MAX_RANK + 2)

typedef struct {
    int rank;
    int64_t size[PLAN_RANK]; /* what the elements are seen as */
    int order[PLAN_RANK];    /* axis i of the outcome is axis order[i] of that */
    int range_axis;          /* -1: all of every axis */
    int64_t from, to;
    int out_rank;
    int64_t shape[PLAN_RANK]; /* of the outcome */
} plan;

static const char *const names[ASSAY_LAYOUT_COUNT] = {
    [ASSAY_LAYOUT_TRANSPOSE] = "transpose",
    [ASSAY_LAYOUT_RESHAPE] = "reshape",
    [ASSAY_LAYOUT_SPLIT_HEADS] = "split_heads",
    [ASSAY_LAYOUT_MERGE_HEADS] = "merge_heads",
    [ASSAY_LAYOUT_SWAP_BATCH_TOKEN] = "swap_batch_token",
    [ASSAY_LAYOUT_INSERT_AXIS] = "insert_axis",
    [ASSAY_LAYOUT_DROP_AXIS] = "drop_axis",
    [ASSAY_LAYOUT_INTERLEAVED_TO_HALVES] = "interleaved_to_halves",
    [ASSAY_LAYOUT_HALVES_TO_INTERLEAVED] = "halves_to_interleaved",
    [ASSAY_LAYOUT_SLICE] = "slice",
};

const char *assay_layout_name(assay_layout_kind kind) { return names[kind]; }

/* ---- plans ---- */

/* One operation and what it gets, for messages. */
typedef struct {
    const assay_layout_op *op;
    const assay_tensor *in;
    const assay_layout_facts *facts;
    const char *where;
    assay_error *err;
} request;

static assay_status misfit(const request *r, const char *why) {
    char shape[192];
    return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: '%s' does not fit the shape %s: %s", r->where,
                      names[r->op->kind], assay_tensor_shape_text(r->in, shape, sizeof shape), why);
}

static plan identity(const assay_tensor *in) {
    plan p = {.rank = in->rank, .range_axis = -1, .out_rank = in->rank};
    for (int i = 0; i < in->rank; i++) {
        p.size[i] = p.shape[i] = in->shape[i];
        p.order[i] = i;
    }
    return p;
}

/* Replaces axis `axis` of the view by axes of these sizes; orders behind it move along. */
static void split_axis(plan *p, int axis, const int64_t *sizes, int count) {
    for (int i = p->rank - 1; i > axis; i--) p->size[i + count - 1] = p->size[i];
    for (int i = 0; i < count; i++) p->size[axis + i] = sizes[i];
    p->rank += count - 1;
    for (int i = 0; i < p->rank; i++) p->order[i] = i;
}

static void swap_order(plan *p, int a, int b) {
    int kept = p->order[a];
    p->order[a] = p->order[b];
    p->order[b] = kept;
}

/* The shape of the outcome is what the order makes of the view. */
static void shape_by_order(plan *p) {
    p->out_rank = p->rank;
    for (int i = 0; i < p->rank; i++) p->shape[i] = p->size[p->order[i]];
}

/* An axis in [0, rank); false when it is beyond. */
static bool resolve_axis(int axis, int rank, int *out) {
    *out = axis < 0 ? axis + rank : axis;
    return *out >= 0 && *out < rank;
}

static assay_status plan_transpose(const request *r, plan *p) {
    bool seen[ASSAY_MAX_RANK] = {false};
    if (r->op->rank != p->rank) return misfit(r, "it names another number of axes");
    for (int i = 0; i < p->rank; i++) {
        int axis;
        if (!resolve_axis((int)r->op->sizes[i], p->rank, &axis)) return misfit(r, "there is no such axis");
        if (seen[axis]) return misfit(r, "it names an axis twice");
        seen[axis] = true;
        p->order[i] = axis;
    }
    shape_by_order(p);
    return ASSAY_OK;
}

static assay_status need_facts(const request *r) {
    if (r->facts->heads > 0 && r->facts->head_dim > 0) return ASSAY_OK;
    return misfit(r, "the golden has no configuration that says how many heads there are");
}

static int64_t known_size(const request *r, int64_t size) {
    const assay_layout_facts *f = r->facts;
    return size == ASSAY_SIZE_H   ? f->heads
           : size == ASSAY_SIZE_D ? f->head_dim
           : size == ASSAY_SIZE_C ? f->heads * f->head_dim
                                  : size;
}

static assay_status plan_reshape(const request *r, plan *p) {
    int64_t count = assay_tensor_count(r->in), product = 1;
    int rest = -1;
    p->out_rank = r->op->rank;
    for (int i = 0; i < p->out_rank; i++) {
        if (r->op->sizes[i] < ASSAY_SIZE_REST && need_facts(r)) return ASSAY_EINPUT;
        p->shape[i] = known_size(r, r->op->sizes[i]);
        if (p->shape[i] == ASSAY_SIZE_REST) rest = i;
        else if (__builtin_mul_overflow(product, p->shape[i], &product)) return misfit(r, "the sizes are too large");
    }
    if (rest >= 0 && (product == 0 || count % product != 0)) return misfit(r, "the sizes do not divide it");
    if (rest >= 0) p->shape[rest] = count / product;
    return rest >= 0 || product == count ? ASSAY_OK : misfit(r, "the number of elements is another one");
}

static assay_status plan_split_heads(const request *r, plan *p) {
    assay_status st = need_facts(r);
    if (st) return st;
    if (p->rank < 2 || p->rank == ASSAY_MAX_RANK || p->size[p->rank - 1] != r->facts->heads * r->facts->head_dim)
        return misfit(r, "the last axis must be H*D, behind that of the tokens");
    split_axis(p, p->rank - 1, (int64_t[]){r->facts->heads, r->facts->head_dim}, 2);
    swap_order(p, p->rank - 3, p->rank - 2);
    shape_by_order(p);
    return ASSAY_OK;
}

static assay_status plan_merge_heads(const request *r, plan *p) {
    if (p->rank < 3) return misfit(r, "the last axes must be heads, tokens, head size");
    swap_order(p, p->rank - 3, p->rank - 2);
    shape_by_order(p);
    p->shape[p->rank - 2] *= p->shape[p->rank - 1];
    p->out_rank--;
    return ASSAY_OK;
}

static assay_status plan_swap(const request *r, plan *p) {
    if (p->rank < 2) return misfit(r, "it needs two axes");
    swap_order(p, 0, 1);
    shape_by_order(p);
    return ASSAY_OK;
}

static assay_status plan_insert(const request *r, plan *p) {
    int axis;
    if (p->rank == ASSAY_MAX_RANK || !resolve_axis(r->op->axis, p->rank + 1, &axis))
        return misfit(r, "there is no such axis");
    memmove(p->shape + axis + 1, p->shape + axis, (size_t)(p->rank - axis) * sizeof *p->shape);
    p->shape[axis] = 1;
    p->out_rank++;
    return ASSAY_OK;
}

static assay_status plan_drop(const request *r, plan *p) {
    int axis;
    if (!resolve_axis(r->op->axis, p->rank, &axis)) return misfit(r, "there is no such axis");
    if (p->size[axis] != 1) return misfit(r, "the axis is larger than 1; 'slice' keeps a part of it");
    p->out_rank--;
    memmove(p->shape + axis, p->shape + axis + 1, (size_t)(p->out_rank - axis) * sizeof *p->shape);
    return ASSAY_OK;
}

/* A head is (D/2, 2) with interleaved pairs, (2, D/2) with halves: each way is a transposition. */
static assay_status plan_rotary(const request *r, plan *p) {
    assay_status st = need_facts(r);
    if (st) return st;
    int64_t d = r->facts->head_dim, last = p->rank ? p->size[p->rank - 1] : 0;
    if (d % 2 || last == 0 || last % d) return misfit(r, "the last axis must be D or H*D, and D even");
    bool to_halves = r->op->kind == ASSAY_LAYOUT_INTERLEAVED_TO_HALVES;
    split_axis(p, p->rank - 1, to_halves ? (int64_t[]){last / d, d / 2, 2} : (int64_t[]){last / d, 2, d / 2}, 3);
    swap_order(p, p->rank - 2, p->rank - 1);
    return ASSAY_OK;
}

static assay_status plan_slice(const request *r, plan *p) {
    int axis;
    if (!resolve_axis(r->op->axis, p->rank, &axis)) return misfit(r, "there is no such axis");
    int64_t to = r->op->to < 0 ? p->size[axis] : r->op->to;
    if (r->op->from > to || to > p->size[axis]) return misfit(r, "the range is not within the axis");
    p->range_axis = axis;
    p->from = r->op->from;
    p->to = to;
    p->shape[axis] = to - r->op->from;
    return ASSAY_OK;
}

static assay_status make_plan(const request *r, plan *out) {
    *out = identity(r->in);
    switch (r->op->kind) {
    case ASSAY_LAYOUT_TRANSPOSE: return plan_transpose(r, out);
    case ASSAY_LAYOUT_RESHAPE: return plan_reshape(r, out);
    case ASSAY_LAYOUT_SPLIT_HEADS: return plan_split_heads(r, out);
    case ASSAY_LAYOUT_MERGE_HEADS: return plan_merge_heads(r, out);
    case ASSAY_LAYOUT_SWAP_BATCH_TOKEN: return plan_swap(r, out);
    case ASSAY_LAYOUT_INSERT_AXIS: return plan_insert(r, out);
    case ASSAY_LAYOUT_DROP_AXIS: return plan_drop(r, out);
    case ASSAY_LAYOUT_INTERLEAVED_TO_HALVES:
    case ASSAY_LAYOUT_HALVES_TO_INTERLEAVED: return plan_rotary(r, out);
    default: return plan_slice(r, out);
    }
}

/* ---- carrying out ---- */

static void copy_elements(const plan *p, char *to, const char *from, size_t width) {
    size_t stride[PLAN_RANK], step[PLAN_RANK], offset = 0;
    int64_t extent[PLAN_RANK], at[PLAN_RANK] = {0}, count = 1;
    for (int i = p->rank - 1; i >= 0; i--) {
        stride[i] = i == p->rank - 1 ? width : stride[i + 1] * (size_t)p->size[i + 1];
        if (i == p->range_axis) offset += (size_t)p->from * stride[i];
    }
    for (int i = 0; i < p->rank; i++) {
        step[i] = stride[p->order[i]];
        extent[i] = p->order[i] == p->range_axis ? p->to - p->from : p->size[p->order[i]];
        count *= extent[i];
    }
    for (int64_t n = 0; n < count; n++, to += width) {
        memcpy(to, from + offset, width);
        for (int i = p->rank - 1; i >= 0; i--) {
            offset += step[i];
            if (++at[i] < extent[i]) break;
            offset -= (size_t)extent[i] * step[i];
            at[i] = 0;
        }
    }
}

static assay_status apply_one(const request *r, assay_tensor *out) {
    plan p;
    assay_status st = make_plan(r, &p);
    if (!st) st = assay_tensor_alloc(out, r->in->dtype, p.out_rank, p.shape, r->where, r->err);
    if (!st) copy_elements(&p, out->data, r->in->data, assay_dtype_size(r->in->dtype));
    return st;
}

assay_status assay_layout_shape(assay_tensor *out, const assay_tensor *in, const assay_layout_op *ops, size_t count,
                                const assay_layout_facts *facts, const char *where, assay_error *err) {
    assay_tensor t = assay_tensor_view(in->dtype, in->rank, in->shape, NULL);
    for (size_t i = 0; i < count; i++) {
        const request r = {&ops[i], &t, facts, where, err};
        plan p;
        assay_status st = make_plan(&r, &p);
        if (st) return st;
        t = assay_tensor_view(in->dtype, p.out_rank, p.shape, NULL);
    }
    *out = t;
    return ASSAY_OK;
}

assay_status assay_layout_apply(assay_tensor *out, const assay_tensor *in, const assay_layout_op *ops, size_t count,
                                const assay_layout_facts *facts, const char *where, assay_error *err) {
    if (count == 0) return assay_tensor_copy(out, in, in->dtype, err);
    assay_tensor now = *in;
    for (size_t i = 0; i < count; i++) {
        assay_tensor next = {0};
        const request r = {&ops[i], &now, facts, where, err};
        assay_status st = apply_one(&r, &next);
        if (i > 0) assay_tensor_free(&now);
        if (st) return st;
        now = next;
    }
    *out = now;
    return ASSAY_OK;
}
