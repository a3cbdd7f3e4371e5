#include "fuzz/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare/compare.h"
#include "fuzz/answer_load.h"
#include "fuzz/half_check.h"
#include "fuzz/oracle_verdict.h"
#include "fuzz/public_trace.h"
#include "fuzz/work_folder.h"

static const char *const outcome_names[ASSAY_FUZZ_OUTCOME_COUNT] = {
    "pass",    "unsupported", "mismatch",         "error",  "crashed",    "exited", "hung",
    "flooded", "garbled",     "nondeterministic", "engine", "interrupted"};

const char *assay_fuzz_outcome_name(assay_fuzz_outcome outcome) { return outcome_names[outcome]; }

bool assay_fuzz_outcome_fails(assay_fuzz_outcome outcome) {
    return outcome != ASSAY_FUZZ_PASS && outcome != ASSAY_FUZZ_UNSUPPORTED && outcome != ASSAY_FUZZ_INTERRUPTED;
}

/* ---- verdict of a comparison ---- */

/* "past/mem_key", "logits"; "refusal" of a step as a whole. */
static void name_stage(const assay_entry *e, char text[80]) {
    if (e->kind == ASSAY_ENTRY_STEP) snprintf(text, 80, "refusal");
    else if (e->kind != ASSAY_ENTRY_STAGE) snprintf(text, 80, "unknown");
    else
        snprintf(text, 80, "%s%s", assay_stage_get(e->place.stage)->scope == ASSAY_PER_PAST ? "past/" : "",
                 assay_stage_get(e->place.stage)->name);
}

static void describe_entry(assay_fuzz_verdict *v, const assay_entry *e) {
    snprintf(v->where, sizeof v->where, "%s", e->path);
    snprintf(v->rules, sizeof v->rules, "%s", e->rules);
    name_stage(e, v->stage);
    if (e->reason[0]) snprintf(v->message, sizeof v->message, "%s: %s", e->path, e->reason);
    else
        snprintf(v->message, sizeof v->message, "%s: off by %.3g where %.3g is allowed", e->path, e->deviation,
                 e->tolerance);
}

static void describe_result(assay_fuzz_verdict *v) {
    const assay_case_result *r = &v->result;
    if (r->verdict == ASSAY_CASE_PASS) return;
    v->outcome = r->verdict == ASSAY_CASE_UNSUPPORTED ? ASSAY_FUZZ_UNSUPPORTED : ASSAY_FUZZ_MISMATCH;
    if (r->verdict == ASSAY_CASE_UNSUPPORTED) snprintf(v->message, sizeof v->message, "%s", r->unsupported);
    else if (r->first_divergence >= 0) describe_entry(v, &r->entries[r->first_divergence]);
    else snprintf(v->message, sizeof v->message, "%s", r->note[0] ? r->note : r->error);
}

/* A dump must hold what a call is made for; caches and schedules it may leave out. */
static assay_status make_policy(assay_policy *policy, assay_error *err) {
    assay_policy_init(policy);
    assay_status st = assay_policy_require(policy, "logits", "fuzz", err);
    return st ? st : assay_policy_require(policy, "tokens", "fuzz", err);
}

/* A run that has all results: no result is made where it agrees. */
static assay_status judge_whole(assay_fuzz_verdict *v, const assay_fuzz_question *q, const assay_source *run,
                                assay_error *err) {
    assay_oracle_verdict verdict;
    assay_status st = assay_oracle_check(&verdict, q->test_case, q->model->weights, run, err);
    if (st || verdict.agrees) return st;
    v->result = verdict.result; /* taken over */
    v->has_result = true;
    describe_result(v);
    return ASSAY_OK;
}

/* A port's dump, which may lack caches and schedules. The oracle goes on from what it stored and chose, so its tensors must be in memory. */
static assay_status judge_dump(assay_fuzz_verdict *v, const assay_fuzz_question *q, assay_error *err) {
    assay_policy policy;
    assay_source_memory loaded;
    assay_status st = assay_load_answer(&loaded, v->answer.source, err);
    if (st) return st;
    st = make_policy(&policy, err);
    const assay_compare_options options = {.name = q->test_case->name, .policy = &policy, .require_refusals = true};
    if (!st) st = assay_oracle_judge(&v->result, q->test_case, q->model->weights, &loaded.source, &options, err);
    v->has_result = st == ASSAY_OK;
    if (!st) describe_result(v);
    assay_policy_free(&policy);
    assay_source_memory_free(&loaded);
    return st;
}

