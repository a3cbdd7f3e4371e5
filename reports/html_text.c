#include "reports/html_text.h"

#include <string.h>

#include "core/rules.h"
#include "reports/entry_words.h"
#include "reports/escape.h"

void html_put_cut(FILE *out, const char *text, size_t most) {
    char escaped[6 * HTML_TEXT_MOST + 8]; /* the longest escape has six bytes */
    size_t used = 0;
    escaped[0] = '\0';
    assay_escape_append(escaped, sizeof escaped, &used, ASSAY_ESCAPE_XML, text, most);
    fputs(escaped, out);
}

void html_put_text(FILE *out, const char *text) { html_put_cut(out, text, HTML_TEXT_MOST); }

void html_put_number(FILE *out, double value) {
    char text[ASSAY_REAL_TEXT];
    fputs(assay_real_text(value, 3, text), out);
}

void html_put_value(FILE *out, double value) {
    char text[ASSAY_REAL_TEXT];
    fputs(assay_real_text(value, 9, text), out);
}

void html_put_count(FILE *out, size_t n, const char *one, const char *many) {
    fprintf(out, "%zu %s", n, n == 1 ? one : many);
}

void html_each_word(FILE *out, const char *words, html_word_put *put) {
    while (*words) {
        char word[64];
        size_t length = strcspn(words, " ");
        if (length > 0 && length < sizeof word) {
            memcpy(word, words, length);
            word[length] = '\0';
            put(out, word);
        }
        words += length;
        words += strspn(words, " ");
    }
}

static void put_rule(FILE *out, const char *id) {
    const assay_rule_info *rule = assay_rule_find(id);
    if (rule) {
        fputs("<abbr title=\"", out);
        html_put_text(out, rule->summary);
        fputs("\">", out);
    }
    html_put_text(out, id);
    fputs(rule ? "</abbr> " : " ", out);
}

void html_put_rules(FILE *out, const char *rules) { html_each_word(out, rules, put_rule); }
