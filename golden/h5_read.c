/* The reader of golden/h5_file.h. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "golden/h5_internal.h"

#define MAX_TEXT_NBYTES ((size_t)1 << 30)
#define MAX_ATTR_COUNT 16777216

/* gzip makes at most 1032 bytes of one. What a file claims beyond that (and a little, for fill values that are stored
 * nowhere) cannot be in it. */
#define MAX_EXPANSION 1032
#define FREE_NBYTES ((uint64_t)64 << 20)

struct assay_h5 {
    hid_t id;
    char *path;
    uint64_t nbytes;   /* of the file */
    int fd;            /* HDF5's own; -1 when it does not read through one */
    char found[256];   /* the path that was last found to exist: datasets are opened group by group */
    hid_t object;      /* open, or H5I_INVALID_HID: the one whose attributes were last asked for */
    char *object_path; /* its path */
};

/* ---- opening ---- */

static assay_status check_file(const char *path, uint64_t *nbytes, assay_error *err) {
    struct stat info;
    if (stat(path, &info) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: not a regular file", path);
    htri_t is_hdf5 = H5Fis_hdf5(path);
    if (is_hdf5 < 0) return assay_h5_fail(path, "cannot open", "the file", err);
    if (is_hdf5 == 0) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: not an HDF5 file", path);
    *nbytes = (uint64_t)info.st_size;
    return ASSAY_OK;
}

/* The descriptor through which HDF5 reads: what is read through it is the same file, whatever happens to its name. */
static int descriptor_of(hid_t file) {
    hid_t access = H5Fget_access_plist(file);
    void *handle = NULL;
    bool plain = access >= 0 && H5Pget_driver(access) == H5FD_SEC2 && H5Fget_vfd_handle(file, access, &handle) >= 0;
    H5Pclose(access);
    return plain && handle ? *(int *)handle : -1;
}

assay_status assay_h5_open(assay_h5 **out, const char *path, assay_error *err) {
    assay_h5_quiet();
    uint64_t nbytes = 0;
    assay_status st = check_file(path, &nbytes, err);
    if (st) return st;
    assay_h5 *file = calloc(1, sizeof *file);
    if (file) file->path = strdup(path);
    if (!file || !file->path) {
        free(file);
        return assay_fail_nomem(err, path);
    }
    file->nbytes = nbytes;
    file->object = H5I_INVALID_HID;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access >= 0) H5Pset_file_locking(access, false, true);
    file->id = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (file->id < 0) {
        st = assay_h5_fail(path, "cannot open", "as HDF5; it may be truncated or damaged", err);
        free(file->path);
        free(file);
        file = NULL;
    }
    H5Pclose(access);
    if (!st) file->fd = descriptor_of(file->id);
    if (!st) *out = file;
    return st;
}

static void close_object(assay_h5 *file) {
    if (file->object >= 0) H5Oclose(file->object);
    free(file->object_path);
    file->object = H5I_INVALID_HID;
    file->object_path = NULL;
}

void assay_h5_close(assay_h5 *file) {
    if (!file) return;
    assay_h5_quiet();
    close_object(file);
    H5Fclose(file->id);
    free(file->path);
    free(file);
}

const char *assay_h5_path(const assay_h5 *file) { return file->path; }
hid_t assay_h5_id(const assay_h5 *file) { return file->id; }

bool assay_h5_exists(assay_h5 *file, const char *path) {
    assay_h5_quiet();
    return assay_h5_path_exists(file->id, path, 0);
}

/* ---- datasets ---- */

typedef struct {
    hid_t dataset, type, space;
} open_dataset;

static void close_dataset(open_dataset *d) {
    H5Sclose(d->space);
    H5Tclose(d->type);
    H5Dclose(d->dataset);
}

/* How much of the path, up to a slash, is that of what was last found. */
static size_t known_part(const assay_h5 *file, const char *path) {
    size_t known = 0;
    for (size_t i = 0; path[i] && path[i] == file->found[i]; i++)
        if (path[i] == '/') known = i;
    return known;
}

static void remember(assay_h5 *file, const char *path) {
    if (strlen(path) < sizeof file->found) strcpy(file->found, path);
}

