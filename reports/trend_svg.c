/* The charts of a trend: runs from left to right, on a logarithmic scale the worst deviation over tolerance. */
#include <math.h>
#include <string.h>

#include "reports/html_text.h"
#include "reports/trend_html.h"

#define LEFT 46
#define RIGHT 12
#define STRIP 14    /* above the scale: what is infinitely far, and names of kernels */
#define NAMES 66    /* below it, where runs are named */
#define LOWEST (-3) /* decades; smaller ratios lie on the lowest line */
#define HIGHEST 6
#define NAMES_MOST 48 /* of more runs only some are named */

typedef struct {
    FILE *out;
    const assay_trend *trend;
    assay_stage stage; /* ASSAY_STAGE_COUNT: the worst of all */
    assay_trend_chart size;
    int bottom, top; /* pixels of the lowest line; decades of the highest */
} chart;

/* The stage that the chart shows of a run; NULL when that was not judged, or is exact. */
static const assay_trend_point *point_of(const chart *k, const assay_trend_run *run, assay_stage *stage) {
    *stage = k->stage == ASSAY_STAGE_COUNT ? assay_trend_worst(run) : k->stage;
    return *stage == ASSAY_STAGE_COUNT || !run->points[*stage].has_ratio ? NULL : &run->points[*stage];
}

static double x_of(const chart *k, size_t run) {
    double width = k->size.width - LEFT - RIGHT;
    return LEFT + width * ((double)run + 0.5) / (double)k->trend->count;
}

static double y_of(const chart *k, double ratio) {
    if (isinf(ratio)) return STRIP / 2.0 + 2;
    double lg = fmin(fmax(ratio > 0 ? log10(ratio) : LOWEST, LOWEST), k->top);
    return STRIP + (k->top - lg) / (k->top - LOWEST) * (k->bottom - STRIP);
}

static void set_scale(chart *k) {
    double highest = 1;
    for (size_t i = 0; i < k->trend->count; i++) {
        assay_stage stage;
        const assay_trend_point *p = point_of(k, &k->trend->runs[i], &stage);
        if (p && isfinite(p->ratio)) highest = fmax(highest, p->ratio);
    }
    double decades = ceil(log10(highest));
    k->top = decades < 1 ? 1 : decades > HIGHEST ? HIGHEST : (int)decades;
    k->bottom = k->size.height - (k->size.names ? NAMES : 6);
}

/* ---- frame ---- */

static void put_frame(const chart *k) {
    int width = k->size.width - LEFT - RIGHT;
    fputs("<path class=\"cell\" fill=\"none\" stroke=\"#999\" d=\"", k->out);
    for (int d = LOWEST; d <= k->top; d++)
        if (d != 0) fprintf(k->out, "M%d %.1fh%d", LEFT, y_of(k, pow(10, d)), width);
    fprintf(k->out, "\"/>\n<path class=\"tolerance\" fill=\"none\" stroke=\"#b00\" d=\"M%d %.1fh%d\"/>\n", LEFT,
            y_of(k, 1), width);
    int step = k->size.names || k->top - LOWEST <= 4 ? 1 : 2;
    for (int d = k->top; d >= LOWEST; d -= step)
        fprintf(k->out, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%g</text>\n", LEFT - 5,
                y_of(k, pow(10, d)) + 3.5, pow(10, d));
}

/* A line where the kernel is another than in the run before: numbers may move there for no other reason. */
static void put_kernels(const chart *k) {
    const assay_trend *t = k->trend;
    for (size_t i = 0; i < t->count; i++) {
        if (i && strcmp(t->runs[i].kernel, t->runs[i - 1].kernel) == 0) continue;
        double x = i ? (x_of(k, i) + x_of(k, i - 1)) / 2 : LEFT;
        if (i)
            fprintf(k->out, "<path class=\"floor\" fill=\"none\" stroke=\"#777\" d=\"M%.1f 0V%d\"/>\n", x, k->bottom);
        if (!k->size.names) continue;
        fprintf(k->out, "<text class=\"tick\" x=\"%.1f\" y=\"9\">", x + 3);
        html_put_cut(k->out, t->runs[i].kernel, 16);
        fputs("</text>\n", k->out);
    }
}

static void put_names(const chart *k) {
    size_t every = (k->trend->count + NAMES_MOST - 1) / NAMES_MOST;
    for (size_t i = 0; k->size.names && i < k->trend->count; i += every) {
        double x = x_of(k, i) + 3, y = k->bottom + 12;
        fprintf(k->out, "<text class=\"tick\" text-anchor=\"end\" transform=\"translate(%.1f %.1f) rotate(-45)\">", x,
                y);
        html_put_cut(k->out, k->trend->runs[i].mark, 12);
        fputs("</text>\n", k->out);
    }
}

