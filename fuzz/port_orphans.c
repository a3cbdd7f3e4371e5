#include "fuzz/port_orphans.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number that a name is; 0 when it is none. */
static pid_t number(const char *name) {
    pid_t n = 0;
    if (*name == '\0') return 0;
    for (; *name != '\0'; name++) {
        if (*name < '0' || *name > '9') return 0;
        n = n * 10 + (*name - '0');
    }
    return n;
}

/* Whether the process /proc/<name> is a child of `parent` that has not ended. Its stat is "pid (command) state parent ...", where a command
 * may hold anything, parentheses too. */
static bool is_living_child(int proc, const char *name, pid_t parent) {
    char path[32], text[512];
    size_t n = strlen(name);
    if (n + sizeof "/stat" > sizeof path) return false;
    memcpy(path, name, n);
    memcpy(path + n, "/stat", sizeof "/stat");
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    text[got > 0 ? got : 0] = '\0';
    char *state = strrchr(text, ')');
    if (state == NULL || strlen(state) < 5 || state[2] == 'Z') return false;
    char *end = strchr(state + 4, ' ');
    if (end != NULL) *end = '\0';
    return number(state + 4) == parent;
}

int assay_port_orphans_kill(pid_t parent) {
    union {
        char bytes[16384];
        struct dirent64 align;
    } buffer;
    int killed = 0;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0) return 0;
    /* readdir would take memory. The kernel writes what struct dirent64 describes. */
    for (long got; (got = syscall(SYS_getdents64, proc, buffer.bytes, sizeof buffer.bytes)) > 0;) {
        for (long at = 0; at < got;) {
            const char *entry = buffer.bytes + at, *name = entry + offsetof(struct dirent64, d_name);
            unsigned short length;
            memcpy(&length, entry + offsetof(struct dirent64, d_reclen), sizeof length);
            pid_t pid = number(name);
            if (pid > 0 && is_living_child(proc, name, parent) && kill(pid, SIGKILL) == 0) killed++;
            at += length;
        }
    }
    close(proc);
    return killed;
}
