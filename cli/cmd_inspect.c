/* assay inspect: what a file holds. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "core/terminal_text.h"
#include "golden/golden_file.h"
#include "golden/safetensors.h"

static void print_tensor(const char *name, const char *dtype, const assay_tensor *t, const char *rest) {
    char shape[128];
    int length = (int)strlen(name);
    printf("  ");
    assay_terminal_put(stdout, name);
    printf("%*s %-9s %-22s%s\n", length < 64 ? 64 - length : 0, "", dtype,
           assay_tensor_shape_text(t, shape, sizeof shape), rest);
}

static void print_fact(const char *name, const char *value) {
    if (!value || !*value) return;
    printf("%-16s", name);
    assay_terminal_put(stdout, value);
    printf("\n");
}

static void print_tensor_count(size_t count) { printf("%zu tensor%s:\n", count, count == 1 ? "" : "s"); }

/* ---- HDF5 ---- */

/* Counts of a check of digests. */
typedef struct {
    size_t good, without;
} digest_counts;

static assay_status check_tensor(const assay_golden *g, const assay_golden_tensor *t, digest_counts *counts,
                                 assay_error *err) {
    assay_tensor values;
    assay_status st = assay_golden_read(g, t, &values, err); /* fails on a digest that does not match */
    if (st) return st;
    assay_tensor_free(&values);
    if (*t->xxh128) counts->good++;
    else counts->without++;
    return ASSAY_OK;
}

static void print_golden_tensor(const assay_golden_tensor *t) {
    char rest[128] = "";
    size_t at = 0;
    if (!isnan(t->noise_floor)) at = (size_t)snprintf(rest, sizeof rest, " floor %.3g", t->noise_floor);
    if (t->kept_axis >= 0)
        snprintf(rest + at, sizeof rest - at, " kept %zu along axis %lld", t->kept_count, (long long)t->kept_axis);
    print_tensor(t->path, assay_dtype_name(t->info.dtype), &t->info, rest);
}

static void print_root(const assay_golden *g, const char *path) {
    printf("%s\n", path);
    print_fact("kind", g->kind == ASSAY_FILE_GOLDEN ? "golden" : "dump");
    print_fact("producer", g->producer);
    print_fact("dtype", assay_dtype_name(g->dtype));
    if (g->has_case) print_fact("case", g->test_case.name);
    for (size_t i = 0; g->has_case && i < g->test_case.rule_count; i++)
        printf(i ? " %s" : "rules           %s", g->test_case.rules[i]);
    if (g->has_case && g->test_case.rule_count) printf("\n");
    print_fact("case_sha256", g->case_sha256);
    print_fact("config_sha256", g->config_sha256);
    print_fact("weights_xxh128", g->weights_xxh128);
    print_fact("provenance", g->provenance);
}

static void print_steps(const assay_golden *g) {
    printf("%zu step%s:\n", g->step_count, g->step_count == 1 ? "" : "s");
    for (size_t i = 0; i < g->step_count; i++) {
        const assay_golden_step *s = &g->steps[i];
        printf("  %zu %s%s%s ", i, s->op, *s->refused ? ", refused by " : "", s->refused);
        assay_terminal_put(stdout, s->refused_message);
        printf("\n");
    }
}

static assay_status print_tensors(const assay_golden *g, const assay_golden_tensor *tensors, size_t count,
                                  digest_counts *counts, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < count; i++) {
        print_golden_tensor(&tensors[i]);
        st = check_tensor(g, &tensors[i], counts, err);
    }
    return st;
}

static assay_status inspect_golden(const char *path, assay_error *err) {
    assay_golden g = {0};
    assay_status st = assay_golden_open(&g, path, err);
    if (st) return st;
    print_root(&g, path);
    print_steps(&g);
    digest_counts counts = {0};
    print_tensor_count(g.tensor_count + g.float64_count);
    st = print_tensors(&g, g.tensors, g.tensor_count, &counts, err);
    if (!st) st = print_tensors(&g, g.float64, g.float64_count, &counts, err);
    for (size_t i = 0; i < g.unknown.count; i++) {
        printf("  ");
        assay_terminal_put(stdout, g.unknown.names[i]);
        printf(" (no stage; not compared)\n");
    }
    if (!st)
        printf("digests: %zu good, %zu tensor%s without one\n", counts.good, counts.without,
               counts.without == 1 ? "" : "s");
    assay_golden_close(&g);
    return st;
}

/* ---- safetensors ---- */

static assay_status inspect_safetensors(const char *path, assay_error *err) {
    assay_safetensors file;
    assay_status st = assay_safetensors_open(&file, path, err);
    if (st) return st;
    printf("%s\n", path);
    print_fact("kind", "safetensors");
    print_tensor_count(file.count);
    for (size_t i = 0; i < file.count; i++) {
        const assay_safetensors_entry *e = &file.entries[i];
        assay_tensor shape = assay_tensor_view(e->dtype, e->rank, e->shape, NULL);
        print_tensor(e->name, e->dtype_text, &shape, e->is_readable ? "" : " (a type that Assay does not read)");
    }
    assay_safetensors_close(&file);
    return ASSAY_OK;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static int inspect(const cli_args *args) {
    assay_error err;
    const char *path = args->arguments[0];
    assay_status st = ends_with(path, ".safetensors") ? inspect_safetensors(path, &err) : inspect_golden(path, &err);
    return st ? cli_fail(&err) : 0;
}

static const cli_option options[] = {{0}};

const cli_command cmd_inspect = {.name = "inspect",
                                 .summary = "list what a golden, a dump or a safetensors file holds",
                                 .usage = "FILE",
                                 .examples =
                                     "  assay inspect golden.h5\n"
                                     "  assay inspect model.safetensors\n",
                                 .description =
                                     "Prints provenance, steps, and every tensor with type, shape and noise floor; "
                                     "reads all values and checks their\n"
                                     "digests.\n",
                                 .options = options,
                                 .least = 1,
                                 .most = 1,
                                 .reads_hdf5 = true,
                                 .run = inspect};
