/* A campaign as a person reads it in a terminal. */
#ifndef ASSAY_FUZZ_CAMPAIGN_TEXT_H
#define ASSAY_FUZZ_CAMPAIGN_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "fuzz/campaign.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the finds, the boundaries that were met (all: as a table), and the verdict in the last line. `folder`: where finds were written;
 * NULL where that is not known. */
void assay_campaign_text(FILE *out, const assay_fuzz_campaign *campaign, const char *folder, bool all);

#ifdef __cplusplus
}
#endif

#endif
