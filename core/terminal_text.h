/*
 * Text of files on a terminal: it must not move the cursor, change colours or turn the order of what is read.
 */
#ifndef ASSAY_CORE_TERMINAL_TEXT_H
#define ASSAY_CORE_TERMINAL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Number of bytes of the UTF-8 character at `at`, and which it is; 0 when it is none. `at` ends with a NUL. */
size_t assay_utf8_decode(const char *at, uint32_t *character);

/* Control characters but tab, newline and carriage return; noncharacters; those that change the direction of text. */
bool assay_utf8_is_unfit(uint32_t character);

/* In place: each control character, unfit character, and byte that is no UTF-8 becomes '?'. Never longer than before. Returns text. */
char *assay_terminal_clean(char *text);

/* Writes text as assay_terminal_clean would leave it. Whether writing failed is ferror's to say. */
void assay_terminal_put(FILE *out, const char *text);

#ifdef __cplusplus
}
#endif

#endif
