#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compare/map_file.h"
#include "golden/test_scratch.h"
#include "reports/suggestion_json.h"
#include "reports/suggestion_text.h"

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(suggestion_reports, .init = setup, .fini = teardown);

static assay_suggested entries[] = {
    {.place = {0, 0, 3, ASSAY_STAGE_Q_PROJ},
     .from = (char *)"q \"3\"",
     .ops = {{.kind = ASSAY_LAYOUT_RESHAPE, .rank = 4, .sizes = {1, ASSAY_SIZE_REST, ASSAY_SIZE_H, ASSAY_SIZE_D}},
             {.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 4, .sizes = {0, 2, 1, 3}},
             {.kind = ASSAY_LAYOUT_MERGE_HEADS},
             {.kind = ASSAY_LAYOUT_INSERT_AXIS, .axis = 0},
             {.kind = ASSAY_LAYOUT_INTERLEAVED_TO_HALVES}},
     .op_count = 5,
     .values = {.agreement = 1, .correlation = 1},
     .name = 1,
     .confidence = 0.999,
     .reason = "values agree, name agrees"},
    {.place = {0, -1, -1, ASSAY_STAGE_LOGITS}, .from = (char *)"x", .confidence = 0.5, .reason = "ambiguous: 'y'"}};
static assay_place missing[] = {{0, -1, -1, ASSAY_STAGE_LOSS}};
static char *unused[] = {(char *)"stray"};
static const assay_suggestion suggestion = {entries, 2, 1, missing, 1, unused, 1};

/* What is written can be read: the same rules, with the same operations. */
Test(suggestion_reports, the_mapping_is_one) {
    const char *path = scratch_path(&s, "map.json");
    assay_map map;
    size_t nbytes;
    EXPECT_OK(assay_report_map(path, &suggestion, &expect_err));
    EXPECT_OK(assay_map_read(&map, path, &expect_err));
    cr_assert_eq(map.rule_count, 2);
    cr_expect_str_eq(map.rules[0].from[0], "q \"3\"");
    cr_expect_str_eq(map.rules[0].to, "steps/0/windows/0/layers/3/self_attn.q_proj");
    cr_assert_eq(map.rules[0].layout_count, 5);
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(memcmp(&map.rules[0].layout[i], &entries[0].ops[i], sizeof entries[0].ops[i]), 0, "%zu", i);
    cr_expect_eq(map.rules[1].layout_count, 0);
    assay_map_free(&map);
    char *bytes = scratch_read(path, &nbytes), *text = strndup(bytes, nbytes);
    free(bytes);
    cr_expect(strstr(text, "\"note\":\"unsure (0.50): ambiguous: 'y'\""), "%s", text);
    cr_expect_null(strstr(text, "values agree"), "%s", text);
    free(text);
}

static char *text_of(FILE *file, size_t nbytes) {
    char *text = calloc(nbytes + 1, 1);
    rewind(file);
    cr_assert_eq(fread(text, 1, nbytes, file), nbytes);
    fclose(file);
    return text;
}

Test(suggestion_reports, text_names_all) {
    FILE *file = tmpfile();
    EXPECT_OK(assay_report_suggestion_text(file, &suggestion, &expect_err));
    char *text = text_of(file, (size_t)ftell(file));
    static const char *const parts[] = {"sure   0.999  steps/0/windows/0/layers/3/self_attn.q_proj  q \"3\"",
                                        "[{\"reshape\":[1,-1,\"H\",\"D\"]},{\"transpose\":[0,2,1,3]},\"merge_heads\",",
                                        "unsure 0.500  steps/0/logits",
                                        "2 stages are mapped, 1 of them surely; 1 are not in the candidate; 1 tensors",
                                        "not there: steps/0/loss",
                                        "no stage: stray"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect(strstr(text, parts[i]), "%s\n%s", parts[i], text);
    free(text);
}

Test(suggestion_reports, json_has_all) {
    size_t nbytes;
    const char *path = scratch_path(&s, "s.json");
    EXPECT_OK(assay_report_suggestion_json(path, &suggestion, &expect_err));
    char *bytes = scratch_read(path, &nbytes), *text = strndup(bytes, nbytes);
    free(bytes);
    static const char *const parts[] = {"\"format\":\"assay-suggestion/1\"", "\"confidence\":0.999",
                                        "\"missing\":[\"steps/0/loss\"]", "\"unused\":[\"stray\"]", "\"sure\":false"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect(strstr(text, parts[i]), "%s\n%s", parts[i], text);
    free(text);
}
