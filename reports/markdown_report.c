#include "reports/markdown_report.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "core/rules.h"
#include "reports/entry_words.h"
#include "reports/escape.h"
#include "reports/summary_words.h"
#include "reports/worst_failures.h"

/* A line is written whole or not at all. All texts of a file that one has are cut: to what fits with the words around them. */
enum {
    LINE_NBYTES = 16384,
    NAME_CHARACTERS = 120,
    TEXT_CHARACTERS = 330,
    SHOWN_FINDINGS = 3,
    COMMAND_CHARACTERS = 1000
};

/* Rows and bytes that a section may take. */
typedef struct {
    size_t rows, nbytes;
} limit;

static const limit of_cases = {200, 180 * 1024}, of_failures = {50, 200 * 1024}, of_list = {100, 60 * 1024},
                   of_facts = {50, 50 * 1024}, of_findings = {30, 60 * 1024}, of_drifts = {50, 40 * 1024};
/* Two tables of cases, one of failures, four lists, facts, findings, drifts; beside them fewer than 15 lines that are no rows, and the
 * first divergence with its rules and the command, which are each shorter than a line may be. */
_Static_assert((2 * 180 + 200 + 4 * 60 + 50 + 60 + 40) * 1024 + 15 * 256 + 2 * LINE_NBYTES < ASSAY_MARKDOWN_NBYTES_MAX,
               "the sections together are no longer than the report may be");

typedef struct {
    FILE *out;
    char line[LINE_NBYTES];
    size_t used;
    limit left;     /* of the section */
    size_t dropped; /* its rows that had no room */
} page;

/* ---- lines ---- */

/* Our own words. */
static void add(page *p, const char *format, ...) ASSAY_PRINTF(2, 3);
static void add(page *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(p->line + p->used, sizeof p->line - p->used, format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < sizeof p->line - p->used);
    p->used += (size_t)n;
}

/* Text of a file: as code, in which GitHub makes no links and mentions. Nothing when it is empty. */
static void add_code(page *p, const char *text, size_t max_characters) {
    if (!text[0]) return;
    add(p, "<code>");
    assay_escape_append(p->line, sizeof p->line - 1024, &p->used, ASSAY_ESCAPE_MARKDOWN, text, max_characters);
    add(p, "</code>");
}

static void add_real(page *p, bool has, double value) {
    char text[ASSAY_REAL_TEXT] = "";
    if (has) assay_real_text(value, 3, text);
    add(p, "%s | ", text);
}

/* Writes the line, whatever its section has left. */
static void put(page *p) {
    fwrite(p->line, 1, p->used, p->out);
    p->used = 0;
}

static void begin(page *p, limit of_section) {
    p->left = of_section;
    p->dropped = 0;
}

/* True when the section has room for one more row. Counts it as dropped when not. */
static bool has_room(page *p) {
    if (p->left.rows > 0) return true;
    p->dropped++;
    return false;
}

/* Writes the line, a row of its section; drops it, and what comes after, when it does not fit. */
static void put_row(page *p) {
    if (p->used > p->left.nbytes) {
        p->left.rows = 0;
        p->dropped++;
    } else {
        p->left.rows--;
        p->left.nbytes -= p->used;
        fwrite(p->line, 1, p->used, p->out);
    }
    p->used = 0;
}

static void put_dropped(page *p, const char *what) {
    if (p->dropped) fprintf(p->out, "\n… and %zu more %s.\n", p->dropped, what);
}

/* ---- the verdict and the first divergence ---- */

static void put_verdict(page *p, const assay_result *r) {
    char text[ASSAY_SUMMARY_TEXT];
    bool passed = assay_result_passed(r);
    const char *verdict = assay_run_verdict(r);
    add(p, "## %s Assay: %s\n\n%s.\n", passed ? "✅" : "❌", verdict, assay_summary_text(r, text));
    put(p);
}

/* "norm of step 0, window 1", with the names of stages as code. */
static void add_place(page *p, const assay_entry *e) {
    char place[100];
    if (e->kind == ASSAY_ENTRY_STAGE) {
        add_code(p, assay_stage_get(e->place.stage)->name, NAME_CHARACTERS);
        add(p, " of ");
    }
    add(p, "%s", assay_entry_place_text(e, place, sizeof place));
}

