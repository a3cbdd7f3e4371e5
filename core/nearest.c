#include "core/nearest.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { width = ASSAY_NEAREST_LONGEST + 1 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static int is_same(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

size_t assay_edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    assert(a_length < width && b_length < width);
    size_t rows[3][width]; /* of the last three beginnings of a: the distance to each beginning of b */
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_length; j++) now[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *oldest = before;
        before = last, last = now, now = oldest;
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + !is_same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) && is_same(a[i - 2], b[j - 1]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return now[b_length];
}

assay_nearest assay_nearest_begin(const char *word, size_t length) {
    return (assay_nearest){.word = word, .length = length};
}

void assay_nearest_offer(assay_nearest *near, const char *name) {
    size_t length = strlen(name);
    if (near->length > ASSAY_NEAREST_LONGEST || length > ASSAY_NEAREST_LONGEST) return;
    size_t distance = assay_edit_distance(near->word, near->length, name, length);
    size_t most = least(near->length, length) / 3;
    if (near->length >= 3 && strncasecmp(near->word, name, near->length) == 0) distance = least(distance, 1);
    else if (distance > most) return;
    if (near->best && distance >= near->distance) return;
    near->best = name;
    near->distance = distance;
}

const char *assay_nearest_hint(const assay_nearest *near, const char *otherwise, char *out, size_t out_nbytes) {
    if (near->best) snprintf(out, out_nbytes, "did you mean '%s'?", near->best);
    else snprintf(out, out_nbytes, "%s", otherwise);
    return out;
}
