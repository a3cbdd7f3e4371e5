#include "fuzz/port_process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "fuzz/port_dump.h"
#include "fuzz/port_keeper.h"

#define LOOK_MILLISECONDS 100 /* between two looks at options.interrupted */
#define END_SECONDS 0.5       /* from an end of stdout to the end of the process, where the one is due to the other */
#define DRAIN_SECONDS 0.05    /* to tell a flood from some words too many */

struct assay_port {
    assay_port_options options;
    char *command;
    assay_port_keeper keeper; /* pid 0: the port does not run */
    bool fresh;               /* it has not answered since its start */
    int64_t id;               /* of the last request */
    char name[ASSAY_PORT_TEXT];
    assay_port_lines lines;
    assay_port_tail tail;
};

/* What waiting for a line has brought. */
typedef enum { GOT_LINE, GOT_END, GOT_TIMEOUT, GOT_FLOOD, GOT_INTERRUPTION } got;

const char *assay_port_outcome_name(assay_port_outcome outcome) {
    static const char *const names[] = {"answered", "unsupported", "error",   "crashed",    "exited",
                                        "hung",     "flooded",     "garbled", "interrupted"};
    return names[outcome];
}

assay_port_options assay_port_options_init(const char *command) {
    return (assay_port_options){.command = command,
                                .start_seconds = 60,
                                .first_seconds = 60,
                                .answer_seconds = 30,
                                .stop_seconds = 2,
                                .stdout_nbytes = (size_t)1 << 20};
}

const char *assay_port_name(const assay_port *port) { return port->name; }

/* ---- outcomes ---- */

static void say(assay_port_answer *a, assay_port_outcome outcome, const char *format, ...) ASSAY_PRINTF(3, 4);
static void say(assay_port_answer *a, assay_port_outcome outcome, const char *format, ...) {
    va_list args;
    va_start(args, format);
    a->outcome = outcome;
    vsnprintf(a->message, sizeof a->message, format, args);
    va_end(args);
}

/* The port ended; `when` ends the sentence. */
static void say_ended(assay_port_answer *a, const assay_port_report *report, const char *when) {
    bool crashed = WIFSIGNALED(report->wait_status);
    a->code = crashed ? WTERMSIG(report->wait_status) : WEXITSTATUS(report->wait_status);
    if (!crashed && a->code > 128 && a->code - 128 < NSIG) crashed = true, a->code -= 128; /* a shell's word for it */
    if (report->start_errno != 0) say(a, ASSAY_PORT_EXITED, "cannot be started: %s", strerror(report->start_errno));
    else if (crashed) say(a, ASSAY_PORT_CRASHED, "killed by signal %d (%s) %s", a->code, strsignal(a->code), when);
    else say(a, ASSAY_PORT_EXITED, "ended with exit code %d %s", a->code, when);
}

/* Ends the port, and keeps what it has written to stderr until then. */
static void end(assay_port *port) {
    if (port->keeper.pid == 0) return;
    assay_port_keeper_kill(&port->keeper);
    assay_port_tail_read(&port->tail, port->keeper.err);
    assay_port_keeper_end(&port->keeper);
}

/* ---- waiting ---- */

/* Writes what fits of a request, without SIGPIPE for a port that reads no more. Returns what is left of it; NULL when nothing more is to be
 * written. */
