#include "fuzz/case_copy.h"

#include <stdlib.h>
#include <string.h>

static assay_status copy_tensor(assay_tensor *out, const assay_tensor *t, assay_error *err) {
    return t->data ? assay_tensor_copy(out, t, t->dtype, err) : ASSAY_OK;
}

assay_status assay_fuzz_step_copy(assay_step *out, const assay_step *step, assay_error *err) {
    *out = *step;
    out->input_ids = out->inputs_embeds = out->attention_mask = (assay_tensor){0};
    out->position_ids = out->labels = out->beam_idx = (assay_tensor){0};
    assay_status st = copy_tensor(&out->input_ids, &step->input_ids, err);
    if (!st) st = copy_tensor(&out->inputs_embeds, &step->inputs_embeds, err);
    if (!st) st = copy_tensor(&out->attention_mask, &step->attention_mask, err);
    if (!st) st = copy_tensor(&out->position_ids, &step->position_ids, err);
    if (!st) st = copy_tensor(&out->labels, &step->labels, err);
    return st ? st : copy_tensor(&out->beam_idx, &step->beam_idx, err);
}

assay_status assay_fuzz_case_copy(assay_case *out, const assay_case *c, assay_error *err) {
    assay_case copy = *c;
    copy.text = copy.model_json = NULL;
    copy.text_nbytes = copy.rule_count = copy.step_count = 0;
    copy.rules = NULL;
    copy.name = strdup(c->name);
    copy.steps = calloc(c->step_count + 1, sizeof *copy.steps);
    assay_status st = copy.name && copy.steps ? ASSAY_OK : assay_fail_nomem(err, "a copy of a case");
    for (size_t i = 0; !st && i < c->step_count; i++)
        st = assay_fuzz_step_copy(&copy.steps[copy.step_count++], &c->steps[i], err);
    if (st) assay_case_free(&copy);
    else *out = copy;
    return st;
}
