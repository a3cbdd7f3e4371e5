#include "reports/html_heatmap.h"

#include <math.h>
#include <string.h>

#include "reports/html_page.h"
#include "reports/html_text.h"
#include "reports/html_words.h"

#define LEFT 64
#define HEAD 34
#define FOOT 16
#define WIDE 1100
#define WINDOW_GAP 3
#define STEP_GAP 16
#define ROWS_MOST HTML_LAYERS_MOST

/* One row of one window: a row of a map of that window's tensor; NULL where there is none. */
typedef struct {
    const assay_heat *heat;
    int row;
} strip;

typedef struct {
    FILE *out;
    const html_grid *grid;
    const char *row_name; /* "layer", "head" */
    int rows, row_height;
    int64_t labels[ROWS_MOST];
    strip strips[ROWS_MOST][HTML_COLUMNS_MOST];
    const assay_heat *any[HTML_COLUMNS_MOST]; /* of each column one map; NULL where it has none */
    int bin_width, x[HTML_COLUMNS_MOST], total_width;
} map;

/* ---- classes ---- */

/* Upper bounds of the classes of a ratio; those from `over` on fail. */
static const double bounds[] = {0, 0.01, 0.1, 0.5, 1, 10, 1000, INFINITY};
#define CLASSES 9
static const char *const class_words[CLASSES] = {"0",
                                                 "to 0.01",
                                                 "to 0.1",
                                                 "to 0.5",
                                                 "to 1 (tolerance)",
                                                 "to 10, fails",
                                                 "to 1000, fails",
                                                 "above 1000, fails",
                                                 "NaN or infinite"};
/* For pages without style. */
static const char *const class_colours[CLASSES] = {"#f4f6f8", "#dbe9f6", "#b8d4ec", "#8cbbdf", "#5a9bcb",
                                                   "#f2a55a", "#d9541e", "#8f1414", "#1a1a1a"};

static int class_of(double ratio) {
    if (!isfinite(ratio)) return CLASSES - 1;
    int c = 0;
    while (ratio > bounds[c]) c++;
    return c;
}

/* ---- layout ---- */

static int bins_of(const map *m, int column) { return m->any[column] ? m->any[column]->token_bins : 0; }

static bool lay_out(map *m) {
    int bins = 0, at = LEFT;
    for (int i = 0; i < m->grid->column_count; i++) bins += bins_of(m, i);
    if (bins == 0 || m->rows == 0) return false;
    m->bin_width = WIDE / bins < 2 ? 2 : WIDE / bins > 20 ? 20 : WIDE / bins;
    m->row_height = m->rows <= 8 ? 18 : 12;
    for (int i = 0, before = -1; i < m->grid->column_count; i++) {
        if (!m->any[i]) continue;
        if (before >= 0) at += m->grid->columns[before].step != m->grid->columns[i].step ? STEP_GAP : WINDOW_GAP;
        m->x[i] = at;
        at += bins_of(m, i) * m->bin_width;
        before = i;
    }
    m->total_width = at + 40;
    return true;
}

static void take(map *m, int row, int column, const assay_heat *heat, int heat_row) {
    if (heat->token_bins == 0 || row < 0 || column < 0) return;
    m->strips[row][column] = (strip){heat, heat_row};
    m->any[column] = heat;
}

static double ratio_at(const map *m, int row, int column, int bin) {
    const strip *s = &m->strips[row][column];
    if (!s->heat || bin >= s->heat->token_bins) return -1;
    return (double)s->heat->ratios[s->row * s->heat->token_bins + bin];
}

/* ---- drawing ---- */

/* The bins of a class in a strip, neighbours as one stroke. */
static void put_runs(const map *m, int row, int column, int shade) {
    int y = HEAD + row * m->row_height + m->row_height / 2;
    for (int b = 0, n = bins_of(m, column); b < n;) {
        int begin = b;
        double ratio;
        while (b < n && (ratio = ratio_at(m, row, column, b)) >= 0 && class_of(ratio) == shade) b++;
        if (b > begin) fprintf(m->out, "M%d %dh%d", m->x[column] + begin * m->bin_width, y, (b - begin) * m->bin_width);
        else b++;
    }
}

