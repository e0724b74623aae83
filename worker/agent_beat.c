/* Heartbeats: a thread and a connection of their own, so that a result that can't be written for
 * now does not let the leases of other trials end. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "worker/agent_internal.h"

typedef struct pulse {
    hopt_slot *slot;
    char study[HOPT_STUDY_NAME_MAX];
    bool driven; /* a Python driver's trial */
} pulse;

typedef struct beat_round {
    hopt_agent *agent;
    pulse *pulses;
    hopt_beat *beats; /* of each pulse */
    size_t count;
    bool put; /* the record too: a busy worker is heard of by its trials */
    hopt_worker_record record;
    hopt_status status;
    hopt_error err;
} beat_round;

/* A worker has trials of studies or of a Python driver, never both. */
static hopt_status beat_all(beat_round *job, hopt_store *store) {
    hopt_status status = HOPT_OK;
    if (!job->pulses[0].driven)
        return hopt_store_beat_many(store, job->beats, job->count, &job->err);
    for (size_t i = 0; i < job->count && status == HOPT_OK; i++) {
        hopt_beat *one = &job->beats[i];
        one->status = hopt_driven_beat(store, &one->lease, &job->err);
        if (one->status != HOPT_ECONFLICT) status = one->status;
    }
    return status;
}

static void beat_work(void *context, void *data) {
    beat_round *job = data;
    hopt_store **store = context;
    job->status = hopt_agent__open_store(job->agent, store, &job->err);
    if (job->status == HOPT_OK && job->count) job->status = beat_all(job, *store);
    if (job->status == HOPT_OK && job->put)
        job->status = hopt_store_worker_put(*store, &job->record, &job->err);
}

static void take_pulse(hopt_slot *slot, const hopt_beat *one) {
    bool same = slot->state == HOPT_SLOT_BUSY && slot->trial->lease == one->lease.lease &&
                memcmp(&slot->trial->id, &one->lease.id, sizeof one->lease.id) == 0;
    /* A trial that ended meanwhile learns from its own write whether its lease holds. */
    if (!same) return;
    if (one->status == HOPT_ECONFLICT) {
        slot->lost = true;
        hopt_sandbox_kill(slot->sandbox, "lost");
        return;
    }
    slot->beat++;
    if (one->stop[0] && !slot->stop_reports) {
        slot->stop_reports = true;
        hopt_sandbox_stop(slot->sandbox, one->stop);
    }
}

static void beat_done(void *data, bool ran) {
    beat_round *job = data;
    hopt_agent *agent = job->agent;
    agent->beating = false;
    if (ran) agent->beat_failed = job->status == HOPT_ESTORE || job->status == HOPT_EUNAVAILABLE;
    for (size_t i = 0; ran && i < job->count; i++) {
        hopt_status status = job->beats[i].status;
        if (status == HOPT_OK || status == HOPT_ECONFLICT)
            take_pulse(job->pulses[i].slot, &job->beats[i]);
    }
    if (ran && job->put && job->status == HOPT_OK) agent->record_ms = hopt_clock_mono_ms();
    free(job->pulses);
    free(job->beats);
    free(job->record.studies);
    free(job);
}

/* All trials are beaten at once, so the shortest lease sets the pace. */
static double shortest_lease_s(const hopt_agent *agent) {
    double lease_s = agent->studies[0].spec->trial.lease_s;
    for (size_t i = 1; i < agent->options.n_studies; i++) {
        if (agent->studies[i].spec->trial.lease_s < lease_s)
            lease_s = agent->studies[i].spec->trial.lease_s;
    }
    return lease_s;
}

static void describe(const hopt_agent *agent, hopt_worker_record *record) {
    hopt_buf studies = HOPT_BUF_INIT;
    for (size_t i = 0; i < agent->options.n_studies; i++)
        hopt_buf_print(&studies, "%s%s", i ? "," : "", agent->studies[i].spec->name);
    memcpy(record->owner, agent->owner, sizeof record->owner);
    memcpy(record->host, agent->host, sizeof record->host);
    memcpy(record->boot_id, agent->boot_id, sizeof record->boot_id);
    record->pid = (int)uv_os_getpid();
    record->slots = agent->options.slots;
    record->lease_s = shortest_lease_s(agent);
    record->studies = hopt_buf_take(&studies);
}

void hopt_agent__beat(hopt_agent *agent) {
    if (agent->beating || agent->left) return;
    beat_round *job = hopt_zalloc(1, sizeof *job);
    job->agent = agent;
    job->pulses = hopt_zalloc((size_t)agent->options.slots, sizeof *job->pulses);
    job->beats = hopt_zalloc((size_t)agent->options.slots, sizeof *job->beats);
    for (int i = 0; i < agent->options.slots; i++) {
        hopt_slot *slot = &agent->slots[i];
        if (!slot->trial || slot->in_exchange || slot->lost) continue;
        pulse *one = &job->pulses[job->count];
        one->slot = slot;
        one->driven = slot->exp_key != NULL;
        memcpy(one->study, slot->trial->study, sizeof one->study);
        job->beats[job->count++] =
            (hopt_beat){.lease = {slot->trial->id, one->study, agent->owner, slot->trial->lease},
                        .step = slot->last_step,
                        .status = HOPT_ESTORE}; /* until the store has answered */
    }
    job->put = job->count == 0 || !agent->record_ms;
    describe(agent, &job->record);
    job->record.running = (int)job->count;
    agent->beating = true;
    hopt_offload_submit(agent->beats, beat_work, beat_done, job);
}

void hopt_agent__beat_idle(hopt_agent *agent) {
    double old_ms = (double)(hopt_clock_mono_ms() - agent->record_ms);
    if (old_ms > shortest_lease_s(agent) * 1000 / 4) hopt_agent__beat(agent);
}

void hopt_agent_beat(hopt_agent *agent) {
    hopt_agent__beat(agent);
}

static void on_beat(uv_timer_t *timer) {
    hopt_agent__beat(timer->data);
}

void hopt_agent__beat_start(hopt_agent *agent) {
    uint64_t quarter_ms = (uint64_t)(shortest_lease_s(agent) * 1000 / 4);
    uv_timer_start(&agent->beat_timer, on_beat, quarter_ms, quarter_ms);
    hopt_agent__beat(agent);
}
