#include "reports/waiver_json.h"

#include <stdlib.h>
#include <string.h>

#include "golden/json_strict.h"
#include "reports/waiver_list.h"

/* ---- writing ---- */

static void add_waiver(json_builder *b, cJSON *list, const assay_waiver_use *use) {
    char day[ASSAY_DATE_TEXT];
    cJSON *object = json_add_object(b, list, NULL);
    if (!object) return;
    if (use->stage) json_add_text(b, object, "stage", use->stage);
    if (use->rule) json_add_text(b, object, "rule", use->rule);
    if (use->test_case) json_add_text(b, object, "case", use->test_case);
    json_add_text(b, object, "reason", use->reason);
    json_add_text(b, object, "expires", assay_date_text(use->expires, day));
    json_add_text(b, object, "state", assay_waiver_state(use));
    json_add_integer(b, object, "count", (int64_t)use->count);
}

void json_add_waivers(json_builder *b, cJSON *object, const assay_waiver_uses *uses) {
    if (uses->count == 0) return;
    cJSON *list = json_add_array(b, object, "waivers");
    for (size_t i = 0; list && i < uses->count; i++) add_waiver(b, list, &uses->items[i]);
}

/* ---- reading ---- */

/* *out stays NULL where the member is absent. */
static assay_status copy_text(const cJSON *object, const char *key, const char *where, char **out, assay_error *err) {
    const char *text = NULL;
    assay_status st = assay_json_get_string(object, key, where, &text, err);
    if (st || !text) return st;
    *out = strdup(text);
    return *out ? ASSAY_OK : assay_fail_nomem(err, "a result");
}

static assay_status read_day(const cJSON *object, const char *where, assay_date *out, assay_error *err) {
    const char *day = "";
    assay_status st = assay_json_get_string(object, "expires", where, &day, err);
    if (st || assay_date_parse(day, out)) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: a waiver expires on '%.40s', which is no day", where, day);
}

static assay_status read_waiver(const cJSON *object, const char *where, assay_waiver_use *use, assay_error *err) {
    const char *state = "";
    int64_t count = 0;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = copy_text(object, "stage", where, &use->stage, err);
    if (!st) st = copy_text(object, "rule", where, &use->rule, err);
    if (!st) st = copy_text(object, "case", where, &use->test_case, err);
    if (!st) st = copy_text(object, "reason", where, &use->reason, err);
    if (!st && !use->reason) st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: a waiver has no reason", where);
    if (!st) st = read_day(object, where, &use->expires, err);
    if (!st) st = assay_json_get_string(object, "state", where, &state, err);
    if (!st) st = assay_json_get_int(object, "count", where, &count, err);
    use->in_scope = strcmp(state, "other cases") != 0;
    use->expired = strcmp(state, "expired") == 0;
    use->count = count > 0 ? (size_t)count : 0;
    return st;
}

assay_status json_read_waivers(assay_waiver_uses *out, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *list = assay_json_member(object, "waivers");
    if (!list) return ASSAY_OK;
    assay_status st = assay_json_as_array(list, where, err);
    if (st) return st;
    out->items = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *out->items);
    if (!out->items) return assay_fail_nomem(err, "a result");
    for (const cJSON *item = list->child; !st && item; item = item->next)
        st = read_waiver(item, where, &out->items[out->count++], err);
    return st;
}
