#include "core/rounding.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    int fraction_bits;
    int min_exponent, max_exponent; /* of normal numbers */
} format;

static format format_of(assay_dtype dtype) {
    assert(dtype == ASSAY_F16 || dtype == ASSAY_BF16);
    return dtype == ASSAY_F16 ? (format){10, -14, 15} : (format){7, -126, 127};
}

/* Distance of representable magnitudes in the binade of `magnitude`; below the normal numbers, of the subnormals. */
static double unit_at(double magnitude, const format *f) {
    int exponent = f->min_exponent;
    if (magnitude >= ldexp(1, f->min_exponent)) exponent = ilogb(magnitude);
    return ldexp(1, exponent - f->fraction_bits);
}

double assay_round_to(double value, assay_dtype dtype) {
    if (dtype == ASSAY_F64 || isnan(value) || isinf(value)) return value;
    if (dtype == ASSAY_F32) return (double)(float)value;
    format f = format_of(dtype);
    double unit = unit_at(fabs(value), &f);
    double rounded = nearbyint(value / unit) * unit; /* both steps exact: unit is a power of two */
    return fabs(rounded) >= ldexp(1, f.max_exponent + 1) ? copysign(INFINITY, value) : rounded;
}

/* Where the numbers that round to `magnitude` begin, and end. Infinity stands one unit above the largest number. */
static void preimage(double magnitude, const format *f, double *begin, double *end) {
    double at = isinf(magnitude) ? ldexp(1, f->max_exponent + 1) : magnitude;
    double above = unit_at(at, f);
    double below = at > 0 && at <= ldexp(1, f->max_exponent + 1) ? unit_at(nextafter(at, 0), f) : above;
    *begin = at - below / 2;
    *end = isinf(magnitude) ? INFINITY : at + above / 2;
}

double assay_rounding_move(double u, double c, assay_dtype dtype) {
    if (assay_round_to(u, dtype) == c) return 0;
    if (isinf(u)) return INFINITY;
    format f = format_of(dtype);
    double begin, end;
    preimage(fabs(c), &f, &begin, &end);
    if (signbit(c)) {
        double mirrored = begin;
        begin = -end;
        end = -mirrored;
    }
    return u < begin ? begin - u : u > end ? u - end : 0;
}
