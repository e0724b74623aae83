/**
 * hopt.h: minimize a function over a search space; ask for points and tell their losses.
 * C99 and C++. Link with `pkg-config --cflags --libs hopt`.
 *
 *     #include <hopt.h>
 *     static int square(hopt_eval *eval, double *loss, void *context) {
 *         double x;
 *         if (hopt_eval_real(eval, "x", &x) != 0) return HOPT_EVAL_ERROR;
 *         *loss = (x - 3) * (x - 3);
 *         return HOPT_EVAL_OK;
 *     }
 *     int main(void) {
 *         hopt_failure why;
 *         hopt_study *study;
 *         hopt_info *best;
 *         hopt_fmin_options options;
 *         hopt_fmin_options_init(&options);
 *         options.max_evals = 100;
 *         double x;
 *         if (hopt_study_from_expr(&study, hopt_space_uniform("x", -5, 5), NULL, &why) != HOPT_OK
 * || hopt_fmin(study, square, NULL, &options, &best, &why) != HOPT_OK) return puts(why.message), 1;
 *         hopt_info_real(best, "x", &x);
 *         printf("loss %g at x = %g\n", hopt_info_loss(best), x);
 *         hopt_info_free(best);
 *         hopt_study_close(study);
 *     }
 *
 * Conventions
 * - A function that can fail returns an `int`: HOPT_OK (0) or another code of the list below, and
 *   then fills the caller's hopt_failure (last argument, NULL is allowed).
 * - Texts are UTF-8 and end with NUL. Structured values are JSON texts. A `const char *` that is
 *   returned belongs to the handle it was asked of and lives as long as that handle; a `char *`
 * that is given out is the caller's and is freed with hopt_free().
 * - Handles are opaque and freed by the function that their comment names; NULL is allowed there.
 * - Structures that grow begin with `size`, which the ..._init() functions set; zero in every other
 *   field is the default. Fields are only ever appended.
 * - A loss is always in the caller's own sign: with `maximize` the highest is best.
 * - Labels: a parameter's name. Built by calls, it is the label given; in a text it is the slash
 * path
 *   ("model/svm/C") or `_label`.
 *
 * Threads: every function may be called from any thread. A hopt_study may be shared by threads (it
 * locks itself); a hopt_eval, hopt_info, hopt_iterator or hopt_expr belongs to one thread at a
 * time.
 *
 * The library keeps nothing global but the allocator of hopt_set_allocator(), installs no signal
 * handler, changes no locale or environment and prints nothing, unless `show_progressbar` asks for
 * it. (The first mongodb:// store sets libmongoc's log handler, so that this is silent too.) A
 * study that is open must not be used in a child after fork().
 *
 * What is kept are the same documents that hopt(1) and hopt-worker(8) write: `hopt trials list`,
 * `hopt export`, `hopt plot`, `hopt copy` work on the store of a program that uses this library.
 */
#ifndef HOPT_H
#define HOPT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HOPT_API __attribute__((visibility("default")))
#else
#define HOPT_API
#endif

/** The version of this interface: rises when programs must be compiled anew (the soname's number
 * does too). */
#define HOPT_ABI_VERSION 0

/** "0.1.0" of the library that is linked. */
HOPT_API const char *hopt_version(void);

/* ---- codes ---- */

#ifndef HOPT_BASE_ERROR_H /* hopt's own sources have these from common/base/error.h */
enum {
    HOPT_OK = 0,
    HOPT_EINVAL = 1,    /**< bad input: a text, an argument, an option */
    HOPT_ENOTFOUND = 2, /**< nothing there: no such trial or attachment, no trial with a loss, the
                           finite space is used up */
    HOPT_ECONFLICT = 3, /**< a study of that name has another space; the study has its trials, is
                           paused or done; the trial was ended by somebody else */
    HOPT_ESTORE = 4,    /**< the store failed in the middle: the call may be made again */
    HOPT_EUNAVAILABLE = 5, /**< the store can't be reached or opened */
    HOPT_EFAILED = 6, /**< an evaluation failed and errors end the run; a process or thread can't
                         be started */
    HOPT_ESTOPPED = 7 /**< cancelled by hopt_study_cancel() */
};
#endif

enum { HOPT_FAILURE_MESSAGE_MAX = 2036 };

