#include "fuzz/read_all.h"

#include <string.h>

#include "compare/candidate.h"
#include "fuzz/target.h"

static void check_located(const assay_source *source, const assay_source_item *item, bool unrounded,
                          const assay_tensor *t) {
    assay_stored_values values;
    assay_tensor read;
    assay_error err = {0};
    bool found = false;
    assay_status st = source->locate(source, item, unrounded, &values, &found, &err);
    if (!assay_fuzz_accepted(st, &err, source->info.name) || !found) return;
    ASSAY_FUZZ_REQUIRE(values.info.dtype == t->dtype && assay_tensor_same_shape(&values.info, t));
    ASSAY_FUZZ_REQUIRE(!assay_tensor_alloc(&read, t->dtype, t->rank, t->shape, "values", &err));
    ASSAY_FUZZ_REQUIRE(!assay_stored_values_read(&values, read.data, assay_tensor_nbytes(t), 0, &err));
    ASSAY_FUZZ_REQUIRE(memcmp(read.data, t->data, assay_tensor_nbytes(t)) == 0);
    assay_tensor_free(&read);
    assay_stored_values_close(&values);
}

static void read_item(const assay_source *source, const assay_source_item *item, bool unrounded) {
    assay_source_tensor t;
    assay_error err = {0};
    assay_status st = assay_source_read(source, item, unrounded, &t, &err);
    if (!assay_fuzz_accepted(st, &err, source->info.name)) return;
    ASSAY_FUZZ_REQUIRE(assay_tensor_same_shape(&t.tensor, &item->info));
    ASSAY_FUZZ_REQUIRE(unrounded || t.tensor.dtype == item->info.dtype);
    assay_fuzz_touch(&t.tensor);
    if (source->locate) check_located(source, item, unrounded, &t.tensor);
    assay_source_release(&t);
}

static void read_items(const assay_source *source, const assay_source_item *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const assay_source_item *item = &items[i];
        ASSAY_FUZZ_REQUIRE(i == 0 || assay_place_compare(&items[i - 1].place, &item->place) < 0);
        ASSAY_FUZZ_REQUIRE(assay_tensor_count(&item->info) >= 0 && item->info.rank <= ASSAY_MAX_RANK);
        for (size_t k = 1; k < item->kept_count; k++) ASSAY_FUZZ_REQUIRE(item->kept[k - 1] < item->kept[k]);
        read_item(source, item, false);
        if (item->has_unrounded) read_item(source, item, true);
    }
}

static void read_unknown(const assay_source *source, size_t index) {
    assay_source_tensor said, t;
    assay_error err = {0}, again = {0};
    assay_status st = assay_source_read_unknown(source, index, false, &said, &err);
    if (!assay_fuzz_accepted(st, &err, source->info.name)) return;
    st = assay_source_read_unknown(source, index, true, &t, &again);
    if (!assay_fuzz_accepted(st, &again, source->info.name)) return;
    ASSAY_FUZZ_REQUIRE(said.tensor.dtype == t.tensor.dtype && assay_tensor_same_shape(&said.tensor, &t.tensor));
    assay_fuzz_touch(&t.tensor);
    assay_source_release(&t);
}

void assay_fuzz_read_source(const assay_source *source) {
    for (size_t i = 0; i < source->step_count; i++) {
        const assay_source_step *s = &source->steps[i];
        ASSAY_FUZZ_REQUIRE(s->op && s->refused_rules && s->refused_message && s->step >= 0);
        ASSAY_FUZZ_REQUIRE(i == 0 || source->steps[i - 1].step < s->step);
    }
    read_items(source, source->items, source->item_count);
    read_items(source, source->float64, source->float64_count);
    for (size_t i = 0; i < source->unknown_count; i++) read_unknown(source, i);
}

static void read_opened(assay_status st, assay_candidate *candidate, const assay_error *err, const char *path) {
    if (!assay_fuzz_accepted(st, err, path)) return;
    assay_fuzz_read_source(assay_candidate_source(candidate));
    assay_candidate_close(candidate);
}

void assay_fuzz_read_candidate(const char *path) {
    assay_candidate *candidate = NULL;
    assay_error err = {0}, any = {0};
    assay_status st = assay_candidate_open(&candidate, path, &err);
    read_opened(st, candidate, &err, path);
    st = assay_candidate_open_any(&candidate, path, &any);
    read_opened(st, candidate, &any, path);
}
