/* The list of steps and tensors of a golden or dump (golden/golden_file.h). */
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/golden_internal.h"

#define UNROUNDED "_unrounded"
#define MAX_STEPS 100000 /* of a file without a case */

/* The tensors of one run while they are collected. */
typedef struct {
    assay_golden *g;
    const char *root; /* "steps" or "float64/steps" */
    assay_golden_tensor *tensors;
    size_t count;
    assay_h5_names *names; /* datasets below root; those that are used are set to NULL */
    assay_error *err;
} run_index;

static int compare_tensors(const void *a, const void *b) {
    return assay_place_compare(&((const assay_golden_tensor *)a)->place, &((const assay_golden_tensor *)b)->place);
}

static const assay_golden_tensor *find(const assay_golden_tensor *tensors, size_t count, const assay_place *place) {
    const assay_golden_tensor key = {.place = *place};
    return count ? bsearch(&key, tensors, count, sizeof *tensors, compare_tensors) : NULL;
}

const assay_golden_tensor *assay_golden_find(const assay_golden *g, const assay_place *place) {
    return find(g->tensors, g->tensor_count, place);
}

const assay_golden_tensor *assay_golden_find_float64(const assay_golden *g, const assay_place *place) {
    return find(g->float64, g->float64_count, place);
}

static void free_tensors(assay_golden_tensor *tensors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(tensors[i].path);
        free(tensors[i].kept);
    }
    free(tensors);
}

/* ---- one tensor ---- */

/* A place written in another way ("steps/00/logits") is no place: it would occur twice. */
static bool parse_place(const char *name, assay_place *place) {
    char path[512], canonical[512];
    snprintf(path, sizeof path, "steps/%.400s", name);
    if (!assay_place_parse(path, place)) return false;
    return strcmp(assay_place_path(place, canonical, sizeof canonical), path) == 0;
}

/* *floor is NaN when there is none. */
static assay_status read_floor(const assay_golden *g, const char *path, const char *name, double *floor,
                               assay_error *err) {
    *floor = NAN;
    if (!assay_h5_has_attr(g->file, path, name)) return ASSAY_OK;
    assay_status st = assay_h5_attr_f64(g->file, path, name, floor, err);
    if (!st && !(*floor >= 0 && isfinite(*floor)))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: the %s of %s is negative or not finite", assay_h5_path(g->file),
                        name, path);
    return st;
}

static assay_status read_floors(const assay_golden *g, const char *path, double *floor, double *replayed,
                                assay_error *err) {
    assay_status st = read_floor(g, path, "noise_floor", floor, err);
    return st ? st : read_floor(g, path, "noise_floor_replayed", replayed, err);
}

/* Without a floor the judgement would be a default and looser; without a digest damage would go unseen. */
static assay_status check_golden_tensor(const assay_golden *g, const assay_golden_tensor *t, assay_error *err) {
    if (g->kind != ASSAY_FILE_GOLDEN) return ASSAY_OK;
    bool judged_by_floor = assay_stage_get(t->place.stage)->judge != ASSAY_JUDGE_EXACT;
    const char *lacks = judged_by_floor && isnan(t->noise_floor) ? "noise_floor" : !*t->xxh128 ? "xxh128" : NULL;
    if (!lacks) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s lacks the attribute %s, which a golden must have",
                      assay_h5_path(g->file), t->path, lacks);
}

/* The attribute is the axis, then the indices along it, ascending. */
static bool is_valid_kept(const assay_golden_tensor *t, const int64_t *values, size_t count) {
    if (count < 1 || values[0] < 0 || values[0] >= t->info.rank) return false;
    if (t->info.shape[values[0]] != (int64_t)count - 1) return false;
    for (size_t i = 1; i < count; i++)
        if (values[i] < 0 || (i > 1 && values[i] <= values[i - 1])) return false;
    return true;
}

static assay_status read_kept(const assay_golden *g, assay_golden_tensor *t, assay_error *err) {
    t->kept_axis = -1;
    if (!assay_h5_has_attr(g->file, t->path, "kept")) return ASSAY_OK;
    int64_t *values;
    size_t count;
    assay_status st = assay_h5_attr_i64s(g->file, t->path, "kept", &values, &count, err);
    if (st) return st;
    t->kept = values;
    if (!is_valid_kept(t, values, count))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: the attribute kept of %s is not an axis and as many ascending indices as the axis has",
                          assay_h5_path(g->file), t->path);
    t->kept_axis = values[0];
    t->kept_count = count - 1;
    memmove(values, values + 1, t->kept_count * sizeof *values);
    return ASSAY_OK;
}