/** What went wrong. Of a bad text all independent errors are in the message, one a line, each with
 * its position; line and column are the first one's. */
typedef struct hopt_failure {
    int code;                               /**< as returned */
    int line;                               /**< 1-based, 0: not known */
    int column;                             /**< 1-based in bytes, 0: not known */
    char message[HOPT_FAILURE_MESSAGE_MAX]; /**< always ends with NUL; no newline at the end */
} hopt_failure;

/** Free a text that the library gave out. NULL is allowed. */
HOPT_API void hopt_free(void *memory);

/* ---- memory ---- */

typedef struct hopt_allocator {
    size_t size; /**< sizeof(hopt_allocator) */
    /** As malloc(), realloc(), free(); thread-safe. NULL of allocate or resize ends the process:
     * the library does not go on without memory. */
    void *(*allocate)(void *context, size_t size);
    void *(*resize)(void *context, void *memory, size_t size);
    void (*release)(void *context, void *memory);
    void *context;
    int json_too; /**< also give jansson these functions. They are jansson's for the whole process:
                     only when the host itself does not use jansson */
} hopt_allocator;

/**
 * Let everything that hopt itself allocates come from the host, before any other call of this
 * library. Still from the C library: what the libraries below allocate for themselves (SQLite:
 * sqlite3_config(SQLITE_CONFIG_MALLOC), libmongoc: bson_mem_set_vtable(), both the host's to call;
 * jansson unless `json_too`) and what the C library allocates inside its own calls.
 * @param allocator  copied.
 * @return HOPT_OK; HOPT_EINVAL when a function is missing; HOPT_ECONFLICT when memory was allocated
 *         already.
 */
HOPT_API int hopt_set_allocator(const hopt_allocator *allocator);

/* ---- spaces by calls ----
 *
 * An expression is a part of a search space. One that is given to another (or to
 * hopt_study_from_expr()) belongs to that from then on, so calls nest; hopt_expr_share() makes a
 * second reference, for a parameter that occurs in several branches. Mistakes (no label, a NULL
 * expression, bounds the wrong way) are not reported here but by hopt_study_from_expr(), in the
 * words that a study file gets. None of these functions returns NULL.
 */

typedef struct hopt_expr hopt_expr;

/** Real in [low, high]. */
HOPT_API hopt_expr *hopt_space_uniform(const char *label, double low, double high);
/** rint(U/q)*q. */
HOPT_API hopt_expr *hopt_space_quniform(const char *label, double low, double high, double q);
/** An integer in [low, high]. */
HOPT_API hopt_expr *hopt_space_uniformint(const char *label, double low, double high);
/** exp(U(ln low, ln high)). The bounds are values (1e-3), not logarithms as hyperopt's are. */
HOPT_API hopt_expr *hopt_space_loguniform(const char *label, double low, double high);
HOPT_API hopt_expr *hopt_space_qloguniform(const char *label, double low, double high, double q);
HOPT_API hopt_expr *hopt_space_normal(const char *label, double mu, double sigma);
HOPT_API hopt_expr *hopt_space_qnormal(const char *label, double mu, double sigma, double q);
/** exp(N(mu, sigma)): mu and sigma of the logarithm. */
HOPT_API hopt_expr *hopt_space_lognormal(const char *label, double mu, double sigma);
HOPT_API hopt_expr *hopt_space_qlognormal(const char *label, double mu, double sigma, double q);
/** An integer in [low, high), unordered for the `hyperopt` sampler. */
HOPT_API hopt_expr *hopt_space_randint(const char *label, int64_t low, int64_t high);
/** One of `n` options, each any expression. `options` may be NULL with n = 0: hopt_expr_add(). */
HOPT_API hopt_expr *hopt_space_choice(const char *label, size_t n, hopt_expr *const *options);
/** As choice with the probability of each option (adding up to 1); later: hopt_expr_add_p(). */
HOPT_API hopt_expr *hopt_space_pchoice(const char *label, size_t n, const double *probabilities,
                                       hopt_expr *const *options);

HOPT_API hopt_expr *hopt_space_list(size_t n, hopt_expr *const *items);
/** An object. An object that is an option of a choice may have a "_name": the option's name. */
HOPT_API hopt_expr *hopt_space_object(size_t n, const char *const *keys, hopt_expr *const *values);

