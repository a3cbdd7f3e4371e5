#include "reports/result_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/layout.h"
#include "golden/json_strict.h"
#include "golden/text_file.h"
#include "reports/detail_json.h"
#include "reports/drift_json.h"
#include "reports/facts_json.h"
#include "reports/json_reader.h"
#include "reports/waiver_json.h"

#define FORMAT "assay-result/1"
#define LIMIT_NBYTES ((size_t)1 << 30)

/* ---- words ---- */

static const char *verdict_name(int i) { return assay_verdict_name((assay_verdict)i); }
static const char *case_verdict_name(int i) { return assay_case_verdict_name((assay_case_verdict)i); }
static const char *kind_name(int i) { return assay_entry_kind_name((assay_entry_kind)i); }
static const char *origin_name(int i) { return assay_tolerance_origin_name((assay_tolerance_origin)i); }

static assay_status read_dtype(const cJSON *object, const char *key, const char *where, assay_dtype *out,
                               assay_error *err) {
    const char *name = NULL;
    assay_status st = assay_json_get_string(object, key, where, &name, err);
    if (st || !name || assay_dtype_from_name(name, out)) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s '%.40s' is no type", where, key, name);
}

static assay_status copy_member(const cJSON *object, const char *key, const char *where, char **out, assay_error *err) {
    const char *text = "";
    assay_status st = assay_json_get_string(object, key, where, &text, err);
    if (st) return st;
    *out = strdup(text);
    return *out ? ASSAY_OK : assay_fail_nomem(err, "a result");
}

static assay_status read_size(const cJSON *object, const char *key, const char *where, size_t *out, assay_error *err) {
    int64_t value = (int64_t)*out;
    assay_status st = assay_json_get_int(object, key, where, &value, err);
    if (!st && value < 0) st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s is negative", where, key);
    if (!st) *out = (size_t)value;
    return st;
}

/* At most `most` whole numbers. */
static assay_status read_integers(const cJSON *list, const char *where, int most, int64_t *out, int *count,
                                  assay_error *err) {
    assay_status st = assay_json_as_array(list, where, err);
    *count = 0;
    for (const cJSON *item = st ? NULL : list->child; !st && item; item = item->next) {
        if (*count == most) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: has more than %d numbers", where, most);
        st = assay_json_as_int(item, where, &out[(*count)++], err);
    }
    return st;
}

/* ---- an entry ---- */

static assay_status read_shape(const cJSON *entry, const char *key, const char *where, assay_result_shape *out,
                               assay_error *err) {
    const cJSON *object = assay_json_member(entry, key), *sizes;
    out->rank = -1;
    if (!object) return ASSAY_OK;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = read_dtype(object, "dtype", where, &out->dtype, err);
    if (!st) st = assay_json_require(object, "shape", where, &sizes, err);
    return st ? st : read_integers(sizes, where, ASSAY_MAX_RANK, out->shape, &out->rank, err);
}

static assay_status read_counts(const cJSON *object, const char *where, const char *const *keys, int64_t **out,
                                assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && keys[i]; i++) st = assay_json_get_int(object, keys[i], where, out[i], err);
    return st;
}

static assay_status read_reals(const cJSON *object, const char *where, const char *const *keys, double **out,
                               assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && keys[i]; i++) st = json_get_real(object, keys[i], where, out[i], err);
    return st;
}

static assay_status read_top(const cJSON *logits, const char *key, const char *where, int64_t *differs,
                             int64_t *decided, int64_t *wrong, assay_error *err) {
    static const char *const keys[] = {"differs", "decided", "wrong", NULL};
    const cJSON *object = assay_json_member(logits, key);
    if (!object) return ASSAY_OK;
    assay_status st = assay_json_as_object(object, where, err);
    return st ? st : read_counts(object, where, keys, (int64_t *[]){differs, decided, wrong}, err);
}

