#include "reports/rules_markdown.h"

#include <string.h>

#include "core/rules.h"
#include "engine/variants.h"

static void write_head(FILE *out) {
    fputs(
        "# From a rule to its cases, its mistakes and the original's code\n"
        "\n"
        "`make rules` writes this page and `docs/rules.csv`, which lists every golden that notices a mistake; do not "
        "edit either.\n"
        "What the rules say in full stands in [semantics.md](semantics.md); `assay explain RULE` says both in a "
        "terminal.\n"
        "\n"
        "To settle a question about a rule by running it, take a line's golden and mistake. Without the mistake the "
        "engine matches\n"
        "what the original computed; with it, it does not:\n"
        "\n"
        "    assay verify golden/data/windows-3-all.h5\n"
        "    assay verify golden/data/windows-3-all.h5 --mistake memory-keys-at-position-ids\n"
        "\n"
        "*Golden* is one that shows the mistake, *first stage* where it shows there first, and *noticed by* the number "
        "of goldens\n"
        "whose stages show it, and whose results alone (logits, loss, tokens, past) do. `assay diagnose` names the "
        "mistake in a\n"
        "port's dump.\n",
        out);
}

/* The golden to show a mistake with: one whose case is about the rule, and whose results show it, where there is one. */
static const assay_rule_case *best_case(const assay_rule_matrix *matrix, size_t variant) {
    const assay_rule_case *best = NULL;
    int most = -1;
    for (size_t i = 0; i < matrix->case_count; i++) {
        const assay_rule_case *c = &matrix->cases[i];
        if (!c->cells[variant].stages.differs) continue;
        int score =
            2 * assay_rule_case_names(c, assay_variant_at(variant)->rule) + 3 * c->cells[variant].results.differs;
        if (score <= most) continue;
        most = score;
        best = c;
    }
    return best;
}

static void write_variant(FILE *out, const assay_rule_matrix *matrix, size_t index) {
    const assay_variant *v = assay_variant_at(index);
    const assay_rule_case *c = best_case(matrix, index);
    assay_variant_summary s = assay_rule_matrix_variant(matrix, index);
    fprintf(out, "| `%s`: %s | ", v->name, v->mistake);
    if (!c) fprintf(out, "none | | ");
    else fprintf(out, "%s | %s | ", c->name, assay_rule_sign_name(&c->cells[index].stages));
    fprintf(out, "%zu, %zu |\n", s.by_stages, s.by_results);
}

static void write_goldens(FILE *out, const assay_rule_matrix *matrix, const char *rule) {
    size_t count = 0;
    for (size_t i = 0; i < matrix->case_count; i++) {
        if (!assay_rule_case_names(&matrix->cases[i], rule)) continue;
        fprintf(out, "%s%s", count == 0 ? "" : ", ", matrix->cases[i].name);
        count++;
    }
    const char *exempt = assay_rule_exempt(rule);
    if (count == 0) fprintf(out, "none: %s", exempt ? exempt : "MISSING");
}

static void write_original(FILE *out, const char *functions) {
    for (const char *at = functions; *at;) {
        size_t length = strcspn(at, ";");
        fprintf(out, "%s`%.*s`", at == functions ? "" : ", ", (int)length, at);
        at += length;
        at += strspn(at, "; ");
    }
}

static void write_rule(FILE *out, const assay_rule_matrix *matrix, const assay_rule_info *rule) {
    fprintf(out, "\n## %s\n\n%s.\n\n- In the original: ", rule->id, rule->summary);
    write_original(out, rule->original);
    fprintf(out, "\n- In the engine: %s\n- Cases: ", rule->engine);
    write_goldens(out, matrix, rule->id);
    fprintf(out, "\n");
    bool has_table = false;
    for (size_t k = 0; k < assay_variant_count(); k++) {
        if (strcmp(assay_variant_at(k)->rule, rule->id) != 0) continue;
        if (!has_table) fprintf(out, "\n| Mistake | Golden | First stage | Noticed by |\n|---|---|---|---|\n");
        has_table = true;
        write_variant(out, matrix, k);
    }
}

static void write_proofs(FILE *out) {
    fprintf(out, "\n## Mistakes that cannot show\n\n");
    for (size_t k = 0; k < assay_variant_count(); k++) {
        const assay_variant *v = assay_variant_at(k);
        if (!v->proof) continue;
        const char *where = v->visibility == ASSAY_SHOWS_NOWHERE ? "nowhere" : "in stages, not in results";
        fprintf(out, "- `%s` (%s) shows %s: %s.\n", v->name, v->rule, where, v->proof);
    }
}

assay_status assay_report_rules_markdown(FILE *out, const assay_rule_matrix *matrix, assay_error *err) {
    write_head(out);
    for (size_t i = 0; i < assay_rule_count(); i++) write_rule(out, matrix, assay_rule_at(i));
    write_proofs(out);
    if (fflush(out) != 0 || ferror(out))
        return assay_fail(err, ASSAY_EINTERNAL, NULL, "the table of rules cannot be written");
    return ASSAY_OK;
}