static assay_status judge_half(assay_fuzz_verdict *v, const assay_fuzz_question *q, const assay_trace *engine,
                               assay_error *err) {
    assay_policy policy;
    assay_status st = make_policy(&policy, err);
    const assay_compare_options options = {
        .name = q->test_case->name, .policy = &policy, .require_all = v->answer.complete};
    if (!st) st = assay_half_judge(&v->result, q, engine, &v->answer, &options, err);
    v->has_result = st == ASSAY_OK;
    if (!st) describe_result(v);
    assay_policy_free(&policy);
    return st;
}

static assay_status judge(assay_fuzz_verdict *v, const assay_fuzz_question *q, const assay_trace *engine,
                          assay_error *err) {
    assay_error why;
    assay_status st = assay_dtype_is_half(q->test_case->dtype) ? judge_half(v, q, engine, &why)
                      : v->answer.complete                     ? judge_whole(v, q, v->answer.source, &why)
                                                               : judge_dump(v, q, &why);
    if (st == ASSAY_EINTERNAL && err) *err = why;
    if (st != ASSAY_EINPUT) return st;
    v->outcome = ASSAY_FUZZ_GARBLED; /* a dump that cannot be read, or compared */
    snprintf(v->message, sizeof v->message, "its dump cannot be compared: %.1000s", why.message);
    return ASSAY_OK;
}

/* ---- the whole of it ---- */

static const assay_fuzz_outcome outcome_of[ASSAY_PORT_OUTCOME_COUNT] = {
    [ASSAY_PORT_ANSWERED] = ASSAY_FUZZ_PASS,
    [ASSAY_PORT_UNSUPPORTED] = ASSAY_FUZZ_UNSUPPORTED,
    [ASSAY_PORT_ERROR] = ASSAY_FUZZ_ERROR,
    [ASSAY_PORT_CRASHED] = ASSAY_FUZZ_CRASHED,
    [ASSAY_PORT_EXITED] = ASSAY_FUZZ_EXITED,
    [ASSAY_PORT_HUNG] = ASSAY_FUZZ_HUNG,
    [ASSAY_PORT_FLOODED] = ASSAY_FUZZ_FLOODED,
    [ASSAY_PORT_GARBLED] = ASSAY_FUZZ_GARBLED,
    [ASSAY_PORT_INTERRUPTED] = ASSAY_FUZZ_INTERRUPTED,
};

static assay_status ask(assay_fuzz_verdict *v, const assay_fuzz_question *question, const assay_trace *engine,
                        const assay_fuzz_subject *subject, assay_error *err) {
    assay_status st = subject->answer(subject->self, question, &v->answer, err);
    if (st) return st;
    v->outcome = outcome_of[v->answer.outcome];
    snprintf(v->message, sizeof v->message, "%s%s", v->answer.late ? "before this case was asked: " : "",
             v->answer.message);
    st = v->answer.source ? judge(v, question, engine, err) : ASSAY_OK;
    if (v->answer.folder) assay_work_folder_hide(v->answer.folder, v->message);
    return st;
}

/* The first of the rules that refuse a step is expected of whoever runs the case. */
static void note_refusals(assay_case *c, const assay_trace *trace) {
    for (size_t i = 0; i < c->step_count; i++) c->steps[i].expect_error[0] = '\0';
    for (size_t i = 0; i < trace->step_count; i++) {
        const assay_source_step *s = &trace->steps[i];
        const char *rules = s->refused_rules[0] ? s->refused_rules : "ERR-1";
        char *expected = c->steps[s->step].expect_error;
        if (s->refused) snprintf(expected, sizeof c->steps[0].expect_error, "%.*s", (int)strcspn(rules, " "), rules);
    }
}

