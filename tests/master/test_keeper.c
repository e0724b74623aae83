/* The keeper against a real store in memory: whole lives of studies, two masters at once, ends,
 * pauses, restarts. Time is the real clock, so leases here are tested only through dead pids; the
 * rest of leasing is in test_rules.c and in the system tests. */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/store/sqlite/sqlite_internal.h"
#include "common/store/store.h"
#include "common/store/store_internal.h"
#include "common/sys/clock.h"
#include "master/enroll.h"
#include "master/keeper_internal.h"

static hopt_store *store;
static hopt_error err;

#define OK(call) must((call), #call, __LINE__)

static void must(hopt_status status, const char *what, int line) {
    if (status == HOPT_OK) return;
    fprintf(stderr, "line %d: %s: %d %s\n", line, what, (int)status, err.message);
    abort();
}

/* What a person with the sqlite3 program might do. */
static void execute(const char *sql) {
    sqlite3 *db;
    HOPT_ASSERT(sqlite3_open_v2("/hopt", &db, SQLITE_OPEN_READWRITE, "memdb") == SQLITE_OK);
    HOPT_ASSERT(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
    HOPT_ASSERT(sqlite3_changes(db) == 1);
    sqlite3_close(db);
}

static hopt_study_spec *enroll_with(const char *name, const char *sampler, const char *rest,
                                    hopt_enrolled *how) {
    char *text = hopt_format("{\"name\":\"%s\",\"space\":{\"x\":{\"_type\":\"uniform\","
                             "\"_value\":[0,1]}},\"objective\":{\"command\":[\"true\"]},"
                             "\"sampler\":{\"name\":\"%s\",\"seed\":5}%s}",
                             name, sampler, rest);
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    hopt_study_record *study;
    if (hopt_study_spec_parse(&spec, text, strlen(text), NULL, NULL, 0, &errors) != HOPT_OK) {
        fprintf(stderr, "%s\n", errors.list[0].message);
        abort();
    }
    OK(hopt_enroll(store, &study, how, spec, &err));
    hopt_study_free(study);
    free(text);
    return spec;
}

static hopt_study_spec *enroll(const char *name, const char *rest, hopt_enrolled *how) {
    return enroll_with(name, "random", rest, how);
}

static hopt_keeper *keeper_of(const char *study, const char *owner, int slots) {
    hopt_keeper_options options = {
        .study = study, .owner = owner, .poll_ms = 0, .away_ms = 0, .local_slots = slots};
    return hopt_keeper_new(&options);
}

static hopt_keeper_news tick(hopt_keeper *keeper) {
    hopt_keeper_news news = {0};
    OK(hopt_keeper_tick(keeper, store, true, &news, &err));
    return news;
}

/* Ticks, returns what was queued, and forgets the rest. */
static int tick_queued(hopt_keeper *keeper, hopt_study_state *state) {
    hopt_keeper_news news = tick(keeper);
    int queued = news.queued;
    if (state) *state = news.view.state;
    hopt_keeper_news_clear(&news);
    return queued;
}

/* Claim one trial and end it with this loss; NaN: an error. @return its num, -1: nothing queued. */
static int work_one(const char *study, double loss) {
    hopt_trial *trial;
    hopt_status status = hopt_store_claim(store, &trial, study, "w:1:00000001", &err);
    if (status == HOPT_ENOTFOUND) return -1;
    OK(status);
    hopt_lease lease = {trial->id, study, "w:1:00000001", trial->lease};
    hopt_result result = {
        .state = HOPT_DONE, .ok = true, .has_loss = true, .loss = loss, .ms = 60000};
    if (isnan(loss))
        result = (hopt_result){.state = HOPT_ERROR, .error_type = "Exit", .error_message = "1"};
    OK(hopt_store_finish(store, &lease, &result, &err));
    int num = trial->num;
    hopt_trial_free(trial);
    return num;
}

static void serial_life(void) {
    hopt_enrolled how;
    hopt_study_spec *spec = enroll("life", ",\"stop\":{\"max_trials\":20}", &how);
    HOPT_ASSERT(how == HOPT_ENROLLED_CREATED);
    hopt_keeper *keeper = keeper_of("life", "m:1:00000001", 1);
    hopt_study_state state;
    for (int i = 0; i < 20; i++) {
        HOPT_ASSERT(tick_queued(keeper, &state) == 1 && state == HOPT_STUDY_ACTIVE);
        HOPT_ASSERT(tick_queued(keeper, &state) == 0); /* one slot: nothing ahead */
        HOPT_ASSERT(work_one("life", 20 - i) == i);
    }
    hopt_keeper_news news = tick(keeper);
    HOPT_ASSERT(news.queued == 0 && news.view.state == HOPT_STUDY_DONE);
    HOPT_ASSERT(strcmp(news.reason, "max_trials") == 0 && !news.view.leading);
    HOPT_ASSERT(news.view.has_best && news.view.best_num == 19 && news.view.best_loss == 1);
    hopt_keeper_news_clear(&news);
    hopt_keeper_free(keeper, store);
    hopt_study_record *study;
    OK(hopt_store_study(store, &study, "life", &err));
    HOPT_ASSERT(study->counts[HOPT_DONE] == 20 && study->has_best && study->best_num == 19);
    hopt_study_free(study);

    /* The same file again: finished. With a higher limit: it goes on. */
    hopt_study_spec_free(enroll("life", ",\"stop\":{\"max_trials\":20}", &how));
    HOPT_ASSERT(how == HOPT_ENROLLED_FINISHED);
    hopt_study_spec_free(enroll("life", ",\"stop\":{\"max_trials\":22}", &how));
    HOPT_ASSERT(how == HOPT_ENROLLED_EXTENDED);
    keeper = keeper_of("life", "m:1:00000002", 1);
    HOPT_ASSERT(tick_queued(keeper, &state) == 1 && state == HOPT_STUDY_ACTIVE);
    HOPT_ASSERT(work_one("life", 0.5) == 20);
    hopt_keeper_free(keeper, store);
    hopt_study_spec_free(spec);
}

/* A busy worker renews its trials and lets its record grow old: its other slots count all the same,
 * and those of a silent one with nothing to do don't. */
static void busy_workers_count(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("busy", ",\"queue\":{\"ahead\":0}", &how));
    hopt_keeper *keeper = keeper_of("busy", "m:1:00000001", 0);
    hopt_worker_record worker = {.host = "w", .pid = 1, .slots = 5, .lease_s = 0.001};
    char studies[] = "busy";
    worker.studies = studies;
    strcpy(worker.owner, "w:1:00000001");
    OK(hopt_store_worker_put(store, &worker, &err));
    clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 20000000}, NULL);
    HOPT_ASSERT(tick_queued(keeper, NULL) == 1); /* as if there were no worker */
    hopt_trial *trial;
    OK(hopt_store_claim(store, &trial, "busy", worker.owner, &err));
    HOPT_ASSERT(tick_queued(keeper, NULL) == 4); /* five slots, one busy */
    hopt_lease lease = {trial->id, "busy", worker.owner, trial->lease};
    OK(hopt_store_release(store, &lease, &err));
    hopt_trial_free(trial);
    hopt_keeper_free(keeper, store);
    OK(hopt_store_worker_remove(store, worker.owner, &err));
}

