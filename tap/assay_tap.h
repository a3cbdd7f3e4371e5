/*
 * Dumps the stages of a port as a folder of .npy files that `assay compare` reads (docs/golden-format.md, "Dumps without HDF5").
 * This one header is all that a port needs: C99 or C++11 on a POSIX system, no library.
 *
 *     assay_tap tap = assay_tap_open();                        once; off unless ASSAY_TAP names a folder
 *     assay_tap at = assay_tap_layer(&window, l);              step, window and layer are said once
 *     assay_tap_f32(&at, "self_attn.q_proj", q, assay_tap_3d(B, T, C));
 *
 * Environment:
 *     ASSAY_TAP=DIR        where to write. DIR must not hold a dump yet: what an earlier run left would count as this run's.
 *     ASSAY_TAP_ADD=1      ... unless this says that several processes write one dump together
 *     ASSAY_TAP_ONLY=P,P   writes only stages that match one of these patterns (`*` and `?`): of the whole path
 *                          (steps/0/windows/1/layers/2/output) where a pattern starts with "steps/", else of the name (self_attn.*)
 *
 * Switched off, a tap costs the test of one pointer; compiled with -DASSAY_TAP_OFF, nothing. A tap never stops a port: what
 * cannot be written gives one line on stderr, the first time, and a return value of -1. Each file appears whole or not at
 * all. Any number of threads may tap at once; they need not share an assay_tap, which is a value to copy.
 */
#ifndef ASSAY_TAP_H
#define ASSAY_TAP_H

#include <stddef.h>
#include <stdint.h>

/* What the elements of a buffer are. */
typedef enum {
    ASSAY_TAP_F32,
    ASSAY_TAP_F64,
    ASSAY_TAP_F16,  /* bits in uint16_t */
    ASSAY_TAP_BF16, /* bits in uint16_t; written as float32, since .npy lacks bfloat16 */
    ASSAY_TAP_I32,
    ASSAY_TAP_I64,
    ASSAY_TAP_BOOL /* a byte each, 0 or not 0 */
} assay_tap_type;

/* Sizes of a tensor, and how many elements its neighbours along each axis lie apart in memory. */
typedef struct {
    int rank;          /* 0..4 */
    int64_t size[4];   /* as in docs/golden-format.md; a size of 0 is allowed */
    int64_t stride[4]; /* in elements */
} assay_tap_shape;

/* Where dumps go; shared by all copies of a tap. */
typedef struct {
    char *dir;
    char *only;    /* ASSAY_TAP_ONLY, or NULL */
    int failed;    /* 1 once a failure was told */
    unsigned next; /* number of the next temporary file */
} assay_tap_sink;

/* A place in the dump: which step, window and layer the next stages belong to; -1 where none was said. Copy it freely. */
typedef struct {
    assay_tap_sink *sink; /* NULL: off */
    int step, window, layer, past;
} assay_tap;

/* A step that the port refused (docs/case-format.md, expect_error). */
typedef struct {
    int step;
    const char *rules;   /* rule ids separated by spaces, or NULL */
    const char *message; /* or NULL */
} assay_tap_refusal;

/* What dump.json says. Any text may be NULL; the digests are those of the golden (docs/golden-format.md). */
typedef struct {
    const char *producer, *dtype, *case_sha256, *config_sha256, *weights_xxh128;
    const assay_tap_refusal *refused; /* (refused_count), or NULL */
    size_t refused_count;
    const char *unsupported; /* why the port cannot run the case (docs/port.md); such a dump has nothing else */
} assay_tap_facts;

#define ASSAY_TAP_UNUSED_(x) ((void)(x))

/* Contiguous tensors, the last axis innermost. */
static inline assay_tap_shape assay_tap_shape_(int rank, int64_t a, int64_t b, int64_t c, int64_t d) {
    assay_tap_shape s;
    int64_t step = 1;
    s.rank = rank;
    s.size[0] = a, s.size[1] = b, s.size[2] = c, s.size[3] = d;
    for (int i = 3; i >= 0; i--) {
        s.stride[i] = step;
        if (i < rank && s.size[i] > 0 && step <= INT64_MAX / s.size[i]) step *= s.size[i];
    }
    return s;
}
static inline assay_tap_shape assay_tap_0d(void) { return assay_tap_shape_(0, 1, 1, 1, 1); }
static inline assay_tap_shape assay_tap_1d(int64_t a) { return assay_tap_shape_(1, a, 1, 1, 1); }
static inline assay_tap_shape assay_tap_2d(int64_t a, int64_t b) { return assay_tap_shape_(2, a, b, 1, 1); }
static inline assay_tap_shape assay_tap_3d(int64_t a, int64_t b, int64_t c) { return assay_tap_shape_(3, a, b, c, 1); }
static inline assay_tap_shape assay_tap_4d(int64_t a, int64_t b, int64_t c, int64_t d) {
    return assay_tap_shape_(4, a, b, c, d);
}

