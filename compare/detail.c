#include "compare/detail.h"

#include <stdlib.h>

void assay_detail_free(assay_detail *d) {
    if (!d) return;
    free(d->by_token.ratios);
    free(d->by_head.ratios);
    free(d);
}
