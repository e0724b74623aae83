/* A slot of the agent: from a claimed trial to an ended one. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "worker/agent_internal.h"
#include "worker/refusal.h"

/* How long after an objective's end by SIGTERM ours may come: the same signal, sent to a whole job,
 * in no certain order. */
enum { HELD_MS = 2000 };

/* The n-th name of "0,1,2" (cyclic), as CUDA_VISIBLE_DEVICES. */
static char *gpu_env(const char *gpus, int index) {
    int count = 1;
    for (const char *c = gpus; *c; c++)
        count += *c == ',';
    const char *start = gpus;
    for (int skip = index % count; skip > 0; skip--)
        start = strchr(start, ',') + 1;
    return hopt_format("CUDA_VISIBLE_DEVICES=%.*s", (int)strcspn(start, ","), start);
}

void hopt_slot__init(hopt_agent *agent, int index) {
    hopt_slot *slot = &agent->slots[index];
    slot->agent = agent;
    slot->index = index;
    slot->last_step = -1;
    slot->idle_ns = hopt_clock_mono_ns();
    if (agent->options.gpus && agent->options.gpus[0]) {
        slot->gpu_env = gpu_env(agent->options.gpus, index);
        slot->env[0] = slot->gpu_env;
    }
}

hopt_lease hopt_slot__lease(const hopt_slot *slot) {
    return (hopt_lease){.id = slot->trial->id,
                        .study = slot->trial->study,
                        .owner = slot->agent->owner,
                        .lease = slot->trial->lease};
}

static bool on_report(void *data, int64_t step, double loss) {
    hopt_slot *slot = data;
    hopt_reports *reports = &slot->reports;
    slot->last_step = step;
    if (reports->count < HOPT_REPORTS_MAX) {
        size_t capacity = slot->reports_capacity;
        reports->steps =
            hopt_grow(reports->steps, reports->count, &slot->reports_capacity, sizeof(int64_t));
        reports->losses = hopt_grow(reports->losses, reports->count, &capacity, sizeof(double));
        reports->steps[reports->count] = step;
        reports->losses[reports->count++] = loss;
    }
    return slot->stop_reports;
}

static void on_attach(void *data, const char *name, int fd, int64_t size) {
    hopt_slot *slot = data;
    char *content = hopt_alloc((size_t)size + 1);
    size_t length = 0;
    while (length < (size_t)size) {
        ssize_t got = read(fd, content + length, (size_t)size - length);
        if (got <= 0) break;
        length += (size_t)got;
    }
    close(fd);
    slot->files = hopt_grow(slot->files, slot->n_files, &slot->files_capacity, sizeof *slot->files);
    slot->files[slot->n_files++] = (hopt_agent_file){hopt_strdup(name), content, length};
}

static void keep_log(hopt_slot *slot, const hopt_sandbox_log *log) {
    slot->log.lease = slot->trial->lease;
    slot->log.head = hopt_strndup(log->head ? log->head : "", log->head_length);
    slot->log.head_length = log->head_length;
    slot->log.tail = hopt_strndup(log->tail ? log->tail : "", log->tail_length);
    slot->log.tail_length = log->tail_length;
}

/* An end that nothing makes doubtful. */
static void ended(hopt_slot *slot) {
    slot->state = HOPT_SLOT_ENDED;
    hopt_agent__count_end(slot->agent, slot->result.state == HOPT_ERROR);
    hopt_agent__exchange(slot->agent);
}

void hopt_slot__settle(hopt_slot *slot) {
    if (slot->state != HOPT_SLOT_HELD) return;
    if (slot->agent->asked) {
        slot->state = HOPT_SLOT_GIVE_UP;
        slot->retry = false;
        hopt_agent__exchange(slot->agent);
    } else if (hopt_clock_mono_ms() - slot->held_ms >= HELD_MS) {
        ended(slot);
    }
}

static void on_end(void *data, const hopt_result *result, const hopt_sandbox_log *log) {
    hopt_slot *slot = data;
    hopt_agent *agent = slot->agent;
    const hopt_trial_rules *rules = &agent->studies[slot->study].spec->trial;
    slot->idle_ns = hopt_clock_mono_ns();
    if (slot->lost) {
        hopt_agent__event(agent, HOPT_AGENT_LOST, slot);
        hopt_slot__free_trial(slot);
        hopt_agent__exchange(agent);
        return;
    }
    bool driven = slot->exp_key != NULL;
    hopt_slot__drop_ask(slot);
    hopt_result_copy(&slot->result, result);
    if (driven)
        hopt_driven__ended(slot, log);
    else
        keep_log(slot, log);
    slot->state =
        agent->releasing && result->state == HOPT_CANCEL ? HOPT_SLOT_GIVE_UP : HOPT_SLOT_ENDED;
    slot->retry = result->state == HOPT_ERROR && rules->retry_errors &&
                  slot->trial->lost + 1 < rules->max_attempts;
    /* Python did not even start: that is this worker's trouble, another one may do better. */
    if (driven && result->state == HOPT_ERROR && strcmp(result->error_type, "Start") == 0) {
        hopt_log_warn("the objective's Python did not start: %s", result->error_message);
        slot->state = HOPT_SLOT_GIVE_UP;
    }
    if (slot->state == HOPT_SLOT_ENDED && result->state == HOPT_ERROR && slot->sandbox &&
        hopt_sandbox_interrupted(slot->sandbox)) {
        slot->state = HOPT_SLOT_HELD;
        slot->held_ms = hopt_clock_mono_ms();
        hopt_slot__settle(slot);
    } else if (slot->state == HOPT_SLOT_ENDED) {
        ended(slot);
    } else {
        hopt_agent__count_end(agent, result->state == HOPT_ERROR);
        hopt_agent__exchange(agent);
    }
}

