/*
 * The master's loop part. Design notes
 * - One offload thread owns the store connection and all keepers; the loop thread owns everything
 *   else. At most one round is under way; a wake-up meanwhile asks for another one after it.
 * - In `hopt run` the agent's thread may take a round over, between two of ours: a turn. `busy`
 * hands what is the thread's to that one meanwhile.
 * - A round ticks every keeper and brings back their news, which the loop thread hands to the
 *   callbacks. A store that fails ends a round; rounds then come at growing intervals. It may be
 * one study's data that it fails at: so a single failure does not end the round, and the next
 * begins behind the last that failed. No study keeps the others from being looked after.
 */
#include "master/master.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/loop/offload.h"
#include "common/store/store.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "master/keeper.h"

enum {
    RETRY_MIN_MS = 250,
    RETRY_MAX_MS = 5000,
    LOCAL_AWAY_MS = 20,
    FAILURES_MAX = 2, /* in a round */
    ROUND_LONG_MS = 120000,
    PEEK_MS = 50 /* how often a store that can say cheaply "nothing has changed" is asked */
};

/** One study on both sides. `keeper` is the thread's, the rest the loop's. */
typedef struct desk {
    char study[HOPT_STUDY_NAME_MAX];
    hopt_keeper *keeper;
    hopt_study_spec *spec;
    hopt_master_view last;
    bool gone;
    char warned[HOPT_ERROR_MESSAGE_MAX]; /* what keeps the study from being looked after */
} desk;

/** What one round brings to the loop thread for one study. */
typedef struct desk_news {
    desk *from;
    hopt_status status;
    hopt_error err;
    hopt_keeper_news news;
} desk_news;

struct hopt_master {
    hopt_master_options options;
    char owner[HOPT_OWNER_MAX];
    uv_loop_t *loop;
    uv_timer_t timer;
    hopt_offload *offload;

    /* Thread. */
    hopt_store *store;
    desk **desks; /* grows on the thread, during a round only */
    size_t n_desks, desks_capacity;
    int64_t listed_ms;
    size_t first; /* desk that the next round begins with */

    /* Handed over with each round. */
    bool full;
    bool peek;     /* tick only when the store has changed */
    int64_t token; /* of hopt_store_version(), 0: the store has none */
    desk_news *news;
    size_t n_news;
    int workers; /* as of the last full round */
    hopt_status status;
    hopt_error err;

    /* Loop. */
    bool busy, stopping, store_down;
    bool turn;              /* busy, on another thread than ours */
    int64_t turned_ms;      /* when the last one ended */
    bool again, again_full; /* asked for while busy */
    int64_t retry_ms;
    int64_t full_ms; /* when the next full round is due */
    bool met;        /* the store has answered a round */
    int seen_workers;
    int64_t began_ms; /* when the round that is under way began */
    void (*closed)(void *data);
    void *closed_data;
};

/* ---- on the store's thread ---- */

static desk *find_desk(hopt_master *master, const char *study) {
    for (size_t i = 0; i < master->n_desks; i++) {
        if (strcmp(master->desks[i]->study, study) == 0) return master->desks[i];
    }
    return NULL;
}

static void open_desk(hopt_master *master, const char *study) {
    desk *one = find_desk(master, study);
    if (one && !one->gone) return;
    if (!one) {
        one = hopt_zalloc(1, sizeof *one);
        snprintf(one->study, sizeof one->study, "%s", study);
        master->desks = hopt_grow(master->desks, master->n_desks, &master->desks_capacity,
                                  sizeof *master->desks);
        master->desks[master->n_desks++] = one;
    }
    one->gone = false;
    hopt_keeper_options options = {.study = study,
                                   .owner = master->owner,
                                   .poll_ms = master->options.poll_ms,
                                   .away_ms = master->options.local_slots ? LOCAL_AWAY_MS
                                                                          : master->options.poll_ms,
                                   .local_slots = master->options.local_slots,
                                   .suggest = master->options.suggest};
    one->keeper = hopt_keeper_new(&options);
}

static hopt_status list_studies(hopt_master *master, hopt_store *store) {
    if (master->options.n_studies) {
        for (size_t i = 0; i < master->options.n_studies; i++) {
            if (!find_desk(master, master->options.studies[i]))
                open_desk(master, master->options.studies[i]);
        }
        return HOPT_OK;
    }
    int64_t now_ms = hopt_clock_mono_ms();
    if (master->n_desks && now_ms - master->listed_ms < master->options.poll_ms) return HOPT_OK;
    char **names;
    size_t count;
    hopt_status status = hopt_store_studies(store, &names, &count, &master->err);
    if (status != HOPT_OK) return status;
    const char *glob = master->options.glob ? master->options.glob : "*";
    for (size_t i = 0; i < count; i++) {
        if (fnmatch(glob, names[i], 0) == 0) open_desk(master, names[i]);
    }
    hopt_names_free(names);
    master->listed_ms = now_ms;
    return HOPT_OK;
}

