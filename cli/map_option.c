#include "cli/map_option.h"

assay_status cli_candidate_open(cli_candidate *out, const cli_args *args, const char *path, const assay_golden *golden,
                                assay_error *err) {
    const char *map = cli_value(args, "map");
    if (!map) return assay_candidate_open(&out->candidate, path, err);
    const assay_layout_facts facts = assay_layout_facts_of(golden);
    assay_status st = assay_map_read(&out->map, map, err);
    if (!st) st = assay_candidate_open_any(&out->candidate, path, err);
    if (!st)
        st = assay_mapped_source_create(&out->mapped, assay_candidate_source(out->candidate), &out->map, &facts, err);
    return st;
}

const assay_source *cli_candidate_source(const cli_candidate *c) {
    return c->mapped ? assay_mapped_source_view(c->mapped) : assay_candidate_source(c->candidate);
}

void cli_candidate_close(cli_candidate *c) {
    assay_mapped_source_destroy(c->mapped);
    assay_map_free(&c->map);
    assay_candidate_close(c->candidate);
    *c = (cli_candidate){0};
}
