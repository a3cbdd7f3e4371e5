#include "reports/suggestion_json.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/suggest_rules.h"
#include "core/atomic_file.h"
#include "reports/json_builder.h"

/* ---- layouts ---- */

static cJSON *size_value(int64_t size) {
    return size == ASSAY_SIZE_H   ? cJSON_CreateString("H")
           : size == ASSAY_SIZE_D ? cJSON_CreateString("D")
           : size == ASSAY_SIZE_C ? cJSON_CreateString("C")
                                  : cJSON_CreateNumber((double)size);
}

static void add_sizes(json_builder *b, cJSON *object, const assay_layout_op *op) {
    cJSON *list = json_add_array(b, object, assay_layout_name(op->kind));
    for (int i = 0; i < op->rank && list; i++) {
        bool is_reshape = op->kind == ASSAY_LAYOUT_RESHAPE;
        cJSON *value = is_reshape ? size_value(op->sizes[i]) : cJSON_CreateNumber((double)op->sizes[i]);
        if (!cJSON_AddItemToArray(list, value)) b->failed = true;
    }
}

static void add_op(json_builder *b, cJSON *list, const assay_layout_op *op) {
    bool has_sizes = op->kind == ASSAY_LAYOUT_RESHAPE || op->kind == ASSAY_LAYOUT_TRANSPOSE;
    bool has_axis = op->kind == ASSAY_LAYOUT_INSERT_AXIS || op->kind == ASSAY_LAYOUT_DROP_AXIS;
    if (!list) return;
    if (!has_sizes && !has_axis) {
        if (!cJSON_AddItemToArray(list, cJSON_CreateString(assay_layout_name(op->kind)))) b->failed = true;
        return;
    }
    cJSON *object = json_add_object(b, list, NULL);
    if (has_sizes) add_sizes(b, object, op);
    else json_add_integer(b, object, assay_layout_name(op->kind), op->axis);
}

static void add_layout(json_builder *b, cJSON *object, const assay_suggested *e) {
    if (e->op_count == 0) return;
    cJSON *list = json_add_array(b, object, "layout");
    for (size_t i = 0; i < e->op_count; i++) add_op(b, list, &e->ops[i]);
}

assay_status assay_report_layout_text(char **out, const assay_suggested *entry, assay_error *err) {
    json_builder b = {false};
    cJSON *list = cJSON_CreateArray();
    if (!list) b.failed = true;
    for (size_t i = 0; i < entry->op_count; i++) add_op(&b, list, &entry->ops[i]);
    return json_print(out, json_finish(&b, list), err);
}

/* ---- the mapping ---- */

static void add_names(json_builder *b, cJSON *object, const assay_suggested *e) {
    char path[256];
    json_add_text(b, object, "from", e->from);
    json_add_text(b, object, "to", assay_place_path(&e->place, path, sizeof path));
    add_layout(b, object, e);
}

static assay_status print_rule(FILE *out, const assay_suggested_rule *r, bool is_last, assay_error *err) {
    json_builder b = {false};
    const assay_suggested *e = r->entry;
    char note[300], *text;
    cJSON *rule = cJSON_CreateObject();
    if (!rule) b.failed = true;
    json_add_text(&b, rule, "from", r->from);
    json_add_text(&b, rule, "to", r->to);
    add_layout(&b, rule, e);
    snprintf(note, sizeof note, "unsure (%.2f): %s", e->confidence, e->reason);
    if (e->confidence < ASSAY_SUGGESTION_SURE) json_add_text(&b, rule, "note", note);
    assay_status st = json_print(&text, json_finish(&b, rule), err);
    if (st) return st;
    text[strcspn(text, "\n")] = '\0';
    fprintf(out, "    %s%s\n", text, is_last ? "" : ",");
    free(text);
    return ASSAY_OK;
}

static assay_status print_map(FILE *out, const assay_suggestion *s, assay_error *err) {
    assay_suggested_rule *rules;
    size_t count;
    assay_status st = assay_suggestion_rules(&rules, &count, s, err);
    if (st) return st;
    fprintf(out, "{\n  \"format\": \"assay-map/1\",\n  \"tensors\": [\n");
    for (size_t i = 0; i < count && !st; i++) st = print_rule(out, &rules[i], i + 1 == count, err);
    fprintf(out, "  ]\n}\n");
    free(rules);
    return st;
}

assay_status assay_report_map(const char *path, const assay_suggestion *s, assay_error *err) {
    char *text = NULL;
    size_t nbytes = 0;
    FILE *out = open_memstream(&text, &nbytes);
    if (!out) return assay_fail_nomem(err, "a mapping");
    assay_status st = print_map(out, s, err);
    if (fclose(out) != 0 && !st) st = assay_fail_nomem(err, "a mapping");
    if (!st) st = assay_write_file_atomically(path, text, nbytes, err);
    free(text);
    return st;
}

/* ---- with all that speaks for it ---- */

static void add_entry(json_builder *b, cJSON *list, const assay_suggested *e) {
    cJSON *object = json_add_object(b, list, NULL);
    add_names(b, object, e);
    json_add_real(b, object, "confidence", e->confidence);
    json_add_bool(b, object, "sure", e->confidence >= ASSAY_SUGGESTION_SURE);
    json_add_text(b, object, "reason", e->reason);
    json_add_real(b, object, "agreement", e->values.agreement);
    json_add_real(b, object, "correlation", e->values.correlation);
    json_add_real(b, object, "distance", e->values.distance);
    json_add_real(b, object, "name", e->name);
}

assay_status assay_report_suggestion_json(const char *path, const assay_suggestion *s, assay_error *err) {
    json_builder b = {false};
    char text[256];
    cJSON *root = cJSON_CreateObject();
    if (!root) b.failed = true;
    json_add_text(&b, root, "format", "assay-suggestion/1");
    cJSON *list = json_add_array(&b, root, "tensors");
    for (size_t i = 0; i < s->count; i++) add_entry(&b, list, &s->entries[i]);
    list = json_add_array(&b, root, "missing");
    for (size_t i = 0; i < s->missing_count; i++)
        json_add_text(&b, list, NULL, assay_place_path(&s->missing[i], text, sizeof text));
    list = json_add_array(&b, root, "unused");
    for (size_t i = 0; i < s->unused_count; i++) json_add_text(&b, list, NULL, s->unused[i]);
    return json_write(path, json_finish(&b, root), err);
}
