/* `_type` and `_value` of a parameter, in NNI's forms. The limits are there so that no draw and no
 * grid value can overflow; each message says what to write instead. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/space/space_internal.h"

/** Integers that a double holds exactly end here. */
#define WHOLE_MAX 9007199254740992.0
/** A normal draw from 53 random bits stays within 8.3 sigma. */
#define SIGMAS 9.0
#define LN_MAX 709.0

/** The forms of _value. */
typedef enum form { OPTIONS, WEIGHTED, RANDINT, BOUNDS, NORMAL } form;

typedef struct kind_row {
    const char *name;
    form form;
    bool log, q;
    const char *form_text;
} kind_row;

/* In the order of hopt_dist_kind. */
static const kind_row kinds[] = {
    {"choice", OPTIONS, false, false, "[option, ...]"},
    {"pchoice", WEIGHTED, false, false, "[[probability, option], ...]"},
    {"randint", RANDINT, false, false, "[low, high], high not included"},
    {"uniform", BOUNDS, false, false, "[low, high]"},
    {"quniform", BOUNDS, false, true, "[low, high, q]"},
    {"uniformint", BOUNDS, false, false, "[low, high]"},
    {"loguniform", BOUNDS, true, false, "[low, high]"},
    {"qloguniform", BOUNDS, true, true, "[low, high, q]"},
    {"normal", NORMAL, false, false, "[mu, sigma]"},
    {"qnormal", NORMAL, false, true, "[mu, sigma, q]"},
    {"lognormal", NORMAL, true, false, "[mu, sigma]"},
    {"qlognormal", NORMAL, true, true, "[mu, sigma, q]"},
};

const char *hopt_dist_name(hopt_dist_kind kind) {
    HOPT_ASSERT((size_t)kind < HOPT_COUNT(kinds));
    return kinds[kind].name;
}

/** One parameter being read. */
typedef struct reader {
    hopt_space__parser *p;
    const char *label;
    const kind_row *kind;
    const json_t *value;
    double number[3];
    char text[3][HOPT_JSON_NUMBER]; /**< the numbers, for messages */
} reader;

static bool find_kind(hopt_space__parser *p, const char *label, const json_t *json,
                      hopt_dist_kind *kind) {
    const json_t *type = json_object_get(json, "_type");
    const char *name = json_string_value(type);
    if (!type) {
        hopt_space__fail(p, "", false, label, "a parameter without _type: give one, e.g. uniform");
        return false;
    }
    for (size_t i = 0; name && i < HOPT_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, name) != 0) continue;
        *kind = (hopt_dist_kind)i;
        return true;
    }
    if (!name) {
        hopt_space__fail(p, "_type", false, label, "_type must be a string, e.g. \"uniform\"");
        return false;
    }
    hopt_space__fail(p, "_type", false, label,
                     "unknown _type `%.40s`: use choice, pchoice, randint, uniformint, uniform, "
                     "quniform, loguniform, qloguniform, normal, qnormal, lognormal or qlognormal",
                     name);
    return false;
}

/** Read n finite numbers. */
static bool read_numbers(reader *r, size_t n) {
    if (!json_is_array(r->value) || json_array_size(r->value) != n) {
        char got[64] = "no list";
        if (json_is_array(r->value))
            snprintf(got, sizeof got, "%zu elements", json_array_size(r->value));
        hopt_space__fail(r->p, "_value", false, r->label, "_value of %s has %s: give %s",
                         r->kind->name, got, r->kind->form_text);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char step[32];
        const json_t *item = json_array_get(r->value, i);
        snprintf(step, sizeof step, "_value/%zu", i);
        if (!hopt_json_double(&r->number[i], item)) {
            char *text = hopt_json_text(item);
            hopt_space__fail(r->p, step, false, r->label,
                             "_value of %s holds %.60s: give numbers, %s", r->kind->name, text,
                             r->kind->form_text);
            free(text);
            return false;
        }
        hopt_json_number(r->text[i], r->number[i]);
        if (!isfinite(r->number[i])) {
            hopt_space__fail(r->p, step, false, r->label,
                             "_value of %s holds %s: give finite numbers, %s", r->kind->name,
                             r->text[i], r->kind->form_text);
            return false;
        }
    }
    return true;
}

