/*
 * How often does a diagnosis name the mistake that was made? Cases of the suite are given weights of another seed; every mistake is
 * made in the engine on weights that are moved by one unit in the last place (a port does not round as the engine does); and the
 * runs, cut down to all stages, to results or to logits, are diagnosed.
 *
 *     build/bench-diagnosis [--seed N] [--pairs N] CASE.json...
 *
 * Exits 1 when less than 98% of the runs that do not match are named right: first, or listed as equally good as the first, or first is
 * a mistake that computes the same on the case. Of pairs both must be among the first three, in 80%. Runs without a mistake, on
 * weights that are moved by several units in the last place, must not be blamed on anything.
 */
#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare/compare.h"
#include "compare/source_file.h"
#include "core/random.h"
#include "run/diagnose.h"
#include "run/load_model.h"
#include "run/run_dump.h"
#include "run/trace.h"

static void must(assay_status status, const assay_error *err) {
    if (!status) return;
    fprintf(stderr, "bench-diagnosis: %s\n", err->message);
    exit((int)status);
}

/* What of a run a candidate shows. */
enum { show_stages, show_results, show_logits, show_count };
static const char *const show_names[show_count] = {"stages", "results", "logits"};

typedef struct {
    size_t judged, first, tied, same, missed;
} tally;

/* A case with weights of a seed of its own, and the run without a mistake as a file. */
typedef struct {
    char *name;
    char path[64];
    assay_golden golden;
    assay_source reference;
    assay_loaded_model exact, moved;
} subject;

/* ---- subjects ---- */

/* The case's text with another seed. */
static char *reseed(const char *text, uint64_t seed) {
    cJSON *root = cJSON_Parse(text);
    cJSON *weights = cJSON_GetObjectItem(root, "weights");
    cJSON *value = cJSON_GetObjectItem(weights, "seed");
    if (value) cJSON_SetNumberValue(value, (double)seed);
    char *changed = value ? cJSON_PrintUnformatted(root) : NULL;
    cJSON_Delete(root);
    return changed;
}

static void write_reference(subject *s, const char *text) {
    assay_error err;
    assay_case c;
    assay_loaded_model m;
    must(assay_case_parse(&c, text, strlen(text), s->name, &err), &err);
    must(assay_load_case_model(&m, &c, NULL, ASSAY_F32, &err), &err);
    must(assay_run_to_dump(&m, &c, s->path, ASSAY_F32, ASSAY_DUMP_ALL, &err), &err);
    assay_loaded_model_free(&m);
    assay_case_free(&c);
}

static bool subject_open(subject *s, const char *case_path, uint64_t seed) {
    assay_error err;
    assay_case c;
    must(assay_case_read(&c, case_path, &err), &err);
    char *text = c.has_config && !c.config_refused && c.has_weights ? reseed(c.text, seed) : NULL;
    assay_case_free(&c);
    if (!text) return false;
    *s = (subject){.name = strdup(case_path)};
    snprintf(s->path, sizeof s->path, "/tmp/bench-diagnosis-%d.h5", (int)getpid());
    write_reference(s, text);
    cJSON_free(text);
    must(assay_golden_open(&s->golden, s->path, &err), &err);
    must(assay_source_of_file(&s->reference, &s->golden, s->path, &err), &err);
    must(assay_load_golden_model(&s->exact, &s->golden, NULL, ASSAY_F32, &err), &err);
    must(assay_load_golden_model(&s->moved, &s->golden, NULL, ASSAY_F32, &err), &err);
    assay_loaded_model_move_weights(&s->moved, seed);
    return true;
}

static void subject_close(subject *s) {
    assay_loaded_model_free(&s->moved);
    assay_loaded_model_free(&s->exact);
    assay_source_close(&s->reference);
    assay_golden_close(&s->golden);
    unlink(s->path);
    free(s->name);
}

/* ---- one run ---- */

static bool run(const subject *s, const assay_loaded_model *m, const assay_semantics *semantics, assay_trace *out) {
    const assay_trace_options options = {
        .test_case = &s->golden.test_case, .kept = &s->reference, .semantics = semantics, .tolerates = true};
    assay_error err;
    assay_status st = assay_trace_run(out, m, &options, &err);
    if (st == ASSAY_EINTERNAL) must(st, &err);
    return !st;
}

