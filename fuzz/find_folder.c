#include "fuzz/find_folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare/candidate.h"
#include "core/atomic_folder.h"
#include "fuzz/case_copy.h"
#include "fuzz/case_text.h"
#include "fuzz/find_report.h"
#include "fuzz/port_dump.h"
#include "fuzz/work_folder.h"
#include "golden/golden_file.h"
#include "reports/result_json.h"
#include "run/run_dump.h"

/* A folder in the making. */
typedef struct {
    const assay_find_folder_input *in;
    assay_fuzz_find *find;
    assay_atomic_folder folder;
    char path[PATH_MAX];      /* where it will be */
    char candidate[PATH_MAX]; /* the subject's dump in the temporary folder; "" without */
    assay_case test_case;     /* the shrunk one, with its text */
    assay_loaded_model model;
    assay_fuzz_verdict verdict;
    assay_error *err;
} writer;

static void name_folder(assay_fuzz_find *find, uint64_t seed) {
    char stage[80];
    snprintf(stage, sizeof stage, "%s", find->stage);
    for (char *at = stage; *at; at++)
        if (*at == '/' || *at == '.') *at = '-';
    snprintf(find->folder, sizeof find->folder, "%s%s%s-%llu-%lld", assay_fuzz_outcome_name(find->outcome),
             stage[0] ? "-" : "", stage, (unsigned long long)seed, (long long)find->index);
}

/* Only what is a find of an earlier campaign may be replaced. */
static assay_status make_room(writer *w) {
    char path[PATH_MAX + 16];
    if (mkdir(w->in->parent, 0777) && errno != EEXIST)
        return assay_fail(w->err, ASSAY_EINPUT, NULL, "%s: cannot make the folder for finds: %s", w->in->parent,
                          strerror(errno));
    snprintf(path, sizeof path, "%s/report.txt", w->path);
    if (access(path, F_OK) == 0) assay_work_folder_remove(w->path);
    return assay_atomic_folder_begin(&w->folder, w->path, w->err);
}

static assay_status write_file(const writer *w, const char *name, const char *text) {
    char *path;
    assay_status st = assay_atomic_folder_file(&path, &w->folder, name, w->err);
    if (st) return st;
    st = assay_write_new_file(path, &(assay_bytes){text, strlen(text)}, 1, w->err);
    free(path);
    return st;
}

static assay_status write_case(const writer *w, const char *name, const assay_case *c) {
    assay_case named;
    char *text;
    assay_status st = assay_fuzz_case_copy(&named, c, w->err);
    if (st) return st;
    free(named.name);
    named.name = strdup(w->find->folder);
    st = named.name ? assay_fuzz_case_text(&text, &named, w->err) : assay_fail_nomem(w->err, "a case's name");
    assay_case_free(&named);
    if (st) return st;
    st = write_file(w, name, text);
    free(text);
    return st;
}

/* case.json as it will be read from there: digests are of its text. */
static assay_status read_case(writer *w) {
    char *path;
    assay_status st = assay_atomic_folder_file(&path, &w->folder, "case.json", w->err);
    if (st) return st;
    st = assay_case_read(&w->test_case, path, w->err);
    free(path);
    return st ? st : assay_load_case_model(&w->model, &w->test_case, NULL, w->test_case.dtype, w->err);
}

static assay_status write_golden(const writer *w) {
    char *path;
    assay_status st = assay_atomic_folder_file(&path, &w->folder, "golden.h5", w->err);
    if (st) return st;
    st = assay_run_to_dump(&w->model, &w->test_case, path, w->model.dtype, ASSAY_DUMP_ALL, w->err);
    free(path);
    return st;
}

/* The subject runs it once more, and leaves its dump here. */
static assay_status run_subject(writer *w) {
    char *dump;
    assay_status st = assay_atomic_folder_file(&dump, &w->folder, "candidate", w->err);
    if (st) return st;
    st = assay_fuzz_check_keeping(&w->verdict, &w->test_case, w->in->subject, dump, w->err);
    if (!st) assay_port_dump_find(dump, w->candidate);
    free(dump);
    return st;
}

static assay_status write_result(writer *w) {
    if (!w->verdict.has_result) return ASSAY_OK;
    assay_result result = {0};
    char *text;
    w->verdict.has_result = false; /* the result takes it over */
    assay_status st = assay_result_add_case(&result, &w->verdict.result, w->err);
    if (!st) st = assay_report_json_text(&text, &result, w->err);
    if (!st) {
        st = write_file(w, "result.json", text);
        free(text);
    }
    assay_result_free(&result);
    return st;
}

static assay_status write_report(writer *w) {
    char *golden, *text;
    assay_status st = assay_atomic_folder_file(&golden, &w->folder, "golden.h5", w->err);
    if (st) return st;
    const assay_find_report_input in = {.folder = w->path,
                                        .golden = golden,
                                        .candidate = w->candidate,
                                        .subject = w->in->subject,
                                        .verdict = &w->verdict,
                                        .seed = w->in->seed};
    st = assay_find_report(&text, &in, w->find, w->err);
    free(golden);
    if (st) return st;
    st = write_file(w, "report.txt", text);
    free(text);
    return st;
}

static assay_status fill(writer *w) {
    assay_status st = write_case(w, "case.json", w->in->shrunk);
    if (!st) st = write_case(w, "found.json", w->in->found);
    if (!st) st = read_case(w);
    if (!st) st = write_golden(w);
    if (!st) st = run_subject(w);
    if (!st && w->verdict.answer.stderr_tail[0]) st = write_file(w, "stderr.txt", w->verdict.answer.stderr_tail);
    if (!st) st = write_report(w);
    return st ? st : write_result(w);
}

assay_status assay_find_folder_write(const assay_find_folder_input *in, assay_fuzz_find *find, assay_error *err) {
    writer w = {.in = in, .find = find, .err = err};
    name_folder(find, in->seed);
    if (snprintf(w.path, sizeof w.path, "%s/%s", in->parent, find->folder) >= (int)sizeof w.path)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%.200s...: the name of the folder is too long", in->parent);
    assay_status st = make_room(&w);
    if (st) return st;
    st = fill(&w);
    assay_fuzz_verdict_release(&w.verdict, in->subject);
    assay_loaded_model_free(&w.model);
    assay_case_free(&w.test_case);
    if (!st) return assay_atomic_folder_commit(&w.folder, err);
    assay_atomic_folder_discard(&w.folder);
    return st;
}
