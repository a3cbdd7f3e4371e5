#include "fuzz/campaign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "fuzz/case_copy.h"
#include "fuzz/case_edit.h"
#include "fuzz/case_text.h"
#include "fuzz/find_folder.h"
#include "fuzz/shrink.h"

/* A case that hangs takes all the time that an answer may take: so many others could be run meanwhile. */
enum { HANG_COST = 50 };

typedef struct {
    assay_fuzz_campaign *campaign;
    const assay_fuzz_subject *subject;
    const assay_fuzz_options *options;
    assay_fuzz_outcome outcome; /* that is being shrunk */
    double started;
    assay_error *err;
} runner;

static bool is_interrupted(runner *r) {
    const assay_fuzz_options *o = r->options;
    if (o->interrupted && o->interrupted(o->context)) r->campaign->interrupted = true;
    return r->campaign->interrupted;
}

static bool is_over(const runner *r) {
    double seconds = r->options->seconds;
    return seconds > 0 && assay_clock_seconds() - r->started >= seconds;
}

static void report_progress(const runner *r, bool shrinking) {
    if (r->options->progress) r->options->progress(r->options->context, r->campaign, shrinking);
}

/* ---- what must be refused ---- */

static bool is_refused(const assay_step *s) { return s->expect_error[0] != '\0'; }

static int64_t count_refused(const assay_case *c) {
    int64_t n = 0;
    for (size_t i = 0; i < c->step_count; i++) n += is_refused(&c->steps[i]);
    return n;
}

/* Leaves out what the rules refuse, where that is not asked for: a refused step changes nothing, so that the others stay what they are.
 * The decoder knows lengths alone. *left is false where the whole case is refused. */
static assay_status drop_refused(const runner *r, assay_case *c, bool *left) {
    *left = true;
    if (r->options->bounds->refusals) return ASSAY_OK;
    assay_status st = assay_fuzz_expect_refusals(c, r->err);
    for (size_t i = st ? 0 : c->step_count; i-- > 0 && *left;)
        if (is_refused(&c->steps[i])) *left = assay_fuzz_drop_step(c, i);
    return st;
}

/* ---- finds ---- */

static assay_fuzz_find *find_kind(const assay_fuzz_campaign *c, const assay_fuzz_verdict *v) {
    for (size_t i = 0; i < c->find_count; i++)
        if (c->finds[i].outcome == v->outcome && strcmp(c->finds[i].stage, v->stage) == 0) return &c->finds[i];
    return NULL;
}

/* Where and how the find's case fails. */
static void take_verdict(assay_fuzz_find *find, const assay_fuzz_verdict *v) {
    snprintf(find->shrunk_stage, sizeof find->shrunk_stage, "%s", v->stage);
    snprintf(find->where, sizeof find->where, "%s", v->where);
    snprintf(find->rules, sizeof find->rules, "%s", v->rules);
    snprintf(find->message, sizeof find->message, "%s", v->message);
}

static assay_status still_fails(void *context, assay_case *c, bool *fails, assay_error *err) {
    runner *r = context;
    assay_fuzz_verdict v;
    *fails = false;
    if (is_interrupted(r) || is_over(r)) return ASSAY_OK;
    assay_status st = assay_fuzz_check(&v, c, r->subject, err);
    if (st) return st;
    *fails = v.outcome == r->outcome && (r->options->bounds->refusals || count_refused(c) == 0);
    if (v.outcome == ASSAY_FUZZ_INTERRUPTED) r->campaign->interrupted = true;
    assay_fuzz_verdict_release(&v, r->subject);
    report_progress(r, true);
    return ASSAY_OK;
}

/* A subject that differs from itself would lead a shrinking astray. */
static assay_status shrink(runner *r, assay_case *c) {
    if (r->options->shrink_checks == 0 || r->outcome == ASSAY_FUZZ_NONDETERMINISTIC) return ASSAY_OK;
    size_t checks = r->options->shrink_checks / (r->outcome == ASSAY_FUZZ_HUNG ? HANG_COST : 1);
    assay_fuzz_bounds bounds = assay_fuzz_bounds_tiny;
    bounds.refusals = r->options->bounds->refusals;
    bounds.plain = r->options->bounds->plain;
    assay_shrink_options options = {
        .context = r, .check = still_fails, .bounds = &bounds, .most_checks = checks, .searched = checks / 5};
    return assay_fuzz_shrink(c, &options, NULL, r->err);
}

/* What the find says is that of the shrunk case, run once more. */
static assay_status describe(runner *r, assay_fuzz_find *find, assay_case *shrunk) {
    assay_fuzz_verdict v;
    assay_status st = assay_fuzz_check(&v, shrunk, r->subject, r->err);
    if (st) return st;
    if (v.outcome == find->outcome) take_verdict(find, &v);
    assay_fuzz_verdict_release(&v, r->subject);
    return assay_fuzz_case_text(&find->case_text, shrunk, r->err);
}

static assay_status write_find(const runner *r, assay_fuzz_find *find, const assay_case *shrunk,
                               const assay_case *found) {
    if (!r->options->folder) return ASSAY_OK;
    assay_find_folder_input in = {.parent = r->options->folder,
                                  .shrunk = shrunk,
                                  .found = found,
                                  .subject = r->subject,
                                  .seed = r->options->seed};
    return assay_find_folder_write(&in, find, r->err);
}

