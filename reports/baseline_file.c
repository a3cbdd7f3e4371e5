#include "reports/baseline_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/atomic_file.h"
#include "core/terminal_text.h"
#include "golden/json_strict.h"
#include "golden/text_file.h"
#include "reports/json_builder.h"

#define FORMAT "assay-baseline/1"
#define LIMIT_NBYTES ((size_t)64 << 20)

/* ---- writing ---- */

/* The text as JSON has it, with its quotes; the caller frees it. NULL when out of memory. */
static char *quoted(const char *text) {
    json_builder b = {false};
    cJSON *list = cJSON_CreateArray();
    json_add_text(&b, list, NULL, text);
    char *printed = list && list->child && !b.failed ? cJSON_PrintUnformatted(list->child) : NULL;
    cJSON_Delete(list);
    return printed;
}

static void put_stage(FILE *out, assay_stage id, const assay_baseline_stage *stage, bool first) {
    char name[ASSAY_STAGE_TEXT];
    fprintf(out, "%s\n      \"%s\": {\"places\": %zu", first ? "" : ",", assay_stage_text(id, name), stage->places);
    if (stage->has_worst) fprintf(out, ", \"worst\": %.3g", stage->worst);
    if (stage->has_rms) fprintf(out, ", \"rms\": %.3g", stage->rms);
    fprintf(out, "}");
}

static bool put_case(FILE *out, const assay_baseline_case *c) {
    char *name = quoted(c->name);
    if (!name) return false;
    bool first = true;
    fprintf(out, "    %s: {", name);
    free(name);
    if (c->has_dtype) fprintf(out, "\"dtype\": \"%s\", ", assay_dtype_name(c->dtype));
    fprintf(out, "\"stages\": {");
    if (c->refusals) {
        fprintf(out, "\n      \"" ASSAY_BASELINE_REFUSALS "\": {\"places\": %zu}", c->refusals);
        first = false;
    }
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        if (!c->stages[i].places) continue;
        put_stage(out, (assay_stage)i, &c->stages[i], first);
        first = false;
    }
    fprintf(out, "}}");
    return true;
}

assay_status assay_baseline_print(char **text, const assay_baseline *b, assay_error *err) {
    size_t nbytes;
    *text = NULL;
    FILE *out = open_memstream(text, &nbytes);
    if (!out) return assay_fail_nomem(err, "a baseline");
    bool ok = true;
    fprintf(out, "{\n  \"format\": \"" FORMAT "\",\n  \"cases\": {");
    for (size_t i = 0; i < b->count && ok; i++) {
        fprintf(out, "%s\n", i ? "," : "");
        ok = put_case(out, &b->cases[i]);
    }
    fprintf(out, "\n  }\n}\n");
    ok = !ferror(out) && ok;
    if (fclose(out) == 0 && ok) return ASSAY_OK;
    free(*text);
    return assay_fail_nomem(err, "a baseline");
}

assay_status assay_baseline_write(const char *path, const assay_baseline *baseline, assay_error *err) {
    char *text;
    assay_status st = assay_baseline_print(&text, baseline, err);
    if (st) return st;
    st = assay_write_file_atomically(path, text, strlen(text), err);
    free(text);
    return st;
}

/* ---- reading ---- */

/* A measure, where the member is there. */
static assay_status read_measure(const cJSON *object, const char *key, const char *where, bool *has, double *out,
                                 assay_error *err) {
    *has = assay_json_member(object, key) != NULL;
    assay_status st = assay_json_get_double(object, key, where, out, err);
    if (st || (*out >= 0 && isfinite(*out))) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%s' must be a number that is not negative", where, key);
}

static assay_status read_stage(assay_baseline_stage *out, const cJSON *object, const char *where, assay_error *err) {
    static const char *const keys[] = {"places", "worst", "rms", NULL};
    const cJSON *member = NULL;
    int64_t places = 0;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = assay_json_require(object, "places", where, &member, err);
    if (!st) st = assay_json_as_int(member, where, &places, err);
    if (!st && places < 1) st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: 'places' must be at least 1", where);
    if (!st) st = read_measure(object, "worst", where, &out->has_worst, &out->worst, err);
    if (!st) st = read_measure(object, "rms", where, &out->has_rms, &out->rms, err);
    out->places = (size_t)places;
    return st;
}

/* A stage that is judged by numbers always has the largest; without it the check would be none. */
static assay_status check_measures(assay_stage id, const assay_baseline_stage *stage, const char *where,
                                   assay_error *err) {
    assay_stage_judge judge = assay_stage_get(id)->judge;
    if (judge == ASSAY_JUDGE_EXACT && (stage->has_worst || stage->has_rms))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: the stage is exact, and has 'places' alone; accept the run again", where);
    if (judge == ASSAY_JUDGE_STORED && stage->has_rms)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: stored memory has no 'rms'; accept the run again", where);
    if (judge != ASSAY_JUDGE_EXACT && !stage->has_worst)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: 'worst' is missing; accept the run again", where);
    return ASSAY_OK;
}

static assay_status read_refusals(assay_baseline_case *c, const cJSON *object, const char *where, assay_error *err) {
    assay_baseline_stage refusals = {0};
    assay_status st = read_stage(&refusals, object, where, err);
    if (!st && (refusals.has_worst || refusals.has_rms))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: refusals have 'places' alone; accept the run again", where);
    c->refusals = refusals.places;
    return st;
}

