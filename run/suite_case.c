#include "run/suite_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/judge.h"
#include "compare/source_file.h"

/* ---- names ---- */

/* The last `count` parts of a path: "b/c.h5" of "a/b/c.h5" and 2. */
static const char *last_parts(const char *path, int count) {
    const char *at = path + strlen(path);
    while (at > path && !(at[-1] == '/' && --count == 0)) at--;
    return at;
}

assay_status assay_suite_case_name(char **out, const char *golden_path, assay_error *err) {
    bool in_suite = strcmp(last_parts(golden_path, 1), "golden.h5") == 0 && strchr(golden_path, '/');
    const char *part = last_parts(golden_path, in_suite ? 2 : 1);
    size_t length = in_suite ? strcspn(part, "/") : strlen(part);
    if (!in_suite && length > 3 && strcmp(part + length - 3, ".h5") == 0) length -= 3;
    *out = strndup(part, length);
    return *out ? ASSAY_OK : assay_fail_nomem(err, "the name of a case");
}

/* ---- tolerances ---- */

/* What the tolerances of one run of a golden are taken from. */
typedef struct {
    assay_suite_case *target;
    const assay_source *source;
    bool float64;
} collector;

static assay_stage_judge judge_of(const collector *c, const assay_source_item *item) {
    assay_stage_judge judge = assay_stage_get(item->place.stage)->judge;
    assay_dtype run = c->float64 ? ASSAY_F64 : c->source->info.dtype, held = item->info.dtype;
    bool narrow =
        judge == ASSAY_JUDGE_STORED && assay_dtype_is_half(held) && assay_judge_is_stored(item->place.stage, run, held);
    return judge == ASSAY_JUDGE_STORED && !narrow ? ASSAY_JUDGE_FLOAT : judge;
}

static assay_status copy_kept(assay_suite_tolerance *t, const assay_source_item *item, assay_error *err) {
    t->kept_axis = item->kept_axis;
    if (item->kept_axis < 0) return ASSAY_OK;
    t->kept = malloc((item->kept_count + 1) * sizeof *t->kept);
    if (!t->kept) return assay_fail_nomem(err, "a list of indices");
    if (item->kept_count) memcpy(t->kept, item->kept, item->kept_count * sizeof *t->kept);
    t->kept_count = item->kept_count;
    return ASSAY_OK;
}

static assay_status add_tolerance(const collector *c, const assay_entry *e, assay_error *err) {
    const assay_source_item *item =
        c->float64 ? assay_source_find_float64(c->source, &e->place) : assay_source_find(c->source, &e->place);
    if (e->kind != ASSAY_ENTRY_STAGE || e->uses_float64 != c->float64 || !item) return ASSAY_OK;
    assay_suite_tolerance *t = &c->target->tolerances[c->target->tolerance_count++];
    *t = (assay_suite_tolerance){
        .judge = judge_of(c, item), .tolerance = e->tolerance, .has_floor = e->has_floor, .floor = e->floor};
    t->of_unrounded = t->judge == ASSAY_JUDGE_STORED && item->has_unrounded;
    snprintf(t->path, sizeof t->path, "%s%s", c->float64 ? "float64/" : "", e->path);
    return copy_kept(t, item, err);
}

/* A comparison of the golden with itself says what each of its tensors would be held to. */
static assay_status collect(const collector *c, assay_error *err) {
    assay_source candidate = *c->source;
    if (c->float64) candidate.info.has_dtype = true, candidate.info.dtype = ASSAY_F64;
    assay_case_result compared;
    assay_status st = assay_compare(&compared, c->source, &candidate, &(assay_compare_options){.name = ""}, err);
    if (st) return st;
    for (size_t i = 0; !st && i < compared.entry_count; i++) st = add_tolerance(c, &compared.entries[i], err);
    assay_case_result_free(&compared);
    return st;
}

