/* The shortest text of a double between 1e-6 and 1e15, worked out in integers: 128 bits hold it,
 * and the interval that reads back the same, exactly. It gives what number.c gives by printing and
 * reading with the C library, at a twentieth of the ten thousand instructions that this takes;
 * numbers are most of what a quick trial prints. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/json/json.h"
#include "common/json/json_internal.h"

__extension__ typedef unsigned __int128 wide;

enum {
    MANTISSA = 53, /* bits */
    DIGITS = 17,   /* always enough */
    SCALE_MAX = 22 /* 10^22 * 2^54 < 2^128; the smallest that have 17 digits then are 1e-6 */
};

/* value * 10^scale, which has 17 digits before the point. */
typedef struct scaled {
    int scale;
    uint64_t whole;
    wide rest, one; /* what is behind the point, and 1, in units of 2^-(shift+1) */
    wide half;      /* the way to the middle between value and the next double, in those units */
    bool even;      /* the mantissa: then the middle reads back as value too */
} scaled;

static uint64_t power_of_ten(int exponent) {
    uint64_t power = 1;
    for (; exponent > 0; exponent--)
        power *= 10;
    return power;
}

/* False where 128 bits do not do, or where the doubles below lie twice as dense. */
static bool scale_up(scaled *out, double value) {
    int exponent;
    double fraction = frexp(value, &exponent);
    uint64_t mantissa = (uint64_t)ldexp(fraction, MANTISSA);
    int shift = MANTISSA - exponent; /* value = mantissa * 2^-shift */
    if (fraction == 0.5 || shift < 1) return false;
    /* 1233/4096 is log10(2): it is this scale, or one less. */
    int scale = DIGITS - 1 - ((exponent - 1) * 1233 >> 12);
    if (scale > SCALE_MAX) scale = SCALE_MAX;
    out->one = (wide)1 << (shift + 1);
    for (; scale > 0; scale--) {
        out->half = (wide)power_of_ten(scale / 2) * power_of_ten(scale - scale / 2);
        wide twice = (wide)mantissa * 2 * out->half;
        out->whole = (uint64_t)(twice >> (shift + 1));
        out->rest = twice & (out->one - 1);
        if (out->whole < power_of_ten(DIGITS)) break;
    }
    out->scale = scale;
    out->even = mantissa % 2 == 0;
    return scale > 0 && out->whole >= power_of_ten(DIGITS - 1);
}

/* The nearest number with `dropped` digits fewer than 17 (zeros in their place).
 * @return whether it reads back as the same double. */
static bool round_off(uint64_t *digits, const scaled *number, int dropped) {
    uint64_t unit = power_of_ten(dropped), low = number->whole % unit;
    wide below = low * number->one + number->rest, above = unit * number->one - below;
    bool odd = number->whole / unit % 2;
    bool up = above < below || (above == below && odd);
    wide away = up ? above : below;
    *digits = number->whole - low + (up ? unit : 0);
    return away < number->half || (away == number->half && number->even);
}

/* digits * 10^-scale, as %g lays it out. */
static void lay_out(char *out, uint64_t digits, int scale) {
    char text[24] = "";
    for (; digits % 10 == 0 && scale > 0; scale--)
        digits /= 10;
    int length = 0, at = sizeof text;
    for (; digits; digits /= 10, length++)
        text[--at] = (char)('0' + digits % 10);
    const char *first = text + at;
    int exponent = length - 1 - scale, before = exponent < 0 ? 0 : exponent + 1;
    if (exponent < -4) {
        *out++ = *first++;
        if (length > 1) *out++ = '.';
        memcpy(out, first, (size_t)length - 1);
        out += length - 1;
        *out++ = 'e';
        *out++ = '-';
        *out++ = (char)('0' - exponent); /* 5 or 6 */
        *out = '\0';
        return;
    }
    if (!before) *out++ = '0';
    memcpy(out, first, (size_t)before);
    out += before;
    if (scale > 0) *out++ = '.';
    for (int i = exponent + 1; i < 0; i++)
        *out++ = '0';
    memcpy(out, first + before, (size_t)(length - before));
    out[length - before] = '\0';
}

bool hopt_json__number_exact(char out[HOPT_JSON_NUMBER], double value) {
    scaled number;
    uint64_t digits;
    if (!(fabs(value) >= 1e-6 && fabs(value) < 1e15) || !scale_up(&number, fabs(value)))
        return false;
    if (!round_off(&digits, &number, 2) && !round_off(&digits, &number, 1))
        (void)round_off(&digits, &number, 0);
    if (value < 0) *out++ = '-';
    lay_out(out, digits, number.scale);
    return true;
}

static int bits_of(wide number) {
    uint64_t high = (uint64_t)(number >> 64), low = (uint64_t)number;
    if (high) return 128 - __builtin_clzll(high);
    return low ? 64 - __builtin_clzll(low) : 0;
}

bool hopt_json__decimal_exact(double *out, const char *text, size_t length) {
    enum { WORD_DIGITS = 19 };
    uint64_t word = 0; /* all digits */
    int digits = 0, behind = 0;
    bool point = false, negative = length && *text == '-';
    for (size_t i = negative; i < length; i++) {
        if (text[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (text[i] < '0' || text[i] > '9' || ++digits > WORD_DIGITS) return false;
        word = word * 10 + (uint64_t)(text[i] - '0');
        behind += point;
    }
    /* word / 10^behind in units of 2^-64, and whether something is left. */
    uint64_t divisor = power_of_ten(behind);
    wide units = ((wide)word << 64) / divisor;
    bool more = units * divisor != (wide)word << 64;
    int extra = bits_of(units) - MANTISSA;
    if (extra < 1) return false; /* not all that count are in it */
    uint64_t mantissa = (uint64_t)(units >> extra);
    wide cut = units & (((wide)1 << extra) - 1), middle = (wide)1 << (extra - 1);
    if (cut > middle || (cut == middle && (more || mantissa % 2))) mantissa++;
    double value = ldexp((double)mantissa, extra - 64);
    *out = negative ? -value : value;
    return true;
}
