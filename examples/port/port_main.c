/*
 * longllama_port CASE_DIR: runs a case as `assay conformance export` writes it, and dumps what ASSAY_TAP asks for.
 * longllama_port --serve: runs the cases that it is asked for on stdin (docs/fuzz-protocol.md).
 * Exit codes: 0 when the case ran; 2 for bad input, for what this port does not do (port.json), and when a step is refused that
 * the case does not expect to be.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "examples/port/port.h"

/* The digest of the case, from the suite's manifest; NULL where there is none. It points into `manifest`. */
static const char *case_digest(const cJSON *manifest, const char *dir) {
    const char *slash = strrchr(dir, '/'), *name = slash != NULL ? slash + 1 : dir;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(manifest, "cases")) {
        const cJSON *of = cJSON_GetObjectItemCaseSensitive(entry, "name");
        const cJSON *digest = cJSON_GetObjectItemCaseSensitive(entry, "case_sha256");
        if (cJSON_IsString(of) && cJSON_IsString(digest) && strcmp(of->valuestring, name) == 0)
            return digest->valuestring;
    }
    return NULL;
}

int main(int argc, char **argv) {
    char path[PATH_MAX];
    if (argc != 2) port_stop("usage: [ASSAY_TAP=OUT] longllama_port CASE_DIR, or longllama_port --serve");
    if (strcmp(argv[1], "--serve") == 0) return port_serve();
    snprintf(path, sizeof path, "%s/../../manifest.json", argv[1]);
    cJSON *manifest = port_read_json(path);
    snprintf(path, sizeof path, "%s/case.json", argv[1]);
    cJSON *json = port_read_case(path);
    assay_tap tap = assay_tap_open();
    port_job job = {path, json, argv[1], case_digest(manifest, argv[1]), &tap};
    bool expected = port_run_case(&job);
    assay_tap_close(&tap);
    cJSON_Delete(json);
    cJSON_Delete(manifest);
    return expected ? 0 : 2;
}
