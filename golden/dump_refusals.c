#include "golden/dump_refusals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/json_strict.h"

static assay_status read_text(char **out, const cJSON *object, const char *key, const char *where, assay_error *err) {
    const char *text = "";
    assay_status st = assay_json_get_string(object, key, where, &text, err);
    if (st) return st;
    *out = strdup(text);
    return *out ? ASSAY_OK : assay_fail_nomem(err, "a refusal");
}

static assay_status read_step(int64_t *out, const cJSON *object, const char *where, assay_error *err) {
    static const char *const keys[] = {"step", "rules", "message", NULL};
    const cJSON *step = NULL;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = assay_json_require(object, "step", where, &step, err);
    if (!st) st = assay_json_as_int(step, where, out, err);
    if (!st && *out < 0)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: the step is %lld; steps count from 0", where, (long long)*out);
    return st;
}

static assay_status read_refusal(assay_dump_refusal *out, const cJSON *object, const char *where, assay_error *err) {
    assay_status st = read_step(&out->step, object, where, err);
    if (!st) st = read_text(&out->rules, object, "rules", where, err);
    return st ? st : read_text(&out->message, object, "message", where, err);
}

static int compare_steps(const void *a, const void *b) {
    int64_t x = ((const assay_dump_refusal *)a)->step, y = ((const assay_dump_refusal *)b)->step;
    return (x > y) - (x < y);
}

static assay_status sort_steps(assay_dump_refusals *r, const char *where, assay_error *err) {
    if (r->count) qsort(r->items, r->count, sizeof *r->items, compare_steps);
    for (size_t i = 1; i < r->count; i++)
        if (r->items[i].step == r->items[i - 1].step)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: step %lld occurs twice", where,
                              (long long)r->items[i].step);
    return ASSAY_OK;
}

static assay_status read_list(assay_dump_refusals *r, const cJSON *list, const char *where, assay_error *err) {
    assay_status st = assay_json_as_array(list, where, err);
    if (st) return st;
    r->items = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *r->items);
    if (!r->items) return assay_fail_nomem(err, "a list of refusals");
    for (const cJSON *at = list->child; at && !st; at = at->next) {
        char entry[512];
        snprintf(entry, sizeof entry, "%.480s: entry %zu", where, r->count);
        st = read_refusal(&r->items[r->count++], at, entry, err);
    }
    return st ? st : sort_steps(r, where, err);
}

assay_status assay_dump_refusals_read(assay_dump_refusals *out, const cJSON *list, const char *where,
                                      assay_error *err) {
    assay_dump_refusals r = {0};
    assay_status st = read_list(&r, list, where, err);
    if (st) assay_dump_refusals_free(&r);
    else *out = r;
    return st;
}

assay_status assay_dump_refusals_parse(assay_dump_refusals *out, const char *text, const char *where,
                                       assay_error *err) {
    cJSON *list;
    assay_status st = assay_json_parse(&list, text, strlen(text), where, err);
    if (st) return st;
    st = assay_dump_refusals_read(out, list, where, err);
    cJSON_Delete(list);
    return st;
}

bool assay_dump_refusals_have(const assay_dump_refusals *refusals, int64_t step) {
    for (size_t i = 0; i < refusals->count; i++)
        if (refusals->items[i].step == step) return true;
    return false;
}

void assay_dump_refusals_free(assay_dump_refusals *r) {
    for (size_t i = 0; i < r->count; i++) {
        free(r->items[i].rules);
        free(r->items[i].message);
    }
    free(r->items);
    *r = (assay_dump_refusals){0};
}
