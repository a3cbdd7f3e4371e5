#include "golden/tensor_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/stages.h"
#include "golden/json_strict.h"
#include "golden/npy_folder.h"
#include "golden/npy_zip.h"
#include "golden/safetensors.h"
#include "golden/text_file.h"

#define FACTS_FILE "dump.json"
#define MAX_FACTS_NBYTES ((size_t)1 << 20)

static bool starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool ends_with(const char *path, const char *suffix) {
    size_t length = strlen(path), n = strlen(suffix);
    return length > n && strcmp(path + length - n, suffix) == 0;
}

static bool is_zip(const char *path) { return ends_with(path, ".zip") || ends_with(path, ".npz"); }

bool assay_tensor_dump_is_at(const char *path) {
    return ends_with(path, ".safetensors") || is_zip(path) || is_folder(path);
}

/* ---- facts ---- */

static assay_status set_text(char **target, const char *text, assay_error *err) {
    char *copy = strdup(text);
    if (!copy) return assay_fail_nomem(err, "a text");
    free(*target);
    *target = copy;
    return ASSAY_OK;
}

static assay_status set_unsupported(assay_tensor_dump_facts *f, const char *text, const char *where, assay_error *err) {
    if (*text) return set_text(&f->unsupported, text, err);
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: unsupported is empty; it says why the port cannot run the case",
                      where);
}

static assay_status set_dtype(assay_tensor_dump_facts *f, const char *text, const char *where, assay_error *err) {
    if (!*text) return ASSAY_OK;
    f->has_dtype = assay_dtype_from_name(text, &f->dtype) && assay_dtype_is_float(f->dtype);
    if (f->has_dtype) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: dtype is '%.40s'; it must be float32, float64, bfloat16 or float16",
                      where, text);
}

static assay_status check_format(const char *text, const char *where, assay_error *err) {
    if (strcmp(text, "assay-dump/1") == 0) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: format is '%.40s'; of such a dump this program reads assay-dump/1",
                      where, text);
}

static assay_status set_refusals(assay_tensor_dump_facts *f, const char *text, const char *where, assay_error *err) {
    char refused[512];
    if (!*text) return ASSAY_OK;
    snprintf(refused, sizeof refused, "%.480s: refused", where);
    assay_dump_refusals_free(&f->refusals);
    return assay_dump_refusals_parse(&f->refusals, text, refused, err);
}

/* Sets the fact that a text is; one with another key does not count. */
static assay_status set_fact(assay_tensor_dump_facts *f, const assay_safetensors_text *text, const char *where,
                             assay_error *err) {
    const struct {
        const char *key;
        char *digest;
        size_t nbytes;
    } digests[] = {{"case_sha256", f->case_sha256, sizeof f->case_sha256},
                   {"config_sha256", f->config_sha256, sizeof f->config_sha256},
                   {"weights_xxh128", f->weights_xxh128, sizeof f->weights_xxh128}};
    if (strcmp(text->key, "producer") == 0) return set_text(&f->producer, text->value, err);
    if (strcmp(text->key, "unsupported") == 0) return set_unsupported(f, text->value, where, err);
    if (strcmp(text->key, "dtype") == 0) return set_dtype(f, text->value, where, err);
    if (strcmp(text->key, "refused") == 0) return set_refusals(f, text->value, where, err);
    for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
        if (strcmp(text->key, digests[i].key) != 0 || !*text->value) continue;
        if (!assay_is_digest(text->value, digests[i].nbytes - 1))
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s is not %zu lower-case hexadecimal digits", where,
                              text->key, digests[i].nbytes - 1);
        memcpy(digests[i].digest, text->value, digests[i].nbytes);
    }
    return ASSAY_OK;
}

static assay_status read_members(assay_tensor_dump_facts *f, const cJSON *object, const char *where, assay_error *err) {
    enum { refused = 7 }; /* the key that is no text */
    static const char *const keys[] = {"format",         "producer",    "dtype",   "case_sha256", "config_sha256",
                                       "weights_xxh128", "unsupported", "refused", NULL};
    char list[512];
    snprintf(list, sizeof list, "%.480s: refused", where);
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    const cJSON *refusals = st ? NULL : assay_json_member(object, keys[refused]);
    if (refusals) st = assay_dump_refusals_read(&f->refusals, refusals, list, err);
    for (int i = 0; i < refused && !st; i++) {
        assay_safetensors_text text = {keys[i], NULL};
        st = assay_json_get_string(object, keys[i], where, &text.value, err);
        if (st || !text.value) continue;
        st = i == 0 ? check_format(text.value, where, err) : set_fact(f, &text, where, err);
    }
    return st;
}

