#include "reports/suite_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/atomic_folder.h"
#include "reports/suite_manifest.h"
#include "reports/suite_readme.h"
#include "reports/suite_tolerances.h"

static assay_status write_manifest(const assay_suite_export *e, assay_error *err) {
    char *path;
    assay_status st = assay_atomic_folder_file(&path, &e->folder, "manifest.json", err);
    if (st) return st;
    st = assay_report_suite_manifest(path, e, err);
    free(path);
    return st;
}

static assay_status write_readme(const assay_suite_export *e, assay_error *err) {
    char *path;
    assay_status st = assay_atomic_folder_file(&path, &e->folder, "README.md", err);
    if (st) return st;
    const char *text = assay_suite_readme();
    st = assay_write_new_file(path, &(assay_bytes){text, strlen(text)}, 1, err);
    free(path);
    return st;
}

static assay_status write_tolerances(const assay_suite_export *e, const assay_suite_case *c, assay_error *err) {
    char *path, *name;
    if (asprintf(&name, "cases/%s/tolerances.json", c->name) < 0) return assay_fail_nomem(err, "a name");
    assay_status st = assay_atomic_folder_file(&path, &e->folder, name, err);
    free(name);
    if (st) return st;
    st = assay_report_suite_tolerances(path, c, err);
    free(path);
    return st;
}

assay_status assay_report_suite_files(const assay_suite_export *e, assay_error *err) {
    assay_status st = write_manifest(e, err);
    if (!st) st = write_readme(e, err);
    for (size_t i = 0; !st && i < e->case_count; i++)
        if (e->cases[i].has_model) st = write_tolerances(e, &e->cases[i], err);
    return st;
}
