/* JSON: golden/json_scan.h and golden/json_strict.h, which must agree. What is accepted is printed by cJSON and read again as the same
 * value, and the text of each member of an object is the text of that value. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "golden/json_scan.h"
#include "golden/json_strict.h"

/* The span is what lies behind the key; a key with escapes in the text is not found. */
static void check_span(const char *text, size_t size, const cJSON *member) {
    const char *span;
    size_t nbytes;
    assay_error err = {0};
    cJSON *value;
    if (!assay_json_member_span(text, size, member->string, &span, &nbytes)) return;
    ASSAY_FUZZ_REQUIRE(span > text && span + nbytes < text + size);
    ASSAY_FUZZ_REQUIRE(!assay_json_parse(&value, span, nbytes, "span", &err));
    ASSAY_FUZZ_REQUIRE(cJSON_Compare(value, member, true));
    cJSON_Delete(value);
}

static void check(const char *text, size_t size, const cJSON *value) {
    assay_error err = {0};
    cJSON *again;
    char *printed = cJSON_PrintUnformatted(value);
    ASSAY_FUZZ_REQUIRE(printed);
    ASSAY_FUZZ_REQUIRE(!assay_json_parse(&again, printed, strlen(printed), "again", &err));
    ASSAY_FUZZ_REQUIRE(cJSON_Compare(value, again, true));
    cJSON_Delete(again);
    cJSON_free(printed);
    if (cJSON_IsObject(value))
        for (const cJSON *member = value->child; member; member = member->next) check_span(text, size, member);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cJSON *value;
    assay_error err = {0}, scanned = {0};
    const char *text = (const char *)data;
    char *copy = malloc(size + 1); /* the readers' texts end with a NUL */
    ASSAY_FUZZ_REQUIRE(copy);
    if (size) memcpy(copy, text, size);
    copy[size] = '\0';
    assay_status st = assay_json_parse(&value, copy, size, "in.json", &err);
    bool accepted = assay_fuzz_accepted(st, &err, "in.json");
    ASSAY_FUZZ_REQUIRE(assay_json_scan(text, size, "in.json", &scanned) == st);
    if (accepted) {
        check(copy, size, value);
        cJSON_Delete(value);
    }
    free(copy);
    return 0;
}
