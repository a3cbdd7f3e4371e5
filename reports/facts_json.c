#include "reports/facts_json.h"

#include "golden/json_strict.h"

void json_add_facts(json_builder *b, cJSON *object, const char *key, const assay_facts *facts) {
    cJSON *list = json_add_object(b, object, key);
    for (size_t i = 0; list && i < facts->count; i++)
        json_add_text(b, list, facts->items[i].key, facts->items[i].value);
}

assay_status json_read_facts(assay_facts *out, const cJSON *list, const char *where, assay_error *err) {
    assay_status st = assay_json_as_object(list, where, err);
    for (const cJSON *item = st ? NULL : list->child; !st && item; item = item->next) {
        const char *value = NULL;
        st = assay_json_as_string(item, where, &value, err);
        if (!st) st = assay_facts_set(out, item->string, value, err);
    }
    return st;
}
