#include "compare/result_merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS_MOST 1000000
#define JOINED_MOST 400 /* characters of a fact that differs */

bool assay_shard_parse(const char *text, int64_t *index, int64_t *count) {
    int end = 0;
    if (text[strspn(text, "0123456789/")]) return false; /* sscanf passes over spaces */
    bool read = sscanf(text, "%7" SCNd64 "/%7" SCNd64 "%n", index, count, &end) == 2 && text[end] == '\0';
    return read && text[0] >= '0' && text[0] <= '9' && *count <= SHARDS_MOST && *index >= 1 && *index <= *count;
}

/* What is held together: the parts, by order of shard. */
typedef struct {
    assay_result *part;
    const char *name;
    int64_t index, count; /* of the shard; 0 of 0: it is none */
} piece;

static int by_index(const void *a, const void *b) {
    int64_t x = ((const piece *)a)->index, y = ((const piece *)b)->index;
    return (x > y) - (x < y);
}

/* ---- shards ---- */

static assay_status read_shard(piece *p, assay_error *err) {
    const char *text = assay_facts_get(&p->part->facts, ASSAY_FACT_SHARD);
    if (!text || assay_shard_parse(text, &p->index, &p->count)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: its fact 'shard' is '%.40s'; that is no I/N", p->name, text);
}

static assay_status check_same_division(const piece *pieces, size_t count, assay_error *err) {
    for (size_t i = 1; i < count; i++) {
        if (pieces[i].count == pieces[0].count) continue;
        const piece *shard = pieces[0].count ? &pieces[0] : &pieces[i],
                    *other = shard == &pieces[0] ? &pieces[i] : &pieces[0];
        if (other->count == 0)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is shard %" PRId64 "/%" PRId64 ", but %s is no shard",
                              shard->name, shard->index, shard->count, other->name);
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is one of %" PRId64 " shards, %s one of %" PRId64, shard->name,
                          shard->count, other->name, other->count);
    }
    return ASSAY_OK;
}

/* Of pieces in the order of their shards: each is there once. */
static assay_status check_all_there(const piece *pieces, size_t count, assay_error *err) {
    for (size_t i = 1; i < count; i++)
        if (pieces[i].index == pieces[i - 1].index)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is shard %" PRId64 "/%" PRId64 ", as %s is", pieces[i].name,
                              pieces[i].index, pieces[i].count, pieces[i - 1].name);
    if ((int64_t)count == pieces[0].count) return ASSAY_OK;
    size_t first = 0;
    while (first < count && pieces[first].index == (int64_t)first + 1) first++;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: is one of %" PRId64 " shards, of which %" PRId64 " are missing, first %zu/%" PRId64
                      "; give the results of all",
                      pieces[0].name, pieces[0].count, pieces[0].count - (int64_t)count, first + 1, pieces[0].count);
}

/* A shard that lost a case must not pass for a whole one. */
static assay_status check_case_count(const piece *pieces, size_t count, assay_error *err) {
    const char *told = assay_facts_get(&pieces[0].part->facts, ASSAY_FACT_SHARD_CASES);
    size_t there = 0;
    for (size_t i = 0; i < count; i++) there += pieces[i].part->case_count;
    if (!told || strtoull(told, NULL, 10) == there) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: its run has %.20s cases, but its shards have %zu together",
                      pieces[0].name, told, there);
}

static assay_status check_shards(piece *pieces, size_t count, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < count && !st; i++) st = read_shard(&pieces[i], err);
    if (!st) st = check_same_division(pieces, count, err);
    if (st || pieces[0].count == 0) return st;
    qsort(pieces, count, sizeof *pieces, by_index);
    st = check_all_there(pieces, count, err);
    return st ? st : check_case_count(pieces, count, err);
}

/* ---- what must be the same, and what must not ---- */

