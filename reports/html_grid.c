#include "reports/html_grid.h"

#include <stdlib.h>
#include <string.h>

#include "reports/html_text.h"

/* A step, a window, or a layer of the case (layers have step and fail alone). */
typedef html_column mark;

static int compare_marks(const void *a, const void *b) {
    const mark *x = a, *y = b;
    if (x->step != y->step) return x->step < y->step ? -1 : 1;
    return (x->window > y->window) - (x->window < y->window);
}

/* Sorts, and folds equal ones; returns how many are left. */
static size_t fold_marks(mark *marks, size_t count) {
    size_t kept = 0;
    if (count) qsort(marks, count, sizeof *marks, compare_marks);
    for (size_t i = 0; i < count; i++) {
        if (kept && compare_marks(&marks[kept - 1], &marks[i]) == 0) {
            marks[kept - 1].fails |= marks[i].fails;
            marks[kept - 1].judged |= marks[i].judged;
        } else marks[kept++] = marks[i];
    }
    return kept;
}

/* Keeps `most`: those that fail first, then the first, all in their order. */
static size_t choose(mark *marks, size_t count, size_t most) {
    size_t failing = 0, kept = 0;
    for (size_t i = 0; i < count; i++) failing += marks[i].fails;
    size_t of_failing = failing < most ? failing : most, of_others = most - of_failing;
    for (size_t i = 0; i < count; i++) {
        size_t *quota = marks[i].fails ? &of_failing : &of_others;
        if (*quota == 0) continue;
        --*quota;
        marks[kept++] = marks[i];
    }
    return kept;
}

static size_t drop_silent(mark *marks, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (marks[i].judged) marks[kept++] = marks[i];
    return kept;
}

static bool is_judged(const assay_entry *e) {
    return e->verdict != ASSAY_VERDICT_MISSING && e->verdict != ASSAY_VERDICT_EXTRA;
}

static mark column_of(const assay_entry *e) {
    return (mark){.step = e->place.step,
                  .window = e->place.window < 0 ? INT64_MAX : e->place.window,
                  .fails = assay_verdict_fails(e->verdict),
                  .judged = is_judged(e)};
}

static void set_columns(html_grid *g, const assay_case_result *c, mark *marks) {
    size_t n = 0;
    for (size_t i = 0; i < c->entry_count; i++)
        if (c->entries[i].kind == ASSAY_ENTRY_STAGE) marks[n++] = column_of(&c->entries[i]);
    size_t found = fold_marks(marks, n), all = drop_silent(marks, found), kept = choose(marks, all, HTML_COLUMNS_MOST);
    memcpy(g->columns, marks, kept * sizeof *marks);
    g->column_count = (int)kept;
    g->columns_silent = found - all;
    g->columns_left_out = all - kept;
}

static void set_layers(html_grid *g, const assay_case_result *c, mark *marks) {
    size_t n = 0;
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        if (e->kind == ASSAY_ENTRY_STAGE && e->place.layer >= 0)
            marks[n++] = (mark){.step = e->place.layer, .fails = assay_verdict_fails(e->verdict)};
    }
    size_t all = fold_marks(marks, n), kept = choose(marks, all, HTML_LAYERS_MOST);
    for (size_t i = 0; i < kept; i++) g->layers[i] = marks[i].step;
    g->layer_count = (int)kept;
    g->layers_left_out = all - kept;
}

assay_status html_grid_of(html_grid *out, const assay_case_result *c, assay_error *err) {
    mark *marks = malloc((c->entry_count + 1) * sizeof *marks);
    if (!marks) return assay_fail_nomem(err, "the HTML report");
    *out = (html_grid){.column_count = 0};
    set_columns(out, c, marks);
    set_layers(out, c, marks);
    free(marks);
    return ASSAY_OK;
}

bool html_column_is_end(const html_column *column) { return column->window == INT64_MAX; }

int html_grid_column(const html_grid *g, const assay_entry *e) {
    const mark at = column_of(e);
    for (int i = 0; i < g->column_count; i++)
        if (compare_marks(&g->columns[i], &at) == 0) return i;
    return -1;
}

int html_grid_layer(const html_grid *g, const assay_entry *e) {
    for (int i = 0; i < g->layer_count && e->place.layer >= 0; i++)
        if (g->layers[i] == e->place.layer) return i;
    return -1;
}

void html_put_column(FILE *out, const html_column *column) {
    if (html_column_is_end(column)) fprintf(out, "end of step %lld", (long long)column->step);
    else fprintf(out, "window %lld", (long long)column->window);
}

void html_put_left_out(FILE *out, const html_grid *g) {
    if (g->columns_silent) {
        fputs("<p class=\"note\">Not drawn: ", out);
        html_put_count(out, g->columns_silent, "window or end of a step, of which",
                       "windows or ends of a step, of which");
        fputs(" nothing was compared.</p>\n", out);
    }
    if (g->columns_left_out == 0 && g->layers_left_out == 0) return;
    fprintf(out,
            "<p class=\"note\">Left out of the chart: %zu windows and %zu layers; those that fail were kept first. All "
            "places are in the JSON (<code>--json FILE</code>).</p>\n",
            g->columns_left_out, g->layers_left_out);
}
