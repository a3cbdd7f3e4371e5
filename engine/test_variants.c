/* The table of mistakes: complete, one value each, well worded; and the lists of names that the program takes. */
#include "engine/variants.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"

enum { fields_at_most = 128 };

static const assay_variant *find(const char *name) {
    const assay_variant *v = assay_variant_find(name);
    cr_assert(v, "%s", name);
    return v;
}

static unsigned value_at(const assay_semantics *s, size_t field) {
    unsigned value;
    memcpy(&value, (const char *)s + field, sizeof value);
    return value;
}

/* ---- the header, read as text: what the table must cover ---- */

static char *read_header(void) {
    FILE *in = fopen("engine/semantics.h", "r");
    cr_assert(in, "tests run in the root of the repository");
    char *text = calloc(1, 1 << 16);
    size_t n = fread(text, 1, (1 << 16) - 1, in);
    fclose(in);
    cr_assert(n > 0 && n < (1 << 16) - 1);
    return text;
}

/* Turns comments into spaces. */
static void drop_comments(char *text) {
    for (char *at = strstr(text, "/*"); at; at = strstr(at, "/*")) {
        char *end = strstr(at, "*/");
        cr_assert(end);
        memset(at, ' ', (size_t)(end + 2 - at));
    }
}

/* Number of enumerators of `typedef enum {...} <type>;`. */
static int count_values(const char *text, const char *type) {
    char end[96];
    snprintf(end, sizeof end, "} %s;", type);
    const char *close = strstr(text, end);
    cr_assert(close, "no enum %s", type);
    const char *open = close;
    while (*open != '{') open--;
    int count = 1;
    for (const char *at = open; at < close; at++) count += *at == ',';
    cr_assert_null(memchr(open, '=', (size_t)(close - open)), "%s: values count from 0", type);
    return count;
}

/* Fields of assay_semantics, in order: number of values of each. */
static size_t count_fields(const char *text, int *values) {
    const char *at = strstr(text, "typedef struct {");
    cr_assert(at);
    at += strlen("typedef struct {");
    char type[64], name[64];
    size_t count = 0;
    for (int n; sscanf(at, " %63[a-z0-9_] %63[a-z0-9_];%n", type, name, &n) == 2; at += n) {
        cr_assert(count < fields_at_most);
        values[count++] = count_values(text, type);
    }
    return count;
}

Test(variants, every_value_but_the_originals_is_one_mistake) {
    char *text = read_header();
    drop_comments(text);
    int values[fields_at_most];
    size_t fields = count_fields(text, values), expected = 0;
    cr_assert_eq(fields, sizeof(assay_semantics) / sizeof(unsigned), "%zu fields were found", fields);
    for (size_t f = 0; f < fields; f++) {
        expected += (size_t)values[f] - 1;
        for (int value = 0; value < values[f]; value++) {
            int found = 0;
            for (size_t i = 0; i < assay_variant_count(); i++)
                found += assay_variant_at(i)->field == f * sizeof(unsigned) && assay_variant_at(i)->value == value;
            cr_expect_eq(found, value > 0, "field %zu, value %d: %d mistakes", f, value, found);
        }
    }
    cr_assert_eq(assay_variant_count(), expected);
    free(text);
}

/* ---- names and words ---- */

static bool is_kebab_case(const char *name) {
    if (!islower((unsigned char)name[0])) return false;
    for (const char *c = name; *c; c++) {
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-') return false;
        if (*c == '-' && (c[1] == '-' || !c[1])) return false;
    }
    return true;
}

Test(variants, names_are_unique_kebab_case_and_short) {
    for (size_t i = 0; i < assay_variant_count(); i++) {
        const assay_variant *v = assay_variant_at(i);
        cr_expect(is_kebab_case(v->name), "%s", v->name);
        cr_expect(strlen(v->name) <= 34, "%s", v->name);
        cr_expect_eq(assay_variant_find(v->name), v, "%s stands there twice", v->name);
    }
    cr_assert_null(assay_variant_find(""));
    cr_assert_null(assay_variant_find("memory-keys-at"));
    cr_assert_null(assay_variant_find("Scale-missing"));
}

