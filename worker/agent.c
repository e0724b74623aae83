/* The agent's life: start, limits, leaving, closing. */
#include "worker/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "worker/agent_internal.h"

enum { LIMIT_TICK_MS = 500, EXCHANGE_LONG_MS = 60000 };

/* ---- store connections, one a thread ---- */

static void *open_connection(void *data) {
    (void)data; /* the store is opened by the first call that needs it, and again after a failure */
    return hopt_zalloc(1, sizeof(hopt_store *));
}

static void close_connection(void *context) {
    hopt_store **store = context;
    hopt_store_close(*store);
    free(store);
}

hopt_status hopt_agent__open_store(const hopt_agent *agent, hopt_store **store, hopt_error *err) {
    hopt_store_options options = {.observer = agent->options.observer};
    return *store ? HOPT_OK : hopt_store_open(store, agent->options.store_uri, &options, err);
}

/* ---- events ---- */

void hopt_agent__event(hopt_agent *agent, hopt_agent_event_kind kind, const hopt_slot *slot) {
    if (!agent->options.on_event) return;
    hopt_agent_event event = {.kind = kind};
    if (slot) event.trial = slot->trial;
    if (slot && kind == HOPT_AGENT_ENDED) event.result = &slot->result;
    agent->options.on_event(agent->options.data, &event);
}

void hopt_agent__store_event(hopt_agent *agent, const hopt_error *err) {
    if (!agent->options.on_event) return;
    hopt_agent_event event = {.kind = err ? HOPT_AGENT_STORE_DOWN : HOPT_AGENT_STORE_UP,
                              .message = err ? err->message : NULL};
    agent->options.on_event(agent->options.data, &event);
}

uint64_t hopt_agent__jitter(int64_t ms) {
    int64_t spread = ms * 2 / 5;
    if (spread == 0) return (uint64_t)ms;
    return (uint64_t)(ms - spread / 2 + (int64_t)(hopt_host_random_u63() % (uint64_t)spread));
}

/* ---- leaving ---- */

void hopt_agent__leave(hopt_agent *agent, const char *message, bool failed) {
    if (agent->draining) return;
    agent->draining = true;
    agent->leave_message = message;
    agent->leave_failed = failed;
}

void hopt_agent__count_end(hopt_agent *agent, bool error) {
    agent->failures = error ? agent->failures + 1 : 0;
    if (agent->options.max_failures && agent->failures >= agent->options.max_failures)
        hopt_agent__leave(agent, "too many trials in a row ended with an error", true);
}

/* From now on running trials have the grace time to end. */
static void start_grace(hopt_agent *agent) {
    if (agent->in_grace) return;
    agent->in_grace = true;
    agent->grace_start_ms = hopt_clock_mono_ms();
}

void hopt_agent__check_left(hopt_agent *agent) {
    if (!agent->draining || agent->left || agent->exchanging || agent->adopt) return;
    for (int i = 0; i < agent->options.slots; i++) {
        if (agent->slots[i].state != HOPT_SLOT_FREE) return;
    }
    agent->left = true;
    uv_timer_stop(&agent->poll_timer);
    uv_timer_stop(&agent->beat_timer);
    uv_timer_stop(&agent->limit_timer);
    uv_timer_stop(&agent->watch_timer);
    if (!agent->options.on_event) return;
    hopt_agent_event event = {
        .kind = HOPT_AGENT_LEFT, .message = agent->leave_message, .failed = agent->leave_failed};
    agent->options.on_event(agent->options.data, &event);
}

/* Whoever asks us to leave may have asked our objectives as well. */
static void on_asked(hopt_agent *agent) {
    agent->asked = true;
    for (int i = 0; i < agent->options.slots; i++)
        hopt_slot__settle(&agent->slots[i]);
}

void hopt_agent_drain(hopt_agent *agent) {
    hopt_agent__leave(agent, NULL, false);
    on_asked(agent);
    start_grace(agent);
    hopt_agent__check_left(agent);
}

