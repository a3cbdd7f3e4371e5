/* assay history: runs in a database, and their trend. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "reports/history.h"
#include "reports/history_text.h"
#include "reports/report_file.h"
#include "reports/result_load.h"
#include "reports/trend.h"
#include "reports/trend_html.h"

#define LAST_DEFAULT 100

/* ---- options ---- */

/* Each key once: a run has one value of it. */
static assay_status add_label(assay_facts *out, const char *key, const char *value, assay_error *err) {
    if (!assay_facts_get(out, key)) return assay_facts_set(out, key, value, err);
    return assay_fail(err, ASSAY_EINPUT, NULL, "history: --label %.80s is given twice; say each key once", key);
}

/* --label KEY=VALUE, as often as given. */
static assay_status read_labels(const cli_args *args, assay_facts *out, assay_error *err) {
    const char *text;
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && (text = cli_nth_value(args, "label", i)); i++) {
        const char *equals = strchr(text, '=');
        if (!equals || equals == text)
            return assay_fail(err, ASSAY_EINPUT, NULL, "history: --label is '%.80s'; say KEY=VALUE, such as commit=abc",
                              text);
        char *key = strndup(text, (size_t)(equals - text));
        st = key ? add_label(out, key, equals + 1, err) : assay_fail_nomem(err, "labels");
        free(key);
    }
    return st;
}

static assay_status read_filter(const cli_args *args, int64_t last, assay_facts *labels, assay_history_filter *out,
                                assay_error *err) {
    assay_status st = read_labels(args, labels, err);
    if (!st) st = cli_integer(args, "last", (const int64_t[]){1, INT32_MAX}, &last, err);
    *out = (assay_history_filter){labels, (size_t)last};
    return st;
}

static assay_status check_db(const cli_args *args, assay_error *err) {
    const char *path = cli_value(args, "db");
    if (path && *path) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "history %s: say --db FILE, the database", args->arguments[0]);
}

static assay_status open_history(const cli_args *args, bool writes, assay_history **out, assay_error *err) {
    assay_status st = check_db(args, err);
    return st ? st : assay_history_open(out, cli_value(args, "db"), writes, err);
}

/* ---- add ---- */

/* *h is opened with the first run that can be read: without one no database is made. */
static assay_status add_result(assay_history **h, const cli_args *args, const char *path, const assay_facts *labels,
                               assay_error *err) {
    assay_result result = {0};
    assay_run_record record = {0};
    char id[ASSAY_RUN_ID_TEXT];
    bool added = false;
    assay_status st = assay_result_load(&result, path, err);
    if (!st) st = assay_run_record_of(&record, &result, cli_value(args, "time"), labels, err);
    if (!st && !*h) st = open_history(args, true, h, err);
    if (!st) st = assay_history_add(*h, &record, id, &added, err);
    if (!st) printf("%s %.12s  %s  %s\n", added ? "added" : "already there:", id, record.time, path);
    assay_run_record_free(&record);
    assay_result_free(&result);
    return st;
}

static assay_status add(const cli_args *args, assay_error *err) {
    assay_facts labels = {0};
    assay_history *h = NULL;
    assay_status st = check_db(args, err);
    if (!st) st = read_labels(args, &labels, err);
    for (int i = 1; i < args->argument_count && !st; i++) st = add_result(&h, args, args->arguments[i], &labels, err);
    assay_history_close(h);
    assay_facts_free(&labels);
    return st;
}

/* ---- list, show, report ---- */

static assay_status read_trend(const cli_args *args, int64_t last, assay_trend *out, assay_error *err) {
    assay_facts labels = {0};
    assay_history_filter filter;
    assay_history *h = NULL;
    assay_status st = read_filter(args, last, &labels, &filter, err);
    if (!st) st = open_history(args, false, &h, err);
    if (!st) st = assay_trend_read(out, h, &filter, err);
    assay_history_close(h);
    assay_facts_free(&labels);
    return st;
}

static assay_status list(const cli_args *args, assay_error *err) {
    assay_trend trend = {0};
    assay_status st = read_trend(args, 0, &trend, err);
    if (!st) assay_report_runs(stdout, &trend);
    assay_trend_free(&trend);
    return st;
}

