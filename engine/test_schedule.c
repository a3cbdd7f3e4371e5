/* The window schedule against a slow restatement of its rules (SCHED-1, SCHED-2, SCHED-4, CACHE-1, CACHE-5, MEM-2, MEM-8). */
#include "engine/schedule.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "engine/test_support.h"

/* What the rules say of one call, told token by token: the window that each token is in, and lengths after each window. */
enum { most_tokens = 64 };
typedef struct {
    int64_t windows;
    int64_t begin[most_tokens], end[most_tokens];
    int64_t local_before[most_tokens], dropped[most_tokens], local_after[most_tokens];
    int64_t memory_at_attention[most_tokens], memory_after[most_tokens];
} story;

/* SCHED-1: prefix tokens by their index over W, then the rest in one window. */
static void tell_windows(story *s, const assay_schedule_input *in) {
    int64_t prefix = in->tokens > in->last_context_length ? in->tokens - in->last_context_length : 0;
    int64_t last = -1;
    for (int64_t t = 0; t < in->tokens; t++) {
        int64_t id = t < prefix ? t / in->window : INT64_MAX;
        if (id != last) s->begin[s->windows++] = t;
        s->end[s->windows - 1] = t + 1;
        last = id;
    }
}

/* One window in words: the drop (CACHE-1), the attention, and where its keys go (MEM-2, MEM-8, CACHE-5). */
static void tell_lengths(story *s, const assay_schedule_input *in) {
    bool use_cache = in->use_cache == 1 || (in->use_cache == -1 && in->config_use_cache);
    int64_t local = in->cached, memory = 0;
    for (int64_t k = 0; k < s->windows; k++) {
        int64_t n = s->end[k] - s->begin[k];
        bool is_final = k == s->windows - 1, had_local = local > 0;
        bool keeps = use_cache && (is_final || in->cached > 0); /* SCHED-2 */
        s->local_before[k] = local;
        s->dropped[k] = local + n > in->window ? local : 0;
        if (keeps) memory += s->dropped[k];
        s->memory_at_attention[k] = memory;
        if (keeps) local = local - s->dropped[k] + n;
        else local = 0;
        if (!keeps && !had_local) memory += n;
        s->local_after[k] = local;
        s->memory_after[k] = memory;
    }
}

static void check_window(const story *s, int64_t k, const assay_window *w, int64_t *memory) {
    cr_assert_eq(w->begin, s->begin[k]);
    cr_assert_eq(w->end, s->end[k]);
    cr_assert_eq(w->cached, s->local_before[k]);
    cr_assert_eq(w->dropped, s->dropped[k]);
    *memory += w->to_memory_before;
    cr_assert_eq(*memory, s->memory_at_attention[k]);
    *memory += w->to_memory_after;
    cr_assert_eq(*memory, s->memory_after[k]);
    int64_t left = w->keeps_local ? w->cached - w->dropped + w->end - w->begin : 0;
    cr_assert_eq(left, s->local_after[k]);
}

static void check_plan(const assay_schedule_input *in) {
    assay_error err = {0};
    assay_window *windows = NULL;
    size_t count = 0;
    assay_status st = assay_schedule_plan(in, &windows, &count, &err);
    if (in->cached > 0 && in->use_cache == 0) {
        test_is_refusal(st, &err, "CACHE-5", "use_cache");
        return;
    }
    cr_assert_eq(st, ASSAY_OK, "%s", err.message);
    story s = {0};
    tell_windows(&s, in);
    tell_lengths(&s, in);
    cr_assert_eq((int64_t)count, s.windows, "T=%lld C=%lld W=%lld cached=%lld", (long long)in->tokens,
                 (long long)in->last_context_length, (long long)in->window, (long long)in->cached);
    int64_t memory = 0;
    for (size_t k = 0; k < count; k++) check_window(&s, (int64_t)k, &windows[k], &memory);
    free(windows);
}

Test(schedule, every_small_call_follows_the_rules) {
    for (int64_t tokens = 1; tokens <= 19; tokens++)
        for (int64_t last = 1; last <= 9; last++)
            for (int64_t window = 1; window <= 6; window++)
                for (int64_t cached = 0; cached <= 8; cached++)
                    for (int flags = 0; flags < 6; flags++)
                        check_plan(&(assay_schedule_input){.tokens = tokens,
                                                           .cached = cached,
                                                           .window = window,
                                                           .last_context_length = last,
                                                           .use_cache = flags % 3 - 1,
                                                           .config_use_cache = flags >= 3});
}

