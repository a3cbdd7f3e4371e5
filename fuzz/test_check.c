/* Verdicts on subjects that err in every way but the port's process, which test_port_process.c has. */
#include "fuzz/check.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/case_bytes.h"
#include "fuzz/public_trace.h"

typedef enum {
    RIGHT,
    WITH_NAN,
    WITHOUT_LOGITS,
    WITHOUT_CACHES,
    SHORT_LOGITS,
    MORE_ROWS,
    EVER_OTHER,
    REFUSES,
    REFUSES_NOTHING,
    SAYS_NOTHING_OF_REFUSALS
} fault;

/* A subject in this process: the engine, but for a fault. */
typedef struct {
    fault fault;
    int answers;
} faulty;

typedef struct {
    assay_trace trace;
    assay_tensor_map *tensors;
    assay_source source;
} held_answer;

static assay_tensor changed(const assay_place *place, const assay_tensor *t, faulty *f) {
    assay_tensor out;
    cr_assert_eq(assay_tensor_copy(&out, t, t->dtype, NULL), ASSAY_OK);
    if (place->stage != ASSAY_STAGE_LOGITS || t->dtype != ASSAY_F32) return out;
    if (f->fault == WITH_NAN) ((float *)out.data)[0] = NAN;
    if (f->fault == EVER_OTHER) ((float *)out.data)[0] += (float)f->answers;
    if (f->fault == SHORT_LOGITS) out.shape[t->rank - 1]--;
    if (f->fault == MORE_ROWS) {
        assay_tensor_free(&out);
        int64_t shape[3] = {t->shape[0] + 1, t->shape[1], t->shape[2]};
        cr_assert_eq(assay_tensor_alloc(&out, ASSAY_F32, t->rank, shape, "test", NULL), ASSAY_OK);
    }
    return out;
}

static bool is_left_out(const faulty *f, const assay_place *place) {
    bool past = assay_stage_get(place->stage)->scope == ASSAY_PER_PAST;
    if (f->fault == WITHOUT_CACHES) return past || place->stage == ASSAY_STAGE_SCHEDULE;
    return f->fault == WITHOUT_LOGITS && place->stage == ASSAY_STAGE_LOGITS;
}

static assay_status answer(void *self, const assay_fuzz_question *q, assay_fuzz_answer *out, assay_error *err) {
    faulty *f = self;
    held_answer *held = calloc(1, sizeof *held);
    f->answers++;
    cr_assert_eq(assay_fuzz_trace(&held->trace, q->model, q->test_case, NULL, err), ASSAY_OK);
    held->tensors = assay_tensor_map_create();
    for (size_t i = 0; i < held->trace.source.item_count; i++) {
        const assay_source_item *item = &held->trace.source.items[i];
        char path[160];
        if (is_left_out(f, &item->place)) continue;
        assay_place_path(&item->place, path, sizeof path);
        assay_tensor t = changed(&item->place, assay_tensor_map_get(held->trace.tensors, path), f);
        cr_assert_eq(assay_tensor_map_put(held->tensors, path, t, err), ASSAY_OK);
    }
    for (size_t i = 0; i < held->trace.step_count; i++) {
        assay_source_step *s = &held->trace.steps[i];
        if (f->fault == REFUSES) s->refused = true;
        if (f->fault == REFUSES_NOTHING) s->refused = false;
        if (f->fault == SAYS_NOTHING_OF_REFUSALS && s->refused)
            *s = (assay_source_step){.step = s->step, .op = "", .refused_message = ""};
        s->past_captured = -1;
        s->refused_rules = "XX-1"; /* of no account */
    }
    assay_source_info info = held->trace.source.info;
    cr_assert_eq(
        assay_source_of_map(&held->source, held->tensors, &info, held->trace.steps, held->trace.step_count, err),
        ASSAY_OK);
    *out = (assay_fuzz_answer){.outcome = ASSAY_PORT_ANSWERED, .source = &held->source, .held = held};
    return ASSAY_OK;
}

static void release(void *self, assay_fuzz_answer *a) {
    (void)self;
    held_answer *held = a->held;
    assay_source_close(&held->source);
    assay_tensor_map_destroy(held->tensors);
    assay_trace_free(&held->trace);
    free(held);
}

static assay_fuzz_subject subject_with(faulty *f) {
    return (assay_fuzz_subject){.name = "faulty", .self = f, .answer = answer, .release = release};
}

#define MODEL                                                                                                          \
    "{\"format\": \"assay-case/1\", \"model\": {\"model_type\": \"longllama\", \"vocab_size\": 5, \"hidden_size\": 4," \
    "\"intermediate_size\": 4, \"num_hidden_layers\": 1, \"num_attention_heads\": 1, \"mem_layers\": [0],"             \
    "\"max_position_embeddings\": 4, \"last_context_length\": 2}, \"weights\": {\"seed\": 1, \"gain\": 1}, "           \
    "\"steps\": ["
#define FORWARD "{\"op\": \"forward\", \"input_ids\": [[1, 2, 3]]}"
#define REFUSED "{\"op\": \"forward\", \"input_ids\": [[1, 7]]}"

