#include "fuzz/port_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/json_strict.h"

char *assay_port_request_line(const assay_port_request *request, int64_t id) {
    cJSON *json = cJSON_CreateObject();
    bool made = cJSON_AddNumberToObject(json, "id", (double)id) != NULL &&
                cJSON_AddStringToObject(json, "case", request->case_path) != NULL &&
                cJSON_AddStringToObject(json, "model", request->model_folder) != NULL &&
                cJSON_AddStringToObject(json, "dump", request->dump) != NULL;
    char *text = made ? cJSON_PrintUnformatted(json) : NULL;
    cJSON_Delete(json);
    size_t n = text != NULL ? strlen(text) : 0;
    char *line = text != NULL ? malloc(n + 2) : NULL;
    if (line != NULL) {
        memcpy(line, text, n);
        memcpy(line + n, "\n", 2);
    }
    cJSON_free(text);
    return line;
}

/* A copy that fits, without control characters, and cut at the start of a character. */
static void copy_text(char out[ASSAY_PORT_TEXT], const char *text) {
    size_t n = strlen(text);
    if (n >= ASSAY_PORT_TEXT)
        for (n = ASSAY_PORT_TEXT - 1; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;) n--;
    for (size_t i = 0; i < n; i++) out[i] = (unsigned char)text[i] < 32 || text[i] == 127 ? '?' : text[i];
    out[n] = '\0';
}

static assay_status parse_object(cJSON **out, const char *line, size_t nbytes, const char *where, assay_error *err) {
    assay_status st = assay_json_parse(out, line, nbytes, where, err);
    if (st != ASSAY_OK) return st;
    if ((st = assay_json_as_object(*out, where, err)) != ASSAY_OK) cJSON_Delete(*out);
    return st;
}

assay_status assay_port_read_greeting(const char *line, size_t nbytes, char name[ASSAY_PORT_TEXT], assay_error *err) {
    const char *where = "its greeting", *protocol = "", *given = "";
    const cJSON *member;
    cJSON *json;
    assay_status st = parse_object(&json, line, nbytes, where, err);
    if (st != ASSAY_OK) return st;
    if ((st = assay_json_require(json, "protocol", where, &member, err)) == ASSAY_OK &&
        (st = assay_json_as_string(member, "its greeting: protocol", &protocol, err)) == ASSAY_OK)
        st = assay_json_get_string(json, "name", where, &given, err);
    if (st == ASSAY_OK && strcmp(protocol, ASSAY_PORT_PROTOCOL) != 0)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "its greeting: the protocol is '%.60s'; this program speaks %s",
                        protocol, ASSAY_PORT_PROTOCOL);
    if (st == ASSAY_OK) copy_text(name, given);
    cJSON_Delete(json);
    return st;
}

static assay_status check_id(const cJSON *json, int64_t id, assay_error *err) {
    const cJSON *member;
    int64_t given = 0;
    assay_status st = assay_json_require(json, "id", "its answer", &member, err);
    if (st == ASSAY_OK) st = assay_json_as_int(member, "its answer: id", &given, err);
    if (st != ASSAY_OK || given == id) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL, "its answer has the id %lld; the request had %lld", (long long)given,
                      (long long)id);
}

static assay_status read_reason(const cJSON *member, char text[ASSAY_PORT_TEXT], assay_error *err) {
    char where[64];
    const char *given = "";
    snprintf(where, sizeof where, "its answer: %s", member->string);
    assay_status st = assay_json_as_string(member, where, &given, err);
    if (st == ASSAY_OK && *given == '\0') st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: is empty; say why", where);
    if (st == ASSAY_OK) copy_text(text, given);
    return st;
}

static assay_status read_kind(const cJSON *json, assay_port_says *says, char text[ASSAY_PORT_TEXT], assay_error *err) {
    const cJSON *ok = assay_json_member(json, "ok"), *unsupported = assay_json_member(json, "unsupported"),
                *error = assay_json_member(json, "error");
    if ((ok != NULL) + (unsupported != NULL) + (error != NULL) != 1)
        return assay_fail(err, ASSAY_EINPUT, NULL, "its answer has not just one of ok, unsupported and error");
    *text = '\0';
    *says = ok != NULL ? ASSAY_PORT_SAYS_OK : unsupported != NULL ? ASSAY_PORT_SAYS_UNSUPPORTED : ASSAY_PORT_SAYS_ERROR;
    if (ok == NULL) return read_reason(unsupported != NULL ? unsupported : error, text, err);
    if (cJSON_IsTrue(ok)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "its answer: ok: must be true; what fails is said with unsupported or error");
}

assay_status assay_port_read_answer(const char *line, size_t nbytes, int64_t id, assay_port_says *says,
                                    char text[ASSAY_PORT_TEXT], assay_error *err) {
    static const char *const keys[] = {"id", "ok", "unsupported", "error", NULL};
    cJSON *json;
    assay_status st = parse_object(&json, line, nbytes, "its answer", err);
    if (st != ASSAY_OK) return st;
    if ((st = assay_json_known_keys(json, keys, "its answer", err)) == ASSAY_OK &&
        (st = check_id(json, id, err)) == ASSAY_OK)
        st = read_kind(json, says, text, err);
    cJSON_Delete(json);
    return st;
}
