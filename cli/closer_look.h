/* A case that fails, looked at by diagnose and blame, for the reports. */
#ifndef ASSAY_CLI_CLOSER_LOOK_H
#define ASSAY_CLI_CLOSER_LOOK_H

#include "cli/progress.h"
#include "compare/result.h"
#include "compare/source.h"
#include "core/status.h"
#include "golden/golden_file.h"
#include "run/arithmetic.h"

/* Adds the findings of both to a case that fails and whose golden holds a case. Where one of them cannot look, its finding has the verdict
 * "none" and says why. `progress` may be NULL. Diagnose takes 8 s at most; blame as long as it needs. ASSAY_EINTERNAL when out of memory. */
assay_status cli_look_closer(assay_case_result *c, const assay_golden *golden, const assay_source *candidate,
                             const assay_arithmetic *arithmetic, cli_progress *progress, assay_error *err);

#endif
