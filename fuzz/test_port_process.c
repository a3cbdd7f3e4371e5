#include "fuzz/port_process.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "golden/test_scratch.h"

/* A port in shell that answers well, but does `nasty` when the case is called bad. */
#define GREET "echo '{\"protocol\": \"assay-port-protocol/1\", \"name\": \"sh 1\"}'; "
#define OK "{\\\"id\\\":$id,\\\"ok\\\":true}"
#define ANSWER "d=${line##*\\\"dump\\\":\\\"}; : >${d%%\\\"*}.h5; echo \"" OK "\"; "
#define LOOP "while read -r line; do id=${line#*:}; id=${id%%,*}; "
#define ANSWER_SLOWLY                                                                                                  \
    "d=${line##*\\\"dump\\\":\\\"}; : >${d%%\\\"*}.h5; printf '{\"id\"'; sleep 0.05; printf ':%s,\"ok\":' $id; sleep " \
    "0.05; echo 'true}'"
#define PORT(nasty) GREET LOOP "case $line in *bad*) " nasty ";; *) " ANSWER ";; esac; done"

typedef struct {
    scratch files;
    char mark[64];
    assay_port_options options;
    assay_port *port;
    assay_port_answer answer;
} fixture;

static void set_up(fixture *f, const char *command) {
    *f = (fixture){0};
    scratch_make(&f->files);
    snprintf(f->mark, sizeof f->mark, "ASSAY_TEST_MARK=%ld", (long)getpid());
    setenv("ASSAY_TEST_MARK", strchr(f->mark, '=') + 1, 1);
    f->options = assay_port_options_init(command);
    f->options.start_seconds = 10;
    f->options.first_seconds = 10;
    f->options.answer_seconds = 10;
    f->options.stop_seconds = 0.2;
}

/* How many processes have the mark in their environment. This one has it not, since it was started without. */
static int living(const fixture *f) {
    DIR *proc = opendir("/proc");
    int count = 0;
    cr_assert(proc);
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        char path[300], text[16384];
        snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "rb") : NULL;
        if (file == NULL) continue;
        size_t n = fread(text, 1, sizeof text, file);
        count += memmem(text, n, f->mark, strlen(f->mark) + 1) != NULL;
        fclose(file);
    }
    closedir(proc);
    return count;
}

/* Waits until there are two at least: within an exec a process has no environment for a moment. */
static void expect_two(const fixture *f) {
    int most = 0;
    for (int i = 0; i < 500 && most < 2; i++) {
        int now = living(f);
        if (now > most) most = now;
        usleep(2000);
    }
    cr_expect(most >= 2, "the mark is not seen");
}

static void start(fixture *f) { EXPECT_OK(assay_port_start(&f->port, &f->options, &expect_err)); }

static void ask(fixture *f, const char *name, assay_port_outcome expected) {
    static int number;
    char dump[100];
    snprintf(dump, sizeof dump, "%s/dump-%d", f->files.dir, number++);
    assay_port_request request = {name, "/model", dump};
    EXPECT_OK(assay_port_ask(f->port, &request, &f->answer, &expect_err));
    cr_assert_eq(f->answer.outcome, expected, "%s: %s (%s), not %s; stderr: %.500s", name,
                 assay_port_outcome_name(f->answer.outcome), f->answer.message, assay_port_outcome_name(expected),
                 f->answer.stderr_tail);
    if (expected > ASSAY_PORT_ERROR) cr_assert_eq(living(f), 0, "a process is left after %s", f->answer.message);
    if (expected == ASSAY_PORT_ANSWERED) cr_assert_str_eq(f->answer.dump + strlen(dump), ".h5");
}

