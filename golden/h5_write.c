/* The writer of golden/h5_file.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/atomic_file.h"
#include "golden/h5_internal.h"

#define SMALL_NBYTES 65536   /* below this nothing is compressed */
#define CHUNK_NBYTES 1048576 /* about the size of a chunk */

struct assay_h5_writer {
    hid_t file;
    assay_atomic_file target;
};

/* ---- starting ---- */

static hid_t create_file(const char *path) {
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = H5I_INVALID_HID;
    hid_t creation = H5Pcreate(H5P_FILE_CREATE);
    if (access >= 0 && creation >= 0 && H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) >= 0 &&
        H5Pset_file_locking(access, false, true) >= 0 && H5Pset_obj_track_times(creation, false) >= 0)
        file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access);
    H5Pclose(creation);
    H5Pclose(access);
    return file;
}

assay_status assay_h5_writer_create(assay_h5_writer **out, const char *path, assay_error *err) {
    assay_h5_quiet();
    assay_h5_writer *w = calloc(1, sizeof *w);
    if (!w) return assay_fail_nomem(err, path);
    assay_status st = assay_atomic_begin(&w->target, path, err);
    if (!st) {
        w->file = create_file(w->target.temporary);
        if (w->file < 0) st = assay_h5_fail(path, "cannot create", "the file", err);
    }
    if (st) {
        assay_atomic_discard(&w->target);
        free(w);
        return st;
    }
    *out = w;
    return ASSAY_OK;
}

/* ---- groups ---- */

static bool create_group(hid_t file, const char *path) {
    hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = H5I_INVALID_HID;
    if (creation >= 0 && H5Pset_obj_track_times(creation, false) >= 0)
        group = H5Gcreate2(file, path, H5P_DEFAULT, creation, H5P_DEFAULT);
    H5Pclose(creation);
    return group >= 0 && H5Gclose(group) >= 0;
}

/* Makes the groups of which `path` names the first `nbytes` bytes. */
static assay_status make_groups(assay_h5_writer *w, const char *path, size_t nbytes, assay_error *err) {
    char *copy = strndup(path, nbytes);
    if (!copy) return assay_fail_nomem(err, path);
    bool ok = true;
    for (char *at = copy + (*copy == '/'); ok && *copy; at++) {
        if (*at && *at != '/') continue;
        char kept = *at;
        *at = '\0';
        if (*copy && H5Lexists(w->file, copy, H5P_DEFAULT) <= 0) ok = create_group(w->file, copy);
        *at = kept;
        if (!kept) break;
    }
    free(copy);
    return ok ? ASSAY_OK : assay_h5_fail(w->target.path, "cannot make the group", path, err);
}

assay_status assay_h5_put_group(assay_h5_writer *w, const char *path, assay_error *err) {
    assay_h5_quiet();
    return make_groups(w, path, strlen(path), err);
}

static assay_status make_parents(assay_h5_writer *w, const char *path, assay_error *err) {
    const char *slash = strrchr(path, '/');
    return slash && slash > path ? make_groups(w, path, (size_t)(slash - path), err) : ASSAY_OK;
}

/* ---- datasets ---- */

/* A chunk of about CHUNK_NBYTES: whole trailing axes, and a part of the first axis that does not fit. */
static void chunk_shape(const assay_tensor *t, hsize_t *chunk) {
    hsize_t room = CHUNK_NBYTES / assay_dtype_size(t->dtype);
    for (int i = t->rank - 1; i >= 0; i--) {
        hsize_t size = (hsize_t)t->shape[i];
        chunk[i] = size < room ? size : room;
        room = room / chunk[i] > 0 ? room / chunk[i] : 1;
    }
}

static hid_t dataset_properties(const assay_tensor *t, assay_h5_storage storage) {
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    bool ok = p >= 0 && H5Pset_obj_track_times(p, false) >= 0 && H5Pset_fill_time(p, H5D_FILL_TIME_NEVER) >= 0;
    if (ok && storage == ASSAY_H5_COMPRESSED && assay_tensor_nbytes(t) >= SMALL_NBYTES) {
        hsize_t chunk[ASSAY_MAX_RANK];
        chunk_shape(t, chunk);
        ok = H5Pset_chunk(p, t->rank, chunk) >= 0 && H5Pset_shuffle(p) >= 0 && H5Pset_deflate(p, 4) >= 0 &&
             H5Pset_fletcher32(p) >= 0;
    }
    if (ok) return p;
    H5Pclose(p);
    return H5I_INVALID_HID;
}

static hid_t dataspace(const assay_tensor *t) {
    if (t->rank == 0) return H5Screate(H5S_SCALAR);
    hsize_t shape[ASSAY_MAX_RANK];
    for (int i = 0; i < t->rank; i++) shape[i] = (hsize_t)t->shape[i];
    return H5Screate_simple(t->rank, shape, NULL);
}