/* The engine itself, on which all else rests, is judged first, where the oracle can. */
static assay_status check(assay_fuzz_verdict *v, assay_case *c, const assay_fuzz_question *question,
                          const assay_fuzz_subject *subject, assay_error *err) {
    assay_trace engine;
    assay_status st = assay_fuzz_trace(&engine, question->model, c, NULL, err);
    if (st) return st;
    note_refusals(c, &engine);
    if (!assay_dtype_is_half(c->dtype)) st = judge_whole(v, question, &engine.source, err);
    if (!st && v->outcome == ASSAY_FUZZ_PASS) st = ask(v, question, &engine, subject, err);
    else v->outcome = ASSAY_FUZZ_ENGINE;
    assay_trace_free(&engine);
    return st;
}

assay_status assay_fuzz_check_keeping(assay_fuzz_verdict *out, assay_case *c, const assay_fuzz_subject *subject,
                                      const char *dump, assay_error *err) {
    assay_fuzz_verdict v = {0};
    assay_loaded_model model;
    assay_status st = assay_load_case_model(&model, c, NULL, c->dtype, err);
    if (st) return st;
    const assay_fuzz_question question = {.test_case = c, .model = &model, .dump = dump};
    st = check(&v, c, &question, subject, err);
    assay_loaded_model_free(&model);
    if (st) assay_fuzz_verdict_release(&v, subject);
    else *out = v;
    return st;
}

assay_status assay_fuzz_expect_refusals(assay_case *c, assay_error *err) {
    assay_loaded_model model;
    assay_trace trace;
    assay_status st = assay_load_case_model(&model, c, NULL, c->dtype, err);
    if (st) return st;
    st = assay_fuzz_trace(&trace, &model, c, NULL, err);
    if (!st) {
        note_refusals(c, &trace);
        assay_trace_free(&trace);
    }
    assay_loaded_model_free(&model);
    return st;
}

assay_status assay_fuzz_check(assay_fuzz_verdict *out, assay_case *c, const assay_fuzz_subject *subject,
                              assay_error *err) {
    return assay_fuzz_check_keeping(out, c, subject, NULL, err);
}

/* Whether two comparisons with one reference found the same, within tolerances. */
static bool same_entry(const assay_entry *a, const assay_entry *b) {
    if (strcmp(a->path, b->path) != 0 || a->verdict != b->verdict) return false;
    if (!a->has_metrics || !b->has_metrics) return a->has_metrics == b->has_metrics;
    return !(fabs(a->deviation - b->deviation) > fmax(a->tolerance, 1e-3 * fabs(a->deviation)));
}

static bool same_verdict(const assay_fuzz_verdict *a, const assay_fuzz_verdict *b) {
    if (a->outcome != b->outcome || a->has_result != b->has_result) return false;
    if (!a->has_result) return a->answer.outcome == b->answer.outcome;
    if (a->result.entry_count != b->result.entry_count) return false;
    for (size_t i = 0; i < a->result.entry_count; i++)
        if (!same_entry(&a->result.entries[i], &b->result.entries[i])) return false;
    return true;
}

assay_status assay_fuzz_check_again(assay_fuzz_verdict *verdict, assay_case *c, const assay_fuzz_subject *subject,
                                    assay_error *err) {
    assay_fuzz_verdict again;
    assay_status st = assay_fuzz_check(&again, c, subject, err);
    if (st) return st;
    if (again.outcome == ASSAY_FUZZ_INTERRUPTED) verdict->outcome = ASSAY_FUZZ_INTERRUPTED;
    else if (!same_verdict(verdict, &again)) {
        char first[400];
        snprintf(first, sizeof first, "%.150s: %.240s", assay_fuzz_outcome_name(verdict->outcome), verdict->message);
        verdict->outcome = ASSAY_FUZZ_NONDETERMINISTIC;
        snprintf(verdict->message, sizeof verdict->message, "the same case gave '%s', and then '%.150s%s%.240s'", first,
                 assay_fuzz_outcome_name(again.outcome), again.message[0] ? ": " : "", again.message);
    }
    assay_fuzz_verdict_release(&again, subject);
    return ASSAY_OK;
}

void assay_fuzz_verdict_release(assay_fuzz_verdict *verdict, const assay_fuzz_subject *subject) {
    if (verdict->has_result) assay_case_result_free(&verdict->result);
    verdict->has_result = false;
    assay_fuzz_answer_release(subject, &verdict->answer);
}
