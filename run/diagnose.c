#include "run/diagnose.h"

#include <stdint.h>
#include <stdlib.h>

#include "compare/compare.h"
#include "compare/source_file.h"
#include "core/clock.h"
#include "run/arithmetic.h"
#include "run/hypothesis.h"

/* Pairs tried at a time, between looks at the clock. */
enum { pairs_at_a_time = 16 };

/* Hypotheses that get a second look when none explains the candidate. */
enum { refined_at_most = 8 };

/* No noise makes floors wider than so many tolerances. */
static const double refined_distance = 1000;

/* Runs that show how much a hypothesis depends on rounding: one in float64, the others with weights moved by a unit in the last
 * place. */
enum { others_at_most = 4 };

/* The models that hypotheses run on: in the candidate's dtype; and, for one in float32, those that show how much a run depends on
 * rounding. */
typedef struct {
    assay_loaded_model model;
    assay_loaded_model others[others_at_most]; /* (other_count) */
    size_t other_count;
} models;

static void free_models(models *m) {
    for (size_t i = 0; i < m->other_count; i++) assay_loaded_model_free(&m->others[i]);
    assay_loaded_model_free(&m->model);
}

/* One diagnosis under way. */
typedef struct {
    assay_diagnosed about;
    const assay_golden *golden;
    models models;
    const assay_diagnose_options *options;
    assay_diagnosis *result;
    size_t capacity; /* of result->ranking */
    size_t done, expected;
    double end;        /* of the time given */
    assay_dtype dtype; /* what the candidate computes in */
} search;

const char *assay_diagnosis_verdict_name(assay_diagnosis_verdict verdict) {
    static const char *const names[] = {"match", "explained", "partly explained", "unknown", "rounding"};
    return names[verdict];
}

static void report_progress(search *s) {
    s->done++;
    if (s->options->progress) s->options->progress(s->options->context, s->done, s->expected);
}

static assay_status try_one(const search *s, assay_hypothesis *h, bool again, assay_error *err) {
    if (!again) return assay_hypothesis_try(h, &s->about, &s->result->original, err);
    bool too_far = !(h->distance.worst <= refined_distance);
    return too_far ? ASSAY_OK : assay_hypothesis_refine(h, &s->about, err);
}

/* Tries ranking[first, first + count) on all threads; again: refines them. */
static assay_status try_range(search *s, size_t first, size_t count, bool again, assay_error *err) {
    assay_status st = ASSAY_OK;
    size_t failed_at = SIZE_MAX; /* the error of the first that fails is reported, whichever thread is faster */
    assay_error why;
#pragma omp parallel for schedule(dynamic) private(why)
    for (size_t i = first; i < first + count; i++) {
        assay_status failed = try_one(s, &s->result->ranking[i], again, &why);
#pragma omp critical
        {
            report_progress(s);
            if (failed && i < failed_at) {
                failed_at = i;
                st = failed;
                if (err) *err = why;
            }
        }
    }
    return st;
}

/* ---- ranking ---- */

static int by_number(double a, double b) { return (a > b) - (a < b); }

/* A second mistake that changes little comes nearer by chance as often as not: a pair must be clearly better. */
static double rank_badness(const assay_hypothesis *h) {
    return h->mistake_count == 1 ? h->distance.badness : 1.2 * h->distance.badness + 3;
}

/* Leaves nothing to explain. */
static bool fits(const assay_hypothesis *h) { return h->explains && h->distance.worst <= 1; }

/* What leaves nothing first, then what explains it nearly; then fewer and smaller differences, fewer mistakes, the nearer one, the
 * order of the table. */
static int compare_hypotheses(const void *a, const void *b) {
    const assay_hypothesis *x = a, *y = b;
    int order = (int)fits(y) - (int)fits(x);
    if (!order) order = (int)y->explains - (int)x->explains;
    if (!order && !x->explains) order = by_number(rank_badness(x), rank_badness(y));
    if (!order) order = (x->mistake_count > y->mistake_count) - (x->mistake_count < y->mistake_count);
    if (!order) order = by_number(x->distance.closeness, y->distance.closeness);
    if (!order) order = (x->mistakes[0] > y->mistakes[0]) - (x->mistakes[0] < y->mistakes[0]);
    return order ? order : (x->mistakes[1] > y->mistakes[1]) - (x->mistakes[1] < y->mistakes[1]);
}

static void rank(assay_diagnosis *d) { qsort(d->ranking, d->ranking_count, sizeof *d->ranking, compare_hypotheses); }

