#include "reports/scorecard_text.h"

#include <string.h>

#include "core/terminal_text.h"
#include "reports/waiver_list.h"

static void write_rule(FILE *out, const assay_rule_score *r) {
    fprintf(out, "%-8s  %-13s  %3zu of %-3zu  %s\n", r->rule->id, assay_rule_verdict_name(r->verdict), r->passed,
            r->cases, r->rule->summary);
    if (!*r->note) return;
    fprintf(out, "%-8s  ", "");
    assay_terminal_put(out, r->note);
    fputc('\n', out);
}

/* "memory-keys-at-position-ids (MEM-1)". */
static void write_blame(FILE *out, const assay_score_case *c) {
    char names[200];
    if (c->likely_count)
        fprintf(out, "; explained by %s (%s)", assay_score_mistakes(c, names, sizeof names), c->blamed);
    else if (*c->blamed) fprintf(out, "; no known mistake explains it (see %s)", c->blamed);
}

static void write_case(FILE *out, const assay_score_case *c, int width) {
    fprintf(out, "%-11s ", assay_scored_name(c->outcome));
    assay_terminal_put(out, c->name);
    if (c->outcome == ASSAY_SCORED_NOT_RUN) {
        fputc('\n', out);
        return;
    }
    int length = (int)strlen(c->name);
    fprintf(out, "%*s  ", width > length ? width - length : 0, "");
    if (c->outcome == ASSAY_SCORED_PASS) fprintf(out, "%zu compared, %zu not dumped", c->judged, c->missing);
    assay_terminal_put(out, c->note);
    if (c->outcome == ASSAY_SCORED_FAIL) {
        fprintf(out, "%zu of %zu differ, first %s: ", c->failed, c->judged, c->first_path);
        assay_terminal_put(out, c->first_reason);
        write_blame(out, c);
    }
    if (c->waived) fprintf(out, "; %zu waived, first %s", c->waived, c->waived_path);
    if (*c->declared) {
        fprintf(out, "; the port says that it cannot run it, which is wrong: ");
        assay_terminal_put(out, c->declared);
    }
    fputc('\n', out);
}

static int name_width(const assay_scorecard *card) {
    size_t width = 0;
    for (size_t i = 0; i < card->case_count; i++) {
        size_t length = strlen(card->cases[i].name);
        if (length > width && length <= 40) width = length;
    }
    return (int)width;
}

static void write_unknown(FILE *out, const assay_scorecard *card) {
    enum { shown = 5 };
    for (size_t i = 0; i < card->unknown_count && i < shown; i++) {
        fprintf(out, "%-11s ", "unknown");
        assay_terminal_put(out, card->unknown[i]);
        fprintf(out, " is the dump of no case of the suite\n");
    }
    if (card->unknown_count > shown) fprintf(out, "%-11s %zu more\n", "unknown", card->unknown_count - shown);
}

static void write_summary(FILE *out, const assay_scorecard *card) {
    assay_scorecard_summary s = assay_scorecard_summarize(card);
    fprintf(out, "%s: %zu of %zu rules pass, %zu fail, %zu not exercised; %zu of %zu cases match",
            s.conforms ? "pass" : "fail", s.rules_passed, card->rule_count, s.rules_failed, s.rules_not_exercised,
            s.passed, card->case_count);
    const struct {
        size_t count;
        const char *what;
    } rest[] = {{s.failed, "fail"},
                {s.incomplete, "incomplete"},
                {s.not_run, "not run"},
                {s.unreadable, "unreadable"},
                {s.unsupported, "unsupported by the port"},
                {s.waived, "only with waived failures"},
                {card->unknown_count, "unknown"}};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        if (rest[i].count) fprintf(out, ", %zu %s", rest[i].count, rest[i].what);
    fputc('\n', out);
}

assay_status assay_report_scorecard_text(FILE *out, const assay_scorecard *card, assay_error *err) {
    fprintf(out, "%-8s  %-13s  %-10s  %s\n", "rule", "verdict", "cases pass", "what the original does");
    for (size_t i = 0; i < card->rule_count; i++) write_rule(out, &card->rules[i]);
    fputc('\n', out);
    for (size_t i = 0; i < card->case_count; i++) write_case(out, &card->cases[i], name_width(card));
    write_unknown(out, card);
    assay_report_waivers(out, &card->waivers);
    fputc('\n', out);
    write_summary(out, card);
    if (fflush(out) != 0 || ferror(out))
        return assay_fail(err, ASSAY_EINTERNAL, NULL, "the scorecard cannot be written");
    return ASSAY_OK;
}
