/* Runs a fuzz target on stored inputs, once each, without libFuzzer: replay-<target> FILE-OR-FOLDER... */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/target.h"
#include "golden/text_file.h"

#define MAX_INPUT_NBYTES ((size_t)1 << 26)

/* The input that runs now is named first: what crashes says no more. */
static int replay_file(const char *path) {
    char *bytes;
    size_t nbytes;
    assay_error err = {0};
    if (assay_text_file_read(path, MAX_INPUT_NBYTES, &bytes, &nbytes, &err)) {
        fprintf(stderr, "replay: %s\n", err.message);
        return -1;
    }
    fprintf(stderr, "%s\n", path);
    /* A copy of its exact size, so that AddressSanitizer sees a read behind the end. */
    uint8_t *data = malloc(nbytes + (nbytes == 0));
    if (data) {
        memcpy(data, bytes, nbytes);
        LLVMFuzzerTestOneInput(data, nbytes);
    }
    free(data);
    free(bytes);
    return data ? 1 : -1;
}

static int is_shown(const struct dirent *entry) { return entry->d_name[0] != '.'; }

/* The number of inputs, or -1. */
static int replay_folder(const char *path) {
    struct dirent **entries;
    int count = scandir(path, &entries, is_shown, alphasort), done = count;
    if (count < 0) fprintf(stderr, "replay: %s: cannot be read\n", path);
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (done >= 0 && replay_file(file) < 0) done = -1;
        free(entries[i]);
    }
    if (count >= 0) free(entries);
    return done;
}

int main(int argc, char **argv) {
    int total = 0;
    for (int i = 1; i < argc; i++) {
        struct stat info;
        bool is_folder = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode);
        int count = is_folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (count < 0) return 2;
        total += count;
    }
    const char *name = strrchr(argv[0], '/');
    printf("%s: %d inputs\n", name ? name + 1 : argv[0], total);
    return 0;
}