static bool check_q(reader *r, hopt_dist *dist) {
    if (!r->kind->q) return true;
    dist->q = r->number[2];
    if (dist->q > 0) return true;
    hopt_space__fail(r->p, "_value/2", false, r->label,
                     "q must be above 0, got %s: give the step of the grid, e.g. 1", r->text[2]);
    return false;
}

/** The grid's ends must be exact counts of q and finite. */
static bool check_grid(reader *r, const hopt_dist *dist) {
    if (dist->q <= 0) return true;
    double first = rint(dist->low / dist->q), last = rint(dist->high / dist->q);
    if (!(fabs(first) <= WHOLE_MAX) || !(fabs(last) <= WHOLE_MAX)) {
        hopt_space__fail(
            r->p, "_value/2", false, r->label,
            "q is too small for these bounds, got %s: give a larger one, or %s without q",
            r->text[2], r->kind->name + 1);
        return false;
    }
    if (!isfinite(first * dist->q) || !isfinite(last * dist->q)) {
        hopt_space__fail(r->p, "_value", false, r->label,
                         "the grid leaves the range of a double: give smaller bounds");
        return false;
    }
    return true;
}

static bool read_bounds(reader *r, hopt_dist *dist) {
    if (!read_numbers(r, r->kind->q ? 3 : 2)) return false;
    const char *name = r->kind->name, *low = r->text[0], *high = r->text[1];
    dist->low = r->number[0];
    dist->high = r->number[1];
    bool integer = dist->kind == HOPT_UNIFORMINT;
    if (r->kind->log && (dist->low <= 0 || dist->high <= 0)) {
        hopt_space__fail(r->p, "_value", false, r->label,
                         "%s bounds must be above 0, got %s .. %s: give the real bounds, e.g. "
                         "[0.001, 1000]",
                         name, low, high);
    } else if (dist->low > dist->high) {
        hopt_space__fail(r->p, "_value", false, r->label,
                         "%s bounds are swapped, got %s .. %s: give [low, high]", name, low, high);
    } else if (dist->low == dist->high) {
        hopt_space__fail(r->p, "_value", false, r->label,
                         "%s bounds are equal, got %s .. %s: give low < high, or the constant %s",
                         name, low, high, low);
    } else if (!isfinite(dist->high - dist->low)) {
        hopt_space__fail(r->p, "_value", false, r->label,
                         "%s bounds %s .. %s are too far apart: their distance is no double", name,
                         low, high);
    } else if (integer && (dist->low != rint(dist->low) || dist->high != rint(dist->high) ||
                           fabs(dist->low) > WHOLE_MAX || fabs(dist->high) > WHOLE_MAX)) {
        hopt_space__fail(r->p, "_value", false, r->label,
                         "uniformint bounds must be integers up to 2^53, got %s .. %s: round them",
                         low, high);
    } else {
        if (integer) dist->q = 1;
        return check_q(r, dist) && check_grid(r, dist);
    }
    return false;
}

static bool read_randint(reader *r, hopt_dist *dist) {
    bool upper_only = json_array_size(r->value) == 1;
    if (!read_numbers(r, upper_only ? 1 : 2)) return false;
    dist->low = upper_only ? 0 : r->number[0];
    dist->high = r->number[upper_only ? 0 : 1];
    const char *low = upper_only ? "0" : r->text[0], *high = r->text[upper_only ? 0 : 1];
    if (dist->low != rint(dist->low) || dist->high != rint(dist->high) ||
        fabs(dist->low) > WHOLE_MAX || fabs(dist->high) > WHOLE_MAX) {
        hopt_space__fail(r->p, "_value", false, r->label,
                         "randint bounds must be integers up to 2^53, got %s .. %s: round them",
                         low, high);
        return false;
    }
    if (dist->low < dist->high && dist->high - dist->low <= WHOLE_MAX) return true;
    hopt_space__fail(
        r->p, "_value", false, r->label,
        dist->low < dist->high ? "randint bounds %s .. %s are too far apart: 2^53 values at most"
        : dist->low == dist->high
            ? "randint bounds are equal, got %s .. %s: high itself is not included, so "
              "make it larger"
            : "randint bounds are swapped, got %s .. %s: give [low, high], high not "
              "included",
        low, high);
    return false;
}

