#define ASSAY_TAP_OFF
#include <stdlib.h>

#include "tap/assay_tap.h"

int tap_that_is_compiled_out(const char *dir);

/* Taps with the environment switched on; how many taps think that they are on. */
int tap_that_is_compiled_out(const char *dir) {
    const float x = 1;
    const assay_tap_facts facts = {.producer = "p"};
    setenv("ASSAY_TAP", dir, 1);
    assay_tap tap = assay_tap_open(), at = assay_tap_step(&tap, 0);
    int on =
        assay_tap_on(&at) + (assay_tap_f32(&at, "x", &x, assay_tap_1d(1)) != 0) + (assay_tap_say(&tap, &facts) != 0);
    assay_tap_close(&tap);
    unsetenv("ASSAY_TAP");
    return on;
}
