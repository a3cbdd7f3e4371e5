#include "fuzz/oracle_refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_rule(assay_oracle_refusal *r, const char *rule) {
    size_t length = strlen(r->rules);
    bool fits = length + strlen(rule) + 2 <= sizeof r->rules;
    if (fits && !assay_rules_have(r->rules, rule))
        snprintf(r->rules + length, sizeof r->rules - length, "%s%s", length ? " " : "", rule);
}

void assay_oracle_refuse(assay_oracle_refusal *r, const char *rules, const char *fmt, ...) {
    if (!r->refused) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(r->message, sizeof r->message, fmt, args);
        va_end(args);
    }
    r->refused = true;
    for (const char *at = rules; *at;) {
        char rule[24];
        size_t length = strcspn(at, " ");
        snprintf(rule, sizeof rule, "%.*s", (int)length, at);
        add_rule(r, rule);
        at += length + strspn(at + length, " ");
    }
}
