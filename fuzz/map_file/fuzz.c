/* Mappings: compare/map_file.h. Each rule is applied: names that its patterns make match them again, and its layout gives the elements
 * of the tensor back, or a refusal. */
#include <stdio.h>
#include <string.h>

#include "compare/map_file.h"
#include "compare/map_pattern.h"
#include "fuzz/target.h"

/* The numbers of a pattern, from a name that has 1 in every placeholder. */
static bool numbers_of(const char *pattern, assay_map_numbers *out) {
    char name[1024];
    size_t at = 0;
    for (const char *p = pattern; *p && at + 1 < sizeof name; p++) {
        if (*p == '{') p = strchr(p, '}');
        name[at++] = *p == '}' ? '1' : *p;
    }
    name[at] = '\0';
    return assay_map_pattern_match(pattern, name, out);
}

static void check_patterns(const assay_map_rule *r) {
    for (size_t i = 0; i < r->from_count; i++) {
        assay_map_numbers numbers, again;
        char name[1024];
        if (!numbers_of(r->from[i], &numbers)) continue;
        ASSAY_FUZZ_REQUIRE(assay_map_pattern_fill(r->from[i], &numbers, name, sizeof name));
        ASSAY_FUZZ_REQUIRE(assay_map_pattern_match(r->from[i], name, &again) && again.count == numbers.count);
        assay_map_pattern_fill(r->to, &numbers, name, sizeof name);
    }
}

static void check_layout(const assay_map_rule *r, const assay_tensor *in, const assay_layout_facts *facts) {
    assay_tensor shape, out;
    assay_error err = {0}, again = {0};
    assay_status st = assay_layout_shape(&shape, in, r->layout, r->layout_count, facts, "rule", &err);
    if (!assay_fuzz_accepted(st, &err, "rule")) {
        ASSAY_FUZZ_REQUIRE(assay_layout_apply(&out, in, r->layout, r->layout_count, facts, "rule", &again) == st);
        return;
    }
    ASSAY_FUZZ_REQUIRE(assay_tensor_count(&shape) >= 0 && assay_tensor_count(&shape) <= assay_tensor_count(in));
    ASSAY_FUZZ_REQUIRE(!assay_layout_apply(&out, in, r->layout, r->layout_count, facts, "rule", &err));
    ASSAY_FUZZ_REQUIRE(assay_tensor_same_shape(&shape, &out) && out.dtype == in->dtype);
    assay_fuzz_touch(&out);
    assay_tensor_free(&out);
}

static void check(const assay_map *map) {
    static const int64_t sizes[4] = {2, 3, 4, 8};
    static const int32_t values[2 * 3 * 4 * 8];
    for (size_t i = 0; i < map->rule_count; i++) {
        ASSAY_FUZZ_REQUIRE(map->rules[i].from_count > 0);
        ASSAY_FUZZ_REQUIRE(map->rules[i].from_count == 1 || map->rules[i].joins);
        check_patterns(&map->rules[i]);
        for (int rank = 0; rank <= 4; rank++) {
            const assay_tensor in = assay_tensor_view(ASSAY_I32, rank, sizes + 4 - rank, values);
            check_layout(&map->rules[i], &in, &(assay_layout_facts){2, 4});
            check_layout(&map->rules[i], &in, &(assay_layout_facts){0, 0});
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_map map;
    assay_error err = {0};
    if (!assay_fuzz_accepted(assay_map_parse(&map, (const char *)data, size, "map.json", &err), &err, "map.json"))
        return 0;
    check(&map);
    assay_map_free(&map);
    return 0;
}
