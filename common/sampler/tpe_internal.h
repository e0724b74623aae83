/**
 * The parts of the sampler `tpe` (TPE.md §0), in the order in which a suggestion passes them:
 * tpe_split.c (who is below, who above) → tpe_below.c, tpe_above.c (kernels) → tpe_draw.c
 * (candidates) → tpe_score.c (mixtures) → tpe.c (the winner). Not thread-safe.
 *
 * Coordinates are those of cube.h. Everything a suggestion depends on is a function of the *set* of
 * known trials, never of the order in which they came: kernels are kept in the order of their nums,
 * sorted columns break ties by num, and thinning keeps those with the smallest hash.
 */
#ifndef HOPT_SAMPLER_TPE_INTERNAL_H
#define HOPT_SAMPLER_TPE_INTERNAL_H

#include "common/sampler/cube.h"
#include "common/sampler/design.h"
#include "common/sampler/finite.h"
#include "common/sampler/history.h"
#include "common/sampler/rng.h"

enum {
    HOPT_TPE_LANES = 16,         /**< kernels in a tile */
    HOPT_TPE_TILE_CANDIDATES = 4 /**< candidates scored in one pass */
};

/* ---- tpe_score.c: mixtures of product kernels ---- */

/**
 * Columns of kernels, tiled: tile t holds kernels 16t..16t+15, column by column. A numeric kernel
 * of mean mu and width s has v = sqrt(.5)/s and b = mu v, so that its exponent is -(u v - b)^2, and
 * a constant c; where inactive all three are 0. A category column holds the option, -1 = inactive.
 */
typedef struct hopt_tpe_columns {
    float *tiles_data; /**< 64-byte aligned; tiles * columns * 16 floats */
    size_t tiles;      /**< room for so many */
    size_t used;       /**< how many a pass looks at */
    int columns;
    float *base; /**< tiles * 16: log weight plus the constants of the unconditional dimensions;
                    HOPT_TPE_ABSENT where there is no kernel */
} hopt_tpe_columns;

#define HOPT_TPE_ABSENT (-1e30F)

/** Where a dimension's columns are: v (or the category) at `first`, b next, c at `constant`. */
typedef struct hopt_tpe_layout {
    int first, constant;
} hopt_tpe_layout;

/** One dimension's factor for a pass of 4 candidates. */
typedef struct hopt_tpe_factor {
    int first, constant; /**< constant < 0: none to add (it is in `base`) */
    bool category;
    float u[HOPT_TPE_TILE_CANDIDATES]; /**< coordinate or option */
    float match[HOPT_TPE_TILE_CANDIDATES], miss[HOPT_TPE_TILE_CANDIDATES],
        inactive[HOPT_TPE_TILE_CANDIDATES]; /**< category: what each case adds */
} hopt_tpe_factor;

/**
 * For 4 candidates the greatest exponent over all kernels and the sum of exp(exponent - greatest).
 * The same bits on every path and machine: 16 fixed lanes, own exp, no contraction.
 * @param scratch  4 * 16 * tiles floats, 64-byte aligned.
 */
typedef void hopt_tpe_pass(float greatest[4], float sum[4], const hopt_tpe_columns *columns,
                           const hopt_tpe_factor *factors, int n_factors, float *scratch);

/** The fastest pass of this processor. */
hopt_tpe_pass *hopt_tpe_best_pass(void);
/** All passes that this processor can run, for tests: NULL beyond the last. */
hopt_tpe_pass *hopt_tpe_pass_at(int i);

/* Storage of columns, shared by both sides. */
void hopt_tpe_columns_reserve(hopt_tpe_columns *columns, size_t kernels);
void hopt_tpe_columns_free(hopt_tpe_columns *columns);
/** The place of one kernel's entry of a column. */
static inline float *hopt_tpe_at(const hopt_tpe_columns *columns, size_t kernel, int column) {
    size_t tile = kernel / HOPT_TPE_LANES * (size_t)columns->columns + (size_t)column;
    return columns->tiles_data + tile * HOPT_TPE_LANES + kernel % HOPT_TPE_LANES;
}
/** Zeroed, at a cache line; freed with hopt_aligned_free(). */
void *hopt_tpe_aligned(size_t floats);
/** Lay out the columns of a cube: fills `layout[size]`. @return how many columns. */
int hopt_tpe_lay_out(hopt_tpe_layout *layout, const hopt_cube *cube);

/** The truncated normal kernel of TPE.md 0.3: v, b and c. */
typedef struct hopt_tpe_kernel {
    float v, b, c;
} hopt_tpe_kernel;
hopt_tpe_kernel hopt_tpe_make_kernel(double mu, double s);
/** The same for many of one width: `log_s` is hopt_math_log(s). */
hopt_tpe_kernel hopt_tpe_make_kernel_of(double mu, double s, double log_s);

