#include "fuzz/campaign_merge.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static assay_status check_shards(const assay_fuzz_campaign *shards, const char *const *names, size_t count,
                                 assay_error *err) {
    const assay_fuzz_campaign *first = &shards[0];
    for (size_t i = 0; i < count; i++) {
        const assay_fuzz_campaign *c = &shards[i];
        if (strcmp(c->subject, first->subject) != 0 || c->seed != first->seed || c->stride != first->stride ||
            strcmp(c->settings, first->settings) != 0)
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "%s: is not of the campaign of %s: it has another subject, seed, number of shards, or "
                              "settings (%s; %s)",
                              names[i], names[0], c->settings, first->settings);
        for (size_t k = 0; k < i; k++)
            if (shards[k].first == c->first)
                return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is shard %lld/%lld, as %s is", names[i],
                                  (long long)c->first + 1, (long long)c->stride, names[k]);
    }
    if ((int64_t)count == first->stride) return ASSAY_OK;
    int64_t missing = 0;
    for (size_t k = 0; k < count; k++) {
        if (shards[k].first != missing) continue;
        missing++; /* look at all once more for the next one */
        k = (size_t)-1;
    }
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is one of %lld shards, of which %lld are missing, first %lld/%lld",
                      names[0], (long long)first->stride, (long long)(first->stride - (int64_t)count),
                      (long long)missing + 1, (long long)first->stride);
}

static assay_fuzz_find *find_kind(const assay_fuzz_campaign *c, const assay_fuzz_find *f) {
    for (size_t i = 0; i < c->find_count; i++)
        if (c->finds[i].outcome == f->outcome && strcmp(c->finds[i].stage, f->stage) == 0) return &c->finds[i];
    return NULL;
}

/* Moves *f: into the list, or in the place of a later one of its kind. */
static void add_find(assay_fuzz_campaign *out, assay_fuzz_find *f) {
    assay_fuzz_find *known = find_kind(out, f);
    if (!known) {
        out->finds[out->find_count++] = *f;
        *f = (assay_fuzz_find){0};
        return;
    }
    int64_t count = known->count + f->count;
    if (f->index < known->index) {
        assay_fuzz_find later = *known;
        *known = *f;
        *f = later; /* freed with its shard */
    }
    known->count = count;
}

static int by_index(const void *a, const void *b) {
    int64_t x = ((const assay_fuzz_find *)a)->index, y = ((const assay_fuzz_find *)b)->index;
    return (x > y) - (x < y);
}

static void add_shard(assay_fuzz_campaign *out, assay_fuzz_campaign *shard) {
    out->cases += shard->cases;
    out->steps += shard->steps;
    out->refused_steps += shard->refused_steps;
    out->interrupted = out->interrupted || shard->interrupted;
    bool earlier = shard->unsupported_index >= 0 &&
                   (out->unsupported_index < 0 || shard->unsupported_index < out->unsupported_index);
    if (earlier) out->unsupported_index = shard->unsupported_index;
    if (earlier) snprintf(out->unsupported, sizeof out->unsupported, "%s", shard->unsupported);
    for (int i = 0; i < ASSAY_FUZZ_OUTCOME_COUNT; i++) out->outcomes[i] += shard->outcomes[i];
    for (int i = 0; i < ASSAY_GRID_CELLS; i++) out->grid.counts[i] += shard->grid.counts[i];
    for (size_t i = 0; i < shard->find_count; i++) add_find(out, &shard->finds[i]);
}

assay_status assay_fuzz_campaign_merge(assay_fuzz_campaign *out, assay_fuzz_campaign *shards, const char *const *names,
                                       size_t count, assay_error *err) {
    assert(count > 0);
    assay_status st = check_shards(shards, names, count, err);
    if (st) return st;
    assay_fuzz_campaign all = {.seed = shards[0].seed, .first = 0, .stride = 1, .unsupported_index = -1};
    snprintf(all.settings, sizeof all.settings, "%s", shards[0].settings);
    snprintf(all.subject, sizeof all.subject, "%s", shards[0].subject);
    size_t finds = 1;
    for (size_t i = 0; i < count; i++) finds += shards[i].find_count;
    all.finds = calloc(finds, sizeof *all.finds);
    if (!all.finds) return assay_fail_nomem(err, "a list of finds");
    for (size_t i = 0; i < count; i++) add_shard(&all, &shards[i]);
    qsort(all.finds, all.find_count, sizeof *all.finds, by_index);
    *out = all;
    return ASSAY_OK;
}
