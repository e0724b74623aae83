/**
 * The sampler `auto`: `gp` where its suggestion is cheap beside a trial, else `tpe`. With many
 * workers one proposer serves them all and must keep up with them (docs/adr/0026). The cost is not
 * measured but reckoned, and the trials' time is that on record, so the choice is a function of the
 * history and can be repeated.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/explain.h"
#include "common/sampler/gp/gp.h"
#include "common/sampler/sampler_internal.h"

/** The trials whose time counts: so many of the latest. */
enum { LATEST = 25 };
/** The part of its time that a proposer may be busy: what it is late by then is a small part of the
 * cost of a proposal, and it has other work. */
#define BUSY 0.25

typedef struct auto_options {
    hopt_gp_options gp; /**< first */
    double share;
} auto_options;

typedef struct timed {
    int64_t num;
    double ms;
} timed;

typedef struct auto_sampler {
    void *gp;
    double share;
    bool took_gp; /* for the last suggestion */
    int size;
    timed latest[LATEST]; /* by descending num */
    int count;
} auto_sampler;

#define AT(field) offsetof(auto_options, gp.field)
static const hopt_sampler_option OPTIONS[] = {
    HOPT_GP_OPTIONS(AT),
    {.name = "share",
     .summary = "gp while its suggestion costs less than this part of a trial's time",
     .type = HOPT_OPTION_REAL,
     .low = 0,
     .high = 1000,
     .initial = 0.02,
     .offset = offsetof(auto_options, share)},
    {0},
};

static hopt_status auto_open(void **out, const hopt_space *space, const void *options,
                             uint64_t study_seed, hopt_error *err) {
    const auto_options *chosen = options;
    void *gp;
    hopt_status status = hopt_sampler__gp.open(&gp, space, &chosen->gp, study_seed, err);
    if (status != HOPT_OK) return status;
    auto_sampler *self = hopt_zalloc(1, sizeof *self);
    self->gp = gp;
    self->share = chosen->share;
    self->size = hopt_space_size(space);
    *out = self;
    return HOPT_OK;
}

static void auto_close(void *given) {
    auto_sampler *self = given;
    hopt_sampler__gp.close(self->gp);
    free(self);
}

static void note_time(auto_sampler *self, int64_t num, double ms) {
    int at = 0;
    while (at < self->count && self->latest[at].num > num)
        at++;
    if (at == LATEST || (at < self->count && self->latest[at].num == num)) return;
    int moved = (self->count < LATEST ? self->count : LATEST - 1) - at;
    memmove(self->latest + at + 1, self->latest + at, (size_t)moved * sizeof *self->latest);
    self->latest[at] = (timed){num, ms};
    if (self->count < LATEST) self->count++;
}

static void auto_add(void *given, const hopt_observation *observation) {
    auto_sampler *self = given;
    hopt_sampler__gp.add(self->gp, observation);
    /* What ended for good: a failed trial may be tried again, and then its record tells another
     * time than the one that was seen. */
    bool ended =
        observation->outcome == HOPT_OUTCOME_OK || observation->outcome == HOPT_OUTCOME_PRUNED;
    if (ended && observation->ms > 0) note_time(self, observation->num, observation->ms);
}

