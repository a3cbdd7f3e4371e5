/*
 * The port as a child of `assay fuzz --port` (docs/fuzz-protocol.md): a request is a line of JSON on stdin, and so is its answer on stdout.
 *
 * Each case runs in a fork of the program. So an early end, which this port has for all that it does not do, ends that one alone, and no
 * case sees what another one left in memory.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "examples/port/port.h"

/* The request that is being answered, where an early end finds it. */
static double asked;

static void answer(const char *key, cJSON *value) {
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "id", asked);
    cJSON_AddItemToObject(json, key, value);
    char *line = cJSON_PrintUnformatted(json);
    if (line == NULL) exit(3);
    puts(line);
    fflush(stdout);
    cJSON_free(line);
    cJSON_Delete(json);
}

static void answer_early_end(bool declined, const char *why) {
    answer(declined ? "unsupported" : "error", cJSON_CreateString(why));
    _exit(0);
}

static const char *text(const cJSON *request, const char *key) {
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(request, key);
    if (!cJSON_IsString(member)) port_stop("the request has no %s", key);
    return member->valuestring;
}

static void run_request(const cJSON *request) {
    const char *path = text(request, "case");
    cJSON *json = port_read_case(path);
    assay_tap tap = assay_tap_open_at(text(request, "dump"), getenv("ASSAY_TAP_ONLY"), 0);
    port_job job = {path, json, text(request, "model"), NULL, &tap};
    if (!assay_tap_on(&tap)) port_stop("the dump cannot be written");
    port_run_case(&job);
    if (tap.sink->failed) port_stop("the dump is not whole");
    assay_tap_close(&tap);
    cJSON_Delete(json);
    answer("ok", cJSON_CreateTrue());
}

/* Ends as the fork of a case did, unless it has answered. */
static void follow(pid_t child) {
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child) port_stop("a case cannot be started");
    if (WIFSIGNALED(status)) raise(WTERMSIG(status));
    if (status != 0) exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
}

int port_serve(void) {
    char *line = NULL;
    size_t room = 0;
    puts("{\"protocol\": \"assay-port-protocol/1\", \"name\": \"longllama_port\"}");
    while (fflush(stdout) == 0 && getline(&line, &room, stdin) > 0) {
        cJSON *request = cJSON_Parse(line);
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(request, "id");
        if (!cJSON_IsNumber(id)) port_stop("a request is no JSON, or has no id");
        asked = id->valuedouble;
        pid_t child = fork();
        if (child == 0) {
            port_at_early_end(answer_early_end);
            run_request(request);
            _exit(0);
        }
        follow(child);
        cJSON_Delete(request);
    }
    free(line);
    return 0;
}