static const char *write_some(int fd, const char *text) {
    sigset_t pipe_signal, before, pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t n = write(fd, text, strlen(text));
    int why = n < 0 ? errno : 0;
    if (why == EPIPE && !sigismember(&pending, SIGPIPE)) sigtimedwait(&pipe_signal, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (why == EAGAIN || why == EINTR) return text;
    if (n < 0 || text[n] == '\0') return NULL; /* what a closed stdin means shows in the answer */
    return text + n;
}

static void read_all(assay_port *port) {
    assay_port_lines_read(&port->lines, port->keeper.out);
    assay_port_tail_read(&port->tail, port->keeper.err);
}

/* Waits for something to happen at all, at most until `until`; what the port wrote is read then. True when the port has ended. */
static bool wait_some(assay_port *port, const char **request, double until) {
    double left = 1000 * (until - assay_clock_seconds());
    struct pollfd fds[] = {
        {.fd = port->keeper.control, .events = POLLIN},
        {.fd = port->lines.ended ? -1 : port->keeper.out, .events = POLLIN},
        {.fd = port->tail.ended ? -1 : port->keeper.err, .events = POLLIN},
        {.fd = *request != NULL ? port->keeper.in : -1, .events = POLLOUT},
    };
    poll(fds, 4, left < 0 ? 0 : left < LOOK_MILLISECONDS ? (int)left + 1 : LOOK_MILLISECONDS);
    if (fds[3].revents != 0) *request = write_some(port->keeper.in, *request);
    read_all(port); /* after an end of all processes, this is all that they wrote */
    return fds[0].revents != 0;
}

/* Waits for a whole line on stdout, while the request (NULL: none) goes out. */
static got wait_line(assay_port *port, const char *request, double seconds) {
    const double until = assay_clock_seconds() + seconds;
    for (;;) {
        size_t nbytes;
        bool ended = wait_some(port, &request, until);
        if (assay_port_lines_first(&port->lines, &nbytes) && nbytes <= port->lines.limit) return GOT_LINE;
        if (port->lines.over) return GOT_FLOOD;
        if (ended || port->lines.ended) return GOT_END;
        if (port->options.interrupted != NULL && port->options.interrupted(port->options.context))
            return GOT_INTERRUPTION;
        if (assay_clock_seconds() >= until) return GOT_TIMEOUT;
    }
}

/* ---- outcomes of waiting ---- */

/* The wait brought no line. `due` is what should have come: "a greeting", "an answer". */
static void say_failure(assay_port *port, got what, const char *due, double seconds, assay_port_answer *a) {
    assay_port_report report;
    if (what == GOT_INTERRUPTION) {
        say(a, ASSAY_PORT_INTERRUPTED, "interrupted while the port was waited for");
    } else if (what == GOT_FLOOD) {
        say(a, ASSAY_PORT_FLOODED, "more than %zu bytes on stdout", port->lines.limit);
    } else if (what == GOT_TIMEOUT) {
        say(a, ASSAY_PORT_HUNG, "%s has not come after %g seconds", due, seconds);
    } else if (assay_port_keeper_report(&port->keeper, END_SECONDS, &report)) {
        char when[64];
        snprintf(when, sizeof when, "in place of %s", due);
        say_ended(a, &report, when);
    } else {
        say(a, ASSAY_PORT_GARBLED, "closed its stdout in place of %s, and goes on running", due);
    }
}

/* The port has written what it should not have, for the reason `why`. */
static void say_garbled(assay_port *port, const char *why, assay_port_answer *a) {
    const double until = assay_clock_seconds() + DRAIN_SECONDS;
    const char *nothing = NULL;
    char text[64];
    size_t n = port->lines.nbytes < sizeof text - 1 ? port->lines.nbytes : sizeof text - 1;
    for (size_t i = 0; i < n; i++) {
        char c = port->lines.bytes[i];
        text[i] = c == '\n' ? ' ' : c < 32 || c == 127 ? '?' : c;
    }
    text[n] = '\0';
    while (!port->lines.over && !port->lines.ended && assay_clock_seconds() < until) wait_some(port, &nothing, until);
    if (port->lines.over) say_failure(port, GOT_FLOOD, "", 0, a);
    else say(a, ASSAY_PORT_GARBLED, "%s; it wrote '%s'", why, text);
}

/* ---- start ---- */

static assay_status launch(assay_port *port, assay_port_answer *a, assay_error *err) {
    assay_error garbled = {0};
    size_t nbytes;
    assay_status st = assay_port_keeper_start(&port->keeper, port->command, err);
    if (st != ASSAY_OK) return st;
    assay_port_lines_begin(&port->lines, port->options.stdout_nbytes);
    port->tail.ended = false;
    port->fresh = true;
    got what = wait_line(port, NULL, port->options.start_seconds);
    if (what != GOT_LINE) {
        say_failure(port, what, "a greeting", port->options.start_seconds, a);
    } else if (assay_port_lines_first(&port->lines, &nbytes) &&
               assay_port_read_greeting(port->lines.bytes, nbytes, port->name, &garbled) != ASSAY_OK) {
        say_garbled(port, garbled.message, a);
    } else if (port->lines.nbytes > nbytes + 1) {
        say_garbled(port, "its greeting is more than a line", a);
    }
    assay_port_lines_begin(&port->lines, port->options.stdout_nbytes);
    if (a->outcome != ASSAY_PORT_ANSWERED) {
        a->before_request = true;
        end(port);
    }
    return ASSAY_OK;
}

/* The last line of a text that has anything in it. */
static const char *last_line(char *text) {
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' ')) text[--n] = '\0';
    char *newline = strrchr(text, '\n');
    return newline != NULL ? newline + 1 : text;
}