static void auto_pend(void *given, int64_t num, const double *point) {
    auto_sampler *self = given;
    hopt_sampler__gp.pend(self->gp, num, point);
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The median; 0: not known. */
static double trial_ms(const auto_sampler *self) {
    double sorted[LATEST];
    for (int i = 0; i < self->count; i++)
        sorted[i] = self->latest[i].ms;
    if (self->count == 0) return 0;
    qsort(sorted, (size_t)self->count, sizeof *sorted, ascending);
    return sorted[self->count / 2];
}

static size_t at_most(size_t n, size_t most) {
    return n < most ? n : most;
}

/* Milliseconds of a suggestion, fits included, as measured on one core with 30 to 320 trials and 2
 * to 60 parameters (docs/adr/0024). When not all trials are in the model a fit serves for 20. The
 * running ones take part in the acquisition, not in the fits, which are the cubic term; but where
 * many run, trials end out of order and there is a fit for up to each suggestion, not each fifth.
 */
static double cost_ms(size_t finished, size_t pending, int size) {
    double n = (double)at_most(finished, HOPT_GP_DATA_MAX);
    double more = (double)at_most(pending, HOPT_GP_DATA_MAX), total = n + more;
    double fits = 3.1e-7 * n * n * n * (1 + 4 * more / (more + 12));
    double ms = 0.25 + 4.3e-4 * size * total + 4e-5 * (total * total - n * n) + fits;
    return finished > HOPT_GP_DATA_MAX ? 0.5 * ms : ms;
}

/* What gp would cost while a trial runs: one proposal for each that runs at the same time. */
typedef struct costs {
    double gp_ms;
    int proposals;
} costs;

static costs costs_of(const auto_sampler *self) {
    const hopt_tpe_split *split = &hopt_gp_tpe(self->gp)->split;
    return (costs){.gp_ms = cost_ms(split->finished, split->pending, self->size),
                   .proposals = (int)at_most(split->pending, INT_MAX - 1) + 1};
}

/* Beside trials of so many milliseconds. */
static bool affordable(const auto_sampler *self, costs c, double ms) {
    double busiest = self->share > BUSY ? self->share : BUSY;
    return c.gp_ms <= self->share * ms && c.gp_ms * c.proposals <= busiest * ms;
}

/* Whether gp costs no more than its share of the median time. That is at place count / 2 when the
 * times are sorted, which is more work than to count those that are too short. */
static bool prefers_gp(const auto_sampler *self) {
    if (self->share <= 0) return false;
    costs c = costs_of(self);
    int too_short = 0;
    for (int i = 0; i < self->count; i++)
        too_short += !affordable(self, c, self->latest[i].ms);
    /* Of trials that nobody timed: rather gp. */
    return self->count == 0 || too_short <= self->count / 2;
}

static hopt_status auto_suggest(void *given, uint64_t seed, int64_t num, double *point,
                                hopt_error *err) {
    auto_sampler *self = given;
    self->took_gp = prefers_gp(self);
    if (self->took_gp) return hopt_sampler__gp.suggest(self->gp, seed, num, point, err);
    return hopt_sampler__tpe.suggest(hopt_gp_tpe(self->gp), seed, num, point, err);
}

static json_t *auto_explain(void *given, uint64_t seed, int64_t num) {
    auto_sampler *self = given;
    bool gp = prefers_gp(self);
    json_t *said = gp ? hopt_sampler__gp.explain(self->gp, seed, num)
                      : hopt_sampler__tpe.explain(hopt_gp_tpe(self->gp), seed, num);
    costs c = costs_of(self);
    json_object_set_new(said, "picked", json_string(gp ? "gp" : "tpe"));
    json_object_set_new(said, "trial_ms", hopt_explain_number(trial_ms(self)));
    json_object_set_new(said, "gp_ms", hopt_explain_number(c.gp_ms));
    json_object_set_new(said, "proposals", json_integer(c.proposals));
    return said;
}

static const char *auto_note(const void *given) {
    const auto_sampler *self = given;
    return self->took_gp ? hopt_sampler__gp.note(self->gp) : NULL;
}

/* How long a trial must take for gp, as a person would say it. */
static char *least_time(size_t n, int size, double share) {
    double ms = cost_ms(n, 0, size) / share;
    return ms < 1000 ? hopt_format("%.0f ms", ms) : hopt_format("%.2g s", ms / 1000);
}

static char *auto_plan(const void *options, int size) {
    const auto_options *o = options;
    if (o->share <= 0) return hopt_strdup("tpe: a share of 0 leaves no time for gp");
    char *hundred = least_time(100, size, o->share);
    char *many = least_time(HOPT_GP_DATA_MAX, size, o->share);
    double busiest = o->share > BUSY ? o->share : BUSY;
    char *plan = hopt_format(
        "gp while its proposal costs less than %g %% of a trial's time, and those for all that run "
        "less than %g %%: with one at a time and 100 ended trials that is from %s a trial on, "
        "with %d from %s on; for shorter ones, and with more than %d ended, tpe",
        o->share * 100, busiest * 100, hundred, HOPT_GP_DATA_MAX, many, o->gp.hand_over);
    free(hundred);
    free(many);
    return plan;
}

const hopt_sampler_kind hopt_sampler__auto = {
    .name = "auto",
    .summary = "gp while its suggestion is cheap beside a trial, else tpe",
    .options = OPTIONS,
    .options_size = sizeof(auto_options),
    .open = auto_open,
    .close = auto_close,
    .add = auto_add,
    .pend = auto_pend,
    .suggest = auto_suggest,
    .explain = auto_explain,
    .note = auto_note,
    .plan = auto_plan,
};