/* ---- tpe_below.c ---- */

typedef struct hopt_tpe_below_dim {
    int m;                /**< below trials where it is active */
    double h;             /**< bandwidth */
    double mean, mean_sd; /**< of the *mean* candidates: weighted mean, .5 max(sd', h) */
    double b;             /**< category: strength of the prior in each kernel */
} hopt_tpe_below_dim;

typedef struct hopt_tpe_below {
    const hopt_cube *cube;
    hopt_tpe_layout *layout;
    hopt_tpe_columns columns;
    hopt_best members; /**< of which it is built, best first */
    double *u;         /**< [member][dimension] */
    bool built;
    double weight[HOPT_BEST_MAX], log_weight[HOPT_BEST_MAX];
    double prior_weight;
    double cumulative[HOPT_BEST_MAX]; /**< normalised running sums; the prior has the rest */
    hopt_tpe_below_dim *dims;
} hopt_tpe_below;

void hopt_tpe_below_init(hopt_tpe_below *below, const hopt_cube *cube);
void hopt_tpe_below_clear(hopt_tpe_below *below);
/** Rebuild from these trials (nothing to do when they are the same). `coordinates`: [record][size]
 */
void hopt_tpe_below_build(hopt_tpe_below *below, const hopt_best *members,
                          const float *coordinates);
/** Write columns.base, without the constant of dimension `skip` (-1: with all). */
void hopt_tpe_below_weigh(hopt_tpe_below *below, int skip);

/* ---- tpe_above.c ---- */

typedef struct hopt_tpe_sorted {
    float *value;   /**< ascending; ties by slot */
    uint32_t *slot; /**< whose value it is */
    size_t count, capacity;
} hopt_tpe_sorted;

typedef enum hopt_tpe_membership {
    HOPT_TPE_OUT, /**< has a slot but is below */
    HOPT_TPE_ABOVE,
    HOPT_TPE_WAITING /**< pending */
} hopt_tpe_membership;

typedef struct hopt_tpe_above {
    const hopt_cube *cube;
    hopt_tpe_layout *layout;
    hopt_tpe_columns columns;
    size_t slots, capacity;
    uint32_t *record;        /**< [slot] -> record; slots ascend by num */
    uint8_t *member;         /**< [slot] a hopt_tpe_membership */
    hopt_tpe_sorted *sorted; /**< [dimension]; categories use only `count` */
    size_t n_above, n_waiting;
} hopt_tpe_above;

void hopt_tpe_above_init(hopt_tpe_above *above, const hopt_cube *cube);
void hopt_tpe_above_clear(hopt_tpe_above *above);
/** Give a record a slot (records[index].slot) in the order of the nums, as OUT. */
void hopt_tpe_above_admit(hopt_tpe_above *above, hopt_history *history, uint32_t index);
/** Take an OUT record's slot away. */
void hopt_tpe_above_expel(hopt_tpe_above *above, hopt_history *history, uint32_t index);
/** Let a slot take part: `u` are its coordinates. */
void hopt_tpe_above_join(hopt_tpe_above *above, uint32_t slot, const float *u,
                         hopt_tpe_membership as);
/** The reverse. A slot that is OUT stays so. */
void hopt_tpe_above_leave(hopt_tpe_above *above, uint32_t slot, const float *u);
/** A waiting slot is above from now on; its kernel stays. */
void hopt_tpe_above_settle(hopt_tpe_above *above, uint32_t slot);
/** Write columns.base for these log weights. */
void hopt_tpe_above_weigh(hopt_tpe_above *above, double log_above, double log_waiting);

/* ---- tpe_split.c ---- */

/** An ended trial that thinning keeps. */
typedef struct hopt_tpe_kept {
    uint64_t priority; /**< hash of its num: the smallest are kept */
    uint32_t index;    /**< its record */
} hopt_tpe_kept;

typedef struct hopt_tpe_split {
    const hopt_cube *cube;
    hopt_history history;
    float *u; /**< coordinates: [record][size] */
    size_t u_capacity;
    hopt_best best;
    size_t finished, failed, pending;
    hopt_best below; /**< who is below now */
    hopt_tpe_above above;
    int root;                               /**< first unconditional choice with children, or -1 */
    hopt_best *branch_best;                 /**< [option of root] */
    size_t *branch_finished, *branch_known; /**< known: also failed and pending */
    size_t thin_at, thin_to; /**< with more than thin_at ended trials, thin_to are kept in g */
    bool thinned;
    hopt_tpe_kept *kept; /**< thinned: the thin_to ended trials that have a slot, by hash */
} hopt_tpe_split;

/** Defaults of thinning (TPE.md 0.7). */
enum { HOPT_TPE_THIN_AT = 3000, HOPT_TPE_THIN_TO = 2000 };

