/* A run's record as a line of JSON, and back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/digest.h"
#include "golden/json_strict.h"
#include "reports/drift_json.h"
#include "reports/facts_json.h"
#include "reports/json_builder.h"
#include "reports/json_reader.h"
#include "reports/run_record.h"

#define FORMAT "assay-run/1"
#define ID_HEAD "{\"id\":\""

/* ---- writing ---- */

/* As few digits as four need: what was rounded to four reads back the same. */
static void add_short(json_builder *b, cJSON *object, const char *key, double value) {
    char text[32];
    if (!isfinite(value)) {
        json_add_real(b, object, key, value);
        return;
    }
    snprintf(text, sizeof text, "%.4g", value);
    if (object && !cJSON_AddRawToObject(object, key, text)) b->failed = true;
}

static void add_stage(json_builder *b, cJSON *stages, assay_stage id, const assay_run_stage *stage) {
    char name[ASSAY_STAGE_TEXT];
    if (!stage->places) return;
    cJSON *object = json_add_object(b, stages, assay_stage_text(id, name));
    json_add_integer(b, object, "places", stage->places);
    if (stage->failed) json_add_integer(b, object, "failed", stage->failed);
    if (stage->has_worst) add_short(b, object, "ratio", stage->ratio);
    if (stage->has_worst) add_short(b, object, "worst", stage->worst);
    if (stage->has_rms) add_short(b, object, "rms", stage->rms);
}

static void add_case(json_builder *b, cJSON *cases, const assay_run_case *c) {
    cJSON *object = json_add_object(b, cases, NULL);
    json_add_text(b, object, "name", c->name);
    json_add_text(b, object, "verdict", assay_case_verdict_name(c->verdict));
    cJSON *stages = object ? json_add_object(b, object, "stages") : NULL;
    for (int i = 0; stages && i < ASSAY_STAGE_COUNT; i++) add_stage(b, stages, (assay_stage)i, &c->stages[i]);
}

static cJSON *build(const assay_run_record *record) {
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", FORMAT);
    json_add_text(&b, root, "time", record->time);
    json_add_text(&b, root, "verdict", record->passed ? "pass" : "fail");
    json_add_facts(&b, root, "facts", &record->facts);
    json_add_facts(&b, root, "labels", &record->labels);
    json_add_baseline(&b, root, &record->drifts);
    cJSON *cases = json_add_array(&b, root, "cases");
    for (size_t i = 0; cases && i < record->case_count; i++) add_case(&b, cases, &record->cases[i]);
    return json_finish(&b, root);
}

/* The digest is of the line without it. */
assay_status assay_run_record_print(char **line, char id[ASSAY_RUN_ID_TEXT], const assay_run_record *record,
                                    assay_error *err) {
    char *text = NULL;
    assay_status st = json_print(&text, build(record), err);
    if (st) return st;
    assay_xxh128_hex(text, strlen(text), id);
    if (asprintf(line, ID_HEAD "%s\",%s", id, text + 1) < 0) st = assay_fail_nomem(err, "a run");
    free(text);
    return st;
}

/* ---- reading ---- */

static assay_status read_facts(assay_facts *out, const cJSON *root, const char *key, const char *where,
                               assay_error *err) {
    const cJSON *object = NULL;
    assay_status st = assay_json_require(root, key, where, &object, err);
    return st ? st : json_read_facts(out, object, where, err);
}

static assay_status read_stage(assay_run_stage *out, const cJSON *object, const char *where, assay_error *err) {
    static const char *const keys[] = {"places", "failed", "ratio", "worst", "rms", NULL};
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = assay_json_get_int(object, "places", where, &out->places, err);
    if (!st) st = assay_json_get_int(object, "failed", where, &out->failed, err);
    if (!st) st = json_get_real(object, "ratio", where, &out->ratio, err);
    if (!st) st = json_get_real(object, "worst", where, &out->worst, err);
    if (!st) st = json_get_real(object, "rms", where, &out->rms, err);
    if (st) return st;
    out->has_worst = assay_json_member(object, "worst") != NULL;
    out->has_rms = assay_json_member(object, "rms") != NULL;
    if (out->places > 0 && out->failed >= 0 && out->failed <= out->places) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: 'places' and 'failed' are no numbers of places", where);
}