static assay_status fail_start(assay_port *port, const assay_port_answer *a, assay_error *err) {
    char text[ASSAY_PORT_TAIL + 1];
    assay_port_tail_text(&port->tail, text);
    const char *line = last_line(text);
    assay_status st = a->outcome == ASSAY_PORT_INTERRUPTED ? ASSAY_EINTERNAL : ASSAY_EINPUT;
    return assay_fail(err, st, NULL, "the port '%.200s' does not start as " ASSAY_PORT_PROTOCOL " wants: %s%s%.200s",
                      port->command, a->message, *line != '\0' ? "; its stderr ends with: " : "", line);
}

assay_status assay_port_start(assay_port **out, const assay_port_options *options, assay_error *err) {
    assay_port *port = calloc(1, sizeof *port);
    assay_port_answer *answer = calloc(1, sizeof *answer);
    assay_status st = ASSAY_OK;
    if (port != NULL) port->options = *options, port->command = strdup(options->command);
    if (port == NULL || answer == NULL || port->command == NULL) st = assay_fail_nomem(err, "a port");
    if (st == ASSAY_OK) st = launch(port, answer, err);
    if (st == ASSAY_OK && answer->outcome != ASSAY_PORT_ANSWERED) st = fail_start(port, answer, err);
    free(answer);
    if (st != ASSAY_OK) assay_port_stop(port);
    else *out = port;
    return st;
}

/* ---- a request ---- */

/* What the port did since its last answer, when nothing was asked of it. With exit code 0 it may end. */
static void check_idle(assay_port *port, assay_port_answer *a) {
    assay_port_report report;
    bool ended = assay_port_keeper_report(&port->keeper, 0, &report);
    read_all(port);
    if (port->lines.nbytes > 0) say_garbled(port, "wrote to stdout when nothing was asked of it", a);
    else if (ended || (port->lines.ended && assay_port_keeper_report(&port->keeper, END_SECONDS, &report)))
        say_ended(a, &report, "after its answer to the request before");
    else if (port->lines.ended)
        say(a, ASSAY_PORT_GARBLED, "closed its stdout after its answer to the request before, and goes on running");
    a->before_request = a->outcome != ASSAY_PORT_ANSWERED;
    if (a->before_request) end(port);
}

static void take_dump(const assay_port_request *request, assay_port_answer *a) {
    size_t count = assay_port_dump_find(request->dump, a->dump);
    if (count == 1) return;
    a->dump[0] = '\0';
    say(a, ASSAY_PORT_GARBLED,
        count == 0 ? "says ok, and has written no dump to %.300s" : "has written more than one dump to %.300s",
        request->dump);
}