void hopt_tpe_split_init(hopt_tpe_split *split, const hopt_cube *cube);
void hopt_tpe_split_clear(hopt_tpe_split *split);
void hopt_tpe_split_add(hopt_tpe_split *split, const hopt_observation *observation);
void hopt_tpe_split_pend(hopt_tpe_split *split, int64_t num, const double *point);
/** How many are below out of `finished` (TPE.md 0.2). */
int hopt_tpe_split_size(size_t finished);
/** Put exactly these below, all others above. */
void hopt_tpe_split_set(hopt_tpe_split *split, const hopt_best *below);
/** The usual below set, and that of a branch minimum (TPE.md 0.4b). */
hopt_best hopt_tpe_split_usual(const hopt_tpe_split *split);
hopt_best hopt_tpe_split_branch(const hopt_tpe_split *split, int option);
/** The branch that is due its minimum, or -1. */
int hopt_tpe_split_due(const hopt_tpe_split *split);
/**
 * Whether the search has come to rest (ADR 10): more than 40 trials are finished and the last 12 of
 * them (by num) lowered the least loss by less than a twentieth of what lies between it and the
 * median loss. Costs a pass over the history.
 */
bool hopt_tpe_split_stagnates(const hopt_tpe_split *split);

/* ---- tpe_draw.c ---- */

/** What is fixed while candidates are drawn; -1: nothing. */
typedef struct hopt_tpe_fixed {
    int branch;     /**< option of the root */
    int jump;       /**< dimension set to a uniform draw */
    double current; /**< its coordinate in the best trial */
    int root;
} hopt_tpe_fixed;

/** How a candidate was made; drawn once for each. */
typedef enum hopt_tpe_candidate {
    HOPT_TPE_MEAN,
    HOPT_TPE_BLEND,
    HOPT_TPE_RECOMBINE
} hopt_tpe_candidate;

/** Draw one candidate into `row` (TPE.md 0.4). */
hopt_tpe_candidate hopt_tpe_draw(const hopt_tpe_below *below, const hopt_tpe_fixed *fixed,
                                 hopt_rng *rng, double *row);

/* ---- tpe.c ---- */

typedef struct hopt_tpe_options {
    int startup;
    int candidates;
    bool repeat;
} hopt_tpe_options;

/** From more than this many finished trials on: jumps and branch minima (TPE.md 0.4b). */
enum { HOPT_TPE_LATE = 100 };

typedef enum hopt_tpe_step {
    HOPT_TPE_STARTUP,
    HOPT_TPE_PRIOR, /**< too little is finished */
    HOPT_TPE_MODEL,
    HOPT_TPE_JUMP,
    HOPT_TPE_BRANCH, /**< a branch's own model */
    HOPT_TPE_BRANCH_PRIOR
} hopt_tpe_step;

typedef struct hopt_tpe {
    const hopt_space *space;
    hopt_tpe_options options;
    hopt_cube *cube;
    hopt_design *design;
    hopt_finite *tried; /**< NULL with "repeat" */
    hopt_tpe_split split;
    hopt_tpe_below below;
    /* For benchmarks, which do without: */
    size_t late; /**< HOPT_TPE_LATE */
    bool plain;  /**< without the two rules of ADR 10 */
    /* The last suggestion, kept for tests and for explaining it. */
    hopt_tpe_step step;
    int jump;   /**< the dimension of a JUMP, else -1 */
    int branch; /**< the root's option of a BRANCH or BRANCH_PRIOR, else -1 */
    int n;      /**< rows; without a model one */
    int chosen; /**< the row that was taken; -1: all were tried before */
    hopt_tpe_candidate *made;
    double *rows; /**< [candidate][size], and one more for what follows after chosen = -1 */
    double *log_l, *log_g; /**< [candidate] */
    double *score;
    int *order; /**< candidates, grouped by what is active in them */
    hopt_tpe_factor *factors;
    float *scratch;
    size_t scratch_size;
    hopt_tpe_pass *pass;
} hopt_tpe;

/**
 * ln l and ln g of the candidates in `rows`, for the current split.
 * @param skip  a dimension that l leaves out, or -1.
 */
void hopt_tpe_score(hopt_tpe *tpe, int n, int skip);

/** A pending trial's kernel weighs this, the prior's 1 (TPE.md 0.3, 0.6). */
#define HOPT_TPE_WAITING_WEIGHT 0.3

/** How many trials one above kernel stands for: 1, or more when the history is thinned. */
double hopt_tpe_above_share(const hopt_tpe *tpe);
/** Log prior of option `option` of a choice, that of an impossible one finite. */
double hopt_tpe_option_prior(const hopt_cube_dim *dim, int option);

/* ---- tpe_explain.c ---- */

json_t *hopt_tpe_explain(hopt_tpe *tpe);

#endif
