#include "golden/dump_writer.h"

#include <stdio.h>
#include <stdlib.h>

#include "golden/digest.h"
#include "golden/h5_file.h"
#include "golden/hf_config.h"

struct assay_dump_writer {
    assay_h5_writer *file;
};

static bool is_given(const char *text) { return text && *text; }

static assay_status put_optional_attr(assay_dump_writer *w, const char *name, const char *text, assay_error *err) {
    return is_given(text) ? assay_h5_put_attr_text(w->file, "/", name, text, err) : ASSAY_OK;
}

static assay_status put_case(assay_dump_writer *w, const assay_dump_metadata *m, assay_error *err) {
    if (!m->case_text) return ASSAY_OK;
    char sum[ASSAY_SHA256_TEXT];
    assay_status st = assay_sha256_hex(m->case_text, m->case_nbytes, sum, err);
    if (!st) st = assay_h5_put_attr_text(w->file, "/", "case_sha256", sum, err);
    return st ? st : assay_h5_put_text(w->file, "/case", m->case_text, m->case_nbytes, err);
}

static assay_status put_config(assay_dump_writer *w, const assay_dump_metadata *m, assay_error *err) {
    char sum[ASSAY_SHA256_TEXT];
    assay_status st = ASSAY_OK;
    if (m->config) st = assay_config_sha256(m->config, sum, err);
    if (!st && m->config) st = assay_h5_put_attr_text(w->file, "/", "config_sha256", sum, err);
    if (!st && m->config_text) st = assay_h5_put_text(w->file, "/config", m->config_text, m->config_nbytes, err);
    return st;
}

static assay_status put_metadata(assay_dump_writer *w, const assay_dump_metadata *m, assay_error *err) {
    assay_status st = assay_h5_put_attr_text(w->file, "/", "format", "assay-dump/1", err);
    if (!st) st = put_optional_attr(w, "producer", m->producer, err);
    if (!st) st = put_optional_attr(w, "dtype", assay_dtype_name(m->dtype), err);
    if (!st) st = put_optional_attr(w, "weights_xxh128", m->weights_xxh128, err);
    if (!st) st = put_case(w, m, err);
    if (!st) st = put_config(w, m, err);
    return st ? st : assay_h5_put_group(w->file, "/steps", err);
}

assay_status assay_dump_create(assay_dump_writer **out, const char *path, const assay_dump_metadata *metadata,
                               assay_error *err) {
    assay_dump_writer *w = calloc(1, sizeof *w);
    if (!w) return assay_fail_nomem(err, path);
    assay_status st = assay_h5_writer_create(&w->file, path, err);
    if (!st) st = put_metadata(w, metadata, err);
    if (st) assay_dump_discard(w);
    else *out = w;
    return st;
}

assay_status assay_dump_put(assay_dump_writer *w, const assay_place *place, const assay_tensor *t, assay_error *err) {
    char path[160];
    return assay_h5_put(w->file, assay_place_path(place, path, sizeof path), t, ASSAY_H5_PLAIN, err);
}

assay_status assay_dump_step(assay_dump_writer *w, int64_t step, const char *op, assay_error *err) {
    char path[64];
    snprintf(path, sizeof path, "steps/%lld", (long long)step);
    assay_status st = assay_h5_put_group(w->file, path, err);
    return st ? st : assay_h5_put_attr_text(w->file, path, "op", op, err);
}

assay_status assay_dump_refused_step(assay_dump_writer *w, int64_t step, const char *op, const assay_error *refusal,
                                     assay_error *err) {
    char path[64];
    snprintf(path, sizeof path, "steps/%lld", (long long)step);
    assay_status st = assay_dump_step(w, step, op, err);
    if (!st) st = assay_h5_put_attr_text(w->file, path, "refused", refusal->rules, err);
    return st ? st : assay_h5_put_attr_text(w->file, path, "refused_message", refusal->message, err);
}

assay_status assay_dump_commit(assay_dump_writer *w, assay_error *err) {
    assay_status st = assay_h5_writer_commit(w->file, err);
    free(w);
    return st;
}

void assay_dump_discard(assay_dump_writer *w) {
    if (!w) return;
    assay_h5_writer_discard(w->file);
    free(w);
}