static void take_answer(assay_port *port, const assay_port_request *request, assay_port_answer *a) {
    assay_error garbled = {0};
    assay_port_says says;
    char text[ASSAY_PORT_TEXT];
    size_t nbytes = 0;
    assay_port_lines_first(&port->lines, &nbytes);
    if (assay_port_read_answer(port->lines.bytes, nbytes, port->id, &says, text, &garbled) != ASSAY_OK) {
        say_garbled(port, garbled.message, a);
    } else if (port->lines.nbytes > nbytes + 1) {
        say_garbled(port, "wrote more than one line", a);
    } else if (says == ASSAY_PORT_SAYS_OK) {
        take_dump(request, a);
    } else {
        say(a, says == ASSAY_PORT_SAYS_ERROR ? ASSAY_PORT_ERROR : ASSAY_PORT_UNSUPPORTED, "%s", text);
    }
}

/* Asks the port that runs. */
static assay_status ask_once(assay_port *port, const assay_port_request *request, assay_port_answer *a,
                             assay_error *err) {
    const double start = assay_clock_seconds();
    const double limit = port->fresh ? port->options.first_seconds : port->options.answer_seconds;
    char *line = assay_port_request_line(request, ++port->id);
    if (line == NULL) return assay_fail_nomem(err, "a request");
    got what = wait_line(port, line, limit);
    a->seconds = assay_clock_seconds() - start;
    free(line);
    if (what == GOT_LINE) take_answer(port, request, a);
    else say_failure(port, what, "an answer", limit, a);
    if (a->outcome > ASSAY_PORT_ERROR) end(port);
    port->fresh = false;
    assay_port_lines_begin(&port->lines, port->options.stdout_nbytes);
    return ASSAY_OK;
}

/* Whether the port ended as one may that runs a case and is done: what it was asked meanwhile it has not read. */
static bool has_retired(const assay_port_answer *a) { return a->outcome == ASSAY_PORT_EXITED && a->code == 0; }

static assay_status ask(assay_port *port, const assay_port_request *request, assay_port_answer *a, assay_error *err) {
    assay_status st = ASSAY_OK;
    if (port->keeper.pid != 0) {
        bool fresh = port->fresh;
        check_idle(port, a);
        if (!a->before_request) st = ask_once(port, request, a, err);
        if (st != ASSAY_OK || fresh || !has_retired(a)) return st;
        *a = (assay_port_answer){0};
    }
    st = launch(port, a, err);
    return st == ASSAY_OK && a->outcome == ASSAY_PORT_ANSWERED ? ask_once(port, request, a, err) : st;
}

assay_status assay_port_ask(assay_port *port, const assay_port_request *request, assay_port_answer *answer,
                            assay_error *err) {
    char there[PATH_MAX];
    if (strlen(request->dump) + ASSAY_PORT_DUMP_SUFFIX >= PATH_MAX)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%.200s...: the path of the dump is too long", request->dump);
    if (assay_port_dump_find(request->dump, there) > 0)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%.600s: is there already; remove it, or name another place for the dump", there);
    *answer = (assay_port_answer){0};
    assay_status st = ask(port, request, answer, err);
    if (port->keeper.pid != 0) assay_port_tail_read(&port->tail, port->keeper.err);
    assay_port_tail_text(&port->tail, answer->stderr_tail);
    port->tail.total = 0;
    return st;
}

void assay_port_stop(assay_port *port) {
    if (port == NULL) return;
    if (port->keeper.pid != 0) {
        const double until = assay_clock_seconds() + port->options.stop_seconds;
        const char *nothing = NULL;
        assay_port_keeper_close_in(&port->keeper);
        while (!port->lines.over && assay_clock_seconds() < until && !wait_some(port, &nothing, until)) continue;
        assay_port_keeper_end(&port->keeper);
    }
    assay_port_lines_free(&port->lines);
    free(port->command);
    free(port);
}