/* Loads them when they are first needed. */
static assay_status load_others(search *s, assay_error *err) {
    models *m = &s->models;
    assay_status st = ASSAY_OK;
    while (!st && m->model.dtype == ASSAY_F32 && m->other_count < others_at_most) {
        size_t i = m->other_count;
        assay_dtype dtype = i == 0 ? ASSAY_F64 : ASSAY_F32;
        st = assay_load_golden_model(&m->others[i], s->golden, s->options->model_dir, dtype, err);
        if (st) return st;
        m->other_count++;
        if (i > 0) assay_loaded_model_move_weights(&m->others[i], i);
    }
    s->about.others = m->others;
    s->about.other_count = m->other_count;
    return st;
}

/* Ranks; when nothing explains the candidate, has another look at what is nearest. */
static assay_status rank_refined(search *s, assay_error *err) {
    assay_diagnosis *d = s->result;
    rank(d);
    if (fits(&d->ranking[0])) return ASSAY_OK;
    assay_status st = load_others(s, err);
    if (st || s->about.other_count == 0) return st;
    st = try_range(s, 0, d->ranking_count < refined_at_most ? d->ranking_count : refined_at_most, true, err);
    if (!st) rank(d);
    return st;
}

/* ---- singles and pairs ---- */

static assay_status reserve(search *s, size_t count, assay_error *err) {
    if (count <= s->capacity) return ASSAY_OK;
    assay_hypothesis *grown = realloc(s->result->ranking, count * sizeof *grown);
    if (!grown) return assay_fail_nomem(err, "hypotheses");
    s->result->ranking = grown;
    s->capacity = count;
    return ASSAY_OK;
}

static assay_status try_singles(search *s, assay_error *err) {
    assay_diagnosis *d = s->result;
    assay_status st = reserve(s, assay_variant_count(), err);
    if (st) return st;
    for (size_t i = 0; i < assay_variant_count(); i++)
        d->ranking[i] = (assay_hypothesis){.mistakes = {assay_variant_at(i)}, .mistake_count = 1};
    d->ranking_count = d->singles = s->expected = assay_variant_count();
    st = try_range(s, 0, d->ranking_count, false, err);
    return st ? st : rank_refined(s, err);
}

/* The next pair of singles, in their ranking: the best with all others first. False after the last. */
static bool next_pair(const assay_variant *const *singles, size_t count, size_t at[2]) {
    do {
        if (++at[1] >= count) {
            at[0]++;
            at[1] = at[0] + 1;
        }
        if (at[1] >= count) return false;
    } while (singles[at[0]]->field == singles[at[1]]->field); /* one choice is made in one way */
    return true;
}

static size_t add_pairs(assay_diagnosis *d, const assay_variant *const *singles, size_t count, size_t at[2]) {
    size_t added = 0;
    while (added < pairs_at_a_time && next_pair(singles, count, at))
        d->ranking[d->ranking_count + added++] =
            (assay_hypothesis){.mistakes = {singles[at[0]], singles[at[1]]}, .mistake_count = 2};
    return added;
}

static bool any_fits(const assay_diagnosis *d, size_t first) {
    for (size_t i = first; i < d->ranking_count; i++)
        if (fits(&d->ranking[i])) return true;
    return false;
}

/* Pairs in the order of their better half, until one explains the candidate, all were tried, or the time is over. */
static assay_status try_pairs_of(search *s, const assay_variant *const *singles, size_t count, assay_error *err) {
    assay_diagnosis *d = s->result;
    size_t at[2] = {0, 0};
    bool nearly = d->ranking[0].explains; /* then only a second mistake beside it is looked for */
    s->expected = s->done + count * (count - 1) / 2;
    for (size_t added = pairs_at_a_time; added == pairs_at_a_time;) {
        d->out_of_time = assay_clock_seconds() >= s->end;
        if (d->out_of_time) return ASSAY_OK;
        assay_status st = reserve(s, d->ranking_count + pairs_at_a_time, err);
        if (st) return st;
        if (nearly && at[0] > 0) return ASSAY_OK;
        size_t first = d->ranking_count;
        added = add_pairs(d, singles, count, at);
        st = try_range(s, first, added, false, err);
        if (st) return st;
        d->ranking_count += added;
        d->pairs += added;
        if (any_fits(d, first)) return ASSAY_OK;
    }
    return ASSAY_OK;
}