/* The history that each proposal saw is on record, whoever proposes. */
static void saw_lists_are_complete(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("saw", ",\"stop\":{\"max_trials\":12}", &how));
    hopt_keeper *keeper = keeper_of("saw", "m:1:00000001", 3);
    for (int i = 0; i < 12; i++) {
        tick_queued(keeper, NULL);
        HOPT_ASSERT(work_one("saw", i) >= 0);
        if (i == 5) { /* another master goes on, from the store alone */
            hopt_keeper_free(keeper, store);
            keeper = keeper_of("saw", "m:1:00000002", 3);
        }
    }
    tick_queued(keeper, NULL);
    hopt_keeper_free(keeper, store);
    hopt_trials trials = {0};
    hopt_trial_query query = {.study = "saw", .after = -1};
    OK(hopt_store_trials(store, &trials, &query, NULL, &err));
    HOPT_ASSERT(trials.count == 12);
    int times[12] = {0};
    for (size_t i = 0; i < trials.count; i++) {
        HOPT_ASSERT(trials.list[i]->num == (int)i);
        for (int k = 0; k < trials.list[i]->n_saw; k++)
            times[trials.list[i]->saw[k]]++;
    }
    for (int i = 0; i < 12; i++)
        HOPT_ASSERT(times[i] <= 1);
    HOPT_ASSERT(times[0] == 1 && times[5] == 1); /* seen by what was proposed after them */
    hopt_trials_clear(&trials);
}