/* The text of dump.json; `where` names it. */
static assay_status read_facts_text(assay_tensor_dump_facts *f, const char *text, size_t nbytes, const char *where,
                                    assay_error *err) {
    cJSON *object;
    assay_status st = assay_json_parse(&object, text, nbytes, where, err);
    if (st) return st;
    st = read_members(f, object, where, err);
    cJSON_Delete(object);
    return st;
}

/* dump.json, when the folder has it. */
static assay_status read_facts_file(assay_tensor_dump_facts *f, const char *dir, assay_error *err) {
    char *path, *text;
    size_t nbytes;
    struct stat info;
    if (asprintf(&path, "%s/" FACTS_FILE, dir) < 0) return assay_fail_nomem(err, "a name");
    if (lstat(path, &info) != 0) { /* what is there and cannot be read is an error */
        free(path);
        return ASSAY_OK;
    }
    assay_status st = assay_text_file_read(path, MAX_FACTS_NBYTES, &text, &nbytes, err);
    if (!st) {
        st = read_facts_text(f, text, nbytes, path, err);
        free(text);
    }
    free(path);
    return st;
}

/* dump.json, when the archive has it. */
static assay_status read_facts_entry(assay_tensor_dump_facts *f, const assay_npy_zip *zip, assay_error *err) {
    char *text, where[512];
    size_t nbytes;
    snprintf(where, sizeof where, "%.400s: " FACTS_FILE, zip->path);
    assay_status st = assay_npy_zip_read_text(zip, FACTS_FILE, MAX_FACTS_NBYTES, &text, &nbytes, err);
    if (st || !text) return st;
    st = read_facts_text(f, text, nbytes, where, err);
    free(text);
    return st;
}

/* Other programs have a `format` of their own ("pt"). */
static assay_status read_texts(assay_tensor_dump_facts *f, const assay_safetensors *file, assay_error *err) {
    char where[512];
    snprintf(where, sizeof where, "%.400s: " ASSAY_SAFETENSORS_METADATA, file->file.path);
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < file->text_count && !st; i++) {
        const assay_safetensors_text *text = &file->texts[i];
        bool is_format = strcmp(text->key, "format") == 0 && starts_with(text->value, "assay-");
        st = is_format ? check_format(text->value, where, err) : set_fact(f, text, where, err);
    }
    return st;
}

/* ---- tensors ---- */

/* The path that a name means. */
static const char *path_of(const char *name) { return *name == '/' ? name + 1 : name; }

/* A dump while it is read. */
typedef struct {
    assay_tensor_dump dump;
    const char *path;
    bool any_names; /* tensors need not be called as stages are */
} reading;

/* Before much is read: a checkpoint, say, was given by mistake. A dump of refusals alone has no tensors. */
static assay_status check_some_step(const reading *r, bool found, size_t count, assay_error *err) {
    if (found || r->any_names || r->dump.facts.refusals.count || *r->dump.facts.unsupported) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: of its %zu tensors (%s) none has a name like steps/0/logits, so it is no dump; if its names "
                      "are those of another program, --suggest-map finds a mapping",
                      r->path, count, is_zip(r->path) || is_folder(r->path) ? ".npy files" : "names in the header");
}

static assay_status put(const reading *r, const char *name, assay_tensor owned, assay_error *err) {
    assay_status st = assay_tensor_map_put(r->dump.tensors, path_of(name), owned, err);
    return st ? assay_error_context(st, err, "%s", r->path) : ASSAY_OK;
}

static assay_status read_entries(const reading *r, const assay_safetensors *file, assay_error *err) {
    bool found = false;
    for (size_t i = 0; i < file->count; i++) found = found || starts_with(path_of(file->entries[i].name), "steps/");
    assay_status st = check_some_step(r, found, file->count, err);
    for (size_t i = 0; i < file->count && !st; i++) {
        const assay_safetensors_entry *e = &file->entries[i];
        assay_tensor t;
        st = assay_safetensors_read(file, e, e->dtype, &t, err);
        if (!st) st = put(r, e->name, t, err);
    }
    return st;
}

static assay_status read_safetensors(reading *r, assay_error *err) {
    assay_safetensors file;
    assay_status st = assay_safetensors_open(&file, r->path, err);
    if (st) return st;
    st = read_texts(&r->dump.facts, &file, err);
    if (!st) st = read_entries(r, &file, err);
    assay_safetensors_close(&file);
    return st;
}

