#include "reports/diagnosis_text.h"

#include <inttypes.h>
#include <math.h>

/* "memory-truncated + scale-missing". */
static void write_name(FILE *out, const assay_hypothesis *h) {
    for (size_t i = 0; i < h->mistake_count; i++) fprintf(out, "%s%s", i ? " + " : "", h->mistakes[i]->name);
}

static void write_times(FILE *out, double distance) {
    if (distance >= 1e9) fprintf(out, "another shape, class or value");
    else fprintf(out, "%.3g times the tolerance", distance);
}

static void write_distance(FILE *out, const char *what, const assay_distance *d) {
    fprintf(out, "     %-15s", what);
    if (d->judged == 0) {
        fprintf(out, "nothing can be compared\n");
    } else if (d->differing == 0) {
        fprintf(out, "all %zu tensors match (at most %.2g of the tolerance)\n", d->judged, d->worst);
    } else {
        fprintf(out, "%zu of %zu tensors differ, at most by ", d->differing, d->judged);
        write_times(out, d->worst);
        fprintf(out, "; first %s\n", d->first_path);
    }
}

static void write_explanation(FILE *out, const assay_hypothesis *h, const assay_diagnosis_names *n) {
    for (size_t i = 0; i < h->mistake_count; i++) {
        const assay_variant *v = h->mistakes[i];
        fprintf(out, "  %s (%s)\n", v->name, v->rule);
        fprintf(out, "     the original   %s\n", v->original);
        fprintf(out, "     the candidate  %s\n", v->mistake);
        fprintf(out, "     look at        %s\n", v->place);
    }
    write_distance(out, "without it", &h->original);
    write_distance(out, "with it", &h->distance);
    fprintf(out, "     try it         assay verify %s --mistake ", n->golden);
    for (size_t i = 0; i < h->mistake_count; i++) fprintf(out, "%s%s", i ? "," : "", h->mistakes[i]->name);
    fprintf(out, "\n");
}

static size_t equals(const assay_diagnosis *d) {
    size_t count = 0;
    for (size_t i = 1; i < d->ranking_count; i++) count += d->ranking[i].same_as_best;
    return count;
}

static void write_equals(FILE *out, const assay_diagnosis *d) {
    if (equals(d) == 0) return;
    fprintf(out, "  On this case these explain it equally well, and nothing that was dumped tells them apart:\n");
    for (size_t i = 1, shown = 0; i < d->ranking_count && shown < 8; i++) {
        if (!d->ranking[i].same_as_best) continue;
        fprintf(out, "     ");
        write_name(out, &d->ranking[i]);
        fprintf(out, "%s%s\n", d->ranking[i].mistake_count == 1 ? ": " : "",
                d->ranking[i].mistake_count == 1 ? d->ranking[i].mistakes[0]->mistake : "");
        shown++;
    }
    if (equals(d) > 8) fprintf(out, "     and %zu more\n", equals(d) - 8);
}

/* The ranking below what explains it. */
static void write_others(FILE *out, const assay_diagnosis *d) {
    size_t shown = 0;
    for (size_t i = 0; i < d->ranking_count && shown < 3; i++) {
        const assay_hypothesis *h = &d->ranking[i];
        if (i == 0 && d->verdict != ASSAY_DIAGNOSIS_UNKNOWN && d->verdict != ASSAY_DIAGNOSIS_ROUNDING) continue;
        if (h->same_as_best || h->distance.badness >= d->original.badness) continue;
        fprintf(out, "%s     ", shown == 0 ? "  Next, and not as good:\n" : "");
        write_name(out, h);
        fprintf(out, ": %zu of %zu tensors differ, at most by ", h->distance.differing, h->distance.judged);
        write_times(out, h->distance.worst);
        fprintf(out, "\n");
        shown++;
    }
}

/* How much the verdict is worth, by what there was to judge by. */
static void write_confidence(FILE *out, const assay_diagnosis *d) {
    static const char *const evidence[] = {
        [ASSAY_EVIDENCE_STAGES] = "stages inside the computation",
        [ASSAY_EVIDENCE_RESULTS] = "logits and caches",
        [ASSAY_EVIDENCE_LOGITS] = "logits or losses alone: dump caches or stages to be sure",
        [ASSAY_EVIDENCE_TOKENS] =
            "tokens or other whole numbers alone, which is weak evidence: dump logits, caches or stages",
    };
    fprintf(out, "  Judged by %s (%" PRId64 " numbers in %zu tensors); %zu mistakes and %zu pairs tried%s.\n",
            evidence[d->evidence], d->numbers, d->original.judged, d->singles, d->pairs,
            d->out_of_time ? "; the time was over before all pairs were (--seconds)" : "");
}

static void write_verdict(FILE *out, const assay_diagnosis *d, const assay_diagnosis_names *n) {
    switch (d->verdict) {
    case ASSAY_DIAGNOSIS_MATCH:
        fprintf(out, "match: %s matches %s; there is nothing to explain\n", n->candidate, n->golden);
        break;
    case ASSAY_DIAGNOSIS_EXPLAINED:
        fprintf(out, "explained: with %s the reference engine computes %s what %s holds\n\n",
                d->ranking[0].mistake_count == 1 ? "this mistake" : "these two mistakes together",
                d->ranking[0].distance.worst <= 1 ? "just" : "nearly", n->candidate);
        write_explanation(out, &d->ranking[0], n);
        break;
    case ASSAY_DIAGNOSIS_PARTLY:
        fprintf(out,
                "partly explained: this brings the reference engine nearer to %s, and something else differs too\n\n",
                n->candidate);
        write_explanation(out, &d->ranking[0], n);
        break;
    case ASSAY_DIAGNOSIS_UNKNOWN:
        fprintf(out, "unknown: none of the known mistakes%s explains %s\n\n",
                d->out_of_time ? ", as far as there was time to try," : "", n->candidate);
        write_distance(out, "without any", &d->original);
        break;
    case ASSAY_DIAGNOSIS_ROUNDING:
        fprintf(out, "rounding: %s differs by a few tolerances, which none of the known mistakes explains\n\n",
                n->candidate);
        write_distance(out, "without any", &d->original);
        break;
    }
}

assay_status assay_report_diagnosis_text(FILE *out, const assay_diagnosis *d, const assay_diagnosis_names *names,
                                         assay_error *err) {
    write_verdict(out, d, names);
    if (d->verdict != ASSAY_DIAGNOSIS_MATCH) {
        write_equals(out, d);
        if (d->verdict != ASSAY_DIAGNOSIS_ROUNDING) write_others(out, d);
        write_confidence(out, d);
    }
    if (fflush(out) != 0 || ferror(out))
        return assay_fail(err, ASSAY_EINTERNAL, NULL, "the diagnosis cannot be written");
    return ASSAY_OK;
}

void assay_report_mistakes(FILE *out) {
    for (size_t i = 0; i < assay_variant_count(); i++) {
        const assay_variant *v = assay_variant_at(i);
        fprintf(out, "%-8s %-34s %s\n", v->rule, v->name, v->mistake);
    }
}
