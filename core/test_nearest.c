#include "core/nearest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static size_t distance(const char *a, const char *b) { return assay_edit_distance(a, strlen(a), b, strlen(b)); }

Test(nearest, the_distance_counts_edits) {
    static const struct {
        const char *a, *b;
        size_t distance;
    } pairs[] = {{"", "", 0},
                 {"", "abc", 3},
                 {"policy", "policy", 0},
                 {"plicy", "policy", 1},
                 {"policyy", "policy", 1},
                 {"pollicy", "policy", 1},
                 {"polici", "policy", 1},
                 {"ploicy", "policy", 1},
                 {"ab", "ba", 1},
                 {"abc", "cab", 2},
                 {"ca", "abc", 3},
                 {"kitten", "sitting", 3},
                 {"POLICY", "policy", 0},
                 {"abcd", "badc", 2}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        cr_expect_eq(distance(pairs[i].a, pairs[i].b), pairs[i].distance, "%s %s: %zu", pairs[i].a, pairs[i].b,
                     distance(pairs[i].a, pairs[i].b));
        cr_expect_eq(distance(pairs[i].b, pairs[i].a), pairs[i].distance, "%s %s", pairs[i].b, pairs[i].a);
    }
}

Test(nearest, the_longest_words_fit) {
    char a[ASSAY_NEAREST_LONGEST], b[ASSAY_NEAREST_LONGEST];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    cr_expect_eq(assay_edit_distance(a, sizeof a, b, sizeof b), sizeof a);
}

static const char *hint(const char *word) {
    static const char *const names[] = {"verify", "compare", "run",         "fuzz",
                                        "policy", "require", "require-all", "memory-keys-at-position-ids",
                                        "MEM-1",  "MEM-2"};
    static char text[128];
    assay_nearest near = assay_nearest_begin(word, strlen(word));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assay_nearest_offer(&near, names[i]);
    return assay_nearest_hint(&near, "no", text, sizeof text);
}

Test(nearest, near_names_are_meant) {
    cr_expect_str_eq(hint("verfy"), "did you mean 'verify'?");
    cr_expect_str_eq(hint("rnu"), "did you mean 'run'?");
    cr_expect_str_eq(hint("plicy"), "did you mean 'policy'?");
    cr_expect_str_eq(hint("requir-all"), "did you mean 'require-all'?");
    cr_expect_str_eq(hint("memory-key-at-positions-id"), "did you mean 'memory-keys-at-position-ids'?");
    cr_expect_str_eq(hint("mem-2"), "did you mean 'MEM-2'?");
    cr_expect_str_eq(hint("MEM1"), "did you mean 'MEM-1'?");
    cr_expect_str_eq(hint("com"), "did you mean 'compare'?");
}

Test(nearest, others_are_not) {
    const char *const words[] = {"", "x", "ru", "cat", "help", "verification", "mistake", "--", "policies-of-all"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) cr_expect_str_eq(hint(words[i]), "no", "%s", words[i]);
    char long_word[200];
    memset(long_word, 'x', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    cr_expect_str_eq(hint(long_word), "no");
}

Test(nearest, a_word_may_be_part_of_a_longer_text) {
    char text[64];
    assay_nearest near = assay_nearest_begin("polcy=file", 5);
    assay_nearest_offer(&near, "policy");
    cr_expect_str_eq(assay_nearest_hint(&near, "no", text, sizeof text), "did you mean 'policy'?");
}
