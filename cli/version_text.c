#include "cli/version_text.h"

#include <H5public.h>
#include <cJSON.h>
#include <cblas.h>
#include <omp.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <xxhash.h>
#include <zip.h>

#include "core/version.h"

/* The Makefile says them, for this file alone. */
#ifndef ASSAY_COMMIT
#define ASSAY_COMMIT ""
#endif
#ifndef ASSAY_FLAGS
#define ASSAY_FLAGS ""
#endif

#ifndef ASSAY_DATE
#define ASSAY_DATE "1970-01-01"
#endif

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

static void print_fact(FILE *out, const char *name, const char *value) {
    if (*value) fprintf(out, "%-12s%s\n", name, value);
}

/* Libraries as they run, which may be later ones than those that the program was compiled with. */
static void print_libraries(FILE *out) {
    unsigned major = 0, minor = 0, release = 0, xxhash = XXH_versionNumber();
    H5get_libversion(&major, &minor, &release);
    fprintf(out, "%-12s%u.%u.%u\n", "hdf5", major, minor, release);
    print_fact(out, "cjson", cJSON_Version());
    print_fact(out, "blas", openblas_get_config());
    print_fact(out, "blas-kernel", openblas_get_corename());
    fprintf(out, "%-12s%u.%u.%u\n", "xxhash", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
    print_fact(out, "libzip", zip_libzip_version());
    print_fact(out, "sqlite", sqlite3_libversion());
    print_fact(out, "openssl", OpenSSL_version(OPENSSL_VERSION));
}

const char *cli_build_date(void) { return ASSAY_DATE; }

void cli_print_version(FILE *out) {
    fprintf(out, "assay %s\n", ASSAY_VERSION);
    print_fact(out, "goldens", ASSAY_SUITE_VERSION);
    print_fact(out, "commit", ASSAY_COMMIT);
    print_fact(out, "compiler", COMPILER);
    print_fact(out, "flags", ASSAY_FLAGS);
    print_libraries(out);
    fprintf(out, "%-12s%d\n", "threads", omp_get_max_threads());
}
