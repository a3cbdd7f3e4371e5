/* test_rope.c in double. */
#define ASSAY_REAL_F64
#include "engine/test_rope.c"
