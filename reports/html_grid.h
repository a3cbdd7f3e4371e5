/*
 * The axes of the charts of a case: windows side by side, step by step, each step followed by what it leaves behind; and layers.
 */
#ifndef ASSAY_REPORTS_HTML_GRID_H
#define ASSAY_REPORTS_HTML_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HTML_COLUMNS_MOST 24
#define HTML_LAYERS_MOST 64

/* A window of a step; or the results and the past of that step. */
typedef struct {
    int64_t step, window; /* window INT64_MAX: results and past */
    bool fails, judged;   /* an entry of it fails; is not just missing or extra */
} html_column;

typedef struct {
    html_column columns[HTML_COLUMNS_MOST];
    int64_t layers[HTML_LAYERS_MOST];
    int column_count, layer_count;
    size_t columns_silent;                    /* left out, for nothing in them was judged */
    size_t columns_left_out, layers_left_out; /* there are too many: those that fail are kept first, then the first */
} html_grid;

/* ASSAY_EINTERNAL when out of memory. */
assay_status html_grid_of(html_grid *out, const assay_case_result *c, assay_error *err);

/* True for the column of results and past. */
bool html_column_is_end(const html_column *column);

/* The column, and the row, of a stage's entry; -1 when it was left out, or the entry has no layer. */
int html_grid_column(const html_grid *g, const assay_entry *e);
int html_grid_layer(const html_grid *g, const assay_entry *e);

/* "window 2", "end of step 0". */
void html_put_column(FILE *out, const html_column *column);

/* Says what was left out; nothing when all is there. */
void html_put_left_out(FILE *out, const html_grid *g);

#ifdef __cplusplus
}
#endif

#endif