/* ---- marks ---- */

/* A line through the runs, with a gap where the stage was not judged or is infinitely far. */
static void put_line(const chart *k) {
    bool open = false;
    fputs("<path class=\"mark\" fill=\"none\" stroke=\"#777\" d=\"", k->out);
    for (size_t i = 0; i < k->trend->count; i++) {
        assay_stage stage;
        const assay_trend_point *p = point_of(k, &k->trend->runs[i], &stage);
        bool drawn = p && isfinite(p->ratio);
        if (drawn) fprintf(k->out, "%c%.1f %.1f", open ? 'L' : 'M', x_of(k, i), y_of(k, p->ratio));
        open = drawn;
    }
    fputs("\"/>\n", k->out);
}

/* What became of a point; of the worst of all stages what became of the run. */
typedef enum { PASSES, DRIFTS, FAILS } state;

static state state_of(const chart *k, const assay_trend_run *run, const assay_trend_point *p) {
    bool all = k->stage == ASSAY_STAGE_COUNT;
    if (p->failed || (all && run->failed)) return FAILS;
    if (p->drifts || (all && run->drifts)) return DRIFTS;
    return PASSES;
}

static const struct {
    const char *class, *shape, *word;
} states[] = {{"mark ok", "h0", "passes"},
              {"mark waived", "m-5 0 5-5 5 5-5 5z", "moved since the baseline (drift)"},
              {"mark bad", "m-4-4 8 8m0-8-8 8", "fails"}};

static void put_title(const chart *k, const assay_trend_run *run, const assay_trend_point *p, assay_stage stage) {
    char name[ASSAY_STAGE_TEXT];
    fprintf(k->out, "<title>%s, %.7s", run->time, run->id);
    if (*run->labels) fputs(", ", k->out);
    html_put_cut(k->out, run->labels, 200);
    fprintf(k->out, ": %s, ratio ", states[state_of(k, run, p)].word);
    html_put_number(k->out, p->ratio);
    fprintf(k->out, " at %s, case ", assay_stage_text(stage, name));
    html_put_cut(k->out, p->test_case, 100);
    fputs("</title>", k->out);
}

static void put_mark(const chart *k, size_t i) {
    const assay_trend_run *run = &k->trend->runs[i];
    assay_stage stage;
    const assay_trend_point *p = point_of(k, run, &stage);
    if (!p) return;
    state s = state_of(k, run, p);
    fprintf(k->out, "<path class=\"%s\" fill=\"none\" stroke=\"#555\" stroke-width=\"2\" d=\"M%.1f %.1f%s\">",
            states[s].class, x_of(k, i), y_of(k, p->ratio), states[s].shape);
    put_title(k, run, p, stage);
    fputs("</path>\n", k->out);
}

void assay_trend_svg(FILE *out, const assay_trend *trend, assay_stage stage, const assay_trend_chart *size) {
    char name[ASSAY_STAGE_TEXT] = "all stages";
    chart k = {.out = out, .trend = trend, .stage = stage, .size = *size};
    if (stage != ASSAY_STAGE_COUNT) assay_stage_text(stage, name);
    set_scale(&k);
    fprintf(out, "<svg class=\"chart\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" aria-label=\"",
            size->width, size->height, size->width, size->height);
    fprintf(out, "Worst deviation over tolerance of %s in %zu %s; the table has the numbers.\">\n", name, trend->count,
            trend->count == 1 ? "run" : "runs");
    put_frame(&k);
    put_kernels(&k);
    put_names(&k);
    put_line(&k);
    for (size_t i = 0; i < trend->count; i++) put_mark(&k, i);
    fputs("</svg>\n", out);
}

static void put_key(FILE *out, const char *class, const char *shape, const char *word) {
    fprintf(out,
            "<li><svg width=\"16\" height=\"12\" aria-hidden=\"true\"><path class=\"%s\" fill=\"none\" stroke=\"#555\" "
            "stroke-width=\"2\" d=\"M8 6%s\"/></svg> %s</li>\n",
            class, shape, word);
}

void assay_trend_legend(FILE *out) {
    fputs("<ul class=\"legend\">\n", out);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        put_key(out, states[i].class, states[i].shape, states[i].word);
    put_key(out, "tolerance", "m-8 0h16", "tolerance (ratio 1)");
    put_key(out, "floor", "m-0-6v12", "another BLAS kernel from here on");
    fputs("</ul>\n", out);
}
