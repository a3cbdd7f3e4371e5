/* Listing the datasets and groups of an HDF5 file in natural order (golden/h5_file.h). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "golden/h5_internal.h"

typedef struct {
    assay_h5_names names;
    size_t capacity;
    H5O_type_t wanted;
    bool out_of_memory;
} listing;

static bool add_name(listing *l, const char *name) {
    if (l->names.count == l->capacity) {
        size_t capacity = l->capacity ? 2 * l->capacity : 64;
        char **grown = realloc(l->names.names, capacity * sizeof *grown);
        if (!grown) return false;
        l->names.names = grown;
        l->capacity = capacity;
    }
    char *copy = strdup(name);
    if (copy) l->names.names[l->names.count++] = copy;
    return copy != NULL;
}

/* Called for every link. Links that lead nowhere, or out of the file, are not objects of it. */
static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *link, void *data) {
    listing *l = data;
    if (link->type != H5L_TYPE_HARD && link->type != H5L_TYPE_SOFT) return 0;
    H5O_info_t info;
    if (link->type == H5L_TYPE_SOFT && H5Oexists_by_name(group, name, H5P_DEFAULT) <= 0) return 0;
    if (H5Oget_info_by_name2(group, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) < 0) return -1;
    if (info.type != l->wanted || add_name(l, name)) return 0;
    l->out_of_memory = true;
    return -1;
}

/* Runs of digits compare as numbers, all else bytewise. */
static int compare_natural(const char *a, const char *b) {
    while (*a && *b) {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            while (*a == '0' && isdigit((unsigned char)a[1])) a++;
            while (*b == '0' && isdigit((unsigned char)b[1])) b++;
            size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
            if (n != m) return n < m ? -1 : 1;
            int order = memcmp(a, b, n);
            if (order) return order;
            a += n;
            b += m;
        } else {
            if (*a != *b) return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
            a++;
            b++;
        }
    }
    return (*a != 0) - (*b != 0);
}

static int compare_names(const void *a, const void *b) {
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = compare_natural(x, y);
    return order ? order : strcmp(x, y); /* "01" and "1" */
}

void assay_h5_names_free(assay_h5_names *names) {
    for (size_t i = 0; i < names->count; i++) free(names->names[i]);
    free(names->names);
    *names = (assay_h5_names){0};
}

static assay_status finish(const char *file, const char *group, listing *l, bool ok, assay_h5_names *out,
                           assay_error *err) {
    if (ok) {
        if (l->names.count > 0) qsort(l->names.names, l->names.count, sizeof *l->names.names, compare_names);
        *out = l->names;
        return ASSAY_OK;
    }
    assay_h5_names_free(&l->names);
    return l->out_of_memory ? assay_fail_nomem(err, "a list of names") : assay_h5_fail(file, "cannot list", group, err);
}

assay_status assay_h5_list(assay_h5 *file, const char *group, assay_h5_names *out, assay_error *err) {
    listing l = {.wanted = H5O_TYPE_DATASET};
    if (!assay_h5_exists(file, group)) return finish(assay_h5_path(file), group, &l, true, out, err);
    bool ok = H5Lvisit_by_name(assay_h5_id(file), assay_h5_object_path(group), H5_INDEX_NAME, H5_ITER_INC, visit_link,
                               &l, H5P_DEFAULT) >= 0;
    return finish(assay_h5_path(file), group, &l, ok, out, err);
}

assay_status assay_h5_list_groups(assay_h5 *file, const char *group, assay_h5_names *out, assay_error *err) {
    listing l = {.wanted = H5O_TYPE_GROUP};
    if (!assay_h5_exists(file, group)) return finish(assay_h5_path(file), group, &l, true, out, err);
    bool ok = H5Literate_by_name(assay_h5_id(file), assay_h5_object_path(group), H5_INDEX_NAME, H5_ITER_INC, NULL,
                                 visit_link, &l, H5P_DEFAULT) >= 0;
    return finish(assay_h5_path(file), group, &l, ok, out, err);
}
