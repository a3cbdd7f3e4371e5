#include "fuzz/campaign_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/terminal_text.h"
#include "golden/json_strict.h"
#include "golden/text_file.h"
#include "reports/json_builder.h"

#define FORMAT "assay-fuzz/1"
#define MAX_NBYTES ((size_t)1 << 28)

/* ---- writing ---- */

static void add_find(json_builder *b, cJSON *finds, const assay_fuzz_find *f) {
    cJSON *object = json_add_object(b, finds, NULL);
    json_add_text(b, object, "outcome", assay_fuzz_outcome_name(f->outcome));
    json_add_text(b, object, "stage", f->stage);
    json_add_text(b, object, "shrunk_stage", f->shrunk_stage);
    json_add_integer(b, object, "index", f->index);
    json_add_integer(b, object, "count", f->count);
    json_add_text(b, object, "where", f->where);
    json_add_text(b, object, "rules", f->rules);
    json_add_text(b, object, "message", f->message);
    json_add_text(b, object, "diagnosis", f->diagnosis);
    json_add_text(b, object, "blame", f->blame);
    json_add_text(b, object, "folder", f->folder);
    json_add_integer(b, object, "tokens", f->tokens);
    json_add_integer(b, object, "tokens_before", f->tokens_before);
    json_add_text(b, object, "case", f->case_text);
}

static cJSON *campaign_json(json_builder *b, const assay_fuzz_campaign *c) {
    cJSON *root = cJSON_CreateObject();
    b->failed = !root;
    json_add_text(b, root, "format", FORMAT);
    json_add_text(b, root, "verdict", c->interrupted ? "interrupted" : assay_fuzz_campaign_passed(c) ? "pass" : "fail");
    json_add_text(b, root, "subject", c->subject);
    char seed[24]; /* a number of JSON does not hold all of them */
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)c->seed);
    json_add_text(b, root, "seed", seed);
    json_add_text(b, root, "settings", c->settings);
    json_add_integer(b, root, "shard", c->first);
    json_add_integer(b, root, "shards", c->stride);
    json_add_bool(b, root, "interrupted", c->interrupted);
    json_add_integer(b, root, "cases", c->cases);
    json_add_integer(b, root, "steps", c->steps);
    json_add_integer(b, root, "refused_steps", c->refused_steps);
    json_add_integer(b, root, "unsupported_index", c->unsupported_index);
    json_add_text(b, root, "unsupported", c->unsupported);
    cJSON *outcomes = json_add_object(b, root, "outcomes");
    for (int i = 0; i < ASSAY_FUZZ_INTERRUPTED; i++)
        json_add_integer(b, outcomes, assay_fuzz_outcome_name((assay_fuzz_outcome)i), c->outcomes[i]);
    cJSON *grid = json_add_array(b, root, "boundary_grid");
    for (size_t i = 0; i < ASSAY_GRID_CELLS; i++) json_add_integer(b, grid, NULL, c->grid.counts[i]);
    cJSON *finds = json_add_array(b, root, "finds");
    for (size_t i = 0; i < c->find_count; i++) add_find(b, finds, &c->finds[i]);
    return json_finish(b, root);
}

assay_status assay_campaign_write_json(const char *path, const assay_fuzz_campaign *campaign, assay_error *err) {
    json_builder b = {0};
    return json_write(path, campaign_json(&b, campaign), err);
}

/* ---- reading ---- */

static const char *const campaign_keys[] = {"format",
                                            "settings",
                                            "unsupported",
                                            "unsupported_index",
                                            "verdict",
                                            "subject",
                                            "seed",
                                            "shard",
                                            "shards",
                                            "interrupted",
                                            "cases",
                                            "steps",
                                            "refused_steps",
                                            "outcomes",
                                            "boundary_grid",
                                            "finds",
                                            NULL};
static const char *const find_keys[] = {"outcome", "shrunk_stage", "stage",         "index",     "count",
                                        "where",   "rules",        "message",       "diagnosis", "blame",
                                        "folder",  "tokens",       "tokens_before", "case",      NULL};

