/**
 * Samplers propose points. One interface; the kinds are `auto` (default), `gp`, `tpe`, `random`,
 * and, behind the same seam, hyperopt's own algorithms. Pure: randomness comes as a seed, the
 * history by calls.
 *
 * A sampler owns its history: ended trials are added once each, running ones are pending until
 * they end. Not thread-safe; one sampler a study.
 */
#ifndef HOPT_SAMPLER_SAMPLER_H
#define HOPT_SAMPLER_SAMPLER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/space/space.h"

/** What the sampler sees of an ended trial (DESIGN §4, last column). */
typedef enum hopt_outcome {
    HOPT_OUTCOME_OK,     /**< finite loss */
    HOPT_OUTCOME_FAILED, /**< fail, NaN, or ERROR: `tpe` puts it in the worst group */
    HOPT_OUTCOME_PRUNED, /**< loss is the last reported, step its step */
    HOPT_OUTCOME_IGNORED /**< cancelled: only ends being pending */
} hopt_outcome;

typedef struct hopt_observation {
    int64_t num; /**< the trial's number: identity and age */
    hopt_outcome outcome;
    double loss;  /**< minimized; OK and PRUNED: finite. FAILED: NaN unless the trial had one */
    int64_t step; /**< PRUNED only */
    const double *point; /**< borrowed for the call */
    double ms;           /**< how long the evaluation took; 0: not known */
    /* What only hopt's copies of hyperopt's algorithms look at; zeros for the usual trial. */
    bool error;    /**< FAILED by state ERROR, not by a result */
    bool nan_loss; /**< the result had a loss, and it was NaN */
    bool derived;  /**< from another trial: misc.from_tid */
    int64_t from;  /**< that one's number */
} hopt_observation;

typedef struct hopt_sampler hopt_sampler;

typedef enum hopt_option_type {
    HOPT_OPTION_INT,
    HOPT_OPTION_REAL,
    HOPT_OPTION_BOOL,
    HOPT_OPTION_SHARES /**< [[share, name], ...], the shares adding up to 1 */
} hopt_option_type;

enum { HOPT_SHARES_MAX = 8 };

/** Value of a HOPT_OPTION_SHARES: how often which of the option's names. */
typedef struct hopt_sampler_shares {
    int count;
    double share[HOPT_SHARES_MAX];
    int name[HOPT_SHARES_MAX]; /**< index into the option's `names` */
} hopt_sampler_shares;

/** One option of a sampler: what a study may say about it, and where open() finds it. */
typedef struct hopt_sampler_option {
    const char *name;    /**< the key in the study's "sampler"; NULL ends a table */
    const char *summary; /**< one line for docs */
    hopt_option_type type;
    double low, high; /**< inclusive bounds of a number */
    double initial;   /**< the default; 0 or 1 for a bool */
    size_t offset;    /**< of the int, double, bool or shares in the kind's options structure */
    const char *const *names;          /**< SHARES only: what may be named; ends with NULL */
    const hopt_sampler_shares *shares; /**< SHARES only: the default */
} hopt_sampler_option;

/** One kind of sampler: what a new one has to supply; random.c is the shortest example. */
typedef struct hopt_sampler_kind {
    const char *name;
    const char *summary;                /**< one line for --help and docs */
    const hopt_sampler_option *options; /**< ends with a NULL name; NULL when there are none */
    size_t options_size;                /**< bytes of the structure that the offsets point into */
    bool fmin_seeds; /**< the k-th proposal has the seed that hyperopt's fmin would give it */
    /** `options`: the filled structure, borrowed for the call. Others as hopt_sampler_open(). */
    hopt_status (*open)(void **self, const hopt_space *space, const void *options,
                        uint64_t study_seed, hopt_error *err);
    void (*close)(void *self);
    void (*add)(void *self, const hopt_observation *observation);
    void (*pend)(void *self, int64_t num, const double *point);
    hopt_status (*suggest)(void *self, uint64_t seed, int64_t num, double *point, hopt_error *err);
    /** What hopt_sampler_explain() says of this kind; NULL: that it draws from the prior. */
    json_t *(*explain)(void *self, uint64_t seed, int64_t num);
    /** hopt_sampler_note() of this kind; NULL: there never is one. */
    const char *(*note)(const void *self);
    /** hopt_sampler_believed_best() of this kind; NULL: it has no model of the losses. */
    bool (*believed_best)(void *self, int64_t *num);
    /** hopt_sampler_plan() of this kind, for a space of `size` parameters; NULL: nothing to say. */
    char *(*plan)(const void *options, int size);
} hopt_sampler_kind;

/** An option's default as the study file would say it. New reference. */
HOPT_MUST_CHECK json_t *hopt_sampler_option_default(const hopt_sampler_option *option);

