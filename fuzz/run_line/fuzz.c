/* Lines of an exported history: reports/run_record.h. What is accepted is written, and is the same line. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "reports/run_record.h"

static void read_back(const assay_run_record *record) {
    char *line = NULL, *same = NULL, id[ASSAY_RUN_ID_TEXT];
    assay_run_record again;
    assay_error err = {0};
    ASSAY_FUZZ_REQUIRE(assay_run_record_print(&line, id, record, &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(assay_run_record_parse(&again, line, strlen(line), "again", &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(assay_run_record_print(&same, id, &again, &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(strcmp(line, same) == 0);
    assay_run_record_free(&again);
    free(line);
    free(same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_run_record record;
    assay_error err = {0};
    assay_status st = assay_run_record_parse(&record, (const char *)data, size, "runs.jsonl", &err);
    if (!assay_fuzz_accepted(st, &err, "runs.jsonl")) return 0;
    read_back(&record);
    assay_run_record_free(&record);
    return 0;
}
