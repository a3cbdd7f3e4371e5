#include "reports/waiver_list.h"

#include "core/terminal_text.h"

const char *assay_waiver_state(const assay_waiver_use *use) {
    if (!use->in_scope) return "other cases";
    if (use->expired) return "expired";
    return use->count ? "used" : "unused";
}

const char *assay_waiver_scope(const assay_waiver_use *use, char *text, size_t text_nbytes) {
    const struct {
        const char *what, *value;
    } parts[] = {{"stage", use->stage}, {"rule", use->rule}, {"case", use->test_case}};
    size_t at = 0;
    *text = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts && at < text_nbytes; i++)
        if (parts[i].value)
            at +=
                (size_t)snprintf(text + at, text_nbytes - at, "%s%s %s", at ? ", " : "", parts[i].what, parts[i].value);
    return text;
}

/* What became of it, and what to do. */
static void put_state(FILE *out, const assay_waiver_use *use) {
    char day[ASSAY_DATE_TEXT];
    const char *s = use->count == 1 ? "" : "s";
    assay_date_text(use->expires, day);
    if (!use->in_scope) fprintf(out, "is for cases that were not compared");
    else if (use->expired && use->count)
        fprintf(out, "expired on %s, so %zu failure%s stand%s", day, use->count, s, use->count == 1 ? "s" : "");
    else if (use->expired) fprintf(out, "expired on %s, and nothing needs it; delete it", day);
    else if (use->count) fprintf(out, "waives %zu failure%s until %s", use->count, s, day);
    else fprintf(out, "waives nothing (until %s); delete it when no other run needs it", day);
}

void assay_report_waivers(FILE *out, const assay_waiver_uses *uses) {
    if (uses->count == 0) return;
    fprintf(out, "\nwaivers of the policy:\n");
    for (size_t i = 0; i < uses->count; i++) {
        const assay_waiver_use *use = &uses->items[i];
        char scope[300];
        assay_waiver_scope(use, scope, sizeof scope);
        fprintf(out, "  %-11s  %s: ", assay_waiver_state(use), assay_terminal_clean(scope));
        put_state(out, use);
        fprintf(out, " (");
        assay_terminal_put(out, use->reason);
        fprintf(out, ")\n");
    }
}