/* One line for each rule that the table knows. */
static void put_rules(page *p, const char *rules) {
    while (*rules) {
        char id[16];
        size_t length = strcspn(rules, " ");
        snprintf(id, sizeof id, "%.*s", (int)length, rules);
        const assay_rule_info *rule = assay_rule_find(id);
        if (rule) {
            add(p, "- %s: ", rule->id);
            add_code(p, rule->summary, TEXT_CHARACTERS);
            add(p, "\n");
            put(p);
        }
        rules += length + strspn(rules + length, " ");
    }
}

static void put_first_divergence(page *p, const assay_result *r) {
    for (size_t i = 0; i < r->case_count; i++) {
        const assay_case_result *c = &r->cases[i];
        if (c->first_divergence < 0) continue;
        const assay_entry *e = &c->entries[c->first_divergence];
        add(p, "\n**First divergence**, in case ");
        add_code(p, c->name, NAME_CHARACTERS);
        add(p, ": ");
        add_place(p, e);
        add(p, ": ");
        add_code(p, e->reason, TEXT_CHARACTERS);
        add(p, "\n\n");
        put(p);
        put_rules(p, e->rules);
        return;
    }
}

/* Of a result that passed it is one of the facts alone. */
static void put_command(page *p, const assay_result *r) {
    const char *command = assay_facts_get(&r->facts, "command");
    if (!command || assay_result_passed(r)) return;
    add(p, "\nTo see it again: ");
    add_code(p, command, COMMAND_CHARACTERS);
    add(p, "\n");
    put(p);
}

/* ---- what explains it ---- */

static void add_item(page *p, const assay_finding_item *item) {
    add(p, "<br>");
    add_code(p, item->name, NAME_CHARACTERS);
    add(p, " ");
    add_code(p, item->rules, NAME_CHARACTERS);
    add(p, " ");
    add_code(p, item->summary, TEXT_CHARACTERS);
}

static void put_finding(page *p, const assay_case_result *c, const assay_finding *f) {
    if (!has_room(p)) return;
    add(p, "| ");
    add_code(p, c->name, NAME_CHARACTERS);
    add(p, " | ");
    add_code(p, f->source, NAME_CHARACTERS);
    add(p, " | ");
    add_code(p, f->summary, TEXT_CHARACTERS);
    for (size_t i = 0; i < f->count && i < SHOWN_FINDINGS; i++) add_item(p, &f->items[i]);
    add(p, " |\n");
    put_row(p);
}

static void put_findings(page *p, const assay_result *r) {
    size_t total = 0;
    for (size_t i = 0; i < r->case_count; i++) total += r->cases[i].finding_count;
    if (total == 0) return;
    fputs("\n### What explains it\n\n| case | by | finding |\n| --- | --- | --- |\n", p->out);
    begin(p, of_findings);
    for (size_t i = 0; i < r->case_count; i++)
        for (size_t k = 0; k < r->cases[i].finding_count; k++) put_finding(p, &r->cases[i], &r->cases[i].findings[k]);
    put_dropped(p, "findings");
}

/* ---- cases ---- */

static void add_why(page *p, const assay_case_result *c) {
    const char *why = c->error[0] ? c->error : c->unsupported[0] ? c->unsupported : c->note;
    if (c->first_divergence < 0) {
        add_code(p, why, TEXT_CHARACTERS);
        return;
    }
    const assay_entry *e = &c->entries[c->first_divergence];
    add_code(p, e->path, NAME_CHARACTERS);
    add(p, " ");
    add_code(p, e->reason, TEXT_CHARACTERS);
}

static const char *symbol_of(const assay_case_result *c) {
    if (c->verdict == ASSAY_CASE_PASS) return c->counts[ASSAY_VERDICT_WAIVED] ? "⚠️" : "✅";
    return c->verdict == ASSAY_CASE_UNSUPPORTED ? "⚪" : "❌";
}

