#include "cli/report_option.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/common.h"
#include "core/atomic_file.h"
#include "core/nearest.h"
#include "reports/report_format.h"
#include "reports/text.h"

#define MAX_REPORTS 32

/* What is written where. */
typedef struct {
    struct {
        const assay_report_format *format;
        char *path;
    } items[MAX_REPORTS];
    int count;
} report_list;

static void free_list(report_list *list) {
    for (int i = 0; i < list->count; i++) free(list->items[i].path);
    *list = (report_list){.count = 0};
}

static assay_status add(report_list *list, const assay_report_format *format, const char *path, assay_error *err) {
    char *copy = strdup(path);
    if (!copy) return assay_fail_nomem(err, "a report");
    list->items[list->count].format = format;
    list->items[list->count++].path = copy;
    return ASSAY_OK;
}

static assay_status unknown_format(const char *name, assay_error *err) {
    char known[256] = "these are there: ", hint[320];
    assay_nearest near = assay_nearest_begin(name, strlen(name));
    for (size_t i = 0; i < assay_report_format_count(); i++) {
        size_t at = strlen(known);
        snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "", assay_report_format_at(i)->name);
        assay_nearest_offer(&near, assay_report_format_at(i)->name);
    }
    return assay_fail(err, ASSAY_EINPUT, NULL, "--report: there is no format '%s'; %s", name,
                      assay_nearest_hint(&near, known, hint, sizeof hint));
}

/* One "FORMAT=FILE". */
static assay_status add_word(report_list *list, char *word, assay_error *err) {
    if (!*word)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "--report: no format is named; say FORMAT=FILE, such as html=report.html");
    char *equals = strchr(word, '=');
    if (equals) *equals = '\0';
    const assay_report_format *format = assay_report_format_find(word);
    if (!format) return unknown_format(word, err);
    if (!equals || !equals[1])
        return assay_fail(err, ASSAY_EINPUT, NULL, "--report: say where to: %s=FILE, or %s=- for standard output", word,
                          word);
    if (list->count == MAX_REPORTS)
        return assay_fail(err, ASSAY_EINPUT, NULL, "--report: more than %d reports", MAX_REPORTS);
    return add(list, format, equals + 1, err);
}

static assay_status add_words(report_list *list, const char *value, assay_error *err) {
    char *copy = strdup(value), *rest = copy, *word;
    if (!copy) return assay_fail_nomem(err, "a report");
    assay_status st = ASSAY_OK;
    while (!st && (word = strsep(&rest, ","))) st = add_word(list, word, err);
    free(copy);
    return st;
}

/* --json, where it is about the same result. */
static const char *json_path(const cli_args *args) {
    return args->command->json_is_report ? cli_value(args, "json") : NULL;
}

/* *out is to be freed on every outcome. */
static assay_status read_list(const cli_args *args, report_list *out, assay_error *err) {
    *out = (report_list){.count = 0};
    const char *value, *json = json_path(args);
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && (value = cli_nth_value(args, "report", i)); i++) st = add_words(out, value, err);
    if (st || !json) return st;
    if (out->count == MAX_REPORTS)
        return assay_fail(err, ASSAY_EINPUT, NULL, "--json: more than %d reports", MAX_REPORTS);
    return add(out, assay_report_format_find("json"), json, err);
}

/* Neither file need be there yet: then their folders and names tell. */
static bool same_file(const char *a, const char *b) {
    struct stat of_a, of_b;
    char *x = strdup(a), *y = strdup(b);
    const char *name_a = strrchr(a, '/'), *name_b = strrchr(b, '/');
    bool same = x && y && strcmp(name_a ? name_a + 1 : a, name_b ? name_b + 1 : b) == 0 &&
                stat(dirname(x), &of_a) == 0 && stat(dirname(y), &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
                of_a.st_ino == of_b.st_ino;
    free(x);
    free(y);
    return same;
}

/* Against inputs and against the reports before it. */
static assay_status check_path(const cli_args *args, const report_list *list, int index, assay_error *err) {
    const char *path = list->items[index].path;
    for (int i = 0; i < index; i++)
        if (same_file(list->items[i].path, path))
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is named twice; choose another name for %s", path,
                              list->items[index].format->name);
    if (strcmp(path, "-") == 0) return ASSAY_OK;
    assay_status st = cli_check_output_path(args, path, err);
    const char *others[CLI_MAX_OPTIONS];
    const char *json = json_path(args);
    for (int i = 0; i < CLI_MAX_OPTIONS; i++) others[i] = args->values[i] == json ? NULL : args->values[i];
    return st ? st : assay_output_check(path, others, CLI_MAX_OPTIONS, err);
}

assay_status cli_check_reports(const cli_args *args, assay_error *err) {
    report_list list;
    assay_status st = read_list(args, &list, err);
    for (int i = 0; !st && i < list.count; i++) st = check_path(args, &list, i, err);
    free_list(&list);
    return st;
}

assay_status cli_check_reports_spare(const cli_args *args, const char *const *paths, size_t count, assay_error *err) {
    report_list list;
    assay_status st = read_list(args, &list, err);
    for (int i = 0; !st && i < list.count; i++)
        if (strcmp(list.items[i].path, "-") != 0) st = assay_output_check(list.items[i].path, paths, count, err);
    free_list(&list);
    return st;
}

bool cli_wants_detail(const cli_args *args) { return cli_value(args, "report") || json_path(args); }

/* ---- writing ---- */

static bool wants_colour(void) {
    const char *no_color = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

bool cli_reports_use_stdout(const cli_args *args) {
    report_list list;
    assay_error err;
    bool found = false;
    if (!read_list(args, &list, &err))
        for (int i = 0; i < list.count; i++) found |= strcmp(list.items[i].path, "-") == 0;
    free_list(&list);
    return found;
}

assay_status cli_write_reports(const cli_args *args, const assay_result *result, assay_error *err) {
    report_list list;
    assay_status st = read_list(args, &list, err);
    for (int i = 0; !st && i < list.count; i++)
        st = assay_report_write(list.items[i].format, list.items[i].path, result, err);
    free_list(&list);
    return st;
}

static bool is_lone_error(const assay_result *result) {
    return result->case_count == 1 && result->cases[0].verdict == ASSAY_CASE_ERROR;
}

int cli_report(const cli_args *args, const assay_result *result) {
    assay_error err;
    const assay_text_options text = {.colour = wants_colour(), .list_passes = cli_value(args, "all") != NULL};
    bool prints = !cli_reports_use_stdout(args) && !is_lone_error(result);
    if (is_lone_error(result)) fprintf(stderr, "assay: %s\n", result->cases[0].error);
    assay_status st = prints ? assay_report_text(stdout, result, &text, &err) : ASSAY_OK;
    if (!st) st = cli_write_reports(args, result, &err);
    if (st) return cli_fail(&err);
    return assay_result_passed(result) ? 0 : 1;
}