static void put_cells(const map *m) {
    fprintf(m->out, "<g fill=\"none\" stroke-width=\"%d\" shape-rendering=\"crispEdges\">\n", m->row_height - 1);
    for (int shade = 0; shade < CLASSES; shade++) {
        fprintf(m->out, "<path class=\"h%d\" stroke=\"%s\" d=\"", shade, class_colours[shade]);
        for (int r = 0; r < m->rows; r++)
            for (int i = 0; i < m->grid->column_count; i++)
                if (m->any[i]) put_runs(m, r, i, shade);
        fputs("\"/>\n", m->out);
    }
    fputs("</g>\n", m->out);
}

/* What a step leaves in memory are the tokens of its windows, but for the last where that stays in the local cache. Where their numbers
 * tell that it is so, lines show the windows within it. */
static void put_inner_borders(const map *m, const assay_case_result *c, int column) {
    int64_t step = m->grid->columns[column].step, tokens = m->any[column]->tokens, begins[HTML_COLUMNS_MOST], sum = 0;
    int windows = 0;
    for (size_t i = 0; i < c->entry_count && sum < tokens; i++) {
        const assay_entry *e = &c->entries[i];
        if (e->kind != ASSAY_ENTRY_STAGE || e->place.stage != ASSAY_STAGE_POSITION_IDS || e->place.step != step)
            continue;
        int64_t own = e->golden.rank == 2 ? e->golden.shape[1] : 0;
        if (own < 1 || own > tokens - sum || windows == HTML_COLUMNS_MOST) return;
        begins[windows++] = sum;
        sum += own;
    }
    if (sum != tokens) return;
    for (int w = 1; w < windows; w++)
        fprintf(m->out, "M%.1f %dV%d",
                m->x[column] + (double)begins[w] / (double)tokens * bins_of(m, column) * m->bin_width, HEAD,
                HEAD + m->rows * m->row_height);
}

static void put_border_path(const map *m, const assay_case_result *c, const char *shade) {
    int bottom = HEAD + m->rows * m->row_height;
    fprintf(m->out, "<path class=\"%s\" stroke=\"#333\" fill=\"none\" d=\"", shade);
    for (int i = 0; i < m->grid->column_count; i++) {
        if (!m->any[i]) continue;
        fprintf(m->out, "M%.1f %dV%d", m->x[i] - WINDOW_GAP / 2.0, HEAD - 6, bottom + 4);
        if (html_column_is_end(&m->grid->columns[i])) put_inner_borders(m, c, i);
    }
    fputs("\"/>\n", m->out);
}

/* With a halo, so that they show on every colour. */
static void put_borders(const map *m, const assay_case_result *c) {
    put_border_path(m, c, "halo");
    put_border_path(m, c, "border");
}

static void put_labels(const map *m) {
    int64_t step = -1;
    for (int i = 0; i < m->grid->column_count; i++) {
        const html_column *col = &m->grid->columns[i];
        int width = bins_of(m, i) * m->bin_width;
        if (!m->any[i]) continue;
        if (step != col->step)
            fprintf(m->out, "<text x=\"%d\" y=\"12\" class=\"strong\">step %lld</text>", m->x[i], (long long)col->step);
        step = col->step;
        fprintf(m->out, "<text x=\"%d\" y=\"26\">", m->x[i]);
        if (width < 52 && !html_column_is_end(col)) fprintf(m->out, "%lld", (long long)col->window);
        else if (!html_column_is_end(col)) html_put_column(m->out, col);
        else if (width >= 60) fputs("step end", m->out);
        fprintf(m->out, "</text><text x=\"%d\" y=\"%d\" class=\"tick\">%lld</text>\n", m->x[i],
                HEAD + m->rows * m->row_height + 13, (long long)m->any[i]->tokens);
    }
    for (int r = 0; r < m->rows; r++)
        fprintf(m->out, "<text x=\"0\" y=\"%d\" class=\"tick\">%s %lld</text>",
                HEAD + r * m->row_height + m->row_height / 2 + 4, m->row_name, (long long)m->labels[r]);
}

/* The first token of a bin: element i of n lies in bin i * bins / n. */
static int64_t first_of_bin(const assay_heat *h, int bin) {
    return (int64_t)ceil((double)bin * fmin((double)h->tokens, 1e15) / h->token_bins);
}

