#include "reports/html_text.h"

#include <math.h>
#include <string.h>

#include "core/rules.h"

#define REPLACEMENT 0xfffd

/* Of the sequence at *at; moves past it. REPLACEMENT for what is no UTF-8, a byte at a time. */
static uint32_t next_character(const unsigned char **at) {
    const unsigned char *s = *at;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    int more = s[0] < 0x80 ? 0 : s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : 1;
    uint32_t c = more ? s[0] & (0x3fu >> more) : s[0];
    *at = s + 1;
    if (more && (s[0] < 0xc2 || s[0] > 0xf4)) return REPLACEMENT;
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) return REPLACEMENT;
        c = c << 6 | (s[i] & 0x3f);
    }
    if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return REPLACEMENT;
    *at = s + 1 + more;
    return c;
}

/* Marks that turn the direction of what follows, with which a name could look like another. */
static int turns_text(uint32_t c) {
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static uint32_t shown_as(uint32_t c) {
    if (c < 0x20) return 0x2400 + c;
    if (c == 0x7f) return 0x2421;
    if ((c >= 0x80 && c < 0xa0) || turns_text(c) || (c & 0xfffe) == 0xfffe) return REPLACEMENT;
    return c;
}

static void put_character(FILE *out, uint32_t c) {
    switch (c) {
    case '<': fputs("&lt;", out); return;
    case '>': fputs("&gt;", out); return;
    case '&': fputs("&amp;", out); return;
    case '"': fputs("&quot;", out); return;
    case '\'': fputs("&#39;", out); return;
    }
    if (c < 0x80) {
        putc((int)c, out);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    putc((int)((0xff00u >> (more + 1) & 0xff) | c >> (6 * more)), out);
    while (more--) putc((int)(0x80 | (c >> (6 * more) & 0x3f)), out);
}

void html_put_cut(FILE *out, const char *text, size_t most) {
    const unsigned char *at = (const unsigned char *)text;
    size_t n = 0;
    for (; *at && n < most; n++) put_character(out, shown_as(next_character(&at)));
    if (*at) fputs("…", out);
}

void html_put_text(FILE *out, const char *text) { html_put_cut(out, text, HTML_TEXT_MOST); }

static void put_real(FILE *out, double value, int digits) {
    if (isnan(value)) fputs("NaN", out);
    else if (isinf(value)) fputs(value > 0 ? "infinite" : "minus infinite", out);
    else fprintf(out, "%.*g", digits, value);
}

void html_put_number(FILE *out, double value) { put_real(out, value, 3); }

void html_put_value(FILE *out, double value) { put_real(out, value, 9); }

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
