/* Any text as a space: refused with places, or good for every way there and back of one point. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/json/json.h"
#include "common/space/space.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The middle of a distribution; an option by `pick`. */
static double middle(const hopt_dist *dist, uint64_t pick) {
    double value = dist->low + (dist->high - dist->low) / 2;
    switch (dist->kind) {
    case HOPT_CHOICE:
    case HOPT_PCHOICE:
        return (double)(pick % (uint64_t)dist->options);
    case HOPT_RANDINT:
        return floor(value);
    case HOPT_LOGUNIFORM:
    case HOPT_QLOGUNIFORM:
        value = exp(log(dist->low) + (log(dist->high) - log(dist->low)) / 2);
        break;
    case HOPT_NORMAL:
    case HOPT_QNORMAL:
        value = dist->mu;
        break;
    case HOPT_LOGNORMAL:
    case HOPT_QLOGNORMAL:
        value = exp(dist->mu);
        break;
    default:
        break;
    }
    return dist->q > 0 ? rint(value / dist->q) * dist->q : value;
}

static bool same(const double *a, const double *b, int n) {
    for (int i = 0; i < n; i++) {
        if (a[i] != b[i] && !(isnan(a[i]) && isnan(b[i]))) return false;
    }
    return true;
}

static void check_resolved(const hopt_space *space, const double *point, double *back) {
    hopt_error err;
    json_t *resolved = hopt_space_resolve(space, point), *read;
    char *text = hopt_json_text(resolved);
    HOPT_ASSERT(hopt_json_parse(&read, text, strlen(text), 0, &err) == HOPT_OK);
    HOPT_ASSERT(hopt_space_unresolve(space, back, read, text, strlen(text), "", &err) == HOPT_OK);
    HOPT_ASSERT(hopt_space_check_point(space, back, &err) == HOPT_OK);
    if (!same(point, back, hopt_space_size(space))) { /* options that look alike */
        json_t *again = hopt_space_resolve(space, back);
        HOPT_ASSERT(json_equal(resolved, again));
        json_decref(again);
    }
    json_decref(read);
    json_decref(resolved);
    free(text);
}

static void check_vals(const hopt_space *space, const double *point, double *back) {
    hopt_error err;
    json_t *vals = hopt_space_vals(space, point);
    HOPT_ASSERT(hopt_space_from_vals(space, back, vals, &err) == HOPT_OK);
    HOPT_ASSERT(same(point, back, hopt_space_size(space)));
    json_decref(vals);
}

static void check_texts(const hopt_space *space, const double *point) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_space_print_tree(space, &out, true);
    hopt_space_print_tree(space, &out, false);
    HOPT_ASSERT(out.length);
    for (int i = 0; i < hopt_space_size(space); i++) {
        const hopt_dist *dist = &hopt_space_param(space, i)->dist;
        hopt_space_value_text(space, point, i, &out);
        hopt_dist_text(dist, &out);
        if (dist->options) hopt_space_option_text(space, i, dist->options - 1, &out);
    }
    hopt_buf_clear(&out);
    char *difference = hopt_space_difference(space, space);
    HOPT_ASSERT(!difference);
}

static void check_space(const hopt_space *space, uint64_t seed) {
    int n = hopt_space_size(space);
    double *point = hopt_zalloc((size_t)n, sizeof *point),
           *back = hopt_zalloc((size_t)n, sizeof *back);
    hopt_error err;
    HOPT_ASSERT(n > 0);
    for (uint64_t k = 0; k < 3; k++) {
        for (int i = 0; i < n; i++)
            point[i] = middle(&hopt_space_param(space, i)->dist,
                              hopt_hash_splitmix64(seed + k, (uint64_t)i));
        hopt_space_mask(space, point, point);
        for (int i = 0; i < n; i++)
            HOPT_ASSERT(hopt_space_active(space, point, i) == !isnan(point[i]));
        HOPT_ASSERT(hopt_space_check_point(space, point, &err) == HOPT_OK);
        check_resolved(space, point, back);
        check_vals(space, point, back);
    }
    check_texts(space, point);
    free(point);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    hopt_error err;
    json_t *json;
    if (hopt_json_parse(&json, text, size, HOPT_JSON_COMMENTS | HOPT_JSON_NAN, &err) != HOPT_OK)
        return 0;
    hopt_space *space;
    hopt_errors errors = {0};
    hopt_status status = hopt_space_parse(&space, json, text, size, "", &errors);
    HOPT_ASSERT((status == HOPT_OK) == (space != NULL) && (errors.total == 0) == (space != NULL));
    for (size_t i = 0; i < errors.count; i++)
        HOPT_ASSERT(errors.list[i].message[0] && errors.list[i].line > 0);
    if (space) check_space(space, hopt_hash_fnv1a(HOPT_FNV_START, data, size));
    hopt_space_free(space);
    json_decref(json);
    return 0;
}