static assay_status describe_tolerances(assay_suite_case *out, const assay_golden *g, assay_error *err) {
    assay_source source;
    out->tolerances = calloc(g->tensor_count + g->float64_count + 1, sizeof *out->tolerances);
    if (!out->tolerances) return assay_fail_nomem(err, "a list of tolerances");
    assay_status st = assay_source_of_file(&source, g, assay_h5_path(g->file), err);
    if (st) return st;
    st = collect(&(collector){out, &source, false}, err);
    if (!st && g->float64_count) st = collect(&(collector){out, &source, true}, err);
    assay_source_close(&source);
    return st;
}

/* ---- texts ---- */

/* The words joined by spaces (allocated), without those that came before. NULL when out of memory. */
static char *join_once(const char *const *words, size_t count) {
    size_t nbytes = 1;
    for (size_t i = 0; i < count; i++) nbytes += strlen(words[i]) + 1;
    char *text = calloc(nbytes, 1);
    for (size_t i = 0; text && i < count; i++) {
        if (assay_rules_have(text, words[i])) continue;
        if (*text) strcat(text, " ");
        strcat(text, words[i]);
    }
    return text;
}

static char *join_ops(const assay_case *c) {
    const char **ops = calloc(c->step_count + 1, sizeof *ops);
    if (!ops) return NULL;
    for (size_t i = 0; i < c->step_count; i++) ops[i] = assay_op_name(c->steps[i].op);
    char *text = join_once(ops, c->step_count);
    free((void *)ops);
    return text;
}

static assay_status describe_refusals(assay_suite_case *out, const assay_golden *g, assay_error *err) {
    out->refusals.items = calloc(g->step_count + 1, sizeof *out->refusals.items);
    if (!out->refusals.items) return assay_fail_nomem(err, "a list of refusals");
    for (size_t i = 0; i < g->step_count; i++) {
        const assay_golden_step *s = &g->steps[i];
        if (!s->refused[0] && !s->refused_message[0]) continue;
        assay_dump_refusal *r = &out->refusals.items[out->refusals.count++];
        *r = (assay_dump_refusal){(int64_t)i, strdup(s->refused), strdup(s->refused_message)};
        if (!r->rules || !r->message) return assay_fail_nomem(err, "a refusal");
    }
    return ASSAY_OK;
}

static assay_status describe_texts(assay_suite_case *out, const assay_golden *g, const char *name, assay_error *err) {
    const assay_case *c = &g->test_case;
    out->name = strdup(name);
    out->title = strdup(c->name);
    out->rules = join_once((const char *const *)c->rules, c->rule_count);
    out->ops = join_ops(c);
    return out->name && out->title && out->rules && out->ops ? ASSAY_OK : assay_fail_nomem(err, "a case");
}

assay_status assay_suite_case_describe(assay_suite_case *out, const assay_golden *g, const char *name,
                                       assay_error *err) {
    if (!g->has_case) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the file holds no case", assay_h5_path(g->file));
    assay_suite_case c = {
        .step_count = g->test_case.step_count, .dtype = g->dtype, .has_model = g->has_config && !g->config_refused};
    assay_status st = describe_texts(&c, g, name, err);
    if (!st) st = assay_sha256_hex(g->test_case.text, g->test_case.text_nbytes, c.case_sha256, err);
    if (!st) st = describe_refusals(&c, g, err);
    if (!st) st = describe_tolerances(&c, g, err);
    memcpy(c.config_sha256, g->config_sha256, sizeof c.config_sha256);
    memcpy(c.weights_xxh128, g->weights_xxh128, sizeof c.weights_xxh128);
    if (st) assay_suite_case_free(&c);
    else *out = c;
    return st;
}

void assay_suite_case_free(assay_suite_case *c) {
    for (size_t i = 0; i < c->tolerance_count; i++) free(c->tolerances[i].kept);
    free(c->tolerances);
    assay_dump_refusals_free(&c->refusals);
    free(c->ops);
    free(c->rules);
    free(c->title);
    free(c->name);
    *c = (assay_suite_case){0};
}
