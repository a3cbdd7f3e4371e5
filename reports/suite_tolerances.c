#include "reports/suite_tolerances.h"

#include "compare/policy.h"
#include "reports/json_builder.h"

static const char *judge_name(assay_stage_judge judge) {
    static const char *const names[] = {[ASSAY_JUDGE_EXACT] = "exact",
                                        [ASSAY_JUDGE_FLOAT] = "float",
                                        [ASSAY_JUDGE_SCORES] = "scores",
                                        [ASSAY_JUDGE_STORED] = "stored",
                                        [ASSAY_JUDGE_LOGITS] = "logits"};
    return names[judge];
}

static void add_kept(json_builder *b, cJSON *object, const assay_suite_tolerance *t) {
    if (t->kept_axis < 0) return;
    cJSON *kept = json_add_object(b, object, "kept");
    json_add_integer(b, kept, "axis", t->kept_axis);
    cJSON *indices = json_add_array(b, kept, "indices");
    for (size_t i = 0; i < t->kept_count; i++) json_add_integer(b, indices, NULL, t->kept[i]);
}

static void add_tensor(json_builder *b, cJSON *tensors, const assay_suite_tolerance *t) {
    cJSON *object = json_add_object(b, tensors, t->path);
    json_add_text(b, object, "judge", judge_name(t->judge));
    if (t->judge == ASSAY_JUDGE_EXACT) json_add_text(b, object, "tolerance", "exact");
    else json_add_real(b, object, "tolerance", t->tolerance);
    if (t->has_floor) json_add_real(b, object, "noise_floor", t->floor);
    if (t->of_unrounded) json_add_bool(b, object, "of_unrounded", true);
    add_kept(b, object, t);
}

static cJSON *build(const assay_suite_case *c) {
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", "assay-tolerances/1");
    json_add_real(&b, root, "factor", ASSAY_DEFAULT_FACTOR);
    cJSON *tensors = json_add_object(&b, root, "tensors");
    for (size_t i = 0; tensors && i < c->tolerance_count; i++) add_tensor(&b, tensors, &c->tolerances[i]);
    return json_finish(&b, root);
}

assay_status assay_report_suite_tolerances(const char *path, const assay_suite_case *c, assay_error *err) {
    return json_write(path, build(c), err);
}
