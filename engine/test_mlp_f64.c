/* test_mlp.c in double. */
#define ASSAY_REAL_F64
#include "engine/test_mlp.c"
