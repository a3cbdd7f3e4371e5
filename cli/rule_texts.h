/*
 * What docs/ says of rules and mistakes, in the program: their one source is there. The Makefile makes the tables of
 * docs/semantics.md, docs/rules.md and docs/rules.csv with cli/rule_texts.awk.
 */
#ifndef ASSAY_CLI_RULE_TEXTS_H
#define ASSAY_CLI_RULE_TEXTS_H

#include <stddef.h>

typedef struct {
    const char *id;
    const char *text;    /* what docs/semantics.md says, one long line */
    const char *goldens; /* whose case exercises the rule, separated by spaces; "" where no case can */
} cli_rule_text;

typedef struct {
    const char *name;
    const char *best;                   /* the golden to see it with; "" where it shows nowhere */
    const char *by_stages, *by_results; /* the goldens that notice it, separated by spaces */
} cli_mistake_text;

extern const cli_rule_text cli_rule_texts[];
extern const size_t cli_rule_text_count;
extern const cli_mistake_text cli_mistake_texts[];
extern const size_t cli_mistake_text_count;

extern const char cli_rule_symbols[]; /* "Symbols: B batch, ...": the letters of the texts */

#endif
