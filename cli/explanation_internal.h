/* For explanation.c and explanation_json.c. */
#ifndef ASSAY_CLI_EXPLANATION_INTERNAL_H
#define ASSAY_CLI_EXPLANATION_INTERNAL_H

#include "cli/rule_texts.h"

/* Of an id of core/rules.h. */
const cli_rule_text *cli_text_of_rule(const char *id);

/* Of a name of engine/variants.h; one with empty texts where docs/ does not know it yet. */
const cli_mistake_text *cli_text_of_mistake(const char *name);

#endif
