#include "run/run_dump.h"

#include <stdio.h>

#include "core/version.h"
#include "golden/dump_writer.h"
#include "run/run_case.h"

typedef struct {
    assay_dump_writer *writer;
} dump_sink;

static bool want_all(void *context, int64_t step, assay_stage stage) {
    (void)context;
    (void)step;
    (void)stage;
    return true;
}

static assay_status put_tensor(void *context, const assay_place *place, const assay_tensor *tensor, assay_error *err) {
    return assay_dump_put(((dump_sink *)context)->writer, place, tensor, err);
}

static assay_status put_step(void *context, int64_t step, const assay_step *what, const assay_error *refusal,
                             assay_error *err) {
    assay_dump_writer *writer = ((dump_sink *)context)->writer;
    if (refusal) return assay_dump_refused_step(writer, step, assay_op_name(what->op), refusal, err);
    return assay_dump_step(writer, step, assay_op_name(what->op), err);
}

assay_status assay_run_to_dump(const assay_loaded_model *m, const assay_case *c, const char *path, assay_dtype dtype,
                               assay_dump_capture capture, assay_error *err) {
    char producer[512];
    snprintf(producer, sizeof producer, "assay " ASSAY_VERSION "%s%s", m->mistakes ? " with mistakes: " : "",
             m->mistakes ? m->mistakes : "");
    const assay_dump_metadata metadata = {
        .producer = producer,
        .dtype = dtype,
        .case_text = c->text,
        .case_nbytes = c->text_nbytes,
        .config_text = m->config_text,
        .config_nbytes = m->config_nbytes,
        .config = m->refused ? NULL : &m->config,
        .weights_xxh128 = m->weights_xxh128,
    };
    dump_sink sink = {0};
    assay_status st = assay_dump_create(&sink.writer, path, &metadata, err);
    if (st) return st;
    const assay_run_sink calls = {
        .context = &sink, .wants = capture == ASSAY_DUMP_ALL ? want_all : NULL, .tensor = put_tensor, .step = put_step};
    st = m->refused ? assay_run_refused_model(c, &m->refusal, &calls, err) : assay_run_case(m->model, c, &calls, err);
    if (!st) return assay_dump_commit(sink.writer, err);
    assay_dump_discard(sink.writer);
    return st;
}
