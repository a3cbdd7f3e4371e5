#include "reports/html_stage_chart.h"

#include <math.h>
#include <string.h>

#include "reports/html_page.h"
#include "reports/html_text.h"
#include "reports/html_words.h"
#include "reports/summary_words.h"

/* Pixels. Every cell has a strip above its scale, for what is infinitely far, and one below it, for what was not judged. */
#define LEFT 82
#define HEAD 34
#define GAP 8
#define STEP_GAP 20
#define STRIP 8
#define PAD 7
#define WIDE 1020   /* of all columns, so that the chart fits into a page of 1200 where its stages have the room */
#define LOWEST (-3) /* decades below the tolerance; smaller ratios lie on the lowest line */
#define HIGHEST 6   /* decades above it; larger ratios lie on the highest */
#define TITLES_MOST 300

/* Stages in a cell lie from left to right in the order of execution; cells are of four kinds. */
typedef enum { OF_WINDOW, OF_LAYER, OF_STEP, OF_PAST, CELL_KINDS } cell_kind;

typedef struct {
    FILE *out;
    const assay_case_result *c;
    const html_grid *grid;
    bool there[ASSAY_STAGE_COUNT];
    int slot[ASSAY_STAGE_COUNT], slots[CELL_KINDS];
    int x[HTML_COLUMNS_MOST], width[HTML_COLUMNS_MOST];
    int pitch, row_height, total_width, total_height, top; /* top: decades above the tolerance */
} chart;

static cell_kind kind_of(assay_stage stage) {
    static const cell_kind kinds[] = {[ASSAY_PER_WINDOW] = OF_WINDOW,
                                      [ASSAY_PER_LAYER] = OF_LAYER,
                                      [ASSAY_PER_STEP] = OF_STEP,
                                      [ASSAY_PER_PAST] = OF_PAST};
    return kinds[assay_stage_get(stage)->scope];
}

/* ---- layout ---- */

static void set_slots(chart *k) {
    for (size_t i = 0; i < k->c->entry_count; i++)
        if (k->c->entries[i].kind == ASSAY_ENTRY_STAGE) k->there[k->c->entries[i].place.stage] = true;
    for (int s = 0; s < ASSAY_STAGE_COUNT; s++)
        if (k->there[s]) k->slot[s] = k->slots[kind_of((assay_stage)s)]++;
}

static int slots_of(const chart *k, int column) {
    bool end = html_column_is_end(&k->grid->columns[column]);
    int a = k->slots[end ? OF_STEP : OF_WINDOW], b = k->slots[end ? OF_PAST : OF_LAYER];
    return a > b ? a : b;
}

static void set_columns(chart *k) {
    int slots = 0, n = k->grid->column_count, at = LEFT;
    for (int i = 0; i < n; i++) slots += slots_of(k, i);
    k->pitch = slots ? (WIDE - n * (2 * PAD + GAP)) / slots : 4;
    k->pitch = k->pitch < 4 ? 4 : k->pitch > 20 ? 20 : k->pitch;
    for (int i = 0; i < n; i++) {
        int width = slots_of(k, i) * k->pitch + 2 * PAD;
        if (i) at += k->grid->columns[i].step != k->grid->columns[i - 1].step ? STEP_GAP : GAP;
        k->x[i] = at;
        k->width[i] = width < 64 ? 64 : width;
        at += k->width[i];
    }
    k->total_width = at + 2;
}

static void set_rows(chart *k) {
    double highest = 1;
    for (size_t i = 0; i < k->c->entry_count; i++) {
        double ratio = html_ratio(&k->c->entries[i]);
        if (isfinite(ratio) && ratio > highest) highest = ratio;
    }
    double decades = ceil(log10(highest));
    k->top = decades < 1 ? 1 : decades > HIGHEST ? HIGHEST : (int)decades;
    int rows = k->grid->layer_count + 1;
    k->row_height = rows <= 6 ? 88 : rows <= 12 ? 64 : 40;
    k->total_height = HEAD + rows * (k->row_height + 4);
}

static int row_y(const chart *k, int layer) { return HEAD + (layer + 1) * (k->row_height + 4); }

/* Offset in a row of a ratio on the scale. */
static double scale_y(const chart *k, double ratio) {
    double lg = ratio > 0 ? log10(ratio) : LOWEST;
    lg = fmin(fmax(lg, LOWEST), k->top);
    return STRIP + (k->top - lg) / (k->top - LOWEST) * (k->row_height - 2 * STRIP);
}

