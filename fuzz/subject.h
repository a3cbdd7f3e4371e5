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
    bool
        late; /* the failure came after the answer to the question before, or at a start: this question has no part in it */
    bool complete;      /* it gives all that a run must give; a port may leave out caches and schedules */
    const char *folder; /* NULL, or a private folder whose path is to stay out of texts */
    void *held;         /* the subject's own */
} assay_fuzz_answer;

/* What a subject is asked. */
typedef struct {
    const assay_case *test_case;     /* which steps are refused is in their expect_error */
    const assay_loaded_model *model; /* of the case, in its dtype */
    const char *dump; /* NULL, or where a dump stays, as complete as the subject can write one; it adds a suffix */
} assay_fuzz_question;

struct assay_fuzz_subject {
    char name[512];   /* "engine with the mistake memory-keys-at-position-ids", "port './my-port'" */
    char option[640]; /* of assay fuzz, that makes it; quoted for a shell: "--port './my-port'"; "" of the engine */
    void *self;
    /* Runs the case. An error is Assay's own failure; an interruption is an outcome. */
    assay_status (*answer)(void *self, const assay_fuzz_question *question, assay_fuzz_answer *out, assay_error *err);
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
