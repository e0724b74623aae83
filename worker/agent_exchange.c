/*
 * The exchange: one visit of the queue thread to the store that writes what ended, gives back what
 * shall be released, looks at the studies' states and claims new trials. What ends while one is
 * under way is written by the next, so under load many ends share one transaction.
 *
 * A slot that is in an exchange (`in_exchange`) is not touched by the loop thread until it is done.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "worker/agent_internal.h"
#include "worker/refusal.h"

enum {
    LOOK_MS = 4000, /* how old a study's state may be: a pause works within 5 s */
    IDLE_MIN_MS = 500,
    IDLE_MAX_MS = 5000,
    PEEK_MS = 50, /* how often a store that can say cheaply "nothing has changed" is asked */
    RETRY_MIN_MS = 500,
    RETRY_MAX_MS = 5000,
    VISIT_MS = 20 /* others can't write meanwhile: a longer exchange is several transactions */
};

typedef struct exchange_slot {
    hopt_slot *slot;
    bool done; /* the store has answered */
    hopt_status status;
} exchange_slot;

typedef struct slot_start {
    hopt_slot *slot;
    size_t study;
} slot_start;

/* Of a study's text in the store: hash 0 says that it is as before. */
typedef struct judgement {
    uint64_t hash;
    bool unreadable;
    char *refusal;
} judgement;

typedef struct exchange {
    hopt_agent *agent;
    slot_start *starts; /* claimed trials that have their slots but do not run yet */
    size_t n_starts;
    exchange_slot *ends;
    size_t n_ends;
    hopt_agent_reports *reports;
    size_t n_reports;
    int want;
    bool look, adopt;
    bool peek;            /* ask first whether anything has changed at all */
    int64_t token;        /* of hopt_store_version() */
    size_t first;         /* study to begin with, so that no study is always last */
    hopt_trials *claimed; /* by study */
    bool claim_lost;
    bool turn, turned; /* the master's turn: asked for, done */
    bool *claimable, *stopping;
    judgement *judged; /* by study */
    bool visit;        /* all in one visit of the store: see hopt_store_visit_begin() */
    bool undone;       /* which failed at its end */
    int64_t visit_ms;
    hopt_status status;
    hopt_error err;
} exchange;

/* ---- on the queue thread ---- */

static hopt_status put_extras(hopt_store *store, const hopt_slot *slot, hopt_error *err) {
    hopt_status status = HOPT_OK;
    if (slot->log.head_length + slot->log.tail_length > 0)
        status = hopt_store_put_log(store, &slot->trial->id, &slot->log, err);
    if (status == HOPT_OK && slot->reports.count)
        status = hopt_store_report(store, &slot->trial->id, slot->trial->lease, slot->reports.steps,
                                   slot->reports.losses, slot->reports.count, err);
    for (size_t i = 0; i < slot->n_files && (status == HOPT_OK || status == HOPT_EINVAL); i++)
        status = hopt_store_attach(store, &slot->trial->id, slot->files[i].name,
                                   slot->files[i].data, slot->files[i].length, err);
    /* What the store can't take (a bad name) must not keep the result from being written. */
    return status == HOPT_EINVAL || status == HOPT_ECONFLICT ? HOPT_OK : status;
}

/* An ERROR that shall be tried again goes the way of a lost lease: back to the queue, lost + 1. */
static hopt_status put_back(hopt_store *store, const hopt_slot *slot, hopt_error *err) {
    const hopt_study_spec *spec = slot->agent->studies[slot->study].spec;
    hopt_open_trial seen = {.id = slot->trial->id,
                            .num = slot->trial->num,
                            .state = HOPT_RUNNING,
                            .lease = slot->trial->lease,
                            .beat = slot->beat};
    memcpy(seen.owner, slot->agent->owner, sizeof seen.owner);
    memcpy(seen.worker, slot->agent->owner, sizeof seen.worker);
    hopt_status status = hopt_store_expire(store, spec->name, &seen, spec->trial.max_attempts, err);
    if (status != HOPT_ECONFLICT) return status;
    /* A heartbeat whose reply was lost: take the beat that the store has. */
    hopt_trial *now;
    status = hopt_store_trial(store, &now, spec->name, slot->trial->num, err);
    if (status != HOPT_OK) return status == HOPT_ENOTFOUND ? HOPT_ECONFLICT : status;
    seen.beat = now->beat;
    hopt_trial_free(now);
    return hopt_store_expire(store, spec->name, &seen, spec->trial.max_attempts, err);
}