/* Where an entry is drawn; false when its window or layer is not on the chart. */
static bool locate(const chart *k, const assay_entry *e, double *x, double *y) {
    if (e->kind != ASSAY_ENTRY_STAGE) return false;
    int column = html_grid_column(k->grid, e), layer = html_grid_layer(k->grid, e);
    if (column < 0 || (e->place.layer >= 0 && layer < 0)) return false;
    double ratio = html_ratio(e), in_row = scale_y(k, ratio);
    if (isnan(ratio)) in_row = k->row_height - STRIP / 2.0; /* not judged, or of another shape */
    else if (isinf(ratio)) in_row = STRIP / 2.0;
    *x = k->x[column] + PAD + (k->slot[e->place.stage] + 0.5) * k->pitch;
    *y = row_y(k, layer) + in_row;
    return true;
}

/* ---- frame ---- */

static bool cell_exists(const chart *k, int column, int layer) {
    bool end = html_column_is_end(&k->grid->columns[column]);
    return k->slots[layer < 0 ? (end ? OF_STEP : OF_WINDOW) : (end ? OF_PAST : OF_LAYER)] > 0;
}

/* Cells in which something fails have a ground of their own, so that a border of windows or layers shows from afar. */
static void put_failing_cells(const chart *k) {
    bool fails[HTML_LAYERS_MOST + 1][HTML_COLUMNS_MOST] = {{false}};
    double x, y;
    for (size_t i = 0; i < k->c->entry_count; i++) {
        const assay_entry *e = &k->c->entries[i];
        if (assay_verdict_fails(e->verdict) && locate(k, e, &x, &y))
            fails[html_grid_layer(k->grid, e) + 1][html_grid_column(k->grid, e)] = true;
    }
    fputs("<path class=\"failing\" fill=\"#fdeeec\" d=\"", k->out);
    for (int l = -1; l < k->grid->layer_count; l++)
        for (int i = 0; i < k->grid->column_count; i++)
            if (fails[l + 1][i])
                fprintf(k->out, "M%d %dh%dv%dh-%dz", k->x[i], row_y(k, l), k->width[i], k->row_height, k->width[i]);
    fputs("\"/>\n", k->out);
}

static void put_cells(const chart *k) {
    fputs("<path class=\"cell\" fill=\"none\" stroke=\"#999\" d=\"", k->out);
    for (int l = -1; l < k->grid->layer_count; l++)
        for (int i = 0; i < k->grid->column_count; i++)
            if (cell_exists(k, i, l))
                fprintf(k->out, "M%d %dh%dv%dh-%dz", k->x[i], row_y(k, l), k->width[i], k->row_height, k->width[i]);
    fputs("\"/>\n<path class=\"tolerance\" stroke=\"#b00\" fill=\"none\" d=\"", k->out);
    for (int l = -1; l < k->grid->layer_count; l++)
        for (int i = 0; i < k->grid->column_count; i++)
            if (cell_exists(k, i, l)) fprintf(k->out, "M%d %.1fh%d", k->x[i], row_y(k, l) + scale_y(k, 1), k->width[i]);
    fputs("\"/>\n", k->out);
}

static void put_column_heads(const chart *k) {
    for (int i = 0; i < k->grid->column_count; i++) {
        const html_column *col = &k->grid->columns[i];
        if (i == 0 || k->grid->columns[i - 1].step != col->step)
            fprintf(k->out, "<text x=\"%d\" y=\"12\" class=\"strong\">step %lld</text>", k->x[i], (long long)col->step);
        fprintf(k->out, "<text x=\"%d\" y=\"28\">", k->x[i]);
        if (html_column_is_end(col)) fputs("step end", k->out);
        else html_put_column(k->out, col);
        fputs("</text>\n", k->out);
    }
}

static void put_row_heads(const chart *k) {
    for (int l = -1; l < k->grid->layer_count; l++) {
        int y = row_y(k, l);
        fprintf(k->out, "<text x=\"0\" y=\"%d\" class=\"strong\">", y + 12);
        if (l < 0) fputs("model", k->out);
        else fprintf(k->out, "layer %lld", (long long)k->grid->layers[l]);
        fprintf(k->out, "</text><text x=\"%d\" y=\"%.1f\" class=\"tick\" text-anchor=\"end\">1</text>", LEFT - 5,
                y + scale_y(k, 1) + 3.5);
        if (k->row_height < 60) continue;
        fprintf(k->out, "<text x=\"%d\" y=\"%.1f\" class=\"tick\" text-anchor=\"end\">1e%d</text>", LEFT - 5,
                y + scale_y(k, pow(10, k->top)) + 5, k->top);
        fprintf(k->out, "<text x=\"%d\" y=\"%.1f\" class=\"tick\" text-anchor=\"end\">1e%d</text>\n", LEFT - 5,
                y + scale_y(k, 0) + 2, LOWEST);
    }
}

/* ---- marks ---- */