/* Where the largest ratio is, in words. */
static void put_largest(const map *m) {
    double largest = -1;
    int row = 0, column = 0, bin = 0;
    for (int r = 0; r < m->rows; r++)
        for (int i = 0; i < m->grid->column_count; i++)
            for (int b = 0; b < bins_of(m, i); b++) {
                double ratio = ratio_at(m, r, i, b);
                if (!isfinite(ratio)) ratio = INFINITY;
                if (ratio > largest) largest = ratio, row = r, column = i, bin = b;
            }
    const assay_heat *h = m->any[column];
    fputs("Largest: ", m->out);
    html_put_number(m->out, largest);
    fprintf(m->out, " times the tolerance, %s %lld, step %lld, ", m->row_name, (long long)m->labels[row],
            (long long)m->grid->columns[column].step);
    html_put_column(m->out, &m->grid->columns[column]);
    int64_t first = first_of_bin(h, bin), next = first_of_bin(h, bin + 1);
    if (next - first > 1)
        fprintf(m->out, ", tokens %lld to %lld of %lld.", (long long)first, (long long)next - 1, (long long)h->tokens);
    else fprintf(m->out, ", token %lld of %lld.", (long long)first, (long long)h->tokens);
}

static void put_legend(FILE *out) {
    fputs("<ul class=\"legend\" aria-label=\"Error over tolerance\">\n", out);
    for (int c = 0; c < CLASSES; c++)
        fprintf(out,
                "<li><svg width=\"14\" height=\"12\" aria-hidden=\"true\"><path class=\"h%d\" stroke=\"%s\" "
                "stroke-width=\"12\" d=\"M0 6h14\"/></svg> %s</li>\n",
                c, class_colours[c], class_words[c]);
    fputs("</ul>\n", out);
}

static void put_map(const map *m, const assay_case_result *c, const char *label) {
    int height = HEAD + m->rows * m->row_height + FOOT;
    fputs("<p class=\"note\">", m->out);
    put_largest(m);
    fputs("</p>\n", m->out);
    put_legend(m->out);
    html_scroll_begin(m->out, label);
    fprintf(m->out,
            "<svg class=\"heat\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" aria-label=\"%s. ",
            m->total_width, height, m->total_width, height, label);
    put_largest(m);
    fprintf(m->out, "\">\n<title>%s</title>\n", label);
    put_cells(m);
    put_borders(m, c);
    put_labels(m);
    fputs("</svg>", m->out);
    html_scroll_end(m->out);
}

/* ---- the two maps ---- */

void html_put_layer_map(html_context *html, const assay_case_result *c, const html_grid *grid, assay_stage stage) {
    map m = {.out = html->out, .grid = grid, .row_name = "layer", .rows = grid->layer_count};
    bool layered = assay_stage_get(stage)->scope == ASSAY_PER_LAYER || assay_stage_get(stage)->scope == ASSAY_PER_PAST;
    if (!layered) m.rows = 1, m.row_name = "model";
    for (int l = 0; layered && l < m.rows; l++) m.labels[l] = grid->layers[l];
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        if (e->kind != ASSAY_ENTRY_STAGE || e->place.stage != stage || !e->detail) continue;
        take(&m, layered ? html_grid_layer(grid, e) : 0, html_grid_column(grid, e), &e->detail->by_token, 0);
    }
    if (!lay_out(&m)) return;
    fprintf(m.out,
            "<figure>\n<figcaption><h3>Tokens by layer: <code>%s</code></h3>\n<p>Largest error over tolerance of each "
            "token; windows "
            "side by side, a line where one begins, and below it how many tokens it has.</p></figcaption>\n",
            assay_stage_get(stage)->name);
    put_map(&m, c, "Error over tolerance by token and layer");
    fputs("</figure>\n", m.out);
}

void html_put_head_map(html_context *html, const assay_case_result *c, const html_grid *grid, const assay_entry *of) {
    map m = {.out = html->out, .grid = grid, .row_name = "head"};
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        bool same =
            e->kind == ASSAY_ENTRY_STAGE && e->place.stage == of->place.stage && e->place.layer == of->place.layer;
        if (!same || !e->detail || e->detail->by_head.heads == 0) continue;
        const assay_heat *h = &e->detail->by_head;
        if (h->head_bins > m.rows) m.rows = h->head_bins;
        for (int r = 0; r < h->head_bins && r < ROWS_MOST; r++) {
            m.labels[r] = r * (h->heads / h->head_bins) + r * (h->heads % h->head_bins) / h->head_bins;
            take(&m, r, html_grid_column(grid, e), h, r);
        }
    }
    if (!lay_out(&m)) return;
    fputs("<figure class=\"wide\">\n<figcaption><h4>Tokens by head</h4></figcaption>\n", m.out);
    put_map(&m, c, "Error over tolerance by token and head");
    fputs("</figure>\n", m.out);
}