static hopt_status write_one(hopt_store *store, const hopt_slot *slot, hopt_error *err) {
    hopt_lease lease = hopt_slot__lease(slot);
    if (slot->state == HOPT_SLOT_GIVE_UP) return hopt_store_release(store, &lease, err);
    return put_back(store, slot, err);
}

static bool is_failure(hopt_status status) {
    return status != HOPT_OK && status != HOPT_ECONFLICT;
}

/* The store is there but can't take this very result (too large for its documents, say): repeating
 * would keep the slot, and all others, for ever. The trial ends with what was wrong. */
static hopt_status finish_refused(hopt_store *store, hopt_slot *slot, hopt_finish *end,
                                  hopt_error *err) {
    static char type[] = "BadResult";
    char *message = hopt_format("the store can't take the result: %s", err->message);
    hopt_result refused = {
        .state = HOPT_ERROR, .error_type = type, .error_message = message, .ms = slot->result.ms};
    hopt_result_copy(&slot->result, &refused);
    free(message);
    hopt_status status = hopt_store_finish_many(store, end, 1, err);
    if (status != HOPT_EINVAL) return status;
    end->status = HOPT_ECONFLICT; /* not even that: its lease ends */
    return HOPT_OK;
}

static hopt_status finish_singly(exchange *job, hopt_store *store, hopt_finish *ends,
                                 const size_t *which, size_t n) {
    hopt_status status = HOPT_OK;
    for (size_t i = 0; i < n && status == HOPT_OK; i++) {
        exchange_slot *end = &job->ends[which[i]];
        status = hopt_store_finish_many(store, &ends[i], 1, &job->err);
        if (status == HOPT_EINVAL) status = finish_refused(store, end->slot, &ends[i], &job->err);
        end->done = status == HOPT_OK;
        end->status = ends[i].status;
    }
    return status;
}

static hopt_status write_ends(exchange *job, hopt_store *store) {
    hopt_finish *ends = hopt_zalloc(job->n_ends + 1, sizeof *ends);
    size_t *which = hopt_zalloc(job->n_ends + 1, sizeof *which);
    size_t n = 0;
    hopt_status status = HOPT_OK;
    for (size_t i = 0; i < job->n_ends && status == HOPT_OK; i++) {
        exchange_slot *end = &job->ends[i];
        if (end->slot->exp_key) {
            end->status = hopt_driven__end(store, end->slot, &job->err);
            end->done = !is_failure(end->status);
            if (!end->done) status = end->status;
            continue;
        }
        status = put_extras(store, end->slot, &job->err);
        if (status != HOPT_OK) break;
        if (end->slot->state == HOPT_SLOT_ENDED && !end->slot->retry) {
            which[n] = i;
            ends[n++] = (hopt_finish){.lease = hopt_slot__lease(end->slot),
                                      .result = &end->slot->result,
                                      .claimed = end->slot->trial};
            continue;
        }
        end->status = write_one(store, end->slot, &job->err);
        end->done = !is_failure(end->status);
        if (!end->done) status = end->status;
    }
    if (status == HOPT_OK && n) status = hopt_store_finish_many(store, ends, n, &job->err);
    for (size_t i = 0; i < n && status == HOPT_OK; i++) {
        job->ends[which[i]].done = true;
        job->ends[which[i]].status = ends[i].status;
    }
    if (status == HOPT_EINVAL) status = finish_singly(job, store, ends, which, n);
    free(ends);
    free(which);
    return status;
}