static assay_status read_logits(const cJSON *metrics, const char *where, assay_metrics *m, assay_error *err) {
    static const char *const counts[] = {"rows", "rows_skipped", "kl_worst_row", NULL};
    static const char *const reals[] = {"kl_max", "kl_mean", NULL};
    const cJSON *object = assay_json_member(metrics, "logits");
    assay_logit_metrics *l = &m->logits;
    if (!object) return ASSAY_OK;
    m->has_logits = true;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = read_counts(object, where, counts, (int64_t *[]){&l->rows, &l->rows_skipped, &l->kl_worst_row}, err);
    if (!st) st = read_reals(object, where, reals, (double *[]){&l->kl_max, &l->kl_mean}, err);
    if (!st) st = read_top(object, "top1", where, &l->top1_differs, &l->top1_decided, &l->top1_wrong, err);
    return st ? st : read_top(object, "top5", where, &l->top5_differs, &l->top5_decided, &l->top5_wrong, err);
}

static assay_status read_metrics(const cJSON *entry, const char *where, assay_entry *e, assay_error *err) {
    static const char *const counts[] = {"count",      "finite",     "different",     "class_mismatches",
                                         "golden_nan", "golden_inf", "candidate_nan", "candidate_inf",
                                         NULL};
    static const char *const reals[] = {"max_abs", "max_rel", "rms", "nmse", "cosine", "max_ulp", "golden_max", NULL};
    const cJSON *object = assay_json_member(entry, "metrics");
    assay_metrics *m = &e->metrics;
    if (!object) return ASSAY_OK;
    e->has_metrics = true;
    m->max_abs_at = m->first_class_mismatch = -1;
    int64_t *to_counts[] = {&m->count,      &m->finite,     &m->different,     &m->class_mismatches,
                            &m->golden_nan, &m->golden_inf, &m->candidate_nan, &m->candidate_inf};
    double *to_reals[] = {&m->max_abs, &m->max_rel, &m->rms, &m->nmse, &m->cosine, &m->max_ulp, &m->golden_max};
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = read_counts(object, where, counts, to_counts, err);
    if (!st) st = read_reals(object, where, reals, to_reals, err);
    if (!st) st = read_dtype(object, "ulp_dtype", where, &m->ulp_dtype, err);
    return st ? st : read_logits(object, where, m, err);
}

static assay_status read_tolerance(const cJSON *entry, const char *where, assay_entry *e, assay_error *err) {
    static const char *const reals[] = {"value", "deviation", "floor", NULL};
    const cJSON *object = assay_json_member(entry, "tolerance");
    int origin = 0;
    if (!object) return ASSAY_OK;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st)
        st = json_get_word(object, "origin", where, (json_words){origin_name, ASSAY_TOLERANCE_DEFAULT + 1}, &origin,
                           err);
    e->origin = (assay_tolerance_origin)origin;
    e->has_floor = assay_json_member(object, "floor") != NULL;
    double *to[] = {&e->tolerance, &e->deviation, &e->floor};
    return st ? st : read_reals(object, where, reals, to, err);
}

/* What a pass must be (compare/judge.h), and where a ratio comes from: a report must not show a verdict that its numbers deny. */
static assay_status check_entry(assay_entry *e, const assay_case_result *c, const char *where, assay_error *err) {
    bool numbers_ok = e->tolerance >= 0 && e->deviation >= 0;
    if (e->has_metrics && !numbers_ok)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: its tolerance or deviation is negative or no number", where);
    bool passes = e->verdict == ASSAY_VERDICT_PASS && e->has_metrics;
    if (passes && (e->metrics.class_mismatches != 0 || !(e->deviation <= e->tolerance)))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the verdict is 'pass', and its numbers deny it", where);
    if (e->verdict == ASSAY_VERDICT_WAIVED && (e->waiver == 0 || !assay_verdict_fails(e->waived_from)))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: it is waived, and does not say by which waiver and from what",
                          where);
    if (e->verdict == ASSAY_VERDICT_WAIVED && c->waivers.items[e->waiver - 1].expired)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: it is waived by a waiver that is expired", where);
    assay_entry_set_ratios(e);
    return ASSAY_OK;
}

static assay_status read_worst(const cJSON *entry, const char *where, assay_entry *e, assay_error *err) {
    const cJSON *object = assay_json_member(entry, "worst"), *at;
    assay_worst *w = &e->worst;
    w->index = -1;
    if (!object) return ASSAY_OK;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_get_int(object, "index", where, &w->index, err);
    if (!st) st = assay_json_require(object, "at", where, &at, err);
    if (!st) st = read_integers(at, where, ASSAY_MAX_RANK, w->at, &w->rank, err);
    if (!st) st = json_get_real(object, "golden", where, &w->golden, err);
    if (!st) st = json_get_real(object, "candidate", where, &w->candidate, err);
    for (int i = 0; !st && i < w->rank; i++) w->axes[i] = assay_layout_axis(e->place.stage, w->rank, i);
    return st;
}