static assay_status read_stages(assay_run_case *c, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *stages = NULL;
    assay_status st = assay_json_require(object, "stages", where, &stages, err);
    if (!st) st = assay_json_as_object(stages, where, err);
    for (const cJSON *item = st ? NULL : stages->child; item && !st; item = item->next) {
        assay_stage stage;
        if (!assay_stage_from_text(item->string, &stage))
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: there is no stage '%.80s'", where, item->string);
        st = read_stage(&c->stages[stage], item, where, err);
    }
    return st;
}

static assay_status read_verdict(assay_run_case *c, const char *word, const char *where, assay_error *err) {
    for (int i = 0; i < ASSAY_CASE_VERDICT_COUNT; i++) {
        if (strcmp(assay_case_verdict_name((assay_case_verdict)i), word) != 0) continue;
        c->verdict = (assay_case_verdict)i;
        return ASSAY_OK;
    }
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%.40s' is no verdict of a case", where, word);
}

static assay_status read_case(assay_run_case *c, const cJSON *object, const char *where, assay_error *err) {
    static const char *const keys[] = {"name", "verdict", "stages", NULL};
    const char *name = "", *verdict = "";
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = assay_json_get_string(object, "name", where, &name, err);
    if (!st) st = assay_json_get_string(object, "verdict", where, &verdict, err);
    if (!st) st = read_verdict(c, verdict, where, err);
    if (st) return st;
    c->name = strdup(name);
    return c->name ? read_stages(c, object, where, err) : assay_fail_nomem(err, "a run");
}

static assay_status read_cases(assay_run_record *out, const cJSON *root, const char *where, assay_error *err) {
    const cJSON *cases = NULL;
    assay_status st = assay_json_require(root, "cases", where, &cases, err);
    if (!st) st = assay_json_as_array(cases, where, err);
    if (st) return st;
    out->cases = calloc((size_t)cJSON_GetArraySize(cases) + 1, sizeof *out->cases);
    if (!out->cases) return assay_fail_nomem(err, "a run");
    for (const cJSON *item = cases->child; item && !st; item = item->next)
        st = read_case(&out->cases[out->case_count++], item, where, err);
    return st;
}

static assay_status read_head(assay_run_record *out, const cJSON *root, const char *where, assay_error *err) {
    static const char *const keys[] = {"id", "format", "time", "verdict", "facts", "labels", "baseline", "cases", NULL};
    const char *format = "", *time = "", *verdict = "";
    assay_status st = assay_json_as_object(root, where, err);
    if (!st) st = assay_json_get_string(root, "format", where, &format, err);
    if (st) return st;
    if (strcmp(format, FORMAT) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the format is '%.40s'; this program reads '" FORMAT "'", where,
                          format);
    st = assay_json_known_keys(root, keys, where, err);
    if (!st) st = assay_json_get_string(root, "time", where, &time, err);
    if (!st) st = assay_json_get_string(root, "verdict", where, &verdict, err);
    if (st) return st;
    if (!assay_time_is(time)) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%.40s' is no time", where, time);
    memcpy(out->time, time, sizeof out->time);
    out->passed = strcmp(verdict, "pass") == 0;
    if (out->passed || strcmp(verdict, "fail") == 0) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the verdict is '%.40s'; it must be pass or fail", where, verdict);
}

/* Of what was read; what was changed by hand, or cut, has another. */
static assay_status check_id(const assay_run_record *record, const cJSON *root, const char *where, assay_error *err) {
    const char *said = "";
    char *line = NULL, id[ASSAY_RUN_ID_TEXT];
    assay_status st = assay_json_get_string(root, "id", where, &said, err);
    if (!st) st = assay_run_record_print(&line, id, record, err);
    free(line);
    if (st || strcmp(said, id) == 0) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the id is '%.40s', and that of what it says is %s; was it changed?",
                      where, said, id);
}

assay_status assay_run_record_parse(assay_run_record *out, const char *line, size_t nbytes, const char *where,
                                    assay_error *err) {
    assay_run_record record = {0};
    cJSON *root = NULL;
    assay_status st = assay_json_parse(&root, line, nbytes, where, err);
    if (!st) st = read_head(&record, root, where, err);
    if (!st) st = read_facts(&record.facts, root, "facts", where, err);
    if (!st) st = read_facts(&record.labels, root, "labels", where, err);
    if (!st) st = json_read_baseline(&record.drifts, root, where, err);
    if (!st) st = read_cases(&record, root, where, err);
    if (!st) st = check_id(&record, root, where, err);
    cJSON_Delete(root);
    if (st) assay_run_record_free(&record);
    else *out = record;
    return st;
}