static assay_status read_stages(assay_baseline_case *c, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *stages = NULL;
    assay_status st = assay_json_require(object, "stages", where, &stages, err);
    if (!st) st = assay_json_as_object(stages, where, err);
    for (const cJSON *child = st ? NULL : stages->child; child && !st; child = child->next) {
        char at[700];
        assay_stage stage;
        bool is_refusals = strcmp(child->string, ASSAY_BASELINE_REFUSALS) == 0;
        snprintf(at, sizeof at, "%s: stage '%.80s'", where, child->string);
        if (is_refusals) st = read_refusals(c, child, at, err);
        else if (!assay_stage_from_text(child->string, &stage))
            st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: there is no such stage (docs/golden-format.md)", at);
        else st = read_stage(&c->stages[stage], child, at, err);
        if (!st && !is_refusals) st = check_measures(stage, &c->stages[stage], at, err);
    }
    return st;
}

static assay_status read_dtype(assay_baseline_case *c, const cJSON *object, const char *where, assay_error *err) {
    const char *name = NULL;
    assay_status st = assay_json_get_string(object, "dtype", where, &name, err);
    if (st || !name) return st;
    c->has_dtype = true;
    if (assay_dtype_from_name(name, &c->dtype) && assay_dtype_is_float(c->dtype)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: 'dtype' is '%.40s'; it must be float64, float32, float16 or bfloat16", where, name);
}

static assay_status read_case(assay_baseline_case *c, const cJSON *object, const char *path, assay_error *err) {
    static const char *const keys[] = {"dtype", "stages", NULL};
    char where[512];
    snprintf(where, sizeof where, "%.300s: case '%.150s'", path, object->string);
    c->name = strdup(object->string);
    if (!c->name) return assay_fail_nomem(err, "a baseline");
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = read_dtype(c, object, where, err);
    return st ? st : read_stages(c, object, where, err);
}

static assay_status read_cases(assay_baseline *b, const cJSON *root, const char *path, assay_error *err) {
    const cJSON *cases = NULL;
    assay_status st = assay_json_require(root, "cases", path, &cases, err);
    if (!st) st = assay_json_as_object(cases, path, err);
    if (st) return st;
    b->cases = calloc((size_t)cJSON_GetArraySize(cases) + 1, sizeof *b->cases);
    if (!b->cases) return assay_fail_nomem(err, "a baseline");
    for (const cJSON *child = cases->child; child && !st; child = child->next)
        st = read_case(&b->cases[b->count++], child, path, err);
    if (!st) assay_baseline_sort(b);
    return st;
}

static assay_status check_format(const cJSON *root, const char *path, assay_error *err) {
    static const char *const keys[] = {"format", "cases", NULL};
    const cJSON *format = NULL;
    const char *text = NULL;
    assay_status st = assay_json_as_object(root, path, err);
    if (!st) st = assay_json_require(root, "format", path, &format, err);
    if (!st) st = assay_json_as_string(format, path, &text, err);
    if (!st && strcmp(text, FORMAT) != 0)
        st = assay_fail(err, ASSAY_EINPUT, NULL,
                        "%s: the format is '%.80s'; a baseline is '" FORMAT "', as 'assay baseline accept' writes it",
                        path, text);
    return st ? st : assay_json_known_keys(root, keys, path, err);
}

assay_status assay_baseline_parse(assay_baseline *out, const char *text, size_t nbytes, const char *where,
                                  assay_error *err) {
    cJSON *root = NULL;
    assay_baseline b = {0};
    assay_status st = assay_json_parse(&root, text, nbytes, where, err);
    if (!st) st = check_format(root, where, err);
    if (!st) st = read_cases(&b, root, where, err);
    cJSON_Delete(root);
    if (st) assay_baseline_free(&b);
    else *out = b;
    return st;
}

assay_status assay_baseline_read(assay_baseline *out, const char *path, assay_error *err) {
    char *text = NULL;
    size_t nbytes;
    assay_status st = assay_text_file_read(path, LIMIT_NBYTES, &text, &nbytes, err);
    if (!st) st = assay_baseline_parse(out, text, nbytes, path, err);
    free(text);
    return st;
}

/* ---- showing ---- */

static void show_measure(FILE *out, bool has, double value) {
    if (has) fprintf(out, "  %8.3g", value);
    else fprintf(out, "  %8s", "-");
}

static void show_stage(FILE *out, const char *test_case, const char *name, const assay_baseline_stage *stage) {
    if (!stage->places) return;
    int width = (int)strlen(test_case);
    assay_terminal_put(out, test_case);
    fprintf(out, "%*s  %-26s  %6zu", width < 26 ? 26 - width : 0, "", name, stage->places);
    show_measure(out, stage->has_worst, stage->worst);
    show_measure(out, stage->has_rms, stage->rms);
    fprintf(out, "\n");
}

void assay_report_baseline(FILE *out, const assay_baseline *baseline) {
    fprintf(out, "%-26s  %-26s  %6s  %8s  %8s\n", "case", "stage", "places", "worst", "rms");
    for (size_t i = 0; i < baseline->count; i++) {
        const assay_baseline_case *c = &baseline->cases[i];
        char name[ASSAY_STAGE_TEXT];
        show_stage(out, c->name, ASSAY_BASELINE_REFUSALS, &(assay_baseline_stage){.places = c->refusals});
        for (int s = 0; s < ASSAY_STAGE_COUNT; s++)
            show_stage(out, c->name, assay_stage_text((assay_stage)s, name), &c->stages[s]);
    }
    fprintf(out, "\n%zu case%s; worst and rms in noise floors (docs/baselines.md)\n", baseline->count,
            baseline->count == 1 ? "" : "s");
}