static void put_floors(const chart *k) {
    fputs("<path class=\"floor\" stroke=\"#777\" fill=\"none\" d=\"", k->out);
    for (size_t i = 0; i < k->c->entry_count; i++) {
        const assay_entry *e = &k->c->entries[i];
        double x, y;
        if (!e->has_metrics || !e->has_floor || !(e->tolerance > 0) || !locate(k, e, &x, &y)) continue;
        int layer = html_grid_layer(k->grid, e);
        fprintf(k->out, "M%.0f %.1fh%d", x - k->pitch / 2.0, row_y(k, layer) + scale_y(k, e->floor / e->tolerance),
                k->pitch);
    }
    fputs("\"/>\n", k->out);
}

/* The mark of a verdict around a point: a shape of its own, so that colour is not needed. */
static const char *const shapes[ASSAY_VERDICT_COUNT] = {
    [ASSAY_VERDICT_PASS] = "h0",
    [ASSAY_VERDICT_FAIL] = "m-3.5-3.5 7 7m0-7-7 7",
    [ASSAY_VERDICT_MISSING] = "m-1.5 0h3",
    [ASSAY_VERDICT_MISSING_REQUIRED] = "m-3.5-3.5 7 7m0-7-7 7",
    [ASSAY_VERDICT_EXTRA] = "m-3 0h6m-3-3v6",
    [ASSAY_VERDICT_NOT_COMPARED] = "m-3 2.5 3-5 3 5z",
    [ASSAY_VERDICT_WAIVED] = "m-3-3h6v6h-6z",
};

static const char *const mark_classes[ASSAY_VERDICT_COUNT] = {"ok", "bad", "gap", "bad", "gap", "gap", "waived"};

/* All marks of a verdict as one path. */
static void put_marks(const chart *k, assay_verdict v, size_t skip) {
    bool open = false;
    for (size_t i = 0; i < k->c->entry_count; i++) {
        const assay_entry *e = &k->c->entries[i];
        double x, y;
        if (e->verdict != v || !locate(k, e, &x, &y)) continue;
        if (skip && skip--) continue;
        if (!open)
            fprintf(k->out,
                    "<path class=\"mark %s\" fill=\"none\" stroke=\"#555\" stroke-width=\"2\" stroke-linecap=\"round\" "
                    "d=\"",
                    mark_classes[v]);
        open = true;
        fprintf(k->out, "M%.1f %.1f%s", x, y, shapes[v]);
    }
    if (open) fputs("\"/>\n", k->out);
}

static void put_titled_mark(const chart *k, const assay_entry *e, double x, double y) {
    fprintf(k->out,
            "<path class=\"mark bad\" fill=\"none\" stroke=\"#b00\" stroke-width=\"2\" stroke-linecap=\"round\" "
            "d=\"M%.1f %.1f%s\"><title>",
            x, y, shapes[e->verdict]);
    html_put_place(k->out, e);
    fprintf(k->out, ": %s", html_verdict_word(e->verdict));
    if (e->has_metrics) {
        fputs(", ratio ", k->out);
        html_put_number(k->out, html_ratio(e));
    }
    fputs("</title></path>\n", k->out);
}

/* What fails comes last, so that it lies on top; the first of them say what they are. */
static void put_failing(const chart *k) {
    for (int v = 0; v < ASSAY_VERDICT_COUNT; v++) {
        size_t titled = 0;
        if (!assay_verdict_fails((assay_verdict)v)) continue;
        for (size_t i = 0; i < k->c->entry_count && titled < TITLES_MOST; i++) {
            const assay_entry *e = &k->c->entries[i];
            double x, y;
            if (e->verdict != (assay_verdict)v || !locate(k, e, &x, &y)) continue;
            put_titled_mark(k, e, x, y);
            titled++;
        }
        put_marks(k, (assay_verdict)v, titled);
    }
}

/* ---- around it ---- */

static void put_stage_names(const chart *k, cell_kind kind, const char *what) {
    if (k->slots[kind] == 0) return;
    fprintf(k->out, "<dt>%s</dt><dd>", what);
    for (int s = 0, n = 0; s < ASSAY_STAGE_COUNT; s++) {
        if (!k->there[s] || kind_of((assay_stage)s) != kind) continue;
        const char *name = assay_stage_get((assay_stage)s)->name;
        fprintf(k->out, "%s%s", n++ ? ", " : "", strncmp(name, "self_attn.", 10) == 0 ? name + 10 : name);
    }
    fputs("</dd>\n", k->out);
}

static void put_key(FILE *out, const char *style, const char *shape, const char *word) {
    fprintf(out,
            "<li><svg width=\"16\" height=\"12\" aria-hidden=\"true\"><path class=\"%s\" fill=\"none\" stroke=\"#555\" "
            "stroke-width=\"2\" stroke-linecap=\"round\" d=\"M8 6%s\"/></svg> %s</li>\n",
            style, shape, word);
}