static void check_lengths(const assay_schedule_input *in, size_t count, const int64_t *lengths) {
    assay_window *windows;
    size_t found;
    cr_assert_eq(assay_schedule_plan(in, &windows, &found, NULL), ASSAY_OK);
    cr_assert_eq(found, count, "T=%lld", (long long)in->tokens);
    for (size_t k = 0; k < count; k++) cr_assert_eq(windows[k].end - windows[k].begin, lengths[k]);
    free(windows);
}

static assay_schedule_input fresh(int64_t tokens) {
    return (assay_schedule_input){
        .tokens = tokens, .window = 16, .last_context_length = 8, .use_cache = -1, .config_use_cache = true};
}

Test(schedule, the_examples_of_sched_1) {
    assay_schedule_input in = fresh(9);
    check_lengths(&in, 2, (int64_t[]){1, 8});
    in = fresh(17);
    check_lengths(&in, 2, (int64_t[]){9, 8});
    in = fresh(25);
    check_lengths(&in, 3, (int64_t[]){16, 1, 8});
    in = fresh(33);
    check_lengths(&in, 3, (int64_t[]){16, 9, 8});
    in = fresh(8);
    check_lengths(&in, 1, (int64_t[]){8});
}

Test(schedule, the_example_of_sched_2) {
    assay_schedule_input in = fresh(28);
    in.cached = 5;
    assay_window *w;
    size_t count;
    cr_assert_eq(assay_schedule_plan(&in, &w, &count, NULL), ASSAY_OK);
    cr_assert_eq(count, 3);
    cr_assert_eq(w[0].end, 16);
    cr_assert_eq(w[0].dropped, 5);
    cr_assert_eq(w[0].to_memory_before, 5);
    cr_assert_eq(w[1].end, 20);
    cr_assert_eq(w[1].dropped, 16);
    cr_assert_eq(w[2].end, 28);
    cr_assert_eq(w[2].dropped, 0);
    cr_assert_eq(w[2].cached, 4);
    cr_assert(w[2].keeps_local);
    free(w);
}

Test(schedule, a_final_window_may_be_longer_than_the_context_window) {
    assay_schedule_input in = fresh(40);
    in.last_context_length = 30; /* SCHED-4: C > W */
    check_lengths(&in, 2, (int64_t[]){10, 30});
}

Test(schedule, only_more_than_the_window_drops_the_cache) {
    cr_assert_eq(assay_cache_dropped(7, 1, 8), 0); /* CACHE-1: exactly W is not dropped */
    cr_assert_eq(assay_cache_dropped(8, 1, 8), 8);
    cr_assert_eq(assay_cache_dropped(0, 9, 8), 0);
    cr_assert_eq(assay_cache_dropped(1, 8, 8), 1);
    cr_assert_eq(assay_cache_dropped(12, 1, 8), 12);
}

static void check_refused(assay_schedule_input in, const char *rule, const char *text) {
    assay_window *windows = (assay_window *)(uintptr_t)16;
    size_t count = 99;
    assay_error err = {0};
    test_is_refusal(assay_schedule_plan(&in, &windows, &count, &err), &err, rule, text);
    cr_assert_eq(count, 99, "outputs of a refusal are untouched");
    cr_assert_eq((uintptr_t)windows, 16);
    cr_assert_eq(assay_schedule_plan(&in, &windows, &count, NULL), ASSAY_EINPUT);
}

Test(schedule, refusals_say_why) {
    assay_schedule_input in = fresh(5);
    in.last_context_length = 0;
    check_refused(in, "SCHED-4", "last_context_length is 0");
    in.last_context_length = INT64_MIN;
    check_refused(in, "SCHED-4", "last_context_length");
    check_refused(fresh(0), "ERR-1", "no tokens");
    in = fresh(5);
    in.cached = 3;
    in.use_cache = 0;
    check_refused(in, "CACHE-5", "local cache of 3 tokens");
}

Test(schedule, huge_numbers_do_not_overflow) {
    assay_schedule_input in = fresh(INT64_C(1) << 40);
    in.last_context_length = INT64_MAX;
    check_lengths(&in, 1, (int64_t[]){INT64_C(1) << 40});
    in = fresh(1000);
    in.window = INT64_C(1) << 31;
    check_lengths(&in, 2, (int64_t[]){992, 8});
}