/* The path says where it is; of what is no stage the step alone counts. */
static assay_status read_place(const cJSON *entry, const char *where, assay_entry *e, assay_error *err) {
    e->place = (assay_place){-1, -1, -1, ASSAY_STAGE_SCHEDULE};
    if (e->kind == ASSAY_ENTRY_STEP) return assay_json_get_int(entry, "step", where, &e->place.step, err);
    if (e->kind == ASSAY_ENTRY_UNKNOWN || assay_place_parse(e->path, &e->place)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: path '%.100s' is no stage's", where, e->path);
}

static assay_status read_verdict(const cJSON *entry, const char *where, const assay_case_result *c, assay_entry *e,
                                 assay_error *err) {
    int verdict = 0, from = ASSAY_VERDICT_FAIL;
    int64_t waiver = -1;
    assay_status st =
        json_get_word(entry, "verdict", where, (json_words){verdict_name, ASSAY_VERDICT_COUNT}, &verdict, err);
    if (!st) st = assay_json_get_int(entry, "waiver", where, &waiver, err);
    if (!st && assay_json_member(entry, "waived_from"))
        st = json_get_word(entry, "waived_from", where, (json_words){verdict_name, ASSAY_VERDICT_COUNT}, &from, err);
    if (!st && (waiver < -1 || waiver >= (int64_t)c->waivers.count))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: there is no waiver %lld", where, (long long)waiver);
    e->verdict = (assay_verdict)verdict;
    e->waiver = (size_t)(waiver + 1);
    if (e->verdict == ASSAY_VERDICT_WAIVED) e->waived_from = (assay_verdict)from;
    return st;
}

static assay_status read_texts(const cJSON *entry, const char *where, assay_entry *e, assay_error *err) {
    assay_status st = json_get_field(entry, "path", where, e->path, sizeof e->path, err);
    if (!st) st = json_get_field(entry, "reason", where, e->reason, sizeof e->reason, err);
    if (!st) st = json_get_words(entry, "rules", where, e->rules, sizeof e->rules, err);
    return st ? st : assay_json_get_bool(entry, "uses_float64", where, &e->uses_float64, err);
}

static assay_status read_entry(const cJSON *entry, const char *where, const assay_case_result *c, assay_entry *e,
                               assay_error *err) {
    int kind = 0;
    const cJSON *detail;
    assay_status st = assay_json_as_object(entry, where, err);
    if (!st) st = json_get_word(entry, "kind", where, (json_words){kind_name, ASSAY_ENTRY_UNKNOWN + 1}, &kind, err);
    e->kind = (assay_entry_kind)kind;
    if (!st) st = read_texts(entry, where, e, err);
    if (!st) st = read_place(entry, where, e, err);
    if (!st) st = read_verdict(entry, where, c, e, err);
    if (!st) st = read_shape(entry, "golden", where, &e->golden, err);
    if (!st) st = read_shape(entry, "candidate", where, &e->candidate, err);
    if (!st) st = read_metrics(entry, where, e, err);
    if (!st) st = read_tolerance(entry, where, e, err);
    if (!st) st = read_worst(entry, where, e, err);
    if (!st) st = json_get_real(entry, "goodness", where, &e->goodness, err);
    if (!st) st = assay_json_get_int(entry, "pad_elements", where, &e->pad_elements, err);
    if (!st) st = check_entry(e, c, where, err);
    if (!st && (detail = assay_json_member(entry, "detail"))) st = json_read_detail(&e->detail, detail, where, err);
    return st;
}

static assay_status read_entries(const cJSON *object, const char *where, assay_case_result *c, assay_error *err) {
    const cJSON *list;
    char place[300];
    size_t index = 0;
    assay_status st = assay_json_require(object, "entries", where, &list, err);
    if (!st) st = assay_json_as_array(list, where, err);
    for (const cJSON *item = st ? NULL : list->child; !st && item; item = item->next) {
        assay_entry e = {0};
        snprintf(place, sizeof place, "%.240s: entry %zu", where, index++);
        st = read_entry(item, place, c, &e, err);
        if (!st) st = assay_case_result_add(c, &e, err);
        if (st) assay_detail_free(e.detail);
    }
    return st;
}

/* ---- a case ---- */

static assay_status read_facts(const cJSON *object, const char *where, assay_facts *facts, assay_error *err) {
    const cJSON *list = assay_json_member(object, "facts");
    return list ? json_read_facts(facts, list, where, err) : ASSAY_OK;
}

static assay_status read_finding_item(const cJSON *item, const char *where, assay_finding *f, assay_error *err) {
    const char *name = "", *summary = "", *path = "";
    char rules[256];
    assay_status st = assay_json_as_object(item, where, err);
    if (!st) st = assay_json_get_string(item, "name", where, &name, err);
    if (!st) st = assay_json_get_string(item, "summary", where, &summary, err);
    if (!st) st = assay_json_get_string(item, "path", where, &path, err);
    if (!st) st = json_get_words(item, "rules", where, rules, sizeof rules, err);
    return st ? st : assay_finding_add(f, name, rules, summary, path, err);
}

static assay_status read_finding(const cJSON *object, const char *where, assay_case_result *c, assay_error *err) {
    const char *source = "", *verdict = "", *summary = "";
    const cJSON *items;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_get_string(object, "source", where, &source, err);
    if (!st) st = assay_json_get_string(object, "verdict", where, &verdict, err);
    if (!st) st = assay_json_get_string(object, "summary", where, &summary, err);
    if (!st) st = assay_json_require(object, "items", where, &items, err);
    if (!st) st = assay_json_as_array(items, where, err);
    if (!st) st = assay_case_result_add_finding(c, source, verdict, summary, err);
    for (const cJSON *item = st ? NULL : items->child; !st && item; item = item->next)
        st = read_finding_item(item, where, &c->findings[c->finding_count - 1], err);
    return st;
}

static assay_status read_findings(const cJSON *object, const char *where, assay_case_result *c, assay_error *err) {
    const cJSON *list = assay_json_member(object, "findings");
    assay_status st = list ? assay_json_as_array(list, where, err) : ASSAY_OK;
    for (const cJSON *item = st || !list ? NULL : list->child; !st && item; item = item->next)
        st = read_finding(item, where, c, err);
    return st;
}

static assay_status read_half(const cJSON *object, const char *where, assay_case_result *c, assay_error *err) {
    c->is_half = assay_json_member(object, "arithmetic") != NULL;
    assay_status st = read_dtype(object, "arithmetic", where, &c->arithmetic, err);
    if (!st) st = assay_json_get_bool(object, "as_good", where, &c->is_as_good, err);
    if (!st) st = json_get_real(object, "goodness", where, &c->goodness, err);
    return st ? st : read_size(object, "goodness_count", where, &c->goodness_count, err);
}

static assay_status read_case_texts(const cJSON *object, const char *where, assay_case_result *c, assay_error *err) {
    assay_status st = copy_member(object, "name", where, &c->name, err);
    if (!st) st = copy_member(object, "golden", where, &c->golden_name, err);
    if (!st) st = copy_member(object, "candidate", where, &c->candidate_name, err);
    if (!st) st = json_get_field(object, "error", where, c->error, sizeof c->error, err);
    if (!st) st = json_get_field(object, "note", where, c->note, sizeof c->note, err);
    if (!st) st = json_get_field(object, "unsupported", where, c->unsupported, sizeof c->unsupported, err);
    return st ? st : json_get_field(object, "reference", where, c->reference, sizeof c->reference, err);
}

static assay_status read_case_numbers(const cJSON *object, const char *where, assay_case_result *c, assay_error *err) {
    c->has_dtypes = assay_json_member(object, "golden_dtype") && assay_json_member(object, "candidate_dtype");
    assay_status st = read_dtype(object, "golden_dtype", where, &c->golden_dtype, err);
    if (!st) st = read_dtype(object, "candidate_dtype", where, &c->candidate_dtype, err);
    if (!st) st = read_half(object, where, c, err);
    if (!st) st = assay_json_get_bool(object, "ignore_pad_rows", where, &c->ignore_pad_rows, err);
    return st ? st : json_get_real(object, "seconds", where, &c->seconds, err);
}

/* Computed anew, and held against what the file says: a report must not show another verdict than its entries do. */
static assay_status finish_case(const char *where, assay_case_result *c, assay_error *err) {
    assay_case_verdict said = c->verdict;
    assay_case_result_finish(c);
    if (c->verdict == said && (c->first_divergence < 0 || said == ASSAY_CASE_FAIL)) return ASSAY_OK;
    if (c->first_divergence >= 0) c->verdict = ASSAY_CASE_FAIL;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the verdict is '%s', and its entries make it '%s'", where,
                      assay_case_verdict_name(said), assay_case_verdict_name(c->verdict));
}