static void two_masters_never_double_a_slot(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("two", ",\"stop\":{\"max_trials\":50}", &how));
    hopt_keeper *first = keeper_of("two", "here:1:00000001", 4);
    hopt_keeper *second = keeper_of("two", "here:1:00000002", 4);
    tick_queued(first, NULL);
    hopt_keeper_news news = tick(second);
    HOPT_ASSERT(!news.view.leading && news.queued == 0); /* stands by */
    hopt_keeper_news_clear(&news);
    for (int i = 0; i < 25; i++) {
        work_one("two", i);
        tick_queued(first, NULL);
        tick_queued(second, NULL);
    }
    hopt_keeper_free(first, store); /* leaves the lead */
    hopt_study_state state = HOPT_STUDY_ACTIVE;
    for (int i = 0; i < 60 && state != HOPT_STUDY_DONE; i++) {
        tick_queued(second, &state);
        work_one("two", 100 + i);
    }
    HOPT_ASSERT(state == HOPT_STUDY_DONE);
    hopt_keeper_free(second, store);
    int64_t counts[HOPT_STATES];
    OK(hopt_store_counts(store, "two", counts, &err));
    HOPT_ASSERT(counts[HOPT_DONE] == 50);
}

static void all_errors_pause_and_resume_goes_on(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("bad", ",\"stop\":{\"max_trials\":40}", &how));
    hopt_keeper *keeper = keeper_of("bad", "m:1:00000001", 1);
    hopt_study_state state = HOPT_STUDY_ACTIVE;
    int worked = 0;
    for (; worked < 20; worked++) {
        tick_queued(keeper, &state);
        if (state != HOPT_STUDY_ACTIVE) break;
        HOPT_ASSERT(work_one("bad", NAN) >= 0);
    }
    HOPT_ASSERT(state == HOPT_STUDY_PAUSED && worked == 5);
    hopt_study_record *study;
    OK(hopt_store_study(store, &study, "bad", &err));
    OK(hopt_store_study_update(store, "bad", study->rev, HOPT_STUDY_ACTIVE, NULL, NULL, NULL,
                               &err));
    hopt_study_free(study);
    HOPT_ASSERT(tick_queued(keeper, &state) == 1 && state == HOPT_STUDY_ACTIVE);
    HOPT_ASSERT(work_one("bad", 1) == 5);
    tick_queued(keeper, &state);
    HOPT_ASSERT(state == HOPT_STUDY_ACTIVE);

    /* A failed trial is tried again: the budget forgets its end. */
    OK(hopt_store_retry(store, "bad", 2, &err));
    hopt_keeper_news news = tick(keeper);
    HOPT_ASSERT(news.view.counts[HOPT_ERROR] == 4 || news.view.counts[HOPT_NEW] >= 1);
    hopt_keeper_news_clear(&news);
    news = tick(keeper);
    HOPT_ASSERT(news.view.counts[HOPT_ERROR] == 4);
    hopt_keeper_news_clear(&news);
    hopt_keeper_free(keeper, store);
}