/**
 * Every option with the value that holds, in the order of the table: what `options` says, else the
 * default, each in the option's own type. `name` as in hopt_sampler_open(); name and options must
 * pass hopt_sampler_check(). New reference, sharing nothing with `options`.
 */
HOPT_MUST_CHECK json_t *hopt_sampler_effective(const char *name, const json_t *options);

/**
 * Which algorithm will propose when, for kinds that leave it to another one at times: a sentence
 * that the caller frees; NULL: there is nothing to say. `name` and `options` must pass
 * hopt_sampler_check(); `space` is borrowed.
 */
HOPT_MUST_CHECK char *hopt_sampler_plan(const char *name, const json_t *options,
                                        const hopt_space *space);

/** All kinds, NULL-terminated; the first is the default. */
const hopt_sampler_kind *const *hopt_sampler_kinds(void);
/** By name, or NULL. */
const hopt_sampler_kind *hopt_sampler_find(const char *name);

/**
 * @param space       borrowed, must outlive the sampler.
 * @param name        NULL: the default.
 * @param options     the study's "sampler" object, or NULL; its members "name" and "seed" are
 *                    skipped. Borrowed for the call.
 * @param study_seed  the study's own seed: it decides designs that span trials (the start-up
 *                    hypercube of `tpe`), while hopt_sampler_suggest()'s seed decides one trial.
 * @return HOPT_OK; HOPT_EINVAL for an unknown name or a bad option, naming it and what is allowed.
 */
HOPT_MUST_CHECK hopt_status hopt_sampler_open(hopt_sampler **out, const char *name,
                                              const hopt_space *space, const json_t *options,
                                              uint64_t study_seed, hopt_error *err);
/** Check options without opening: the same errors. `name` as in hopt_sampler_open(). */
HOPT_MUST_CHECK hopt_status hopt_sampler_check(const char *name, const json_t *options,
                                               hopt_error *err);
/** NULL is allowed. */
void hopt_sampler_close(hopt_sampler *sampler);

/** Add an ended trial; if it was pending it is no more. A `num` that was added before is ignored.
 */
void hopt_sampler_add(hopt_sampler *sampler, const hopt_observation *observation);
/** A trial that was asked and has not ended. Repeats are ignored. */
void hopt_sampler_pend(hopt_sampler *sampler, int64_t num, const double *point);

/**
 * The seed of trial `num` in a study whose first `n_points` trials were given by the user: what
 * hopt_sampler_suggest() is to be called with. hyperopt's algorithms take the (num - n_points)-th
 * number below 2^31 - 1 of numpy's default_rng(study_seed), as fmin does; all others, and the
 * user's points, splitmix64(study_seed, num), kept below 2^63. O(1) when asked in order.
 */
uint64_t hopt_sampler_seed(hopt_sampler *sampler, uint64_t study_seed, int64_t num,
                           int64_t n_points);

/**
 * Propose the point of trial `num`. It does not become pending by itself: call hopt_sampler_pend().
 * Deterministic in (what was added and pended, seed, num).
 * @param[out] point  hopt_space_size() doubles, inactive ones NaN, inside the support.
 * @return HOPT_OK; HOPT_ENOTFOUND when a finite space is exhausted ("repeat": true lifts that).
 */
HOPT_MUST_CHECK hopt_status hopt_sampler_suggest(hopt_sampler *sampler, uint64_t seed, int64_t num,
                                                 double *point, hopt_error *err);

/**
 * Why hopt_sampler_suggest() proposes what it does for the same seed and num: the suggestion is
 * made again and described (FORMATS of "explain": docs/samplers.md). Losses are minimized ones.
 * Does not change what later suggestions are.
 * @return new reference, the caller's: an object with at least "sampler", "step" and "why".
 */
HOPT_MUST_CHECK json_t *hopt_sampler_explain(hopt_sampler *sampler, uint64_t seed, int64_t num);

/** What a log should say once about the last suggestion: that the model could not be had and what
 * proposed instead. NULL: nothing. Static text. */
const char *hopt_sampler_note(const hopt_sampler *sampler);

/**
 * The complete trial that the sampler believes to be the best: where losses are noisy rather that
 * than the one with the least.
 * @return HOPT_ENOTFOUND: fewer than three trials, losses that can't be modelled, or a sampler
 *         without a model of losses, which all but `gp` are.
 */
HOPT_MUST_CHECK hopt_status hopt_sampler_believed_best(hopt_sampler *sampler, int64_t *num,
                                                       hopt_error *err);

/** Draw a point from the prior (used by `random`, by start-ups and by `hopt check`). */
void hopt_space_draw(const hopt_space *space, uint64_t seed, double *point);

#endif