/* The same sizes over a buffer in another order: the distances, in elements, along each axis (those beyond the rank do not
 * count). A key buffer [T][B][H][D] is assay_tap_strides(assay_tap_4d(B, H, T, D), H * D, D, B * H * D, 1). */
static inline assay_tap_shape assay_tap_strides(assay_tap_shape s, int64_t a, int64_t b, int64_t c, int64_t d) {
    s.stride[0] = a, s.stride[1] = b, s.stride[2] = c, s.stride[3] = d;
    return s;
}

/* The place of a step, of a window of the step, of a layer of the window, and of a layer's part of the step's past. */
static inline assay_tap assay_tap_step(const assay_tap *tap, int step) {
    assay_tap at = *tap;
    at.step = step, at.window = at.layer = at.past = -1;
    return at;
}
static inline assay_tap assay_tap_window(const assay_tap *tap, int window) {
    assay_tap at = *tap;
    at.window = window, at.layer = at.past = -1;
    return at;
}
static inline assay_tap assay_tap_layer(const assay_tap *tap, int layer) {
    assay_tap at = *tap;
    at.layer = layer, at.past = -1;
    return at;
}
static inline assay_tap assay_tap_past(const assay_tap *tap, int layer) {
    assay_tap at = *tap;
    at.window = at.layer = -1, at.past = layer;
    return at;
}

#ifdef ASSAY_TAP_OFF

static inline assay_tap assay_tap_open(void) {
    assay_tap tap;
    tap.sink = NULL, tap.step = tap.window = tap.layer = tap.past = -1;
    return tap;
}
static inline void assay_tap_close(assay_tap *tap) { ASSAY_TAP_UNUSED_(tap); }
static inline int assay_tap_on(const assay_tap *tap) {
    ASSAY_TAP_UNUSED_(tap);
    return 0;
}
static inline int assay_tap_put(const assay_tap *at, const char *name, assay_tap_type type, const void *data,
                                assay_tap_shape shape) {
    ASSAY_TAP_UNUSED_(at), ASSAY_TAP_UNUSED_(name), ASSAY_TAP_UNUSED_(type), ASSAY_TAP_UNUSED_(data);
    ASSAY_TAP_UNUSED_(shape);
    return 0;
}
static inline int assay_tap_say(const assay_tap *tap, const assay_tap_facts *facts) {
    ASSAY_TAP_UNUSED_(tap), ASSAY_TAP_UNUSED_(facts);
    return 0;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* A float is what .npy calls f4, a byte has 8 bits: anything else could not be written as it is. */
typedef char assay_tap_float_is_32_bits_[sizeof(float) == 4 && sizeof(double) == 8 ? 1 : -1];

/* Says what went wrong, the first time that something does. Returns -1. */
static inline int assay_tap_fail_(assay_tap_sink *sink, const char *path, const char *why) {
    if (__sync_lock_test_and_set(&sink->failed, 1) == 0)
        fprintf(stderr, "assay_tap: %s: %s; the port goes on, its dump is not whole\n", path, why);
    return -1;
}

/* Memory for a text and what follows it; NULL when there is none. */
static inline char *assay_tap_copy_(const char *text, size_t more) {
    size_t n = strlen(text) + 1;
    char *copy = (char *)malloc(n + more);
    if (copy != NULL) memcpy(copy, text, n);
    return copy;
}

/* Makes the folders on the way to `path`. 0, or -1 with errno. */
static inline int assay_tap_folders_(char *path) {
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/') continue;
        *p = '\0';
        int made = mkdir(path, 0777);
        *p = '/';
        if (made != 0 && errno != EEXIST && errno != EISDIR) return -1;
    }
    return 0;
}

static inline assay_tap assay_tap_none_(void) {
    assay_tap tap;
    tap.sink = NULL, tap.step = tap.window = tap.layer = tap.past = -1;
    return tap;
}

/* A tap into a folder, which is made. `only` is as ASSAY_TAP_ONLY, or NULL; `add` is 1 where a dump may be there already.
 * Off, after one line on stderr, when that cannot be. */
