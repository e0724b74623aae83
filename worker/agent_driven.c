/* Trials of a Python driver, where they differ from a study's: their domain, and their end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "worker/agent_internal.h"

/* ---- the end, on the queue's thread ---- */

/* The store is there but can't take this very result: the trial ends with what was wrong. */
static hopt_status finish_refused(hopt_store *store, const hopt_lease *lease, hopt_error *err) {
    static char type[] = "BadResult";
    char *message = hopt_format("the store can't take the result: %s", err->message);
    hopt_result refused = {.state = HOPT_ERROR, .error_type = type, .error_message = message};
    hopt_status status = hopt_driven_finish(store, lease, &refused, NULL, err);
    free(message);
    return status == HOPT_EINVAL ? HOPT_ECONFLICT : status; /* not even that: its lease ends */
}

static hopt_status put_back(hopt_store *store, const hopt_slot *slot, hopt_error *err) {
    hopt_open_trial seen = {.id = slot->trial->id,
                            .num = slot->trial->num,
                            .state = HOPT_RUNNING,
                            .lease = slot->trial->lease,
                            .beat = -1};
    memcpy(seen.owner, slot->agent->owner, sizeof seen.owner);
    return hopt_driven_expire(store, &seen,
                              slot->agent->studies[slot->study].spec->trial.max_attempts, err);
}

hopt_status hopt_driven__end(hopt_store *store, const hopt_slot *slot, hopt_error *err) {
    hopt_lease lease = hopt_slot__lease(slot);
    if (slot->state == HOPT_SLOT_GIVE_UP) return hopt_driven_release(store, &lease, err);
    if (slot->retry) return put_back(store, slot, err);
    hopt_status status = hopt_driven_finish(store, &lease, &slot->result, slot->document, err);
    return status == HOPT_EINVAL ? finish_refused(store, &lease, err) : status;
}

/* ---- domains: files of their own name below the worker's folder ---- */

static char *domain_path(const hopt_agent *agent, const char *id) {
    return hopt_format("%s/domain-%s.pkl", agent->options.workdir, id);
}

/* Complete when it has its name. */
static hopt_status download(const hopt_agent *agent, hopt_store *store, const char *id,
                            hopt_error *err) {
    char *path = domain_path(agent, id), *part = hopt_format("%s.part", path);
    hopt_status status = HOPT_OK;
    if (access(path, R_OK) != 0) {
        int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            status = hopt_error_set(err, HOPT_EFAILED, "%s: %s", part, strerror(errno));
        else
            status = hopt_driven_download(store, id, fd, err);
        if (fd >= 0 && close(fd) != 0 && status == HOPT_OK)
            status = hopt_error_set(err, HOPT_EFAILED, "%s: %s", part, strerror(errno));
        if (status == HOPT_OK && rename(part, path) != 0)
            status = hopt_error_set(err, HOPT_EFAILED, "%s: %s", path, strerror(errno));
        if (status != HOPT_OK) unlink(part);
    }
    free(path);
    free(part);
    return status;
}

/* The newest file of this name. MongoTrials deletes the old one before it writes the new: a trial
 * that is claimed in between must not suffer for it. */
static hopt_status fetch(const hopt_agent *agent, hopt_store *store, const char *exp_key,
                         const char *name, char id[HOPT_FILE_ID_SIZE], hopt_error *err) {
    enum { TRIES = 40 };
    static const struct timespec pause = {.tv_nsec = 250000000};
    hopt_status status = HOPT_ENOTFOUND;
    for (int i = 0; i < TRIES && status == HOPT_ENOTFOUND; i++) {
        if (i) nanosleep(&pause, NULL);
        status = hopt_driven_file(store, exp_key, name, id, err);
        if (status == HOPT_OK) status = download(agent, store, id, err);
    }
    return status;
}

