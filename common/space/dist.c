/* What a distribution can take, and its text for people. */
#include <math.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

/** Part of q that a grid value may be off: it may have come through a decimal text. */
#define GRID_SLACK 1e-9
/** exp(log(bound)) need not give the bound back. */
#define LOG_SLACK 1e-12
#define EXACT_MAX 9007199254740992.0

bool hopt_dist__quantized(hopt_dist_kind kind) {
    return kind == HOPT_QUNIFORM || kind == HOPT_UNIFORMINT || kind == HOPT_QLOGUNIFORM ||
           kind == HOPT_QNORMAL || kind == HOPT_QLOGNORMAL;
}

double hopt_dist__snap(const hopt_dist *dist, double value) {
    /* Adding 0 turns -0 into 0. */
    return (hopt_dist__quantized(dist->kind) ? rint(value / dist->q) * dist->q : value) + 0.0;
}

bool hopt_dist__whole(const hopt_dist *dist) {
    return dist->kind == HOPT_RANDINT ||
           (hopt_dist__quantized(dist->kind) && dist->q == rint(dist->q));
}

static bool on_grid(const hopt_dist *dist, double value) {
    double k = rint(value / dist->q);
    return fabs(value - k * dist->q) <= GRID_SLACK * dist->q + 4e-16 * fabs(value);
}

static bool in_grid_bounds(const hopt_dist *dist, double value) {
    double k = rint(value / dist->q);
    return k >= rint(dist->low / dist->q) && k <= rint(dist->high / dist->q);
}

bool hopt_dist_contains(const hopt_dist *dist, double value) {
    if (!isfinite(value)) return false;
    switch (dist->kind) {
    case HOPT_CHOICE:
    case HOPT_PCHOICE:
        return value == rint(value) && value >= 0 && value < dist->options;
    case HOPT_RANDINT:
        return value == rint(value) && value >= dist->low && value < dist->high;
    case HOPT_UNIFORM:
        return value >= dist->low && value <= dist->high;
    case HOPT_LOGUNIFORM:
        return value >= dist->low * (1 - LOG_SLACK) && value <= dist->high + dist->high * LOG_SLACK;
    case HOPT_QUNIFORM:
    case HOPT_UNIFORMINT:
    case HOPT_QLOGUNIFORM:
        return on_grid(dist, value) && in_grid_bounds(dist, value);
    case HOPT_NORMAL:
        return true;
    case HOPT_LOGNORMAL:
        return value > 0;
    case HOPT_QNORMAL:
        return on_grid(dist, value);
    case HOPT_QLOGNORMAL:
        return on_grid(dist, value) && rint(value / dist->q) >= 0;
    }
    return false;
}

uint64_t hopt_dist_cardinality(const hopt_dist *dist) {
    double n = 0;
    switch (dist->kind) {
    case HOPT_CHOICE:
    case HOPT_PCHOICE:
        return (uint64_t)dist->options;
    case HOPT_RANDINT:
        n = dist->high - dist->low;
        break;
    case HOPT_QUNIFORM:
    case HOPT_UNIFORMINT:
    case HOPT_QLOGUNIFORM:
        n = rint(dist->high / dist->q) - rint(dist->low / dist->q) + 1;
        break;
    default:
        return 0;
    }
    return n <= EXACT_MAX ? (uint64_t)n : 0;
}

static void text_number(hopt_buf *out, const char *before, double value) {
    char number[HOPT_JSON_NUMBER];
    hopt_json_number(number, value);
    hopt_buf_text(out, before);
    hopt_buf_text(out, number);
}

void hopt_dist_text(const hopt_dist *dist, hopt_buf *out) {
    hopt_buf_text(out, hopt_dist_name(dist->kind));
    switch (dist->kind) {
    case HOPT_CHOICE:
    case HOPT_PCHOICE:
        hopt_buf_print(out, " of %d", dist->options);
        return;
    case HOPT_RANDINT: /* its last value, not the bound that is not included */
        text_number(out, " ", dist->low);
        text_number(out, " .. ", dist->high - 1);
        return;
    case HOPT_NORMAL:
    case HOPT_QNORMAL:
    case HOPT_LOGNORMAL:
    case HOPT_QLOGNORMAL:
        text_number(out, " mu ", dist->mu);
        text_number(out, " sigma ", dist->sigma);
        break;
    default:
        text_number(out, " ", dist->low);
        text_number(out, " .. ", dist->high);
        break;
    }
    if (hopt_dist__quantized(dist->kind) && dist->kind != HOPT_UNIFORMINT)
        text_number(out, " step ", dist->q);
}
