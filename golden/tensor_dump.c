#include "golden/tensor_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/stages.h"
#include "golden/json_strict.h"
#include "golden/npy.h"
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

/* Before much is read: a checkpoint, say, was given by mistake. A dump of refusals alone has no tensors. */
static assay_status check_some_step(const assay_tensor_dump *d, bool found, size_t count, assay_error *err) {
    if (found || d->any_names || d->facts.refusals.count || *d->facts.unsupported) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: of its %zu tensors (%s) none has a name like steps/0/logits, so it is no dump; if its names "
                      "are those of another program, --suggest-map finds a mapping",
                      d->path, count, d->is_zip || d->is_folder ? ".npy files" : "names in the header");
}

/* Takes a tensor's type and shape, and leaves its values where they are. */
static assay_status put(assay_tensor_dump *d, const char *name, assay_tensor info, assay_error *err) {
    assay_status st = assay_tensor_map_put(d->tensors, path_of(name), info, err);
    return st ? assay_error_context(st, err, "%s", d->path) : ASSAY_OK;
}

static assay_status list_entries(assay_tensor_dump *d, assay_error *err) {
    const assay_safetensors *file = &d->file;
    bool found = false;
    for (size_t i = 0; i < file->count; i++) found = found || starts_with(path_of(file->entries[i].name), "steps/");
    assay_status st = check_some_step(d, found, file->count, err);
    for (size_t i = 0; i < file->count && !st; i++) {
        const assay_safetensors_entry *e = &file->entries[i];
        st = assay_safetensors_check(file, e, err);
        if (!st) st = put(d, e->name, assay_tensor_view(e->dtype, e->rank, e->shape, NULL), err);
    }
    return st;
}

static assay_status open_safetensors(assay_tensor_dump *d, assay_error *err) {
    assay_status st = assay_safetensors_open(&d->file, d->path, err);
    if (!st) st = read_texts(&d->facts, &d->file, err);
    return st ? st : list_entries(d, err);
}

static assay_status list_file(assay_tensor_dump *d, const char *name, assay_error *err) {
    char *path = assay_npy_folder_path(d->path, name);
    if (!path) return assay_fail_nomem(err, "a name");
    assay_tensor info;
    assay_status st = assay_npy_describe(path, &info, err);
    free(path);
    return st ? st : put(d, name, info, err);
}

static assay_status list_files(assay_tensor_dump *d, const assay_npy_folder *files, assay_error *err) {
    bool found = false;
    for (size_t i = 0; i < files->count; i++) found = found || starts_with(files->names[i], "steps/");
    assay_status st = check_some_step(d, found, files->count, err);
    for (size_t i = 0; i < files->count && !st; i++) st = list_file(d, files->names[i], err);
    return st;
}

static assay_status open_folder(assay_tensor_dump *d, assay_error *err) {
    assay_npy_folder files;
    assay_status st = assay_npy_folder_list(&files, d->path, err);
    if (st) return st;
    st = read_facts_file(&d->facts, d->path, err);
    if (!st) st = list_files(d, &files, err);
    assay_npy_folder_free(&files);
    return st;
}

static assay_status read_zip_entries(assay_tensor_dump *d, const assay_npy_zip *zip, assay_error *err) {
    bool found = false;
    for (size_t i = 0; i < zip->count; i++) found = found || starts_with(zip->entries[i].name, "steps/");
    assay_status st = check_some_step(d, found, zip->count, err);
    for (size_t i = 0; i < zip->count && !st; i++) {
        assay_tensor t;
        st = assay_npy_zip_read(zip, &zip->entries[i], &t, err);
        if (!st) st = put(d, zip->entries[i].name, t, err);
    }
    return st;
}