hopt_status hopt_driven__domains(const hopt_agent *agent, hopt_store *store, const char *exp_key,
                                 hopt_trials *claimed, hopt_error *err) {
    const char *last = NULL; /* one look for all that name the same */
    char id[HOPT_FILE_ID_SIZE] = "";
    hopt_status status = HOPT_OK;
    for (size_t i = 0; i < claimed->count; i++) {
        json_t *params = claimed->list[i]->params;
        const char *name = hopt_json_string_of(params, "attachment");
        if (!last || strcmp(last, name) != 0) status = fetch(agent, store, exp_key, name, id, err);
        last = name;
        if (status == HOPT_OK)
            json_object_set_new(params, "domain_id", json_string(id));
        else if (status == HOPT_ENOTFOUND || status == HOPT_EINVAL)
            json_object_set_new(params, "problem", json_string(err->message));
        else
            return status;
    }
    return HOPT_OK;
}

/* ---- domains, on the loop thread ---- */

static hopt_domain *find_domain(hopt_agent *agent, const char *id) {
    for (size_t i = 0; i < agent->n_domains; i++) {
        if (strcmp(agent->domains[i].id, id) == 0) return &agent->domains[i];
    }
    return NULL;
}

bool hopt_driven__take(hopt_agent *agent, hopt_trial *trial) {
    const char *id = hopt_json_string_of(trial->params, "domain_id");
    if (!id) return false;
    hopt_domain *domain = find_domain(agent, id);
    if (!domain) {
        agent->domains = hopt_grow(agent->domains, agent->n_domains, &agent->domains_capacity,
                                   sizeof *agent->domains);
        domain = &agent->domains[agent->n_domains++];
        *domain = (hopt_domain){0};
        snprintf(domain->id, sizeof domain->id, "%s", id);
    }
    domain->users++;
    memcpy(agent->domain, domain->id, sizeof agent->domain);
    char *path = domain_path(agent, id);
    json_object_set_new(trial->params, "domain", json_string(path));
    free(path);
    return true;
}

void hopt_driven__drop(hopt_agent *agent, const hopt_trial *trial) {
    const char *id = hopt_json_string_of(trial->params, "domain_id");
    hopt_domain *domain = id ? find_domain(agent, id) : NULL;
    if (domain) domain->users--;
}

void hopt_driven__sweep(hopt_agent *agent, bool all) {
    for (size_t i = 0; i < agent->n_domains;) {
        hopt_domain *domain = &agent->domains[i];
        if (!all && (domain->users > 0 || strcmp(domain->id, agent->domain) == 0)) {
            i++;
            continue;
        }
        char *path = domain_path(agent, domain->id);
        unlink(path);
        free(path);
        *domain = agent->domains[--agent->n_domains];
    }
}

/* ---- the evaluation's end ---- */

/* What the objective printed goes where hyperopt-mongo-worker's goes: to the worker's own standard
 * error. Control characters do not. */
static void show(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        putc((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? '?' : c, stderr);
    }
}

static char *take_document(json_t *extras) {
    char *document = hopt_strdup(hopt_json_string_of(extras, "document"));
    return document;
}

void hopt_driven__ended(hopt_slot *slot, const hopt_sandbox_log *log) {
    hopt_result *result = &slot->result;
    if (!slot->agent->options.quiet && log->total) {
        flockfile(stderr);
        show(log->head, log->head_length);
        if (log->total > log->head_length + log->tail_length) fputs("\n...\n", stderr);
        show(log->tail, log->tail_length);
        funlockfile(stderr);
    }
    if (result->state == HOPT_DONE && !slot->document)
        slot->document = take_document(result->extras);
    if (result->state == HOPT_ERROR || (result->state == HOPT_DONE && slot->document)) return;
    /* Stopped by us, though not to be given back; or a server that speaks another language. */
    bool done = result->state == HOPT_DONE;
    result->state = HOPT_ERROR;
    free(result->error_type);
    free(result->error_message);
    result->error_type = hopt_strdup(done ? "BadResult" : "Stopped");
    result->error_message = hopt_strdup(done ? "the result has no document" : result->stop);
}
