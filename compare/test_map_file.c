#include "compare/map_file.h"

#include <stdio.h>

#include "compare/map_pattern.h"
#include "golden/test_scratch.h"

static void refuse(const char *text, const char *part) {
    assay_map map;
    EXPECT_REFUSED(assay_map_parse(&map, text, strlen(text), "map.json", &expect_err), part);
    EXPECT_REFUSED(assay_map_parse(&map, text, strlen(text), "map.json", &expect_err), "map.json");
}

/* One rule with these members besides a good `from` and `to`. */
static void refuse_member(const char *member, const char *part) {
    char text[512];
    snprintf(text, sizeof text,
             "{\"format\": \"assay-map/1\", \"tensors\": [{\"from\": \"x\", \"to\": \"steps/0/logits\", %s}]}", member);
    refuse(text, part);
}

static void refuse_names(const char *from, const char *to, const char *part) {
    char text[512];
    snprintf(text, sizeof text, "{\"format\": \"assay-map/1\", \"tensors\": [{\"from\": %s, \"to\": %s}]}", from, to);
    refuse(text, part);
}

Test(map_file, reads_everything) {
    static const char text[] =
        "{\"format\": \"assay-map/1\", \"note\": \"of a port\", \"tensors\": [\n"
        " {\"from\": \"model.layers.{layer}.q\", \"to\": \"/steps/0/windows/0/layers/{layer-1}/self_attn.q_proj\",\n"
        "  \"layout\": [\"split_heads\", {\"transpose\": [0, 2, -1, 1]}, {\"reshape\": [1, -1, \"H\", \"D\", \"C\"]},\n"
        "   {\"slice\": {\"axis\": 1, \"from\": 2}}, {\"insert_axis\": 0}, \"interleaved_to_halves\"],\n"
        "  \"optional\": true, \"note\": \"sure\"},\n"
        " {\"from\": [\"/a\", \"b.{head}\"], \"to\": \"steps/0/logits\", \"join\": 1}]}";
    assay_map map;
    EXPECT_OK(assay_map_parse(&map, text, strlen(text), "map.json", &expect_err));
    cr_assert_eq(map.rule_count, 2);
    const assay_map_rule *r = &map.rules[0];
    cr_expect_str_eq(r->to, "steps/0/windows/0/layers/{layer-1}/self_attn.q_proj");
    cr_assert_eq(r->layout_count, 6);
    cr_expect_eq(r->layout[1].rank, 4);
    cr_expect_eq(r->layout[1].sizes[2], -1);
    cr_expect(r->layout[2].sizes[2] == ASSAY_SIZE_H && r->layout[2].sizes[4] == ASSAY_SIZE_C);
    cr_expect(r->layout[3].axis == 1 && r->layout[3].from == 2 && r->layout[3].to == -1);
    cr_expect_eq(r->layout[5].kind, ASSAY_LAYOUT_INTERLEAVED_TO_HALVES);
    cr_expect(r->optional && !r->joins);
    r = &map.rules[1];
    cr_expect(r->joins && r->join_axis == 1 && r->from_count == 2 && !r->optional);
    cr_expect_str_eq(r->from[0], "a");
    assay_map_free(&map);
    cr_expect_null(map.rules);
}

Test(map_file, refuses_what_is_no_mapping) {
    refuse("", "map.json");
    refuse("[]", "an object");
    refuse("{\"tensors\": []}", "format");
    refuse("{\"format\": \"assay-map/2\", \"tensors\": []}", "the format is 'assay-map/2'");
    refuse("{\"format\": \"assay-map/1\"}", "tensors");
    refuse("{\"format\": \"assay-map/1\", \"tensors\": {}}", "must be a list");
    refuse("{\"format\": \"assay-map/1\", \"tensors\": [], \"stages\": []}", "stages");
    refuse("{\"format\": \"assay-map/1\", \"tensors\": [1]}", "'tensors' element 0");
    refuse("{\"format\": \"assay-map/1\", \"tensors\": [{\"to\": \"steps/0/logits\"}]}", "from");
    refuse("{\"format\": \"assay-map/1\", \"tensors\": [{\"from\": \"x\"}]}", "to");
    assay_map map;
    EXPECT_REFUSED(assay_map_read(&map, "none/map.json", &expect_err), "none/map.json");
}

