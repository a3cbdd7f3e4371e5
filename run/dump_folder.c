#include "run/dump_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Length of the name of the case of a directory entry; 0 when it is no dump. */
static size_t case_length(const char *entry, const char *path) {
    static const char *const suffixes[] = {".h5", ".safetensors", ".zip", ".npz"};
    struct stat info;
    if (entry[0] == '.') return 0;
    size_t length = strlen(entry);
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return length;
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(suffixes[i]);
        if (length > n && strcmp(entry + length - n, suffixes[i]) == 0) return length - n;
    }
    return 0;
}

/* Takes over `path`. */
static assay_status add(assay_dump_folder *f, const char *entry, char *path, assay_error *err) {
    size_t length = case_length(entry, path);
    if (length == 0) {
        free(path);
        return ASSAY_OK;
    }
    assay_dump_entry *grown = realloc(f->entries, (f->count + 1) * sizeof *grown);
    char *name = strndup(entry, length);
    if (grown) f->entries = grown;
    if (!grown || !name) {
        free(path);
        free(name);
        return assay_fail_nomem(err, "a list of dumps");
    }
    f->entries[f->count++] = (assay_dump_entry){name, path, false};
    return ASSAY_OK;
}

static assay_status add_all(assay_dump_folder *f, DIR *dir, const char *folder, assay_error *err) {
    assay_status st = ASSAY_OK;
    while (!st) {
        char *path;
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry && errno)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be listed: %s", folder, strerror(errno));
        if (!entry) return ASSAY_OK;
        if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0) return assay_fail_nomem(err, "a name");
        st = add(f, entry->d_name, path, err);
    }
    return st;
}

static int compare_entries(const void *a, const void *b) {
    const assay_dump_entry *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->path, y->path);
}

assay_status assay_dump_folder_list(assay_dump_folder *out, const char *folder, assay_error *err) {
    DIR *dir = opendir(folder);
    if (!dir)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot open the folder of dumps: %s", folder, strerror(errno));
    assay_dump_folder f = {0};
    assay_status st = add_all(&f, dir, folder, err);
    closedir(dir);
    if (f.count) qsort(f.entries, f.count, sizeof *f.entries, compare_entries);
    if (st) assay_dump_folder_free(&f);
    else *out = f;
    return st;
}

const assay_dump_entry *assay_dump_folder_find(assay_dump_folder *folder, const char *name, size_t *count) {
    const assay_dump_entry *first = NULL;
    *count = 0;
    for (size_t i = 0; i < folder->count; i++) {
        assay_dump_entry *e = &folder->entries[i];
        if (strcmp(e->name, name) != 0) continue;
        if (!first) first = e;
        e->matched = true;
        ++*count;
    }
    return first;
}

void assay_dump_folder_free(assay_dump_folder *folder) {
    for (size_t i = 0; i < folder->count; i++) {
        free(folder->entries[i].name);
        free(folder->entries[i].path);
    }
    free(folder->entries);
    *folder = (assay_dump_folder){0};
}