static void cancelled_study_ends(void) {
    hopt_enrolled how;
    hopt_study_spec_free(
        enroll("stop", ",\"stop\":{\"max_trials\":40},\"queue\":{\"ahead\":6}", &how));
    hopt_keeper *keeper = keeper_of("stop", "m:1:00000001", 2);
    HOPT_ASSERT(tick_queued(keeper, NULL) == 8);
    hopt_trial *trial;
    OK(hopt_store_claim(store, &trial, "stop", "w:1:00000001", &err));
    hopt_study_record *study;
    OK(hopt_store_study(store, &study, "stop", &err));
    OK(hopt_store_study_update(store, "stop", study->rev, HOPT_STUDY_CLOSING, "cancelled", NULL,
                               NULL, &err));
    hopt_study_free(study);
    hopt_study_state state;
    HOPT_ASSERT(tick_queued(keeper, &state) == 0 && state == HOPT_STUDY_CLOSING);
    hopt_lease lease = {trial->id, "stop", "w:1:00000001", trial->lease};
    char why[32];
    OK(hopt_store_beat(store, &lease, -1, why, &err));
    HOPT_ASSERT(strcmp(why, "cancelled") == 0); /* the worker is told */
    hopt_result result = {.state = HOPT_CANCEL, .stop = "cancelled"};
    OK(hopt_store_finish(store, &lease, &result, &err));
    tick_queued(keeper, &state);
    HOPT_ASSERT(state == HOPT_STUDY_DONE);
    int64_t counts[HOPT_STATES];
    OK(hopt_store_counts(store, "stop", counts, &err));
    HOPT_ASSERT(counts[HOPT_CANCEL] == 8);
    hopt_trial_free(trial);
    hopt_keeper_free(keeper, store);
}

static void another_space_is_refused(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("space", "", &how));
    static const char text[] =
        "{\"name\":\"space\",\"space\":{\"x\":{\"_type\":\"uniform\",\"_value\":[0,2]}}}";
    hopt_errors errors = {0};
    hopt_study_spec *other;
    hopt_study_record *study;
    OK(hopt_study_spec_parse(&other, text, strlen(text), NULL, NULL, 0, &errors));
    HOPT_ASSERT(hopt_enroll(store, &study, &how, other, &err) == HOPT_ECONFLICT);
    HOPT_ASSERT(strstr(err.message, "x") && !study);
    hopt_study_spec_free(other);
}

/* ---- what goes wrong ---- */

static hopt_study_record *read_study(const char *name) {
    hopt_study_record *study;
    OK(hopt_store_study(store, &study, name, &err));
    return study;
}

static void change_study(const char *name, int state, const char *reason, const char *spec) {
    hopt_study_record *study = read_study(name);
    OK(hopt_store_study_update(store, name, study->rev, state, reason, spec, NULL, &err));
    hopt_study_free(study);
}

/* A text that this version can't read, put there by another one: an error at every tick, whether or
 * not the record is due, and never a crash. */
static void invalid_stored_file_is_told(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("invalid", "", &how));
    hopt_study_record *study = read_study("invalid");
    char *good = hopt_strdup(study->spec);
    hopt_study_free(study);
    change_study("invalid", -1, NULL, "{\"name\":\"invalid\",\"spice\":1}");
    hopt_keeper_options options = {
        .study = "invalid", .owner = "m:1:00000001", .poll_ms = 100000, .local_slots = 1};
    hopt_keeper *keeper = hopt_keeper_new(&options);
    for (int i = 0; i < 3; i++) {
        hopt_keeper_news news = {0};
        HOPT_ASSERT(hopt_keeper_tick(keeper, store, i == 0, &news, &err) == HOPT_EINVAL);
        HOPT_ASSERT(strstr(err.message, "stored file"));
        hopt_keeper_news_clear(&news);
    }
    change_study("invalid", -1, NULL, good);
    hopt_keeper_free(keeper, store);
    keeper = keeper_of("invalid", "m:1:00000001", 1);
    HOPT_ASSERT(tick_queued(keeper, NULL) == 1);
    hopt_keeper_free(keeper, store);
    free(good);
}

/* Somebody damaged a trial by hand: its slot is taken all the same, and the others go on. */
static void damaged_trial_does_not_stop_the_study(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("damaged", ",\"stop\":{\"max_trials\":6}", &how));
    hopt_keeper *keeper = keeper_of("damaged", "m:1:00000001", 1);
    for (int i = 0; i < 3; i++) {
        tick_queued(keeper, NULL);
        HOPT_ASSERT(work_one("damaged", i) == i);
    }
    hopt_keeper_free(keeper, store);
    execute("UPDATE trial SET doc='no json' WHERE study='damaged' AND num=1");
    keeper = keeper_of("damaged", "m:1:00000002", 1);
    hopt_study_state state = HOPT_STUDY_ACTIVE;
    int worked = 0;
    for (int i = 0; i < 12 && state == HOPT_STUDY_ACTIVE; i++) {
        tick_queued(keeper, &state);
        worked += work_one("damaged", i) >= 0;
    }
    HOPT_ASSERT(worked == 3 && state == HOPT_STUDY_DONE);
    hopt_keeper_free(keeper, store);
}

