#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/terminal_text.h"

assay_status assay_fail(assay_error *err, assay_status status, const char *rules, const char *fmt, ...) {
    if (!err) return status;
    err->status = status;
    snprintf(err->rules, sizeof err->rules, "%s", rules ? rules : "");
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    assay_terminal_clean(err->message); /* one line whatever the input was: file contents must not move the cursor */
    return status;
}

assay_status assay_fail_nomem(assay_error *err, const char *what) {
    return assay_fail(err, ASSAY_EINTERNAL, NULL, "out of memory while allocating %s", what);
}

assay_status assay_error_context(assay_status status, assay_error *err, const char *fmt, ...) {
    if (!err) return status;
    char context[sizeof err->message];
    va_list args;
    va_start(args, fmt);
    vsnprintf(context, sizeof context, fmt, args);
    va_end(args);
    char whole[2 * sizeof err->message + 2];
    snprintf(whole, sizeof whole, "%s: %s", context, err->message);
    whole[sizeof err->message - 1] = '\0';
    memcpy(err->message, whole, strlen(whole) + 1);
    assay_terminal_clean(err->message); /* one line whatever the input was: file contents must not move the cursor */
    return status;
}

bool assay_rules_have(const char *rules, const char *rule) {
    size_t length = strlen(rule);
    if (length == 0) return false;
    for (const char *at = rules; (at = strstr(at, rule)); at += length) {
        bool starts = at == rules || at[-1] == ' ';
        bool ends = at[length] == '\0' || at[length] == ' ';
        if (starts && ends) return true;
    }
    return false;
}

bool assay_error_has_rule(const assay_error *err, const char *rule) {
    if (!err->rules[0]) return false;
    return strcmp(rule, "ERR-1") == 0 || assay_rules_have(err->rules, rule);
}
