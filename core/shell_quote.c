#include "core/shell_quote.h"

#include <stdlib.h>
#include <string.h>

static bool is_plain(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
    return *word && word[strspn(word, plain)] == '\0';
}

/* Writes into `to`, which has room for 4 bytes a character and 3 besides. Returns the end. */
static char *write_quoted(char *to, const char *word) {
    if (is_plain(word)) return stpcpy(to, word);
    *to++ = '\'';
    for (; *word; word++) {
        if (*word == '\'') to = stpcpy(to, "'\\''");
        else *to++ = *word;
    }
    return stpcpy(to, "'");
}

char *assay_shell_quote(const char *word) {
    char *text = malloc(4 * strlen(word) + 3);
    if (text) write_quoted(text, word);
    return text;
}

char *assay_shell_join(char *const *words, int count) {
    size_t nbytes = 1;
    for (int i = 0; i < count; i++) nbytes += 4 * strlen(words[i]) + 3;
    char *text = malloc(nbytes), *at = text;
    if (!text) return NULL;
    *at = '\0';
    for (int i = 0; i < count; i++) {
        if (i) *at++ = ' ';
        at = write_quoted(at, words[i]);
    }
    return text;
}
