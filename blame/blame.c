#include "blame/blame.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "blame/walk.h"
#include "compare/pairing.h"
#include "compare/source_file.h"
#include "run/trace.h"

const char *assay_blame_verdict_name(assay_blame_verdict verdict) {
    static const char *const names[] = {"right", "inherited", "fault", "suspect", "unjudged"};
    return names[verdict];
}

/* ---- summary ---- */

static double ratio_of(const assay_blame_entry *e) {
    if (e->own <= 0) return 0;
    return e->tolerance > 0 ? e->own / e->tolerance : (double)INFINITY;
}

static void count_entry(assay_blame *b, size_t index) {
    const assay_blame_entry *e = &b->entries[index];
    assay_blame_summary *s = &b->operations[e->operation];
    b->counts[e->verdict]++;
    if (e->verdict == ASSAY_BLAME_UNJUDGED) return;
    s->judged++;
    s->inherited += e->verdict == ASSAY_BLAME_INHERITED;
    if (e->verdict != ASSAY_BLAME_INHERITED || e->tolerance > 0) s->worst = fmax(s->worst, ratio_of(e));
    if (e->verdict == ASSAY_BLAME_FAULT) {
        if (s->faults++ == 0) s->first = (int64_t)index;
    } else if (e->verdict == ASSAY_BLAME_SUSPECT) {
        if (s->suspects++ == 0 && s->faults == 0) s->first = (int64_t)index;
    }
}

/* Whether one of the stages belongs to an operation that is at fault for certain: that explains a suspicion. */
static bool is_explained(const assay_blame *b, assay_stage_set stages) {
    for (int stage = 0; stage < ASSAY_STAGE_COUNT; stage++)
        if (stages & ASSAY_STAGE_BIT(stage) && b->operations[assay_operation_of((assay_stage)stage)].faults > 0)
            return true;
    return false;
}

static void summarize(assay_blame *b) {
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) b->operations[i].first = -1;
    for (size_t i = 0; i < b->count; i++) count_entry(b, i);
    for (size_t i = 0; i < b->count; i++) {
        const assay_blame_entry *e = &b->entries[i];
        assay_stage_set all = e->via | ASSAY_STAGE_BIT(e->place.stage);
        if (e->verdict == ASSAY_BLAME_SUSPECT && !is_explained(b, all)) b->suspects |= all;
    }
}

bool assay_blame_found(const assay_blame *b) {
    size_t differing = b->counts[ASSAY_BLAME_FAULT] + b->counts[ASSAY_BLAME_SUSPECT] + b->counts[ASSAY_BLAME_INHERITED];
    return differing > 0 || b->counts[ASSAY_BLAME_UNJUDGED] > 0;
}

void assay_blame_free(assay_blame *b) {
    free(b->entries);
    *b = (assay_blame){0};
}

/* ---- the whole ---- */

/* Two files, and what they are judged by. */
typedef struct {
    const assay_golden *golden;
    const assay_source *golden_source, *candidate;
    const assay_arithmetic *arithmetic;
} pair;

static assay_status find_dtype(const pair *p, assay_dtype *out, assay_error *err) {
    assay_status st = assay_choose_dtype(out, p->candidate, p->arithmetic, err);
    if (st || assay_dtype_is_float(*out)) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: says that it computes in %s, which is no floating type",
                      p->candidate->info.name, assay_dtype_name(*out));
}

static assay_status walk_model(assay_blame *out, const pair *p, const assay_loaded_model *m, assay_error *err) {
    const assay_trace_options options = {
        .test_case = &p->golden->test_case, .kept = p->candidate, .also = assay_walk_needs(), .tolerates = true};
    assay_dtype dtype;
    assay_trace reference;
    assay_status st = find_dtype(p, &dtype, err);
    if (!st) st = assay_trace_run(&reference, m, &options, err);
    if (st) return st;
    const assay_walk_input in = {.test_case = &p->golden->test_case,
                                 .config = &m->config,
                                 .weights = m->weights,
                                 .dtype = dtype,
                                 .candidate = p->candidate,
                                 .golden = p->arithmetic->weights_dir ? &reference.source : p->golden_source,
                                 .reference = &reference.source};
    st = assay_walk(out, &in, err);
    assay_trace_free(&reference);
    return st;
}

/* The golden's weights, or those that the candidate used. */
static assay_status load_model(const pair *p, assay_dtype dtype, assay_loaded_model *out, assay_error *err) {
    const char *own = p->arithmetic->weights_dir;
    assay_status st = own ? assay_load_case_model(out, &p->golden->test_case, own, dtype, err)
                          : assay_load_golden_model(out, p->golden, p->arithmetic->model_dir, dtype, err);
    if (st || !out->refused) return st;
    return assay_fail(err, ASSAY_EINPUT, out->refusal.rules,
                      "the original refuses to build this model, so there is no operation to judge: %.600s",
                      out->refusal.message);
}

/* Whether a digest is that of the weights that the candidate is judged on, as they are or after their cast to its type. */
static assay_status is_digest_of(const pair *p, const assay_loaded_model *m, bool *out, assay_error *err) {
    const char *digest = p->candidate->info.weights_xxh128;
    assay_dtype dtype;
    *out = !*digest || strcasecmp(digest, m->weights_xxh128) == 0;
    if (*out) return ASSAY_OK;
    assay_status st = find_dtype(p, &dtype, err);
    if (st || !assay_dtype_is_half(dtype)) return st;
    assay_loaded_model cast = {0};
    st = load_model(p, dtype, &cast, err);
    *out = !st && strcasecmp(digest, cast.weights_xxh128) == 0;
    assay_loaded_model_free(&cast);
    return st;
}

/* Case and configuration must be the golden's; weights those that the candidate is judged on. */
static assay_status check_pairing(const pair *p, const assay_loaded_model *m, assay_error *err) {
    assay_source golden = *p->golden_source; /* a view: nothing of it is released here */
    bool same;
    assay_status st = is_digest_of(p, m, &same, err);
    golden.info.weights_xxh128 = same ? "" : m->weights_xxh128;
    return st ? st : assay_check_pairing(&golden, p->candidate, err);
}

static assay_status blame_pair(assay_blame *out, const pair *p, assay_error *err) {
    assay_loaded_model m = {0};
    assay_status st = load_model(p, ASSAY_F64, &m, err);
    if (!st) st = check_pairing(p, &m, err);
    if (!st) st = walk_model(out, p, &m, err);
    assay_loaded_model_free(&m);
    return st;
}

assay_status assay_blame_run(assay_blame *out, const assay_golden *golden, const char *golden_name,
                             const assay_source *candidate, const assay_arithmetic *arithmetic, assay_error *err) {
    if (!golden->has_case)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: holds no case, so its operations cannot be run again",
                          golden_name);
    if (candidate->info.unsupported[0])
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: says that the port cannot run the case (%.200s), so there is nothing to judge",
                          candidate->info.name, candidate->info.unsupported);
    if (candidate->item_count == 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: holds no tensor of a case, so there is nothing to judge",
                          candidate->info.name);
    assay_source source = {0};
    assay_blame blame = {0};
    assay_status st = assay_source_of_file(&source, golden, golden_name, err);
    if (!st) st = blame_pair(&blame, &(pair){golden, &source, candidate, arithmetic}, err);
    assay_source_close(&source);
    if (st) {
        assay_blame_free(&blame);
        return st;
    }
    blame.unknown = candidate->unknown_count;
    summarize(&blame);
    *out = blame;
    return ASSAY_OK;
}
