#include "reports/escape.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/terminal_text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"    /* U+2026 */

enum { ESCAPE_NBYTES = 12 };

/* One character: `nbytes` of text, as `shown`. */
typedef struct {
    size_t nbytes;
    char shown[ESCAPE_NBYTES];
} piece;

static const char *xml_escape(unsigned char c) {
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\t': return "&#9;";
    case '\n': return "&#10;";
    case '\r': return "&#13;";
    default: return NULL;
    }
}

static bool is_word(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* By number, what Markdown, its tables, links, mentions, issues, emoji codes and formulas are made of. An underscore within a word is
 * nothing, and names of stages are full of them; nor is a colon before a space. "www" begins a link. */
static bool is_markdown(const char *text, const char *at) {
    if (*at == '_') return at == text || !is_word((unsigned char)at[-1]) || !is_word((unsigned char)at[1]);
    if (*at == ':') return at[1] != ' ' && at[1] != '\0';
    if (*at == 'w' || *at == 'W') return at[1] == 'w' || at[1] == 'W';
    return strchr("!#$&*<>@[\\]^`{|}~", *at) != NULL;
}

static const char *github_escape(unsigned char c, bool property) {
    switch (c) {
    case '%': return "%25";
    case '\r': return "%0D";
    case '\n': return "%0A";
    case ':': return property ? "%3A" : NULL;
    case ',': return property ? "%2C" : NULL;
    default: return NULL;
    }
}

/* How an ASCII character of `text` is shown; NULL: as it is. */
static const char *ascii_escape(assay_escape_form form, const char *text, const char *at, char scratch[ESCAPE_NBYTES]) {
    unsigned char c = (unsigned char)*at;
    switch (form) {
    case ASSAY_ESCAPE_XML: return xml_escape(c);
    case ASSAY_ESCAPE_MARKDOWN:
        if (c == '\t' || c == '\n' || c == '\r') return " ";
        if (!is_markdown(text, at)) return NULL;
        snprintf(scratch, ESCAPE_NBYTES, "&#%u;", c);
        return scratch;
    case ASSAY_ESCAPE_GITHUB_MESSAGE:
    case ASSAY_ESCAPE_GITHUB_PROPERTY: return github_escape(c, form == ASSAY_ESCAPE_GITHUB_PROPERTY);
    }
    return NULL;
}

/* The character at `at`, which is not the end of `text`. */
static piece next(assay_escape_form form, const char *text, const char *at) {
    piece p = {0};
    uint32_t c = 0;
    char scratch[ESCAPE_NBYTES];
    size_t nbytes = assay_utf8_decode(at, &c);
    const char *shown = nbytes == 1 ? ascii_escape(form, text, at, scratch) : NULL;
    if (nbytes == 0 || assay_utf8_is_unfit(c)) shown = REPLACEMENT;
    p.nbytes = nbytes ? nbytes : 1;
    if (shown) memcpy(p.shown, shown, strlen(shown) + 1);
    else memcpy(p.shown, at, p.nbytes);
    return p;
}

/* How many characters from `at` on are the same in all forms: nearly all there are, and not looked at one by one. */
static size_t count_plain(const char *at) {
    size_t n = 0;
    while ((is_word((unsigned char)at[n]) && at[n] != 'w' && at[n] != 'W') || at[n] == ' ' || at[n] == '/' ||
           at[n] == '.' || at[n] == '-')
        n++;
    return n;
}

void assay_escape_put(FILE *out, assay_escape_form form, const char *text) {
    for (const char *at = text; *at;) {
        size_t plain = count_plain(at);
        if (plain) fwrite(at, 1, plain, out);
        at += plain;
        if (!*at) return;
        piece p = next(form, text, at);
        fputs(p.shown, out);
        at += p.nbytes;
    }
}

void assay_escape_append(char *out, size_t out_nbytes, size_t *used, assay_escape_form form, const char *text,
                         size_t max_characters) {
    assert(*used + sizeof ELLIPSIS <= out_nbytes);
    size_t fits = *used; /* where the text was still short enough for an ellipsis after it */
    for (const char *at = text; *at; max_characters--) {
        piece p = next(form, text, at);
        size_t length = strlen(p.shown);
        if (max_characters == 0 || *used + length >= out_nbytes) {
            memcpy(out + fits, ELLIPSIS, sizeof ELLIPSIS);
            *used = fits + sizeof ELLIPSIS - 1;
            return;
        }
        memcpy(out + *used, p.shown, length);
        *used += length;
        if (*used + sizeof ELLIPSIS <= out_nbytes) fits = *used;
        at += p.nbytes;
    }
    out[*used] = '\0';
}
