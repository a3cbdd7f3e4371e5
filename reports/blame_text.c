#include "reports/blame_text.h"

#include <inttypes.h>
#include <math.h>

/* ---- verdict ---- */

static size_t operations_at_fault(const assay_blame *b) {
    size_t count = 0;
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) count += b->operations[i].faults > 0;
    return count;
}

static void write_names(FILE *out, const assay_blame *b) {
    const char *join = "";
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) {
        if (b->operations[i].faults == 0) continue;
        fprintf(out, "%s%s", join, assay_operation_name((assay_operation)i));
        join = ", ";
    }
}

static void write_stages(FILE *out, assay_stage_set stages) {
    const char *join = "";
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        if (!(stages & ASSAY_STAGE_BIT(i))) continue;
        bool past = assay_stage_get((assay_stage)i)->scope == ASSAY_PER_PAST;
        fprintf(out, "%s%s%s", join, past ? "past/" : "", assay_stage_get((assay_stage)i)->name);
        join = ", ";
    }
}

static void write_verdict(FILE *out, const assay_blame *b, const char *candidate) {
    size_t judged = b->count - b->counts[ASSAY_BLAME_UNJUDGED];
    if (operations_at_fault(b) > 0) {
        fprintf(out, "blamed: ");
        write_names(out, b);
        size_t faults = b->counts[ASSAY_BLAME_FAULT];
        fprintf(out, "\n  %zu of %zu stage%s in %s %s not follow from its own inputs\n", faults, judged,
                judged == 1 ? "" : "s", candidate, faults == 1 ? "does" : "do");
    } else if (b->suspects) {
        fprintf(out, "suspected: %s does not follow from its own inputs, and what lies between was not dumped\n",
                candidate);
    } else if (judged == 0) {
        fprintf(out, "not judged: nothing in %s can be judged\n", candidate);
    } else if (b->counts[ASSAY_BLAME_INHERITED] > 0) {
        fprintf(out,
                "nothing blamed: every stage in %s follows from its own inputs, though %zu differ from the original's\n"
                "  Each operation is right by itself; what differs are the inputs, or rounding that adds up.\n",
                candidate, b->counts[ASSAY_BLAME_INHERITED]);
    } else {
        fprintf(out, "nothing to blame: all %zu stages in %s follow from their inputs, and agree with the original\n",
                judged, candidate);
    }
    if (!b->suspects) return;
    fprintf(out, "  At least one of these is wrong; dump those that are missing to learn which:\n    ");
    write_stages(out, b->suspects);
    fprintf(out, "\n");
}

/* ---- operations ---- */

static const char *verdict_of(const assay_blame_summary *s) {
    return s->faults        ? "fault"
           : s->suspects    ? "suspect"
           : s->judged == 0 ? "not judged"
           : s->inherited   ? "inherited"
                            : "right";
}

static void write_table(FILE *out, const assay_blame *b) {
    fprintf(out, "\n  %-13s %7s %7s %8s %10s %12s  %s\n", "operation", "stages", "faults", "suspects", "inherited",
            "own error", "verdict");
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) {
        const assay_blame_summary *s = &b->operations[i];
        if (s->judged == 0) continue;
        fprintf(out, "  %-13s %7zu %7zu %8zu %10zu %12.3g  %s\n", assay_operation_name((assay_operation)i), s->judged,
                s->faults, s->suspects, s->inherited, s->worst, verdict_of(s));
    }
    fprintf(out, "  own error: the largest, in tolerances of rounding (1 is as much as rounding explains)\n");
}

static void write_place(FILE *out, const assay_worst *worst) {
    for (int i = 0; i < worst->rank; i++) fprintf(out, "%s%s %" PRId64, i ? ", " : "", worst->axes[i], worst->at[i]);
    if (worst->rank) fprintf(out, ": ");
}

static void write_number(FILE *out, const char *what, double value) {
    if (!isnan(value)) fprintf(out, "     %-12s %.3g\n", what, value);
}