Test(map_file, refuses_bad_names) {
    refuse_names("1", "\"steps/0/logits\"", "'from'");
    refuse_names("[]", "\"steps/0/logits\"", "names no tensor");
    refuse_names("\"\"", "\"steps/0/logits\"", "an empty name");
    refuse_names("[\"a\", \"b\"]", "\"steps/0/logits\"", "'join' does not say");
    refuse_names("\"x\"", "\"logits\"", "which is no stage");
    refuse_names("\"x\"", "\"float64/steps/0/logits\"", "which is no stage");
    refuse_names("\"x\"", "\"steps/{step}/logits\"", "a placeholder that 'x' lacks");
    refuse_names("[\"x.{step}\", \"y\"]", "\"steps/{step}/logits\"", "a placeholder that 'y' lacks");
    refuse_names("\"x.{step+1}\"", "\"steps/{step}/logits\"", "a placeholder is a name in braces");
    refuse_names("\"x.{Step}\"", "\"steps/{Step}/logits\"", "a placeholder is a name in braces");
    refuse_names("\"x.{\"", "\"steps/0/logits\"", "a placeholder is a name in braces");
    refuse_names("\"x.}\"", "\"steps/0/logits\"", "a placeholder is a name in braces");
    refuse_names("\"{a}{b}\"", "\"steps/{a}/logits\"", "which number would be whose");
    refuse_names("\"{a}1\"", "\"steps/{a}/logits\"", "which number would be whose");
    refuse_names("\"{a}.{b}.{c}.{d}.{e}.{f}.{g}\"", "\"steps/{a}/logits\"", "more than 6 placeholders");
}

Test(map_file, refuses_bad_members) {
    refuse_member("\"layouts\": []", "layouts");
    refuse_member("\"optional\": 1", "optional");
    refuse_member("\"note\": 1", "note");
    refuse_member("\"join\": \"heads\"", "'join'");
    refuse_member("\"join\": 8", "8 is no axis");
    refuse_member("\"layout\": \"split_heads\"", "'layout'");
    refuse_member("\"layout\": [1]", "an operation is a text");
    refuse_member("\"layout\": [{}]", "an operation is a text");
    refuse_member("\"layout\": [{\"insert_axis\": 0, \"drop_axis\": 0}]", "an operation is a text");
    refuse_member("\"layout\": [\"scale\"]", "unknown operation 'scale'");
    refuse_member("\"layout\": [\"transpose\"]", "'transpose' needs a value");
    refuse_member("\"layout\": [{\"split_heads\": 2}]", "takes nothing");
    refuse_member("\"layout\": [{\"transpose\": 1}]", "'transpose'");
    refuse_member("\"layout\": [{\"transpose\": [0, 9]}]", "9 is no axis");
    refuse_member("\"layout\": [{\"transpose\": [0, \"H\"]}]", "'transpose'");
    refuse_member("\"layout\": [{\"reshape\": [0, \"B\"]}]", "the size 'B' is not one of H, D, C");
    refuse_member("\"layout\": [{\"reshape\": [-1, -1]}]", "-1 stands there twice");
    refuse_member("\"layout\": [{\"reshape\": [-2]}]", "a size must be");
    refuse_member("\"layout\": [{\"reshape\": [1, 1, 1, 1, 1, 1, 1, 1, 1]}]", "more than 8 axes");
    refuse_member("\"layout\": [{\"insert_axis\": 0.5}]", "'insert_axis'");
    refuse_member("\"layout\": [{\"slice\": {\"from\": 1}}]", "axis");
    refuse_member("\"layout\": [{\"slice\": {\"axis\": 1, \"step\": 1}}]", "step");
    refuse_member("\"layout\": [{\"slice\": {\"axis\": 1, \"from\": 3, \"to\": 2}}]", "a range is");
    refuse_member("\"layout\": [{\"slice\": {\"axis\": 1, \"to\": -1}}]", "a range is");
}

Test(map_pattern, matches_and_fills) {
    assay_map_numbers n;
    char text[64];
    cr_assert(assay_map_pattern_match("a.{layer}.b-{step}", "a.12.b-3", &n));
    cr_assert_eq(n.count, 2);
    cr_assert(assay_map_pattern_fill("s/{step}/l/{layer-2}", &n, text, sizeof text));
    cr_expect_str_eq(text, "s/3/l/10");
    cr_expect(!assay_map_pattern_fill("s/{step-4}", &n, text, sizeof text));
    cr_expect(!assay_map_pattern_fill("s/{window}", &n, text, sizeof text));
    cr_expect(!assay_map_pattern_fill("s/{layer}", &n, text, 4));
    cr_expect(assay_map_pattern_match("x", "x", NULL));
    cr_expect(!assay_map_pattern_match("x", "xy", NULL));
    cr_expect(!assay_map_pattern_match("xy", "x", NULL));
    cr_expect(!assay_map_pattern_match("a{n}", "a", NULL));
    cr_expect(!assay_map_pattern_match("a{n}", "a1b", NULL));
    cr_expect(!assay_map_pattern_match("a{n}", "a1234567890123456", NULL));
    cr_expect(assay_map_pattern_match("{n}x{n}", "7x07", NULL));
    cr_expect(!assay_map_pattern_match("{n}x{n}", "7x8", NULL));
}