static assay_status read_case(const cJSON *object, const char *where, assay_case_result *c, assay_error *err) {
    int verdict = 0;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = read_case_texts(object, where, c, err);
    if (!st)
        st = json_get_word(object, "verdict", where, (json_words){case_verdict_name, ASSAY_CASE_VERDICT_COUNT},
                           &verdict, err);
    c->verdict = (assay_case_verdict)verdict;
    if (!st) st = read_case_numbers(object, where, c, err);
    if (!st) st = json_read_waivers(&c->waivers, object, where, err);
    if (!st) st = read_entries(object, where, c, err);
    if (!st) st = read_facts(object, where, &c->facts, err);
    if (!st) st = read_findings(object, where, c, err);
    return st ? st : finish_case(where, c, err);
}

/* ---- the whole ---- */

static assay_status check_format(const cJSON *root, const char *where, assay_error *err) {
    const cJSON *value;
    const char *format = "";
    assay_status st = assay_json_as_object(root, where, err);
    if (!st) st = assay_json_require(root, "format", where, &value, err);
    if (!st) st = assay_json_as_string(value, where, &format, err);
    if (st || strcmp(format, FORMAT) == 0) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: the format is '%.40s'; %s is read, which verify and compare write with --json", where,
                      format, FORMAT);
}