static hopt_status write_reports(exchange *job, hopt_store *store) {
    for (size_t i = 0; i < job->n_reports; i++) {
        hopt_agent_reports *one = &job->reports[i];
        if (!one->reports.count) continue;
        hopt_status status =
            hopt_store_report(store, &one->id, one->reports.lease, one->reports.steps,
                              one->reports.losses, one->reports.count, &job->err);
        if (status == HOPT_ESTORE || status == HOPT_EUNAVAILABLE) return status;
        one->reports.count = 0; /* written, or refused for good */
    }
    return HOPT_OK;
}

/* Whether the study may be claimed from: not when nobody knows what it wants to be run. */
static bool judge(exchange *job, size_t i, const hopt_study_record *study) {
    const hopt_agent_study *known = &job->agent->studies[i];
    judgement *judged = &job->judged[i];
    if (job->agent->options.any_objective) return true;
    uint64_t hash = hopt_hash_fnv1a(HOPT_FNV_START, study->spec, strlen(study->spec));
    if (hash == known->judged) return !known->unreadable;
    hopt_error ignored; /* the master says it */
    judged->hash = hash;
    judged->unreadable =
        hopt_refusal_of_study(&judged->refusal, known->spec, study->spec, &ignored) != HOPT_OK;
    return !judged->unreadable;
}

static hopt_status look_at_studies(exchange *job, hopt_store *store) {
    for (size_t i = 0; i < job->agent->options.n_studies; i++) {
        hopt_study_record *study;
        job->claimable[i] = true;
        if (job->agent->studies[i].exp_key)
            continue; /* its driver alone says what there is to do */
        hopt_status status =
            hopt_store_study(store, &study, job->agent->studies[i].spec->name, &job->err);
        job->claimable[i] = job->stopping[i] = false;
        if (status == HOPT_ENOTFOUND || status == HOPT_EINVAL) continue; /* not there yet */
        if (status != HOPT_OK) return status;
        job->claimable[i] = study->state == HOPT_STUDY_ACTIVE && judge(job, i, study);
        job->stopping[i] =
            study->state == HOPT_STUDY_CLOSING && hopt_study_reason_stops(study->reason);
        hopt_study_free(study);
    }
    return HOPT_OK;
}

static hopt_status mine(exchange *job, hopt_store *store, size_t i) {
    const hopt_agent_study *study = &job->agent->studies[i];
    if (!study->exp_key)
        return hopt_store_mine(store, &job->claimed[i], study->spec->name, job->agent->owner,
                               &job->err);
    hopt_status status =
        hopt_driven_mine(store, &job->claimed[i], study->exp_key, job->agent->owner, &job->err);
    if (status != HOPT_OK) return status;
    return hopt_driven__domains(job->agent, store, study->exp_key, &job->claimed[i], &job->err);
}

static hopt_status adopt(exchange *job, hopt_store *store) {
    for (size_t i = 0; i < job->agent->options.n_studies; i++) {
        hopt_status status = mine(job, store, i);
        if (status != HOPT_OK) return status;
    }
    return HOPT_OK;
}

/* A driver's trial can't be evaluated without the domain that it names; looked for after the claim,
 * since the driver writes a new domain before the trials that are meant for it. */
static hopt_status claim_driven(exchange *job, hopt_store *store, size_t i) {
    const char *exp_key = job->agent->studies[i].exp_key;
    hopt_status status = hopt_driven_claim(store, &job->claimed[i], exp_key, job->agent->owner,
                                           (size_t)job->want, &job->err);
    if (status != HOPT_OK) return status;
    status = hopt_driven__domains(job->agent, store, exp_key, &job->claimed[i], &job->err);
    if (status == HOPT_OK) return HOPT_OK;
    hopt_trials_clear(&job->claimed[i]);
    return HOPT_ESTORE; /* they are ours all the same: adopt them when it works again */
}

