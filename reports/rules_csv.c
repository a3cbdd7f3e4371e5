#include "reports/rules_csv.h"

#include <stdbool.h>
#include <string.h>

#include "core/rules.h"
#include "engine/variants.h"

static void write_variant(FILE *out, const assay_rule_matrix *matrix, size_t index) {
    const assay_variant *v = assay_variant_at(index);
    for (size_t i = 0; i < matrix->case_count; i++) {
        const assay_rule_cell *cell = &matrix->cases[i].cells[index];
        if (!cell->stages.differs) continue;
        const char *result = assay_rule_sign_name(&cell->results);
        fprintf(out, "%s,%s,%s,%s,%s\n", v->rule, v->name, matrix->cases[i].name, assay_rule_sign_name(&cell->stages),
                result ? result : "");
    }
}

static void write_rule_alone(FILE *out, const assay_rule_matrix *matrix, const char *rule) {
    for (size_t i = 0; i < matrix->case_count; i++) {
        if (assay_rule_case_names(&matrix->cases[i], rule)) fprintf(out, "%s,,%s,,\n", rule, matrix->cases[i].name);
    }
}

assay_status assay_report_rules_csv(FILE *out, const assay_rule_matrix *matrix, assay_error *err) {
    fprintf(out, "rule,mistake,golden,first_stage,first_result\n");
    for (size_t i = 0; i < assay_rule_count(); i++) {
        const char *rule = assay_rule_at(i)->id;
        bool has_variant = false;
        for (size_t k = 0; k < assay_variant_count(); k++) {
            if (strcmp(assay_variant_at(k)->rule, rule) != 0) continue;
            has_variant = true;
            write_variant(out, matrix, k);
        }
        if (!has_variant) write_rule_alone(out, matrix, rule);
    }
    if (fflush(out) != 0 || ferror(out)) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the matrix cannot be written");
    return ASSAY_OK;
}
