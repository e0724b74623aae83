#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/trial/state.h"

/* DESIGN §5, written down a second time: what each triple ought to be. */
static bool designed(hopt_state from, hopt_event event, hopt_state to) {
    switch (event) {
    case HOPT_EVENT_CLAIM:
        return from == HOPT_NEW && to == HOPT_RUNNING;
    case HOPT_EVENT_FINISH:
        return from == HOPT_RUNNING && (to == HOPT_DONE || to == HOPT_ERROR || to == HOPT_CANCEL);
    case HOPT_EVENT_RELEASE:
        return from == HOPT_RUNNING && to == HOPT_NEW;
    case HOPT_EVENT_EXPIRE:
        return from == HOPT_RUNNING && (to == HOPT_NEW || to == HOPT_ERROR);
    case HOPT_EVENT_CANCEL:
        return from == HOPT_NEW && to == HOPT_CANCEL;
    case HOPT_EVENT_RETRY:
        return from == HOPT_ERROR && to == HOPT_NEW;
    }
    return false;
}

Test(state, every_triple_is_as_designed) {
    int allowed = 0;
    for (int from = 0; from < HOPT_STATES; from++) {
        for (int event = 0; event < HOPT_EVENTS; event++) {
            for (int to = 0; to < HOPT_STATES; to++) {
                bool is = hopt_state_allows((hopt_state)from, (hopt_event)event, (hopt_state)to);
                cr_assert_eq(is, designed((hopt_state)from, (hopt_event)event, (hopt_state)to),
                             "%d %d %d", from, event, to);
                allowed += is;
            }
        }
    }
    cr_assert_eq(allowed, 9);
}

Test(state, version_rises_by_a_thousand_when_running_is_left_not_by_finish) {
    cr_assert_eq(hopt_event_version_step(HOPT_EVENT_CLAIM), 1);
    cr_assert_eq(hopt_event_version_step(HOPT_EVENT_FINISH), 1);
    cr_assert_eq(hopt_event_version_step(HOPT_EVENT_CANCEL), 1);
    cr_assert_eq(hopt_event_version_step(HOPT_EVENT_RELEASE), 1000);
    cr_assert_eq(hopt_event_version_step(HOPT_EVENT_EXPIRE), 1000);
    cr_assert_eq(hopt_event_version_step(HOPT_EVENT_RETRY), 1000);
}

Test(state, names_parse_back) {
    for (int i = 0; i < HOPT_STATES; i++) {
        hopt_state state;
        cr_assert(hopt_state_parse(&state, hopt_state_name((hopt_state)i)));
        cr_assert_eq((int)state, i);
        cr_assert_eq(hopt_state_terminal(state), i >= HOPT_DONE);
    }
    hopt_state untouched = HOPT_ERROR;
    cr_assert_not(hopt_state_parse(&untouched, "Done"));
    cr_assert_not(hopt_state_parse(&untouched, ""));
    cr_assert_not(hopt_state_parse(&untouched, NULL));
    cr_assert_eq(untouched, HOPT_ERROR);
    for (int i = HOPT_STUDY_ACTIVE; i <= HOPT_STUDY_DONE; i++) {
        hopt_study_state state;
        cr_assert(hopt_study_state_parse(&state, hopt_study_state_name((hopt_study_state)i)));
        cr_assert_eq((int)state, i);
    }
    hopt_study_state study;
    cr_assert_not(hopt_study_state_parse(&study, "running"));
}

static bool event_of(hopt_event *out, const char *name) {
    for (int i = 0; i < HOPT_EVENTS; i++) {
        *out = (hopt_event)i;
        if (strcmp(hopt_event_name(*out), name) == 0) return true;
    }
    return false;
}

/* The block of docs/trial-lifecycle.md has each legal triple once, with its step, and no other. */
Test(state, the_page_draws_the_table) {
    FILE *page = fopen("docs/trial-lifecycle.md", "r");
    cr_assert_not_null(page, "run from the root of the tree");
    bool seen[HOPT_STATES][HOPT_EVENTS][HOPT_STATES] = {{{false}}};
    char line[256];
    int inside = 0, count = 0;
    while (fgets(line, sizeof line, page)) {
        if (strncmp(line, "```", 3) == 0) {
            inside = strncmp(line, "```transitions", 14) == 0;
            continue;
        }
        if (!inside) continue;
        char from_name[32], event_name[32], to_name[32];
        int step;
        hopt_state from, to;
        hopt_event event;
        cr_assert_eq(sscanf(line, "%31s %31s %31s %d", from_name, event_name, to_name, &step), 4,
                     "%s", line);
        cr_assert(hopt_state_parse(&from, from_name) && hopt_state_parse(&to, to_name) &&
                      event_of(&event, event_name),
                  "%s", line);
        cr_assert(hopt_state_allows(from, event, to), "%s", line);
        cr_assert_eq(step, hopt_event_version_step(event), "%s", line);
        cr_assert_not(seen[from][event][to], "twice: %s", line);
        seen[from][event][to] = true;
        count++;
    }
    fclose(page);
    cr_assert_eq(count, 9);
}
