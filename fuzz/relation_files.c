/* Round trips: a case, weights and results through the files that hold them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/case_text.h"
#include "fuzz/relation_compare.h"
#include "fuzz/relation_set.h"
#include "fuzz/relation_steps.h"
#include "golden/dump_writer.h"
#include "golden/golden_file.h"
#include "golden/safetensors_writer.h"
#include "golden/tensor_dump.h"

void assay_relation_case_text(assay_relation_job *job) {
    assay_relation_note(job, assay_fuzz_case_settle(&job->b.c, job->err));
    assay_relation_run_both(job);
    assay_relation_same_results(job);
}

/* ---- a folder: in memory where there is one, for files are synced to where they lie ---- */

typedef struct {
    char path[256]; /* "" where it could not be made */
    char files[2][300];
} scratch_folder;

static scratch_folder make_folder(assay_relation_job *job) {
    const char *base = getenv("TMPDIR"), *fast = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    scratch_folder f;
    snprintf(f.path, sizeof f.path, "%.200s/assay-relation-XXXXXX", base && *base ? base : fast);
    if (!assay_relation_goes_on(job) || !mkdtemp(f.path)) {
        if (assay_relation_goes_on(job))
            assay_relation_note(job, assay_fail(job->err, ASSAY_EINPUT, NULL, "cannot make a folder %s", f.path));
        f.path[0] = 0;
    }
    snprintf(f.files[0], sizeof f.files[0], "%s/0.h5", f.path);
    snprintf(f.files[1], sizeof f.files[1], "%s/1.safetensors", f.path);
    return f;
}

static void remove_folder(const scratch_folder *f) {
    if (!f->path[0]) return;
    unlink(f->files[0]);
    unlink(f->files[1]);
    rmdir(f->path);
}

/* ---- weights ---- */

static assay_status read_weights(assay_tensor_map *out, const char *path, assay_error *err) {
    assay_safetensors file;
    assay_status st = assay_safetensors_open(&file, path, err);
    if (st) return st;
    for (size_t i = 0; !st && i < file.count; i++) {
        assay_tensor t;
        st = assay_safetensors_read(&file, &file.entries[i], file.entries[i].dtype, &t, err);
        if (!st) st = assay_tensor_map_put(out, file.entries[i].name, t, err);
    }
    assay_safetensors_close(&file);
    return st;
}

void assay_relation_weights_file(assay_relation_job *job) {
    scratch_folder f = make_folder(job);
    if (!f.path[0]) return;
    job->edited_weights = assay_tensor_map_create();
    if (!job->edited_weights) assay_relation_note(job, assay_fail_nomem(job->err, "weights"));
    if (!job->status) assay_relation_note(job, assay_safetensors_write(f.files[1], job->weights, NULL, 0, job->err));
    if (!job->status) assay_relation_note(job, read_weights(job->edited_weights, f.files[1], job->err));
    remove_folder(&f);
    job->b.weights = job->edited_weights;
    assay_relation_run_both(job);
    assay_relation_same_results(job);
}

/* ---- dumps ---- */

static assay_status put_all(assay_dump_writer *w, const assay_relation_form *form, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < assay_tensor_map_count(form->results); i++) {
        assay_place place;
        if (assay_place_parse(assay_tensor_map_name(form->results, i), &place))
            st = assay_dump_put(w, &place, assay_tensor_map_at(form->results, i), err);
    }
    for (size_t i = 0; !st && i < form->c.step_count; i++) {
        const char *op = assay_op_name(form->c.steps[i].op);
        if (form->refusals[i].status) st = assay_dump_refused_step(w, (int64_t)i, op, &form->refusals[i], err);
        else st = assay_dump_step(w, (int64_t)i, op, err);
    }
    return st;
}

static assay_status write_hdf5(const char *path, const assay_relation_form *form, assay_error *err) {
    const assay_dump_metadata metadata = {.producer = "assay", .dtype = ASSAY_F32, .config = &form->c.config};
    assay_dump_writer *w;
    assay_status st = assay_dump_create(&w, path, &metadata, err);
    if (st) return st;
    st = put_all(w, form, err);
    if (!st) return assay_dump_commit(w, err);
    assay_dump_discard(w);
    return st;
}

static assay_status read_hdf5(assay_tensor_map *out, const char *path, assay_error *err) {
    assay_golden g;
    assay_status st = assay_golden_open(&g, path, err);
    if (st) return st;
    for (size_t i = 0; !st && i < g.tensor_count; i++) {
        char name[160];
        assay_tensor t;
        st = assay_golden_read(&g, &g.tensors[i], &t, err);
        if (!st) st = assay_tensor_map_put(out, assay_place_path(&g.tensors[i].place, name, sizeof name), t, err);
    }
    assay_golden_close(&g);
    return st;
}

static assay_status read_safetensors(assay_tensor_map *out, const char *path, assay_error *err) {
    assay_tensor_dump dump;
    assay_status st = assay_tensor_dump_open(&dump, path, err);
    if (st) return st;
    for (size_t i = 0; !st && i < assay_tensor_map_count(dump.tensors); i++) {
        assay_tensor t;
        st = assay_tensor_dump_read(&dump, assay_tensor_map_at(dump.tensors, i), &t, err);
        if (!st) st = assay_tensor_map_put(out, assay_tensor_map_name(dump.tensors, i), t, err);
    }
    assay_tensor_dump_close(&dump);
    return st;
}

/* Values are compared by same_results; here the rest of what a file could lose. */
static void same_types(assay_relation_job *job) {
    size_t a = assay_tensor_map_count(job->a.results), b = assay_tensor_map_count(job->b.results);
    if (assay_relation_goes_on(job) && a != b)
        assay_relation_break(job, "there are %zu results, and %zu in the file", a, b);
    for (size_t i = 0; i < a && assay_relation_goes_on(job); i++) {
        const char *name = assay_tensor_map_name(job->a.results, i);
        const assay_tensor *read = assay_tensor_map_get(job->b.results, name);
        assay_dtype dtype = assay_tensor_map_at(job->a.results, i)->dtype;
        if (read && read->dtype != dtype)
            assay_relation_break(job, "%s is %s, and %s in the file", name, assay_dtype_name(dtype),
                                 assay_dtype_name(read->dtype));
    }
}

/* The second form's results become what a file has of them. */
static void compare_file(assay_relation_job *job, const char *path,
                         assay_status (*read)(assay_tensor_map *, const char *, assay_error *)) {
    if (!assay_relation_goes_on(job)) return;
    assay_tensor_map_destroy(job->b.results);
    job->b.results = assay_tensor_map_create();
    if (!job->b.results) assay_relation_note(job, assay_fail_nomem(job->err, "a dump"));
    else assay_relation_note(job, read(job->b.results, path, job->err));
    if (job->status) return;
    same_types(job);
    assay_relation_same_results(job);
}

void assay_relation_dump_file(assay_relation_job *job) {
    assay_relation_run_both(job);
    if (!assay_relation_goes_on(job) || assay_tensor_map_count(job->b.results) == 0) return;
    scratch_folder f = make_folder(job);
    if (!f.path[0]) return;
    assay_relation_note(job, write_hdf5(f.files[0], &job->b, job->err));
    if (!job->status) assay_relation_note(job, assay_safetensors_write(f.files[1], job->b.results, NULL, 0, job->err));
    compare_file(job, f.files[0], read_hdf5);
    compare_file(job, f.files[1], read_safetensors);
    remove_folder(&f);
}