static hopt_status ensure_store(hopt_master *master) {
    if (master->store) return HOPT_OK;
    hopt_store_options options = {.create = true, .observer = master->options.observer};
    return hopt_store_open(&master->store, master->options.store_uri, &options, &master->err);
}

static bool store_failed(hopt_status status) {
    return status == HOPT_ESTORE || status == HOPT_EUNAVAILABLE;
}

static void tick_all(hopt_master *master, hopt_store *store) {
    master->news = hopt_zalloc(master->n_desks + 1, sizeof *master->news);
    size_t start = master->first;
    int failures = 0;
    for (size_t k = 0; k < master->n_desks; k++) {
        size_t i = (start + k) % master->n_desks;
        desk *one = master->desks[i];
        if (one->gone) continue;
        desk_news *news = &master->news[master->n_news++];
        news->from = one;
        news->status = hopt_keeper_tick(one->keeper, store, master->full, &news->news, &news->err);
        if (news->status == HOPT_ENOTFOUND) {
            hopt_keeper_free(one->keeper, NULL);
            one->keeper = NULL;
            one->gone = true;
        }
        if (store_failed(news->status)) {
            master->status = news->status;
            master->err = news->err;
            master->first = i + 1;
            if (news->status == HOPT_EUNAVAILABLE || ++failures == FAILURES_MAX) return;
        }
    }
}