static assay_status open_at(assay_h5 *file, const char *path, open_dataset *d, assay_error *err) {
    assay_h5_quiet();
    if (!assay_h5_path_exists(file->id, path, known_part(file, path)))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: there is no %s", file->path, path);
    remember(file, path);
    d->dataset = H5Dopen2(file->id, path, H5P_DEFAULT);
    if (d->dataset < 0) return assay_h5_fail(file->path, "cannot open the dataset", path, err);
    d->type = H5Dget_type(d->dataset);
    d->space = H5Dget_space(d->dataset);
    if (d->type >= 0 && d->space >= 0) return ASSAY_OK;
    assay_status st = assay_h5_fail(file->path, "cannot open the dataset", path, err);
    close_dataset(d);
    return st;
}

/* The shape of a dataspace. False when its rank is above ASSAY_MAX_RANK, or a size is too large for int64_t. */
static bool shape_of(hid_t space, assay_tensor *t) {
    if (H5Sget_simple_extent_type(space) == H5S_NULL) {
        t->rank = 1;
        t->shape[0] = 0;
        return true;
    }
    hsize_t shape[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > ASSAY_MAX_RANK || H5Sget_simple_extent_dims(space, shape, NULL) < 0) return false;
    t->rank = rank;
    for (int i = 0; i < rank; i++) {
        if (shape[i] > INT64_MAX) return false;
        t->shape[i] = (int64_t)shape[i];
    }
    return true;
}

static assay_status describe(const assay_h5 *file, const char *path, const open_dataset *d, assay_tensor *out,
                             assay_error *err) {
    assay_tensor t = {.data = NULL};
    if (!assay_h5_dtype_of(d->type, &t.dtype))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s does not hold numbers", file->path, path);
    if (!shape_of(d->space, &t) || assay_tensor_count(&t) < 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s has a rank above %d or a shape that is too large",
                          file->path, path, ASSAY_MAX_RANK);
    *out = t;
    return ASSAY_OK;
}

/* Refuses what reaches outside the file, and sizes that the file cannot hold: memory is taken only for the rest. */
static assay_status check_storage(const assay_h5 *file, const char *path, const open_dataset *d, const assay_tensor *t,
                                  assay_error *err) {
    hid_t properties = H5Dget_create_plist(d->dataset);
    bool elsewhere =
        properties < 0 || H5Pget_external_count(properties) != 0 || H5Pget_layout(properties) == H5D_VIRTUAL;
    bool contiguous = properties >= 0 && H5Pget_layout(properties) == H5D_CONTIGUOUS;
    H5Pclose(properties);
    if (elsewhere)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s keeps its data in other files; store it in this one",
                          file->path, path);
    uint64_t claimed = (uint64_t)assay_tensor_count(t) * H5Tget_size(d->type);
    uint64_t possible = contiguous ? file->nbytes : file->nbytes * MAX_EXPANSION;
    if (claimed <= FREE_NBYTES || claimed <= possible) return ASSAY_OK;
    char shape[128];
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s claims the shape %s, more than a file of %llu bytes can hold",
                      file->path, path, assay_tensor_shape_text(t, shape, sizeof shape),
                      (unsigned long long)file->nbytes);
}

static assay_status read_values(const assay_h5 *file, const char *path, const open_dataset *d, assay_tensor *t,
                                assay_error *err) {
    assay_status st = check_storage(file, path, d, t, err);
    if (!st) st = assay_tensor_alloc(t, t->dtype, t->rank, t->shape, path, err);
    if (st || assay_tensor_count(t) == 0) return st;
    hid_t memory_type = assay_h5_memory_type(t->dtype);
    if (memory_type < 0 || H5Dread(d->dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->data) < 0) {
        st = assay_h5_fail(file->path, "cannot read", path, err);
        assay_tensor_free(t);
    }
    H5Tclose(memory_type);
    return st;
}

assay_status assay_h5_describe(assay_h5 *file, const char *path, assay_tensor *out, assay_error *err) {
    open_dataset d;
    assay_status st = open_at(file, path, &d, err);
    if (st) return st;
    st = describe(file, path, &d, out, err);
    close_dataset(&d);
    return st;
}

