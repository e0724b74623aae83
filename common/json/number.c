/* The shortest decimal text of a double, without a table-driven algorithm: 15 digits are the
 * shortest whenever they read back (every decimal of at most 15 digits survives the trip through a
 * normal double), else 16, else 17, which always do. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/json/json_internal.h"

static bool reads_back(char out[HOPT_JSON_NUMBER], int digits, double value) {
    snprintf(out, HOPT_JSON_NUMBER, "%.*g", digits, value);
    return strtod(out, NULL) == value;
}

/**
 * Below a power of two doubles lie twice as dense, so the nearest decimal of 16 digits may miss it
 * while the next one up hits (2^-44 is 5.684341886080802e-14, and ...801 is nearer).
 */
static bool neighbour_reads_back(char out[HOPT_JSON_NUMBER], double value) {
    int exponent;
    if (fabs(frexp(value, &exponent)) != 0.5) return false;
    snprintf(out, HOPT_JSON_NUMBER, "%.15e", value);
    char *last = out + strcspn(out, "e") - 1;
    if (*last == '9') return false; /* would carry; 17 digits do as well */
    ++*last;
    return strtod(out, NULL) == value;
}

/** JSON's point whatever the locale's is, and no padding in the exponent. */
static void normalise(char out[HOPT_JSON_NUMBER]) {
    char *to = out, *from = out;
    bool point = false;
    while (*from && *from != 'e') {
        if ((*from >= '0' && *from <= '9') || *from == '-')
            *to++ = *from;
        else if (!point) {
            *to++ = '.';
            point = true;
        }
        from++;
    }
    if (*from == 'e') {
        *to++ = *from++;
        if (*from == '-') *to++ = '-';
        from += strspn(from, "+-0");
        while (*from)
            *to++ = *from++;
    }
    *to = '\0';
}

void hopt_json_number(char out[HOPT_JSON_NUMBER], double value) {
    if (!isfinite(value)) {
        snprintf(out, HOPT_JSON_NUMBER, "%s",
                 isnan(value) ? "NaN"
                 : value > 0  ? "Infinity"
                              : "-Infinity");
        return;
    }
    if (fabs(value) < 1e15 && value == rint(value)) { /* the commonest, and the quickest */
        snprintf(out, HOPT_JSON_NUMBER, "%.0f", value);
        return;
    }
    if (hopt_json__number_exact(out, value)) return; /* the same, quicker */
    /* A subnormal has fewer digits than 15 to lose. */
    int digits = fabs(value) < 2.2250738585072014e-308 ? 1 : 15;
    for (; digits < 17; digits++) {
        if (reads_back(out, digits, value)) break;
        if (digits == 16 && neighbour_reads_back(out, value)) break;
    }
    if (digits == 17) snprintf(out, HOPT_JSON_NUMBER, "%.17g", value);
    normalise(out);
}
