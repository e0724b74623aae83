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

/** "stop": when the study ends. Unset limits are 0 (or has_ = false). */
typedef struct hopt_stop_rules {
    int max_trials;   /**< slots; 1..HOPT_TRIALS_MAX; 0: no limit was given (then one of the others
                         must be) */
    double timeout_s; /**< active seconds, 0: none */
    bool has_loss_below;
    double loss_below;      /**< in the user's sign: maximize ends at loss above */
    int no_progress_trials; /**< 0: off */
    double no_progress_percent;
} hopt_stop_rules;

typedef struct hopt_trial_rules {
    double timeout_s; /**< 0: none */
    int max_attempts; /**< leases that may be lost, 3 by default, 1..100 */
    int memory_mb;    /**< 0: none */
    int output_mb;    /**< of standard output and error of one trial, 256 by default */
    bool retry_errors;
    double lease_s; /**< 60 by default, 2 at least, 3600 at most */
    double grace_s; /**< between SIGTERM and SIGKILL, 5 by default */
} hopt_trial_rules;

/** A study file, checked. Immutable after parse; threads may share it. */
typedef struct hopt_study_spec {
    char name[HOPT_STUDY_NAME_MAX];
    hopt_space *space;
    hopt_objective objective;
    bool maximize;
    char *sampler;           /**< name of the sampler */
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
 * Parse and check a study file. Every independent error is reported, up to HOPT_ERRORS_MAX.
 * @param text      borrowed; the bytes of the file.
 * @param name      overrides or supplies the name ("" and NULL: as in the file; the file's folder
 * or file name is never guessed).
 * @param sets      n_sets texts "stop.max_trials=50" merged over the file before checking.
 * @param[out] out  the caller's, free with hopt_study_spec_free().
 */
HOPT_MUST_CHECK hopt_status hopt_study_spec_parse(hopt_study_spec **out, const char *text,
                                                  size_t length, const char *name,
                                                  const char *const *sets, size_t n_sets,
                                                  hopt_errors *errors);
void hopt_study_spec_free(hopt_study_spec *spec);
/** Whether a name matches [A-Za-z0-9._-]{1,64}. */
bool hopt_study_name_valid(const char *name);

/** Fill {label} in one argument of a command. Labels were checked at parse. Appends to `out`. */
void hopt_objective_argument(const hopt_study_spec *spec, const double *point, const char *argument,
                             hopt_buf *out);

/** The study's record in the store (`hopt_studies`, FORMATS §1). */
typedef struct hopt_study {
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
} hopt_study;

hopt_study *hopt_study_new(void);
void hopt_study_free(hopt_study *study);

#endif