typedef struct {
    const cJSON *object;
    const char *where;
    assay_error *err;
} reader;

static assay_status read_text(const reader *r, const char *key, char *out, size_t out_nbytes) {
    const cJSON *value;
    const char *text;
    assay_status st = assay_json_require(r->object, key, r->where, &value, r->err);
    if (!st) st = assay_json_as_string(value, key, &text, r->err);
    if (!st) snprintf(out, out_nbytes, "%s", text);
    if (!st) assay_terminal_clean(out); /* a report may come from anywhere, and goes to a terminal */
    return st;
}

static assay_status read_integer(const reader *r, const char *key, int64_t *out) {
    const cJSON *value;
    assay_status st = assay_json_require(r->object, key, r->where, &value, r->err);
    if (!st) st = assay_json_as_int(value, key, out, r->err);
    if (!st && *out < 0) st = assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: %s is negative", r->where, key);
    return st;
}

static assay_status read_outcome(const reader *r, assay_fuzz_outcome *out) {
    char name[40];
    assay_status st = read_text(r, "outcome", name, sizeof name);
    for (int i = 0; !st && i < ASSAY_FUZZ_OUTCOME_COUNT; i++) {
        if (strcmp(name, assay_fuzz_outcome_name((assay_fuzz_outcome)i)) != 0) continue;
        *out = (assay_fuzz_outcome)i;
        return ASSAY_OK;
    }
    return st ? st : assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: '%s' is no outcome", r->where, name);
}

static assay_status read_find(assay_fuzz_find *f, const reader *r) {
    const struct {
        const char *key;
        char *out;
        size_t nbytes;
    } texts[] = {{"stage", f->stage, sizeof f->stage},
                 {"shrunk_stage", f->shrunk_stage, sizeof f->shrunk_stage},
                 {"where", f->where, sizeof f->where},
                 {"rules", f->rules, sizeof f->rules},
                 {"message", f->message, sizeof f->message},
                 {"blame", f->blame, sizeof f->blame},
                 {"diagnosis", f->diagnosis, sizeof f->diagnosis},
                 {"folder", f->folder, sizeof f->folder}};
    const struct {
        const char *key;
        int64_t *out;
    } integers[] = {
        {"index", &f->index}, {"count", &f->count}, {"tokens", &f->tokens}, {"tokens_before", &f->tokens_before}};
    assay_status st = assay_json_as_object(r->object, r->where, r->err);
    if (!st) st = assay_json_known_keys(r->object, find_keys, r->where, r->err);
    if (!st) st = read_outcome(r, &f->outcome);
    for (size_t i = 0; !st && i < sizeof texts / sizeof *texts; i++)
        st = read_text(r, texts[i].key, texts[i].out, texts[i].nbytes);
    for (size_t i = 0; !st && i < sizeof integers / sizeof *integers; i++)
        st = read_integer(r, integers[i].key, integers[i].out);
    const cJSON *text;
    if (!st) st = assay_json_require(r->object, "case", r->where, &text, r->err);
    const char *case_text;
    if (!st) st = assay_json_as_string(text, "case", &case_text, r->err);
    if (st) return st;
    f->case_text = strdup(case_text);
    return f->case_text ? ASSAY_OK : assay_fail_nomem(r->err, "a find");
}

static assay_status read_finds(assay_fuzz_campaign *c, const reader *r) {
    const cJSON *list;
    assay_status st = assay_json_require(r->object, "finds", r->where, &list, r->err);
    if (!st) st = assay_json_as_array(list, "finds", r->err);
    if (st) return st;
    c->finds = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *c->finds);
    if (!c->finds) return assay_fail_nomem(r->err, "a list of finds");
    for (const cJSON *item = list->child; !st && item; item = item->next) {
        const reader of_find = {item, r->where, r->err};
        st = read_find(&c->finds[c->find_count++], &of_find);
    }
    return st;
}