static bool read_normal(reader *r, hopt_dist *dist) {
    if (!read_numbers(r, r->kind->q ? 3 : 2)) return false;
    dist->mu = r->number[0];
    dist->sigma = r->number[1];
    if (dist->sigma <= 0) {
        hopt_space__fail(r->p, "_value/1", false, r->label,
                         "sigma must be above 0, got %s: give the standard deviation, e.g. 1",
                         r->text[1]);
        return false;
    }
    if (!check_q(r, dist)) return false;
    double reach = SIGMAS * dist->sigma;
    if (r->kind->log &&
        (dist->mu + reach > LN_MAX || (dist->q <= 0 && dist->mu - reach < -LN_MAX))) {
        hopt_space__fail(r->p, "_value", false, r->label,
                         "%s with mu %s and sigma %s leaves the range of a double: both are of the "
                         "logarithm, e.g. [0, 1]",
                         r->kind->name, r->text[0], r->text[1]);
        return false;
    }
    /* The next grid value may lie q further out. */
    double largest = (r->kind->log ? exp(dist->mu + reach) : fabs(dist->mu) + reach) + dist->q;
    if (isfinite(largest) && (dist->q <= 0 || isfinite(largest / dist->q))) return true;
    hopt_space__fail(r->p, "_value", false, r->label,
                     "%s with mu %s and sigma %s%s%s leaves the range of a double: give other ones",
                     r->kind->name, r->text[0], r->text[1], r->kind->q ? " and q " : "",
                     r->kind->q ? r->text[2] : "");
    return false;
}

static bool read_weights(reader *r, hopt_dist *dist, double **probability) {
    double sum = 0;
    *probability = hopt_zalloc((size_t)dist->options, sizeof **probability);
    dist->probability = *probability;
    for (int i = 0; i < dist->options; i++) {
        char step[48], text[HOPT_JSON_NUMBER];
        const json_t *pair = json_array_get(r->value, (size_t)i);
        double weight;
        snprintf(step, sizeof step, "_value/%d", i);
        if (json_array_size(pair) != 2 || !json_is_array(pair) ||
            !hopt_json_double(&weight, json_array_get(pair, 0))) {
            hopt_space__fail(r->p, step, false, r->label,
                             "an option of pchoice is [probability, option], e.g. [0.5, \"a\"]");
            return false;
        }
        if (!(weight > 0 && weight <= 1)) {
            hopt_json_number(text, weight);
            hopt_space__fail(r->p, step, false, r->label,
                             "a probability must be above 0 and at most 1, got %s: change it, or "
                             "leave the option out",
                             text);
            return false;
        }
        (*probability)[i] = weight;
        sum += weight;
    }
    if (fabs(sum - 1) <= 1e-6) return true;
    hopt_space__fail(r->p, "_value", false, r->label,
                     "the probabilities add up to %.9g: make them add up to 1", sum);
    return false;
}

static bool read_options(reader *r, hopt_dist *dist, double **probability) {
    size_t n = json_array_size(r->value);
    if (json_is_array(r->value) && n >= 1 && n <= HOPT_SPACE_OPTIONS_MAX) {
        dist->options = (int)n;
        return r->kind->form == OPTIONS || read_weights(r, dist, probability);
    }
    if (!json_is_array(r->value))
        hopt_space__fail(r->p, "_value", false, r->label, "_value of %s has no list: give %s",
                         r->kind->name, r->kind->form_text);
    else if (!n)
        hopt_space__fail(r->p, "_value", false, r->label,
                         "an empty %s: give at least one option, %s", r->kind->name,
                         r->kind->form_text);
    else
        hopt_space__fail(r->p, "_value", false, r->label,
                         "%zu options: at most %d are allowed, use randint for more", n,
                         HOPT_SPACE_OPTIONS_MAX);
    return false;
}

bool hopt_space__parse_dist(hopt_space__parser *p, const char *label, const json_t *json,
                            hopt_dist *dist, double **probability) {
    memset(dist, 0, sizeof *dist);
    *probability = NULL;
    if (!find_kind(p, label, json, &dist->kind)) return false;
    reader r = {.p = p, .label = label, .kind = &kinds[dist->kind]};
    r.value = json_object_get(json, "_value");
    if (!r.value) {
        hopt_space__fail(p, "", false, label, "_value is missing: %s needs %s", r.kind->name,
                         r.kind->form_text);
        return false;
    }
    switch (r.kind->form) {
    case OPTIONS:
    case WEIGHTED:
        return read_options(&r, dist, probability);
    case RANDINT:
        return read_randint(&r, dist);
    case BOUNDS:
        return read_bounds(&r, dist);
    case NORMAL:
        break;
    }
    return read_normal(&r, dist);
}