static inline assay_tap assay_tap_open_at(const char *dir, const char *only, int add) {
    assay_tap tap = assay_tap_none_();
    assay_tap_sink *sink = (assay_tap_sink *)calloc(1, sizeof *sink);
    const char *why = "out of memory";
    char *steps = assay_tap_copy_(dir, sizeof "/dump.json");
    int have = sink != NULL && steps != NULL && (sink->dir = assay_tap_copy_(dir, 0)) != NULL &&
               (only == NULL || (sink->only = assay_tap_copy_(only, 0)) != NULL);
    if (have) {
        strcat(steps, "/steps");
        have = assay_tap_folders_(steps) == 0 && (access(steps, F_OK) == 0 || errno != ENOTDIR);
        if (!have) why = strerror(errno);
        if (have && !add && access(steps, F_OK) == 0)
            have = 0, why = "holds a dump already: remove it, or name another folder (ASSAY_TAP_ADD=1 adds to it)";
        strcpy(steps + strlen(dir), "/dump.json");
        if (have && !add && access(steps, F_OK) == 0)
            have = 0, why = "holds the dump.json of another run: remove it, or name another folder";
    }
    free(steps);
    if (have) {
        tap.sink = sink;
        return tap;
    }
    fprintf(stderr, "assay_tap: %s: %s; nothing is dumped\n", dir, why);
    if (sink != NULL) free(sink->dir), free(sink->only), free(sink);
    return tap;
}

/* The tap that the environment asks for; off where it asks for none. Call it once, and pass the tap on. */
static inline assay_tap assay_tap_open(void) {
    const char *dir = getenv("ASSAY_TAP"), *only = getenv("ASSAY_TAP_ONLY"), *add = getenv("ASSAY_TAP_ADD");
    if (dir == NULL || dir[0] == '\0') return assay_tap_none_();
    return assay_tap_open_at(dir, only != NULL && only[0] != '\0' ? only : NULL, add != NULL && strcmp(add, "1") == 0);
}

/* Ends the tap. No copy of it may be used afterwards. */
static inline void assay_tap_close(assay_tap *tap) {
    if (tap->sink != NULL) free(tap->sink->dir), free(tap->sink->only), free(tap->sink);
    tap->sink = NULL;
}

/* Whether anything is dumped: for what is made for a dump alone. */
static inline int assay_tap_on(const assay_tap *tap) { return tap->sink != NULL; }

/* Whether `text` matches the pattern [p, end). */
static inline int assay_tap_match_(const char *p, const char *end, const char *text) {
    const char *star = NULL, *resume = text;
    while (*text != '\0') {
        if (p < end && *p == '*') star = p++, resume = text;
        else if (p < end && (*p == '?' || *p == *text)) p++, text++;
        else if (star != NULL) p = star + 1, text = ++resume;
        else return 0;
    }
    while (p < end && *p == '*') p++;
    return p == end;
}

/* Whether the filter lets a stage through. */
static inline int assay_tap_wanted_(const char *only, const char *path, const char *name) {
    if (only == NULL) return 1;
    for (const char *p = only, *end; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
        end = p + strcspn(p, ",");
        if (assay_tap_match_(p, end, strncmp(p, "steps/", 6) == 0 ? path : name)) return 1;
    }
    return 0;
}

/* Why a name cannot be a path below the folder, or NULL when it can. Hidden files would not be read. */
static inline const char *assay_tap_bad_name_(const char *name) {
    if (name == NULL || name[0] == '\0') return "a stage needs a name";
    for (const char *p = name; *p != '\0'; p++) {
        if ((unsigned char)*p < 32 || *p == '\\') return "a stage's name has a control character or a backslash";
        if ((p == name || p[-1] == '/') && (*p == '/' || *p == '.'))
            return "a stage's name has an empty part, or a part that starts with a dot";
    }
    return name[strlen(name) - 1] == '/' ? "a stage's name ends in a slash" : NULL;
}

/* The path of a stage: DIR/steps/0/windows/1/layers/2/NAME.npy. The caller frees it; NULL without memory. `*below` is the part
 * below DIR. */
