#include "fuzz/campaign_text.h"

#include <string.h>

/* The first of those before it that shrank to what looks the same; NULL where none did. */
static const assay_fuzz_find *twin_of(const assay_fuzz_campaign *c, size_t index) {
    const assay_fuzz_find *f = &c->finds[index];
    for (size_t i = 0; i < index; i++) {
        const assay_fuzz_find *other = &c->finds[i];
        if (other->outcome == f->outcome && other->tokens == f->tokens &&
            !strcmp(other->shrunk_stage, f->shrunk_stage) && !strcmp(other->diagnosis, f->diagnosis) &&
            !strcmp(other->blame, f->blame))
            return other;
    }
    return NULL;
}

static void write_size(FILE *out, const assay_fuzz_find *f) {
    const char *plural = f->tokens == 1 ? "" : "s";
    if (f->tokens == f->tokens_before)
        fprintf(out, "  smallest   %lld token%s, as found\n", (long long)f->tokens, plural);
    else
        fprintf(out, "  smallest   %lld token%s, shrunk from %lld\n", (long long)f->tokens, plural,
                (long long)f->tokens_before);
}

static void write_explanation(FILE *out, const assay_fuzz_find *f) {
    fprintf(out, "  %s\n", f->message);
    if (f->rules[0]) fprintf(out, "  rules      %s\n", f->rules);
    write_size(out, f);
    if (f->diagnosis[0]) fprintf(out, "  diagnosis  %s\n", f->diagnosis);
    if (f->blame[0]) fprintf(out, "  blame      %s\n", f->blame);
}

static void write_find(FILE *out, const assay_fuzz_campaign *c, size_t index, const char *folder) {
    const assay_fuzz_find *f = &c->finds[index], *twin = twin_of(c, index);
    fprintf(out, "\n%s%s%s, in %lld case%s, first in case %lld", assay_fuzz_outcome_name(f->outcome),
            f->shrunk_stage[0] ? " of " : "", f->shrunk_stage, (long long)f->count, f->count == 1 ? "" : "s",
            (long long)f->index);
    fprintf(out, strcmp(f->stage, f->shrunk_stage) ? ", which shows it in %s\n" : "\n", f->stage);
    if (twin) fprintf(out, "  likely that of case %lld, which shrinks to the like\n", (long long)twin->index);
    else write_explanation(out, f);
    if (f->folder[0]) fprintf(out, "  written to %s%s%s\n", folder ? folder : "", folder ? "/" : "", f->folder);
}

static void write_grid(FILE *out, const assay_boundary_grid *grid) {
    fprintf(out, "\nCalls by length, and by tokens in the local cache before them:\n  %-8s", "length");
    for (size_t k = 0; k < ASSAY_GRID_CACHES; k++) fprintf(out, " %8s", assay_grid_cache_names[k]);
    fprintf(out, "\n");
    for (size_t i = 0; i < ASSAY_GRID_LENGTHS; i++) {
        fprintf(out, "  %-8s", assay_grid_length_names[i]);
        for (size_t k = 0; k < ASSAY_GRID_CACHES; k++)
            fprintf(out, " %8lld", (long long)assay_boundary_grid_sum(grid, i, k));
        fprintf(out, "\n");
    }
}

static void write_verdict(FILE *out, const assay_fuzz_campaign *c) {
    long long judged = (long long)(c->cases - c->outcomes[ASSAY_FUZZ_UNSUPPORTED]);
    long long failed = judged - (long long)c->outcomes[ASSAY_FUZZ_PASS];
    const char *verdict = c->find_count > 0 ? "FAIL"
                          : c->interrupted  ? "INTERRUPTED"
                          : judged > 0      ? "PASS"
                                            : "FAIL, for nothing was judged";
    fprintf(out, "\n%s: %lld case%s of %s, %lld failed", verdict, judged, judged == 1 ? "" : "s", c->subject, failed);
    if (c->find_count > 0) fprintf(out, " in %zu way%s", c->find_count, c->find_count == 1 ? "" : "s");
    if (c->outcomes[ASSAY_FUZZ_UNSUPPORTED] > 0)
        fprintf(out, ", %lld not supported", (long long)c->outcomes[ASSAY_FUZZ_UNSUPPORTED]);
    fprintf(out, "%s\n", c->interrupted ? "; interrupted" : "");
    if (c->unsupported_index >= 0)
        fprintf(out, "Not supported first in case %lld: %s\n", (long long)c->unsupported_index, c->unsupported);
}

void assay_campaign_text(FILE *out, const assay_fuzz_campaign *campaign, const char *folder, bool all) {
    const assay_fuzz_campaign *c = campaign;
    fprintf(out, "Fuzzing %s, seed %llu", c->subject, (unsigned long long)c->seed);
    if (c->stride > 1) fprintf(out, ", shard %lld/%lld", (long long)c->first + 1, (long long)c->stride);
    fprintf(out, "\n%lld cases, %lld steps, of which the rules refuse %lld; %zu of %d boundary cells met\n",
            (long long)c->cases, (long long)c->steps, (long long)c->refused_steps, assay_boundary_grid_hit(&c->grid),
            ASSAY_GRID_CELLS);
    if (all) write_grid(out, &c->grid);
    for (size_t i = 0; i < c->find_count; i++) write_find(out, c, i, folder);
    write_verdict(out, c);
}