static bool shows(int show, const assay_source_item *item) {
    assay_stage_scope scope = assay_stage_get(item->place.stage)->scope;
    if (show == show_stages) return true;
    if (show == show_logits) return item->place.stage == ASSAY_STAGE_LOGITS || item->place.stage == ASSAY_STAGE_TOKENS;
    return scope == ASSAY_PER_STEP || scope == ASSAY_PER_PAST;
}

/* Cuts a trace's source down to what is shown. Without caches it does not say that it holds them. */
static void cut(assay_source *source, int show) {
    size_t count = 0;
    for (size_t i = 0; i < source->item_count; i++)
        if (shows(show, &source->items[i])) source->items[count++] = source->items[i];
    source->item_count = count;
    for (size_t i = 0; show == show_logits && i < source->step_count; i++) source->steps[i].past_captured = 0;
}

static bool match(const assay_source *a, const assay_source *b) {
    assay_case_result r;
    assay_error err;
    must(assay_compare(&r, a, b, &(assay_compare_options){.name = ""}, &err), &err);
    bool passed = r.verdict == ASSAY_CASE_PASS;
    assay_case_result_free(&r);
    return passed;
}

/* Whether two sets of mistakes compute the same, as far as is shown. */
static bool computes_same(const subject *s, const assay_semantics *a, const assay_semantics *b, int show) {
    assay_trace x, y;
    if (!run(s, &s->exact, a, &x)) return false;
    bool same = run(s, &s->exact, b, &y);
    if (same) {
        cut(&x.source, show);
        cut(&y.source, show);
        same = match(&x.source, &y.source) && match(&y.source, &x.source);
        assay_trace_free(&y);
    }
    assay_trace_free(&x);
    return same;
}

static bool names(const assay_hypothesis *h, const assay_variant *mistake) {
    for (size_t i = 0; i < h->mistake_count; i++)
        if (h->mistakes[i] == mistake) return true;
    return false;
}

/* Whether each mistake is named by one of the first `depth` of the ranking. */
static bool all_named(const assay_diagnosis *d, const assay_variant *const made[2], size_t count, size_t depth) {
    for (size_t k = 0; k < count; k++) {
        bool named = false;
        for (size_t i = 0; i < depth && i < d->ranking_count; i++) named = named || names(&d->ranking[i], made[k]);
        if (!named) return false;
    }
    return true;
}

/* Whether the report lists it among those that explain the run as well as the first. */
static bool is_tied(const assay_diagnosis *d, const assay_variant *const made[2], size_t count) {
    for (size_t i = 1; i < d->ranking_count; i++) {
        const assay_hypothesis *h = &d->ranking[i];
        if (h->same_as_best && h->mistake_count == count && names(h, made[0]) && (count == 1 || names(h, made[1])))
            return true;
    }
    return false;
}

static void count_diagnosis(tally *t, const subject *s, const assay_diagnosis *d, const assay_variant *const made[2],
                            size_t count, int show) {
    t->judged++;
    bool named = d->verdict == ASSAY_DIAGNOSIS_EXPLAINED && all_named(d, made, count, count == 1 ? 1 : 3);
    if (named && d->ranking[0].mistake_count <= count) {
        t->first++;
        return;
    }
    if (is_tied(d, made, count)) {
        t->tied++;
        return;
    }
    assay_semantics mine = assay_variants_combine(made, count),
                    its = assay_variants_combine(d->ranking[0].mistakes, d->ranking[0].mistake_count);
    if (d->verdict == ASSAY_DIAGNOSIS_EXPLAINED && computes_same(s, &mine, &its, show)) {
        t->same++;
        return;
    }
    t->missed++;
    printf("  missed in %s by %s: %s%s%s, named %s%s%s (%s, %.3g at %s)\n", s->name, show_names[show], made[0]->name,
           count > 1 ? " + " : "", count > 1 ? made[1]->name : "", d->ranking[0].mistakes[0]->name,
           d->ranking[0].mistake_count > 1 ? " + " : "",
           d->ranking[0].mistake_count > 1 ? d->ranking[0].mistakes[1]->name : "",
           assay_diagnosis_verdict_name(d->verdict), d->ranking[0].distance.worst, d->ranking[0].distance.worst_path);
}

