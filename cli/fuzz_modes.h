/* The ways of 'assay fuzz'; for cmd_fuzz.c. Each returns the exit code. */
#ifndef ASSAY_CLI_FUZZ_MODES_H
#define ASSAY_CLI_FUZZ_MODES_H

#include "cli/options.h"
#include "fuzz/subject.h"

/* Random cases on a subject. */
int cli_fuzz_campaign(const cli_args *args);

/* --replay: stored cases on a subject. */
int cli_fuzz_replay(const cli_args *args);

/* --merge: the reports of shards as one. */
int cli_fuzz_merge(const cli_args *args);

/* --adopt: a find becomes a regression case. */
int cli_fuzz_adopt(const cli_args *args);

/* --port and --mistake: what is fuzzed; the engine where neither is given. End with assay_fuzz_subject_end. */
assay_status cli_fuzz_subject(const cli_args *args, assay_fuzz_subject *out, assay_error *err);

/* Engines run on one thread where --threads does not say otherwise: cases are small. */
assay_status cli_fuzz_start_engine(const cli_args *args, assay_error *err);

#endif
