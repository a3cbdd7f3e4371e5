/*
 * Comparison with a candidate that computes in half precision, or with weights of its own (docs/methodology.md): it is judged by what
 * its arithmetic can do at best. The engine runs the golden's case in that arithmetic, and how far its results are from exact ones
 * is the noise floor of each stage.
 */
#ifndef ASSAY_RUN_ARITHMETIC_H
#define ASSAY_RUN_ARITHMETIC_H

#include "compare/compare.h"
#include "compare/result.h"
#include "compare/source.h"
#include "core/status.h"
#include "golden/golden_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A candidate is as good as a half-precision run when it is on the whole at most so many times as far from exact results. */
#define ASSAY_AS_GOOD 1.5

typedef struct {
    bool has_dtype; /* what the candidate computes in was given; else it is what it declares, or what its values show */
    assay_dtype dtype;       /* valid when has_dtype */
    const char *model_dir;   /* weights of a golden that holds none; may be NULL */
    const char *weights_dir; /* NULL, or the folder of the weights that the candidate used instead of the golden's */
} assay_arithmetic;

/* What a candidate that does not say it computes in: a half type when every activation that it holds, 16 numbers at least, is a
 * number of that type (bfloat16 is tried first); float32 otherwise. Errors: those of reading. */
assay_status assay_detect_dtype(assay_dtype *out, const assay_source *candidate, assay_error *err);

/* What the candidate computes in: what was asked for, else what it declares, else what it shows. ASSAY_EINPUT when a half type is asked
 * for and it declares another type. */
assay_status assay_choose_dtype(assay_dtype *out, const assay_source *candidate, const assay_arithmetic *asked,
                                assay_error *err);

/* assay_compare, with the floors of the candidate's arithmetic:
 *   - weights of its own: the reference is the engine's float32 run on them, with floors from a float64 run and from runs whose weights
 *     are moved by a unit in the last place;
 *   - half precision against a float32 or float64 reference: floors from the engine's run in that type;
 *   - half precision against a half-precision golden: the golden's own. A candidate in another half type is refused;
 *   - float32 and float64: as assay_compare. A candidate that declares them is never given wider floors, whatever its values.
 * In half precision the result also says whether the candidate is as good as a run of the original's arithmetic: the golden itself where it
 * is one, else the engine's. `g` is the golden's file and `golden` its source. ASSAY_EINPUT besides that of assay_compare: no case or
 * weights to run, weights that do not fit. Release *out with assay_case_result_free. */
assay_status assay_compare_arithmetic(assay_case_result *out, const assay_golden *g, const assay_source *golden,
                                      const assay_source *candidate, const assay_arithmetic *arithmetic,
                                      const assay_compare_options *options, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
