#include "reports/rules_text.h"

#include <string.h>

#include "core/rules.h"
#include "engine/variants.h"

static void write_variant(FILE *out, const assay_rule_matrix *matrix, size_t index) {
    const assay_variant *v = assay_variant_at(index);
    assay_variant_summary s = assay_rule_matrix_variant(matrix, index);
    fprintf(out, "    %-34s %6zu %8zu  %s\n", v->name, s.by_stages, s.by_results,
            assay_variant_verdict_name(s.verdict));
}

static void write_rule(FILE *out, const assay_rule_matrix *matrix, const assay_rule_info *rule) {
    size_t cases = assay_rule_matrix_cases_of(matrix, rule->id);
    const char *exempt = assay_rule_exempt(rule->id);
    fprintf(out, "%-8s %zu case%s%s%s  %s\n", rule->id, cases, cases == 1 ? "" : "s",
            cases == 0 ? (exempt ? ", none needed: " : ", MISSING") : "", cases == 0 && exempt ? exempt : "",
            cases == 0 && exempt ? "" : rule->summary);
    for (size_t k = 0; k < assay_variant_count(); k++)
        if (strcmp(assay_variant_at(k)->rule, rule->id) == 0) write_variant(out, matrix, k);
}

static void write_proofs(FILE *out) {
    fprintf(out, "\nmistakes that cannot show in results, or at all:\n");
    for (size_t k = 0; k < assay_variant_count(); k++) {
        const assay_variant *v = assay_variant_at(k);
        if (v->proof) fprintf(out, "    %s: %s\n", v->name, v->proof);
    }
}

static void write_false_alarms(FILE *out, const assay_rule_matrix *matrix) {
    for (size_t i = 0; i < matrix->case_count; i++)
        if (matrix->cases[i].control.stages.differs)
            fprintf(out, "FALSE ALARM: the engine without a mistake differs from %s at %s\n", matrix->cases[i].name,
                    assay_rule_sign_name(&matrix->cases[i].control.stages));
}

static double percent(size_t part, size_t whole) { return whole ? 100.0 * (double)part / (double)whole : 100.0; }

assay_status assay_report_rules_text(FILE *out, const assay_rule_matrix *matrix, assay_error *err) {
    fprintf(out, "rule, mistakes about it, and the goldens that notice: %25s %8s\n", "stages", "results");
    for (size_t i = 0; i < assay_rule_count(); i++) write_rule(out, matrix, assay_rule_at(i));
    write_proofs(out);
    fprintf(out, "\n");
    write_false_alarms(out, matrix);
    assay_matrix_summary s = assay_rule_matrix_summary(matrix);
    size_t visible = s.variants - s.invisible, in_results = s.variants - s.hidden_in_results;
    fprintf(
        out,
        "%s: %zu of %zu rules have a case (%zu need none), %zu a known mistake; mutation score %.1f%% by stages (%zu "
        "of %zu mistakes; %zu "
        "provably show nowhere), %.1f%% by results (%zu of %zu; %zu provably do not show there); %zu false alarms in "
        "%zu "
        "goldens\n",
        s.passed ? "pass" : "fail", s.rules_with_case, s.rules, s.rules_exempt, s.rules_with_variant,
        percent(s.caught, visible), s.caught, visible, s.invisible, percent(s.caught_in_results, in_results),
        s.caught_in_results, in_results, s.hidden_in_results, s.false_alarms, matrix->case_count);
    if (fflush(out) != 0 || ferror(out)) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the matrix cannot be written");
    return ASSAY_OK;
}
