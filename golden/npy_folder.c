#include "golden/npy_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "golden/npy.h"

#define SUFFIX ".npy"

/* The list while it is made. */
typedef struct {
    const char *dir;
    assay_npy_folder list;
    size_t capacity;
    assay_error *err;
} walk;

static assay_status walk_folder(walk *w, const char *below, int depth);

static bool has_suffix(const char *name) {
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    return length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
}

/* Takes over `name`. */
static assay_status add_name(walk *w, char *name) {
    if (w->list.count == w->capacity) {
        size_t capacity = w->capacity ? 2 * w->capacity : 64;
        char **grown = realloc(w->list.names, capacity * sizeof *grown);
        if (!grown) {
            free(name);
            return assay_fail_nomem(w->err, "a list of tensors");
        }
        w->list.names = grown;
        w->capacity = capacity;
    }
    w->list.names[w->list.count++] = name;
    return ASSAY_OK;
}

static assay_status fail_open(const walk *w, const char *path) {
    return assay_fail(w->err, ASSAY_EINPUT, NULL, "%s: cannot open: %s", path, strerror(errno));
}

/* One entry of the folder `below`; `path` is where it is. */
static assay_status visit(walk *w, const char *below, const char *entry, const char *path, int depth) {
    struct stat info;
    if (stat(path, &info) != 0) return fail_open(w, path);
    bool is_folder = S_ISDIR(info.st_mode);
    if (!is_folder && !has_suffix(entry)) return ASSAY_OK;
    char *name;
    size_t kept = strlen(entry) - (is_folder ? 0 : strlen(SUFFIX));
    if (asprintf(&name, "%s%s%.*s", below, *below ? "/" : "", (int)kept, entry) < 0)
        return assay_fail_nomem(w->err, "a name");
    if (!is_folder) return add_name(w, name);
    assay_status st = walk_folder(w, name, depth + 1);
    free(name);
    return st;
}

static assay_status visit_all(walk *w, DIR *dir, const char *below, const char *folder, int depth) {
    assay_status st = ASSAY_OK;
    while (!st) {
        char *path;
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry) return errno ? fail_open(w, folder) : ASSAY_OK;
        if (entry->d_name[0] == '.') continue;
        if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) return assay_fail_nomem(w->err, "a name");
        st = visit(w, below, entry->d_name, path, depth);
        free(path);
    }
    return st;
}

/* Lists what is in the folder `below` w->dir ("" is w->dir itself) and below that. */
static assay_status walk_folder(walk *w, const char *below, int depth) {
    char *folder;
    if (depth > ASSAY_NPY_FOLDER_MAX_DEPTH)
        return assay_fail(w->err, ASSAY_EINPUT, NULL,
                          "%s: folders are nested more than %d deep; does a link lead back to one above?", w->dir,
                          ASSAY_NPY_FOLDER_MAX_DEPTH);
    if (asprintf(&folder, "%s%s%s", w->dir, *below ? "/" : "", below) < 0) return assay_fail_nomem(w->err, "a name");
    DIR *dir = opendir(folder);
    assay_status st = dir ? visit_all(w, dir, below, folder, depth) : fail_open(w, folder);
    if (dir) closedir(dir);
    free(folder);
    return st;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

assay_status assay_npy_folder_list(assay_npy_folder *out, const char *dir, assay_error *err) {
    walk w = {.dir = dir, .err = err};
    assay_status st = walk_folder(&w, "", 0);
    if (st) {
        assay_npy_folder_free(&w.list);
        return st;
    }
    if (w.list.count) qsort(w.list.names, w.list.count, sizeof *w.list.names, compare_names);
    *out = w.list;
    return ASSAY_OK;
}

void assay_npy_folder_free(assay_npy_folder *folder) {
    for (size_t i = 0; i < folder->count; i++) free(folder->names[i]);
    free(folder->names);
    *folder = (assay_npy_folder){0};
}

char *assay_npy_folder_path(const char *dir, const char *name) {
    char *path;
    return asprintf(&path, "%s/%s" SUFFIX, dir, name) < 0 ? NULL : path;
}

assay_status assay_npy_folder_read(const char *dir, const char *name, assay_tensor *out, assay_error *err) {
    char *path = assay_npy_folder_path(dir, name);
    if (!path) return assay_fail_nomem(err, "a name");
    assay_status st = assay_npy_read(path, out, err);
    free(path);
    return st;
}
