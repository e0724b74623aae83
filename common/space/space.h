/**
 * The search space: a tree of constants, lists, objects and parameters, where a choice may hold
 * further parameters in its options. DESIGN §3 gives the text form (NNI's `_type`, `_value`).
 *
 * A hopt_space is immutable after hopt_space_parse(), so threads share it freely. Pure.
 *
 * A **point** is an array of `hopt_space_size()` doubles in the order of the parameters; NaN marks
 * an inactive parameter. choice and pchoice hold the option's index, randint the integer, all else
 * the value itself (hyperopt's `vals`).
 */
#ifndef HOPT_SPACE_SPACE_H
#define HOPT_SPACE_SPACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"

enum {
    HOPT_SPACE_PARAMS_MAX = 1000,
    HOPT_SPACE_DEPTH_MAX = 32,
    HOPT_SPACE_OPTIONS_MAX = 10000,
    HOPT_LABEL_MAX = 256 /**< bytes, NUL included */
};

typedef enum hopt_dist_kind {
    HOPT_CHOICE,      /**< one of n options, equal probabilities */
    HOPT_PCHOICE,     /**< one of n options, given probabilities */
    HOPT_RANDINT,     /**< integer in [low, high), unordered for the `hyperopt` sampler */
    HOPT_UNIFORM,     /**< real in [low, high] */
    HOPT_QUNIFORM,    /**< rint(U/q)*q */
    HOPT_UNIFORMINT,  /**< quniform with q = 1, an integer to the objective */
    HOPT_LOGUNIFORM,  /**< exp U(ln low, ln high) */
    HOPT_QLOGUNIFORM, /**< rint(that/q)*q */
    HOPT_NORMAL,      /**< N(mu, sigma^2) */
    HOPT_QNORMAL,
    HOPT_LOGNORMAL, /**< exp N(mu, sigma^2): mu and sigma of the logarithm */
    HOPT_QLOGNORMAL
} hopt_dist_kind;

/** A distribution. Fields that its kind does not use are 0. */
typedef struct hopt_dist {
    hopt_dist_kind kind;
    double low, high; /**< real-valued bounds (for log kinds too), finite, low < high; randint:
                         [low, high) */
    double q;         /**< > 0 for quantized kinds, 1 for uniformint */
    double mu, sigma; /**< normal kinds; sigma > 0 */
    int options;      /**< choice, pchoice: how many, >= 1 */
    const double
        *probability; /**< pchoice: `options` numbers > 0... adding up to 1; owned by the space */
} hopt_dist;

/** A parameter is active when any of its conditions holds (none: always). */
typedef struct hopt_condition {
    int parent; /**< index of a choice or pchoice parameter, smaller than the parameter's own */
    int option; /**< that parent's branch */
} hopt_condition;

typedef struct hopt_param {
    const char *label;
    hopt_dist dist;
    const hopt_condition *conditions; /**< several: a shared parameter */
    int n_conditions;                 /**< 0: always active */
} hopt_param;

typedef struct hopt_space hopt_space;

/**
 * Check and build a space from its JSON. All independent errors are reported (up to
 * HOPT_ERRORS_MAX), each naming the label, with line and column found in `text`.
 * @param[out] out   the caller's, free with hopt_space_free(); NULL on failure.
 * @param json       the value of the study's "space"; borrowed.
 * @param text       the whole text that `json` came from, for positions; NULL: no positions.
 * @param path       path of `json` in `text` (see hopt_json_locate()), e.g. "space".
 * @param errors     receives what is wrong; must not be NULL.
 * @return HOPT_OK or HOPT_EINVAL.
 */
HOPT_MUST_CHECK hopt_status hopt_space_parse(hopt_space **out, const json_t *json, const char *text,
                                             size_t length, const char *path, hopt_errors *errors);
void hopt_space_free(hopt_space *space);

/** How many parameters; parents come before their children. */
int hopt_space_size(const hopt_space *space);
/** Parameter i, 0 <= i < size; owned by the space. */
const hopt_param *hopt_space_param(const hopt_space *space, int i);
/** The index of a label, or -1. */
int hopt_space_find(const hopt_space *space, const char *label);

/**
 * The canonical text (one line; equal spaces print equal); the caller's. Every label is spelled
 * out and numbers of _value have one form; the order of members stays as in the file and counts,
 * since samplers draw in the order of the parameters.
 */
