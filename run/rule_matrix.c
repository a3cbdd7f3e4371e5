#include "run/rule_matrix.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/source_file.h"
#include "compare/source_memory.h"
#include "core/rules.h"
#include "engine/variants.h"
#include "golden/golden_file.h"
#include "run/load_model.h"
#include "run/trace.h"

/* ---- one cell ---- */

/* A golden that is run again and again. */
typedef struct {
    const assay_golden *golden;
    const assay_source *source; /* in memory */
    const assay_loaded_model *model;
} subject;

static bool is_result(assay_stage stage) {
    assay_stage_scope scope = assay_stage_get(stage)->scope;
    return scope == ASSAY_PER_PAST || (scope == ASSAY_PER_STEP && stage != ASSAY_STAGE_SCHEDULE);
}

const char *assay_rule_sign_name(const assay_rule_sign *sign) {
    if (!sign->differs) return NULL;
    return sign->by_refusal ? "refusal" : assay_stage_get(sign->stage)->name;
}

static assay_rule_sign sign_of(const assay_entry *e) {
    return (assay_rule_sign){.differs = true, .by_refusal = e->kind == ASSAY_ENTRY_STEP, .stage = e->place.stage};
}

/* The first failing entry of all, or of results. */
static assay_rule_sign first_sign(const assay_case_result *r, bool results) {
    for (size_t i = 0; i < r->entry_count; i++) {
        const assay_entry *e = &r->entries[i];
        bool counts = !results || e->kind == ASSAY_ENTRY_STEP || is_result(e->place.stage);
        if (counts && assay_verdict_fails(e->verdict)) return sign_of(e);
    }
    return (assay_rule_sign){0};
}

/* Another schedule hides what else differs in its step. */
static bool schedule_differs(const assay_case_result *r) {
    for (size_t i = 0; i < r->entry_count; i++) {
        const assay_entry *e = &r->entries[i];
        bool is_schedule = e->kind == ASSAY_ENTRY_STAGE && e->place.stage == ASSAY_STAGE_SCHEDULE;
        if (is_schedule && assay_verdict_fails(e->verdict)) return true;
    }
    return false;
}

/* The sign that results give by themselves, whatever the schedules are. */
static assay_status compare_results(assay_rule_cell *cell, const subject *s, const assay_trace *trace,
                                    assay_error *err) {
    assay_source results = trace->source;
    results.items = calloc(results.item_count + 1, sizeof *results.items);
    if (!results.items) return assay_fail_nomem(err, "the results of a run");
    results.item_count = 0;
    for (size_t i = 0; i < trace->source.item_count; i++)
        if (is_result(trace->source.items[i].place.stage)) results.items[results.item_count++] = trace->source.items[i];
    assay_case_result compared;
    assay_status st = assay_compare(&compared, s->source, &results, &(assay_compare_options){.name = ""}, err);
    free(results.items);
    if (st) return st;
    cell->results = first_sign(&compared, true);
    assay_case_result_free(&compared);
    return ASSAY_OK;
}

static assay_status fill_cell(assay_rule_cell *cell, const subject *s, const assay_semantics *semantics,
                              assay_error *err) {
    const assay_trace_options options = {
        .test_case = &s->golden->test_case, .kept = s->source, .semantics = semantics, .tolerates = true};
    assay_trace trace;
    assay_status st = assay_trace_run(&trace, s->model, &options, err);
    if (st) return st;
    assay_case_result compared;
    st = assay_compare(&compared, s->source, &trace.source, &(assay_compare_options){.name = "", .require_all = true},
                       err);
    if (!st) {
        cell->stages = first_sign(&compared, false);
        cell->results = first_sign(&compared, true);
        bool hidden = schedule_differs(&compared);
        assay_case_result_free(&compared);
        if (hidden) st = compare_results(cell, s, &trace, err);
    }
    assay_trace_free(&trace);
    return st;
}

/* ---- a golden ---- */

