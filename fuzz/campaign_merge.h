/* The shards of a campaign as one. */
#ifndef ASSAY_FUZZ_CAMPAIGN_MERGE_H
#define ASSAY_FUZZ_CAMPAIGN_MERGE_H

#include <stddef.h>

#include "core/status.h"
#include "fuzz/campaign.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Merges `count` campaigns, all shards of one. Where they ended by their number of cases, the result is that of the whole campaign run at
 * once. Of a kind of failure the find with the smallest index is kept. `names`, what messages call them. Finds are moved out of `shards`.
 * ASSAY_EINPUT: they differ in subject or seed, or a shard is missing or there twice. Release *out with assay_fuzz_campaign_free. */
assay_status assay_fuzz_campaign_merge(assay_fuzz_campaign *out, assay_fuzz_campaign *shards, const char *const *names,
                                       size_t count, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
