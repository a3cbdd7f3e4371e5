#include "fuzz/port_output.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pieces of stderr that are read before the port's answer is looked at again. */
#define TAIL_READS 16

void assay_port_lines_begin(assay_port_lines *lines, size_t limit) {
    assert(limit > 0);
    lines->nbytes = 0;
    lines->limit = limit;
    lines->over = lines->ended = false;
}

/* Makes room for one byte at least. */
static bool make_room(assay_port_lines *lines) {
    if (lines->nbytes < lines->capacity) return true;
    size_t capacity = lines->capacity > 0 ? 2 * lines->capacity : 4096;
    char *bytes = realloc(lines->bytes, capacity);
    if (bytes == NULL) return false;
    lines->bytes = bytes, lines->capacity = capacity;
    return true;
}

void assay_port_lines_read(assay_port_lines *lines, int fd) {
    while (!lines->ended && !lines->over) {
        if (lines->nbytes > lines->limit || !make_room(lines)) {
            lines->over = true;
            return;
        }
        ssize_t got = read(fd, lines->bytes + lines->nbytes, lines->capacity - lines->nbytes);
        if (got > 0) lines->nbytes += (size_t)got;
        else if (got == 0) lines->ended = true;
        else if (errno != EINTR) return;
    }
}

bool assay_port_lines_first(const assay_port_lines *lines, size_t *nbytes) {
    const char *end = lines->nbytes > 0 ? memchr(lines->bytes, '\n', lines->nbytes) : NULL;
    if (end == NULL) return false;
    *nbytes = (size_t)(end - lines->bytes);
    return true;
}

void assay_port_lines_free(assay_port_lines *lines) {
    free(lines->bytes);
    *lines = (assay_port_lines){0};
}

void assay_port_tail_read(assay_port_tail *tail, int fd) {
    for (int i = 0; i < TAIL_READS && !tail->ended;) {
        size_t at = tail->total % ASSAY_PORT_TAIL;
        ssize_t got = read(fd, tail->ring + at, ASSAY_PORT_TAIL - at);
        if (got > 0) tail->total += (size_t)got, i++;
        else if (got == 0) tail->ended = true;
        else if (errno != EINTR) return;
    }
}

void assay_port_tail_text(const assay_port_tail *tail, char text[ASSAY_PORT_TAIL + 1]) {
    size_t n = tail->total < ASSAY_PORT_TAIL ? tail->total : ASSAY_PORT_TAIL;
    for (size_t i = 0; i < n; i++) {
        char c = tail->ring[(tail->total - n + i) % ASSAY_PORT_TAIL];
        text[i] = c != '\0' ? c : '?';
    }
    text[n] = '\0';
    const char *line = tail->total > n ? strchr(text, '\n') : NULL;
    if (line != NULL && line[1] != '\0') memmove(text, line + 1, strlen(line + 1) + 1);
}