/* t->place and t->path are set. */
static assay_status read_tensor(const assay_golden *g, assay_golden_tensor *t, assay_error *err) {
    t->unrounded_floor = t->unrounded_replayed_floor = NAN;
    assay_status st = assay_h5_describe(g->file, t->path, &t->info, err);
    if (!st) st = read_floors(g, t->path, &t->noise_floor, &t->replayed_floor, err);
    if (!st) st = assay_golden_digest_attr(g, t->path, "xxh128", t->xxh128, sizeof t->xxh128, err);
    if (!st) st = check_golden_tensor(g, t, err);
    return st ? st : read_kept(g, t, err);
}

/* ---- the tensors of a run ---- */

static assay_status add_tensor(run_index *x, const char *name, const assay_place *place) {
    assay_golden_tensor *t = &x->tensors[x->count];
    *t = (assay_golden_tensor){.place = *place};
    if (asprintf(&t->path, "%s/%s", x->root, name) < 0) return assay_fail_nomem(x->err, "a list of tensors");
    x->count++;
    if (x->g->has_case && place->step >= (int64_t)x->g->test_case.step_count)
        return assay_fail(x->err, ASSAY_EINPUT, NULL, "%s: %s belongs to a step that the case does not have",
                          assay_h5_path(x->g->file), t->path);
    return read_tensor(x->g, t, x->err);
}

static assay_status add_tensors(run_index *x) {
    x->tensors = calloc(x->names->count + 1, sizeof *x->tensors);
    if (!x->tensors) return assay_fail_nomem(x->err, "a list of tensors");
    for (size_t i = 0; i < x->names->count; i++) {
        assay_place place;
        if (!parse_place(x->names->names[i], &place)) continue;
        assay_status st = add_tensor(x, x->names->names[i], &place);
        if (st) return st;
        free(x->names->names[i]);
        x->names->names[i] = NULL;
    }
    qsort(x->tensors, x->count, sizeof *x->tensors, compare_tensors);
    return ASSAY_OK;
}

/* Ties a dataset "<stage>_unrounded" to its stage. *is_used is false when it is none, or its stage is not there. */
static assay_status add_unrounded(run_index *x, const char *name, bool *is_used) {
    size_t nbytes = strlen(name), suffix = strlen(UNROUNDED);
    *is_used = false;
    if (nbytes <= suffix || strcmp(name + nbytes - suffix, UNROUNDED) != 0) return ASSAY_OK;
    char stage[512], path[512];
    assay_place place;
    snprintf(stage, sizeof stage, "%.*s", (int)(nbytes - suffix), name);
    if (!parse_place(stage, &place)) return ASSAY_OK;
    const assay_golden_tensor *found = find(x->tensors, x->count, &place);
    if (!found) return ASSAY_OK;
    assay_golden_tensor *t = &x->tensors[found - x->tensors], sibling = {0};
    snprintf(path, sizeof path, "%s" UNROUNDED, t->path);
    assay_status st = assay_h5_describe(x->g->file, path, &sibling.info, x->err);
    if (!st) st = read_floors(x->g, path, &t->unrounded_floor, &t->unrounded_replayed_floor, x->err);
    if (!st && !assay_tensor_same_shape(&sibling.info, &t->info))
        st = assay_fail(x->err, ASSAY_EINPUT, NULL, "%s: %s has another shape than %s", assay_h5_path(x->g->file), path,
                        t->path);
    t->has_unrounded = *is_used = true;
    return st;
}

static assay_status add_all_unrounded(run_index *x) {
    for (size_t i = 0; i < x->names->count; i++) {
        bool is_used = false;
        if (!x->names->names[i]) continue;
        assay_status st = add_unrounded(x, x->names->names[i], &is_used);
        if (st) return st;
        if (!is_used) continue;
        free(x->names->names[i]);
        x->names->names[i] = NULL;
    }
    return ASSAY_OK;
}

/* Moves what was not used to g->unknown, by its full path. */
static assay_status keep_unknown(run_index *x) {
    assay_h5_names *unknown = &x->g->unknown;
    char **grown = realloc(unknown->names, (unknown->count + x->names->count + 1) * sizeof *grown);
    if (!grown) return assay_fail_nomem(x->err, "a list of tensors");
    unknown->names = grown;
    for (size_t i = 0; i < x->names->count; i++) {
        if (!x->names->names[i]) continue;
        char *path;
        if (asprintf(&path, "%s/%s", x->root, x->names->names[i]) < 0) return assay_fail_nomem(x->err, "a name");
        unknown->names[unknown->count++] = path;
    }
    return ASSAY_OK;
}