Test(variants, rules_are_those_of_the_table_of_rules) {
    for (size_t i = 0; i < assay_variant_count(); i++)
        cr_expect(assay_rule_find(assay_variant_at(i)->rule), "%s", assay_variant_at(i)->rule);
}

/* They go into tables of Markdown and into sentences. */
static void check_words(const char *name, const char *words) {
    cr_assert(words && words[0], "%s", name);
    cr_expect_null(strchr(words, '|'), "%s: %s", name, words);
    cr_expect_null(strchr(words, '\n'), "%s: %s", name, words);
    cr_expect_neq(words[strlen(words) - 1], '.', "%s: %s", name, words);
    cr_expect(!isspace((unsigned char)words[0]) && !isspace((unsigned char)words[strlen(words) - 1]), "%s", name);
}

Test(variants, words_are_there_and_fit_their_places) {
    for (size_t i = 0; i < assay_variant_count(); i++) {
        const assay_variant *v = assay_variant_at(i);
        check_words(v->name, v->original);
        check_words(v->name, v->mistake);
        check_words(v->name, v->place);
        cr_expect_str_neq(v->original, v->mistake, "%s", v->name);
        cr_expect_eq(v->proof != NULL, v->visibility != ASSAY_SHOWS_IN_RESULTS, "%s", v->name);
        if (v->proof) check_words(v->name, v->proof);
    }
}

/* ---- applying ---- */

Test(variants, applying_one_sets_its_own_field_alone) {
    for (size_t i = 0; i < assay_variant_count(); i++) {
        const assay_variant *v = assay_variant_at(i);
        assay_semantics s, before;
        memset(&s, 0x5a, sizeof s);
        before = s;
        assay_variant_apply(v, &s);
        for (size_t field = 0; field < sizeof s; field += sizeof(unsigned)) {
            unsigned expected = field == v->field ? (unsigned)v->value : value_at(&before, field);
            cr_expect_eq(value_at(&s, field), expected, "%s at %zu", v->name, field);
        }
    }
}

Test(variants, a_list_makes_each_of_its_mistakes) {
    assay_semantics s;
    assay_error err = {0};
    memset(&s, 0x5a, sizeof s);
    cr_assert_eq(assay_variants_parse("scale-of-d,memory-truncated,masked-rows-nan", &s, &err), ASSAY_OK);
    assay_semantics expected = {
        .score_scale = ASSAY_SCALE_D, .memory_cast = ASSAY_MEMORY_TRUNCATED, .hidden_row = ASSAY_HIDDEN_ROW_NAN};
    cr_assert_eq(memcmp(&s, &expected, sizeof s), 0);
    cr_assert_eq(assay_variants_parse("theta-1e6", &s, NULL), ASSAY_OK, "err may be NULL");
    cr_assert_eq(s.theta, ASSAY_THETA_1E6);
    cr_assert_eq(s.score_scale, ASSAY_SCALE_ROOT_D, "a list starts from the original");
    cr_assert_eq(find("theta-1e6")->value, ASSAY_THETA_1E6);
}

static void refused(const char *list, const char *text) {
    assay_semantics s, untouched;
    memset(&s, 0x5a, sizeof s);
    untouched = s;
    assay_error err = {0};
    cr_expect_eq(assay_variants_parse(list, &s, &err), ASSAY_EINPUT, "'%s'", list);
    cr_expect(strstr(err.message, text), "'%s': %s", list, err.message);
    cr_expect_null(strchr(err.message, '\n'));
    cr_expect_eq(memcmp(&s, &untouched, sizeof s), 0, "'%s' changed the output", list);
    cr_expect_eq(assay_variants_parse(list, &s, NULL), ASSAY_EINPUT, "err may be NULL");
}

Test(variants, a_bad_list_is_refused_in_one_line) {
    refused("no-such-mistake", "'no-such-mistake'");
    refused("scale-missing,no-such-mistake", "'no-such-mistake'");
    refused("", "''");
    refused("scale-missing,", "''");
    refused(",scale-missing", "''");
    refused("scale-missing,,theta-1e4", "''");
    refused("scale-missing, theta-1e4", "' theta-1e4'");
    refused("SCALE-MISSING", "'SCALE-MISSING'");
    refused("scale-missing,scale-of-d", "two mistakes about the same choice");
    refused("scale-missing,theta-1e4,scale-missing", "two mistakes about the same choice");
}