/* A new study under the name of one that was deleted between two ticks is another study. */
static void recreated_study_is_another(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("again", ",\"stop\":{\"max_trials\":6}", &how));
    hopt_keeper *keeper = keeper_of("again", "m:1:00000001", 2);
    HOPT_ASSERT(tick_queued(keeper, NULL) == 2);
    HOPT_ASSERT(work_one("again", 1) == 0);
    OK(hopt_store_study_delete(store, "again", &err));
    hopt_study_spec_free(enroll("again", ",\"stop\":{\"max_trials\":3}", &how));
    hopt_keeper_news news = tick(keeper);
    HOPT_ASSERT(news.view.leading && news.queued == 2 && news.view.counts[HOPT_DONE] == 0);
    HOPT_ASSERT(news.spec && news.spec->stop.max_trials == 3);
    hopt_keeper_news_clear(&news);
    hopt_study_record *study = read_study("again");
    HOPT_ASSERT(study->leader && strstr(study->leader, "m:1:00000001"));
    hopt_study_free(study);
    for (int i = 0; i < 3; i++) {
        HOPT_ASSERT(work_one("again", i) == i);
        tick_queued(keeper, NULL);
    }
    study = read_study("again");
    HOPT_ASSERT(study->state == HOPT_STUDY_DONE && study->counts[HOPT_DONE] == 3);
    hopt_study_free(study);
    hopt_keeper_free(keeper, store);
}

/* Who lost the lead knows it from the record, not only when it renews. */
static void lost_lead_is_seen_in_the_record(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("usurped", "", &how));
    hopt_keeper *keeper = keeper_of("usurped", "m:1:00000001", 1);
    HOPT_ASSERT(tick_queued(keeper, NULL) == 1);
    hopt_study_record *study = read_study("usurped");
    OK(hopt_store_lead(store, "usurped", "n:1:00000002@x", study->epoch, study->beat, &err));
    hopt_study_free(study);
    HOPT_ASSERT(work_one("usurped", 1) == 0);
    hopt_keeper_news news = tick(keeper);
    HOPT_ASSERT(!news.view.leading && news.queued == 0);
    hopt_keeper_news_clear(&news);
    hopt_keeper_free(keeper, store);
}

/* Lowering max_trials cancels what is queued above it; cancelled trials are no sign of a study that
 * makes no progress. */
static void lowered_limit_cancels(void) {
    static const char wide[] = ",\"stop\":{\"max_trials\":40,\"no_progress\":{\"trials\":5}},"
                               "\"queue\":{\"ahead\":20}";
    static const char narrow[] = ",\"stop\":{\"max_trials\":10,\"no_progress\":{\"trials\":5}},"
                                 "\"queue\":{\"ahead\":20}";
    hopt_enrolled how;
    hopt_study_spec_free(enroll("lower", wide, &how));
    hopt_keeper *keeper = keeper_of("lower", "m:1:00000001", 1);
    HOPT_ASSERT(tick_queued(keeper, NULL) == 21);
    HOPT_ASSERT(work_one("lower", 1) == 0);
    hopt_study_spec_free(enroll("lower", narrow, &how));
    hopt_study_state state;
    tick_queued(keeper, &state);
    tick_queued(keeper, &state);
    HOPT_ASSERT(state == HOPT_STUDY_ACTIVE);
    int64_t counts[HOPT_STATES];
    OK(hopt_store_counts(store, "lower", counts, &err));
    HOPT_ASSERT(counts[HOPT_CANCEL] == 11 && counts[HOPT_NEW] == 9);
    for (int i = 1; i < 10; i++) {
        HOPT_ASSERT(work_one("lower", 1.0 - 0.1 * i) == i);
        tick_queued(keeper, &state);
    }
    HOPT_ASSERT(work_one("lower", 0) == -1 && state == HOPT_STUDY_DONE);
    hopt_keeper_free(keeper, store);

    /* Raised: the slots that were cancelled stay used, the rest is filled. */
    hopt_study_spec_free(enroll("lower", ",\"stop\":{\"max_trials\":23}", &how));
    HOPT_ASSERT(how == HOPT_ENROLLED_EXTENDED);
    keeper = keeper_of("lower", "m:1:00000002", 1);
    for (int i = 21; i < 23; i++) {
        HOPT_ASSERT(tick_queued(keeper, &state) == 1);
        HOPT_ASSERT(work_one("lower", 1) == i);
    }
    tick_queued(keeper, &state);
    HOPT_ASSERT(state == HOPT_STUDY_DONE);
    hopt_keeper_free(keeper, store);
}