/** Constants. */
HOPT_API hopt_expr *hopt_const_real(double value);
HOPT_API hopt_expr *hopt_const_integer(int64_t value);
HOPT_API hopt_expr *hopt_const_text(const char *value);
HOPT_API hopt_expr *hopt_const_bool(int value);
HOPT_API hopt_expr *hopt_const_null(void);
/** Any part of a space as JSON text, parameters too. */
HOPT_API hopt_expr *hopt_const_json(const char *json);

/** Append to a list or choice. @return `to`. */
HOPT_API hopt_expr *hopt_expr_add(hopt_expr *to, hopt_expr *item);
/** Append an option to a pchoice. @return `to`. */
HOPT_API hopt_expr *hopt_expr_add_p(hopt_expr *to, double probability, hopt_expr *option);
/** Set a member of an object. @return `to`. */
HOPT_API hopt_expr *hopt_expr_set(hopt_expr *to, const char *key, hopt_expr *value);
/** Set an object's "_name". @return `to`. */
HOPT_API hopt_expr *hopt_expr_name(hopt_expr *to, const char *name);
/** Another reference to the same expression. Change it no more. */
HOPT_API hopt_expr *hopt_expr_share(hopt_expr *expr);
/** The expression as the JSON of a study file's "space"; the caller's, hopt_free(). NULL when
 * there are mistakes that JSON can't express. */
HOPT_API char *hopt_expr_json(const hopt_expr *expr);
/** Only for an expression that was given to nobody. */
HOPT_API void hopt_expr_free(hopt_expr *expr);

/* ---- studies ---- */

typedef struct hopt_study hopt_study;

typedef struct hopt_study_options {
    size_t size;      /**< sizeof(hopt_study_options) */
    const char *name; /**< of the study in its store, [A-Za-z0-9._-]{1,64}; NULL: the text's, else
                         "study" */
    const char
        *store; /**< "sqlite:FILE", "sqlite::memory:", "mongodb://..."; NULL: "sqlite::memory:".
                   A study that is there already goes on when its space is the same */
    const char *sampler; /**< "auto", "gp", "tpe", "random", "hyperopt", "anneal", "mix", or a study
                            file's "sampler" object as JSON with options, e.g. {"name": "tpe",
                            "startup": 10}; NULL: the text's, else that of the study when it is
                            there already, else auto */
    int has_seed;
    uint64_t seed; /**< below 2^63; without it the text's, else the stored one, else drawn */
    int maximize;  /**< the highest loss is best; a text's "direction" says the same */
    int64_t
        max_trials; /**< how many trials the study may have, 0: the text's "stop", else no limit */
    const char *points;      /**< points to evaluate first: a JSON list of resolved structures, as a
                                study      file's "points". NULL: the text's */
    const char *points_vals; /**< the same in hyperopt's form, label -> value with a choice's index:
                                [{"x": 1.5, "kind": 0}]; only one of the two */
    const char *settings;    /**< further settings over the text: a JSON object of paths, e.g.
                                {"trial.lease_s": 10}; NULL: none */
    int lease_asked; /**< asked trials: 0: they wait for hopt_tell() for ever, whatever becomes of
                        this process, and another process may tell them (hopt tell); 1: a thread
                        renews them while this process lives, and they go back to the queue when it
                        dies */
} hopt_study_options;

