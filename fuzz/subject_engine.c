#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/variants.h"
#include "fuzz/public_trace.h"
#include "fuzz/subject.h"
#include "run/run_dump.h"

typedef struct {
    bool varies;
    assay_semantics semantics;
} engine_subject;

/* A dump of all stages. A run that is not refused where it should be, or is where it should not, has none. */
static assay_status write_dump(const engine_subject *s, const assay_fuzz_question *q, assay_error *err) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s.h5", q->dump);
    assay_loaded_model varied = *q->model;
    assay_status st = ASSAY_OK;
    if (s->varies)
        st =
            assay_model_create_variant(&varied.model, &varied.config, &s->semantics, varied.dtype, varied.weights, err);
    if (st) return st;
    st = assay_run_to_dump(&varied, q->test_case, path, varied.dtype, ASSAY_DUMP_ALL, err);
    if (s->varies) assay_model_destroy(varied.model);
    return st == ASSAY_EINPUT ? ASSAY_OK : st;
}

static assay_status answer(void *self, const assay_fuzz_question *q, assay_fuzz_answer *out, assay_error *err) {
    const engine_subject *s = self;
    assay_trace *trace = malloc(sizeof *trace);
    if (!trace) return assay_fail_nomem(err, "a run");
    assay_status st = assay_fuzz_trace(trace, q->model, q->test_case, s->varies ? &s->semantics : NULL, err);
    if (!st && q->dump) {
        st = write_dump(s, q, err);
        if (st) assay_trace_free(trace);
    }
    if (st) {
        free(trace);
        return st;
    }
    *out =
        (assay_fuzz_answer){.outcome = ASSAY_PORT_ANSWERED, .source = &trace->source, .complete = true, .held = trace};
    return ASSAY_OK;
}

static void release(void *self, assay_fuzz_answer *a) {
    (void)self;
    assay_trace_free(a->held);
    free(a->held);
}

assay_status assay_fuzz_subject_engine(assay_fuzz_subject *out, const char *list, assay_error *err) {
    engine_subject *s = calloc(1, sizeof *s);
    if (!s) return assay_fail_nomem(err, "a subject");
    s->varies = list != NULL;
    assay_status st = list ? assay_variants_parse(list, &s->semantics, err) : ASSAY_OK;
    if (st) {
        free(s);
        return st;
    }
    *out = (assay_fuzz_subject){.self = s, .answer = answer, .release = release, .end = free};
    if (list) snprintf(out->name, sizeof out->name, "engine with the mistake %s", list);
    else snprintf(out->name, sizeof out->name, "engine");
    if (list) snprintf(out->option, sizeof out->option, "--mistake %s", list);
    return ASSAY_OK;
}