static assay_status fill_cells(assay_rule_case *c, const subject *s, assay_error *err) {
    const assay_semantics original = {0};
    assay_status st = fill_cell(&c->control, s, &original, err);
    if (st || s->model->refused) return st; /* a model that cannot be built makes no mistakes */
    int count = (int)assay_variant_count(),
        failed_at = count; /* the first that fails is reported, whichever thread is faster */
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < count; i++) {
        assay_semantics semantics = {0};
        assay_variant_apply(assay_variant_at((size_t)i), &semantics);
        assay_error why;
        assay_status failed = fill_cell(&c->cells[i], s, &semantics, &why);
#pragma omp critical
        if (failed && i < failed_at) {
            failed_at = i;
            st = failed;
            if (err) *err = why;
        }
    }
    return st;
}

static assay_status describe(assay_rule_case *c, const char *path, const assay_case *test_case, assay_error *err) {
    char *copy = strdup(path);
    c->name = copy ? strdup(basename(copy)) : NULL;
    free(copy);
    c->rules = calloc(test_case->rule_count + 1, sizeof *c->rules);
    c->cells = calloc(assay_variant_count(), sizeof *c->cells);
    if (!c->name || !c->rules || !c->cells) return assay_fail_nomem(err, "a row of the matrix");
    char *dot = strrchr(c->name, '.');
    if (dot) *dot = '\0';
    for (size_t i = 0; i < test_case->rule_count; i++) {
        c->rules[i] = strdup(test_case->rules[i]);
        if (!c->rules[i]) return assay_fail_nomem(err, "a row of the matrix");
        c->rule_count++;
    }
    return ASSAY_OK;
}

static assay_status run_golden(assay_rule_case *c, const assay_golden *g, const char *path, assay_error *err) {
    assay_source source = {0};
    assay_source_memory memory = {0};
    assay_loaded_model model = {0};
    assay_status st = assay_source_of_file(&source, g, path, err);
    if (!st) st = assay_source_memory_load(&memory, &source, err);
    if (!st) st = assay_load_golden_model(&model, g, NULL, assay_dtype_is_half(g->dtype) ? g->dtype : ASSAY_F32, err);
    const subject s = {g, &memory.source, &model};
    if (!st) st = fill_cells(c, &s, err);
    assay_loaded_model_free(&model);
    assay_source_memory_free(&memory);
    assay_source_close(&source);
    return st;
}

static void free_case(assay_rule_case *c) {
    for (size_t i = 0; i < c->rule_count; i++) free(c->rules[i]);
    free(c->rules);
    free(c->name);
    free(c->cells);
}

assay_status assay_rule_matrix_add(assay_rule_matrix *matrix, const char *path, assay_error *err) {
    assay_rule_case *grown = realloc(matrix->cases, (matrix->case_count + 1) * sizeof *grown);
    if (!grown) return assay_fail_nomem(err, "the matrix");
    matrix->cases = grown;
    assay_golden golden;
    assay_status st = assay_golden_open(&golden, path, err);
    if (st) return st;
    assay_rule_case c = {0};
    if (!golden.has_case) st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: the file holds no case to run", path);
    if (!st) st = describe(&c, path, &golden.test_case, err);
    if (!st) st = run_golden(&c, &golden, path, err);
    assay_golden_close(&golden);
    if (st) free_case(&c);
    else matrix->cases[matrix->case_count++] = c;
    return st;
}

void assay_rule_matrix_free(assay_rule_matrix *matrix) {
    for (size_t i = 0; i < matrix->case_count; i++) free_case(&matrix->cases[i]);
    free(matrix->cases);
    *matrix = (assay_rule_matrix){0};
}

/* ---- what it says ---- */

const char *assay_variant_verdict_name(assay_variant_verdict verdict) {
    static const char *const names[] = {"caught", "survives", "survives in results", "invisible",
                                        "shows against its proof"};
    return names[verdict];
}

