#include "golden/test_scratch.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void scratch_make(scratch *s) {
    *s = (scratch){.dir = "/tmp/assay-test-XXXXXX"};
    cr_assert(mkdtemp(s->dir), "cannot make a folder");
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void scratch_remove(scratch *s) { nftw(s->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

const char *scratch_path(scratch *s, const char *name) {
    char *text = s->text[s->next++ % 8];
    size_t dir_nbytes = strlen(s->dir);
    memcpy(text, s->dir, dir_nbytes);
    snprintf(text + dir_nbytes, sizeof s->text[0] - dir_nbytes, "/%s", name);
    return text;
}

const char *scratch_write(scratch *s, const char *name, const void *data, size_t nbytes) {
    const char *path = scratch_path(s, name);
    for (char *slash = strchr(path + strlen(s->dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *f = fopen(path, "wb");
    cr_assert(f, "cannot write %s", path);
    cr_assert(nbytes == 0 || fwrite(data, 1, nbytes, f) == nbytes);
    cr_assert_eq(fclose(f), 0);
    return path;
}

const char *scratch_write_text(scratch *s, const char *name, const char *text) {
    return scratch_write(s, name, text, strlen(text));
}

void *scratch_read(const char *path, size_t *nbytes) {
    FILE *f = fopen(path, "rb");
    cr_assert(f, "cannot read %s", path);
    fseek(f, 0, SEEK_END);
    *nbytes = (size_t)ftell(f);
    rewind(f);
    char *data = malloc(*nbytes + 1);
    cr_assert(data && fread(data, 1, *nbytes, f) == *nbytes);
    fclose(f);
    return data;
}

int scratch_count(const scratch *s) {
    DIR *dir = opendir(s->dir);
    cr_assert(dir);
    int count = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}
