/* A campaign as JSON, "assay-fuzz/1" (docs/fuzzing.md): written, and read back to be merged. */
#ifndef ASSAY_FUZZ_CAMPAIGN_JSON_H
#define ASSAY_FUZZ_CAMPAIGN_JSON_H

#include "core/status.h"
#include "fuzz/campaign.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the file, which appears whole or not at all. */
assay_status assay_campaign_write_json(const char *path, const assay_fuzz_campaign *campaign, assay_error *err);

/* Reads such a file. ASSAY_EINPUT: it is none. Release with assay_fuzz_campaign_free. */
assay_status assay_campaign_read_json(assay_fuzz_campaign *out, const char *path, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