static assay_variant_verdict judge(const assay_variant *variant, size_t by_stages, size_t by_results) {
    switch (variant->visibility) {
    case ASSAY_SHOWS_NOWHERE: return by_stages || by_results ? ASSAY_VARIANT_DISPROVEN : ASSAY_VARIANT_INVISIBLE;
    case ASSAY_SHOWS_IN_STAGES:
        if (by_results) return ASSAY_VARIANT_DISPROVEN;
        return by_stages ? ASSAY_VARIANT_CAUGHT : ASSAY_VARIANT_SURVIVES;
    case ASSAY_SHOWS_IN_RESULTS: break;
    }
    if (!by_stages) return ASSAY_VARIANT_SURVIVES;
    return by_results ? ASSAY_VARIANT_CAUGHT : ASSAY_VARIANT_SURVIVES_RESULTS;
}

assay_variant_summary assay_rule_matrix_variant(const assay_rule_matrix *matrix, size_t variant) {
    assay_variant_summary s = {0};
    for (size_t i = 0; i < matrix->case_count; i++) {
        s.by_stages += matrix->cases[i].cells[variant].stages.differs;
        s.by_results += matrix->cases[i].cells[variant].results.differs;
    }
    s.verdict = judge(assay_variant_at(variant), s.by_stages, s.by_results);
    return s;
}

bool assay_rule_case_names(const assay_rule_case *c, const char *rule) {
    for (size_t i = 0; i < c->rule_count; i++)
        if (strcmp(c->rules[i], rule) == 0) return true;
    return false;
}

size_t assay_rule_matrix_cases_of(const assay_rule_matrix *matrix, const char *rule) {
    size_t count = 0;
    for (size_t i = 0; i < matrix->case_count; i++) count += assay_rule_case_names(&matrix->cases[i], rule);
    return count;
}

const char *assay_rule_exempt(const char *rule) {
    static const char *const exempt[][2] = {
        {"OUT-2", "the attentions that a call returns are no tensor of a case's results; their stage is attn_probs"},
    };
    for (size_t i = 0; i < sizeof exempt / sizeof *exempt; i++)
        if (strcmp(exempt[i][0], rule) == 0) return exempt[i][1];
    return NULL;
}

static bool has_variant(const char *rule) {
    for (size_t i = 0; i < assay_variant_count(); i++)
        if (strcmp(assay_variant_at(i)->rule, rule) == 0) return true;
    return false;
}

static void count_rules(assay_matrix_summary *s, const assay_rule_matrix *matrix) {
    s->rules = assay_rule_count();
    for (size_t i = 0; i < s->rules; i++) {
        const char *id = assay_rule_at(i)->id;
        s->rules_with_variant += has_variant(id);
        if (assay_rule_matrix_cases_of(matrix, id)) s->rules_with_case++;
        else if (assay_rule_exempt(id)) s->rules_exempt++;
    }
}

static void count_variants(assay_matrix_summary *s, const assay_rule_matrix *matrix, size_t *failed) {
    s->variants = assay_variant_count();
    for (size_t i = 0; i < s->variants; i++) {
        assay_variant_summary v = assay_rule_matrix_variant(matrix, i);
        bool invisible = v.verdict == ASSAY_VARIANT_INVISIBLE;
        s->invisible += invisible;
        s->caught += v.by_stages > 0;
        s->caught_in_results += v.by_results > 0;
        s->hidden_in_results += assay_variant_at(i)->visibility != ASSAY_SHOWS_IN_RESULTS;
        *failed += !invisible && v.verdict != ASSAY_VARIANT_CAUGHT;
    }
}

assay_matrix_summary assay_rule_matrix_summary(const assay_rule_matrix *matrix) {
    assay_matrix_summary s = {0};
    size_t failed = 0;
    count_rules(&s, matrix);
    count_variants(&s, matrix, &failed);
    for (size_t i = 0; i < matrix->case_count; i++) s.false_alarms += matrix->cases[i].control.stages.differs;
    s.passed = failed == 0 && s.false_alarms == 0 && s.rules_with_case + s.rules_exempt == s.rules;
    return s;
}
