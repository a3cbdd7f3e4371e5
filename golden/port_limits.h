/*
 * The port file "assay-port/1" (docs/port.md): what a port says that it cannot do, so that cases which demand it are told apart
 * from those that it gets wrong.
 */
#ifndef ASSAY_GOLDEN_PORT_LIMITS_H
#define ASSAY_GOLDEN_PORT_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/status.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a case may demand, and a port can or cannot do. */
typedef enum {
    ASSAY_PORT_ATTENTION_MASK,      /* a mask given to a call, or made by a generate from pads (GEN-2) */
    ASSAY_PORT_POSITION_IDS,        /* given to a call */
    ASSAY_PORT_INPUTS_EMBEDS,       /* in place of input_ids */
    ASSAY_PORT_LABELS,              /* a loss */
    ASSAY_PORT_PAST,                /* a call on the past of the one before */
    ASSAY_PORT_NO_CACHE,            /* a call with use_cache false */
    ASSAY_PORT_LAST_CONTEXT_LENGTH, /* given to a call */
    ASSAY_PORT_EOS_TOKEN_ID,        /* a generate that ends at a token */
    ASSAY_PORT_REFUSALS,            /* a step or a model that must be refused */
    ASSAY_PORT_MEMORY,              /* the configuration has memory layers; so all below */
    ASSAY_PORT_MEM_POSITIONALS_OFF,
    ASSAY_PORT_MEM_ATTENTION_GROUPING,
    ASSAY_PORT_TORCH_ATTENTION,
    ASSAY_PORT_TIE_WORD_EMBEDDINGS,
    ASSAY_PORT_ABILITY_COUNT
} assay_port_ability;

/* The key of the file: "attention_mask". */
const char *assay_port_ability_name(assay_port_ability ability);

/* Sides of a row of an attention mask on which entries are hidden; bits of assay_port_limits.padding. */
enum { ASSAY_PORT_PAD_LEFT = 1, ASSAY_PORT_PAD_RIGHT = 2, ASSAY_PORT_PAD_INSIDE = 4 };

/* Sets are bits 1 << value. */
typedef struct {
    char *name;                            /* program and version; "" when the file has none */
    bool cannot[ASSAY_PORT_ABILITY_COUNT]; /* the file says false */
    unsigned operations;                   /* of assay_op */
    unsigned dtypes;                       /* of assay_dtype: what a case may be computed in */
    unsigned mem_dtypes;                   /* of assay_dtype */
    unsigned activations;                  /* of assay_activation */
    unsigned padding;                      /* ASSAY_PORT_PAD_... */
    int64_t max_batch;                     /* rows of a call */
    int64_t max_tokens;                    /* of a row of one call */
    int64_t max_sequence;                  /* of a row with its past, and with what is generated */
} assay_port_limits;

/* Nothing is limited, and name is NULL. */
void assay_port_limits_init(assay_port_limits *port);

/* Parses a port file. `where` starts every message. ASSAY_EINPUT for anything that is not strictly one: unknown or repeated keys,
 * unknown values, wrong types, empty lists, limits below 1. Release with assay_port_limits_free. */
assay_status assay_port_limits_parse(assay_port_limits *out, const char *text, size_t text_nbytes, const char *where,
                                     assay_error *err);

/* Reads and parses a file. */
assay_status assay_port_limits_read(assay_port_limits *out, const char *path, assay_error *err);

void assay_port_limits_free(assay_port_limits *port);

/* Whether a port can run a case, on a model of this configuration (NULL: not known, or the original refuses to build it).
 * Otherwise writes the first reason into `why`: "step 0: batch 2, and the port says max_batch 1". Of a supported one why is "". */
bool assay_port_supports(const assay_port_limits *port, const assay_case *c, const assay_config *config, char *why,
                         size_t why_nbytes);

#ifdef __cplusplus
}
#endif

#endif
