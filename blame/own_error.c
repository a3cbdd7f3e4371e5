#include "blame/own_error.h"

#include <math.h>

#include "blame/plain_math.h"
#include "compare/judge.h"
#include "compare/metrics.h"
#include "core/rounding.h"

bool assay_own_is_stored(const assay_own_kind *kind) {
    return assay_judge_is_stored(kind->stage, kind->run, kind->stored);
}

static bool is_mask(assay_stage stage) {
    return stage == ASSAY_STAGE_MEM_WRITE_MASK || stage == ASSAY_STAGE_MEM_READ_MASK ||
           stage == ASSAY_STAGE_PAST_MEM_MASK;
}

/* ATT-5: of the run, or of the type on disk; of what should be there, of any type that the original may have run in. */
static bool is_minimum_of(double value, assay_dtype dtype) {
    return assay_dtype_is_float(dtype) && value == -assay_dtype_max(dtype);
}

static bool is_minimum(double value, const assay_own_kind *kind) {
    return is_minimum_of(value, kind->dtype) || is_minimum_of(value, kind->run);
}

static bool is_any_minimum(double value) {
    return is_minimum_of(value, ASSAY_F64) || is_minimum_of(value, ASSAY_F32) || is_minimum_of(value, ASSAY_BF16) ||
           is_minimum_of(value, ASSAY_F16);
}

/* Of scores: at the clamp, or so near that only a mask gets there. (In float16 the clamp does not absorb the score: ATT-3.) */
static bool is_hidden(double value, const assay_own_kind *kind) {
    return kind->stage == ASSAY_STAGE_ATTN_SCORES && value <= 0.9 * assay_plain_clamp(kind->run);
}

/* Hidden scores are equal as numbers; in half precision up to two units, and a float64 run's clamp is that of a run in it. */
static double hidden_distance(double wanted, double found, const assay_own_kind *kind) {
    if (!is_hidden(wanted, kind) || !is_hidden(found, kind)) return (double)INFINITY;
    if (assay_dtype_is_half(kind->run) && wanted == -1e6) return 0; /* of the reference, which ran in float64 */
    double room =
        assay_dtype_is_half(kind->run) ? -2 * assay_dtype_epsilon(kind->run) * assay_plain_clamp(kind->run) : 0;
    return fabs(wanted - found) <= room ? 0 : (double)INFINITY;
}

/* MEM-6: what was never cast is no stored value, however near. */
static double stored_distance(double wanted, double found, assay_dtype stored) {
    if (assay_round_to(found, stored) != found) return (double)INFINITY;
    return assay_rounding_move(wanted, found, stored);
}

static double distance_of(const assay_own_kind *kind, double wanted, double found) {
    bool casts = kind->stage == ASSAY_STAGE_MEM_WRITE_KEY || kind->stage == ASSAY_STAGE_MEM_WRITE_VALUE;
    bool stored = assay_own_is_stored(kind);
    if (wanted == found && !(stored && casts)) return 0; /* what is read or kept is what was written, cast or not */
    assay_float_class w = assay_classify(wanted), f = assay_classify(found);
    if (w != f) return (double)INFINITY;
    if (w != ASSAY_CLASS_FINITE) return 0;
    if (is_mask(kind->stage)) return is_any_minimum(wanted) && is_minimum(found, kind) ? 0 : (double)INFINITY;
    if (is_hidden(wanted, kind) || is_hidden(found, kind)) return hidden_distance(wanted, found, kind);
    if (stored) return stored_distance(wanted, found, kind->stored);
    return fabs(wanted - found);
}

assay_own_error assay_measure_own(const assay_own_kind *kind, const assay_tensor *wanted, const assay_tensor *found) {
    assay_own_error e = {0, -1};
    const double *w = wanted->data, *f = found->data;
    int64_t n = assay_tensor_count(wanted);
    for (int64_t i = 0; i < n; i++) {
        if (kind->visible && (is_hidden(w[i], kind) || is_hidden(f[i], kind))) continue;
        double distance = distance_of(kind, w[i], f[i]);
        if (distance <= e.distance && e.at >= 0) continue;
        e = (assay_own_error){distance, i};
    }
    return e;
}

double assay_own_scale(const assay_own_kind *kind, const assay_tensor *t) {
    double scale = 0;
    const double *values = t->data;
    for (int64_t i = 0; i < assay_tensor_count(t); i++)
        if (assay_classify(values[i]) == ASSAY_CLASS_FINITE && !is_hidden(values[i], kind))
            scale = fmax(scale, fabs(values[i]));
    return scale;
}