static hopt_status claim(exchange *job, hopt_store *store) {
    size_t n_studies = job->agent->options.n_studies;
    for (size_t k = 0; k < n_studies && job->want > 0; k++) {
        size_t i = (job->first + k) % n_studies;
        if (!job->claimable[i]) continue;
        size_t before = job->claimed[i].count;
        hopt_status status =
            job->agent->studies[i].exp_key
                ? claim_driven(job, store, i)
                : hopt_store_claim_many(store, &job->claimed[i], job->agent->studies[i].spec->name,
                                        job->agent->owner, (size_t)job->want, &job->err);
        job->want -= (int)(job->claimed[i].count - before);
        if (status == HOPT_ENOTFOUND) continue;
        if (status != HOPT_OK) {
            job->claim_lost = status == HOPT_ESTORE;
            return status;
        }
    }
    return HOPT_OK;
}

static void exchange_all(exchange *job, hopt_store *store) {
    if (job->n_ends) job->status = write_ends(job, store);
    if (job->status == HOPT_OK && job->turn) {
        job->agent->options.turn(job->agent->options.data, store);
        job->turned = true;
    }
    if (job->status == HOPT_OK && job->look) job->status = look_at_studies(job, store);
    /* Trials of ours that we don't know of come before new ones: the next exchange claims those. */
    if (job->status == HOPT_OK && job->adopt)
        job->status = adopt(job, store);
    else if (job->status == HOPT_OK && job->want > 0)
        job->status = claim(job, store);
}

/* Nothing that was answered holds: as after lost replies, ends are written again and claims looked
 * for. */
static void doubt_all(exchange *job) {
    job->undone = true;
    job->claim_lost = true;
    for (size_t i = 0; i < job->n_ends; i++)
        job->ends[i].done = false;
    for (size_t i = 0; i < job->agent->options.n_studies; i++)
        hopt_trials_clear(&job->claimed[i]);
}

static void visit(exchange *job, hopt_store *store) {
    hopt_error err;
    if (job->visit) job->status = hopt_store_visit_begin(store, &job->err);
    if (job->status != HOPT_OK) return;
    int64_t before_ms = hopt_clock_mono_ms();
    exchange_all(job, store);
    hopt_status end = job->visit ? hopt_store_visit_end(store, &err) : HOPT_OK;
    if (job->n_ends) job->visit_ms = hopt_clock_mono_ms() - before_ms;
    if (end == HOPT_OK) return;
    doubt_all(job);
    if (job->status == HOPT_OK) job->err = err;
    job->status = end;
}

static void exchange_work(void *context, void *data) {
    exchange *job = data;
    hopt_store **store = context;
    int64_t token = job->token;
    job->status = hopt_agent__open_store(job->agent, store, &job->err);
    /* While trials end one after the other nobody peeks; an old token only means a look too many.
     */
    if (job->status == HOPT_OK && !(job->visit && job->token))
        job->status = hopt_store_version(*store, &job->token, &job->err);
    if (job->status == HOPT_OK && job->peek && job->token == token) return;
    job->peek = false;
    if (job->status == HOPT_OK) job->status = write_reports(job, *store);
    if (job->status == HOPT_OK) visit(job, *store);
}

/* ---- on the loop thread ---- */

static void finish_ends(exchange *job) {
    for (size_t i = 0; i < job->n_ends; i++) {
        hopt_slot *slot = job->ends[i].slot;
        slot->in_exchange = false;
        if (!job->ends[i].done) continue;
        bool given_back = slot->state == HOPT_SLOT_GIVE_UP || slot->retry;
        hopt_agent_event_kind kind = job->ends[i].status == HOPT_ECONFLICT ? HOPT_AGENT_LOST
                                     : given_back                          ? HOPT_AGENT_RELEASED
                                                                           : HOPT_AGENT_ENDED;
        hopt_agent__event(job->agent, kind, slot);
        hopt_slot__free_trial(slot);
    }
}

static void keep_reports(exchange *job) {
    hopt_agent *agent = job->agent;
    for (size_t i = 0; i < job->n_reports; i++) {
        hopt_agent_reports *one = &job->reports[i];
        if (one->reports.count == 0) {
            hopt_reports_clear(&one->reports);
            continue;
        }
        agent->reports = hopt_grow(agent->reports, agent->n_reports, &agent->reports_capacity,
                                   sizeof *agent->reports);
        agent->reports[agent->n_reports++] = *one;
    }
    free(job->reports);
}

