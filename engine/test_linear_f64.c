/* test_linear.c in double. */
#define ASSAY_REAL_F64
#include "engine/test_linear.c"
