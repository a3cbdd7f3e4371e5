#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare/candidate.h"
#include "core/atomic_folder.h"
#include "core/shell_quote.h"
#include "fuzz/case_text.h"
#include "fuzz/subject.h"
#include "fuzz/work_folder.h"
#include "golden/golden_probe.h"
#include "golden/safetensors_writer.h"

typedef struct {
    assay_port *port;
    char *folder; /* private */
    long asked;
} port_subject;

/* What a case needs on disk: <folder>/<number>/{case.json,model/} and, later, the dump beside them. */
typedef struct {
    char *folder, *case_path, *model, *dump;
} places;

/* Of an answer: the open dump, and the folder that it lies in. */
typedef struct {
    assay_candidate *candidate;
    char *folder;
} held_dump;

static void free_places(places *p) {
    free(p->folder);
    free(p->case_path);
    free(p->model);
    free(p->dump);
}

static assay_status name_places(places *p, const port_subject *s, const char *dump, assay_error *err) {
    *p = (places){0};
    int n = asprintf(&p->folder, "%s/%ld", s->folder, s->asked);
    if (n >= 0) n = asprintf(&p->case_path, "%s/case.json", p->folder);
    if (n >= 0) n = asprintf(&p->model, "%s/model", p->folder);
    if (n >= 0) n = dump ? asprintf(&p->dump, "%s", dump) : asprintf(&p->dump, "%s/dump", p->folder);
    return n >= 0 ? ASSAY_OK : assay_fail_nomem(err, "paths of a case");
}

static assay_status write_text(const char *path, const char *text, assay_error *err) {
    return assay_write_new_file(path, &(assay_bytes){text, strlen(text)}, 1, err);
}

static assay_status write_model(const places *p, const assay_case *c, const assay_loaded_model *m, assay_error *err) {
    char path[4096], *config;
    assay_status st = assay_fuzz_config_text(&config, c, err);
    if (st) return st;
    snprintf(path, sizeof path, "%s/config.json", p->model);
    st = write_text(path, config, err);
    free(config);
    snprintf(path, sizeof path, "%s/model.safetensors", p->model);
    return st ? st : assay_safetensors_write(path, m->weights, NULL, 0, err);
}

static assay_status write_case(const places *p, const assay_case *c, const assay_loaded_model *m, assay_error *err) {
    if (mkdir(p->folder, 0700) || mkdir(p->model, 0700))
        return assay_fail(err, ASSAY_EINTERNAL, NULL, "%s: cannot make the folder of a case", p->folder);
    char *text;
    assay_status st = assay_fuzz_case_text(&text, c, err);
    if (st) return st;
    st = write_text(p->case_path, text, err);
    free(text);
    return st ? st : write_model(p, c, m, err);
}

/* A damaged HDF5 file can crash libhdf5, or hold it up: that must not end a campaign. */
static assay_status open_safely(assay_candidate **out, const char *path, assay_error *err) {
    const unsigned seconds = 10;
    assay_status st = assay_is_hdf5(path) ? assay_golden_probe(path, seconds, err) : ASSAY_OK;
    return st ? st : assay_candidate_open(out, path, err);
}

/* A dump that cannot be read is the port's failure: it said ok. */
static void open_dump(const assay_port_answer *answer, assay_fuzz_answer *out) {
    assay_candidate *candidate;
    assay_error why;
    if (open_safely(&candidate, answer->dump, &why)) {
        out->outcome = ASSAY_PORT_GARBLED;
        snprintf(out->message, sizeof out->message, "its dump cannot be read: %.900s", why.message);
        return;
    }
    out->held = candidate;
    out->source = assay_candidate_source(candidate);
}

/* Hands the folder over to an answer that reads from it, and removes it where none does. */
static assay_status keep_folder(places *p, assay_fuzz_answer *out, assay_error *err) {
    held_dump *held = out->held ? malloc(sizeof *held) : NULL;
    if (held) {
        *held = (held_dump){.candidate = out->held, .folder = p->folder};
        out->held = held;
        out->folder = p->folder;
        p->folder = NULL;
        return ASSAY_OK;
    }
    if (!out->held) return ASSAY_OK;
    assay_candidate_close(out->held);
    memset(out, 0, sizeof *out);
    return assay_fail_nomem(err, "an answer");
}

static assay_status ask(port_subject *s, const places *p, assay_fuzz_answer *out, assay_error *err) {
    assay_port_answer *answer = malloc(sizeof *answer);
    if (!answer) return assay_fail_nomem(err, "an answer");
    assay_port_request request = {.case_path = p->case_path, .model_folder = p->model, .dump = p->dump};
    assay_status st = assay_port_ask(s->port, &request, answer, err);
    if (!st) {
        *out = (assay_fuzz_answer){.outcome = answer->outcome, .late = answer->before_request};
        snprintf(out->message, sizeof out->message, "%s", answer->message);
        snprintf(out->stderr_tail, sizeof out->stderr_tail, "%s", answer->stderr_tail);
        if (answer->outcome == ASSAY_PORT_ANSWERED) open_dump(answer, out);
        assay_work_folder_hide(p->folder, out->message);
    }
    free(answer);
    return st;
}

static assay_status answer(void *self, const assay_fuzz_question *q, assay_fuzz_answer *out, assay_error *err) {
    port_subject *s = self;
    places p;
    s->asked++;
    assay_status st = name_places(&p, s, q->dump, err);
    if (!st) st = write_case(&p, q->test_case, q->model, err);
    if (!st) st = ask(s, &p, out, err);
    if (!st) st = keep_folder(&p, out, err);
    if (p.folder) assay_work_folder_remove(p.folder);
    free_places(&p);
    return st;
}

static void release(void *self, assay_fuzz_answer *a) {
    (void)self;
    held_dump *held = a->held;
    assay_candidate_close(held->candidate);
    assay_work_folder_remove(held->folder);
    free(held->folder);
    free(held);
}

static void end(void *self) {
    port_subject *s = self;
    assay_port_stop(s->port);
    if (s->folder) assay_work_folder_remove(s->folder);
    free(s->folder);
    free(s);
}

/* "--port 'CMD'", as a shell reads it. */
static assay_status set_option(assay_fuzz_subject *s, const char *command, assay_error *err) {
    char *quoted = assay_shell_quote(command);
    if (!quoted) return assay_fail_nomem(err, "a command");
    snprintf(s->option, sizeof s->option, "--port %s", quoted);
    free(quoted);
    return ASSAY_OK;
}

assay_status assay_fuzz_subject_port(assay_fuzz_subject *out, const assay_port_options *options, assay_error *err) {
    port_subject *s = calloc(1, sizeof *s);
    if (!s) return assay_fail_nomem(err, "a subject");
    assay_status st = assay_work_folder_make(&s->folder, err);
    if (!st) st = assay_port_start(&s->port, options, err);
    if (st) {
        end(s);
        return st;
    }
    *out = (assay_fuzz_subject){.self = s, .answer = answer, .release = release, .end = end};
    snprintf(out->name, sizeof out->name, "port '%.480s'", options->command);
    return set_option(out, options->command, err);
}