/* Whether this very lease is held. An older one on the same trial is lost: the master took the
 * trial back, and we claimed it again. */
static bool holds(hopt_agent *agent, const hopt_trial *trial) {
    for (int i = 0; i < agent->options.slots; i++) {
        hopt_slot *slot = &agent->slots[i];
        if (!slot->trial || memcmp(&slot->trial->id, &trial->id, sizeof trial->id) != 0) continue;
        if (slot->trial->lease >= trial->lease) return true;
        if (slot->state != HOPT_SLOT_BUSY) continue; /* its write learns it */
        slot->lost = true;
        hopt_sandbox_kill(slot->sandbox, "lost");
    }
    return false;
}

static bool holds_any(const hopt_agent *agent) {
    for (int i = 0; i < agent->options.slots; i++)
        if (agent->slots[i].trial) return true;
    return false;
}

static hopt_slot *free_slot(hopt_agent *agent) {
    for (int i = 0; i < agent->options.slots; i++) {
        if (agent->slots[i].state == HOPT_SLOT_FREE) return &agent->slots[i];
    }
    return NULL;
}

/* A driver's trial without a domain ends as with hyperopt's worker. */
static void end_unable(hopt_slot *slot) {
    static char type[] = "<class 'KeyError'>";
    hopt_result result = {.state = HOPT_ERROR, .error_type = type};
    result.error_message =
        (char *)json_string_value(json_object_get(slot->trial->params, "problem"));
    hopt_result_copy(&slot->result, &result);
    slot->state = HOPT_SLOT_ENDED;
    hopt_agent__count_end(slot->agent, true);
    slot->agent->again = true;
}

static bool take_one(exchange *job, size_t study, hopt_trial *trial) {
    hopt_agent *agent = job->agent;
    hopt_slot *slot = holds(agent, trial) ? NULL : free_slot(agent);
    if (!slot) {
        /* Held already, or adopted beyond our slots: then its lease gives it back. */
        hopt_trial_free(trial);
        return false;
    }
    agent->last_claim_ms = hopt_clock_mono_ms();
    slot->exp_key = agent->studies[study].exp_key;
    bool able = !slot->exp_key || hopt_driven__take(agent, trial);
    if (agent->draining) {
        slot->trial = trial;
        slot->study = study;
        slot->state = HOPT_SLOT_GIVE_UP;
        agent->again = true;
        return true;
    }
    agent->claimed++;
    hopt_slot__take(slot, trial);
    if (!able) {
        end_unable(slot);
        return true;
    }
    job->starts[job->n_starts++] = (slot_start){slot, study};
    return true;
}

static int take_claimed(exchange *job) {
    hopt_agent *agent = job->agent;
    int taken = 0;
    for (size_t i = 0; i < agent->options.n_studies; i++) {
        for (size_t k = 0; k < job->claimed[i].count; k++) {
            taken += take_one(job, i, job->claimed[i].list[k]);
            job->claimed[i].list[k] = NULL;
        }
        hopt_trials_clear(&job->claimed[i]);
    }
    if (agent->options.max_trials && agent->claimed >= agent->options.max_trials)
        hopt_agent__leave(agent, NULL, false);
    return taken;
}

static void take_judgement(hopt_agent_study *study, judgement *judged) {
    if (!judged->hash) return;
    free(study->refusal);
    study->refusal = judged->refusal;
    study->unreadable = judged->unreadable;
    study->judged = judged->hash;
    judged->refusal = NULL;
}

static void take_looks(exchange *job) {
    hopt_agent *agent = job->agent;
    bool stop = false;
    for (size_t i = 0; i < agent->options.n_studies; i++) {
        agent->studies[i].claimable = job->claimable[i];
        take_judgement(&agent->studies[i], &job->judged[i]);
        stop |= job->stopping[i] && !agent->studies[i].stopping;
        agent->studies[i].stopping = job->stopping[i];
    }
    agent->looked_ms = hopt_clock_mono_ms();
    if (stop) hopt_agent__beat(agent); /* the beat's answer says which trials to stop */
}

