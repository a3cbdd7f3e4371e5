/* tap/assay_tap.h: the input says what a port taps, and where. What the tap says that it wrote is read back with the same values from
 * its folder; what it refuses leaves nothing there. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/read_all.h"
#include "fuzz/target.h"
#include "golden/npy.h"
#include "tap/assay_tap.h"

typedef struct {
    const uint8_t *at;
    size_t left;
} bytes;

static int next(bytes *b) {
    if (b->left == 0) return 0;
    b->left--;
    return *b->at++;
}

/* A name of stages, or bytes as they come. */
static char *next_name(bytes *b) {
    static const char *const names[] = {"logits", "self_attn.q_proj", "output", "key", "mem_mask", "embed_tokens"};
    size_t choice = (size_t)next(b);
    if (choice < 192) return strdup(names[choice % 6]);
    size_t nbytes = choice - 192 < b->left ? choice - 192 : b->left;
    char *name = strndup((const char *)b->at, nbytes);
    b->at += nbytes;
    b->left -= nbytes;
    return name;
}

static assay_tap next_place(bytes *b, const assay_tap *tap) {
    int which = next(b);
    assay_tap at = assay_tap_step(tap, next(b) % 3);
    if (which & 1) at = assay_tap_window(&at, next(b) % 2);
    if (which & 2) at = assay_tap_layer(&at, next(b) % 2);
    if (which & 4) at = assay_tap_past(&at, next(b) % 2);
    return at;
}

/* Strides of a permutation of the axes; sometimes sizes that cannot be. */
static assay_tap_shape next_shape(bytes *b) {
    assay_tap_shape s = assay_tap_4d(next(b) % 4, next(b) % 4, next(b) % 4, next(b) % 4);
    int how = next(b);
    s.rank = how % 8 < 5 ? how % 8 : 4;
    if (how & 8) s.stride[0] = 1, s.stride[1] = s.size[0], s.stride[2] = s.size[0] * s.size[1], s.stride[3] = 0;
    if ((how & 0xf0) == 0xf0) s.rank = 7 - next(b) % 10;
    if ((how & 0xf0) == 0xe0) s.size[next(b) % 4] = next(b) % 2 ? -1 : INT64_MAX;
    return s;
}

static double element(assay_tap_type type, const unsigned char *data, size_t index) {
    static const assay_dtype dtypes[] = {ASSAY_F32, ASSAY_F64, ASSAY_F16, ASSAY_BF16, ASSAY_I32, ASSAY_I64};
    if (type == ASSAY_TAP_BOOL) return data[index] != 0;
    return assay_load_f64(data, dtypes[type], index);
}

static bool same(double a, double b) { return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b); }

static void check_array(const char *path, assay_tap_type type, const unsigned char *data, const assay_tap_shape *s) {
    assay_tensor t;
    assay_error err = {0};
    assay_status st = assay_npy_read(path, &t, &err);
    if (st) assay_fuzz_abort(__FILE__, __LINE__, "what the tap wrote is refused", &err);
    ASSAY_FUZZ_REQUIRE(t.rank == s->rank);
    for (int i = 0; i < s->rank; i++) ASSAY_FUZZ_REQUIRE(t.shape[i] == s->size[i]);
    for (size_t i = 0, n = (size_t)assay_tensor_count(&t); i < n; i++) {
        size_t rest = i, offset = 0;
        for (int axis = s->rank - 1; axis >= 0; rest /= (size_t)s->size[axis], axis--)
            offset += rest % (size_t)s->size[axis] * (size_t)s->stride[axis];
        ASSAY_FUZZ_REQUIRE(same(assay_load_f64(t.data, t.dtype, i), element(type, data, offset)));
    }
    assay_tensor_free(&t);
}

static void put(bytes *b, const assay_tap *tap) {
    static const unsigned char data[8 * 256] = {1, 2, 0, 128, 255, 127, 3, 4, 192, 7, 248, 255, 9, 1, 0, 63};
    assay_tap at = next_place(b, tap);
    char *name = next_name(b), *below = NULL;
    ASSAY_FUZZ_REQUIRE(name);
    assay_tap_type type = (assay_tap_type)(next(b) % 8);
    assay_tap_shape shape = next_shape(b);
    char *path = assay_tap_path_(&at, name, &below);
    bool was_there = access(path, F_OK) == 0;
    int result = assay_tap_put(&at, name, type, data, shape);
    if (result == 0) check_array(path, type, data, &shape);
    else ASSAY_FUZZ_REQUIRE(was_there == (access(path, F_OK) == 0) || strchr(name, '/') || !*name);
    free(path);
    free(name);
}

static void say(bytes *b, const assay_tap *tap) {
    char *producer = next_name(b), *message = next_name(b);
    const assay_tap_refusal refusal = {next(b), "ERR-1", message};
    assay_tap_facts facts = {producer, "float32", NULL, NULL, NULL, &refusal, (size_t)next(b) % 2, NULL};
    if (next(b) == 255) facts.unsupported = message;
    ASSAY_FUZZ_REQUIRE(assay_tap_say(tap, &facts) == 0);
    free(producer);
    free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bytes b = {data, size};
    assay_fuzz_folder folder;
    assay_fuzz_folder_make(&folder);
    assay_tap tap = assay_tap_open_at(folder.path, NULL, 1);
    ASSAY_FUZZ_REQUIRE(assay_tap_on(&tap));
    tap.sink->failed = 1; /* what it says on stderr is not looked at */
    for (int i = 0; i < 12 && b.left > 0; i++) {
        if (next(&b) % 8) put(&b, &tap);
        else say(&b, &tap);
    }
    assay_fuzz_read_candidate(folder.path);
    assay_tap_close(&tap);
    assay_fuzz_folder_remove(&folder);
    return 0;
}