/* The slot is for this study from now on: no sandbox of another one stays. */
static void choose_study(hopt_slot *slot, size_t study) {
    if (slot->sandbox && slot->study != study) {
        hopt_sandbox_close(slot->sandbox, NULL, NULL);
        slot->sandbox = NULL;
    }
    slot->study = study;
}

static void open_sandbox(hopt_slot *slot) {
    hopt_agent *agent = slot->agent;
    size_t study = slot->study;
    if (slot->sandbox) return;
    slot->sandbox_options = (hopt_sandbox_options){.slot = slot->index,
                                                   .spec = agent->studies[study].spec,
                                                   .runner = agent->options.runner,
                                                   .workdir = agent->options.workdir,
                                                   .cwd = agent->studies[study].cwd,
                                                   .plugin = agent->studies[study].plugin,
                                                   .env = slot->gpu_env ? slot->env : NULL};
    slot->sandbox = hopt_sandbox_new(agent->loop, &slot->sandbox_options);
}

void hopt_slot__take(hopt_slot *slot, hopt_trial *trial) {
    HOPT_ASSERT(slot->state == HOPT_SLOT_FREE && !slot->trial);
    hopt_histogram_observe(slot->agent->options.claim_wait, hopt_clock_mono_ns() - slot->idle_ns);
    slot->state = HOPT_SLOT_BUSY;
    slot->trial = trial;
    slot->beat = trial->beat;
}

/* The trial ends without a start: what it or its study names was not given to this worker. */
static void refuse(hopt_slot *slot, char *why) {
    static char type[] = "Start";
    const hopt_result result = {.state = HOPT_ERROR, .error_type = type, .error_message = why};
    const hopt_sandbox_log log = {.head = "", .tail = ""};
    on_end(slot, &result, &log);
    free(why);
}

void hopt_slot__start(hopt_slot *slot, size_t study) {
    HOPT_ASSERT(slot->state == HOPT_SLOT_BUSY && slot->trial);
    choose_study(slot, study);
    hopt_agent__event(slot->agent, HOPT_AGENT_CLAIMED, slot);
    if (slot->agent->releasing) { /* since it was claimed; by the event itself, maybe */
        slot->state = HOPT_SLOT_GIVE_UP;
        hopt_agent__exchange(slot->agent);
        return;
    }
    const char *refusal = slot->agent->studies[study].refusal;
    char *why = NULL; /* what a Python driver's trials name was looked at when they were claimed */
    if (!slot->exp_key) why = refusal ? hopt_strdup(refusal) : hopt_refusal_of_trial(slot->trial);
    if (why) {
        refuse(slot, why);
        return;
    }
    open_sandbox(slot);
    static const hopt_sandbox_callbacks callbacks = {on_report, on_attach, on_end, NULL};
    static const hopt_sandbox_callbacks driven = {NULL, NULL, on_end, hopt_slot__on_ask};
    hopt_sandbox_start(slot->sandbox, slot->trial, slot->exp_key ? driven : callbacks, slot);
}

void hopt_slot__free_trial(hopt_slot *slot) {
    hopt_slot__drop_ask(slot);
    if (slot->trial && slot->exp_key) hopt_driven__drop(slot->agent, slot->trial);
    free(slot->document);
    slot->document = NULL;
    slot->exp_key = NULL;
    hopt_trial_free(slot->trial);
    slot->trial = NULL;
    hopt_result_clear(&slot->result);
    memset(&slot->result, 0, sizeof slot->result);
    hopt_log_text_clear(&slot->log);
    memset(&slot->log, 0, sizeof slot->log);
    hopt_reports_clear(&slot->reports);
    memset(&slot->reports, 0, sizeof slot->reports);
    slot->reports_capacity = 0;
    for (size_t i = 0; i < slot->n_files; i++) {
        free(slot->files[i].name);
        free(slot->files[i].data);
    }
    slot->n_files = 0;
    slot->last_step = -1;
    slot->stop_reports = slot->lost = slot->retry = slot->in_exchange = false;
    slot->state = HOPT_SLOT_FREE;
}
