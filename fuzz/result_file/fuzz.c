/* Stored results: reports/result_load.h. What is accepted is written and read back the same, and every format renders it. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "reports/report_format.h"
#include "reports/result_json.h"
#include "reports/result_load.h"

static char *to_text(const assay_result *r) {
    char *text = NULL;
    ASSAY_FUZZ_REQUIRE(assay_report_json_text(&text, r, NULL) == ASSAY_OK);
    return text;
}

static void read_back(const assay_result *r) {
    assay_result again;
    char *text = to_text(r);
    assay_error err = {0};
    assay_status st = assay_result_parse(&again, text, strlen(text), "again.json", &err);
    ASSAY_FUZZ_REQUIRE(st == ASSAY_OK);
    char *same = to_text(&again);
    ASSAY_FUZZ_REQUIRE(strcmp(text, same) == 0);
    assay_result_free(&again);
    free(same);
    free(text);
}

static void render(const assay_result *r, const assay_report_format *format) {
    char *text = NULL;
    size_t nbytes = 0;
    FILE *out = open_memstream(&text, &nbytes);
    ASSAY_FUZZ_REQUIRE(out);
    assay_error err = {0};
    ASSAY_FUZZ_REQUIRE(format->write(out, r, &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(fclose(out) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_result r;
    assay_error err = {0};
    assay_status st = assay_result_parse(&r, (const char *)data, size, "result.json", &err);
    if (!assay_fuzz_accepted(st, &err, "result.json")) return 0;
    read_back(&r);
    for (size_t i = 0; i < assay_report_format_count(); i++) render(&r, assay_report_format_at(i));
    assay_result_free(&r);
    return 0;
}