static assay_status check_same_fact(const piece *pieces, size_t count, const char *key, assay_error *err) {
    const char *first = assay_facts_get(&pieces[0].part->facts, key);
    for (size_t i = 1; i < count; i++) {
        const char *other = assay_facts_get(&pieces[i].part->facts, key);
        if (strcmp(first ? first : "", other ? other : "") != 0)
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "%s: its fact '%s' is '%.80s', but that of %s is '%.80s'; they are no parts of one run",
                              pieces[i].name, key, other ? other : "", pieces[0].name, first ? first : "");
    }
    return ASSAY_OK;
}

/* Else the whole would say of all its cases that nothing moved, and some were never looked at. */
static assay_status check_same_baseline(const piece *pieces, size_t count, assay_error *err) {
    const char *first = pieces[0].part->drifts.baseline;
    for (size_t i = 1; i < count; i++) {
        const char *other = pieces[i].part->drifts.baseline;
        if (strcmp(first ? first : "", other ? other : "") == 0) continue;
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: was held against %.80s, but %s against %.80s; hold the whole against one, with merge "
                          "--baseline",
                          pieces[i].name, other ? other : "no baseline", pieces[0].name, first ? first : "no baseline");
    }
    return ASSAY_OK;
}

typedef struct {
    const char *name, *file;
} case_name;

static int by_name(const void *a, const void *b) {
    return strcmp(((const case_name *)a)->name, ((const case_name *)b)->name);
}

/* What compared nothing must not vanish in what did; of more shards than goldens some are empty. */
static assay_status check_not_empty(const piece *pieces, size_t count, assay_error *err) {
    for (size_t i = 0; i < count; i++)
        if (pieces[i].part->case_count == 0 && pieces[i].count == 0)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: holds no case; leave it out, or see why nothing was run",
                              pieces[i].name);
    return ASSAY_OK;
}

static assay_status check_no_case_twice(const piece *pieces, size_t count, assay_error *err) {
    size_t total = 0, n = 0;
    for (size_t i = 0; i < count; i++) total += pieces[i].part->case_count;
    case_name *all = calloc(total + 1, sizeof *all);
    if (!all) return assay_fail_nomem(err, "the names of cases");
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < pieces[i].part->case_count; k++)
            all[n++] = (case_name){pieces[i].part->cases[k].name, pieces[i].name};
    qsort(all, n, sizeof *all, by_name);
    assay_status st = ASSAY_OK;
    for (size_t i = 1; i < n && !st; i++)
        if (strcmp(all[i].name, all[i - 1].name) == 0)
            st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: has the case '%.120s', as %s has", all[i].file, all[i].name,
                            all[i - 1].file);
    free(all);
    return st;
}

/* ---- taking ---- */

static assay_status take_cases(assay_result *out, const piece *pieces, size_t count, assay_error *err) {
    bool in_turn = pieces[0].count > 0, more = true;
    assay_status st = ASSAY_OK;
    for (size_t k = 0; in_turn && more && !st; k++) {
        more = false;
        for (size_t i = 0; i < count && !st; i++) {
            if (k >= pieces[i].part->case_count) continue;
            st = assay_result_add_case(out, &pieces[i].part->cases[k], err);
            more = true;
        }
    }
    for (size_t i = 0; !in_turn && i < count; i++)
        for (size_t k = 0; k < pieces[i].part->case_count && !st; k++)
            st = assay_result_add_case(out, &pieces[i].part->cases[k], err);
    return st;
}

static bool is_known(const piece *pieces, size_t count, const char *key, const char *value) {
    for (size_t i = 0; i < count; i++) {
        const char *earlier = assay_facts_get(&pieces[i].part->facts, key);
        if (earlier && strcmp(earlier, value) == 0) return true;
    }
    return false;
}

