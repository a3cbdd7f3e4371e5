/*
 * What is fuzzed: something that runs cases and gives what it computed. The engine with a mistake is one, a port in a process is another.
 */
#ifndef ASSAY_FUZZ_SUBJECT_H
#define ASSAY_FUZZ_SUBJECT_H

#include "compare/source.h"
#include "core/status.h"
#include "fuzz/port_process.h"
#include "golden/case.h"
#include "run/load_model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct assay_fuzz_subject assay_fuzz_subject;

/* What a subject made of a case. Release with assay_fuzz_answer_release. */
typedef struct {
    assay_port_outcome outcome;
    char message[1024];         /* one line; "" of ANSWERED */
    char stderr_tail[4096 + 1]; /* what a port wrote to stderr at last; "" without */
    const assay_source *source; /* its tensors, of ANSWERED; else NULL */
    void *held;                 /* the subject's own */
} assay_fuzz_answer;

struct assay_fuzz_subject {
    char name[512]; /* "engine with mistakes memory-keys-at-position-ids", "port './my-port'" */
    void *self;
    /* Runs the case. `m` is its model in float32 (or the refusal to build it); what is expected of steps is in their expect_error. An
     * error is Assay's own failure, or an interruption (outcome INTERRUPTED with ASSAY_OK). */
    assay_status (*answer)(void *self, const assay_case *c, const assay_loaded_model *m, assay_fuzz_answer *out,
                           assay_error *err);
    void (*release)(void *self, assay_fuzz_answer *answer);
    void (*end)(void *self);
};

/* Frees what an answer holds, and clears it. Safe on a cleared one. */
void assay_fuzz_answer_release(const assay_fuzz_subject *subject, assay_fuzz_answer *answer);

/* The engine, which makes the mistakes in `list` (engine/variants.h; NULL: none). ASSAY_EINPUT: an unknown name. End with
 * assay_fuzz_subject_end. */
assay_status assay_fuzz_subject_engine(assay_fuzz_subject *out, const char *list, assay_error *err);

/* A port (fuzz/port_process.h). Its cases, models and dumps go through a private folder, which is in memory where the system has /dev/shm.
 * ASSAY_EINPUT: it does not start. End with assay_fuzz_subject_end. */
assay_status assay_fuzz_subject_port(assay_fuzz_subject *out, const assay_port_options *options, assay_error *err);

/* Ends a port with all its processes, removes its folder, and clears the subject. Safe on a cleared one. */
void assay_fuzz_subject_end(assay_fuzz_subject *subject);

#ifdef __cplusplus
}
#endif

#endif