static void on_poll(uv_timer_t *timer) {
    hopt_agent *agent = timer->data;
    agent->retry_wait = false;
    agent->peek = agent->token && hopt_clock_mono_ms() < agent->next_look_ms;
    hopt_agent__exchange(agent);
}

static void wait_for_look(hopt_agent *agent) {
    int64_t wait_ms = agent->next_look_ms - hopt_clock_mono_ms();
    if (agent->token && wait_ms > PEEK_MS) wait_ms = PEEK_MS;
    uv_timer_start(&agent->poll_timer, on_poll, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

/* `active`: something ended or was claimed, so the next look comes soon; else looks grow rarer. */
static void plan_next(hopt_agent *agent, bool ok, bool active) {
    if (!ok) {
        agent->retry_ms = agent->retry_ms ? agent->retry_ms * 2 : RETRY_MIN_MS;
        if (agent->retry_ms > RETRY_MAX_MS) agent->retry_ms = RETRY_MAX_MS;
        agent->retry_wait = true;
        uv_timer_start(&agent->poll_timer, on_poll, hopt_agent__jitter(agent->retry_ms), 0);
        return;
    }
    agent->retry_ms = 0;
    if (agent->again) {
        hopt_agent__exchange(agent);
        return;
    }
    if (agent->draining || !free_slot(agent)) return;
    if (!holds_any(agent)) hopt_agent__beat_idle(agent);
    agent->idle_ms = active || !agent->idle_ms ? IDLE_MIN_MS : agent->idle_ms * 3 / 2;
    if (agent->idle_ms > IDLE_MAX_MS) agent->idle_ms = IDLE_MAX_MS;
    agent->next_look_ms = hopt_clock_mono_ms() + (int64_t)hopt_agent__jitter(agent->idle_ms);
    wait_for_look(agent);
}

static void tell_store_state(hopt_agent *agent, const exchange *job) {
    bool down = job->status != HOPT_OK;
    if (down && !agent->store_down) hopt_agent__store_event(agent, &job->err);
    if (!down && agent->store_down) hopt_agent__store_event(agent, NULL);
    agent->store_down = down;
    agent->met |= !down;
}

static void exchange_done(void *data, bool ran) {
    exchange *job = data;
    hopt_agent *agent = job->agent;
    int started = 0;
    bool peeked = job->peek;
    agent->token = job->token;
    if (ran) {
        finish_ends(job);
        if (job->look && !peeked && job->status == HOPT_OK) take_looks(job);
        agent->adopt = job->claim_lost || (job->adopt && job->status != HOPT_OK);
        if (job->adopt && job->status == HOPT_OK) agent->again = true;
        tell_store_state(agent, job);
        started = take_claimed(job);
        hopt_driven__sweep(agent, false);
    }
    keep_reports(job);
    bool asked = job->want > 0 || started > 0;
    bool ok = job->status == HOPT_OK, active = started > 0 || job->n_ends > 0;
    if (job->turn) agent->options.turned(agent->options.data, job->turned, !job->undone);
    agent->visit_ms = job->visit_ms;
    agent->exchanging = false; /* until here a wish for the next one, by an event, has to wait */
    slot_start *starts = job->starts;
    size_t n_starts = job->n_starts;
    free(job->ends);
    free(job->claimed);
    free(job->claimable);
    for (size_t i = 0; i < agent->options.n_studies; i++)
        free(job->judged[i].refusal);
    free(job->judged);
    free(job->stopping);
    free(job);
    if (ran && peeked && ok && !agent->again) {
        wait_for_look(agent);
    } else if (ran) {
        if (ok && asked && !started) hopt_agent__event(agent, HOPT_AGENT_IDLE, NULL);
        plan_next(agent, ok, active);
    }
    /* Only now, so that the next exchange is under way while evaluations are started. */
    for (size_t i = 0; i < n_starts; i++)
        hopt_slot__start(starts[i].slot, starts[i].study);
    free(starts);
    if (ran) hopt_agent__check_left(agent);
}

static void collect_reports(hopt_agent *agent) {
    for (int i = 0; i < agent->options.slots; i++) {
        hopt_slot *slot = &agent->slots[i];
        if (slot->state != HOPT_SLOT_BUSY || !slot->reports.count) continue;
        agent->reports = hopt_grow(agent->reports, agent->n_reports, &agent->reports_capacity,
                                   sizeof *agent->reports);
        hopt_agent_reports *one = &agent->reports[agent->n_reports++];
        one->id = slot->trial->id;
        one->reports = slot->reports;
        one->reports.lease = slot->trial->lease;
        memset(&slot->reports, 0, sizeof slot->reports);
        slot->reports_capacity = 0;
    }
}

static int wanted(const hopt_agent *agent) {
    if (agent->draining) return 0;
    int want = 0;
    for (int i = 0; i < agent->options.slots; i++)
        want += agent->slots[i].state == HOPT_SLOT_FREE || agent->slots[i].in_exchange;
    if (agent->options.max_trials && want > agent->options.max_trials - agent->claimed)
        want = agent->options.max_trials - agent->claimed;
    return want;
}

static exchange *prepare(hopt_agent *agent) {
    exchange *job = hopt_zalloc(1, sizeof *job);
    size_t n_studies = agent->options.n_studies;
    job->agent = agent;
    job->ends = hopt_zalloc((size_t)agent->options.slots, sizeof *job->ends);
    job->starts = hopt_zalloc((size_t)agent->options.slots, sizeof *job->starts);
    job->claimed = hopt_zalloc(n_studies, sizeof *job->claimed);
    job->claimable = hopt_zalloc(n_studies, sizeof *job->claimable);
    job->judged = hopt_zalloc(n_studies, sizeof *job->judged);
    job->stopping = hopt_zalloc(n_studies, sizeof *job->stopping);
    for (int i = 0; i < agent->options.slots; i++) {
        hopt_slot *slot = &agent->slots[i];
        if (slot->state != HOPT_SLOT_ENDED && slot->state != HOPT_SLOT_GIVE_UP) continue;
        slot->in_exchange = true;
        job->ends[job->n_ends++].slot = slot;
    }
    job->want = wanted(agent);
    job->turn = (job->n_ends > 0 || agent->want_turn) && !agent->draining &&
                agent->options.may_turn && agent->options.may_turn(agent->options.data);
    agent->want_turn = false;
    job->visit = job->n_ends > 0 && agent->visit_ms < VISIT_MS;
    job->visit_ms = agent->visit_ms;
    job->adopt = agent->adopt;
    job->token = agent->token;
    job->peek =
        agent->peek && job->n_ends == 0 && !job->turn && !agent->adopt && agent->n_reports == 0;
    agent->peek = false;
    job->look = hopt_clock_mono_ms() - agent->looked_ms >= LOOK_MS;
    for (size_t i = 0; i < n_studies; i++)
        job->claimable[i] = agent->studies[i].claimable;
    job->first = n_studies > 1 ? (size_t)(hopt_host_random_u63() % n_studies) : 0;
    if (agent->flush_reports) collect_reports(agent);
    agent->flush_reports = false;
    job->reports = agent->reports;
    job->n_reports = agent->n_reports;
    agent->reports = NULL;
    agent->n_reports = agent->reports_capacity = 0;
    return job;
}

void hopt_agent__exchange(hopt_agent *agent) {
    if (agent->left) return;
    if (agent->exchanging || agent->retry_wait) {
        agent->again = true;
        return;
    }
    uv_timer_stop(&agent->poll_timer);
    agent->exchanging = true;
    agent->exchange_ms = hopt_clock_mono_ms();
    agent->again = false;
    hopt_offload_submit(agent->queue, exchange_work, exchange_done, prepare(agent));
}
