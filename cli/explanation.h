/* What is known of a rule and of a mistake, for a reader and for a program. */
#ifndef ASSAY_CLI_EXPLANATION_H
#define ASSAY_CLI_EXPLANATION_H

#include <stdio.h>

#include "core/rules.h"
#include "core/status.h"
#include "engine/variants.h"

/* What is explained: a rule with its mistakes, or one mistake of it. */
typedef struct {
    const assay_rule_info *rule;
    const assay_variant *mistake; /* NULL: all of the rule's */
} cli_topic;

/* Finds a rule by its id, in either case, or a mistake by its name. ASSAY_EINPUT: neither, and what may be meant. */
assay_status cli_topic_find(cli_topic *out, const char *name, assay_error *err);

/* All rules, a line each. */
void cli_print_rules(FILE *out);

/* `goldens`: the folder of the shipped goldens, for commands to try. */
void cli_print_topic(FILE *out, const cli_topic *topic, const char *goldens);

/* Writes assay-explain/1: the topics, or all rules where there are none (docs/result-json.md). */
assay_status cli_write_topics(const char *path, const cli_topic *topics, size_t count, assay_error *err);

#endif
