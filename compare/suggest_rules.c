#include "compare/suggest_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/map_pattern.h"

/* What a number of a name may stand for. */
enum { number_step, number_window, number_layer, number_kinds };
static const char *const placeholders[number_kinds] = {"{step}", "{window}", "{layer}"};

static void numbers_of(const assay_place *place, int64_t numbers[number_kinds]) {
    numbers[number_step] = place->step;
    numbers[number_window] = place->window;
    numbers[number_layer] = place->layer;
}

/* ---- texts ---- */

/* Where the runs of digits of a name begin. */
enum { max_runs = 6 };
static int find_runs(const char *name, const char *runs[max_runs]) {
    int count = 0;
    while (*name && count < max_runs) {
        name += strcspn(name, "0123456789");
        if (!*name) break;
        runs[count++] = name;
        name += strspn(name, "0123456789");
    }
    return count;
}

/* A number as it stands in a name; false for one with leading zeros, which a placeholder would not keep apart. */
static bool is_number(const char *digits, int64_t number) {
    char text[32];
    size_t length = strspn(digits, "0123456789");
    int n = snprintf(text, sizeof text, "%lld", (long long)number);
    return number >= 0 && (size_t)n == length && strncmp(digits, text, length) == 0;
}

/* The name with the run of each kind, where it has one, replaced. */
static void write_from(const char *name, const char *const of_kind[number_kinds], char *out) {
    size_t at = 0;
    while (*name && at + 32 < ASSAY_RULE_TEXT_NBYTES) {
        int kind = 0;
        while (kind < number_kinds && of_kind[kind] != name) kind++;
        if (kind == number_kinds) {
            out[at++] = *name++;
            continue;
        }
        at += (size_t)snprintf(out + at, ASSAY_RULE_TEXT_NBYTES - at, "%s", placeholders[kind]);
        name += strspn(name, "0123456789");
    }
    out[at] = '\0';
}

/* The path of a place with the numbers of those kinds replaced that the name has. */
static void write_to(const assay_place *place, const char *const of_kind[number_kinds], char *out) {
    static const struct {
        const char *word;
        int kind;
    } owners[] = {
        {"steps/", number_step}, {"windows/", number_window}, {"layers/", number_layer}, {"past/", number_layer}};
    char path[256];
    const char *at = assay_place_path(place, path, sizeof path);
    size_t n = 0;
    while (*at && n + 32 < ASSAY_RULE_TEXT_NBYTES) {
        size_t i = 0, owner_count = sizeof owners / sizeof *owners;
        while (i < owner_count && strncmp(at, owners[i].word, strlen(owners[i].word)) != 0) i++;
        bool begins_part = at == path || at[-1] == '/';
        if (i == owner_count || !begins_part || !of_kind[owners[i].kind]) {
            out[n++] = *at++;
            continue;
        }
        n +=
            (size_t)snprintf(out + n, ASSAY_RULE_TEXT_NBYTES - n, "%s%s", owners[i].word, placeholders[owners[i].kind]);
        at += strlen(owners[i].word);
        at += strspn(at, "0123456789");
    }
    out[n] = '\0';
}

/* ---- one rule ---- */

/* A suggestion whose entries are put into rules. */
typedef struct {
    const assay_suggestion *s;
    bool *done; /* (s->count) */
} grouping;

static bool is_sure(const assay_suggested *e) { return e->confidence >= ASSAY_SUGGESTION_SURE; }

static bool same_layout(const assay_suggested *a, const assay_suggested *b) {
    return a->op_count == b->op_count && memcmp(a->ops, b->ops, a->op_count * sizeof *a->ops) == 0;
}

/* Whether the rule makes of this entry's tensor just the entry. */
static bool is_of_rule(const assay_suggested_rule *rule, const assay_suggested *e, const assay_map_numbers *numbers) {
    char path[256], filled[ASSAY_RULE_TEXT_NBYTES];
    return is_sure(e) && same_layout(rule->entry, e) &&
           assay_map_pattern_fill(rule->to, numbers, filled, sizeof filled) &&
           strcmp(filled, assay_place_path(&e->place, path, sizeof path)) == 0;
}

/* Counts the entries of a rule; 0 when it would take a tensor that is another stage, or none. */
static size_t count_entries(const grouping *g, const assay_suggested_rule *rule) {
    assay_map_numbers numbers;
    size_t count = 0;
    for (size_t i = 0; i < g->s->count; i++) {
        if (!assay_map_pattern_match(rule->from, g->s->entries[i].from, &numbers)) continue;
        if (g->done[i] || !is_of_rule(rule, &g->s->entries[i], &numbers)) return 0;
        count++;
    }
    for (size_t i = 0; i < g->s->unused_count; i++)
        if (assay_map_pattern_match(rule->from, g->s->unused[i], NULL)) return 0;
    return count;
}

/* Tries every way to take runs of digits for the numbers from `kind` on, and keeps the rule with the most entries. */
static void try_kinds(const grouping *g, const assay_suggested *e, int kind, const char *of_kind[number_kinds],
                      assay_suggested_rule *best) {
    int64_t numbers[number_kinds];
    const char *runs[max_runs];
    if (kind == number_kinds) {
        assay_suggested_rule rule = {.entry = e};
        write_from(e->from, of_kind, rule.from);
        write_to(&e->place, of_kind, rule.to);
        if (assay_map_pattern_check(rule.from, false, "", NULL)) return;
        rule.count = count_entries(g, &rule);
        if (rule.count > best->count) *best = rule;
        return;
    }
    numbers_of(&e->place, numbers);
    of_kind[kind] = NULL;
    try_kinds(g, e, kind + 1, of_kind, best);
    int count = find_runs(e->from, runs);
    for (int i = 0; i < count; i++) {
        bool is_taken = false;
        for (int k = 0; k < kind; k++) is_taken = is_taken || of_kind[k] == runs[i];
        if (is_taken || !is_number(runs[i], numbers[kind])) continue;
        of_kind[kind] = runs[i];
        try_kinds(g, e, kind + 1, of_kind, best);
    }
    of_kind[kind] = NULL;
}

static assay_suggested_rule rule_for(const grouping *g, const assay_suggested *e) {
    const char *of_kind[number_kinds] = {NULL};
    assay_suggested_rule rule = {.entry = e, .count = 1};
    snprintf(rule.from, sizeof rule.from, "%s", e->from);
    assay_place_path(&e->place, rule.to, sizeof rule.to);
    if (is_sure(e)) try_kinds(g, e, 0, of_kind, &rule);
    return rule;
}

assay_status assay_suggestion_rules(assay_suggested_rule **out, size_t *count, const assay_suggestion *s,
                                    assay_error *err) {
    grouping g = {s, calloc(s->count + 1, sizeof *g.done)};
    assay_suggested_rule *rules = calloc(s->count + 1, sizeof *rules);
    size_t n = 0;
    for (size_t i = 0; i < s->count && g.done && rules; i++) {
        if (g.done[i]) continue;
        rules[n] = rule_for(&g, &s->entries[i]);
        for (size_t k = i; k < s->count; k++)
            g.done[k] = g.done[k] || k == i ||
                        (rules[n].count > 1 && assay_map_pattern_match(rules[n].from, s->entries[k].from, NULL));
        n++;
    }
    bool ok = g.done && rules;
    free(g.done);
    if (!ok) free(rules);
    if (!ok) return assay_fail_nomem(err, "rules of a mapping");
    *out = rules;
    *count = n;
    return ASSAY_OK;
}