static assay_status show(const cli_args *args, assay_error *err) {
    assay_run_record record = {0};
    assay_history *h = NULL;
    assay_status st = open_history(args, false, &h, err);
    if (!st) st = assay_history_get(h, args->arguments[1], &record, err);
    if (!st) assay_report_run(stdout, &record);
    assay_run_record_free(&record);
    assay_history_close(h);
    return st;
}

typedef struct {
    const assay_trend *trend;
    const char *name;
} page;

static assay_status put_page(FILE *out, const void *context, assay_error *err) {
    const page *p = context;
    return assay_report_trend_html(out, p->trend, p->name, err);
}

static assay_status report(const cli_args *args, assay_error *err) {
    const char *html = cli_value(args, "html");
    assay_trend trend = {0};
    if (!html) return assay_fail(err, ASSAY_EINPUT, NULL, "history report: say --html FILE, the page to write");
    bool is_stdout = strcmp(html, "-") == 0;
    assay_status st = is_stdout ? ASSAY_OK : cli_check_output(args, "html", err);
    if (!st) st = read_trend(args, LAST_DEFAULT, &trend, err);
    if (!st) st = assay_report_file(html, put_page, &(page){&trend, cli_value(args, "db")}, err);
    if (!st && !is_stdout) printf("%zu %s -> %s\n", trend.count, trend.count == 1 ? "run" : "runs", html);
    assay_trend_free(&trend);
    return st;
}

/* ---- export, import ---- */

static assay_status put_line(void *context, const assay_history_run *run, assay_error *err) {
    (void)context;
    if (fputs(run->record, stdout) >= 0) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "standard output cannot be written to");
}

static assay_status export_runs(const cli_args *args, assay_error *err) {
    assay_facts labels = {0};
    assay_history_filter filter;
    assay_history *h = NULL;
    assay_status st = read_filter(args, 0, &labels, &filter, err);
    if (!st) st = open_history(args, false, &h, err);
    if (!st) st = assay_history_each(h, &filter, put_line, NULL, err);
    assay_history_close(h);
    assay_facts_free(&labels);
    return st;
}

/* Puts a copy in place of *inout, which may be a pipe, so that it can be read twice. */
static assay_status copy_input(FILE **inout, const char *where, assay_error *err) {
    char bytes[BUFSIZ];
    FILE *copy = tmpfile();
    if (!copy) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be copied: %s", where, strerror(errno));
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, *inout)) > 0;) fwrite(bytes, 1, n, copy);
    bool failed = ferror(*inout) || fflush(copy) != 0 || ferror(copy);
    if (*inout != stdin) fclose(*inout);
    *inout = copy;
    rewind(copy);
    return failed ? assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be copied to a temporary file", where) : ASSAY_OK;
}

/* What cannot be imported makes no database. */
static assay_status open_to_import(assay_history **out, const cli_args *args, FILE **in, const char *where,
                                   assay_error *err) {
    bool is_new = access(cli_value(args, "db"), F_OK) != 0;
    assay_status st = is_new ? copy_input(in, where, err) : ASSAY_OK;
    if (is_new && !st) st = assay_history_check(*in, where, err);
    if (is_new) rewind(*in);
    return st ? st : open_history(args, true, out, err);
}

static assay_status import_file(assay_history **h, const cli_args *args, const char *path, assay_error *err) {
    assay_history_counts counts;
    bool is_stdin = strcmp(path, "-") == 0;
    const char *where = is_stdin ? "standard input" : path;
    FILE *in = is_stdin ? stdin : fopen(path, "r");
    if (!in) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be read: %s", path, strerror(errno));
    assay_status st = *h ? ASSAY_OK : open_to_import(h, args, &in, where, err);
    if (!st) st = assay_history_import(*h, in, where, &counts, err);
    if (in != stdin) fclose(in);
    if (!st)
        printf("%s: %zu run%s added, %zu already there\n", path, counts.added, counts.added == 1 ? "" : "s",
               counts.known);
    return st;
}

