#include "compare/tolerance.h"

#include <math.h>

typedef enum { KIND_TABLE, KIND_MEMORY, KIND_OTHER } stage_kind;

static stage_kind kind_of(assay_stage stage) {
    if (stage == ASSAY_STAGE_COS || stage == ASSAY_STAGE_SIN) return KIND_TABLE;
    return assay_stage_get(stage)->judge == ASSAY_JUDGE_STORED ? KIND_MEMORY : KIND_OTHER;
}

double assay_tolerance_default_rtol(assay_stage stage, assay_dtype dtype) {
    static const double rtol[][4] = {
        [KIND_TABLE] = {[ASSAY_F64] = 4e-6, [ASSAY_F32] = 4e-6, [ASSAY_F16] = 1e-3, [ASSAY_BF16] = 8e-3},
        [KIND_MEMORY] = {[ASSAY_F64] = 1e-6, [ASSAY_F32] = 6e-5, [ASSAY_F16] = 6e-3, [ASSAY_BF16] = 6e-3},
        [KIND_OTHER] = {[ASSAY_F64] = 1e-6, [ASSAY_F32] = 6e-5, [ASSAY_F16] = 1e-2, [ASSAY_BF16] = 6e-2},
    };
    return rtol[kind_of(stage)][assay_dtype_is_float(dtype) ? dtype : ASSAY_F32];
}

/* The fields that the matching rules set, the last one to set a field winning. */
static assay_policy_rule combined_rule(const assay_policy *policy, const assay_tolerance_input *in) {
    assay_policy_rule all = {0};
    for (size_t i = 0; i < policy->rule_count; i++) {
        const assay_policy_rule *r = &policy->rules[i];
        if (!assay_policy_matches(r->stage, &in->place) || (r->has_dtype && r->dtype != in->dtype)) continue;
        if (r->has_factor) all.has_factor = true, all.factor = r->factor;
        if (r->has_atol) all.has_atol = true, all.atol = r->atol;
        if (r->has_rtol) all.has_rtol = true, all.rtol = r->rtol;
    }
    return all;
}

assay_tolerance assay_tolerance_of(const assay_policy *policy, const assay_tolerance_input *in) {
    assay_policy_rule rule = combined_rule(policy, in);
    double by_floor = in->floor * (rule.has_factor ? rule.factor : policy->factor);
    if (rule.has_atol || rule.has_rtol) {
        double value = rule.atol + rule.rtol * in->scale;
        bool floor_is_larger = in->has_floor && rule.has_factor && by_floor > value;
        return floor_is_larger ? (assay_tolerance){by_floor, ASSAY_TOLERANCE_FLOOR}
                               : (assay_tolerance){value, ASSAY_TOLERANCE_POLICY};
    }
    if (in->has_floor) return (assay_tolerance){by_floor, ASSAY_TOLERANCE_FLOOR};
    assay_dtype dtype = in->unrounded ? ASSAY_F32 : in->dtype;
    return (assay_tolerance){assay_tolerance_default_rtol(in->place.stage, dtype) * in->scale, ASSAY_TOLERANCE_DEFAULT};
}