/* What is deflated cannot be read in ranges: the values are kept. */
static assay_status open_zip(assay_tensor_dump *d, assay_error *err) {
    assay_npy_zip zip;
    assay_status st = assay_npy_zip_open(&zip, d->path, err);
    if (st) return st;
    st = read_facts_entry(&d->facts, &zip, err);
    if (!st) st = read_zip_entries(d, &zip, err);
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

static assay_status begin_dump(assay_tensor_dump *d, const char *path, assay_error *err) {
    d->tensors = assay_tensor_map_create();
    d->path = strdup(path);
    assay_status st = d->tensors && d->path ? ASSAY_OK : assay_fail_nomem(err, path);
    if (!st) st = set_text(&d->facts.producer, "", err);
    return st ? st : set_text(&d->facts.unsupported, "", err);
}

static assay_status open_tensors(assay_tensor_dump *d, assay_error *err) {
    if (d->is_folder) return open_folder(d, err);
    return d->is_zip ? open_zip(d, err) : open_safetensors(d, err);
}

static assay_status open_path(assay_tensor_dump *out, const char *path, bool any_names, assay_error *err) {
    assay_tensor_dump d = {
        .facts = {.dtype = ASSAY_F32}, .any_names = any_names, .is_folder = is_folder(path), .file = {.file.fd = -1}};
    d.is_zip = !d.is_folder && is_zip(path);
    assay_status st = begin_dump(&d, path, err);
    if (!st) st = open_tensors(&d, err);
    if (!st) st = check_refusals(&d, path, err);
    if (!st) st = check_unsupported(&d, path, err);
    if (st) assay_tensor_dump_close(&d);
    else *out = d;
    return st;
}

assay_status assay_tensor_dump_open(assay_tensor_dump *out, const char *path, assay_error *err) {
    return open_path(out, path, false, err);
}

assay_status assay_tensor_dump_open_any(assay_tensor_dump *out, const char *path, assay_error *err) {
    return open_path(out, path, true, err);
}

void assay_tensor_dump_close(assay_tensor_dump *d) {
    assay_tensor_map_destroy(d->tensors);
    assay_dump_refusals_free(&d->facts.refusals);
    free(d->facts.producer);
    free(d->facts.unsupported);
    free(d->path);
    if (d->file.file.path) assay_safetensors_close(&d->file);
    *d = (assay_tensor_dump){.file = {.file.fd = -1}};
}

/* ---- values ---- */

static const assay_safetensors_entry *entry_of(const assay_tensor_dump *d, const assay_tensor *held) {
    const char *name = assay_tensor_map_name_of(held);
    const assay_safetensors_entry *e = assay_safetensors_find(&d->file, name);
    for (size_t i = 0; !e && i < d->file.count; i++) /* it has a leading slash */
        if (strcmp(path_of(d->file.entries[i].name), name) == 0) e = &d->file.entries[i];
    return e;
}

/* Nothing stops a program from writing the file again while it is compared. */
static assay_status check_unchanged(const assay_tensor *held, const assay_tensor *now, const char *path,
                                    assay_error *err) {
    if (held->dtype == now->dtype && assay_tensor_same_shape(held, now)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the array has changed since the dump was opened", path);
}

static assay_status read_file(const char *path, const assay_tensor *held, assay_tensor *out, assay_error *err) {
    assay_tensor t;
    assay_status st = assay_npy_read(path, &t, err);
    if (st) return st;
    st = check_unchanged(held, &t, path, err);
    if (st) assay_tensor_free(&t);
    else *out = t;
    return st;
}

static assay_status locate_file(const char *path, const assay_tensor *held, assay_stored_values *out, bool *found,
                                assay_error *err) {
    assay_status st = assay_npy_locate(path, out, found, err);
    if (st || !*found) return st;
    st = check_unchanged(held, &out->info, path, err);
    if (st) assay_stored_values_close(out);
    return st;
}

assay_status assay_tensor_dump_read(const assay_tensor_dump *d, const assay_tensor *held, assay_tensor *out,
                                    assay_error *err) {
    if (d->is_zip) return assay_tensor_copy(out, held, held->dtype, err);
    if (!d->is_folder) return assay_safetensors_read(&d->file, entry_of(d, held), held->dtype, out, err);
    char *path = assay_npy_folder_path(d->path, assay_tensor_map_name_of(held));
    if (!path) return assay_fail_nomem(err, "a name");
    assay_status st = read_file(path, held, out, err);
    free(path);
    return st;
}

assay_status assay_tensor_dump_locate(const assay_tensor_dump *d, const assay_tensor *held, assay_stored_values *out,
                                      bool *found, assay_error *err) {
    bool is_safetensors = !d->is_folder && !d->is_zip;
    *found = is_safetensors && assay_safetensors_locate(&d->file, entry_of(d, held), out);
    if (!d->is_folder) return ASSAY_OK;
    char *path = assay_npy_folder_path(d->path, assay_tensor_map_name_of(held));
    if (!path) return assay_fail_nomem(err, "a name");
    assay_status st = locate_file(path, held, out, found, err);
    free(path);
    return st;
}
