/*
 * The word that somebody may have meant: of all names that could stand in its place, the one that takes the fewest edits, if they are few.
 *
 *     assay_nearest near = assay_nearest_begin(word, strlen(word));
 *     for (...) assay_nearest_offer(&near, name);
 *     ... "no such rule '%s'; %s", word, assay_nearest_hint(&near, "see 'assay explain'", hint, sizeof hint)
 */
#ifndef ASSAY_CORE_NEAREST_H
#define ASSAY_CORE_NEAREST_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_NEAREST_LONGEST 63 /* bytes; of a longer word nothing is meant */

/* The search for a word. Nothing is owned: the word and the names must stay. */
typedef struct {
    const char *word;
    size_t length;    /* of the word, which may go on */
    const char *best; /* of the names so far, when it is near; the first of those that are as near; or NULL */
    size_t distance;  /* of the best */
} assay_nearest;

assay_nearest assay_nearest_begin(const char *word, size_t length);

/* A name that could be meant. It is near when at most a third as many edits as the shorter of the two has characters make one of the other;
 * or when the word is its beginning, of three characters at least. Upper and lower case are not told apart. */
void assay_nearest_offer(assay_nearest *near, const char *name);

/* Writes "did you mean 'name'?", or `otherwise` where no name is near, to `out`, and returns it. */
const char *assay_nearest_hint(const assay_nearest *near, const char *otherwise, char *out, size_t out_nbytes);

/* How many insertions, deletions, replacements and exchanges of neighbours make one text of the other, where no place is edited twice
 * (the optimal string alignment distance, after Damerau and Levenshtein), without regard to case. Both have at most
 * ASSAY_NEAREST_LONGEST bytes. */
size_t assay_edit_distance(const char *a, size_t a_length, const char *b, size_t b_length);

#ifdef __cplusplus
}
#endif

#endif
