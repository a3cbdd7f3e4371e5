#include "reports/suggestion_text.h"

#include <stdlib.h>
#include <string.h>

#include "reports/suggestion_json.h"

static int longer(int width, const char *text) {
    int length = (int)strlen(text);
    return length > width ? length : width;
}

static assay_status print_entry(FILE *out, const assay_suggested *e, const int width[2], assay_error *err) {
    char path[256], *layout = NULL;
    assay_status st = e->op_count ? assay_report_layout_text(&layout, e, err) : ASSAY_OK;
    if (st) return st;
    if (layout) layout[strcspn(layout, "\n")] = '\0';
    fprintf(out, "%-6s %5.3f  %-*s  %-*s  %s%s%s\n", e->confidence >= ASSAY_SUGGESTION_SURE ? "sure" : "unsure",
            e->confidence, width[0], assay_place_path(&e->place, path, sizeof path), width[1], e->from,
            layout ? layout : "", layout ? "  " : "", e->reason);
    free(layout);
    return ASSAY_OK;
}

static void print_rest(FILE *out, const assay_suggestion *s) {
    enum { most = 10 };
    char path[256];
    fprintf(out,
            "\n%zu stages are mapped, %zu of them surely; %zu are not in the candidate; %zu tensors are no stage\n",
            s->count, s->sure_count, s->missing_count, s->unused_count);
    for (size_t i = 0; i < s->missing_count && i < most; i++)
        fprintf(out, "  not there: %s\n", assay_place_path(&s->missing[i], path, sizeof path));
    if (s->missing_count > most) fprintf(out, "  not there: %zu more\n", s->missing_count - most);
    for (size_t i = 0; i < s->unused_count && i < most; i++) fprintf(out, "  no stage: %s\n", s->unused[i]);
    if (s->unused_count > most) fprintf(out, "  no stage: %zu more\n", s->unused_count - most);
}

assay_status assay_report_suggestion_text(FILE *out, const assay_suggestion *s, assay_error *err) {
    char path[256];
    int width[2] = {5, 6};
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < s->count; i++) {
        width[0] = longer(width[0], assay_place_path(&s->entries[i].place, path, sizeof path));
        width[1] = longer(width[1], s->entries[i].from);
    }
    fprintf(out, "how    sure   %-*s  %-*s  layout, and why\n", width[0], "stage", width[1], "tensor");
    for (size_t i = 0; i < s->count && !st; i++) st = print_entry(out, &s->entries[i], width, err);
    print_rest(out, s);
    return st;
}
