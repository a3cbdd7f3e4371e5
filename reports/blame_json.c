#include "reports/blame_json.h"

#include "reports/json_builder.h"

static void add_stages(json_builder *b, cJSON *parent, const char *key, assay_stage_set stages) {
    cJSON *array = json_add_array(b, parent, key);
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++)
        if (stages & ASSAY_STAGE_BIT(i)) json_add_text(b, array, NULL, assay_stage_get((assay_stage)i)->name);
}

static void add_summaries(json_builder *b, cJSON *root, const assay_blame *blame) {
    cJSON *array = json_add_array(b, root, "operations");
    for (int i = 0; array && i < ASSAY_OPERATION_COUNT; i++) {
        const assay_blame_summary *s = &blame->operations[i];
        cJSON *object = json_add_object(b, array, NULL);
        json_add_text(b, object, "operation", assay_operation_name((assay_operation)i));
        json_add_integer(b, object, "judged", (int64_t)s->judged);
        json_add_integer(b, object, "faults", (int64_t)s->faults);
        json_add_integer(b, object, "suspects", (int64_t)s->suspects);
        json_add_integer(b, object, "inherited", (int64_t)s->inherited);
        json_add_real(b, object, "worst", s->worst);
        if (s->first >= 0) json_add_text(b, object, "first", blame->entries[s->first].path);
    }
}

static void add_entry(json_builder *b, cJSON *array, const assay_blame_entry *e) {
    cJSON *object = json_add_object(b, array, NULL);
    json_add_text(b, object, "path", e->path);
    json_add_text(b, object, "operation", assay_operation_name(e->operation));
    json_add_text(b, object, "verdict", assay_blame_verdict_name(e->verdict));
    if (e->reason[0]) json_add_text(b, object, "reason", e->reason);
    if (e->verdict == ASSAY_BLAME_UNJUDGED) return;
    json_add_real(b, object, "own", e->own);
    json_add_real(b, object, "tolerance", e->tolerance);
    json_add_real(b, object, "inherited", e->inherited);
    json_add_real(b, object, "total", e->total);
    json_add_real(b, object, "total_tolerance", e->total_tolerance);
    if (object && e->via) add_stages(b, object, "via", e->via);
    if (e->worst.index < 0) return;
    json_add_integer(b, object, "worst_index", e->worst.index);
    json_add_real(b, object, "worst_wanted", e->worst.golden);
    json_add_real(b, object, "worst_found", e->worst.candidate);
}

static cJSON *build(const assay_blame *blame, const assay_blame_names *names) {
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", "assay-blame/1");
    json_add_text(&b, root, "golden", names->golden);
    json_add_text(&b, root, "candidate", names->candidate);
    json_add_text(&b, root, "dtype", assay_dtype_name(blame->dtype));
    cJSON *blamed = json_add_array(&b, root, "blamed");
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++)
        if (blame->operations[i].faults > 0) json_add_text(&b, blamed, NULL, assay_operation_name((assay_operation)i));
    add_stages(&b, root, "suspects", blame->suspects);
    json_add_integer(&b, root, "not_dumped", (int64_t)blame->not_dumped);
    add_summaries(&b, root, blame);
    cJSON *stages = json_add_array(&b, root, "stages");
    for (size_t i = 0; stages && i < blame->count; i++) add_entry(&b, stages, &blame->entries[i]);
    return json_finish(&b, root);
}

assay_status assay_report_blame_json(const char *path, const assay_blame *blame, const assay_blame_names *names,
                                     assay_error *err) {
    return json_write(path, build(blame, names), err);
}