assay_status assay_h5_read(assay_h5 *file, const char *path, assay_tensor *out, assay_error *err) {
    open_dataset d;
    assay_tensor t;
    assay_status st = open_at(file, path, &d, err);
    if (st) return st;
    st = describe(file, path, &d, &t, err);
    if (!st) st = read_values(file, path, &d, &t, err);
    close_dataset(&d);
    if (!st) *out = t;
    return st;
}

/* What was never written reads as its fill value, and lies nowhere. */
static bool is_stored_as_read(const open_dataset *d, assay_dtype dtype) {
    hid_t properties = H5Dget_create_plist(d->dataset), memory_type = assay_h5_memory_type(dtype);
    bool contiguous = properties >= 0 && H5Pget_layout(properties) == H5D_CONTIGUOUS;
    H5D_space_status_t status = H5D_SPACE_STATUS_ERROR;
    bool written = H5Dget_space_status(d->dataset, &status) >= 0 && status == H5D_SPACE_STATUS_ALLOCATED;
    bool as_read = contiguous && written && memory_type >= 0 && H5Tequal(d->type, memory_type) > 0;
    H5Tclose(memory_type);
    H5Pclose(properties);
    return as_read;
}

assay_status assay_h5_locate(assay_h5 *file, const char *path, assay_stored_values *out, bool *found,
                             assay_error *err) {
    open_dataset d;
    assay_tensor t;
    assay_status st = open_at(file, path, &d, err);
    if (st) return st;
    st = describe(file, path, &d, &t, err);
    if (!st) st = check_storage(file, path, &d, &t, err);
    haddr_t begin = !st && file->fd >= 0 && is_stored_as_read(&d, t.dtype) ? H5Dget_offset(d.dataset) : HADDR_UNDEF;
    close_dataset(&d);
    if (st) return st;
    *found = begin != HADDR_UNDEF;
    if (!*found) return ASSAY_OK;
    *out = (assay_stored_values){
        .info = t, .file = {.path = file->path, .fd = file->fd, .nbytes = file->nbytes}, .begin = begin};
    snprintf(out->name, sizeof out->name, "%s", path);
    return ASSAY_OK;
}

/* ---- texts ---- */

/* Reads the one string of a dataset or an attribute (H5Dread and H5Aread differ only in name). */
typedef struct {
    hid_t id, type, space;
    bool is_attribute;
} text_source;

static bool read_raw(const text_source *s, hid_t type, void *out) {
    if (s->is_attribute) return H5Aread(s->id, type, out) >= 0;
    return H5Dread(s->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0;
}

static char *read_variable_text(const text_source *s) {
    hid_t type = assay_h5_text_type(ASSAY_H5_VARIABLE);
    char *theirs = NULL, *ours = NULL;
    H5Tset_cset(type, H5Tget_cset(s->type)); /* HDF5 converts no character sets; ASCII is UTF-8 */
    if (type >= 0 && read_raw(s, type, &theirs)) {
        ours = strdup(theirs ? theirs : "");
        H5Dvlen_reclaim(type, s->space, H5P_DEFAULT, &theirs);
    }
    H5Tclose(type);
    return ours;
}

/* Space padding (Fortran's) is cut; a NUL ends the text. */
static char *read_fixed_text(const text_source *s) {
    size_t size = H5Tget_size(s->type);
    char *text = size > 0 && size < MAX_TEXT_NBYTES ? calloc(size + 1, 1) : NULL;
    if (text && !read_raw(s, s->type, text)) {
        free(text);
        return NULL;
    }
    if (text && H5Tget_strpad(s->type) == H5T_STR_SPACEPAD)
        while (size > 0 && text[size - 1] == ' ') text[--size] = '\0';
    return text;
}

static bool is_one_string(const text_source *s) {
    return H5Tget_class(s->type) == H5T_STRING && H5Sget_simple_extent_npoints(s->space) == 1;
}

static char *read_text(const text_source *s) {
    return H5Tis_variable_str(s->type) > 0 ? read_variable_text(s) : read_fixed_text(s);
}

assay_status assay_h5_read_text(assay_h5 *file, const char *path, char **text, size_t *nbytes, assay_error *err) {
    open_dataset d;
    assay_status st = open_at(file, path, &d, err);
    if (st) return st;
    text_source source = {d.dataset, d.type, d.space, false};
    const assay_tensor scalar = {.dtype = ASSAY_BOOL};
    char *found = NULL;
    if (is_one_string(&source)) st = check_storage(file, path, &d, &scalar, err);
    else st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s is not one string", file->path, path);
    if (!st && !(found = read_text(&source))) st = assay_h5_fail(file->path, "cannot read", path, err);
    close_dataset(&d);
    if (st) return st;
    *text = found;
    *nbytes = strlen(found);
    return ASSAY_OK;
}

/* ---- attributes ---- */

/* An object whose attributes are asked for, one after the other; negative when it cannot be opened. */
static hid_t open_object(assay_h5 *file, const char *path) {
    path = assay_h5_object_path(path);
    if (file->object >= 0 && strcmp(file->object_path, path) == 0) return file->object;
    close_object(file);
    file->object_path = strdup(path);
    if (!file->object_path) return H5I_INVALID_HID;
    return file->object = H5Oopen(file->id, path, H5P_DEFAULT);
}

bool assay_h5_has_attr(assay_h5 *file, const char *object, const char *name) {
    assay_h5_quiet();
    hid_t id = open_object(file, object);
    return id >= 0 && H5Aexists(id, name) > 0;
}

/* The message about an attribute of the wrong kind. */
static assay_status bad_attribute(const assay_h5 *file, const char *object, const char *name, const char *expected,
                                  assay_error *err) {
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the attribute %s of %s must be %s", file->path, name,
                      assay_h5_object_path(object), expected);
}

