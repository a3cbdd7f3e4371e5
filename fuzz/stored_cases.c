#include "fuzz/stored_cases.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/atomic_file.h"
#include "golden/text_file.h"

#define MAX_NBYTES ((size_t)1 << 30)

static bool is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* The case of a find: <path>/case.json where that is there. NULL where not, or when out of memory. */
static char *case_of_find(const char *path) {
    char *file;
    if (asprintf(&file, "%s/case.json", path) < 0) return NULL;
    if (access(file, F_OK) == 0) return file;
    free(file);
    return NULL;
}

/* Takes over `owned`. */
static assay_status add_path(assay_stored_cases *cases, char *owned, assay_error *err) {
    char **paths = realloc(cases->paths, (cases->count + 1) * sizeof *paths);
    if (paths) cases->paths = paths;
    if (!paths || !owned) {
        free(owned);
        return assay_fail_nomem(err, "a list of cases");
    }
    cases->paths[cases->count++] = owned;
    return ASSAY_OK;
}

static bool ends_with(const char *name, const char *suffix) {
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

static assay_status add_entry(assay_stored_cases *cases, const char *folder, const char *name, assay_error *err) {
    char *path;
    if (name[0] == '.') return ASSAY_OK;
    if (asprintf(&path, "%s/%s", folder, name) < 0) return assay_fail_nomem(err, "a path");
    if (!is_folder(path)) {
        if (ends_with(name, ".json")) return add_path(cases, path, err);
        free(path);
        return ASSAY_OK;
    }
    char *file = case_of_find(path);
    free(path);
    return file ? add_path(cases, file, err) : ASSAY_OK;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static assay_status list_folder(assay_stored_cases *cases, const char *path, assay_error *err) {
    DIR *folder = opendir(path);
    if (!folder) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be read: %s", path, strerror(errno));
    assay_status st = ASSAY_OK;
    for (struct dirent *entry; !st && (entry = readdir(folder));) st = add_entry(cases, path, entry->d_name, err);
    closedir(folder);
    if (!st && cases->count == 0)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: holds neither case files (*.json) nor finds of 'assay fuzz'",
                        path);
    if (!st) qsort(cases->paths, cases->count, sizeof *cases->paths, by_name);
    return st;
}

assay_status assay_stored_cases_list(assay_stored_cases *out, const char *path, assay_error *err) {
    assay_stored_cases cases = {0};
    if (access(path, R_OK) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be read: %s", path, strerror(errno));
    char *find = case_of_find(path);
    assay_status st = find              ? add_path(&cases, find, err)
                      : is_folder(path) ? list_folder(&cases, path, err)
                                        : add_path(&cases, strdup(path), err);
    if (st) assay_stored_cases_free(&cases);
    else *out = cases;
    return st;
}

void assay_stored_cases_free(assay_stored_cases *cases) {
    for (size_t i = 0; i < cases->count; i++) free(cases->paths[i]);
    free(cases->paths);
    *cases = (assay_stored_cases){0};
}

/* ---- adopting ---- */

/* A file name of a case's name: letters, digits, '-', '_' and '.'; anything else becomes '-'. */
static char *file_for(const char *folder, const char *name) {
    char *path, *clean = strdup(name[0] ? name : "case");
    if (!clean) return NULL;
    for (char *at = clean; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("-_.", *at)) *at = '-';
    if (clean[0] == '.') clean[0] = '-';
    int n = asprintf(&path, "%s/%.200s.json", folder, clean);
    free(clean);
    return n < 0 ? NULL : path;
}

static assay_status write_case(const char *path, const assay_case *c, assay_error *err) {
    char *text;
    size_t nbytes;
    if (access(path, F_OK) != 0) return assay_write_file_atomically(path, c->text, c->text_nbytes, err);
    assay_status st = assay_text_file_read(path, MAX_NBYTES, &text, &nbytes, err);
    if (st) return st;
    bool same = nbytes == c->text_nbytes && memcmp(text, c->text, nbytes) == 0;
    free(text);
    return same ? ASSAY_OK
                : assay_fail(err, ASSAY_EINPUT, NULL,
                             "%s: is there already, and is another case; rename one of the two", path);
}

static assay_status adopt(char **written, const assay_case *c, const char *folder, assay_error *err) {
    if (mkdir(folder, 0777) && errno != EEXIST)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot make the folder: %s", folder, strerror(errno));
    char *path = file_for(folder, c->name);
    if (!path) return assay_fail_nomem(err, "a path");
    assay_status st = write_case(path, c, err);
    if (st) free(path);
    else *written = path;
    return st;
}

assay_status assay_stored_cases_adopt(char **written, const char *find, const char *folder, assay_error *err) {
    assay_case c;
    char *path = case_of_find(find);
    if (!path && is_folder(find))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is no find of 'assay fuzz': it has no case.json", find);
    assay_status st = assay_case_read(&c, path ? path : find, err);
    free(path);
    if (st) return st;
    st = adopt(written, &c, folder, err);
    assay_case_free(&c);
    return st;
}