static void stop(fixture *f) {
    assay_port_stop(f->port);
    f->port = NULL;
    cr_assert_eq(living(f), 0, "a process is left after the stop");
    cr_assert(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a child is left");
    scratch_remove(&f->files);
}

/* Well, badly, and well again. */
static void expect_outcome(const char *command, assay_port_outcome expected, const char *part) {
    fixture f;
    set_up(&f, command);
    if (expected == ASSAY_PORT_HUNG) f.options.answer_seconds = 0.2;
    start(&f);
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    ask(&f, "bad", expected);
    cr_expect(strstr(f.answer.message, part), "'%s' is not in '%s'", part, f.answer.message);
    cr_expect(!f.answer.before_request);
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    stop(&f);
}

#define OUTCOME(name, nasty, outcome, part) \
    Test(port_process, name, .timeout = 20) { expect_outcome(PORT(nasty), outcome, part); }

OUTCOME(a_port_may_decline, "echo \"{\\\"id\\\":$id,\\\"unsupported\\\":\\\"no masks\\\"}\"", ASSAY_PORT_UNSUPPORTED,
        "no masks")
OUTCOME(a_port_may_fail, "echo \"{\\\"id\\\":$id,\\\"error\\\":\\\"no memory\\\"}\"", ASSAY_PORT_ERROR, "no memory")
OUTCOME(a_crash, "kill -SEGV $$", ASSAY_PORT_CRASHED, "signal 11")
OUTCOME(a_crash_of_what_a_shell_runs, "sh -c 'kill -ABRT $$'; exit $?", ASSAY_PORT_CRASHED, "signal 6")
OUTCOME(an_exit, "exit 3", ASSAY_PORT_EXITED, "exit code 3 in place of an answer")
OUTCOME(an_exit_with_success, "exit 0", ASSAY_PORT_EXITED, "exit code 0")
OUTCOME(an_exit_within_an_answer, "printf '{\"id\":'; exit 0", ASSAY_PORT_EXITED, "exit code 0")
OUTCOME(a_hang, "sleep 100", ASSAY_PORT_HUNG, "after 0.2 seconds")
OUTCOME(a_hang_that_ignores_signals, "trap '' TERM INT HUP; sleep 100", ASSAY_PORT_HUNG, "an answer has not come")
OUTCOME(a_flood_without_newlines, "tr '\\0' x </dev/zero", ASSAY_PORT_FLOODED, "more than 1048576 bytes")
OUTCOME(a_flood_of_lines, "yes", ASSAY_PORT_FLOODED, "more than 1048576 bytes")
OUTCOME(no_json, "echo hello", ASSAY_PORT_GARBLED, "it wrote 'hello '")
OUTCOME(an_empty_line, "echo", ASSAY_PORT_GARBLED, "its answer")
OUTCOME(bytes_that_are_no_text, "printf '\\377\\376\\n'", ASSAY_PORT_GARBLED, "its answer")
OUTCOME(another_id, "id=1000; echo \"" OK "\"", ASSAY_PORT_GARBLED, "has the id 1000; the request had 2")
OUTCOME(no_id, "echo '{\"ok\":true}'", ASSAY_PORT_GARBLED, "'id' is missing")
OUTCOME(another_key, "echo \"{\\\"id\\\":$id,\\\"ok\\\":true,\\\"why\\\":1}\"", ASSAY_PORT_GARBLED, "'why'")
OUTCOME(no_kind, "echo \"{\\\"id\\\":$id}\"", ASSAY_PORT_GARBLED, "not just one of")
OUTCOME(ok_that_is_false, "echo \"{\\\"id\\\":$id,\\\"ok\\\":false}\"", ASSAY_PORT_GARBLED, "must be true")
OUTCOME(an_empty_reason, "echo \"{\\\"id\\\":$id,\\\"error\\\":\\\"\\\"}\"", ASSAY_PORT_GARBLED, "say why")
OUTCOME(ok_without_a_dump, "echo \"" OK "\"", ASSAY_PORT_GARBLED, "no dump")
OUTCOME(two_dumps, "d=${line##*\\\"dump\\\":\\\"}; : >${d%%\\\"*}; " ANSWER, ASSAY_PORT_GARBLED, "more than one dump")
OUTCOME(two_answers, "d=\"" OK "\"; printf '%s\\n%s\\n' \"$d\" \"$d\"", ASSAY_PORT_GARBLED, "more than one line")
OUTCOME(a_closed_stdout, "exec >&-; sleep 100", ASSAY_PORT_GARBLED, "closed its stdout")
OUTCOME(a_grandchild_that_holds_the_pipes, "sleep 100 & kill -KILL $$", ASSAY_PORT_CRASHED, "signal 9")
OUTCOME(a_daemon, "(setsid sh -c 'setsid sleep 100 & sleep 100' &) ; exit 4", ASSAY_PORT_EXITED, "exit code 4")
OUTCOME(a_daemon_of_one_that_hangs, "(setsid setsid sleep 100 &) ; sleep 100", ASSAY_PORT_HUNG,
        "an answer has not come")
OUTCOME(a_lot_of_stderr, "head -c 10000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo last >&2; " ANSWER,
        ASSAY_PORT_ANSWERED, "")
OUTCOME(an_answer_in_pieces, ANSWER_SLOWLY, ASSAY_PORT_ANSWERED, "")

/* What was found out too late counts against the next request, and says so. */
static void expect_late(const char *command, assay_port_outcome expected, const char *part) {
    fixture f;
    set_up(&f, command);
    start(&f);
    ask(&f, "bad", ASSAY_PORT_ANSWERED);
    usleep(100000);
    ask(&f, "good", expected);
    cr_expect(strstr(f.answer.message, part), "'%s' is not in '%s'", part, f.answer.message);
    cr_expect(f.answer.before_request);
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    stop(&f);
}

Test(port_process, chatter_after_an_answer) {
    expect_late(PORT(ANSWER "sleep 0.03; echo more"), ASSAY_PORT_GARBLED, "nothing was asked of it");
}
Test(port_process, a_crash_after_an_answer) {
    expect_late(PORT(ANSWER "sleep 0.03; kill -BUS $$"), ASSAY_PORT_CRASHED, "after its answer to the request before");
}
Test(port_process, an_exit_after_an_answer) {
    expect_late(PORT(ANSWER "exit 5"), ASSAY_PORT_EXITED, "exit code 5 after its answer");
}

/* A program that runs one case and is done is started for each, whether its end is seen before the next request or not. */
Test(port_process, one_case_a_start) {
    fixture f;
    set_up(&f, PORT(ANSWER "exit 0"));
    start(&f);
    for (int i = 0; i < 6; i++) {
        ask(&f, "bad", ASSAY_PORT_ANSWERED);
        if (i % 2 == 0) usleep(20000);
    }
    stop(&f);
}

Test(port_process, stderr_is_kept_by_request) {
    fixture f;
    char lines[60];
    set_up(&f, PORT("i=0; while [ $i -lt 1000 ]; do i=$((i+1)); echo line $i; done >&2; exit 1"));
    start(&f);
    cr_expect_str_eq(assay_port_name(f.port), "sh 1");
    ask(&f, "bad", ASSAY_PORT_EXITED);
    cr_expect(strncmp(f.answer.stderr_tail, "line ", 5) == 0, "%.40s", f.answer.stderr_tail);
    snprintf(lines, sizeof lines, "line 999\nline 1000\n");
    cr_expect_str_eq(f.answer.stderr_tail + strlen(f.answer.stderr_tail) - strlen(lines), lines);
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    cr_expect_str_eq(f.answer.stderr_tail, "");
    stop(&f);
}

Test(port_process, a_port_that_does_not_stop_is_killed) {
    fixture f;
    set_up(&f, "trap '' TERM; setsid sleep 100 & " PORT(":") "; exec sleep 100");
    start(&f);
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    expect_two(&f);
    double before = assay_clock_seconds();
    stop(&f);
    cr_expect_lt(assay_clock_seconds() - before, 5);
}

/* A port that ends on the end of its stdin has the time for it. */
Test(port_process, a_port_may_tidy_up) {
    fixture f;
    set_up(&f, PORT(":") "; sleep 0.05; : >$TIDY");
    f.options.stop_seconds = 10;
    setenv("TIDY", scratch_path(&f.files, "tidy"), 1);
    start(&f);
    assay_port_stop(f.port);
    f.port = NULL;
    cr_expect_eq(scratch_count(&f.files), 1);
    stop(&f);
}

static void expect_no_start(const char *command, const char *part) {
    fixture f;
    set_up(&f, command);
    f.options.start_seconds = 0.3;
    f.options.first_seconds = 0.3;
    EXPECT_REFUSED(assay_port_start(&f.port, &f.options, &expect_err), part);
    stop(&f);
}

Test(port_process, what_is_no_port_does_not_start) {
    expect_no_start("/no/such/program", "ended with exit code 127 in place of a greeting");
    expect_no_start("echo oh no >&2; exit 1", "its stderr ends with: oh no");
    expect_no_start("cat", "a greeting has not come after 0.3 seconds");
    expect_no_start("echo hello; cat", "it wrote 'hello '");
    expect_no_start("echo '{\"protocol\": \"assay-port-protocol/2\"}'; cat", "speaks assay-port-protocol/1");
    expect_no_start("printf '{\"protocol\": \"assay-port-protocol/1\"}\\nmore\\n'; cat", "more than a line");
    expect_no_start("kill -ILL $$", "signal 4");
}

/* A port that starts once and never again: an outcome, not an error. */
Test(port_process, a_start_may_fail_later) {
    fixture f;
    set_up(&f, "[ -e $ONCE ] && exit 9; : >$ONCE; " PORT("kill -KILL $$"));
    setenv("ONCE", scratch_path(&f.files, "once"), 1);
    start(&f);
    ask(&f, "bad", ASSAY_PORT_CRASHED);
    ask(&f, "good", ASSAY_PORT_EXITED);
    cr_expect(f.answer.before_request && f.answer.code == 9, "%s", f.answer.message);
    stop(&f);
}

static bool as_context_says(void *context) { return *(bool *)context; }

Test(port_process, an_interruption_ends_the_port) {
    fixture f;
    bool interrupted = false;
    set_up(&f, PORT("(setsid sleep 100 &) ; sleep 100"));
    f.options.interrupted = as_context_says;
    f.options.context = &interrupted;
    start(&f);
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    interrupted = true;
    ask(&f, "bad", ASSAY_PORT_INTERRUPTED);
    stop(&f);
    set_up(&f, "sleep 100");
    f.options.interrupted = as_context_says;
    f.options.context = &interrupted;
    assay_error err = {0};
    cr_expect_eq(assay_port_start(&f.port, &f.options, &err), ASSAY_EINTERNAL);
    cr_expect(strstr(err.message, "interrupted"), "%s", err.message);
    stop(&f);
}

Test(port_process, a_dump_of_before_is_refused) {
    fixture f;
    set_up(&f, PORT(":"));
    start(&f);
    char dump[100];
    snprintf(dump, sizeof dump, "%s/old", f.files.dir);
    scratch_write_text(&f.files, "old.safetensors", "");
    assay_port_request request = {"good", "/model", dump};
    EXPECT_REFUSED(assay_port_ask(f.port, &request, &f.answer, &expect_err), "is there already");
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    stop(&f);
}

/* Writing to a port that reads no more raises SIGPIPE for nobody, and no signal is blocked afterwards that was not before. */
Test(port_process, a_closed_stdin) {
    fixture f;
    sigset_t before, after, pending;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    set_up(&f, PORT(ANSWER "exec <&-; sleep 100"));
    f.options.answer_seconds = 0.2;
    start(&f);
    ask(&f, "bad", ASSAY_PORT_ANSWERED);
    usleep(20000);
    ask(&f, "good", ASSAY_PORT_HUNG);
    sigpending(&pending);
    cr_expect(!sigismember(&pending, SIGPIPE));
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    stop(&f);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    for (int i = 1; i < 32; i++) cr_expect_eq(sigismember(&before, i), sigismember(&after, i), "signal %d", i);
}

/* Two ports at once: the one holds no pipe of the other open. */
Test(port_process, ports_do_not_hold_each_other) {
    fixture f, g;
    set_up(&f, PORT(":"));
    set_up(&g, PORT(":"));
    f.options.stop_seconds = g.options.stop_seconds = 10;
    start(&f);
    start(&g);
    ask(&f, "good", ASSAY_PORT_ANSWERED);
    ask(&g, "good", ASSAY_PORT_ANSWERED);
    double before = assay_clock_seconds();
    assay_port_stop(f.port);
    f.port = NULL;
    cr_expect_lt(assay_clock_seconds() - before, 5);
    stop(&g);
    scratch_remove(&f.files);
}

/* When Assay itself is killed, nobody calls assay_port_stop. */
Test(port_process, nothing_outlives_assay) {
    fixture f;
    set_up(&f, "(setsid sleep 100 &) ; " PORT(":") "; exec sleep 100");
    int ready[2];
    cr_assert_eq(pipe(ready), 0);
    pid_t other = fork();
    if (other == 0) {
        start(&f);
        ask(&f, "good", ASSAY_PORT_ANSWERED);
        cr_assert_eq(write(ready[1], "x", 1), 1);
        pause();
    }
    char byte;
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    expect_two(&f);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    for (int i = 0; i < 500 && living(&f) > 0; i++) usleep(10000);
    stop(&f);
}
