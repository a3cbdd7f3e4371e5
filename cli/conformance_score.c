#include "cli/conformance.h"

int cli_conformance_score(const cli_args *args) {
    (void)args;
    return 3;
}
