/** The states of a trial and of a study, and the one table of legal changes (DESIGN §5). Pure. */
#ifndef HOPT_TRIAL_STATE_H
#define HOPT_TRIAL_STATE_H

#include <stdbool.h>

typedef enum hopt_state {
    HOPT_NEW = 0,     /**< in the queue */
    HOPT_RUNNING = 1, /**< leased by `owner` */
    HOPT_DONE = 2,    /**< result.status ok or fail */
    HOPT_ERROR = 3,   /**< no result; `error` says why */
    HOPT_CANCEL = 4   /**< stopped or pruned */
} hopt_state;
enum { HOPT_STATES = 5 };

/** Why a state changes. */
typedef enum hopt_event {
    HOPT_EVENT_CLAIM,   /**< NEW -> RUNNING */
    HOPT_EVENT_FINISH,  /**< RUNNING -> DONE, ERROR or CANCEL, by its owner */
    HOPT_EVENT_RELEASE, /**< RUNNING -> NEW, by its owner */
    HOPT_EVENT_EXPIRE,  /**< RUNNING -> NEW or ERROR, by the reaper */
    HOPT_EVENT_CANCEL,  /**< NEW -> CANCEL, by the study's end or a person */
    HOPT_EVENT_RETRY    /**< ERROR -> NEW, by `hopt trials retry` */
} hopt_event;
enum { HOPT_EVENTS = 6 };

/** Whether the table allows it. Every driver asks this before it writes. */
bool hopt_state_allows(hopt_state from, hopt_event event, hopt_state to);
/** How much `version` rises with an event: 1 at claim, finish and cancel, 1000 whenever a trial
 * leaves RUNNING not by finish, and at retry (DESIGN §5.3). */
int hopt_event_version_step(hopt_event event);
/** "claim", "finish", "release", "expire", "cancel", "retry". */
const char *hopt_event_name(hopt_event event);

bool hopt_state_terminal(hopt_state state);
/** "new", "running", "done", "error", "cancel". */
const char *hopt_state_name(hopt_state state);
/** The inverse; false (and `out` untouched) for any other word or NULL. */
bool hopt_state_parse(hopt_state *out, const char *name);

typedef enum hopt_study_state {
    HOPT_STUDY_ACTIVE,
    HOPT_STUDY_PAUSED,  /**< no new claims; running trials go on */
    HOPT_STUDY_CLOSING, /**< NEW cancelled, running trials finish or are stopped */
    HOPT_STUDY_DONE
} hopt_study_state;

/** "active", "paused", "closing", "done". */
const char *hopt_study_state_name(hopt_study_state state);
bool hopt_study_state_parse(hopt_study_state *out, const char *name);
/** Whether trials that run are stopped when a study ends for this reason ("timeout", "cancelled"),
 * or may finish; NULL: may finish. */
bool hopt_study_reason_stops(const char *reason);

#endif