static bool has_marks(const chart *k, assay_verdict v) {
    double x, y;
    for (size_t i = 0; i < k->c->entry_count; i++)
        if (k->c->entries[i].verdict == v && locate(k, &k->c->entries[i], &x, &y)) return true;
    return false;
}

static void put_legend(const chart *k) {
    fputs("<ul class=\"legend\">\n", k->out);
    for (int v = 0; v < ASSAY_VERDICT_COUNT; v++) {
        char style[32];
        snprintf(style, sizeof style, "mark %s", mark_classes[v]);
        if (has_marks(k, (assay_verdict)v)) put_key(k->out, style, shapes[v], html_verdict_word((assay_verdict)v));
    }
    put_key(k->out, "tolerance", "m-8 0h16", "tolerance (ratio 1)");
    put_key(k->out, "floor", "m-8 0h16", "noise floor of the original");
    fputs("</ul>\n", k->out);
}

static void put_slot_names(const chart *k, cell_kind kind, const char *attribute) {
    fprintf(k->out, " data-%s=\"", attribute);
    for (int s = 0; s < ASSAY_STAGE_COUNT; s++)
        if (k->there[s] && kind_of((assay_stage)s) == kind)
            fprintf(k->out, "%s ", assay_stage_get((assay_stage)s)->name);
    putc('"', k->out);
}

/* What the script needs to tell which stage a point is: places of columns and rows, and the names of stages in a cell. */
static void put_data(const chart *k) {
    fprintf(k->out, " data-grid=\"%d %d %d %d\" data-columns=\"", HEAD, k->row_height + 4, PAD, k->pitch);
    for (int i = 0; i < k->grid->column_count; i++) {
        const html_column *col = &k->grid->columns[i];
        fprintf(k->out, "%d:%d:%lld:", k->x[i], k->width[i], (long long)col->step);
        if (html_column_is_end(col)) fputs("- ", k->out);
        else fprintf(k->out, "%lld ", (long long)col->window);
    }
    fputs("\" data-layers=\"", k->out);
    for (int l = 0; l < k->grid->layer_count; l++) fprintf(k->out, "%lld ", (long long)k->grid->layers[l]);
    putc('"', k->out);
    put_slot_names(k, OF_WINDOW, "window");
    put_slot_names(k, OF_LAYER, "layer");
    put_slot_names(k, OF_STEP, "step");
    put_slot_names(k, OF_PAST, "past");
}

static void put_svg(const chart *k) {
    const assay_case_result *c = k->c;
    fprintf(k->out, "<svg class=\"chart\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" aria-label=\"",
            k->total_width, k->total_height, k->total_width, k->total_height);
    fprintf(k->out, "Error over tolerance of each stage: %zu pass, %zu fail, %zu missing.",
            c->counts[ASSAY_VERDICT_PASS], c->counts[ASSAY_VERDICT_FAIL], assay_count_missing(c->counts));
    if (c->first_divergence >= 0) {
        fputs(" The first that fails is ", k->out);
        html_put_place(k->out, &c->entries[c->first_divergence]);
        putc('.', k->out);
    }
    putc('"', k->out);
    put_data(k);
    fputs(">\n<title>Error over tolerance, stage by stage</title>\n", k->out);
    put_failing_cells(k);
    put_cells(k);
    put_column_heads(k);
    put_row_heads(k);
    put_floors(k);
    for (int v = 0; v < ASSAY_VERDICT_COUNT; v++)
        if (!assay_verdict_fails((assay_verdict)v)) put_marks(k, (assay_verdict)v, 0);
    put_failing(k);
    fputs("</svg>", k->out);
}

void html_put_stage_chart(html_context *html, const assay_case_result *c, const html_grid *grid) {
    chart k = {.out = html->out, .c = c, .grid = grid};
    if (grid->column_count == 0) return;
    set_slots(&k);
    set_columns(&k);
    set_rows(&k);
    fputs(
        "<figure>\n<figcaption><h3>Error over tolerance, stage by stage</h3>\n<p>In each row from left to right in the "
        "order of "
        "execution, "
        "a row a layer, on a logarithmic scale: what lies above the line of ratio 1 fails.</p></figcaption>\n",
        k.out);
    put_legend(&k);
    html_scroll_begin(k.out, "Chart of all stages");
    put_svg(&k);
    html_scroll_end(k.out);
    fputs("<details class=\"names\"><summary>Names of the stages, from left to right</summary>\n<dl>\n", k.out);
    put_stage_names(&k, OF_WINDOW, "model, in a window");
    put_stage_names(&k, OF_LAYER, "layer, in a window");
    put_stage_names(&k, OF_STEP, "model, at the end of a step");
    put_stage_names(&k, OF_PAST, "layer, at the end of a step");
    fputs("</dl></details>\n", k.out);
    html_put_left_out(k.out, grid);
    fputs("</figure>\n", k.out);
}