static assay_status try_pairs(search *s, assay_error *err) {
    size_t count = s->result->ranking_count;
    const assay_variant **singles = malloc(count * sizeof *singles);
    if (!singles) return assay_fail_nomem(err, "hypotheses");
    for (size_t i = 0; i < count; i++) singles[i] = s->result->ranking[i].mistakes[0];
    assay_status st = try_pairs_of(s, singles, count, err);
    free((void *)singles);
    if (st) return st;
    if (assay_clock_seconds() < s->end) return rank_refined(s, err);
    rank(s->result);
    return ASSAY_OK;
}

/* ---- verdict ---- */

/* Fewer than half of the differences are left; or all of them, ten times smaller: a mistake in a port that is less precise, say. */
static bool comes_much_nearer(const assay_distance *d, const assay_distance *original) {
    bool fewer = 2 * d->differing <= original->differing && d->badness <= original->badness / 2;
    return fewer || (d->worst <= original->worst / 10 && d->closeness <= original->closeness / 10);
}

static void conclude(assay_diagnosis *d) {
    const assay_distance *best = &d->ranking[0].distance;
    d->verdict = ASSAY_DIAGNOSIS_UNKNOWN;
    if (d->ranking[0].explains) d->verdict = ASSAY_DIAGNOSIS_EXPLAINED;
    else if (d->original.worst <= 8) d->verdict = ASSAY_DIAGNOSIS_ROUNDING;
    else if (comes_much_nearer(best, &d->ranking[0].original)) d->verdict = ASSAY_DIAGNOSIS_PARTLY;
    /* Equally many mistakes that explain it equally well: the rounding of one run decides which is nearer. */
    for (size_t i = 1; i < d->ranking_count; i++)
        d->ranking[i].same_as_best = d->ranking[0].explains && d->ranking[i].explains &&
                                     d->ranking[i].mistake_count == d->ranking[0].mistake_count &&
                                     d->ranking[i].distance.closeness <= 2 * best->closeness + 0.01;
}

static assay_status search_all(search *s, assay_error *err) {
    assay_diagnosis *d = s->result;
    assay_status st = assay_measure_distance(&d->original, s->about.candidate, &s->about.original->source, err);
    if (!st && d->original.judged == 0)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: holds no tensor of this case, so there is nothing to diagnose",
                        s->about.candidate->memory.source.info.name);
    if (!st) st = try_singles(s, err);
    bool needs_pairs = !st && !fits(&d->ranking[0]) && d->original.worst > 8;
    if (needs_pairs) st = try_pairs(s, err);
    if (!st) conclude(d);
    return st;
}

/* ---- the whole ---- */

static assay_status load_model(search *s, assay_error *err) {
    assay_loaded_model *m = &s->models.model;
    assay_status st = assay_load_golden_model(m, s->golden, s->options->model_dir, s->dtype, err);
    if (st || !m->refused) return st;
    return assay_fail(err, ASSAY_EINPUT, m->refusal.rules,
                      "the original refuses to build this model, so there is no run to compare with: %.600s",
                      m->refusal.message);
}

static assay_status run_original(assay_trace *out, const search *s, const assay_loaded_model *m,
                                 const assay_measured *candidate, assay_error *err) {
    const assay_trace_options options = {
        .test_case = s->about.test_case, .kept = &candidate->memory.source, .tolerates = true};
    return assay_trace_run(out, m, &options, err);
}

/* *match: something was compared, and nothing differs; *differs: something does. */
static assay_status compare(const assay_source *golden, const assay_source *candidate, bool *match, bool *differs,
                            assay_error *err) {
    assay_case_result compared;
    assay_status st = assay_compare(&compared, golden, candidate, &(assay_compare_options){.name = ""}, err);
    if (st) return st;
    *match = compared.verdict == ASSAY_CASE_PASS;
    *differs = compared.first_divergence >= 0;
    assay_case_result_free(&compared);
    return ASSAY_OK;
}

/* What the engine does not match without a mistake cannot be held against a port: another port's dump, say. */
static assay_status check_golden(const assay_source *golden, const assay_source *original, assay_error *err) {
    bool match = false, differs = false;
    assay_status st = compare(golden, original, &match, &differs, err);
    if (st || !differs) return st;
    return assay_fail(
        err, ASSAY_EINPUT, NULL,
        "%s: the reference engine does not compute what this file holds, so it cannot serve as the golden; see "
        "'assay verify'",
        golden->info.name);
}