static assay_status read_run(assay_golden *g, const char *root, assay_golden_tensor **tensors, size_t *count,
                             assay_error *err) {
    assay_h5_names names = {0};
    assay_status st = assay_h5_list(g->file, root, &names, err);
    if (st) return st;
    run_index x = {.g = g, .root = root, .names = &names, .err = err};
    st = add_tensors(&x);
    if (!st) st = add_all_unrounded(&x);
    if (!st) st = keep_unknown(&x);
    assay_h5_names_free(&names);
    *tensors = x.tensors;
    *count = x.count;
    return st;
}

/* ---- the rest of a file ---- */

/* Whether the schema says what is at this path. */
static bool is_of_schema(const char *path) {
    static const char *const groups[] = {"steps/", "float64/", "weights/"};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (strncmp(path, groups[i], strlen(groups[i])) == 0) return true;
    return strcmp(path, "case") == 0 || strcmp(path, "config") == 0;
}

/* Adds the datasets that have another program's names. */
static assay_status add_foreign(assay_golden *g, assay_error *err) {
    assay_h5_names all;
    assay_status st = assay_h5_list(g->file, "/", &all, err);
    if (st) return st;
    char **grown = realloc(g->unknown.names, (g->unknown.count + all.count + 1) * sizeof *grown);
    if (grown) g->unknown.names = grown;
    else st = assay_fail_nomem(err, "a list of tensors");
    for (size_t i = 0; i < all.count && !st; i++) {
        if (is_of_schema(all.names[i])) continue;
        g->unknown.names[g->unknown.count++] = all.names[i];
        all.names[i] = NULL;
    }
    assay_h5_names_free(&all);
    return st;
}

/* ---- steps ---- */

/* The number that a group's name is, or -1. */
static int64_t step_number(const char *name) {
    if (!isdigit((unsigned char)*name) || (name[0] == '0' && name[1])) return -1;
    char *end;
    long long number = strtoll(name, &end, 10);
    return *end == '\0' && number < MAX_STEPS ? number : -1;
}

static assay_status read_step(assay_golden *g, size_t index, assay_error *err) {
    char group[64];
    assay_golden_step *step = &g->steps[index];
    snprintf(group, sizeof group, "steps/%zu", index);
    assay_status st = assay_golden_text_attr(g, group, "op", &step->op, err);
    if (!st) st = assay_golden_text_attr(g, group, "refused", &step->refused, err);
    if (!st) st = assay_golden_text_attr(g, group, "refused_message", &step->refused_message, err);
    double captured = -1;
    if (!st && assay_h5_has_attr(g->file, group, "past_captured"))
        st = assay_h5_attr_f64(g->file, group, "past_captured", &captured, err);
    step->past_captured = captured < 0 ? -1 : captured != 0;
    return st;
}

static assay_status count_steps(assay_golden *g, size_t *count, assay_error *err) {
    assay_h5_names groups;
    assay_status st = assay_h5_list_groups(g->file, "steps", &groups, err);
    if (st) return st;
    *count = g->has_case ? g->test_case.step_count : 0;
    for (size_t i = 0; i < groups.count; i++) {
        int64_t number = step_number(groups.names[i]);
        if (number < (int64_t)*count) continue;
        if (g->has_case)
            st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: /steps/%lld is not in the case, which has %zu steps",
                            assay_h5_path(g->file), (long long)number, g->test_case.step_count);
        else *count = (size_t)number + 1;
    }
    assay_h5_names_free(&groups);
    return st;
}

static assay_status read_steps(assay_golden *g, assay_error *err) {
    size_t count = 0;
    assay_status st = count_steps(g, &count, err);
    if (st) return st;
    g->steps = calloc(count + 1, sizeof *g->steps);
    if (!g->steps) return assay_fail_nomem(err, "a list of steps");
    g->step_count = count;
    for (size_t i = 0; i < count && !st; i++) st = read_step(g, i, err);
    return st;
}

assay_status assay_golden_read_index(assay_golden *g, assay_error *err) {
    assay_status st = read_steps(g, err);
    if (!st) st = read_run(g, "steps", &g->tensors, &g->tensor_count, err);
    if (!st) st = read_run(g, "float64/steps", &g->float64, &g->float64_count, err);
    if (!st && g->any_names) st = add_foreign(g, err);
    return st;
}

void assay_golden_free_index(assay_golden *g) {
    for (size_t i = 0; i < g->step_count; i++) {
        free(g->steps[i].op);
        free(g->steps[i].refused);
        free(g->steps[i].refused_message);
    }
    free(g->steps);
    free_tensors(g->tensors, g->tensor_count);
    free_tensors(g->float64, g->float64_count);
    assay_h5_names_free(&g->unknown);
}
