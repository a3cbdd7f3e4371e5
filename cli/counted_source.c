#include "cli/counted_source.h"

#include <string.h>

/* Items are read in execution order, so that those before this one are done. */
static const assay_source *show(const assay_source *view, const assay_source_item *item) {
    const cli_counted_source *c = view->self;
    const char *name = view->info.name, *slash = strrchr(name, '/');
    char path[160];
    if (item >= view->items && item < view->items + view->item_count) {
        cli_progress_step(c->progress, (size_t)(item - view->items), view->item_count, slash ? slash + 1 : name);
        cli_progress_detail(c->progress, ": %s", assay_place_path(&item->place, path, sizeof path));
    }
    return c->inner;
}

static assay_status read_item(const assay_source *view, const assay_source_item *item, bool unrounded,
                              assay_tensor *out, bool *owned, assay_error *err) {
    const assay_source *inner = show(view, item);
    return inner->read(inner, item, unrounded, out, owned, err);
}

static assay_status locate(const assay_source *view, const assay_source_item *item, bool unrounded,
                           assay_stored_values *out, bool *found, assay_error *err) {
    const assay_source *inner = show(view, item);
    return inner->locate(inner, item, unrounded, out, found, err);
}

static assay_status read_unknown(const assay_source *view, size_t index, bool values, assay_tensor *out, bool *owned,
                                 assay_error *err) {
    const assay_source *inner = ((const cli_counted_source *)view->self)->inner;
    return inner->read_unknown(inner, index, values, out, owned, err);
}

const assay_source *cli_count_source(cli_counted_source *out, const assay_source *source, cli_progress *progress) {
    if (!progress) return source;
    *out = (cli_counted_source){.view = *source, .inner = source, .progress = progress};
    out->view.self = out;
    out->view.read = read_item;
    if (source->locate) out->view.locate = locate;
    if (source->read_unknown) out->view.read_unknown = read_unknown;
    return &out->view;
}
