#include "reports/waiver_json.h"

#include "reports/waiver_list.h"

static void add_waiver(json_builder *b, cJSON *list, const assay_waiver_use *use) {
    char day[ASSAY_DATE_TEXT];
    cJSON *object = json_add_object(b, list, NULL);
    if (!object) return;
    if (use->stage) json_add_text(b, object, "stage", use->stage);
    if (use->rule) json_add_text(b, object, "rule", use->rule);
    if (use->test_case) json_add_text(b, object, "case", use->test_case);
    json_add_text(b, object, "reason", use->reason);
    json_add_text(b, object, "expires", assay_date_text(use->expires, day));
    json_add_text(b, object, "state", assay_waiver_state(use));
    json_add_integer(b, object, "count", (int64_t)use->count);
}

void json_add_waivers(json_builder *b, cJSON *object, const assay_waiver_uses *uses) {
    if (uses->count == 0) return;
    cJSON *list = json_add_array(b, object, "waivers");
    for (size_t i = 0; list && i < uses->count; i++) add_waiver(b, list, &uses->items[i]);
}
