#include "reports/report_format.h"

#include <string.h>

#include "reports/github_report.h"
#include "reports/html_report.h"
#include "reports/junit_report.h"
#include "reports/markdown_report.h"
#include "reports/report_file.h"
#include "reports/result_json.h"
#include "reports/text.h"

static assay_status write_text(FILE *out, const assay_result *result, assay_error *err) {
    return assay_report_text(out, result, NULL, err);
}

static const assay_report_format formats[] = {
    {"text", ".txt", "the tables that a terminal shows", write_text},
    {"json", ".json", "everything, for programs (docs/result-json.md)", assay_report_json},
    {"junit", ".xml", "JUnit XML, for the test reports of GitHub, GitLab and Jenkins", assay_report_junit},
    {"markdown", ".md", "the summary of a CI job", assay_report_markdown},
    {"github", ".github.txt", "annotations: workflow commands for the standard output of a GitHub job",
     assay_report_github},
    {"html", ".html", "a page with charts, for a browser (docs/html-report.md)", assay_report_html},
};

size_t assay_report_format_count(void) { return sizeof formats / sizeof *formats; }

const assay_report_format *assay_report_format_at(size_t index) { return &formats[index]; }

const assay_report_format *assay_report_format_find(const char *name) {
    for (size_t i = 0; i < assay_report_format_count(); i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

typedef struct {
    const assay_report_format *format;
    const assay_result *result;
} report;

static assay_status put_report(FILE *out, const void *context, assay_error *err) {
    const report *r = context;
    return r->format->write(out, r->result, err);
}

assay_status assay_report_write(const assay_report_format *format, const char *path, const assay_result *result,
                                assay_error *err) {
    return assay_report_file(path, put_report, &(report){format, result}, err);
}
