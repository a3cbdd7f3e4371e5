#include "reports/html_report.h"

#include "reports/html_cases.h"
#include "reports/html_guide.h"
#include "reports/html_page.h"
#include "reports/html_summary.h"
#include "reports/html_tables.h"

static html_context begin(FILE *out, const assay_result *result) {
    size_t entries = 0;
    for (size_t i = 0; i < result->case_count; i++) entries += result->cases[i].entry_count;
    return (html_context){.out = out,
                          .result = result,
                          .failing_rows = HTML_FAILING_ROWS_MOST,
                          .rows = HTML_ROWS_MOST,
                          .charted_cases = HTML_CHARTED_CASES_MOST,
                          .looks = HTML_LOOKS_MOST,
                          .finding_items = HTML_FINDING_ITEMS_MOST,
                          .facts = HTML_FACTS_MOST,
                          .list_all = entries <= HTML_ROWS_MOST};
}

static void put_environment(html_context *html) {
    if (html->result->facts.count == 0) return;
    html->facts = HTML_FACTS_MOST; /* cases have taken theirs */
    html_section_begin(html->out, "environment", "Environment");
    html_put_facts(html, &html->result->facts);
    html_section_end(html->out);
}

assay_status assay_report_html(FILE *out, const assay_result *result, assay_error *err) {
    html_context html = begin(out, result);
    const html_totals totals = html_totals_of(result);
    assay_status st = html_page_begin(out, assay_result_passed(result) ? "Assay: pass" : "Assay: fail", err);
    if (st) return st;
    html_put_summary(&html, &totals);
    st = html_put_cases(&html, totals.lead, err);
    if (st) return st;
    put_environment(&html);
    html_put_guide(out);
    fputs("</main>\n", out);
    html_page_end(out);
    return fflush(out) || ferror(out) ? assay_fail(err, ASSAY_EINTERNAL, NULL, "the HTML report: writing failed")
                                      : ASSAY_OK;
}