static void put_case(page *p, const assay_case_result *c) {
    const size_t *n = c->counts;
    if (!has_room(p)) return;
    add(p, "| ");
    add_code(p, c->name, NAME_CHARACTERS);
    add(p, " | %s %s | %zu | %zu | %zu | %zu | %zu | %zu | ", symbol_of(c), assay_case_verdict_name(c->verdict),
        n[ASSAY_VERDICT_PASS], n[ASSAY_VERDICT_FAIL], assay_count_missing(n), n[ASSAY_VERDICT_EXTRA],
        n[ASSAY_VERDICT_NOT_COMPARED], n[ASSAY_VERDICT_WAIVED]);
    add_why(p, c);
    add(p, " |\n");
    put_row(p);
}

/* The cases that pass, or the others. */
static void put_cases(page *p, const assay_result *r, bool passing) {
    size_t total = 0;
    for (size_t i = 0; i < r->case_count; i++) total += (r->cases[i].verdict == ASSAY_CASE_PASS) == passing;
    if (total == 0) return;
    if (passing) fprintf(p->out, "\n<details><summary>Cases that match (%zu)</summary>\n\n", total);
    else fprintf(p->out, "\n### Cases that do not match (%zu)\n\n", total);
    fputs("| case | verdict | passed | failed | missing | extra | not compared | waived | first divergence |\n",
          p->out);
    fputs("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n", p->out);
    begin(p, of_cases);
    for (size_t i = 0; i < r->case_count; i++)
        if ((r->cases[i].verdict == ASSAY_CASE_PASS) == passing) put_case(p, &r->cases[i]);
    put_dropped(p, "cases");
    if (passing) fputs("\n</details>\n", p->out);
}

/* ---- entries ---- */

static void put_failure(page *p, const assay_failure *f) {
    const assay_entry *e = f->entry;
    char worst[300];
    if (!e || !has_room(p)) return;
    add(p, "| ");
    add_code(p, f->of->name, NAME_CHARACTERS);
    add(p, " | ");
    add_code(p, e->path, NAME_CHARACTERS);
    add(p, " | ");
    add_real(p, e->has_metrics, e->deviation);
    add_real(p, e->has_metrics, e->tolerance);
    add_real(p, e->has_metrics && e->origin != ASSAY_TOLERANCE_NONE, e->ratio_tolerance);
    add_code(p, e->reason, TEXT_CHARACTERS);
    if (assay_worst_text(e, worst, sizeof worst)[0]) add(p, "<br>worst %s", worst);
    add(p, " | ");
    add_code(p, e->rules, NAME_CHARACTERS);
    add(p, " |\n");
    put_row(p);
}

static void put_failures(page *p, const assay_result *r) {
    assay_failure worst[64];
    assert(of_failures.rows <= sizeof worst / sizeof *worst);
    size_t total = assay_worst_failures(r, worst, of_failures.rows), failing = 0;
    for (size_t i = 0; i < r->case_count; i++)
        failing += r->cases[i].counts[ASSAY_VERDICT_FAIL] + r->cases[i].counts[ASSAY_VERDICT_MISSING_REQUIRED];
    if (failing == 0) return;
    fprintf(p->out, "\n### What fails (%zu), the worst first\n\n", failing);
    fputs("| case | stage | deviation | tolerance | ratio | why | rules |\n", p->out);
    fputs("| --- | --- | ---: | ---: | ---: | --- | --- |\n", p->out);
    begin(p, of_failures);
    size_t shown = total < of_failures.rows ? total : of_failures.rows;
    for (size_t i = 0; i < shown; i++) put_failure(p, &worst[i]);
    if (total > shown) p->dropped += total - shown;
    put_dropped(p, "failures");
}

static void put_listed(page *p, const assay_case_result *c, const assay_entry *e) {
    if (!has_room(p)) return;
    add(p, "| ");
    add_code(p, c->name, NAME_CHARACTERS);
    add(p, " | ");
    add_code(p, e->path, NAME_CHARACTERS);
    add(p, " | ");
    add_code(p, e->reason, TEXT_CHARACTERS);
    if (e->verdict == ASSAY_VERDICT_WAIVED && e->waiver) {
        const assay_waiver_use *use = &c->waivers.items[e->waiver - 1];
        char day[ASSAY_DATE_TEXT];
        add(p, " waived until %s: ", assay_date_text(use->expires, day));
        add_code(p, use->reason, TEXT_CHARACTERS);
    }
    add(p, " |\n");
    put_row(p);
}

