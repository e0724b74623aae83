#include "common/trial/state.h"

#include <string.h>

#include "common/base/attr.h"

/* The one table of legal changes. docs/trial-lifecycle.md draws it; a test compares the two. */
static const struct {
    hopt_state from;
    hopt_event event;
    hopt_state to;
} legal[] = {
    {HOPT_NEW, HOPT_EVENT_CLAIM, HOPT_RUNNING},    {HOPT_RUNNING, HOPT_EVENT_FINISH, HOPT_DONE},
    {HOPT_RUNNING, HOPT_EVENT_FINISH, HOPT_ERROR}, {HOPT_RUNNING, HOPT_EVENT_FINISH, HOPT_CANCEL},
    {HOPT_RUNNING, HOPT_EVENT_RELEASE, HOPT_NEW},  {HOPT_RUNNING, HOPT_EVENT_EXPIRE, HOPT_NEW},
    {HOPT_RUNNING, HOPT_EVENT_EXPIRE, HOPT_ERROR}, {HOPT_NEW, HOPT_EVENT_CANCEL, HOPT_CANCEL},
    {HOPT_ERROR, HOPT_EVENT_RETRY, HOPT_NEW},
};

static const struct {
    const char *name;
    int version_step;
} events[] = {
    [HOPT_EVENT_CLAIM] = {"claim", 1},        [HOPT_EVENT_FINISH] = {"finish", 1},
    [HOPT_EVENT_RELEASE] = {"release", 1000}, [HOPT_EVENT_EXPIRE] = {"expire", 1000},
    [HOPT_EVENT_CANCEL] = {"cancel", 1},      [HOPT_EVENT_RETRY] = {"retry", 1000},
};

static const char *const state_names[HOPT_STATES] = {"new", "running", "done", "error", "cancel"};
static const char *const study_state_names[] = {"active", "paused", "closing", "done"};

bool hopt_state_allows(hopt_state from, hopt_event event, hopt_state to) {
    for (size_t i = 0; i < HOPT_COUNT(legal); i++) {
        if (legal[i].from == from && legal[i].event == event && legal[i].to == to) return true;
    }
    return false;
}

int hopt_event_version_step(hopt_event event) {
    HOPT_ASSERT((unsigned)event < HOPT_COUNT(events));
    return events[event].version_step;
}

const char *hopt_event_name(hopt_event event) {
    HOPT_ASSERT((unsigned)event < HOPT_COUNT(events));
    return events[event].name;
}

bool hopt_state_terminal(hopt_state state) {
    return state == HOPT_DONE || state == HOPT_ERROR || state == HOPT_CANCEL;
}

const char *hopt_state_name(hopt_state state) {
    HOPT_ASSERT((unsigned)state < HOPT_STATES);
    return state_names[state];
}

/* The index of `name` in a list of words, or -1. */
static int find_word(const char *const *words, size_t count, const char *name) {
    for (size_t i = 0; name && i < count; i++) {
        if (strcmp(words[i], name) == 0) return (int)i;
    }
    return -1;
}

bool hopt_state_parse(hopt_state *out, const char *name) {
    int found = find_word(state_names, HOPT_COUNT(state_names), name);
    if (found < 0) return false;
    *out = (hopt_state)found;
    return true;
}

const char *hopt_study_state_name(hopt_study_state state) {
    HOPT_ASSERT((unsigned)state < HOPT_COUNT(study_state_names));
    return study_state_names[state];
}

bool hopt_study_state_parse(hopt_study_state *out, const char *name) {
    int found = find_word(study_state_names, HOPT_COUNT(study_state_names), name);
    if (found < 0) return false;
    *out = (hopt_study_state)found;
    return true;
}

bool hopt_study_reason_stops(const char *reason) {
    return reason && (strcmp(reason, "timeout") == 0 || strcmp(reason, "cancelled") == 0);
}