static bool write_dataset(hid_t file, const char *path, const assay_tensor *t, assay_h5_storage storage) {
    hid_t file_type = assay_h5_file_type(t->dtype), memory_type = assay_h5_memory_type(t->dtype);
    hid_t space = dataspace(t), properties = dataset_properties(t, storage), dataset = H5I_INVALID_HID;
    bool ok = file_type >= 0 && memory_type >= 0 && space >= 0 && properties >= 0;
    if (ok) dataset = H5Dcreate2(file, path, file_type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    ok = ok && dataset >= 0;
    if (ok && assay_tensor_count(t) > 0)
        ok = H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->data) >= 0;
    if (dataset >= 0) ok &= H5Dclose(dataset) >= 0;
    H5Pclose(properties);
    H5Sclose(space);
    H5Tclose(memory_type);
    H5Tclose(file_type);
    return ok;
}

static assay_status check_new(assay_h5_writer *w, const char *path, assay_error *err) {
    assay_status st = make_parents(w, path, err);
    if (st || !assay_h5_path_exists(w->file, path, 0)) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s is written twice", w->target.path, path);
}

assay_status assay_h5_put(assay_h5_writer *w, const char *path, const assay_tensor *t, assay_h5_storage storage,
                          assay_error *err) {
    assay_h5_quiet();
    assert(assay_tensor_count(t) >= 0);
    assay_status st = check_new(w, path, err);
    if (st || write_dataset(w->file, path, t, storage)) return st;
    return assay_h5_fail(w->target.path, "cannot write", path, err);
}

assay_status assay_h5_put_text(assay_h5_writer *w, const char *path, const char *text, size_t nbytes,
                               assay_error *err) {
    assay_h5_quiet();
    assay_status st = check_new(w, path, err);
    if (st) return st;
    const assay_tensor scalar = {.dtype = ASSAY_BOOL};
    hid_t type = assay_h5_text_type(nbytes ? nbytes : 1), space = H5Screate(H5S_SCALAR);
    hid_t properties = dataset_properties(&scalar, ASSAY_H5_PLAIN), dataset = H5I_INVALID_HID;
    /* All bytes are text: without this the last one would be taken for a terminator. */
    bool ok = type >= 0 && space >= 0 && properties >= 0 && H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0;
    if (ok) dataset = H5Dcreate2(w->file, path, type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    ok = dataset >= 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, nbytes ? text : "") >= 0;
    if (!ok) st = assay_h5_fail(w->target.path, "cannot write", path, err);
    H5Dclose(dataset);
    H5Pclose(properties);
    H5Sclose(space);
    H5Tclose(type);
    return st;
}

/* ---- attributes ---- */

typedef struct {
    const char *object, *name;
} attribute_place;

static assay_status write_attribute(assay_h5_writer *w, attribute_place place, hid_t type, hid_t space,
                                    const void *value, assay_error *err) {
    hid_t attribute = H5I_INVALID_HID;
    if (type >= 0 && space >= 0)
        attribute = H5Acreate_by_name(w->file, assay_h5_object_path(place.object), place.name, type, space, H5P_DEFAULT,
                                      H5P_DEFAULT, H5P_DEFAULT);
    bool ok = attribute >= 0 && H5Awrite(attribute, type, value) >= 0;
    assay_status st = ok ? ASSAY_OK : assay_h5_fail(w->target.path, "cannot write the attribute", place.name, err);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    return st;
}

assay_status assay_h5_put_attr_text(assay_h5_writer *w, const char *object, const char *name, const char *text,
                                    assay_error *err) {
    assay_h5_quiet();
    return write_attribute(w, (attribute_place){object, name}, assay_h5_text_type(ASSAY_H5_VARIABLE),
                           H5Screate(H5S_SCALAR), &text, err);
}

assay_status assay_h5_put_attr_f64(assay_h5_writer *w, const char *object, const char *name, double value,
                                   assay_error *err) {
    assay_h5_quiet();
    return write_attribute(w, (attribute_place){object, name}, assay_h5_file_type(ASSAY_F64), H5Screate(H5S_SCALAR),
                           &value, err);
}

assay_status assay_h5_put_attr_i64s(assay_h5_writer *w, const char *object, const char *name, const int64_t *values,
                                    size_t count, assay_error *err) {
    assay_h5_quiet();
    const int64_t shape[1] = {(int64_t)count};
    assay_tensor list = assay_tensor_view(ASSAY_I64, 1, shape, values);
    return write_attribute(w, (attribute_place){object, name}, assay_h5_file_type(ASSAY_I64), dataspace(&list),
                           count ? values : shape, err); /* HDF5 wants a pointer even for an empty list */
}

/* ---- finishing ---- */

assay_status assay_h5_writer_commit(assay_h5_writer *w, assay_error *err) {
    assay_h5_quiet();
    assay_status st = ASSAY_OK;
    if (H5Fclose(w->file) < 0) st = assay_h5_fail(w->target.path, "cannot finish", "the file", err);
    if (st) assay_atomic_discard(&w->target);
    else st = assay_atomic_commit(&w->target, err);
    free(w);
    return st;
}

void assay_h5_writer_discard(assay_h5_writer *w) {
    if (!w) return;
    assay_h5_quiet();
    H5Fclose(w->file);
    assay_atomic_discard(&w->target);
    free(w);
}