void hopt_agent_release(hopt_agent *agent) {
    hopt_agent__leave(agent, NULL, false);
    if (agent->left) return;
    on_asked(agent);
    agent->releasing = true;
    for (int i = 0; i < agent->options.slots; i++) {
        hopt_slot *slot = &agent->slots[i];
        /* Without one (or with one that has no trial yet) it is given up when it would start. */
        if (slot->state == HOPT_SLOT_BUSY && slot->sandbox)
            hopt_sandbox_kill(slot->sandbox, "released");
    }
    hopt_agent__check_left(agent);
}

static void on_limit(uv_timer_t *timer) {
    hopt_agent *agent = timer->data;
    const hopt_agent_options *options = &agent->options;
    int64_t now_ms = hopt_clock_mono_ms();
    if (options->walltime_ms && now_ms - agent->start_ms >= options->walltime_ms) {
        hopt_agent__leave(agent, "the wall time is used up", false);
        start_grace(agent);
    }
    bool idle = true, reports = false;
    for (int i = 0; i < options->slots; i++) {
        idle &= agent->slots[i].state == HOPT_SLOT_FREE;
        reports |= agent->slots[i].reports.count > 0;
        hopt_slot__ask_again(&agent->slots[i]);
        hopt_slot__settle(&agent->slots[i]);
    }
    /* Work is not idleness: the time counts from the last trial's end. */
    if (!idle) agent->last_claim_ms = now_ms;
    if (idle && options->idle_timeout_ms &&
        now_ms - agent->last_claim_ms >= options->idle_timeout_ms)
        hopt_agent__leave(agent, "there was nothing to do", false);
    if (agent->in_grace && !agent->releasing && options->grace_ms >= 0 &&
        now_ms - agent->grace_start_ms >= options->grace_ms)
        hopt_agent_release(agent);
    if (reports && !agent->left) {
        agent->flush_reports = true;
        hopt_agent__exchange(agent);
    }
    hopt_agent__check_left(agent);
}

/* ---- life ---- */

static void init_timer(hopt_agent *agent, uv_timer_t *timer) {
    HOPT_ASSERT(uv_timer_init(agent->loop, timer) == 0);
    timer->data = agent;
}

hopt_agent *hopt_agent_new(uv_loop_t *loop, const hopt_agent_options *options) {
    HOPT_ASSERT(options->slots >= 1 && options->n_studies >= 1);
    hopt_agent *agent = hopt_zalloc(1, sizeof *agent);
    agent->options = *options;
    agent->loop = loop;
    hopt_host_owner(agent->owner);
    hopt_host_name(agent->host);
    hopt_host_boot_id(agent->boot_id);
    agent->studies = hopt_zalloc(options->n_studies, sizeof *agent->studies);
    agent->reapers = hopt_zalloc(options->n_studies, sizeof(hopt_reaper *));
    for (size_t i = 0; i < options->n_studies; i++) {
        agent->studies[i].spec = options->studies[i];
        agent->studies[i].cwd = options->cwds[i];
        agent->studies[i].plugin = options->plugins ? options->plugins[i] : NULL;
        agent->studies[i].exp_key = options->exp_keys ? options->exp_keys[i] : NULL;
        agent->reapers[i] = agent->studies[i].exp_key ? hopt_reaper_new() : NULL;
        agent->studies[i].refusal = hopt_strdup(options->refusals ? options->refusals[i] : NULL);
    }
    agent->slots = hopt_zalloc((size_t)options->slots, sizeof *agent->slots);
    for (int i = 0; i < options->slots; i++)
        hopt_slot__init(agent, i);
    init_timer(agent, &agent->poll_timer);
    init_timer(agent, &agent->beat_timer);
    init_timer(agent, &agent->limit_timer);
    init_timer(agent, &agent->watch_timer);
    agent->queue = hopt_offload_new(loop, open_connection, close_connection, NULL);
    agent->beats = hopt_offload_new(loop, open_connection, close_connection, NULL);
    return agent;
}