/* A failed trial that was tried again and ended between two looks at the open set. */
static void unseen_retry_is_found_by_comparing(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("unseen", "", &how));
    hopt_keeper *keeper = keeper_of("unseen", "m:1:00000001", 1);
    tick_queued(keeper, NULL);
    HOPT_ASSERT(work_one("unseen", NAN) == 0);
    tick_queued(keeper, NULL);
    HOPT_ASSERT(work_one("unseen", 1) == 1);
    tick_queued(keeper, NULL);
    OK(hopt_store_retry(store, "unseen", 0, &err));
    HOPT_ASSERT(work_one("unseen", 0.5) == 0);
    tick_queued(keeper, NULL);
    OK(hopt_keeper__compare(keeper, store, hopt_clock_mono_ms() + 100000, &err));
    hopt_keeper_news news = tick(keeper);
    HOPT_ASSERT(news.view.counts[HOPT_ERROR] == 0 && news.view.counts[HOPT_DONE] == 2);
    HOPT_ASSERT(news.view.best_num == 0 && news.view.best_loss == 0.5);
    hopt_keeper_news_clear(&news);
    hopt_keeper_free(keeper, store);
}

/* A trial of `hopt ask` has no worker that could be told to stop. */
static void asked_trial_does_not_keep_a_stopped_study(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("asked", "", &how));
    hopt_keeper *keeper = keeper_of("asked", "m:1:00000001", 1);
    tick_queued(keeper, NULL);
    hopt_trial *trial;
    OK(hopt_store_claim(store, &trial, "asked", "ask:h:1:00000001", &err));
    change_study("asked", HOPT_STUDY_CLOSING, "cancelled", NULL);
    hopt_study_state state = HOPT_STUDY_ACTIVE;
    for (int i = 0; i < 3; i++)
        tick_queued(keeper, &state);
    HOPT_ASSERT(state == HOPT_STUDY_DONE);
    hopt_trial *ended;
    OK(hopt_store_trial(store, &ended, "asked", trial->num, &err));
    HOPT_ASSERT(ended->state == HOPT_CANCEL && strcmp(ended->result.stop, "cancelled") == 0);
    hopt_trial_free(ended);
    hopt_trial_free(trial);
    hopt_keeper_free(keeper, store);
}

/* A master that stands by, or finds the study done, shows what the record says. */
static void view_without_the_lead(void) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll("shown", "", &how));
    hopt_keeper *leader = keeper_of("shown", "here:1:00000001", 1);
    hopt_keeper *other = keeper_of("shown", "here:1:00000002", 1);
    tick_queued(leader, NULL);
    HOPT_ASSERT(work_one("shown", 3) == 0);
    tick_queued(leader, NULL);
    hopt_keeper_free(leader, store);
    change_study("shown", HOPT_STUDY_DONE, "max_trials", NULL);
    hopt_keeper_news news = tick(other);
    HOPT_ASSERT(news.view.counts[HOPT_DONE] == 1 && news.view.has_best);
    HOPT_ASSERT(news.view.best_loss == 3 && news.view.best_num == 0);
    hopt_keeper_news_clear(&news);
    hopt_keeper_free(other, store);
}

static int refuse_commit(void *data) {
    (void)data;
    return 1;
}

/* As in `hopt run`: an end and the tick that takes it up are one visit. Every third can't be
 * committed, the one that takes the lead and one that ends the study among them. */
