#include "fuzz/oracle_check.h"

void assay_oracle_check_config(assay_oracle_refusal *r, const assay_config *c) {
    if (c->hidden_size % c->num_attention_heads != 0)
        assay_oracle_refuse(r, "ERR-1 HEAD-1", "hidden_size is not divisible by the number of heads");
    else if (c->hidden_size / c->num_attention_heads % 2 != 0)
        assay_oracle_refuse(r, "ERR-1 ROPE-1", "the head size is odd");
    int64_t pad = c->pad_token_id;
    if (pad != ASSAY_NO_TOKEN && (pad >= c->vocab_size || pad < -c->vocab_size))
        assay_oracle_refuse(r, "ERR-1 EMB-1", "pad_token_id is outside the vocabulary");
}

static bool is_there(const assay_tensor *t) { return t->data != NULL; }

static void check_input(assay_oracle_refusal *r, const assay_config *c, const assay_oracle_request *q) {
    if (is_there(&q->ids) == is_there(&q->embeds)) {
        assay_oracle_refuse(r, "EMB-1", "a call has exactly one of input_ids and inputs_embeds");
        return;
    }
    const assay_tensor *input = is_there(&q->ids) ? &q->ids : &q->embeds;
    bool fits = is_there(&q->ids) ? input->rank == 2 : input->rank == 3 && input->shape[2] == c->hidden_size;
    if (!fits) {
        assay_oracle_refuse(r, "ERR-1 EMB-1", "the input has a wrong shape");
        return;
    }
    if (input->shape[0] < 1 || input->shape[1] < 1)
        assay_oracle_refuse(r, "ERR-1 SCHED-4", "the call has no tokens (T = 0)");
    const int64_t *ids = q->ids.data;
    for (int64_t i = 0; ids && i < assay_tensor_count(input); i++)
        if (ids[i] < 0 || ids[i] >= c->vocab_size)
            assay_oracle_refuse(r, "ERR-1 EMB-1", "token id %lld is outside the vocabulary", (long long)ids[i]);
}

static bool has_shape(const assay_tensor *t, int64_t rows, int64_t columns) {
    return t->rank == 2 && t->shape[0] == rows && t->shape[1] == columns;
}

void assay_oracle_check_call(assay_oracle_refusal *r, const assay_config *c, const assay_oracle_request *q,
                             const assay_oracle_base *base) {
    check_input(r, c, q);
    const assay_tensor *input = is_there(&q->ids) ? &q->ids : &q->embeds;
    if (!is_there(input) || input->rank < 2) return;
    int64_t batch = input->shape[0], tokens = input->shape[1];
    if (base->batch != 0 && base->batch != batch)
        assay_oracle_refuse(r, "ERR-1 CACHE-5", "the past has another batch than the call");
    if (q->context <= 0) assay_oracle_refuse(r, "SCHED-4", "last_context_length is not positive");
    if (base->local > 0 && q->use_cache == 0) assay_oracle_refuse(r, "CACHE-5", "a local cache, and use_cache false");
    bool mask_fits = q->mask.rank == 2 && q->mask.shape[0] == batch && q->mask.shape[1] >= base->local + tokens;
    if (is_there(&q->mask) && !mask_fits)
        assay_oracle_refuse(r, "ERR-1 SCHED-6", "attention_mask does not cover local cache and input");
    if (is_there(&q->positions) && !has_shape(&q->positions, batch, tokens))
        assay_oracle_refuse(r, "ERR-1 POS-5", "position_ids are not of the input's shape");
    bool groups = c->has_attention_grouping && assay_config_has_memory(c);
    if (groups && (c->attention_grouping[0] <= 0 || c->attention_grouping[1] <= 0))
        assay_oracle_refuse(r, "ERR-1 MEM-10", "mem_attention_grouping is not positive");
}

/* ---- labels ---- */

static bool is_label(int64_t label, int64_t classes) { return label == -100 || (label >= 0 && label < classes); }

static void check_causal_labels(assay_oracle_refusal *r, const assay_config *c, const assay_tensor *labels,
                                int64_t batch, int64_t tokens) {
    if (!has_shape(labels, batch, tokens) || labels->dtype != ASSAY_I64) {
        assay_oracle_refuse(r, "ERR-1 LOSS-1", "labels are not whole numbers of the input's shape");
        return;
    }
    const int64_t *label = labels->data;
    for (int64_t b = 0; b < batch; b++)
        for (int64_t t = 1; t < tokens; t++) /* the first of a row is held against nothing */
            if (!is_label(label[b * tokens + t], c->vocab_size))
                assay_oracle_refuse(r, "ERR-1 LOSS-1", "a label is outside the vocabulary");
}

static assay_problem decide(const assay_config *c, const assay_tensor *labels) {
    if (c->num_labels == 1) return ASSAY_PROBLEM_REGRESSION;
    return labels->dtype == ASSAY_I64 ? ASSAY_PROBLEM_SINGLE_LABEL : ASSAY_PROBLEM_MULTI_LABEL;
}

static bool are_classes(const assay_config *c, const assay_tensor *labels, int64_t batch) {
    bool fits = labels->dtype == ASSAY_I64 && assay_tensor_count(labels) == batch;
    for (int64_t b = 0; fits && b < batch; b++) fits = is_label(((const int64_t *)labels->data)[b], c->num_labels);
    return fits;
}

static bool labels_fit(const assay_config *c, const assay_tensor *labels, int64_t batch, assay_problem problem) {
    if (problem == ASSAY_PROBLEM_SINGLE_LABEL) return are_classes(c, labels, batch);
    if (has_shape(labels, batch, c->num_labels))
        return problem == ASSAY_PROBLEM_REGRESSION || labels->dtype != ASSAY_I64;
    bool is_flat = labels->rank == 1 && labels->shape[0] == batch && c->num_labels == 1;
    return is_flat && problem == ASSAY_PROBLEM_REGRESSION;
}

void assay_oracle_check_head(assay_oracle_refusal *r, const assay_config *c, const assay_oracle_request *q,
                             assay_problem *problem) {
    const assay_tensor *input = is_there(&q->ids) ? &q->ids : &q->embeds;
    int64_t batch = input->rank > 0 ? input->shape[0] : 0, tokens = input->rank > 1 ? input->shape[1] : 0;
    if (c->head == ASSAY_HEAD_CAUSAL_LM) {
        if (is_there(&q->labels)) check_causal_labels(r, c, &q->labels, batch, tokens);
        return;
    }
    bool is_pooled = c->pad_token_id != ASSAY_NO_TOKEN || batch == 1;
    if (!is_pooled) assay_oracle_refuse(r, "ERR-1 CLS-1", "a batch to classify, and no pad_token_id");
    if (!is_pooled || !is_there(&q->labels)) return;
    if (*problem == ASSAY_PROBLEM_UNSET) *problem = decide(c, &q->labels);
    if (!labels_fit(c, &q->labels, batch, *problem))
        assay_oracle_refuse(r, "ERR-1 CLS-1", "labels do not fit the head");
}
