#include "master/as_json.h"

#include <string.h>

#include "common/sys/host.h"

bool hopt_study_has_master(const hopt_study_record *study) {
    if (!study->leader || !study->leader[0] || study->state == HOPT_STUDY_DONE) return false;
    const char *boot = strrchr(study->leader, '@'); /* "host:pid:8hex@boot" */
    return !boot || !hopt_host_owner_gone(study->leader, boot + 1);
}

json_t *hopt_study_json(const hopt_study_record *study, const hopt_study_spec *spec,
                        const int64_t counts[HOPT_STATES], const hopt_trial *best) {
    json_t *trials = json_object();
    for (int i = 0; i < HOPT_STATES; i++)
        json_object_set_new(trials, hopt_state_name((hopt_state)i), json_integer(counts[i]));
    json_t *json = json_pack(
        "{s:s, s:s, s:s?, s:s, s:s, s:I, s:i, s:o, s:I, s:s?, s:I}", "name", study->name, "state",
        hopt_study_state_name(study->state), "reason", study->reason, "direction",
        spec->maximize ? "maximize" : "minimize", "sampler", spec->sampler, "seed",
        (json_int_t)study->seed, "max_trials", spec->stop.max_trials, "trials", trials, "active_ms",
        (json_int_t)study->active_ms, "leader", hopt_study_has_master(study) ? study->leader : NULL,
        "rev", (json_int_t)study->rev);
    json_object_set_new(json, "best", best ? hopt_trial_json(best, spec->maximize) : json_null());
    return json;
}

json_t *hopt_worker_json(const hopt_worker_record *worker) {
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:I, s:f, s:b}", "owner", worker->owner,
                     "host", worker->host, "pid", worker->pid, "slots", worker->slots, "running",
                     worker->running, "studies", worker->studies ? worker->studies : "", "age_ms",
                     (json_int_t)worker->age_ms, "lease_s", worker->lease_s, "alive",
                     (int)!hopt_worker_silent(worker));
}
