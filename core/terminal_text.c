#include "core/terminal_text.h"

size_t assay_utf8_decode(const char *text, uint32_t *character) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    size_t n = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (n == 0) return 0;
    uint32_t c = n == 1 ? at[0] : at[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (at[i] & 0x3f);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return 0;
    *character = c;
    return n;
}

bool assay_utf8_is_unfit(uint32_t c) {
    if (c < 0x20) return c != '\t' && c != '\n' && c != '\r';
    if (c >= 0x7f && c < 0xa0) return true;
    bool turns =
        c == 0x61c || (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    return turns || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

/* Number of bytes at `at` that a terminal may show as they are; 0: the one there, or the character there, is shown as '?'. */
static size_t count_shown(const char *at, size_t *read) {
    uint32_t c = 0;
    size_t n = assay_utf8_decode(at, &c);
    *read = n ? n : 1;
    return n == 0 || c < 0x20 || assay_utf8_is_unfit(c) ? 0 : n;
}

char *assay_terminal_clean(char *text) {
    char *to = text;
    size_t read;
    for (const char *at = text; *at; at += read) {
        size_t shown = count_shown(at, &read);
        if (shown == 0) *to++ = '?';
        for (size_t i = 0; i < shown; i++) *to++ = at[i];
    }
    *to = '\0';
    return text;
}

void assay_terminal_put(FILE *out, const char *text) {
    size_t read;
    for (const char *at = text; *at; at += read) {
        size_t shown = count_shown(at, &read);
        if (shown) fwrite(at, 1, shown, out);
        else fputc('?', out);
    }
}