/* The values of a fact, each once, the first whole; commands read as one line of a shell. */
static assay_status join_fact(assay_result *out, const piece *pieces, size_t count, const char *key, assay_error *err) {
    const char *between = strcmp(key, "command") == 0 ? "; " : ", ";
    char *joined = NULL;
    size_t nbytes, length = 0;
    FILE *text = open_memstream(&joined, &nbytes);
    if (!text) return assay_fail_nomem(err, "a result");
    for (size_t i = 0; i < count; i++) {
        const char *value = assay_facts_get(&pieces[i].part->facts, key);
        if (!value || is_known(pieces, i, key, value)) continue;
        bool fits = length == 0 || length + strlen(value) + 2 <= JOINED_MOST;
        fprintf(text, "%s%s", length ? between : "", fits ? value : "...");
        if (!fits) break;
        length += (length ? 2 : 0) + strlen(value);
    }
    bool failed = fclose(text) != 0;
    assay_status st = failed ? assay_fail_nomem(err, "a result") : assay_result_set_fact(out, key, joined, err);
    free(joined);
    return st;
}

/* A run has one time, which the history sorts by: when its last part began. */
static assay_status take_latest(assay_result *out, const piece *pieces, size_t count, const char *key,
                                assay_error *err) {
    const char *latest = "";
    for (size_t i = 0; i < count; i++) {
        const char *time = assay_facts_get(&pieces[i].part->facts, key);
        if (time && strcmp(time, latest) > 0) latest = time;
    }
    return assay_result_set_fact(out, key, latest, err);
}

static assay_status take_facts(assay_result *out, const piece *pieces, size_t count, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < pieces[i].part->facts.count && !st; k++) {
            const char *key = pieces[i].part->facts.items[k].key;
            bool of_shard = strcmp(key, ASSAY_FACT_SHARD) == 0 || strcmp(key, ASSAY_FACT_SHARD_CASES) == 0;
            if (of_shard || assay_facts_get(&out->facts, key)) continue;
            st = strcmp(key, "time") == 0 ? take_latest(out, pieces, count, key, err)
                                          : join_fact(out, pieces, count, key, err);
        }
    return st;
}

/* What moved since a baseline fails the whole as it failed its part. */
static assay_status take_drifts(assay_result *out, const piece *pieces, size_t count, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < count; i++) {
        const assay_drifts *part = &pieces[i].part->drifts;
        if (part->baseline && !out->drifts.baseline && !(out->drifts.baseline = strdup(part->baseline)))
            return assay_fail_nomem(err, "the name of a baseline");
        for (size_t k = 0; k < part->count && !st; k++) st = assay_drifts_add(&out->drifts, &part->items[k], err);
    }
    return st;
}

static assay_status merge(assay_result *out, piece *pieces, size_t count, assay_error *err) {
    static const char *const same[] = {"assay", "dtype", ASSAY_FACT_SHARD_CASES};
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < sizeof same / sizeof *same && !st; i++) st = check_same_fact(pieces, count, same[i], err);
    if (!st) st = check_same_baseline(pieces, count, err);
    if (!st) st = check_shards(pieces, count, err);
    if (!st) st = check_not_empty(pieces, count, err);
    if (!st) st = check_no_case_twice(pieces, count, err);
    if (!st) st = take_facts(out, pieces, count, err);
    if (!st) st = take_drifts(out, pieces, count, err);
    return st ? st : take_cases(out, pieces, count, err);
}

assay_status assay_result_merge(assay_result *out, assay_result *parts, const char *const *names, size_t count,
                                assay_error *err) {
    *out = (assay_result){0};
    if (count == 0) return assay_fail(err, ASSAY_EINPUT, NULL, "there are no results to merge");
    piece *pieces = calloc(count, sizeof *pieces);
    if (!pieces) return assay_fail_nomem(err, "a list of results");
    for (size_t i = 0; i < count; i++) pieces[i] = (piece){.part = &parts[i], .name = names[i]};
    assay_status st = merge(out, pieces, count, err);
    free(pieces);
    return st;
}
