/**
 * The study: its file (DESIGN §3), parsed and checked, and its record in the store. Pure.
 */
#ifndef HOPT_TRIAL_STUDY_H
#define HOPT_TRIAL_STUDY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/space/space.h"
#include "common/trial/state.h"
#include "common/trial/trial.h"

typedef enum hopt_objective_kind {
    HOPT_OBJECTIVE_NONE,    /**< no objective: trials are asked and told from outside */
    HOPT_OBJECTIVE_COMMAND, /**< {"command": [...]} */
    HOPT_OBJECTIVE_SERVER,  /**< {"server": [...]} */
    HOPT_OBJECTIVE_PLUGIN   /**< {"plugin": "file.so", "config": {...}} */
} hopt_objective_kind;

typedef struct hopt_objective {
    hopt_objective_kind kind;
    char **argv;            /**< command, server: NULL-terminated, at least one; owned */
    char *plugin;           /**< plugin: file name */
    json_t *config;         /**< plugin: any JSON or NULL */
    double start_timeout_s; /**< server: 60 by default */
} hopt_objective;

/** "stop": when the study ends. Unset limits are 0 (or has_ = false). A study without "stop" gets
 * max_trials 100. */
typedef struct hopt_stop_rules {
    int max_trials;   /**< slots; 1..HOPT_TRIALS_MAX; 0: no limit was given (then one of the others
                         must be) */
    double timeout_s; /**< active seconds, 0: none */
    bool has_loss_below;
    double loss_below;      /**< in the user's sign: maximize ends at loss above */
    int no_progress_trials; /**< 0: off */
    double no_progress_percent;
} hopt_stop_rules;

/** The highest trial.processes: what hopt-runner can still count. */
#define HOPT_TRIAL_PROCESSES_MAX 16000

typedef struct hopt_trial_rules {
    double timeout_s; /**< 0: none */
    int max_attempts; /**< leases that may be lost, 3 by default, 1..100 */
    int memory_mb;    /**< 0: none */
    int output_mb;    /**< of standard output and error of one trial, 256 by default */
    int file_mb;      /**< of each file it writes, 4096 by default, 0: no limit */
    int processes;    /**< at a time, 1000 by default, 0: no limit */
    bool retry_errors;
    double lease_s; /**< 60 by default, 2 at least, 3600 at most */
    double grace_s; /**< between SIGTERM and SIGKILL, 5 by default */
} hopt_trial_rules;

/** trials x parameters that a study may have (DESIGN §8). */
#define HOPT_STUDY_VALUES_MAX 20000000

/** A study file, checked. Immutable after parse; threads may share it. */
typedef struct hopt_study_spec {
    char name[HOPT_STUDY_NAME_MAX];
    hopt_space *space;
    hopt_objective objective;
    bool maximize;
    bool has_sampler;        /**< the text names one */
    char *sampler;           /**< its name, else the default's */
    json_t *sampler_options; /**< without name and seed; object, may be empty */
    bool has_seed;
    uint64_t seed; /**< < 2^63 */
    hopt_stop_rules stop;
    hopt_trial_rules trial;
    int queue_ahead; /**< -1: "auto" */
    double *points;  /**< n_points x hopt_space_size(); owned */
    int n_points;
    char
        *text; /**< the file's text as given, settings of --set merged in (then without comments) */
} hopt_study_spec;

/**
 * Parse and check a study file. Every independent error is reported, up to HOPT_ERRORS_MAX, sorted
 * by position. The sampler's name and options are checked by hopt_sampler_open(), which the caller
 * asks next. Pure; thread-safe.
 * @param text      borrowed; the bytes of the file.
 * @param name      overrides or supplies the name ("" and NULL: as in the file; the file's folder
 *                  or file name is never guessed).
 * @param sets      n_sets texts "stop.max_trials=50" merged over the file before checking. The path
 *                  is keys (or indexes of a list) with dots between; the value is JSON, or else a
 *                  string; null takes a setting away. A later text wins. An error in such a value
 *                  has no position and begins with "--set TEXT".
 * @param[out] out  the caller's, free with hopt_study_spec_free(); NULL on failure.
 * @param errors    zeroed by the caller; receives what is wrong; must not be NULL.
 * @return HOPT_OK or HOPT_EINVAL.
 */
HOPT_MUST_CHECK hopt_status hopt_study_spec_parse(hopt_study_spec **out, const char *text,
                                                  size_t length, const char *name,
                                                  const char *const *sets, size_t n_sets,
                                                  hopt_errors *errors);
/**
 * Parse the text of a study that is stored (hopt_study_record.spec). One that names no sampler was
 * stored when `tpe` was the default, or by another program, and means `tpe`.
 * @param text  ends with NUL.
 * @param name  the record's: the text may lack one or have another.
 * @param out, errors  as in hopt_study_spec_parse().
 */
HOPT_MUST_CHECK hopt_status hopt_study_spec_parse_stored(hopt_study_spec **out, const char *text,
                                                         const char *name, hopt_errors *errors);