void hopt_agent_start(hopt_agent *agent) {
    agent->start_ms = agent->last_claim_ms = hopt_clock_mono_ms();
    agent->looked_ms = INT64_MIN / 2;
    agent->visit_ms = INT64_MAX; /* the first one may take long */
    hopt_agent__beat_start(agent);
    hopt_agent__watch_start(agent);
    uv_timer_start(&agent->limit_timer, on_limit, LIMIT_TICK_MS, LIMIT_TICK_MS);
    hopt_agent__exchange(agent);
}

void hopt_agent_wake(hopt_agent *agent) {
    if (agent->left || agent->draining) return;
    for (int i = 0; i < agent->options.slots; i++) {
        if (agent->slots[i].state == HOPT_SLOT_FREE) {
            hopt_agent__exchange(agent);
            return;
        }
    }
    /* All slots are busy: their next ends look at the queue anyway. */
}

bool hopt_agent_ask_for_turn(hopt_agent *agent) {
    if (agent->left || agent->draining || agent->retry_wait || !agent->options.may_turn)
        return false;
    agent->want_turn = true;
    hopt_agent__exchange(agent);
    return true;
}

/* An exchange takes a few time-outs of the store at most, unless something hangs. */
const char *hopt_agent_not_ready(const hopt_agent *agent) {
    if (agent->draining || agent->left) return "leaving";
    if (agent->store_down || agent->beat_failed) return "the store can't be used";
    if (agent->exchanging && hopt_clock_mono_ms() - agent->exchange_ms > EXCHANGE_LONG_MS)
        return "the store does not answer";
    return agent->met ? NULL : "starting";
}

const char *hopt_agent_owner(const hopt_agent *agent) {
    return agent->owner;
}

static void free_agent(hopt_agent *agent) {
    for (int i = 0; i < agent->options.slots; i++) {
        free(agent->slots[i].gpu_env);
        free(agent->slots[i].files);
    }
    for (size_t i = 0; i < agent->n_reports; i++)
        hopt_reports_clear(&agent->reports[i].reports);
    free(agent->reports);
    for (size_t i = 0; i < agent->options.n_studies; i++) {
        hopt_reaper_free(agent->reapers[i]);
        free(agent->studies[i].refusal);
    }
    free(agent->reapers);
    hopt_driven__sweep(agent, true);
    free(agent->domains);
    free(agent->studies);
    free(agent->slots);
    void (*closed)(void *) = agent->closed;
    void *data = agent->closed_data;
    free(agent);
    if (closed) closed(data);
}

static void part_closed(void *data) {
    hopt_agent *agent = data;
    if (--agent->closing_parts == 0) free_agent(agent);
}

static void timer_closed(uv_handle_t *handle) {
    part_closed(handle->data);
}

static void remove_work(void *context, void *data) {
    hopt_store **store = context;
    hopt_agent *agent = data;
    hopt_error ignored;
    if (!*store) return;
    hopt_status status = hopt_store_worker_remove(*store, agent->owner, &ignored);
    (void)status; /* the record goes stale by itself */
}

static void close_all(void *data, bool ran) {
    hopt_agent *agent = data;
    (void)ran;
    agent->closing_parts = 1 + 2 + 4;
    for (int i = 0; i < agent->options.slots; i++) {
        if (!agent->slots[i].sandbox) continue;
        agent->closing_parts++;
        hopt_sandbox_close(agent->slots[i].sandbox, part_closed, agent);
        agent->slots[i].sandbox = NULL;
    }
    uv_close((uv_handle_t *)&agent->poll_timer, timer_closed);
    uv_close((uv_handle_t *)&agent->beat_timer, timer_closed);
    uv_close((uv_handle_t *)&agent->limit_timer, timer_closed);
    uv_close((uv_handle_t *)&agent->watch_timer, timer_closed);
    hopt_offload_close(agent->queue, part_closed, agent);
    hopt_offload_close(agent->beats, part_closed, agent);
    part_closed(agent);
}

void hopt_agent_close(hopt_agent *agent, void (*closed)(void *data), void *data) {
    HOPT_ASSERT(agent->left && !agent->closing);
    agent->closing = true;
    agent->closed = closed;
    agent->closed_data = data;
    /* On the beats' thread: after the last beat, so that it does not come back. */
    hopt_offload_submit(agent->beats, remove_work, close_all, agent);
}