static void diagnose_run(tally *t, const subject *s, const assay_variant *const made[2], size_t count, int show) {
    assay_semantics semantics = assay_variants_combine(made, count);
    assay_trace trace;
    if (!run(s, &s->moved, &semantics, &trace)) return;
    cut(&trace.source, show);
    trace.source.info.weights_xxh128 = "";
    assay_error err;
    assay_diagnosis d;
    const assay_diagnose_options options = {.seconds = 8};
    must(assay_diagnose(&d, &s->golden, s->path, &trace.source, &options, &err), &err);
    bool differs = d.verdict != ASSAY_DIAGNOSIS_MATCH && d.original.worst > 1; /* by more than rounding */
    if (differs) count_diagnosis(t, s, &d, made, count, show);
    assay_diagnosis_free(&d);
    assay_trace_free(&trace);
}

/* ---- all of them ---- */

/* Runs without a mistake, on weights that are moved further and further: whatever they are off by is rounding. */
static void no_mistakes(size_t blamed[2], subject *s, int rounds) {
    static const char *const blame[] = {"explained", "partly explained"};
    const assay_semantics original = {0};
    for (int i = 0; i < rounds; i++) {
        for (int show = 0; show < show_count; show++) {
            assay_trace trace;
            if (!run(s, &s->moved, &original, &trace)) return;
            cut(&trace.source, show);
            trace.source.info.weights_xxh128 = "";
            assay_error err;
            assay_diagnosis d;
            must(assay_diagnose(&d, &s->golden, s->path, &trace.source, &(assay_diagnose_options){.seconds = 4}, &err),
                 &err);
            bool names_one = d.verdict == ASSAY_DIAGNOSIS_EXPLAINED || d.verdict == ASSAY_DIAGNOSIS_PARTLY;
            if (names_one)
                printf("  blamed without a mistake in %s by %s: %s (%s)\n", s->name, show_names[show],
                       d.ranking[0].mistakes[0]->name, blame[d.verdict == ASSAY_DIAGNOSIS_PARTLY]);
            blamed[0] += names_one;
            blamed[1]++;
            assay_diagnosis_free(&d);
            assay_trace_free(&trace);
        }
        assay_loaded_model_move_weights(&s->moved, 1000 + (uint64_t)i);
    }
}

static void all_singles(tally tallies[show_count], const subject *s) {
    for (size_t i = 0; i < assay_variant_count(); i++)
        for (int show = 0; show < show_count; show++)
            diagnose_run(&tallies[show], s, (const assay_variant *const[]){assay_variant_at(i), NULL}, 1, show);
}

static void some_pairs(tally tallies[show_count], const subject *s, uint64_t seed, size_t count) {
    uint64_t key = assay_random_key(seed, s->name);
    for (uint64_t n = 0; n < count; n++) {
        const assay_variant *made[2] = {assay_variant_at(assay_random_at(key, 2 * n) % assay_variant_count()),
                                        assay_variant_at(assay_random_at(key, 2 * n + 1) % assay_variant_count())};
        int show = (int)(n % show_count);
        if (made[0]->field != made[1]->field) diagnose_run(&tallies[show], s, made, 2, show);
    }
}

static double print_tallies(const char *what, const tally tallies[show_count]) {
    tally sum = {0};
    for (int show = 0; show < show_count; show++) {
        const tally *t = &tallies[show];
        printf("%s.%s: %zu named first, %zu listed as equally good, %zu the same on the case, %zu missed of %zu\n",
               what, show_names[show], t->first, t->tied, t->same, t->missed, t->judged);
        sum.judged += t->judged;
        sum.missed += t->missed;
    }
    double rate = sum.judged ? 100.0 * (double)(sum.judged - sum.missed) / (double)sum.judged : 100;
    printf("%s: %.2f%% of %zu\n", what, rate, sum.judged);
    return rate;
}

int main(int argc, char **argv) {
    uint64_t seed = 20000003;
    size_t pairs = 12;
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--seed") == 0) seed = strtoull(argv[at + 1], NULL, 10);
        if (strcmp(argv[at], "--pairs") == 0) pairs = strtoull(argv[at + 1], NULL, 10);
    }
    assay_engine_init(0);
    tally singles[show_count] = {{0}}, doubles[show_count] = {{0}};
    size_t blamed[2] = {0};
    for (; at < argc; at++) {
        subject s;
        if (!subject_open(&s, argv[at], seed)) continue;
        all_singles(singles, &s);
        some_pairs(doubles, &s, seed, pairs);
        no_mistakes(blamed, &s, 6);
        subject_close(&s);
    }
    double single = print_tallies("single", singles), pair = print_tallies("pairs", doubles);
    printf("none: %zu of %zu runs without a mistake were blamed on one\n", blamed[0], blamed[1]);
    return single >= 98 && pair >= 80 && blamed[0] == 0 ? 0 : 1;
}