static assay_status read_grid(assay_fuzz_campaign *c, const reader *r) {
    const cJSON *list;
    assay_status st = assay_json_require(r->object, "boundary_grid", r->where, &list, r->err);
    if (!st) st = assay_json_as_array(list, "boundary_grid", r->err);
    if (!st && cJSON_GetArraySize(list) != ASSAY_GRID_CELLS)
        st = assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: boundary_grid has %d numbers, not %d", r->where,
                        cJSON_GetArraySize(list), ASSAY_GRID_CELLS);
    if (st) return st;
    size_t i = 0;
    for (const cJSON *item = list->child; !st && item; item = item->next)
        st = assay_json_as_int(item, "boundary_grid", &c->grid.counts[i++], r->err);
    return st;
}

static assay_status read_outcomes(assay_fuzz_campaign *c, const reader *r) {
    const cJSON *object;
    assay_status st = assay_json_require(r->object, "outcomes", r->where, &object, r->err);
    if (!st) st = assay_json_as_object(object, "outcomes", r->err);
    const reader of_outcomes = {object, r->where, r->err};
    for (int i = 0; !st && i < ASSAY_FUZZ_INTERRUPTED; i++)
        st = read_integer(&of_outcomes, assay_fuzz_outcome_name((assay_fuzz_outcome)i), &c->outcomes[i]);
    return st;
}

static assay_status read_seed(assay_fuzz_campaign *c, const reader *r) {
    char text[40], *end;
    assay_status st = read_text(r, "seed", text, sizeof text);
    if (st) return st;
    c->seed = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0') return ASSAY_OK;
    return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: seed '%s' is no whole number", r->where, text);
}

static assay_status read_format(const reader *r) {
    char format[40];
    assay_status st = assay_json_as_object(r->object, r->where, r->err);
    if (!st) st = read_text(r, "format", format, sizeof format);
    if (!st && strcmp(format, FORMAT) != 0)
        st = assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: format is '%s'; this program reads '" FORMAT "'", r->where,
                        format);
    return st ? st : assay_json_known_keys(r->object, campaign_keys, r->where, r->err);
}

static assay_status read_campaign(assay_fuzz_campaign *c, const reader *r) {
    assay_status st = read_format(r);
    if (!st) st = read_text(r, "subject", c->subject, sizeof c->subject);
    if (!st) st = read_text(r, "settings", c->settings, sizeof c->settings);
    if (!st) st = read_text(r, "unsupported", c->unsupported, sizeof c->unsupported);
    if (!st) st = assay_json_get_int(r->object, "unsupported_index", r->where, &c->unsupported_index, r->err);
    if (!st) st = read_seed(c, r);
    if (!st) st = read_integer(r, "shard", &c->first);
    if (!st) st = read_integer(r, "shards", &c->stride);
    if (!st) st = read_integer(r, "cases", &c->cases);
    if (!st) st = read_integer(r, "steps", &c->steps);
    if (!st) st = read_integer(r, "refused_steps", &c->refused_steps);
    if (!st) st = assay_json_get_bool(r->object, "interrupted", r->where, &c->interrupted, r->err);
    if (!st && (c->stride < 1 || c->first >= c->stride))
        st = assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: there is no shard %lld of %lld", r->where, (long long)c->first,
                        (long long)c->stride);
    if (!st) st = read_outcomes(c, r);
    if (!st) st = read_grid(c, r);
    return st ? st : read_finds(c, r);
}

assay_status assay_campaign_read_json(assay_fuzz_campaign *out, const char *path, assay_error *err) {
    char *text;
    size_t nbytes;
    cJSON *object = NULL;
    assay_fuzz_campaign c = {0};
    assay_status st = assay_text_file_read(path, MAX_NBYTES, &text, &nbytes, err);
    if (st) return st;
    st = assay_json_parse(&object, text, nbytes, path, err);
    free(text);
    const reader r = {object, path, err};
    if (!st) st = read_campaign(&c, &r);
    cJSON_Delete(object);
    if (st) assay_fuzz_campaign_free(&c);
    else *out = c;
    return st;
}