static assay_status import_runs(const cli_args *args, assay_error *err) {
    assay_history *h = NULL;
    assay_status st = check_db(args, err);
    for (int i = 1; i < args->argument_count && !st; i++) st = import_file(&h, args, args->arguments[i], err);
    assay_history_close(h);
    return st;
}

/* ---- sub-commands ---- */

static const struct {
    const char *name;
    int least, most; /* arguments after the name; most -1: any */
    const char *usage;
    const char *options[4]; /* that go with it, besides --db */
    assay_status (*run)(const cli_args *args, assay_error *err);
} forms[] = {{"add", 1, -1, "add RESULT.json... --db FILE", {"label", "time"}, add},
             {"list", 0, 0, "list --db FILE", {"label", "last"}, list},
             {"show", 1, 1, "show RUN --db FILE", {0}, show},
             {"report", 0, 0, "report --html FILE --db FILE", {"label", "last", "html"}, report},
             {"export", 0, 0, "export --db FILE > runs.jsonl", {"label", "last"}, export_runs},
             {"import", 1, -1, "import runs.jsonl --db FILE", {0}, import_runs}};
enum { form_count = sizeof forms / sizeof *forms };

static bool goes_with(int form, const char *option) {
    if (strcmp(option, "db") == 0) return true;
    for (int i = 0; i < 4 && forms[form].options[i]; i++)
        if (strcmp(forms[form].options[i], option) == 0) return true;
    return false;
}

static assay_status check_form(int form, const cli_args *args, assay_error *err) {
    int count = args->argument_count - 1;
    if (count < forms[form].least || (forms[form].most >= 0 && count > forms[form].most))
        return assay_fail(err, ASSAY_EINPUT, NULL, "history: say 'assay history %s'", forms[form].usage);
    for (const cli_option *o = args->command->options; o->name; o++)
        if (cli_value(args, o->name) && !goes_with(form, o->name))
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "history %s: --%s does not go with it; see 'assay history --help'", forms[form].name,
                              o->name);
    return ASSAY_OK;
}

static int history(const cli_args *args) {
    assay_error err;
    for (int i = 0; i < form_count; i++) {
        if (strcmp(forms[i].name, args->arguments[0]) != 0) continue;
        assay_status st = check_form(i, args, &err);
        if (!st) st = forms[i].run(args, &err);
        return st ? cli_fail(&err) : 0;
    }
    assay_fail(&err, ASSAY_EINPUT, NULL,
               "history: unknown sub-command '%.80s'; say add, list, show, report, export or import",
               args->arguments[0]);
    return cli_fail(&err);
}

static const cli_option options[] = {
    {"db", 0, "FILE", "the database (SQLite); add and import make it where there is none"},
    {"label", 'l', "KEY=VALUE", "add: a label of the runs; else: only runs that have it. May be repeated"},
    {"time", 0, "TIME", "add: when the run was, as 2026-12-31T23:59:59Z (default: what the result says)"},
    {"last", 'n', "N", "at most the N latest runs (report: 100 by default)"},
    {"html", 0, "FILE", "report: the page to write; - is standard output"},
    {0}};

const cli_command cmd_history = {
    .name = "history",
    .summary = "keep runs in a database, and show their trend",
    .usage =
        "add RESULT.json...\n"
        "       assay history [OPTIONS] list\n"
        "       assay history [OPTIONS] show RUN\n"
        "       assay history [OPTIONS] report\n"
        "       assay history [OPTIONS] export\n"
        "       assay history [OPTIONS] import runs.jsonl...",
    .examples =
        "  assay verify --json run.json; assay history add run.json --db runs.db --label commit=$(git rev-parse HEAD)\n"
        "  assay history report --db runs.db --html trend.html --label job=gcc\n"
        "  assay history export --db runs.db > runs.jsonl\n",
    .description =
        "Keeps of each run when and where it was, its verdicts, and how far each stage was from its golden. Many "
        "processes "
        "may add\n"
        "runs at once; a run is there as a whole or not at all. Adding or importing what is there already changes "
        "nothing.\n"
        "Not on network file systems (docs/history.md).\n",
    .options = options,
    .least = 1,
    .most = -1,
    .run = history};
