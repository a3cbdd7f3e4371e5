/* Element types between Assay and HDF5, and what else readers and writers share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/h5_internal.h"

void assay_h5_quiet(void) {
    /* HDF5 crashes at exit on a file that it could not close, on a full disk say; every file here is closed by its owner. */
    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    errno = 0; /* what it is afterwards is HDF5's doing */
}

/* What the operating system said, where that is the reason that a user can do something about. */
static const char *system_reason(void) {
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? strerror(errno) : NULL;
}

static herr_t keep_reason(unsigned depth, const H5E_error2_t *entry, void *data) {
    (void)depth;
    snprintf(data, 200, "%s", entry->desc ? entry->desc : "");
    return 0;
}

assay_status assay_h5_fail(const char *file, const char *what, const char *path, assay_error *err) {
    char reason[200] = "";
    const char *system = system_reason();
    if (system) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s %s: %s", file, what, path, system);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_reason, reason); /* the last one walked to is the innermost */
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s %s%s%s%s", file, what, path, *reason ? " (HDF5: " : "", reason,
                      *reason ? ")" : "");
}

/* The upper half of a float32: sign bit 15, exponent bits 7 to 14 with bias 127, mantissa bits 0 to 6. */
static hid_t bfloat16_type(void) {
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    bool ok = type >= 0 && H5Tset_fields(type, 15, 7, 8, 0, 7) >= 0 && H5Tset_size(type, 2) >= 0 &&
              H5Tset_precision(type, 16) >= 0 && H5Tset_ebias(type, 127) >= 0;
    if (ok) return type;
    if (type >= 0) H5Tclose(type);
    return H5I_INVALID_HID;
}

static hid_t float16_type(void) {
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    bool ok = type >= 0 && H5Tset_fields(type, 15, 10, 5, 0, 10) >= 0 && H5Tset_size(type, 2) >= 0 &&
              H5Tset_precision(type, 16) >= 0 && H5Tset_ebias(type, 15) >= 0;
    if (ok) return type;
    if (type >= 0) H5Tclose(type);
    return H5I_INVALID_HID;
}

/* As h5py writes numpy.bool_. */
static hid_t bool_type(void) {
    const signed char no = 0, yes = 1;
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    if (type >= 0 && H5Tenum_insert(type, "FALSE", &no) >= 0 && H5Tenum_insert(type, "TRUE", &yes) >= 0) return type;
    if (type >= 0) H5Tclose(type);
    return H5I_INVALID_HID;
}

hid_t assay_h5_file_type(assay_dtype dtype) {
    switch (dtype) {
    case ASSAY_F64: return H5Tcopy(H5T_IEEE_F64LE);
    case ASSAY_F32: return H5Tcopy(H5T_IEEE_F32LE);
    case ASSAY_F16: return float16_type();
    case ASSAY_BF16: return bfloat16_type();
    case ASSAY_I64: return H5Tcopy(H5T_STD_I64LE);
    case ASSAY_I32: return H5Tcopy(H5T_STD_I32LE);
    case ASSAY_BOOL: return bool_type();
    case ASSAY_DTYPE_COUNT: break;
    }
    return H5I_INVALID_HID;
}

hid_t assay_h5_memory_type(assay_dtype dtype) {
    switch (dtype) {
    case ASSAY_F64: return H5Tcopy(H5T_NATIVE_DOUBLE);
    case ASSAY_F32: return H5Tcopy(H5T_NATIVE_FLOAT);
    case ASSAY_I64: return H5Tcopy(H5T_NATIVE_INT64);
    case ASSAY_I32: return H5Tcopy(H5T_NATIVE_INT32);
    default: return assay_h5_file_type(dtype); /* the half types and bool exist in one form only */
    }
}

/* The layout of a 16-bit floating type, by its exponent: 8 bits with bias 127, or 5 with bias 15. */
static assay_dtype float_dtype(hid_t type) {
    size_t size = H5Tget_size(type);
    if (size > 4) return ASSAY_F64;
    size_t sign, exponent, exponent_size, mantissa, mantissa_size;
    if (size != 2 || H5Tget_fields(type, &sign, &exponent, &exponent_size, &mantissa, &mantissa_size) < 0)
        return ASSAY_F32;
    if (sign != 15 || mantissa != 0 || exponent != mantissa_size) return ASSAY_F32;
    if (exponent_size == 8 && mantissa_size == 7 && H5Tget_ebias(type) == 127) return ASSAY_BF16;
    if (exponent_size == 5 && mantissa_size == 10 && H5Tget_ebias(type) == 15) return ASSAY_F16;
    return ASSAY_F32;
}

static bool is_bool(hid_t type) {
    hid_t ours = bool_type();
    bool same = ours >= 0 && H5Tequal(type, ours) > 0;
    if (ours >= 0) H5Tclose(ours);
    return same;
}

bool assay_h5_dtype_of(hid_t type, assay_dtype *out) {
    switch (H5Tget_class(type)) {
    case H5T_FLOAT: *out = float_dtype(type); return true;
    case H5T_INTEGER:
        *out = H5Tget_size(type) == 4 && H5Tget_sign(type) == H5T_SGN_2 ? ASSAY_I32 : ASSAY_I64;
        return true;
    case H5T_ENUM: *out = ASSAY_BOOL; return is_bool(type);
    default: return false;
    }
}

hid_t assay_h5_text_type(size_t nbytes) {
    hid_t type = H5Tcopy(H5T_C_S1);
    size_t size = nbytes == ASSAY_H5_VARIABLE ? H5T_VARIABLE : nbytes;
    if (type >= 0 && H5Tset_size(type, size) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0) return type;
    if (type >= 0) H5Tclose(type);
    return H5I_INVALID_HID;
}

const char *assay_h5_object_path(const char *path) { return path && *path ? path : "/"; }

/* External links are not followed: what a file holds must not depend on others, nor open them. */
static bool leads_to_object(hid_t file, const char *path) {
    H5L_info_t link;
    if (H5Lget_info(file, path, &link, H5P_DEFAULT) < 0) return false;
    if (link.type != H5L_TYPE_HARD && link.type != H5L_TYPE_SOFT) return false;
    return H5Oexists_by_name(file, path, H5P_DEFAULT) > 0;
}

bool assay_h5_path_exists(hid_t file, const char *path, size_t known) {
    path = assay_h5_object_path(path);
    if (strcmp(path, "/") == 0) return true;
    char *copy = strdup(path);
    if (!copy) return false;
    bool exists = true;
    for (char *at = copy + 1; exists; at++) {
        if ((*at && *at != '/') || (size_t)(at - copy) <= known) continue;
        char kept = *at;
        *at = '\0';
        exists = leads_to_object(file, copy);
        *at = kept;
        if (!kept) break;
    }
    free(copy);
    return exists;
}