static inline void hopt_study_options_init(hopt_study_options *options) {
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

/**
 * Open a study from a text: a study file's JSON (it has a "space"), or the JSON of a space alone.
 * @param[out] study  hopt_study_close(); NULL on failure.
 * @param options     may be NULL.
 * @return HOPT_OK; HOPT_EINVAL for a bad text or option; HOPT_ECONFLICT: the store has a study of
 *         this name with another space; HOPT_ESTORE, HOPT_EUNAVAILABLE.
 */
HOPT_API int hopt_study_from_text(hopt_study **study, const char *text,
                                  const hopt_study_options *options, hopt_failure *why);
/** The same from a file; its errors begin with the file's name. */
HOPT_API int hopt_study_from_file(hopt_study **study, const char *path,
                                  const hopt_study_options *options, hopt_failure *why);
/** The same from a space built by calls, which is used up, also on failure. */
HOPT_API int hopt_study_from_expr(hopt_study **study, hopt_expr *space,
                                  const hopt_study_options *options, hopt_failure *why);
/** Open a study that is in a store already, by options->name (NULL: the only one there).
 * @return also HOPT_ENOTFOUND. */
HOPT_API int hopt_study_load(hopt_study **study, const hopt_study_options *options,
                             hopt_failure *why);
/** Close the store and free. Evaluations that were asked and not told stay as `lease_asked` says:
 * their handles must be ended with hopt_eval_free() before. */
HOPT_API void hopt_study_close(hopt_study *study);

HOPT_API const char *hopt_study_name(const hopt_study *study);
/** The seed that holds: the one given, stored or drawn. */
HOPT_API uint64_t hopt_study_seed(const hopt_study *study);
/** 1: the highest loss is best. */
HOPT_API int hopt_study_maximizes(const hopt_study *study);
/** Labels of the space: how many, and the i-th; NULL out of range. */
HOPT_API size_t hopt_study_labels(const hopt_study *study);
HOPT_API const char *hopt_study_label(const hopt_study *study, size_t i);
/** The study file as it is stored, as JSON; the caller's, hopt_free(). */
HOPT_API char *hopt_study_text(hopt_study *study);

/** Check a text as hopt_study_from_text() does, without a store. @return HOPT_OK or HOPT_EINVAL. */
HOPT_API int hopt_check(const char *text, const hopt_study_options *options, hopt_failure *why);

/**
 * hyperopt's space_eval: the resolved structure for values by label.
 * @param vals        JSON, {"x": 1.5, "kind": 0} or hyperopt's misc.vals {"x": [1.5]}; choices by
 *                    index, inactive labels left out, null or [].
 * @param[out] params JSON; the caller's, hopt_free(); NULL on failure.
 * @return HOPT_OK, or HOPT_EINVAL naming the label.
 */
HOPT_API int hopt_space_eval(const hopt_study *study, const char *vals, char **params,
                             hopt_failure *why);

/* ---- an evaluation: what a function gets, and what hopt_ask() gives ---- */

#ifndef HOPT_EVAL_DECLARED /* hopt_plugin.h names the same handle */
#define HOPT_EVAL_DECLARED
typedef struct hopt_eval hopt_eval;
#endif

/** What an evaluation function returns; any number below 0 is an error. */
enum {
    HOPT_EVAL_OK = 0,      /**< *loss is the result; NaN or infinite counts as a fail */
    HOPT_EVAL_FAIL = 1,    /**< this point has no result (status fail); *loss is ignored */
    HOPT_EVAL_STOPPED = 2, /**< hopt_eval_report() asked to stop, and so it did */
    HOPT_EVAL_ERROR = -1   /**< something broke: the trial becomes an error */
};

/** The function to minimize. Called in the thread of hopt_fmin(), in another thread, or in a child
 * process, as the options say. It must return (no longjmp, no C++ exception out of it). */
typedef int (*hopt_function)(hopt_eval *eval, double *loss, void *context);

/** Why a value can't be had. */
enum {
    HOPT_VALUE_INACTIVE = -1, /**< the parameter's condition does not hold in this point */
    HOPT_VALUE_UNKNOWN = -2   /**< no such label, or its value is of another type */
};

/** A number (integers too; a choice of numbers gives the number). @return 0, or why not. */
HOPT_API int hopt_eval_real(const hopt_eval *eval, const char *label, double *out);
/** An integer; a whole real counts. @return 0, or why not. */
HOPT_API int hopt_eval_integer(const hopt_eval *eval, const char *label, int64_t *out);
/** Which option a choice or pchoice took, from 0. @return 0, or why not. */
HOPT_API int hopt_eval_option(const hopt_eval *eval, const char *label, int *out);
/** A choice's _name or string value; NULL when inactive, unknown or no text. */
HOPT_API const char *hopt_eval_text(const hopt_eval *eval, const char *label);
/** 1: active, 0: not, HOPT_VALUE_UNKNOWN: no such label. */
HOPT_API int hopt_eval_active(const hopt_eval *eval, const char *label);
/** All parameters, resolved (choices replaced by their options), as JSON. */
HOPT_API const char *hopt_eval_params_json(const hopt_eval *eval);
/** hyperopt's form as JSON: label -> [] or [value], choices by index. */
HOPT_API const char *hopt_eval_vals_json(const hopt_eval *eval);
/** The trial's number in its study, from 0. */
HOPT_API int64_t hopt_eval_num(const hopt_eval *eval);
/** The trial's seed, the same when it is evaluated again; below 2^63. */
HOPT_API uint64_t hopt_eval_seed(const hopt_eval *eval);
/** How often this trial was begun, from 1: above 1 a former process died. */
HOPT_API int hopt_eval_attempt(const hopt_eval *eval);

/** Report an intermediate loss; steps should rise. What is not finite is dropped.
 * @return 1: please stop (then return HOPT_EVAL_STOPPED soon), 0: go on. */
HOPT_API int hopt_eval_report(hopt_eval *eval, int64_t step, double loss);
/** Whether to stop, without a report: 1 or 0. */
HOPT_API int hopt_eval_should_stop(hopt_eval *eval);
/** Keep `size` bytes with the trial under a name (1..255 bytes, no control characters, no '/'; 64
 * MB at most). @return 0, or -1 when it can't be kept. */
HOPT_API int hopt_eval_attach(hopt_eval *eval, const char *name, const void *data, size_t size);
/** Store a further key of the result; `json` is its value as JSON text ("0.97", "\"text\"").
 * @return 0, or -1 when it is not JSON, or the key is "loss", "status" or "status_fail". */
HOPT_API int hopt_eval_extra(hopt_eval *eval, const char *key, const char *json);
/** A line of the trial's log (`hopt trials show --log`). */
HOPT_API void hopt_eval_log(hopt_eval *eval, const char *line);
/** Why: the reason of a fail (`type` is not used then), or type and message of an error. Texts are
 * copied. NULL: left as it was. */
HOPT_API void hopt_eval_because(hopt_eval *eval, const char *type, const char *message);

/* ---- ask and tell ---- */

/**
 * The next trial: one that went back to the queue, else a new point. Any number of threads and
 * processes may ask at the same time; points that are asked and not told count as pending.
 * @param[out] eval  hopt_eval_free(), told or not; NULL on failure.
 * @return HOPT_OK; HOPT_ECONFLICT: the study has its trials, is paused or done; HOPT_ENOTFOUND: a
 *         finite space is used up; HOPT_ESTORE, HOPT_EUNAVAILABLE.
 */
HOPT_API int hopt_ask(hopt_study *study, hopt_eval **eval, hopt_failure *why);
/**
 * A trial at a point of the caller's choice, whatever is queued.
 * @param vals  JSON, {"x": 1.5, "kind": 0} or hyperopt's misc.vals {"x": [1.5]}; choices by index,
 *              inactive labels left out, null or [].
 * @return as hopt_ask(), or HOPT_EINVAL naming the label.
 */
HOPT_API int hopt_ask_at(hopt_study *study, const char *vals, hopt_eval **eval, hopt_failure *why);
/**
 * The trial has this loss. NaN or infinite counts as a fail.
 * All of the hopt_tell...() end the trial; log and reports are written before. They may be repeated
 * after HOPT_ESTORE. The handle can still be read, until hopt_eval_free().
 * @return HOPT_OK; HOPT_ECONFLICT: it was ended by somebody else or told before; HOPT_ESTORE,
 *         HOPT_EUNAVAILABLE.
 */
HOPT_API int hopt_tell(hopt_eval *eval, double loss, hopt_failure *why);
/** The point has no result (status fail). `reason` may be NULL. */
HOPT_API int hopt_tell_fail(hopt_eval *eval, const char *reason, hopt_failure *why);
/** The evaluation broke: the trial is an error. NULL: "Error", "no message". */
HOPT_API int hopt_tell_error(hopt_eval *eval, const char *type, const char *message,
                             hopt_failure *why);
/** It was stopped early: the last reported loss and step rank it after complete ones. */
HOPT_API int hopt_tell_pruned(hopt_eval *eval, hopt_failure *why);
/** The evaluation was given up: state cancel, which samplers ignore. `why_not` says why
 * ("cancelled" when NULL). */
HOPT_API int hopt_tell_cancel(hopt_eval *eval, const char *why_not, hopt_failure *why);
/** A whole result as JSON: {"status": "ok", "loss": 0.3, "accuracy": 0.9}, {"status": "fail"} or a
 * number; NaN and Infinity are read. Its further keys are kept beside those of hopt_eval_extra().
 */
HOPT_API int hopt_tell_result(hopt_eval *eval, const char *result, hopt_failure *why);
/** Nobody evaluates it now: back to the queue. */
HOPT_API int hopt_tell_release(hopt_eval *eval, hopt_failure *why);
/** Tell by number what was asked elsewhere, in this process or another (`hopt tell`): `result` is
 * the JSON of a result, {"loss": 0.3, "accuracy": 0.9} or {"status": "fail"}.
 * @return also HOPT_ENOTFOUND. */
HOPT_API int hopt_tell_num(hopt_study *study, int64_t num, const char *result, hopt_failure *why);
/** Free the handle of hopt_ask(). A trial that was not told stays as `lease_asked` says: it waits
 * (0), or goes back to the queue (1). */
HOPT_API void hopt_eval_free(hopt_eval *eval);

/* ---- what is known of a trial ---- */

/** A snapshot of a trial; it does not change and outlives the study. */
typedef struct hopt_info hopt_info;

enum {
    HOPT_TRIAL_NEW = 0,     /**< in the queue */
    HOPT_TRIAL_RUNNING = 1, /**< somebody evaluates it */
    HOPT_TRIAL_DONE = 2,    /**< with a result: status ok or fail */
    HOPT_TRIAL_ERROR = 3,   /**< no result */
    HOPT_TRIAL_CANCEL = 4   /**< stopped or pruned */
};

HOPT_API int64_t hopt_info_num(const hopt_info *info);
/** hyperopt's number, unique in the whole store. */
HOPT_API int64_t hopt_info_tid(const hopt_info *info);
/** Of its proposal; below 2^63. */
HOPT_API uint64_t hopt_info_seed(const hopt_info *info);
/** How often it was begun because a process died at it, from 1. */
HOPT_API int hopt_info_attempt(const hopt_info *info);
/** Who evaluates it or did so last, "host:pid:8hex" ("ask:..." when it was asked); NULL: nobody
 * yet. */
HOPT_API const char *hopt_info_worker(const hopt_info *info);
/** HOPT_TRIAL_... */
HOPT_API int hopt_info_state(const hopt_info *info);
/** "ok", "fail" or "new" (no result). */
HOPT_API const char *hopt_info_status(const hopt_info *info);
/** NaN when there is none. */
HOPT_API double hopt_info_loss(const hopt_info *info);
/** As hopt_eval_real() and so on. */
HOPT_API int hopt_info_real(const hopt_info *info, const char *label, double *out);
HOPT_API int hopt_info_integer(const hopt_info *info, const char *label, int64_t *out);
HOPT_API int hopt_info_option(const hopt_info *info, const char *label, int *out);
HOPT_API const char *hopt_info_text(const hopt_info *info, const char *label);
HOPT_API int hopt_info_active(const hopt_info *info, const char *label);
/** The resolved structure (hyperopt's space_eval of the point) as JSON. */
HOPT_API const char *hopt_info_params_json(const hopt_info *info);
/** hyperopt's misc.vals as JSON: label -> [] or [value]. */
HOPT_API const char *hopt_info_vals_json(const hopt_info *info);
/** hyperopt's argmin as JSON: label -> value, active ones only, choices by index. */
HOPT_API const char *hopt_info_argmin_json(const hopt_info *info);
/** Other keys of the result as a JSON object, "{}" when there are none. */
HOPT_API const char *hopt_info_extras_json(const hopt_info *info);
/** All of it as one line of JSON, as `hopt export` writes it. */
HOPT_API const char *hopt_info_json(const hopt_info *info);
/** Of a trial in HOPT_TRIAL_ERROR; NULL otherwise. */
HOPT_API const char *hopt_info_error_type(const hopt_info *info);
HOPT_API const char *hopt_info_error_message(const hopt_info *info);
/** Reason of a fail, or NULL. */
HOPT_API const char *hopt_info_fail_reason(const hopt_info *info);
/** Milliseconds since 1970, 0: not yet. */
HOPT_API int64_t hopt_info_start_ms(const hopt_info *info);
HOPT_API int64_t hopt_info_end_ms(const hopt_info *info);
HOPT_API void hopt_info_free(hopt_info *info);

/* ---- the trials of a study ---- */

/** The best trial: status ok, lowest loss (highest with maximize), the first of equal ones.
 * @return HOPT_ENOTFOUND when there is none yet. */
HOPT_API int hopt_study_best(hopt_study *study, hopt_info **best, hopt_failure *why);
/** One trial by its number. */
HOPT_API int hopt_study_trial(hopt_study *study, int64_t num, hopt_info **info, hopt_failure *why);
/** How many trials there are in each state: counts[HOPT_TRIAL_NEW..HOPT_TRIAL_CANCEL]. */
HOPT_API int hopt_study_counts(hopt_study *study, int64_t counts[5], hopt_failure *why);
/**
 * The losses by number, NaN where a trial has none.
 * @param[out] losses  room for `capacity` numbers; may be NULL with 0.
 * @param[out] count   how many trials there are; more than `capacity`: the first ones were given.
 */
HOPT_API int hopt_study_losses(hopt_study *study, double *losses, size_t capacity, size_t *count,
                               hopt_failure *why);

/** Walks the trials by number, a page at a time; trials that are added meanwhile come too. */
typedef struct hopt_iterator hopt_iterator;

/** @param states  bits (1 << HOPT_TRIAL_...), 0: all. @param[out] out hopt_iterator_free(), before
 * the study is closed. */
HOPT_API int hopt_study_trials(hopt_study *study, unsigned states, hopt_iterator **out,
                               hopt_failure *why);
/** @param[out] info  hopt_info_free(). @return HOPT_ENOTFOUND after the last one. */
HOPT_API int hopt_iterator_next(hopt_iterator *iterator, hopt_info **info, hopt_failure *why);
HOPT_API void hopt_iterator_free(hopt_iterator *iterator);

/** Names of a trial's attachments as a JSON list; the caller's, hopt_free(). */
HOPT_API int hopt_study_attachments(hopt_study *study, int64_t num, char **names,
                                    hopt_failure *why);
/** One attachment. @param[out] data the caller's, hopt_free(). */
HOPT_API int hopt_study_attachment(hopt_study *study, int64_t num, const char *name, void **data,
                                   size_t *size, hopt_failure *why);
/** Its intermediate losses as JSON, {"steps": [...], "losses": [...]}; the caller's, hopt_free().
 */
HOPT_API int hopt_study_reports(hopt_study *study, int64_t num, char **json, hopt_failure *why);
/** Its log ("" when there is none); the caller's, hopt_free(). */
HOPT_API int hopt_study_log(hopt_study *study, int64_t num, char **text, hopt_failure *why);

/* ---- a sampler without a store ----
 *
 * For programs that keep their trials themselves: the same points as hopt suggest(1).
 */

typedef struct hopt_suggester hopt_suggester;

/**
 * @param text  a study file's JSON; of it the space, the sampler and the direction count.
 * @param seed  the study's seed, below 2^63.
 * @param[out] suggester  hopt_suggester_close(); NULL on failure.
 * @return HOPT_OK or HOPT_EINVAL.
 */
HOPT_API int hopt_suggester_open(hopt_suggester **suggester, const char *text, uint64_t seed,
                                 hopt_failure *why);
/**
 * Take up a trial: one that runs ("state": "running") becomes pending, one that ended is learnt
 * from; an ended one that is given again is ignored.
 * @param line  JSON as `hopt export` writes it; needed are "num", "vals" and "state" or "status",
 * with "loss" (NaN is read). A trial that was derived from another has "from_tid".
 * @return HOPT_OK, or HOPT_EINVAL: it does not fit the space, and is left out.
 */
HOPT_API int hopt_suggester_add(hopt_suggester *suggester, const char *line, hopt_failure *why);
/** The seed that trial `num` has in a study whose first `n_points` trials were given: for
 * hopt_suggester_suggest(). */
HOPT_API uint64_t hopt_suggester_seed(hopt_suggester *suggester, int64_t num, int64_t n_points);
/**
 * The point of trial `num`. It becomes pending only by hopt_suggester_add().
 * @param[out] vals  hyperopt's form as JSON, label -> [] or [value]; the caller's, hopt_free().
 * @return HOPT_OK; HOPT_ENOTFOUND: a finite space is used up.
 */
HOPT_API int hopt_suggester_suggest(hopt_suggester *suggester, uint64_t seed, int64_t num,
                                    char **vals, hopt_failure *why);
HOPT_API void hopt_suggester_close(hopt_suggester *suggester);

/* ---- fmin ---- */

/** How evaluations run. */
enum {
    HOPT_MODE_THREADS = 0,  /**< parallelism 1: in the thread that called hopt_fmin(); else in
                               threads  of the library */
    HOPT_MODE_PROCESSES = 1 /**< each in a child made by fork(): what it changes in memory is gone
                               after it; when it crashes or exits the trial is an error */
};

typedef struct hopt_fmin_options {
    size_t size; /**< sizeof(hopt_fmin_options) */

    /* When to end. At least one limit must be set here or in the study's text ("stop"). */
    int64_t max_evals; /**< how many trials the study shall have in all, points and those that are
                          there already included; 0: as the study says */
    double timeout; /**< seconds of this call after which no evaluation is begun; running ones are
                       asked to stop (hopt_eval_report()) and their results count; 0: none */
    int has_loss_threshold;
    double loss_threshold; /**< end when the best loss is below (with maximize: above) it */
    /** Called after each trial that ended here. @return not 0: end. */
    int (*early_stop)(void *context, hopt_study *study, const hopt_info *last);
    void *early_stop_context;
    int64_t no_progress; /**< hyperopt's no_progress_loss(n, percent): end after n trials of this
                            call in a row without progress; 0: off */
    double no_progress_percent;

    /* How to run. */
    int parallelism;   /**< how many evaluations at a time, 1..1024; 0: 1 */
    int mode;          /**< HOPT_MODE_... */
    int max_queue_len; /**< how many points are proposed at once when the queue is empty, 0: 1; more
                          than 1 is for samplers that are slow, or for other processes on the store
                        */
    int catch_eval_exceptions; /**< 0: the first error ends the run, with HOPT_EFAILED; 1: it goes
                                  on */
    int show_progressbar;      /**< 1: a line on standard error */

    /** Called after each trial that ended here, in the thread of hopt_fmin(). */
    void (*on_trial)(void *context, hopt_study *study, const hopt_info *info);
    void *on_trial_context;
} hopt_fmin_options;

static inline void hopt_fmin_options_init(hopt_fmin_options *options) {
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
}

/**
 * hyperopt's fmin: propose, evaluate, write, until a limit. Trials of the store that are queued are
 * evaluated first; those that a dead process was at go back to the queue (at once when it died on
 * this machine, else after trial.lease_s). Other processes may do the same on the same store.
 *
 * The callbacks run in the calling thread and may call everything but hopt_fmin() and
 * hopt_study_close() on this study. With the sampler "hyperopt", parallelism 1 and max_queue_len 1
 * the points are those of hyperopt's fmin for the same seed.
 *
 * @param context    given to `function`.
 * @param options    may be NULL: as the study's text says.
 * @param[out] best  hopt_info_free(); may be NULL; NULL when there is none.
 * @return HOPT_OK; HOPT_ENOTFOUND: it ended, but no trial has a loss (only when best is asked for);
 *         HOPT_EFAILED: an evaluation failed (`why` has its message), best is given all the same;
 *         HOPT_ESTOPPED: cancelled, or the study was paused or stopped by a person; HOPT_EINVAL,
 *         HOPT_ESTORE, HOPT_EUNAVAILABLE; HOPT_ECONFLICT: a fmin runs on this handle already.
 */
HOPT_API int hopt_fmin(hopt_study *study, hopt_function function, void *context,
                       const hopt_fmin_options *options, hopt_info **best, hopt_failure *why);

/** Why the last hopt_fmin() of this handle ended: "max_evals", "timeout", "loss_threshold",
 * "no_progress", "early_stop", "exhausted", "cancelled", "error", "paused"; NULL: there was none.
 */
HOPT_API const char *hopt_study_reason(hopt_study *study);

/** End the hopt_fmin() that runs on this handle, or the next one: no evaluation is begun any more,
 * running ones are asked to stop; those that return HOPT_EVAL_STOPPED go back to the queue. From
 * any thread, or from a signal handler. */
HOPT_API void hopt_study_cancel(hopt_study *study);

#ifdef __cplusplus
}
#endif

#endif