/**
 * The text of a study as it is to be stored: with a sampler's name put in where it names none, the
 * rest as it was given.
 * @return the caller's, free(). It may exceed HOPT_JSON_TEXT_MAX when spec->text nearly did.
 */
char *hopt_study_spec_text_naming(const hopt_study_spec *spec, const char *sampler);
void hopt_study_spec_free(hopt_study_spec *spec);
/** Whether a name matches [A-Za-z0-9._-]{1,64}. */
bool hopt_study_name_valid(const char *name);

/**
 * The new text of a stored study for `hopt study set`: only settings that may change while a study
 * lives (stop.*, trial.*, queue.*; hopt_study_setting.changeable) are allowed, and the result is
 * checked as a whole. Comments are lost.
 * @param[out] new_text  the caller's, free(); NULL on failure.
 * @param text           the stored text (hopt_study_record.spec).
 * @param name           the study's name (its text may lack one or have another).
 * @param sets, errors   as in hopt_study_spec_parse().
 */
HOPT_MUST_CHECK hopt_status hopt_study_spec_merge_set(char **new_text, const char *text,
                                                      const char *name, const char *const *sets,
                                                      size_t n_sets, hopt_errors *errors);

/**
 * Whether a study that is stored as `old` may go on with the file `now` (DESIGN §3, Identity): the
 * same space and the same direction.
 * @return HOPT_OK, or HOPT_ECONFLICT naming the first label that differs and the way out. stop,
 * trial, queue, sampler and points may differ, and so may the objective
 * (hopt_study_objective_equal() tells; workers of the old file then refuse its trials).
 */
HOPT_MUST_CHECK hopt_status hopt_study_spec_compatible(const hopt_study_spec *old,
                                                       const hopt_study_spec *now, hopt_error *err);
/** Whether two objectives are the same in kind, arguments, plugin and configuration. */
bool hopt_study_objective_equal(const hopt_objective *a, const hopt_objective *b);

/* ---- settings: one table for the parser, `hopt check`, `hopt study set` and the manual ---- */

typedef enum hopt_setting_type {
    HOPT_SETTING_INTEGER, /**< int */
    HOPT_SETTING_SEED,    /**< uint64_t below 2^63 */
    HOPT_SETTING_NUMBER,  /**< double, finite */
    HOPT_SETTING_BOOLEAN, /**< bool */
    HOPT_SETTING_AHEAD,   /**< int, or "auto", which is -1 */
    HOPT_SETTING_STRING,  /**< char *, not empty */
    HOPT_SETTING_MAXIMIZE /**< bool, written "minimize" or "maximize" */
} hopt_setting_type;

/** One setting of a study file that is a single value. */
typedef struct hopt_study_setting {
    const char *key;      /**< path with dots, "stop.max_trials" */
    double low, high;     /**< bounds, both allowed but for low_open; numeric types only */
    const char *unit;     /**< "s", "MB", "trials", "%" or "" */
    const char *fallback; /**< the default as people read it: "100", "none", "auto" */
    const char *summary;  /**< one line */
    size_t offset;        /**< of its field in hopt_study_spec */
    size_t has_offset;    /**< of its bool has_..., or 0 */
    hopt_setting_type type;
    bool low_open;   /**< low itself is not allowed */
    bool changeable; /**< by `hopt study set` on a living study */
} hopt_study_setting;

/** The table, in the order of the manual; static. */
const hopt_study_setting *hopt_study_settings(size_t *count);
/** What a setting takes, for people: "an integer in 1 .. 1000000 (trials)". Appends to `out`. */
void hopt_study_setting_text(const hopt_study_setting *setting, hopt_buf *out);

/* ---- the objective ---- */

/**
 * Fill {label} in one argument of an objective's `command` (a server has no placeholders): `{{` and
 * `}}` become single braces, an inactive label nothing. Labels were checked at parse. Appends to
 * `out`.
 * @param point  hopt_space_size() doubles.
 */
void hopt_objective_argument(const hopt_study_spec *spec, const double *point, const char *argument,
                             hopt_buf *out);

/** The study's record in the store (`hopt_studies`, FORMATS §1). */
typedef struct hopt_study_record {
    char name[HOPT_STUDY_NAME_MAX];
    int format; /**< 1 */
    uint8_t prefix[HOPT_PREFIX_SIZE];
    hopt_study_state state;
    char *reason;       /**< why closing, done or paused: "max_trials", ...; NULL */
    int64_t rev;        /**< rises when a person changes spec or state */
    char *spec;         /**< the study file's text */
    char file_hash[17]; /**< hex FNV-1a of the text last given as a file (stored as "file_hash"): an
                           unchanged file given again does not undo `hopt study set` */
    char space_hash[17]; /**< hex */
    uint64_t seed;
    int64_t active_ms;
    int64_t counts[HOPT_STATES];
    bool has_best;
    int best_num;
    double best_loss;    /**< minimized sign */
    char *leader;        /**< the master that leads, or NULL */
    int64_t epoch, beat; /**< of the leader's lease */
} hopt_study_record;

/** Zeroed but for format 1 and state active. */
hopt_study_record *hopt_study_new(void);
void hopt_study_free(hopt_study_record *study);

#endif
