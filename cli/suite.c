#include "cli/suite.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static assay_status take_paths(cli_suite *out, char *const *paths, size_t count, assay_error *err) {
    cli_suite suite = {.paths = calloc(count + 1, sizeof *suite.paths)};
    if (!suite.paths) return assay_fail_nomem(err, "the list of goldens");
    for (size_t i = 0; i < count; i++) {
        suite.paths[i] = strdup(paths[i]);
        if (!suite.paths[i]) {
            cli_suite_free(&suite);
            return assay_fail_nomem(err, "the list of goldens");
        }
        suite.count++;
    }
    *out = suite;
    return ASSAY_OK;
}

assay_status cli_suite_list(cli_suite *out, const char *folder, assay_error *err) {
    static const char *const places[] = {"*.h5", "cases/*/golden.h5"};
    glob_t found;
    int status = GLOB_NOMATCH;
    for (size_t i = 0; i < 2 && status == GLOB_NOMATCH; i++) {
        char pattern[PATH_MAX];
        if (snprintf(pattern, sizeof pattern, "%s/%s", folder, places[i]) >= (int)sizeof pattern)
            return assay_fail(err, ASSAY_EINPUT, NULL, "the path of the folder of goldens is too long");
        status = glob(pattern, 0, NULL, &found);
    }
    if (status == GLOB_NOMATCH)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: no goldens (*.h5) there; name golden files or a folder of them",
                          folder);
    if (status) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be listed: %s", folder, strerror(errno));
    assay_status st = take_paths(out, found.gl_pathv, found.gl_pathc, err);
    globfree(&found);
    return st;
}

/* <folder of the program>/<relative>, when that is a folder. */
static bool beside_program(char *path, size_t path_nbytes, const char *relative) {
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) return false;
    self[n] = '\0';
    struct stat info;
    return snprintf(path, path_nbytes, "%s/%s", dirname(self), relative) < (int)path_nbytes && stat(path, &info) == 0 &&
           S_ISDIR(info.st_mode);
}

/* The folder that belongs to the program; false when there is none. */
static bool find_folder(char out[CLI_PATH_NBYTES]) {
    static const char *const places[] = {"../golden/data", "../../golden/data", "../share/assay/goldens"};
    const char *named = getenv("ASSAY_GOLDENS");
    if (named && *named) return snprintf(out, CLI_PATH_NBYTES, "%s", named) < CLI_PATH_NBYTES;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (beside_program(out, CLI_PATH_NBYTES, places[i])) return true;
    return false;
}

assay_status cli_suite_shipped(cli_suite *out, assay_error *err) {
    char path[CLI_PATH_NBYTES];
    if (find_folder(path)) return cli_suite_list(out, path, err);
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "the shipped goldens are not beside the program; name goldens, or set ASSAY_GOLDENS to "
                      "their folder");
}

void cli_suite_folder(char out[CLI_PATH_NBYTES]) {
    char there[PATH_MAX], here[PATH_MAX];
    bool found = find_folder(out) && realpath(out, there);
    bool is_here = realpath("golden/data", here) != NULL;
    if (!found || (is_here && strcmp(here, there) == 0)) snprintf(out, CLI_PATH_NBYTES, "golden/data");
    else snprintf(out, CLI_PATH_NBYTES, "%s", there);
}

assay_status cli_suite_choose(cli_suite *out, char *const *names, size_t count, assay_error *err) {
    struct stat info;
    if (count == 0) return cli_suite_shipped(out, err);
    bool is_folder = count == 1 && stat(names[0], &info) == 0 && S_ISDIR(info.st_mode);
    return is_folder ? cli_suite_list(out, names[0], err) : take_paths(out, names, count, err);
}

void cli_suite_free(cli_suite *suite) {
    for (size_t i = 0; i < suite->count; i++) free(suite->paths[i]);
    free(suite->paths);
    *suite = (cli_suite){0};
}