static assay_status read_files(const reading *r, const assay_npy_folder *files, assay_error *err) {
    bool found = false;
    for (size_t i = 0; i < files->count; i++) found = found || starts_with(files->names[i], "steps/");
    assay_status st = check_some_step(r, found, files->count, err);
    for (size_t i = 0; i < files->count && !st; i++) {
        assay_tensor t;
        st = assay_npy_folder_read(r->path, files->names[i], &t, err);
        if (!st) st = put(r, files->names[i], t, err);
    }
    return st;
}

static assay_status read_folder(reading *r, assay_error *err) {
    assay_npy_folder files;
    assay_status st = assay_npy_folder_list(&files, r->path, err);
    if (st) return st;
    st = read_facts_file(&r->dump.facts, r->path, err);
    if (!st) st = read_files(r, &files, err);
    assay_npy_folder_free(&files);
    return st;
}

static assay_status read_zip_entries(const reading *r, const assay_npy_zip *zip, assay_error *err) {
    bool found = false;
    for (size_t i = 0; i < zip->count; i++) found = found || starts_with(zip->entries[i].name, "steps/");
    assay_status st = check_some_step(r, found, zip->count, err);
    for (size_t i = 0; i < zip->count && !st; i++) {
        assay_tensor t;
        st = assay_npy_zip_read(zip, &zip->entries[i], &t, err);
        if (!st) st = put(r, zip->entries[i].name, t, err);
    }
    return st;
}

static assay_status read_zip(reading *r, assay_error *err) {
    assay_npy_zip zip;
    assay_status st = assay_npy_zip_open(&zip, r->path, err);
    if (st) return st;
    st = read_facts_entry(&r->dump.facts, &zip, err);
    if (!st) st = read_zip_entries(r, &zip, err);
    assay_npy_zip_close(&zip);
    return st;
}

/* A step was refused or has tensors. */
static assay_status check_refusals(const assay_tensor_dump *d, const char *path, assay_error *err) {
    for (size_t i = 0; i < assay_tensor_map_count(d->tensors) && d->facts.refusals.count; i++) {
        const char *name = assay_tensor_map_name(d->tensors, i);
        assay_place place;
        if (assay_place_parse(name, &place) && assay_dump_refusals_have(&d->facts.refusals, place.step))
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: step %lld is refused and has tensors (%s)", path,
                              (long long)place.step, name);
    }
    return ASSAY_OK;
}

/* A port that cannot run a case has nothing to show of it. */
static assay_status check_unsupported(const assay_tensor_dump *d, const char *path, assay_error *err) {
    if (!*d->facts.unsupported) return ASSAY_OK;
    if (assay_tensor_map_count(d->tensors))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: says that the case is unsupported and has tensors (%s)", path,
                          assay_tensor_map_name(d->tensors, 0));
    if (d->facts.refusals.count)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: says that the case is unsupported and that step %lld is refused", path,
                          (long long)d->facts.refusals.items[0].step);
    return ASSAY_OK;
}

static assay_status read_dump(reading *r, assay_error *err) {
    if (is_folder(r->path)) return read_folder(r, err);
    return is_zip(r->path) ? read_zip(r, err) : read_safetensors(r, err);
}

static assay_status read_path(assay_tensor_dump *out, const char *path, bool any_names, assay_error *err) {
    reading r = {.dump = {.tensors = assay_tensor_map_create(), .facts = {.dtype = ASSAY_F32}},
                 .path = path,
                 .any_names = any_names};
    assay_status st = r.dump.tensors ? set_text(&r.dump.facts.producer, "", err) : assay_fail_nomem(err, path);
    if (!st) st = set_text(&r.dump.facts.unsupported, "", err);
    if (!st) st = read_dump(&r, err);
    if (!st) st = check_refusals(&r.dump, path, err);
    if (!st) st = check_unsupported(&r.dump, path, err);
    if (st) assay_tensor_dump_free(&r.dump);
    else *out = r.dump;
    return st;
}

assay_status assay_tensor_dump_read(assay_tensor_dump *out, const char *path, assay_error *err) {
    return read_path(out, path, false, err);
}

assay_status assay_tensor_dump_read_any(assay_tensor_dump *out, const char *path, assay_error *err) {
    return read_path(out, path, true, err);
}

void assay_tensor_dump_free(assay_tensor_dump *d) {
    assay_tensor_map_destroy(d->tensors);
    assay_dump_refusals_free(&d->facts.refusals);
    free(d->facts.producer);
    free(d->facts.unsupported);
    *d = (assay_tensor_dump){0};
}