/* Checks a case twice on a subject with a fault. */
static assay_fuzz_verdict verdict_on(const char *text, fault wrong) {
    faulty f = {.fault = wrong};
    assay_fuzz_subject subject = subject_with(&f);
    assay_fuzz_verdict v;
    assay_case c;
    assay_error err;
    cr_assert_eq(assay_case_parse(&c, text, strlen(text), "test", &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_fuzz_check(&v, &c, &subject, &err), ASSAY_OK, "%s", err.message);
    if (assay_fuzz_outcome_fails(v.outcome)) cr_assert_eq(assay_fuzz_check_again(&v, &c, &subject, &err), ASSAY_OK);
    assay_fuzz_verdict_release(&v, &subject);
    assay_case_free(&c);
    return v;
}

static void expect(const char *text, fault wrong, assay_fuzz_outcome outcome, const char *where, const char *message) {
    assay_fuzz_verdict v = verdict_on(text, wrong);
    cr_expect_str_eq(assay_fuzz_outcome_name(v.outcome), assay_fuzz_outcome_name(outcome), "fault %d: %s", wrong,
                     v.message);
    cr_expect_str_eq(v.where, where, "fault %d", wrong);
    cr_expect(strstr(v.message, message), "fault %d: '%s' is not in '%s'", wrong, message, v.message);
}

Test(check, what_a_port_must_give_and_what_it_may_leave_out) {
    expect(MODEL FORWARD "]}", RIGHT, ASSAY_FUZZ_PASS, "", "");
    expect(MODEL FORWARD "]}", WITHOUT_CACHES, ASSAY_FUZZ_PASS, "", "");
    expect(MODEL FORWARD "]}", WITHOUT_LOGITS, ASSAY_FUZZ_MISMATCH, "steps/0/logits", "");
}

Test(check, nan_and_shapes) {
    expect(MODEL FORWARD "]}", WITH_NAN, ASSAY_FUZZ_MISMATCH, "steps/0/logits", "NaN");
    expect(MODEL FORWARD "]}", SHORT_LOGITS, ASSAY_FUZZ_MISMATCH, "steps/0/logits", "shape");
    expect(MODEL FORWARD "]}", MORE_ROWS, ASSAY_FUZZ_MISMATCH, "steps/0/logits", "shape");
}

Test(check, a_subject_that_differs_from_itself) {
    expect(MODEL FORWARD "]}", EVER_OTHER, ASSAY_FUZZ_NONDETERMINISTIC, "steps/0/logits", "and then");
}

/* Which rule a port names for a refusal does not matter; that it refuses does. */
Test(check, refusals) {
    expect(MODEL FORWARD ", " REFUSED "]}", RIGHT, ASSAY_FUZZ_PASS, "", "");
    expect(MODEL FORWARD "]}", REFUSES, ASSAY_FUZZ_MISMATCH, "steps/0", "refuses");
    expect(MODEL REFUSED ", " FORWARD "]}", REFUSES_NOTHING, ASSAY_FUZZ_MISMATCH, "steps/0", "refuses");
    expect(MODEL FORWARD ", " REFUSED "]}", SAYS_NOTHING_OF_REFUSALS, ASSAY_FUZZ_MISMATCH, "steps/1", "says nothing");
}

/* The case that a port gets says which of its steps are refused. */
Test(check, expected_refusals_are_written_into_the_case) {
    faulty f = {.fault = RIGHT};
    assay_fuzz_subject subject = subject_with(&f);
    assay_fuzz_verdict v;
    assay_case c;
    const char *text = MODEL "{\"op\": \"forward\", \"expect_error\": \"POS-3\", \"input_ids\": [[1]]}, " REFUSED "]}";
    cr_assert_eq(assay_case_parse(&c, text, strlen(text), "test", NULL), ASSAY_OK);
    cr_assert_eq(assay_fuzz_check(&v, &c, &subject, NULL), ASSAY_OK);
    cr_expect_eq(v.outcome, ASSAY_FUZZ_PASS);
    cr_expect_str_eq(c.steps[0].expect_error, "");
    cr_expect_str_eq(c.steps[1].expect_error, "ERR-1");
    assay_fuzz_verdict_release(&v, &subject);
    assay_case_free(&c);
}

/* Random cases: the engine passes its own check, in every kind of case. */
Test(check, the_engine_agrees_with_the_oracle) {
    assay_fuzz_subject engine;
    cr_assert_eq(assay_fuzz_subject_engine(&engine, NULL, NULL), ASSAY_OK);
    for (uint64_t i = 0; i < 100; i++) {
        assay_case c;
        assay_fuzz_verdict v;
        cr_assert_eq(assay_fuzz_case_random(&c, 11, i, &assay_fuzz_bounds_default, NULL), ASSAY_OK);
        cr_assert_eq(assay_fuzz_check(&v, &c, &engine, NULL), ASSAY_OK);
        cr_expect_eq(v.outcome, ASSAY_FUZZ_PASS, "case %d: %s", (int)i, v.message);
        assay_fuzz_verdict_release(&v, &engine);
        assay_case_free(&c);
    }
    assay_fuzz_subject_end(&engine);
}