static int by_text(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* A worker may be there for several studies. */
static int count_workers(const hopt_master *master) {
    size_t most = 0, count = 0, different = 0;
    for (size_t i = 0; i < master->n_desks; i++)
        if (!master->desks[i]->gone) most += hopt_keeper_workers_max(master->desks[i]->keeper);
    const char **owners = hopt_alloc((most + 1) * sizeof *owners);
    for (size_t i = 0; i < master->n_desks; i++)
        if (!master->desks[i]->gone)
            count += hopt_keeper_workers(master->desks[i]->keeper, owners + count);
    if (count) qsort(owners, count, sizeof *owners, by_text);
    for (size_t i = 0; i < count; i++)
        different += i == 0 || strcmp(owners[i], owners[i - 1]) != 0;
    free(owners);
    return (int)different;
}

static void round_work(void *context, void *data) {
    (void)context;
    hopt_master *master = data;
    master->n_news = 0;
    int64_t token = master->token;
    master->status = ensure_store(master);
    if (master->status == HOPT_OK)
        master->status = hopt_store_version(master->store, &master->token, &master->err);
    if (master->status == HOPT_OK && master->peek && master->token == token) return;
    if (master->status == HOPT_OK) master->status = list_studies(master, master->store);
    if (master->status == HOPT_OK) tick_all(master, master->store);
    if (master->options.count_workers && master->full) master->workers = count_workers(master);
}

static void leave_work(void *context, void *data) {
    (void)context;
    hopt_master *master = data;
    /* Of the last round; `store_down` is the loop's and may be written meanwhile. */
    hopt_store *store = store_failed(master->status) ? NULL : master->store;
    for (size_t i = 0; i < master->n_desks; i++)
        hopt_keeper_free(master->desks[i]->keeper, store);
    hopt_store_close(master->store);
}

/* ---- on the loop thread ---- */

static void begin_round(hopt_master *master, bool full);
static void schedule(hopt_master *master, int64_t delay_ms);

static void on_timer(uv_timer_t *timer) {
    hopt_master *master = timer->data;
    bool due = hopt_clock_mono_ms() >= master->full_ms;
    /* Turns come all the time: the next one is a full round. */
    if (due && hopt_clock_mono_ms() - master->turned_ms < PEEK_MS) {
        schedule(master, PEEK_MS);
        return;
    }
    if (!master->busy) master->peek = !due && master->token;
    begin_round(master, due);
}

static void schedule(hopt_master *master, int64_t delay_ms) {
    uv_timer_start(&master->timer, on_timer, (uint64_t)delay_ms, 0);
}

/* Active time alone is no news. */
static bool same_view(const hopt_master_view *a, const hopt_master_view *b) {
    return a->spec == b->spec && a->state == b->state && a->leading == b->leading &&
           memcmp(a->counts, b->counts, sizeof a->counts) == 0 && a->failed == b->failed &&
           a->has_best == b->has_best && a->best_num == b->best_num && a->best_loss == b->best_loss;
}

static void show_view(hopt_master *master, desk_news *news) {
    desk *one = news->from;
    hopt_master_view *view = &news->news.view;
    view->spec = one->spec;
    view->reason = news->news.reason[0] ? news->news.reason : NULL;
    hopt_master_view compare = *view;
    compare.reason = NULL;
    bool changed = !same_view(&compare, &one->last);
    one->last = compare;
    if (changed && one->spec && master->options.on_view)
        master->options.on_view(master->options.data, view);
}

/* The study is gone: nothing is left to do for it. */
static void show_gone(hopt_master *master, desk *one) {
    hopt_master_view view = one->last;
    view.spec = one->spec;
    view.state = HOPT_STUDY_DONE;
    view.reason = "the study was deleted";
    view.leading = false;
    view.deleted = true;
    memset(view.counts, 0, sizeof view.counts);
    one->last = view;
    if (one->spec && master->options.on_view) master->options.on_view(master->options.data, &view);
}

/* Once, as long as it is the same from round to round. */
static void warn(hopt_master *master, desk *one, const char *message) {
    if (strcmp(one->warned, message) == 0) return;
    snprintf(one->warned, sizeof one->warned, "%s", message);
    if (message[0] && master->options.on_warning)
        master->options.on_warning(master->options.data, one->study, message);
}

static bool deliver(hopt_master *master, desk_news *news) {
    desk *one = news->from;
    hopt_study_spec *old = NULL;
    if (news->news.spec) {
        old = one->spec;
        one->spec = news->news.spec;
        news->news.spec = NULL;
    }
    const hopt_trials *ended = &news->news.ended;
    for (size_t i = 0; i < ended->count && master->options.on_trial; i++)
        master->options.on_trial(master->options.data, one->spec, ended->list[i]);
    if (news->status == HOPT_OK) show_view(master, news);
    hopt_study_spec_free(old);
    if (news->news.warning[0] && master->options.on_warning)
        master->options.on_warning(master->options.data, one->study, news->news.warning);
    if (!store_failed(news->status))
        warn(master, one, news->status == HOPT_OK ? "" : news->err.message);
    if (news->status == HOPT_ENOTFOUND) show_gone(master, one);
    bool queued = news->news.queued > 0 || news->news.expired > 0;
    hopt_keeper_news_clear(&news->news);
    return queued;
}

static void tell_store_state(hopt_master *master) {
    bool down = store_failed(master->status) || master->status == HOPT_EINVAL;
    if (down != master->store_down && master->options.on_store)
        master->options.on_store(master->options.data, down ? &master->err : NULL);
    master->store_down = down;
    master->met |= !down;
}

/* A lease ends by observations that are never a quarter of it apart (DESIGN §5.5), so studies with
 * short ones are looked at more often. */
static int64_t poll_of(const hopt_master *master) {
    int64_t poll_ms = master->options.poll_ms;
    for (size_t i = 0; i < master->n_desks; i++) {
        const desk *one = master->desks[i];
        if (one->gone || !one->spec || !one->last.leading) continue;
        int64_t eighth_ms = (int64_t)(one->spec->trial.lease_s * 1000 / 8);
        if (one->last.counts[HOPT_RUNNING] > 0 && eighth_ms < poll_ms) poll_ms = eighth_ms;
    }
    return poll_ms;
}

static int64_t next_look(const hopt_master *master) {
    int64_t wait_ms = master->full_ms - hopt_clock_mono_ms();
    if (master->token && wait_ms > PEEK_MS) wait_ms = PEEK_MS;
    return wait_ms > 0 ? wait_ms : 0;
}

/* Better a turn than a round of ours, which would keep the agent's next visits from having one. The
 * timer runs on, should none come. */
static bool ask_for_turn(hopt_master *master) {
    if (!master->options.ask_for_turn || !master->options.ask_for_turn(master->options.data))
        return false;
    if (!uv_is_active((uv_handle_t *)&master->timer)) schedule(master, next_look(master));
    return true;
}

static void round_done(void *data, bool ran) {
    hopt_master *master = data;
    bool queued = false;
    master->busy = false;
    master->peek = false;
    if (ran) {
        for (size_t i = 0; i < master->n_news; i++)
            queued |= deliver(master, &master->news[i]);
        free(master->news);
        master->news = NULL;
        tell_store_state(master);
        master->seen_workers = master->workers;
    }
    if (master->full && ran) master->full_ms = hopt_clock_mono_ms() + poll_of(master);
    if (master->stopping) return;
    if (queued && master->options.on_queued) master->options.on_queued(master->options.data);
    if (master->store_down) {
        master->retry_ms = master->retry_ms ? master->retry_ms * 2 : RETRY_MIN_MS;
        if (master->retry_ms > RETRY_MAX_MS) master->retry_ms = RETRY_MAX_MS;
        schedule(master, master->retry_ms);
        return;
    }
    master->retry_ms = 0;
    if (!master->again)
        schedule(master, next_look(master));
    else if (!ask_for_turn(master))
        /* Under load there is always somebody who asks: the full ones come too. */
        begin_round(master, hopt_clock_mono_ms() >= master->full_ms);
}

static void begin_round(hopt_master *master, bool full) {
    if (master->stopping) return;
    if (master->busy) {
        master->again = true;
        master->again_full |= full;
        return;
    }
    master->busy = true;
    master->full = full || master->again_full;
    master->again = master->again_full = false;
    master->began_ms = hopt_clock_mono_ms();
    hopt_offload_submit(master->offload, round_work, round_done, master);
}

hopt_master *hopt_master_new(uv_loop_t *loop, const hopt_master_options *options) {
    hopt_master *master = hopt_zalloc(1, sizeof *master);
    master->options = *options;
    if (master->options.poll_ms <= 0) master->options.poll_ms = 1000;
    master->loop = loop;
    hopt_host_owner(master->owner);
    HOPT_ASSERT(uv_timer_init(loop, &master->timer) == 0);
    master->timer.data = master;
    master->offload = hopt_offload_new(loop, NULL, NULL, NULL);
    return master;
}

void hopt_master_start(hopt_master *master) {
    begin_round(master, true);
}

void hopt_master_wake(hopt_master *master) {
    if (master->store_down || master->turn || master->stopping) return;
    if (master->busy || !ask_for_turn(master)) begin_round(master, false);
}

/* Proposals for many studies may take a round long, a store that hangs takes its time-outs. */
const char *hopt_master_not_ready(const hopt_master *master) {
    if (master->stopping) return "leaving";
    if (master->store_down) return "the store can't be used";
    if (master->busy && hopt_clock_mono_ms() - master->began_ms > ROUND_LONG_MS)
        return "the last round does not end";
    return master->met ? NULL : "starting";
}

int hopt_master_workers(const hopt_master *master) {
    return master->seen_workers;
}

/* ---- a turn: a round whose thread and connection are the caller's ---- */

bool hopt_master_turn_begin(hopt_master *master) {
    if (master->busy || master->stopping || master->store_down) return false;
    master->busy = master->turn = true;
    master->full = master->again_full || hopt_clock_mono_ms() >= master->full_ms;
    master->again = master->again_full = false;
    return true;
}

void hopt_master_turn(hopt_master *master, hopt_store *store) {
    master->n_news = 0;
    master->status = list_studies(master, store);
    if (master->status == HOPT_OK) tick_all(master, store);
}

/* What was found still counts: that a study is gone was read, not written. */
static void doubt(hopt_master *master) {
    for (size_t i = 0; i < master->n_news; i++) {
        desk_news *news = &master->news[i];
        if (news->status == HOPT_ENOTFOUND) show_gone(master, news->from);
        hopt_keeper_news_clear(&news->news);
    }
    free(master->news);
    master->news = NULL;
    for (size_t i = 0; i < master->n_desks; i++) {
        if (master->desks[i]->keeper) hopt_keeper_doubt(master->desks[i]->keeper);
    }
}

void hopt_master_turn_end(hopt_master *master, bool ran, bool kept) {
    master->turn = false;
    if (ran) master->turned_ms = hopt_clock_mono_ms();
    if (ran && !kept) doubt(master);
    master->again |= !ran || !kept;
    master->again_full |= master->full && !(ran && kept);
    round_done(master, ran && kept);
}

static void on_timer_closed(uv_handle_t *handle) {
    hopt_master *master = handle->data;
    for (size_t i = 0; i < master->n_desks; i++) {
        hopt_study_spec_free(master->desks[i]->spec);
        free(master->desks[i]);
    }
    free(master->desks);
    void (*closed)(void *) = master->closed;
    void *data = master->closed_data;
    free(master);
    if (closed) closed(data);
}

static void on_offload_closed(void *data) {
    hopt_master *master = data;
    uv_close((uv_handle_t *)&master->timer, on_timer_closed);
}

static void leave_done(void *data, bool ran) {
    hopt_master *master = data;
    HOPT_ASSERT(ran);
    hopt_offload_close(master->offload, on_offload_closed, master);
}

void hopt_master_stop(hopt_master *master, void (*closed)(void *data), void *data) {
    HOPT_ASSERT(!master->stopping && !master->turn);
    master->stopping = true;
    master->closed = closed;
    master->closed_data = data;
    uv_timer_stop(&master->timer);
    hopt_offload_submit(master->offload, leave_work, leave_done, master);
}
