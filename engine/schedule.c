#include "engine/schedule.h"

#include <assert.h>
#include <stdlib.h>

int64_t assay_cache_dropped(int64_t cached, int64_t added, int64_t window) {
    /* cached + added cannot overflow: both are lengths of tensors in memory. */
    return cached + added > window ? cached : 0;
}

static assay_status check_input(const assay_schedule_input *in, assay_error *err) {
    if (in->tokens < 1)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 SCHED-4",
                          "the call has no tokens (T = 0); give at least one (ERR-1)");
    if (in->last_context_length <= 0)
        return assay_fail(
            err, ASSAY_EINPUT, "SCHED-4",
            "last_context_length is %lld, which leaves an empty final window; it must be positive (SCHED-4)",
            (long long)in->last_context_length);
    if (in->cached > 0 && in->use_cache == 0)
        return assay_fail(
            err, ASSAY_EINPUT, "CACHE-5",
            "the call brings a local cache of %lld tokens and says use_cache false; leave use_cache out, set it "
            "true, or start without a past (CACHE-5)",
            (long long)in->cached);
    return ASSAY_OK;
}

/* `cached` is what is left in the local cache by the window before; `wants_cache` the use_cache it runs with. */
static assay_window make_window(int64_t begin, int64_t end, int64_t cached, bool wants_cache, int64_t window) {
    assay_window w = {.begin = begin, .end = end, .cached = cached, .keeps_local = wants_cache};
    w.dropped = assay_cache_dropped(cached, end - begin, window);
    /* Without use_cache a window that had a local cache writes nothing to memory; one that had none writes itself. */
    if (wants_cache) w.to_memory_before = w.dropped;
    else if (cached == 0) w.to_memory_after = end - begin;
    return w;
}

static int64_t cached_after(const assay_window *w) {
    return w->keeps_local ? w->cached - w->dropped + (w->end - w->begin) : 0;
}

assay_status assay_schedule_plan(const assay_schedule_input *in, assay_window **windows, size_t *count,
                                 assay_error *err) {
    assert(in->window >= 1);
    assay_status st = check_input(in, err);
    if (st) return st;
    bool use_cache = in->use_cache < 0 ? in->config_use_cache : in->use_cache == 1;
    int64_t prefix = in->tokens > in->last_context_length ? in->tokens - in->last_context_length : 0;
    size_t most = (size_t)(prefix / in->window) + 2;
    assay_window *plan = calloc(most, sizeof *plan);
    if (!plan) return assay_fail_nomem(err, "the window schedule");
    size_t n = 0;
    int64_t cached = in->cached;
    for (int64_t begin = 0; begin < prefix; n++) {
        int64_t end = prefix - begin > in->window ? begin + in->window : prefix;
        plan[n] = make_window(begin, end, cached, cached > 0 && use_cache, in->window); /* SCHED-2 */
        cached = cached_after(&plan[n]);
        begin = end;
    }
    plan[n] = make_window(prefix, in->tokens, cached, use_cache, in->window);
    *windows = plan;
    *count = n + 1;
    return ASSAY_OK;
}
