#include "cli/map_option.h"

static assay_status open_mapped(cli_candidate *out, const char *map, const char *path, const assay_golden *golden,
                                assay_error *err) {
    const assay_layout_facts facts = assay_layout_facts_of(golden);
    assay_status st = assay_map_read(&out->map, map, err);
    if (!st) st = assay_candidate_open_any(&out->candidate, path, err);
    if (!st)
        st = assay_mapped_source_create(&out->mapped, assay_candidate_source(out->candidate), &out->map, &facts, err);
    return st;
}

assay_status cli_candidate_open(cli_candidate *out, const cli_args *args, const char *path, const assay_golden *golden,
                                cli_progress *progress, assay_error *err) {
    const char *map = cli_value(args, "map");
    assay_status st = map ? open_mapped(out, map, path, golden, err) : assay_candidate_open(&out->candidate, path, err);
    if (st) return st;
    const assay_source *source = map ? assay_mapped_source_view(out->mapped) : assay_candidate_source(out->candidate);
    out->source = cli_count_source(&out->counted, source, progress);
    cli_note(args, "candidate: %zu tensors that are stages, %zu others", source->item_count, source->unknown_count);
    return ASSAY_OK;
}

const assay_source *cli_candidate_source(const cli_candidate *c) { return c->source; }

void cli_candidate_close(cli_candidate *c) {
    assay_mapped_source_destroy(c->mapped);
    assay_map_free(&c->map);
    assay_candidate_close(c->candidate);
    *c = (cli_candidate){0};
}