static assay_status work_out(runner *r, assay_fuzz_find *find, const assay_case *found, bool late) {
    assay_case shrunk;
    assay_status st = assay_fuzz_case_copy(&shrunk, found, r->err);
    if (st) return st;
    r->outcome = find->outcome;
    find->tokens_before = assay_fuzz_case_tokens(found);
    st = late ? ASSAY_OK : shrink(r, &shrunk); /* another case is to blame */
    find->tokens = assay_fuzz_case_tokens(&shrunk);
    if (!st) st = describe(r, find, &shrunk);
    if (!st) st = write_find(r, find, &shrunk, found);
    assay_case_free(&shrunk);
    return st;
}

static assay_status add_find(runner *r, int64_t index, const assay_fuzz_verdict *v, const assay_case *found) {
    assay_fuzz_campaign *c = r->campaign;
    assay_fuzz_find *finds = realloc(c->finds, (c->find_count + 1) * sizeof *finds);
    if (!finds) return assay_fail_nomem(r->err, "a list of finds");
    c->finds = finds;
    assay_fuzz_find *find = &finds[c->find_count++];
    *find = (assay_fuzz_find){.outcome = v->outcome, .index = index, .count = 1};
    snprintf(find->stage, sizeof find->stage, "%s", v->stage);
    take_verdict(find, v);
    return work_out(r, find, found, v->answer.late);
}

/* ---- cases ---- */

static void count_case(assay_fuzz_campaign *c, const assay_case *test_case) {
    c->cases++;
    c->steps += (int64_t)test_case->step_count;
    c->refused_steps += count_refused(test_case);
    assay_boundary_grid_add(&c->grid, test_case);
}

static void note_unsupported(assay_fuzz_campaign *c, int64_t index, const assay_fuzz_verdict *v) {
    if (c->unsupported_index >= 0) return;
    c->unsupported_index = index;
    snprintf(c->unsupported, sizeof c->unsupported, "%.390s", v->message);
}

static assay_status judge(runner *r, int64_t index, assay_case *test_case) {
    assay_fuzz_verdict v;
    assay_status st = assay_fuzz_check(&v, test_case, r->subject, r->err);
    if (st) return st;
    bool fails = assay_fuzz_outcome_fails(v.outcome) && v.outcome != ASSAY_FUZZ_ENGINE;
    if (fails && !v.answer.late) st = assay_fuzz_check_again(&v, test_case, r->subject, r->err);
    if (v.outcome == ASSAY_FUZZ_INTERRUPTED) r->campaign->interrupted = true;
    else if (!st) {
        count_case(r->campaign, test_case);
        r->campaign->outcomes[v.outcome]++;
        if (v.outcome == ASSAY_FUZZ_UNSUPPORTED) note_unsupported(r->campaign, index, &v);
        assay_fuzz_find *known = find_kind(r->campaign, &v);
        if (known) known->count++;
        else if (assay_fuzz_outcome_fails(v.outcome)) st = add_find(r, index, &v, test_case);
    }
    assay_fuzz_verdict_release(&v, r->subject);
    return st;
}

static assay_status run_case(runner *r, int64_t index) {
    assay_case test_case;
    assay_status st = assay_fuzz_case_random(&test_case, r->options->seed, (uint64_t)index, r->options->bounds, r->err);
    if (st) return st;
    bool left;
    st = drop_refused(r, &test_case, &left);
    if (!st && left) st = judge(r, index, &test_case);
    assay_case_free(&test_case);
    report_progress(r, false);
    return st;
}

static bool goes_on(runner *r, int64_t index) {
    const assay_fuzz_options *o = r->options;
    if (o->cases >= 0 && index >= o->cases) return false;
    if (is_over(r)) return false;
    if ((int64_t)r->campaign->find_count >= o->most_finds) return false;
    return !is_interrupted(r);
}

static void describe_settings(assay_fuzz_campaign *c, const assay_fuzz_options *o) {
    snprintf(c->settings, sizeof c->settings, "cases %lld, %s%s%s, shrink %zu", (long long)o->cases,
             assay_dtype_name(o->bounds->dtype), o->bounds->plain ? ", plain" : "",
             o->bounds->refusals ? "" : ", no refusals", o->shrink_checks);
}

assay_status assay_fuzz_campaign_run(assay_fuzz_campaign *out, const assay_fuzz_subject *subject,
                                     const assay_fuzz_options *options, assay_error *err) {
    assay_fuzz_campaign campaign = {
        .seed = options->seed, .first = options->first, .stride = options->stride, .unsupported_index = -1};
    snprintf(campaign.subject, sizeof campaign.subject, "%s", subject->name);
    describe_settings(&campaign, options);
    runner r = {
        .campaign = &campaign, .subject = subject, .options = options, .started = assay_clock_seconds(), .err = err};
    assay_status st = ASSAY_OK;
    for (int64_t i = options->first; !st && goes_on(&r, i); i += options->stride) st = run_case(&r, i);
    if (st) assay_fuzz_campaign_free(&campaign);
    else *out = campaign;
    return st;
}

bool assay_fuzz_campaign_passed(const assay_fuzz_campaign *campaign) {
    return campaign->outcomes[ASSAY_FUZZ_PASS] > 0 && campaign->find_count == 0 && !campaign->interrupted;
}

void assay_fuzz_campaign_free(assay_fuzz_campaign *campaign) {
    for (size_t i = 0; i < campaign->find_count; i++) free(campaign->finds[i].case_text);
    free(campaign->finds);
    *campaign = (assay_fuzz_campaign){0};
}