static assay_status read_cases(assay_result *out, const cJSON *root, const char *where, assay_error *err) {
    const cJSON *list;
    char place[240];
    size_t index = 0;
    assay_status st = assay_json_require(root, "cases", where, &list, err);
    if (!st) st = assay_json_as_array(list, where, err);
    for (const cJSON *item = st ? NULL : list->child; !st && item; item = item->next) {
        assay_case_result c = {0};
        snprintf(place, sizeof place, "%.200s: case %zu", where, index++);
        st = read_case(item, place, &c, err);
        if (st) assay_case_result_free(&c);
        else st = assay_result_add_case(out, &c, err);
    }
    return st;
}

static assay_status check_verdict(const assay_result *result, const cJSON *root, const char *where, assay_error *err) {
    const char *said = "", *is = assay_result_passed(result) ? "pass" : "fail";
    assay_status st = assay_json_get_string(root, "verdict", where, &said, err);
    if (st || strcmp(said, is) == 0) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the verdict is '%.40s', and its cases make it '%s'", where, said,
                      is);
}

static assay_status read_root(assay_result *out, const cJSON *root, const char *where, assay_error *err) {
    assay_status st = check_format(root, where, err);
    if (!st) st = read_facts(root, where, &out->facts, err);
    if (!st) st = json_read_baseline(&out->drifts, root, where, err);
    if (!st) st = read_cases(out, root, where, err);
    return st ? st : check_verdict(out, root, where, err);
}

assay_status assay_result_parse(assay_result *out, const char *text, size_t nbytes, const char *where,
                                assay_error *err) {
    cJSON *root = NULL;
    assay_result result = {0};
    assay_status st = assay_json_parse(&root, text, nbytes, where, err);
    if (!st) st = read_root(&result, root, where, err);
    cJSON_Delete(root);
    if (st) assay_result_free(&result);
    else *out = result;
    return st;
}

assay_status assay_result_load(assay_result *out, const char *path, assay_error *err) {
    char *text = NULL;
    size_t nbytes = 0;
    assay_status st = assay_text_file_read(path, LIMIT_NBYTES, &text, &nbytes, err);
    if (!st) st = assay_result_parse(out, text, nbytes, path, err);
    free(text);
    return st;
}
