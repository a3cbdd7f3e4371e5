#include <stdio.h>
#include <stdlib.h>

#include "engine/variants.h"
#include "fuzz/public_trace.h"
#include "fuzz/subject.h"

typedef struct {
    bool varies;
    assay_semantics semantics;
} engine_subject;

static assay_status answer(void *self, const assay_case *c, const assay_loaded_model *m, assay_fuzz_answer *out,
                           assay_error *err) {
    const engine_subject *s = self;
    assay_trace *trace = malloc(sizeof *trace);
    if (!trace) return assay_fail_nomem(err, "a run");
    assay_status st = assay_fuzz_trace(trace, m, c, s->varies ? &s->semantics : NULL, err);
    if (st) {
        free(trace);
        return st;
    }
    *out = (assay_fuzz_answer){.outcome = ASSAY_PORT_ANSWERED, .source = &trace->source, .held = trace};
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
    return ASSAY_OK;
}