static void put_list(page *p, const assay_result *r, assay_verdict verdict, const char *title) {
    size_t total = 0;
    for (size_t i = 0; i < r->case_count; i++) total += r->cases[i].counts[verdict];
    if (total == 0) return;
    fprintf(p->out, "\n<details><summary>%s (%zu)</summary>\n\n| case | stage | why |\n| --- | --- | --- |\n", title,
            total);
    begin(p, of_list);
    for (size_t i = 0; i < r->case_count; i++)
        for (size_t k = 0; k < r->cases[i].entry_count; k++)
            if (r->cases[i].entries[k].verdict == verdict) put_listed(p, &r->cases[i], &r->cases[i].entries[k]);
    put_dropped(p, "of them");
    fputs("\n</details>\n", p->out);
}

static void put_drift(page *p, const assay_drift *d) {
    char text[160];
    if (!has_room(p)) return;
    add(p, "| ");
    add_code(p, d->test_case, NAME_CHARACTERS);
    add(p, " | ");
    add_code(p, d->path[0] ? d->path : "the whole case", NAME_CHARACTERS);
    add(p, " | %s%s |\n", assay_drift_fails(d->kind) ? "❌ " : "", assay_drift_words(d, text, sizeof text));
    put_row(p);
}

/* What fails the run first. */
static void put_drifts(page *p, const assay_result *r) {
    if (!r->drifts.baseline) return;
    add(p, "\n### Since the baseline ");
    add_code(p, r->drifts.baseline, NAME_CHARACTERS);
    add(p, " (%zu)\n\n%s", r->drifts.count, r->drifts.count ? "" : "Nothing moved beyond noise.\n");
    put(p);
    if (r->drifts.count == 0) return;
    fputs("| case | where | what |\n| --- | --- | --- |\n", p->out);
    begin(p, of_drifts);
    for (int listed = 0; listed < 2; listed++)
        for (size_t i = 0; i < r->drifts.count; i++)
            if (assay_drift_fails(r->drifts.items[i].kind) == !listed) put_drift(p, &r->drifts.items[i]);
    put_dropped(p, "of them");
}

static void put_facts(page *p, const assay_result *r) {
    if (r->facts.count == 0) return;
    fputs("\n<details><summary>Where it ran</summary>\n\n| fact | value |\n| --- | --- |\n", p->out);
    begin(p, of_facts);
    for (size_t i = 0; i < r->facts.count; i++) {
        if (!has_room(p)) continue;
        add(p, "| ");
        add_code(p, r->facts.items[i].key, NAME_CHARACTERS);
        add(p, " | ");
        add_code(p, r->facts.items[i].value, TEXT_CHARACTERS);
        add(p, " |\n");
        put_row(p);
    }
    put_dropped(p, "facts");
    fputs("\n</details>\n", p->out);
}

assay_status assay_report_markdown(FILE *out, const assay_result *result, assay_error *err) {
    page p = {.out = out};
    put_verdict(&p, result);
    put_first_divergence(&p, result);
    put_command(&p, result);
    put_findings(&p, result);
    put_cases(&p, result, false);
    put_failures(&p, result);
    put_drifts(&p, result);
    put_list(&p, result, ASSAY_VERDICT_WAIVED, "Waived by the policy");
    put_list(&p, result, ASSAY_VERDICT_MISSING, "Missing in the candidate");
    put_list(&p, result, ASSAY_VERDICT_EXTRA, "Extra in the candidate");
    put_list(&p, result, ASSAY_VERDICT_NOT_COMPARED, "Not compared");
    put_cases(&p, result, true);
    put_facts(&p, result);
    if (fflush(out) != 0 || ferror(out)) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the report cannot be written");
    return ASSAY_OK;
}
