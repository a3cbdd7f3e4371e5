#include "compare/value_sample.h"

#include <math.h>
#include <string.h>

#include "core/random.h"

#define HIDDEN (-1e5) /* scores and masks at or below it hide: whatever number says so */
#define FEW 8         /* fewer values, or fewer different ones than 4, agree by chance */

/* ---- taking ---- */

/* The stage's shape with all its tokens; a golden's last kept index is the axis's last. */
static assay_tensor whole_shape(const assay_source_item *item) {
    assay_tensor shape = item->info;
    if (item->kept_axis >= 0 && item->kept_count) shape.shape[item->kept_axis] = item->kept[item->kept_count - 1] + 1;
    return shape;
}

/* The index in the whole stage of an element of what the golden holds. */
static size_t whole_index(const assay_source_item *item, const assay_tensor *whole, size_t held) {
    size_t index = 0, place = 1;
    for (int i = item->info.rank - 1; i >= 0; i--) {
        size_t size = (size_t)item->info.shape[i], at = held % size;
        held /= size;
        if (i == item->kept_axis) at = (size_t)item->kept[at];
        index += at * place;
        place *= (size_t)whole->shape[i];
    }
    return index;
}

static bool differ_enough(const double *values, size_t count) {
    double seen[4];
    size_t different = 0;
    for (size_t i = 0; i < count && different < 4; i++) {
        bool is_new = true;
        for (size_t k = 0; k < different; k++) is_new = is_new && seen[k] != values[i];
        if (is_new) seen[different++] = values[i];
    }
    return count >= FEW && different == 4;
}

/* All of a small tensor, scattered: a step that is a prime and does not divide its size. Of a larger one places drawn at random. */
static size_t draw(size_t i, size_t total) {
    if (total > ASSAY_SAMPLE_MAX) return (size_t)(assay_random_at(0x5eed, i) % total);
    return i * (total % 389 ? 389 : 397) % total;
}

assay_status assay_value_sample_take(assay_value_sample *out, const assay_source *golden, const assay_source_item *item,
                                     const assay_layout_facts *facts, assay_error *err) {
    assay_source_tensor t;
    assay_status st = assay_source_read(golden, item, false, &t, err);
    if (st) return st;
    const assay_tensor whole = whole_shape(item);
    size_t total = (size_t)assay_tensor_count(&t.tensor);
    out->axes = assay_stage_axes_of(item->place.stage, &whole, facts);
    out->count = total < ASSAY_SAMPLE_MAX ? total : ASSAY_SAMPLE_MAX;
    for (size_t i = 0; i < out->count; i++) {
        size_t held = draw(i, total);
        out->index[i] = whole_index(item, &whole, held);
        out->value[i] = assay_load_f64(t.tensor.data, t.tensor.dtype, held);
    }
    out->is_exact = assay_stage_get(item->place.stage)->judge == ASSAY_JUDGE_EXACT;
    out->is_informative = differ_enough(out->value, out->count);
    assay_source_release(&t);
    return ASSAY_OK;
}

/* ---- comparing ---- */

typedef struct {
    size_t count, equal, unlike; /* unlike: hidden or not finite on one side only */
    size_t used;
    double aa, bb, ab, a, b, dd;
} sums;

static bool is_hidden(double x) { return !(x > HIDDEN && x < INFINITY); }

static void add(sums *s, double a, double b) {
    bool hidden = is_hidden(a), other = is_hidden(b);
    s->count++;
    s->equal += a == b || (hidden && other);
    if (hidden != other) s->unlike++;
    if (hidden || other) return;
    s->used++;
    s->a += a;
    s->b += b;
    s->aa += a * a;
    s->bb += b * b;
    s->ab += a * b;
    s->dd += (a - b) * (a - b);
}

static double correlation_of(const sums *s) {
    double n = (double)s->used;
    double va = s->aa - s->a * s->a / n, vb = s->bb - s->b * s->b / n;
    if (s->used < 2 || !(va > 0) || !(vb > 0)) return 0;
    return (s->ab - s->a * s->b / n) / sqrt(va * vb);
}

/* Where nothing is to be seen but zeros, or nothing at all, being equal is all there is. */
static double distance_of(const sums *s) {
    if (s->aa > 0) return sqrt(s->dd / s->aa);
    return s->dd > 0 ? INFINITY : 0;
}

void assay_value_sample_offsets(const assay_value_sample *sample, const assay_layout_guess *guess,
                                size_t offsets[ASSAY_SAMPLE_MAX]) {
    for (size_t i = 0; i < sample->count; i++)
        offsets[i] = assay_layout_guess_offset(&sample->axes, guess, sample->index[i]);
}

void assay_value_sample_load(const assay_tensor *t, const size_t *offsets, size_t count, double *out) {
    for (size_t i = 0; i < count; i++) out[i] = assay_load_f64(t->data, t->dtype, offsets[i]);
}

assay_value_agreement assay_value_sample_compare(const assay_value_sample *sample, size_t count, const double *values) {
    sums s = {.count = 0};
    for (size_t i = 0; i < count && i < sample->count; i++) add(&s, sample->value[i], values[i]);
    assay_value_agreement v = {.distance = distance_of(&s), .correlation = correlation_of(&s)};
    double like = s.count ? 1 - (double)s.unlike / (double)s.count : 0;
    double equal = s.count ? (double)s.equal / (double)s.count : 0;
    v.agreement = sample->is_exact ? (equal < 1 ? 0.7 * equal : 1) : fmax(0, 1 - v.distance) * like * like;
    return v;
}

bool assay_value_sample_same(const assay_value_sample *a, const assay_value_sample *b) {
    return assay_tensor_same_shape(&a->axes.shape, &b->axes.shape) && a->count == b->count &&
           memcmp(a->index, b->index, a->count * sizeof *a->index) == 0 &&
           memcmp(a->value, b->value, a->count * sizeof *a->value) == 0;
}
