/*
 * Opening a golden or a dump: the HDF5 schema of docs/golden-format.md.
 *
 * Opening reads everything but the tensors' values: root attributes, case, configuration, and for each tensor its
 * place, shape and attributes. Values are read one tensor at a time.
 */
#ifndef ASSAY_GOLDEN_GOLDEN_FILE_H
#define ASSAY_GOLDEN_GOLDEN_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"
#include "golden/case.h"
#include "golden/h5_file.h"
#include "golden/stored_values.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ASSAY_FILE_DUMP, ASSAY_FILE_GOLDEN } assay_golden_kind;

/* One tensor of a file. */
typedef struct {
    assay_place place;
    char *path;            /* inside the file */
    assay_tensor info;     /* dtype and shape as stored; data is NULL */
    double noise_floor;    /* NaN when the file has none */
    double replayed_floor; /* its floor in a run that goes on from the golden's memory; NaN when the file has none */
    char xxh128[33];       /* "" when the file has none */
    int64_t kept_axis;     /* -1: holds all tokens. Otherwise only kept[0..kept_count) along this axis */
    int64_t *kept;
    size_t kept_count;
    bool has_unrounded;     /* a sibling <path>_unrounded holds the values before the cast to mem_dtype */
    double unrounded_floor; /* its noise floor; NaN without */
    double unrounded_replayed_floor;
} assay_golden_tensor;

/* Attributes of /steps/<n>. Absent texts are "". */
typedef struct {
    char *op;
    char *refused; /* rule ids, separated by spaces */
    char *refused_message;
    int past_captured; /* 1: the file holds the whole past after the step, so what is absent is empty; 0: it does not;
                          -1: it does not say */
} assay_golden_step;

typedef struct {
    assay_h5 *file;
    assay_golden_kind kind;      /* a file without a `format` attribute counts as a dump */
    char *producer, *provenance; /* "" when absent */
    char *unsupported;           /* of a dump: why the port cannot run the case; "" otherwise */
    bool has_dtype;
    assay_dtype dtype; /* what the model computed in; float32 when the file does not say */
    char case_sha256[65], config_sha256[65], weights_xxh128[33]; /* as the file says; "" when absent */
    bool has_case;
    assay_case test_case;
    char *config_text;   /* of /config; NULL when absent */
    bool has_config;     /* from /config, else from the case's model */
    bool config_refused; /* the original refuses to build it; config_error says why, config is not valid */
    assay_error config_error;
    assay_config config;
    bool has_weights; /* /weights is there */
    assay_golden_step *steps;
    size_t step_count;
    assay_golden_tensor *tensors; /* of /steps, in execution order */
    size_t tensor_count;
    assay_golden_tensor *float64; /* of /float64/steps, in execution order */
    size_t float64_count;
    bool any_names;         /* opened by assay_golden_open_any */
    assay_h5_names unknown; /* datasets below /steps that are no stage; with any_names those elsewhere too */
} assay_golden;

/* Opens and checks: the format's name and version, that case and configuration parse and match their digests where the
 * file has them (a golden must have them), and that every tensor can be read (type, rank, attributes). */
assay_status assay_golden_open(assay_golden *out, const char *path, assay_error *err);

/* The configuration; NULL when the file has none, or one that the original refuses to build. */
static inline const assay_config *assay_golden_config(const assay_golden *g) {
    return g->has_config && !g->config_refused ? &g->config : NULL;
}
/* The same for the dump of a port that has names of its own: /steps need not be there, and `unknown` lists the datasets of the
 * whole file that are neither a stage nor one of the parts that the schema names. */
assay_status assay_golden_open_any(assay_golden *out, const char *path, assay_error *err);

void assay_golden_close(assay_golden *g);

/* The tensor of a place, or NULL; of the main run, or of the float64 run. */
const assay_golden_tensor *assay_golden_find(const assay_golden *g, const assay_place *place);
const assay_golden_tensor *assay_golden_find_float64(const assay_golden *g, const assay_place *place);

/* Reads the values into an owned tensor, and checks them against xxh128 where the file has it. */
assay_status assay_golden_read(const assay_golden *g, const assay_golden_tensor *t, assay_tensor *out,
                               assay_error *err);

/* Reads the sibling with the values before the cast; t->has_unrounded must be set. */
assay_status assay_golden_read_unrounded(const assay_golden *g, const assay_golden_tensor *t, assay_tensor *out,
                                         assay_error *err);

/* Describes or reads a dataset of `unknown`; owned when read. ASSAY_EINPUT when it holds no numbers, or is damaged. */
assay_status assay_golden_describe_unknown(const assay_golden *g, const char *name, assay_tensor *out,
                                           assay_error *err);
assay_status assay_golden_read_unknown(const assay_golden *g, const char *name, assay_tensor *out, assay_error *err);
/* Where the values (of the sibling, when `unrounded`) lie, when they lie in the file as they do in memory; otherwise *found is false,
 * and they must be read as a whole. The digest is not checked: whoever reads the values does. */
assay_status assay_golden_locate(const assay_golden *g, const assay_golden_tensor *t, bool unrounded,
                                 assay_stored_values *out, bool *found, assay_error *err);

/* The weights that the file's case ran with, as `dtype`: those of the folder model_dir when it is not NULL, else the
 * file's own /weights, else those of the case's recipe. Checked against weights_xxh128 before they are cast. The caller
 * destroys *out. */
assay_status assay_golden_weights(const assay_golden *g, const char *model_dir, assay_dtype dtype,
                                  assay_tensor_map **out, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
