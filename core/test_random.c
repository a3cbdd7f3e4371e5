/* The generator against an independent program in Python (arbitrary-precision integers) and the published SplitMix64. */
#include "core/random.h"

#include <criterion/criterion.h>

Test(random, streams_are_splitmix64) { /* Vigna's splitmix64.c from seed 1234567, as its test vectors have it */
    const uint64_t expected[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                 UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                 UINT64_C(16408922859458223821)};
    for (uint64_t n = 0; n < 5; n++) cr_assert_eq(assay_random_at(1234567, n), expected[n]);
    cr_assert_eq(assay_random_at(0, 0), UINT64_C(0xe220a8397b1dcdaf));
    cr_assert_eq(assay_random_at(0, 1), UINT64_C(0x6e789e6aa1b965f4));
}

Test(random, keys_depend_on_seed_and_name) {
    cr_assert_eq(assay_random_key(0, ""), UINT64_C(0xf52a15e9a9b5e89b));
    cr_assert_eq(assay_random_key(0, "a"), UINT64_C(0x02c0bdbf481420f8));
    cr_assert_eq(assay_random_key(1, "model.embed_tokens.weight"), UINT64_C(0x1f1b4af464681429));
    cr_assert_eq(assay_random_key(UINT64_MAX, "\xc3\xa9"), UINT64_C(0x3ae1e7e16f985a97)); /* bytes above 127 */
}

static void check(uint64_t key, uint64_t n, uint64_t bits, float symmetric, double unit) {
    cr_assert_eq(assay_random_at(key, n), bits);
    cr_assert_eq(assay_random_symmetric_f32(key, n), symmetric);
    cr_assert_eq(assay_random_unit(key, n), unit);
}

Test(random, numbers_are_those_of_python) {
    check(42, 0, UINT64_C(0xbdd732262feb6e95), 0x1.eeb99p-2f, 0x1.7bae644c5fd6dp-1);
    check(42, 1, UINT64_C(0x28efe333b266f103), -0x1.5c4074p-1f, 0x1.477f199d93378p-3);
    check(42, UINT64_C(1000000000000), UINT64_C(0x2fd6ab638429d3d7), -0x1.40a554p-1f, 0x1.7eb55b1c214e8p-3);
    check(UINT64_MAX, UINT64_MAX, UINT64_C(0xb4d055fcf2cbbd7b), 0x1.a682a8p-2f, 0x1.69a0abf9e5977p-1);
}

Test(random, numbers_lie_in_their_ranges_and_fill_them) {
    double low = 1, high = -1, sum = 0;
    for (uint64_t n = 0; n < 100000; n++) {
        float x = assay_random_symmetric_f32(3, n);
        double u = assay_random_unit(3, n);
        cr_assert(x >= -1 && x < 1);
        cr_assert(u >= 0 && u < 1);
        low = (double)x < low ? (double)x : low;
        high = (double)x > high ? (double)x : high;
        sum += (double)x;
    }
    cr_assert(low < -0.999 && high > 0.999);
    cr_assert_float_eq(sum / 100000, 0, 0.01);
}