static inline char *assay_tap_path_(const assay_tap *at, const char *name, char **below) {
    size_t room = strlen(at->sink->dir) + strlen(name) + 128;
    char *path = (char *)malloc(room);
    if (path == NULL) return NULL;
    size_t n = (size_t)snprintf(path, room, "%s/", at->sink->dir);
    *below = path + n;
    if (at->step >= 0) n += (size_t)snprintf(path + n, room - n, "steps/%d/", at->step);
    if (at->past >= 0) n += (size_t)snprintf(path + n, room - n, "past/%d/", at->past);
    if (at->window >= 0) n += (size_t)snprintf(path + n, room - n, "windows/%d/", at->window);
    if (at->layer >= 0) n += (size_t)snprintf(path + n, room - n, "layers/%d/", at->layer);
    snprintf(path + n, room - n, "%s.npy", name);
    return path;
}

/* Opens a hidden file beside `path`, whose name goes to the end of `*temp` (freed by the caller). -1 with errno. */
static inline int assay_tap_temporary_(assay_tap_sink *sink, const char *path, char **temp) {
    const char *slash = strrchr(path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    *temp = (char *)malloc(folder + 64);
    if (*temp == NULL) return -1;
    memcpy(*temp, path, folder);
    for (int attempt = 0; attempt < 100; attempt++) {
        snprintf(*temp + folder, 64, ".assay_tap.%ld.%u", (long)getpid(), __sync_fetch_and_add(&sink->next, 1u));
        int fd = open(*temp, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

/* Writes all bytes. 0, or -1 with errno. */
static inline int assay_tap_write_(int fd, const void *data, size_t nbytes) {
    const char *p = (const char *)data;
    while (nbytes > 0) {
        ssize_t n = write(fd, p, nbytes < 1u << 30 ? nbytes : 1u << 30);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        p += n, nbytes -= (size_t)n;
    }
    return 0;
}

static inline size_t assay_tap_nbytes_(assay_tap_type type) {
    switch (type) {
    case ASSAY_TAP_F32:
    case ASSAY_TAP_I32: return 4;
    case ASSAY_TAP_F64:
    case ASSAY_TAP_I64: return 8;
    case ASSAY_TAP_F16:
    case ASSAY_TAP_BF16: return 2;
    case ASSAY_TAP_BOOL: return 1;
    }
    return 0;
}

/* Why a shape cannot be dumped, or NULL; its number of elements goes to `*count`. */
static inline const char *assay_tap_count_(const assay_tap_shape *s, const void *data, int64_t *count) {
    int empty = 0;
    *count = 1;
    if (s->rank < 0 || s->rank > 4) return "the rank is not 0 to 4";
    for (int i = 0; i < s->rank; i++) {
        if (s->size[i] < 0) return "a size is negative";
        if (s->size[i] > 0 && *count > INT64_MAX / 8 / s->size[i]) return "the sizes are too large";
        if (s->size[i] == 0) empty = 1; /* the other sizes must fit all the same: readers look at each */
        else *count *= s->size[i];
    }
    if (empty) *count = 0;
    return *count > 0 && data == NULL ? "there is no data" : NULL;
}

/* The header of format version 1.0, in the byte order of this machine: `text` has room for 192 bytes. Returns its length. */
static inline size_t assay_tap_header_(char *text, assay_tap_type type, const assay_tap_shape *s) {
    static const char *const names[] = {"f4", "f8", "f2", "f4", "i4", "i8", "b1"};
    const uint16_t probe = 1;
    unsigned char first;
    memcpy(&first, &probe, 1);
    size_t n = 10;
    n += (size_t)snprintf(text + n, 192 - n, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                          type == ASSAY_TAP_BOOL ? '|'
                          : first == 1           ? '<'
                                                 : '>',
                          names[type]);
    for (int i = 0; i < s->rank; i++) n += (size_t)snprintf(text + n, 192 - n, "%lld,", (long long)s->size[i]);
    n += (size_t)snprintf(text + n, 192 - n, "), }");
    while (n % 64 != 63) text[n++] = ' ';
    text[n++] = '\n';
    memcpy(text, "\x93NUMPY\x01\x00", 8);
    text[8] = (char)((n - 10) & 0xff), text[9] = (char)((n - 10) >> 8);
    return n;
}

/* Copies one element to where it is written, as it is written; returns the bytes that it takes there. */
static inline size_t assay_tap_element_(unsigned char *out, const unsigned char *in, assay_tap_type type,
                                        size_t nbytes) {
    uint16_t half;
    uint32_t whole;
    if (type == ASSAY_TAP_BOOL) {
        *out = *in != 0;
    } else if (type == ASSAY_TAP_BF16) {
        memcpy(&half, in, 2);
        whole = (uint32_t)half << 16;
        memcpy(out, &whole, 4);
        return 4;
    } else {
        memcpy(out, in, nbytes);
    }
    return nbytes;
}

/* Writes the elements in row-major order, whatever their strides. 0, or -1 with errno. */
static inline int assay_tap_elements_(int fd, assay_tap_type type, const void *data, const assay_tap_shape *s,
                                      int64_t count) {
    const size_t nbytes = assay_tap_nbytes_(type);
    unsigned char chunk[8192];
    size_t used = 0;
    int64_t at[4] = {0, 0, 0, 0}, offset = 0;
    for (int64_t i = 0; i < count; i++) {
        if (used > sizeof chunk - 8) {
            if (assay_tap_write_(fd, chunk, used) != 0) return -1;
            used = 0;
        }
        used += assay_tap_element_(chunk + used, (const unsigned char *)data + offset * (int64_t)nbytes, type, nbytes);
        for (int axis = s->rank - 1; axis >= 0; axis--) {
            offset += s->stride[axis];
            if (++at[axis] < s->size[axis]) break;
            offset -= s->stride[axis] * s->size[axis];
            at[axis] = 0;
        }
    }
    return assay_tap_write_(fd, chunk, used);
}

/* Header and elements; at one go where they lie in memory as in the file. 0, or -1 with errno. */
static inline int assay_tap_array_(int fd, assay_tap_type type, const void *data, const assay_tap_shape *s,
                                   int64_t count) {
    char header[192];
    int plain = type != ASSAY_TAP_BF16 && type != ASSAY_TAP_BOOL;
    int64_t step = 1;
    for (int i = s->rank - 1; i >= 0; step *= s->size[i], i--) plain = plain && s->stride[i] == step;
    if (assay_tap_write_(fd, header, assay_tap_header_(header, type, s)) != 0) return -1;
    if (plain) return assay_tap_write_(fd, data, (size_t)count * assay_tap_nbytes_(type));
    return assay_tap_elements_(fd, type, data, s, count);
}

/* Closes a temporary file and gives it its name, or removes it when something failed. Returns NULL, or what failed. */
static inline const char *assay_tap_finish_(int fd, int failed, const char *temp, const char *path) {
    const char *why = failed ? strerror(errno) : NULL;
    if (close(fd) != 0 && why == NULL) why = strerror(errno);
    if (why == NULL && rename(temp, path) != 0) why = strerror(errno);
    if (why != NULL) unlink(temp);
    return why;
}

/* Dumps one stage: `data` of `shape` under `name`, at the place `at`. Names and shapes are those of docs/golden-format.md. 0 when
 * it was written, filtered, or the tap is off; -1 when it was not, or when that stage is there already: a second one of the same
 * place means that the step, window or layer was not said. */
static inline int assay_tap_put(const assay_tap *at, const char *name, assay_tap_type type, const void *data,
                                assay_tap_shape shape) {
    if (at->sink == NULL) return 0;
    int64_t count;
    char *below, *temp = NULL;
    const char *why = assay_tap_bad_name_(name);
    if (why == NULL && assay_tap_nbytes_(type) == 0) why = "the type is none of assay_tap_type";
    if (why == NULL) why = assay_tap_count_(&shape, data, &count);
    if (why != NULL) return assay_tap_fail_(at->sink, name != NULL ? name : "(null)", why);
    char *path = assay_tap_path_(at, name, &below);
    if (path == NULL) return assay_tap_fail_(at->sink, name, "out of memory");
    path[strlen(path) - 4] = '\0'; /* the filter knows no .npy */
    int wanted = assay_tap_wanted_(at->sink->only, below, name);
    path[strlen(path)] = '.';
    if (wanted && access(path, F_OK) == 0) {
        why = "is there already: was the step, window or layer not said?";
    } else if (wanted) {
        int fd = assay_tap_folders_(path) == 0 ? assay_tap_temporary_(at->sink, path, &temp) : -1;
        why = fd < 0 ? strerror(errno)
                     : assay_tap_finish_(fd, assay_tap_array_(fd, type, data, &shape, count) != 0, temp, path);
    }
    int result = why == NULL ? 0 : assay_tap_fail_(at->sink, path, why);
    free(temp), free(path);
    return result;
}

/* Appends JSON: a key (or NULL) and a text, in quotes and escaped. */
static inline char *assay_tap_text_(char *out, const char *key, const char *text) {
    if (key != NULL) out += sprintf(out, "\"%s\": ", key);
    *out++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') *out++ = '\\', *out++ = *text;
        else if ((unsigned char)*text < 32) out += sprintf(out, "\\u%04x", (unsigned)(unsigned char)*text);
        else *out++ = *text;
    }
    *out++ = '"';
    return out;
}

/* The text of dump.json; the caller frees it. NULL without memory. */
static inline char *assay_tap_json_(const assay_tap_facts *f) {
    static const char *const keys[] = {"producer",      "dtype",          "case_sha256",
                                       "config_sha256", "weights_xxh128", "unsupported"};
    const char *texts[6];
    texts[0] = f->producer, texts[1] = f->dtype, texts[2] = f->case_sha256;
    texts[3] = f->config_sha256, texts[4] = f->weights_xxh128, texts[5] = f->unsupported;
    size_t room = 256;
    for (int i = 0; i < 6; i++) room += texts[i] != NULL ? 6 * strlen(texts[i]) + 32 : 0;
    for (size_t i = 0; i < f->refused_count; i++) {
        const assay_tap_refusal *r = &f->refused[i];
        room += 128 + 6 * ((r->rules != NULL ? strlen(r->rules) : 0) + (r->message != NULL ? strlen(r->message) : 0));
    }
    char *json = (char *)malloc(room), *out = json;
    if (json == NULL) return NULL;
    out = assay_tap_text_(out + sprintf(out, "{"), "format", "assay-dump/1");
    for (int i = 0; i < 6; i++)
        if (texts[i] != NULL) out = assay_tap_text_(out + sprintf(out, ",\n "), keys[i], texts[i]);
    if (f->refused_count > 0) out += sprintf(out, ",\n \"refused\": [");
    for (size_t i = 0; i < f->refused_count; i++) {
        const assay_tap_refusal *r = &f->refused[i];
        out += sprintf(out, "%s{\"step\": %d", i > 0 ? ",\n  " : "", r->step);
        if (r->rules != NULL) out = assay_tap_text_(out + sprintf(out, ", "), "rules", r->rules);
        if (r->message != NULL) out = assay_tap_text_(out + sprintf(out, ", "), "message", r->message);
        *out++ = '}';
    }
    if (f->refused_count > 0) *out++ = ']';
    memcpy(out, "}\n", 3);
    return json;
}

/* Writes dump.json: where the tensors come from, and which steps were refused. Of several calls the last one stands. 0 when it was
 * written or the tap is off, else -1. */
static inline int assay_tap_say(const assay_tap *tap, const assay_tap_facts *facts) {
    if (tap->sink == NULL) return 0;
    char *path = assay_tap_copy_(tap->sink->dir, 16), *json = assay_tap_json_(facts), *temp = NULL;
    const char *why = "out of memory";
    if (path != NULL && json != NULL) {
        strcat(path, "/dump.json");
        int fd = assay_tap_temporary_(tap->sink, path, &temp);
        why =
            fd < 0 ? strerror(errno) : assay_tap_finish_(fd, assay_tap_write_(fd, json, strlen(json)) != 0, temp, path);
    }
    int result = why == NULL ? 0 : assay_tap_fail_(tap->sink, path != NULL ? path : "dump.json", why);
    free(temp), free(json), free(path);
    return result;
}

#endif /* ASSAY_TAP_OFF */

/* assay_tap_put, with the type of the buffer checked by the compiler. */
static inline int assay_tap_f32(const assay_tap *at, const char *name, const float *data, assay_tap_shape shape) {
    return assay_tap_put(at, name, ASSAY_TAP_F32, data, shape);
}
static inline int assay_tap_f64(const assay_tap *at, const char *name, const double *data, assay_tap_shape shape) {
    return assay_tap_put(at, name, ASSAY_TAP_F64, data, shape);
}
static inline int assay_tap_f16(const assay_tap *at, const char *name, const uint16_t *bits, assay_tap_shape shape) {
    return assay_tap_put(at, name, ASSAY_TAP_F16, bits, shape);
}
static inline int assay_tap_bf16(const assay_tap *at, const char *name, const uint16_t *bits, assay_tap_shape shape) {
    return assay_tap_put(at, name, ASSAY_TAP_BF16, bits, shape);
}
static inline int assay_tap_i32(const assay_tap *at, const char *name, const int32_t *data, assay_tap_shape shape) {
    return assay_tap_put(at, name, ASSAY_TAP_I32, data, shape);
}
static inline int assay_tap_i64(const assay_tap *at, const char *name, const int64_t *data, assay_tap_shape shape) {
    return assay_tap_put(at, name, ASSAY_TAP_I64, data, shape);
}

#endif