HOPT_MUST_CHECK char *hopt_space_canonical(const hopt_space *space);
/** FNV-1a of the canonical text. */
uint64_t hopt_space_hash(const hopt_space *space);
/**
 * The first label whose definition or conditions differ (of `a` where it has one, else of `b`);
 * when labels agree but constants or structure differ: the path of the first difference. NULL:
 * equal. The caller frees.
 */
HOPT_MUST_CHECK char *hopt_space_difference(const hopt_space *a, const hopt_space *b);

/** The JSON that the space was parsed from: the space's own copy. */
const json_t *hopt_space_json(const hopt_space *space);

/* ---- points ---- */

/** Whether parameter i is active under the values of its parents in `point`. */
bool hopt_space_active(const hopt_space *space, const double *point, int i);

/** Whether `value` lies in the support: bounds, the quantized grid (not clipped), option range. */
bool hopt_dist_contains(const hopt_dist *dist, double value);

/**
 * Natural logarithm of the density (continuous kinds: pdf in the value itself) or probability
 * (all others: pmf) that hyperopt's draws of a distribution follow (HYPEROPT.md §4, rdists.py): a
 * quantized kind's edge cells count as far as they lie inside the bounds. -infinity outside the
 * support; finite far out in the tails of the normal kinds.
 */
double hopt_dist_log_density(const hopt_dist *dist, double x);

/**
 * How many values a distribution can take: options, high - low, grid cells; 0 when not finite or
 * above 2^53.
 */
uint64_t hopt_dist_cardinality(const hopt_dist *dist);

/**
 * Check a whole point: every active parameter set and inside its support, no inactive one set.
 * @return HOPT_OK, or HOPT_EINVAL with the label in the message.
 */
HOPT_MUST_CHECK hopt_status hopt_space_check_point(const hopt_space *space, const double *point,
                                                   hopt_error *err);

/** Copy `from` to `to` with inactive parameters set to NaN. */
void hopt_space_mask(const hopt_space *space, double *to, const double *from);

/**
 * The resolved structure that the objective gets, e.g.
 * {"model":{"_name":"svm","C":1},"scale":true}. Integers (randint, uniformint, quantized kinds with
 * whole q) are JSON integers.
 * @return new reference, the caller's.
 */
HOPT_MUST_CHECK json_t *hopt_space_resolve(const hopt_space *space, const double *point);

/**
 * The inverse: a point from the resolved form (a study's "points", `hopt ask/tell`). For a choice,
 * the option is found by `_name`, else by equal value; among options without `_name` that hold
 * parameters the first that fits. Constants may be left out, but for those that tell such options
 * apart. A value near its grid is moved onto it.
 * @param text, length, path  for positions, as in hopt_space_parse(); text may be NULL.
 * @param[out] point          `hopt_space_size()` doubles.
 */
HOPT_MUST_CHECK hopt_status hopt_space_unresolve(const hopt_space *space, double *point,
                                                 const json_t *resolved, const char *text,
                                                 size_t length, const char *path, hopt_error *err);

/** hyperopt's form: label -> [] or [v]; integers for choice, pchoice, randint, else reals. New
 * reference. */
HOPT_MUST_CHECK json_t *hopt_space_vals(const hopt_space *space, const double *point);
/** The inverse, checked by hopt_space_check_point(); missing labels count as []. */
HOPT_MUST_CHECK hopt_status hopt_space_from_vals(const hopt_space *space, double *point,
                                                 const json_t *vals, hopt_error *err);

/**
 * The value of one label in a point as text: what {label} in a command becomes. Choice: the
 * option's _name or scalar text, else its JSON; inactive: "". Appends to `out`.
 */

void hopt_space_value_text(const hopt_space *space, const double *point, int i, hopt_buf *out);
/** An option's short name for people: its _name, scalar text, or its index. Appends to `out`. */
void hopt_space_option_text(const hopt_space *space, int i, int option, hopt_buf *out);
/** An option's _name, or NULL; owned by the space. */
const char *hopt_space_option_name(const hopt_space *space, int i, int option);
/** An option that holds no parameters: its value, owned by the space; else NULL. */
const json_t *hopt_space_option_constant(const hopt_space *space, int i, int option);

/** Draw the space as a tree for people (`hopt check`), one line a node. */
void hopt_space_print_tree(const hopt_space *space, hopt_buf *out, bool utf8);
/** "loguniform 0.001 .. 1000", "choice of 3", ... */
void hopt_dist_text(const hopt_dist *dist, hopt_buf *out);
/** The `_type` word of a kind. */
const char *hopt_dist_name(hopt_dist_kind kind);

#endif
