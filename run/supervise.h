/*
 * A command in a process of its own, looked after by the one that was started: libhdf5 can crash or loop for ever on a damaged file
 * (golden/h5_file.h), and a user must be told which file that was.
 */
#ifndef ASSAY_RUN_SUPERVISE_H
#define ASSAY_RUN_SUPERVISE_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int (*run)(int argc, char **argv); /* returns an exit code; what it leaves to atexit is done */
    int argc;
    char **argv;
    char *const
        *paths; /* (NULL-terminated) files and folders that it reads; others, and what does not exist, do no harm */
    unsigned patience; /* seconds after which the files are looked at once, while it still runs */
    unsigned probe;    /* seconds that a look at one file may compute (golden/golden_probe.h) */
} assay_work;

/* Runs the work in a forked process and returns its exit code. Where that process crashes, or still runs after `patience`, each HDF5
 * file of the paths is probed (golden/golden_probe.h). One that libhdf5 does not survive is named on stderr in one line, and the result
 * is ASSAY_EINPUT; a crash for another reason gives ASSAY_EINTERNAL. A process that looks at files takes the time of a second
 * processor, and the command is not slowed down.
 *
 * Call it before there are threads. Signals that ask the process to end, or that a terminal sends, reach the work; when it ends by one,
 * so does the calling process. Where no process can be made the work is done in this one. */
int assay_supervise(const assay_work *work);

#ifdef __cplusplus
}
#endif

#endif
