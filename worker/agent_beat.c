/* Heartbeats: a thread and a connection of their own, so that a result that can't be written for
 * now does not let the leases of other trials end. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "worker/agent_internal.h"

typedef struct pulse {
    hopt_slot *slot;
    hopt_trial_id id;
    char study[HOPT_STUDY_NAME_MAX];
    int lease;
    int64_t step;
    bool driven;
    hopt_status status;
    char stop[32];
} pulse;

typedef struct beat_round {
    hopt_agent *agent;
    pulse *pulses;
    size_t count;
    hopt_worker_record record;
    hopt_status status;
    hopt_error err;
} beat_round;

static void beat_work(void *context, void *data) {
    beat_round *job = data;
    hopt_store **store = context;
    job->status = HOPT_OK;
    if (!*store)
        job->status = hopt_store_open(store, job->agent->options.store_uri, NULL, &job->err);
    for (size_t i = 0; i < job->count && job->status == HOPT_OK; i++) {
        pulse *one = &job->pulses[i];
        hopt_lease lease = {one->id, one->study, job->agent->owner, one->lease};
        one->status = one->driven
                          ? hopt_driven_beat(*store, &lease, &job->err)
                          : hopt_store_beat(*store, &lease, one->step, one->stop, &job->err);
        if (one->status != HOPT_OK && one->status != HOPT_ECONFLICT) job->status = one->status;
    }
    if (job->status == HOPT_OK)
        job->status = hopt_store_worker_put(*store, &job->record, &job->err);
}

static void take_pulse(const pulse *one) {
    hopt_slot *slot = one->slot;
    bool same = slot->state == HOPT_SLOT_BUSY && slot->trial->lease == one->lease &&
                memcmp(&slot->trial->id, &one->id, sizeof one->id) == 0;
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
    for (size_t i = 0; ran && i < job->count; i++) {
        pulse *one = &job->pulses[i];
        if (one->status == HOPT_OK || one->status == HOPT_ECONFLICT) take_pulse(one);
    }
    free(job->pulses);
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
    for (int i = 0; i < agent->options.slots; i++) {
        hopt_slot *slot = &agent->slots[i];
        if (!slot->trial || slot->in_exchange || slot->lost) continue;
        pulse *one = &job->pulses[job->count++];
        one->slot = slot;
        one->id = slot->trial->id;
        one->lease = slot->trial->lease;
        one->status = HOPT_ESTORE; /* until the store has answered */
        one->step = slot->last_step;
        one->driven = slot->exp_key != NULL;
        memcpy(one->study, slot->trial->study, sizeof one->study);
    }
    describe(agent, &job->record);
    job->record.running = (int)job->count;
    agent->beating = true;
    hopt_offload_submit(agent->beats, beat_work, beat_done, job);
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