static void write_entry(FILE *out, const assay_blame_entry *e) {
    fprintf(out, "\n  %s: %s (%s)\n     %-12s %s\n", assay_operation_name(e->operation),
            assay_operation_text(e->operation), assay_stage_get(e->place.stage)->rules,
            e->verdict == ASSAY_BLAME_FAULT ? "first fault" : "suspect", e->path);
    if (e->reason[0]) fprintf(out, "     %-12s %s\n", "because", e->reason);
    if (isfinite(e->own)) {
        fprintf(out, "     %-12s %.3g", "own error", e->own);
        if (e->tolerance > 0) fprintf(out, ", %.3g times what rounding explains", e->own / e->tolerance);
        fprintf(out, "\n");
    }
    write_number(out, "inherited", e->inherited);
    if (e->worst.index >= 0) {
        fprintf(out, "     %-12s ", "worst at");
        write_place(out, &e->worst);
        fprintf(out, "%.9g follows from its inputs, %.9g was dumped\n", e->worst.golden, e->worst.candidate);
    }
}

static void write_firsts(FILE *out, const assay_blame *b) {
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) {
        const assay_blame_summary *s = &b->operations[i];
        bool shown = s->faults > 0 || (s->suspects > 0 && b->suspects);
        if (shown && s->first >= 0) write_entry(out, &b->entries[s->first]);
    }
}

/* ---- what cannot be judged ---- */

static const char *plural(size_t count) { return count == 1 ? "" : "s"; }

static const assay_blame_entry *first_unjudged(const assay_blame *b) {
    for (size_t i = 0; i < b->count; i++)
        if (b->entries[i].verdict == ASSAY_BLAME_UNJUDGED) return &b->entries[i];
    return NULL;
}

static void write_limits(FILE *out, const assay_blame *b) {
    const assay_blame_entry *e = first_unjudged(b);
    if (b->not_dumped)
        fprintf(out, "\n  Not in the candidate: %zu stage%s; what they show is judged together with what reads them.\n",
                b->not_dumped, plural(b->not_dumped));
    if (b->unknown)
        fprintf(out,
                "\n  Not looked at: %zu tensor%s of the candidate whose name%s no stage has; a mapping (--map) says "
                "what they are.\n",
                b->unknown, plural(b->unknown), plural(b->unknown));
    if (e)
        fprintf(out, "\n  Not to be judged: %zu stage%s, first %s: %s.\n", b->counts[ASSAY_BLAME_UNJUDGED],
                plural(b->counts[ASSAY_BLAME_UNJUDGED]), e->path, e->reason);
    const char *join = "\n  Nothing that is judged shows: ";
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) {
        bool is_result = i == ASSAY_OPERATION_LOSS || i == ASSAY_OPERATION_TOKENS || i == ASSAY_OPERATION_HEAD;
        if (b->operations[i].judged > 0 || is_result) continue;
        fprintf(out, "%s%s", join, assay_operation_name((assay_operation)i));
        join = ", ";
    }
    fprintf(out, "%s", join[0] == ',' ? ".\n" : "");
}

static void write_all(FILE *out, const assay_blame *b) {
    fprintf(out, "\n  %-9s %10s %10s %10s %10s  %s\n", "verdict", "own", "tolerance", "inherited", "total", "stage");
    for (size_t i = 0; i < b->count; i++) {
        const assay_blame_entry *e = &b->entries[i];
        fprintf(out, "  %-9s %10.3g %10.3g %10.3g %10.3g  %s\n", assay_blame_verdict_name(e->verdict), e->own,
                e->tolerance, e->inherited, e->total, e->path);
    }
}

assay_status assay_report_blame_text(FILE *out, const assay_blame *b, const char *candidate, bool all,
                                     assay_error *err) {
    write_verdict(out, b, candidate);
    write_table(out, b);
    write_firsts(out, b);
    write_limits(out, b);
    if (all) write_all(out, b);
    if (fflush(out) != 0 || ferror(out)) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the report cannot be written");
    return ASSAY_OK;
}
