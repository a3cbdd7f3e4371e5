#include "reports/suite_files.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/rules.h"
#include "core/version.h"
#include "golden/json_strict.h"
#include "run/suite_fixture.h"

static scratch s;

static void setup(void) {
    assay_suite_export e;
    scratch_make(&s);
    const char *golden = suite_write_dump(&s, "one.h5", "bfloat16", NULL, ASSAY_DUMP_ALL);
    const assay_suite_options options = {.safetensors = true, .npy = true, .version = "9.8.7"};
    EXPECT_OK(assay_suite_export_begin(&e, scratch_path(&s, "suite"), &options, &expect_err));
    EXPECT_OK(assay_suite_export_add(&e, golden, &expect_err));
    EXPECT_OK(assay_report_suite_files(&e, &expect_err));
    EXPECT_OK(assay_suite_export_commit(&e, &expect_err));
}

static void teardown(void) { scratch_remove(&s); }

TestSuite(suite_files, .init = setup, .fini = teardown);

static cJSON *read_json(const char *name) {
    size_t nbytes;
    cJSON *root;
    char *text = scratch_read(scratch_path(&s, name), &nbytes);
    EXPECT_OK(assay_json_parse(&root, text, nbytes, name, &expect_err));
    free(text);
    return root;
}

static void expect_text(const cJSON *object, const char *key, const char *value) {
    const cJSON *member = assay_json_member(object, key);
    cr_assert(member && cJSON_IsString(member), "%s", key);
    cr_expect_str_eq(member->valuestring, value, "%s", key);
}

/* The files that the manifest names are there. */
static void expect_files(const cJSON *files) {
    cr_expect_eq(cJSON_GetArraySize(files), 8);
    for (const cJSON *at = files->child; at; at = at->next) {
        char name[128];
        snprintf(name, sizeof name, "suite/%s", at->valuestring);
        cr_expect_eq(access(scratch_path(&s, name), R_OK), 0, "%s", name);
    }
}

Test(suite_files, the_manifest_lists_cases_and_rules) {
    cJSON *root = read_json("suite/manifest.json");
    expect_text(root, "format", "assay-suite/1");
    expect_text(root, "version", "9.8.7");
    expect_text(root, "assay", ASSAY_VERSION);
    const cJSON *one = assay_json_member(root, "cases")->child;
    cr_assert_not_null(one);
    cr_expect_null(one->next);
    expect_text(one, "name", "one");
    expect_text(one, "title", "a title");
    expect_text(one, "dtype", "float32");
    const cJSON *refusal = assay_json_member(one, "refused")->child;
    cr_assert_not_null(refusal);
    cr_expect_eq(assay_json_member(refusal, "step")->valueint, 2);
    expect_text(refusal, "rules", "ERR-1 POS-3");
    expect_files(assay_json_member(one, "files"));
    const cJSON *rules = assay_json_member(root, "rules");
    cr_expect_eq(cJSON_GetArraySize(rules), (int)assay_rule_count());
    for (const cJSON *rule = rules->child; rule; rule = rule->next) {
        bool named = strstr("MEM-1 SCHED-1 POS-3", assay_json_member(rule, "id")->valuestring) != NULL;
        cr_expect_eq(cJSON_GetArraySize(assay_json_member(rule, "cases")), named);
    }
    cJSON_Delete(root);
}

Test(suite_files, tolerances_say_what_a_tensor_is_held_to) {
    cJSON *root = read_json("suite/cases/one/tolerances.json");
    expect_text(root, "format", "assay-tolerances/1");
    cr_expect_eq(assay_json_member(root, "factor")->valuedouble, 8);
    const cJSON *tensors = assay_json_member(root, "tensors");
    const cJSON *schedule = assay_json_member(tensors, "steps/0/schedule");
    expect_text(schedule, "judge", "exact");
    expect_text(schedule, "tolerance", "exact");
    const cJSON *logits = assay_json_member(tensors, "steps/0/logits");
    expect_text(logits, "judge", "logits");
    cr_expect_gt(assay_json_member(logits, "tolerance")->valuedouble, 0);
    cr_expect_null(assay_json_member(logits, "noise_floor"), "a dump has none");
    cr_expect_null(assay_json_member(logits, "kept"));
    expect_text(assay_json_member(tensors, "steps/0/past/1/mem_key"), "judge", "stored");
    cJSON_Delete(root);
}

Test(suite_files, the_readme_says_how_to_be_scored) {
    size_t nbytes;
    char *text = scratch_read(scratch_path(&s, "suite/README.md"), &nbytes);
    text[nbytes] = '\0';
    cr_expect(strstr(text, "assay conformance score DUMPS"));
    free(text);
}

Test(suite_files, the_manifest_marks_what_a_port_cannot_run) {
    static const char text[] = "{\"format\": \"assay-port/1\", \"name\": \"port 1\", \"past\": false}";
    assay_port_limits port;
    assay_suite_export e;
    EXPECT_OK(assay_port_limits_parse(&port, text, strlen(text), "port", &expect_err));
    const assay_suite_options options = {.safetensors = true, .version = "", .port = &port};
    EXPECT_OK(assay_suite_export_begin(&e, scratch_path(&s, "marked"), &options, &expect_err));
    EXPECT_OK(assay_suite_export_add(&e, scratch_path(&s, "one.h5"), &expect_err));
    EXPECT_OK(assay_report_suite_files(&e, &expect_err));
    EXPECT_OK(assay_suite_export_commit(&e, &expect_err));
    assay_port_limits_free(&port);
    cJSON *root = read_json("marked/manifest.json"), *plain = read_json("suite/manifest.json");
    expect_text(root, "port", "port 1");
    expect_text(assay_json_member(root, "cases")->child, "unsupported",
                "step 1: it goes on from a past, and the port says past false");
    cr_expect_null(assay_json_member(plain, "port"));
    cr_expect_null(assay_json_member(assay_json_member(plain, "cases")->child, "unsupported"));
    cJSON_Delete(plain);
    cJSON_Delete(root);
}
