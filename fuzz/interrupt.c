#include "fuzz/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t noted;

static void note(int signal_number) {
    (void)signal_number;
    noted = 1;
}

void assay_interrupt_watch(void) {
    const int which[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof which / sizeof *which; i++) {
        struct sigaction before;
        sigaction(which[i], NULL, &before);
        if (before.sa_handler != SIG_IGN) sigaction(which[i], &action, NULL); /* nohup means it */
    }
}

bool assay_interrupted(void *context) {
    (void)context;
    return noted != 0;
}