static assay_status open_attribute(assay_h5 *file, const char *object, const char *name, text_source *a,
                                   assay_error *err) {
    assay_h5_quiet();
    hid_t owner = open_object(file, object);
    hid_t id = owner >= 0 ? H5Aopen(owner, name, H5P_DEFAULT) : owner;
    if (id < 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s has no attribute %s", file->path,
                          assay_h5_object_path(object), name);
    *a = (text_source){id, H5Aget_type(id), H5Aget_space(id), true};
    return ASSAY_OK;
}

static void close_attribute(text_source *a) {
    H5Sclose(a->space);
    H5Tclose(a->type);
    H5Aclose(a->id);
}

assay_status assay_h5_attr_text(assay_h5 *file, const char *object, const char *name, char **text, assay_error *err) {
    text_source a = {0};
    assay_status st = open_attribute(file, object, name, &a, err);
    if (st) return st;
    char *found = is_one_string(&a) ? read_text(&a) : NULL;
    close_attribute(&a);
    if (!found) return bad_attribute(file, object, name, "one string", err);
    *text = found;
    return ASSAY_OK;
}

static bool is_numeric(hid_t type) {
    H5T_class_t class = H5Tget_class(type);
    return class == H5T_FLOAT || class == H5T_INTEGER;
}

assay_status assay_h5_attr_f64(assay_h5 *file, const char *object, const char *name, double *out, assay_error *err) {
    text_source a = {0};
    assay_status st = open_attribute(file, object, name, &a, err);
    if (st) return st;
    double value;
    bool ok =
        is_numeric(a.type) && H5Sget_simple_extent_npoints(a.space) == 1 && read_raw(&a, H5T_NATIVE_DOUBLE, &value);
    close_attribute(&a);
    if (!ok) return bad_attribute(file, object, name, "one number", err);
    *out = value;
    return ASSAY_OK;
}

assay_status assay_h5_attr_i64s(assay_h5 *file, const char *object, const char *name, int64_t **values, size_t *count,
                                assay_error *err) {
    text_source a = {0};
    assay_status st = open_attribute(file, object, name, &a, err);
    if (st) return st;
    hssize_t n = H5Sget_simple_extent_npoints(a.space);
    bool ok = H5Tget_class(a.type) == H5T_INTEGER && H5Sget_simple_extent_ndims(a.space) <= 1 && n >= 0 &&
              n <= MAX_ATTR_COUNT;
    int64_t *list = ok ? malloc((n ? (size_t)n : 1) * sizeof *list) : NULL;
    if (ok && list && n > 0) ok = read_raw(&a, H5T_NATIVE_INT64, list);
    close_attribute(&a);
    if (ok && !list) return assay_fail_nomem(err, name);
    if (!ok) {
        free(list);
        return bad_attribute(file, object, name, "a list of integers", err);
    }
    *values = list;
    *count = (size_t)n;
    return ASSAY_OK;
}
