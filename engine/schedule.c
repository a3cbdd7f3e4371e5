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

/* SCHED-1, SCHED-4, SCHED-5: tokens that run before the final window. */
static int64_t prefix_length(const assay_schedule_input *in) {
    const assay_semantics *s = &in->semantics;
    int64_t context = in->last_context_length;
    if (s->context_limit == ASSAY_CONTEXT_AT_MOST_W && context > in->window) context = in->window;
    bool splits = in->tokens > (s->split == ASSAY_SPLIT_ABOVE_WINDOW ? in->window : context);
    if (s->memoryless_split == ASSAY_SPLIT_WITH_MEMORY) splits = splits && in->has_memory;
    int64_t last = context;
    if (s->final_window == ASSAY_FINAL_WINDOW) last = in->window;
    if (s->final_window == ASSAY_FINAL_REMAINDER) last = (in->tokens - 1) % in->window + 1;
    return splits && in->tokens > last ? in->tokens - last : 0;
}

/* SCHED-1: end of the prefix window that starts at `begin`. */
static int64_t prefix_window_end(const assay_schedule_input *in, int64_t begin, int64_t prefix) {
    int64_t rest = prefix - begin, uneven = rest % in->window;
    if (in->semantics.short_window == ASSAY_SHORT_WINDOW_FIRST && uneven > 0) return begin + uneven;
    return rest > in->window ? begin + in->window : prefix;
}

/* CACHE-1 */
static int64_t tokens_dropped(const assay_schedule_input *in, int64_t cached, int64_t added) {
    int64_t limit = in->semantics.flip_threshold == ASSAY_FLIP_AT_W ? in->window - 1 : in->window;
    int64_t dropped = assay_cache_dropped(cached, added, limit);
    int64_t overflow = cached + added - limit;
    bool overflow_only = in->semantics.flip_extent == ASSAY_FLIP_OVERFLOW && dropped > 0;
    return overflow_only && overflow < dropped ? overflow : dropped;
}

/* MEM-8: keys of a window that leave no local cache. Without use_cache a window that had a local cache writes nothing to memory;
 * one that had none writes itself. */
static void move_to_memory(const assay_schedule_input *in, assay_window *w, bool is_final) {
    const assay_semantics *s = &in->semantics;
    int64_t tokens = w->end - w->begin;
    if (w->keeps_local && is_final && s->final_keys == ASSAY_FINAL_TO_MEMORY) {
        w->keeps_local = false;
        w->to_memory_after = w->cached - w->gone - w->dropped + tokens;
    } else if (!w->keeps_local && w->cached == 0) {
        bool discards = is_final && s->uncached_keys == ASSAY_UNCACHED_DISCARDED;
        w->to_memory_after = discards ? 0 : tokens;
    }
}

/* The window of tokens [begin, end). *w comes with what is left in the local cache by the window before, and with the use_cache
 * that it runs with (keeps_local). */
static void fill_window(const assay_schedule_input *in, assay_window *w, int64_t begin, int64_t end) {
    w->begin = begin;
    w->end = end;
    w->dropped = tokens_dropped(in, w->cached - w->gone, end - begin);
    bool kept = w->keeps_local && in->semantics.flip_extent != ASSAY_FLIP_DISCARDED;
    w->to_memory_before = kept ? w->dropped : 0;
    move_to_memory(in, w, end == in->tokens);
}

/* What a window leaves for the next: tokens in the local cache, and those that layers which flip no longer hold. */
static assay_window window_after(const assay_schedule_input *in, const assay_window *w) {
    assay_window next = {0};
    if (!w->keeps_local) return next;
    next.cached = w->cached + w->end - w->begin;
    if (in->semantics.flip_layers == ASSAY_FLIP_EVERY_LAYER) next.cached -= w->dropped;
    else next.gone = w->gone + w->dropped;
    return next;
}

/* SCHED-2: the use_cache of a prefix window. */
static bool prefix_keeps_local(const assay_schedule_input *in, int64_t cached, bool use_cache) {
    return use_cache && (cached > 0 || in->semantics.prefix_cache == ASSAY_PREFIX_CACHED);
}

assay_status assay_schedule_plan(const assay_schedule_input *in, assay_window **windows, size_t *count,
                                 assay_error *err) {
    assert(in->window >= 1);
    assay_status st = check_input(in, err);
    if (st) return st;
    bool use_cache = in->use_cache < 0 ? in->config_use_cache : in->use_cache == 1;
    int64_t prefix = prefix_length(in);
    size_t most = (size_t)(prefix / in->window) + 2;
    assay_window *plan = calloc(most, sizeof *plan);
    if (!plan) return assay_fail_nomem(err, "the window schedule");
    size_t n = 0;
    plan[0].cached = in->cached;
    plan[0].gone = in->gone;
    for (int64_t begin = 0; begin < prefix; n++) {
        plan[n].keeps_local = prefix_keeps_local(in, plan[n].cached, use_cache);
        fill_window(in, &plan[n], begin, prefix_window_end(in, begin, prefix));
        plan[n + 1] = window_after(in, &plan[n]);
        begin = plan[n].end;
    }
    plan[n].keeps_local = use_cache;
    fill_window(in, &plan[n], prefix, in->tokens);
    *windows = plan;
    *count = n + 1;
    return ASSAY_OK;
}
