#include "cli/progress.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/terminal_text.h"

#define FIRST_AFTER 1.0 /* seconds without a line: what is done by then needs none */
#define REDRAWN_AFTER 0.25
#define NOTED_AFTER 30.0 /* seconds between lines of --verbose about the same */
#define LONGEST 400      /* bytes of a line */

struct cli_progress {
    bool notes; /* lines of --verbose, in place of the thread */
    double started, stepped, noted;
    double budget; /* seconds; 0: none */
    size_t done, count;
    char what[LONGEST], detail[LONGEST];
    pthread_t thread;
    pthread_mutex_t lock; /* of all above that changes, and of `ended` */
    pthread_cond_t end;
    bool ended;
};

void cli_note(const cli_args *args, const char *format, ...) {
    if (!args->verbose) return;
    va_list list;
    char text[1024];
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fprintf(stderr, "assay: %s\n", assay_terminal_clean(text));
}

/* "0:07", "12:34", "3:00:00". */
static const char *clock_text(double seconds, char *out, size_t out_nbytes) {
    long long s = llround(fmin(fmax(seconds, 0), 1e9));
    if (s < 3600) snprintf(out, out_nbytes, "%lld:%02lld", s / 60, s % 60);
    else snprintf(out, out_nbytes, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    return out;
}

/* Seconds that are left as the work went so far; NaN where nobody knows. */
static double seconds_left(const cli_progress *p, double now) {
    if (p->budget > 0) return p->budget - (now - p->started);
    if (p->count == 0 || p->done == 0) return NAN;
    double each = (p->stepped - p->started) / (double)p->done;
    return each * (double)(p->count - p->done) - (now - p->stepped);
}

static void write_line(const cli_progress *p, char *out, size_t out_nbytes) {
    char counts[64] = "", elapsed[32], left[32], rest[64] = "";
    double now = assay_clock_seconds(), seconds = seconds_left(p, now);
    if (p->count > 0) snprintf(counts, sizeof counts, "[%zu/%zu] ", p->done, p->count);
    if (!isnan(seconds)) snprintf(rest, sizeof rest, ", about %s left", clock_text(seconds, left, sizeof left));
    snprintf(out, out_nbytes, "%s%s%s%s%s%s", counts, clock_text(now - p->started, elapsed, sizeof elapsed), rest,
             *p->what ? "  " : "", p->what, p->detail);
    assay_terminal_clean(out); /* file names may hold anything */
}

/* Cut to the width of the terminal, in front of a character: a longer line could not be overwritten. */
static void draw(const cli_progress *p) {
    char line[2 * LONGEST + 128];
    struct winsize size;
    size_t width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79;
    write_line(p, line, sizeof line);
    if (strlen(line) > width) {
        while (width > 0 && ((unsigned char)line[width] & 0xC0) == 0x80) width--;
        line[width] = '\0';
    }
    fprintf(stderr, "\r\033[K%s", line);
}

static struct timespec time_of(double seconds) {
    time_t whole = (time_t)seconds;
    return (struct timespec){.tv_sec = whole, .tv_nsec = (long)((seconds - (double)whole) * 1e9)};
}

static void *redraw(void *context) {
    cli_progress *p = context;
    bool shown = false;
    pthread_mutex_lock(&p->lock);
    for (double next = p->started + FIRST_AFTER; !p->ended;) {
        struct timespec until = time_of(next);
        if (pthread_cond_timedwait(&p->end, &p->lock, &until) == 0) continue; /* ended, or woken without a reason */
        draw(p);
        shown = true;
        next = assay_clock_seconds() + REDRAWN_AFTER;
    }
    pthread_mutex_unlock(&p->lock);
    if (shown) fprintf(stderr, "\r\033[K");
    return NULL;
}

/* A thread that takes no signals: they are for the one that works. */
static bool start_thread(cli_progress *p) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&p->thread, NULL, redraw, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure == 0;
}

static void release(cli_progress *p) {
    pthread_cond_destroy(&p->end);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static cli_progress *create(void) {
    cli_progress *p = calloc(1, sizeof *p);
    pthread_condattr_t monotonic;
    if (!p) return NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->end, &monotonic);
    pthread_condattr_destroy(&monotonic);
    p->started = p->stepped = p->noted = assay_clock_seconds();
    return p;
}

cli_progress *cli_progress_begin(const cli_args *args) {
    if (args->quiet || (!args->verbose && !isatty(STDERR_FILENO))) return NULL;
    cli_progress *p = create();
    if (!p) return NULL;
    p->notes = args->verbose;
    if (p->notes || start_thread(p)) return p;
    release(p);
    return NULL;
}

static void note_step(cli_progress *p, bool is_new) {
    char line[2 * LONGEST + 128];
    double now = assay_clock_seconds();
    if (!is_new && now - p->noted < NOTED_AFTER) return;
    p->noted = now;
    write_line(p, line, sizeof line);
    fprintf(stderr, "assay: %s\n", line);
}

void cli_progress_step(cli_progress *p, size_t done, size_t count, const char *what) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    bool is_new = strncmp(p->what, what, sizeof p->what - 1) != 0;
    if (done != p->done) p->stepped = assay_clock_seconds();
    p->done = done;
    p->count = count;
    if (is_new) *p->detail = '\0'; /* it was of what was before */
    if (is_new) snprintf(p->what, sizeof p->what, "%s", what);
    if (p->notes) note_step(p, is_new);
    pthread_mutex_unlock(&p->lock);
}

void cli_progress_detail(cli_progress *p, const char *format, ...) {
    if (!p) return;
    va_list list;
    pthread_mutex_lock(&p->lock);
    va_start(list, format);
    vsnprintf(p->detail, sizeof p->detail, format, list);
    va_end(list);
    pthread_mutex_unlock(&p->lock);
}

void cli_progress_budget(cli_progress *p, double seconds) {
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->budget = seconds;
    pthread_mutex_unlock(&p->lock);
}

void cli_progress_end(cli_progress *p) {
    if (!p) return;
    if (!p->notes) {
        pthread_mutex_lock(&p->lock);
        p->ended = true;
        pthread_cond_signal(&p->end);
        pthread_mutex_unlock(&p->lock);
        pthread_join(p->thread, NULL);
    }
    release(p);
}
