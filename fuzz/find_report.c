#include "fuzz/find_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blame/blame.h"
#include "compare/candidate.h"
#include "core/shell_quote.h"
#include "golden/golden_file.h"
#include "reports/blame_text.h"
#include "reports/diagnosis_text.h"
#include "run/diagnose.h"

/* Appends to a text of limited size; what does not fit is left out. */
static void append(char *text, size_t text_nbytes, const char *format, ...) ASSAY_PRINTF(3, 4);
static void append(char *text, size_t text_nbytes, const char *format, ...) {
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, text_nbytes - used, format, args);
    va_end(args);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void write_head(FILE *f, const assay_find_report_input *in, const assay_fuzz_find *find) {
    fprintf(f, "%s: %s\n", assay_fuzz_outcome_name(find->outcome), find->message);
    fprintf(f, "\n  subject     %s\n", in->subject->name);
    fprintf(f, "  found       case %lld of seed %llu, %lld tokens; shrunk to %lld\n", (long long)find->index,
            (unsigned long long)in->seed, (long long)find->tokens_before, (long long)find->tokens);
    if (find->rules[0]) fprintf(f, "  rules       %s\n", find->rules);
}

static void write_next(FILE *f, const assay_find_report_input *in) {
    const char *option = in->subject->option;
    char *folder = assay_shell_quote(in->folder);
    if (!folder) return;
    fprintf(f, "\nRun it again:        assay fuzz --replay %s%s%s\n", folder, option[0] ? " " : "", option);
    if (in->candidate[0])
        fprintf(f, "Look at every stage: assay compare %s/golden.h5 %s/%s --all\n", folder, folder,
                base_name(in->candidate));
    fprintf(f, "Keep it as a case:   assay fuzz --adopt %s --into CASES\n", folder);
    free(folder);
}

static void write_failures(FILE *f, const assay_case_result *r) {
    enum { LISTED = 20 };
    int count = 0;
    for (size_t i = 0; i < r->entry_count; i++) {
        const assay_entry *e = &r->entries[i];
        if (!assay_verdict_fails(e->verdict) || count++ >= LISTED) continue;
        fprintf(f, "  %-32s %s", e->path, e->reason);
        if (e->has_metrics && e->worst.index >= 0)
            fprintf(f, "%s%.9g should be %.9g", e->reason[0] ? "; " : "", e->worst.candidate, e->worst.golden);
        fprintf(f, "\n");
    }
    if (count > LISTED) fprintf(f, "  and %d more\n", count - LISTED);
}

static void note_diagnosis(assay_fuzz_find *find, const assay_diagnosis *d) {
    enum { NAMED = 4 };
    size_t named = 0, more = 0;
    bool explains = d->verdict == ASSAY_DIAGNOSIS_EXPLAINED || d->verdict == ASSAY_DIAGNOSIS_PARTLY;
    if (d->verdict == ASSAY_DIAGNOSIS_PARTLY) append(find->diagnosis, sizeof find->diagnosis, "partly ");
    for (size_t i = 0; explains && i < d->ranking_count; i++) {
        const assay_hypothesis *h = &d->ranking[i];
        if (i > 0 && !h->same_as_best) continue;
        if (named >= NAMED) more++;
        else
            append(find->diagnosis, sizeof find->diagnosis, "%s%s (%s)", named++ ? ", " : "", h->mistakes[0]->name,
                   h->mistakes[0]->rule);
    }
    if (more) append(find->diagnosis, sizeof find->diagnosis, " or %zu more", more);
}

static assay_status diagnose(FILE *f, const assay_golden *golden, const assay_source *candidate,
                             const assay_find_report_input *in, assay_fuzz_find *find, assay_error *err) {
    assay_diagnosis d;
    assay_error why;
    const assay_diagnose_options options = {.seconds = 0}; /* pairs would depend on the time that there is */
    char golden_path[512], candidate_path[512];
    snprintf(golden_path, sizeof golden_path, "%.480s/golden.h5", in->folder);
    snprintf(candidate_path, sizeof candidate_path, "%.460s/%.40s", in->folder, base_name(in->candidate));
    fprintf(f, "\n== Diagnosis\n");
    assay_status st = assay_diagnose(&d, golden, golden_path, candidate, &options, &why);
    if (st == ASSAY_EINTERNAL) {
        *err = why;
        return st;
    }
    if (st) {
        fprintf(f, "none: %s\n", why.message);
        return ASSAY_OK;
    }
    note_diagnosis(find, &d);
    st = assay_report_diagnosis_text(f, &d, &(assay_diagnosis_names){golden_path, candidate_path}, err);
    assay_diagnosis_free(&d);
    return st;
}

static void note_blame(assay_fuzz_find *find, const assay_blame *b) {
    int named = 0;
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++)
        if (b->operations[i].faults > 0)
            append(find->blame, sizeof find->blame, "%s%s", named++ ? ", " : "",
                   assay_operation_name((assay_operation)i));
}

static assay_status blame(FILE *f, const assay_golden *golden, const assay_source *candidate,
                          const assay_find_report_input *in, assay_fuzz_find *find, assay_error *err) {
    assay_blame b;
    assay_error why;
    char path[512];
    snprintf(path, sizeof path, "%.460s/%.40s", in->folder, base_name(in->candidate));
    fprintf(f, "\n== Blame\n");
    assay_status st = assay_blame_run(&b, golden, "golden.h5", candidate, &(assay_arithmetic){0}, &why);
    if (st == ASSAY_EINTERNAL) {
        *err = why;
        return st;
    }
    if (st) {
        fprintf(f, "none: %s\n", why.message);
        return ASSAY_OK;
    }
    note_blame(find, &b);
    st = assay_report_blame_text(f, &b, path, false, err);
    assay_blame_free(&b);
    return st;
}

static assay_status explain(FILE *f, const assay_find_report_input *in, assay_fuzz_find *find, assay_error *err) {
    assay_golden golden;
    assay_candidate *candidate;
    assay_error why;
    bool compared = find->outcome == ASSAY_FUZZ_MISMATCH && in->verdict->has_result; /* else it may be anything */
    if (!in->candidate[0] || !compared) return ASSAY_OK;
    assay_status st = assay_golden_open(&golden, in->golden, err);
    if (st) return st;
    if (assay_candidate_open(&candidate, in->candidate, &why)) {
        fprintf(f, "\nIts dump cannot be read: %s\n", why.message);
    } else {
        const assay_source *source = assay_candidate_source(candidate);
        st = diagnose(f, &golden, source, in, find, err);
        if (!st) st = blame(f, &golden, source, in, find, err);
        assay_candidate_close(candidate);
    }
    assay_golden_close(&golden);
    return st;
}

assay_status assay_find_report(char **out, const assay_find_report_input *in, assay_fuzz_find *find, assay_error *err) {
    char *text = NULL;
    size_t nbytes;
    FILE *f = open_memstream(&text, &nbytes);
    if (!f) return assay_fail_nomem(err, "a report");
    write_head(f, in, find);
    write_next(f, in);
    if (in->verdict->has_result) {
        fprintf(f, "\n== What differs\n");
        write_failures(f, &in->verdict->result);
    }
    assay_status st = explain(f, in, find, err);
    bool failed = ferror(f) != 0;
    failed |= fclose(f) != 0;
    if (!st && failed) st = assay_fail_nomem(err, "a report");
    if (st) free(text);
    else *out = text;
    return st;
}