/* A reference without noise floors (a dump): the run without a mistake shows how much it depends on rounding. */
static assay_status make_floors(search *s, assay_measured *candidate, const assay_trace *original, assay_error *err) {
    assay_status st = load_others(s, err);
    for (size_t i = 0; !st && i < s->models.other_count; i++) {
        assay_trace other;
        st = run_original(&other, s, &s->models.others[i], candidate, err);
        if (st) return st;
        assay_measured_widen(candidate, &original->source, &other.source);
        assay_trace_free(&other);
    }
    return st;
}

/* Half precision against a golden that has it not: the noise is how far a right run in it is from exact. */
static bool has_own_arithmetic(const search *s) {
    return assay_dtype_is_half(s->dtype) && !assay_dtype_is_half(s->golden->dtype);
}

static assay_status widen_by_exact(search *s, assay_measured *candidate, const assay_trace *original,
                                   assay_error *err) {
    assay_loaded_model m = {0};
    assay_trace exact = {0};
    assay_status st = assay_load_golden_model(&m, s->golden, s->options->model_dir, ASSAY_F64, err);
    if (!st) st = run_original(&exact, s, &m, candidate, err);
    if (!st) assay_measured_widen(candidate, &original->source, &exact.source);
    assay_trace_free(&exact);
    assay_loaded_model_free(&m);
    return st;
}

static assay_status diagnose_measured(search *s, assay_measured *candidate, const assay_source *golden,
                                      assay_error *err) {
    assay_trace original = {0};
    assay_status st = load_model(s, err);
    if (!st) st = run_original(&original, s, &s->models.model, candidate, err);
    if (!st && !has_own_arithmetic(s)) st = check_golden(golden, &original.source, err);
    if (!st) assay_measured_drop_foreign(candidate, golden, &original.source);
    if (!st && has_own_arithmetic(s)) st = widen_by_exact(s, candidate, &original, err);
    if (!st && !candidate->has_floors) st = make_floors(s, candidate, &original, err);
    s->about.candidate = candidate;
    s->about.model = &s->models.model;
    s->about.original = &original;
    if (!st) st = search_all(s, err);
    assay_trace_free(&original);
    free_models(&s->models);
    return st;
}

static assay_status diagnose_loaded(search *s, const assay_source *golden, const assay_source *candidate,
                                    assay_error *err) {
    assay_measured measured;
    assay_status st = assay_measured_load(&measured, candidate, golden, err);
    if (st) return st;
    s->result->evidence = measured.evidence;
    s->result->numbers = measured.numbers;
    st = diagnose_measured(s, &measured, golden, err);
    assay_measured_free(&measured);
    return st;
}

/* Whether the candidate matches, in its own arithmetic; and what that is. */
static assay_status compare_candidate(search *s, const assay_source *golden, const assay_source *candidate, bool *match,
                                      assay_error *err) {
    assay_case_result compared;
    const assay_arithmetic arithmetic = {.model_dir = s->options->model_dir};
    assay_status st = assay_compare_arithmetic(&compared, s->golden, golden, candidate, &arithmetic,
                                               &(assay_compare_options){.name = ""}, err);
    if (st) return st;
    assay_dtype unsaid = assay_dtype_is_half(s->golden->dtype) ? s->golden->dtype : ASSAY_F32;
    *match = compared.verdict == ASSAY_CASE_PASS;
    s->dtype = candidate->info.has_dtype ? candidate->info.dtype : compared.is_half ? compared.arithmetic : unsaid;
    assay_case_result_free(&compared);
    return ASSAY_OK;
}

assay_status assay_diagnose(assay_diagnosis *out, const assay_golden *golden, const char *golden_name,
                            const assay_source *candidate, const assay_diagnose_options *options, assay_error *err) {
    if (!golden->has_case)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the file holds no case to run again", golden_name);
    if (candidate->info.unsupported[0])
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: says that the port cannot run the case (%.200s), so there is nothing to diagnose",
                          candidate->info.name, candidate->info.unsupported);
    assay_diagnosis result = {0};
    assay_source source = {0};
    bool match = false;
    search s = {.about.test_case = &golden->test_case,
                .golden = golden,
                .options = options,
                .result = &result,
                .end = assay_clock_seconds() + options->seconds};
    assay_status st = assay_source_of_file(&source, golden, golden_name, err);
    if (!st) st = compare_candidate(&s, &source, candidate, &match, err);
    if (!st && !match) st = diagnose_loaded(&s, &source, candidate, err);
    assay_source_close(&source);
    if (st) assay_diagnosis_free(&result);
    else *out = result;
    return st;
}

void assay_diagnosis_free(assay_diagnosis *diagnosis) {
    free(diagnosis->ranking);
    *diagnosis = (assay_diagnosis){0};
}