static void undone_visits_are_made_good(void) {
    enum { N = 14 };
    hopt_enrolled how;
    hopt_study_spec_free(enroll("undone", ",\"stop\":{\"max_trials\":14}", &how));
    hopt_keeper *keeper = keeper_of("undone", "m:1:00000001", 2);
    sqlite3 *db = ((hopt_sqlite *)store->self)->db;
    hopt_study_state state = HOPT_STUDY_ACTIVE;
    int undone = 0, ended = 0;
    for (int i = 0; state != HOPT_STUDY_DONE; i++) {
        HOPT_ASSERT(i < 3 * N);
        bool refused = i % 3 == 0;
        OK(hopt_store_visit_begin(store, &err));
        (void)work_one("undone", i);
        hopt_keeper_news news = tick(keeper);
        if (refused) sqlite3_commit_hook(db, refuse_commit, NULL);
        HOPT_ASSERT(hopt_store_visit_end(store, &err) == (refused ? HOPT_ESTORE : HOPT_OK));
        sqlite3_commit_hook(db, NULL, NULL);
        if (refused) {
            hopt_keeper_doubt(keeper);
            undone += news.view.state == HOPT_STUDY_DONE;
        } else {
            state = news.view.state;
            ended += (int)news.ended.count;
        }
        hopt_keeper_news_clear(&news);
    }
    HOPT_ASSERT(undone == 1 && ended > N / 3); /* what is found by loading anew is no news */
    hopt_keeper_free(keeper, store);
    hopt_trials trials = {0};
    hopt_trial_query query = {.study = "undone", .after = -1};
    OK(hopt_store_trials(store, &trials, &query, NULL, &err));
    HOPT_ASSERT(trials.count == N);
    int times[N] = {0};
    for (int i = 0; i < N; i++) {
        HOPT_ASSERT(trials.list[i]->num == i && trials.list[i]->state == HOPT_DONE);
        for (int k = 0; k < trials.list[i]->n_saw; k++)
            HOPT_ASSERT(++times[trials.list[i]->saw[k]] == 1);
    }
    hopt_trials_clear(&trials);
}

/* Losses without a model: the study goes on by tpe, and the log is told once. @return how often. */
static int notes_of(const char *name, const char *sampler, bool equal) {
    hopt_enrolled how;
    hopt_study_spec_free(enroll_with(name, sampler, ",\"stop\":{\"max_trials\":25}", &how));
    hopt_keeper *keeper = keeper_of(name, "m:1:00000001", 1);
    int notes = 0;
    for (int i = 0; i < 25; i++) {
        hopt_keeper_news news = tick(keeper);
        HOPT_ASSERT(news.queued == 1);
        if (news.warning[0]) {
            notes++;
            HOPT_ASSERT(strstr(news.warning, "could not be fitted") != NULL);
        }
        hopt_keeper_news_clear(&news);
        HOPT_ASSERT(work_one(name, equal ? 4 : 1.0 / (i + 1)) == i);
    }
    hopt_keeper_free(keeper, store);
    return notes;
}

static void losses_without_a_model_are_told_once(void) {
    HOPT_ASSERT(notes_of("flat-gp", "gp", true) == 1);
    HOPT_ASSERT(notes_of("flat-auto", "auto", true) == 1);
    HOPT_ASSERT(notes_of("flat-tpe", "tpe", true) == 0);
    HOPT_ASSERT(notes_of("slope-gp", "gp", false) == 0);
}

int main(void) {
    hopt_store_options options = {.create = true};
    OK(hopt_store_open(&store, "sqlite::memory:", &options, &err));
    serial_life();
    busy_workers_count();
    saw_lists_are_complete();
    two_masters_never_double_a_slot();
    all_errors_pause_and_resume_goes_on();
    cancelled_study_ends();
    another_space_is_refused();
    invalid_stored_file_is_told();
    damaged_trial_does_not_stop_the_study();
    recreated_study_is_another();
    lost_lead_is_seen_in_the_record();
    lowered_limit_cancels();
    unseen_retry_is_found_by_comparing();
    asked_trial_does_not_keep_a_stopped_study();
    view_without_the_lead();
    undone_visits_are_made_good();
    losses_without_a_model_are_told_once();
    hopt_store_close(store);
    puts("keeper: ok");
    return 0;
}
