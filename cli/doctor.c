#include "cli/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cli/view.h"
#include "common/base/alloc.h"
#include "common/base/time.h"
#include "common/store/uri.h"
#include "common/sys/file.h"
#include "master/as_json.h"
#include "master/enroll.h"
#include "master/workers_seen.h"

/* From here on a value is worth a warning. */
enum { SLOW_PING_MS = 50, SLOW_WRITE_MS = 200, SKEW_MS = 5000, NAMED_MAX = 5 };
#define FREE_WARN_BYTES (1e9)
#define FREE_FAIL_BYTES (5e7)

void hopt_findings_clear(hopt_findings *findings) {
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].says);
        free(findings->list[i].todo);
    }
    free(findings->list);
    *findings = (hopt_findings){0};
}

/* `todo` is a static text or NULL; it counts for WARN and FAIL only. */
static void HOPT_PRINTF(5, 6) add(hopt_findings *findings, hopt_finding_level level,
                                  const char *what, const char *todo, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    findings->list =
        hopt_grow(findings->list, findings->count, &findings->capacity, sizeof *findings->list);
    findings->list[findings->count++] = (hopt_finding){
        level, what, hopt_strdup(text), level == HOPT_FINDING_OK ? NULL : hopt_strdup(todo)};
}

/* ---- the store itself ---- */

static void examine_health(hopt_findings *findings, const hopt_context *context) {
    hopt_store_health health;
    hopt_error err;
    if (hopt_store_health_check(context->store, &health, &err) != HOPT_OK) {
        add(findings, HOPT_FINDING_FAIL, "store", "it opened, but it does not work: see the reason",
            "%s: %s", hopt_store_name(context->store), err.message);
        return;
    }
    add(findings, HOPT_FINDING_OK, "store", NULL, "%s (%s)", hopt_store_name(context->store),
        health.version);
    bool slow = health.ping_ms > SLOW_PING_MS || health.write_ms > SLOW_WRITE_MS;
    add(findings, slow ? HOPT_FINDING_WARN : HOPT_FINDING_OK, "latency",
        "claims and results wait for it: move the store nearer, or raise trial.lease_s and use "
        "more slots for short trials",
        "a read takes %.2f ms, a durable write %.2f ms", health.ping_ms, health.write_ms);
    int64_t skew = health.clock_skew_ms;
    bool skewed = skew > SKEW_MS || skew < -SKEW_MS;
    add(findings, skewed ? HOPT_FINDING_WARN : HOPT_FINDING_OK, "clock",
        "leases do not depend on it, but times shown are wrong: set this machine's clock (NTP)",
        "the store's clock is %lld ms off this machine's", (long long)skew);
    add(findings, health.indexes_ok ? HOPT_FINDING_OK : HOPT_FINDING_FAIL, "indexes",
        "open it once with the right to make them: hopt study create, or hopt-master",
        health.indexes_ok ? "all there" : "some are missing: claims read the whole collection");
    for (char *line = strtok(health.detail, "\n"); line; line = strtok(NULL, "\n"))
        add(findings, HOPT_FINDING_OK, "detail", NULL, "%s", line);
}

static void examine_disk(hopt_findings *findings, const hopt_context *context) {
    hopt_store_uri uri;
    struct statvfs info;
    if (hopt_store_uri_parse(&uri, context->uri, NULL) != HOPT_OK) return;
    if (uri.kind == HOPT_STORE_KIND_SQLITE && uri.path) {
        char *folder = hopt_path_folder(uri.path);
        if (statvfs(folder, &info) == 0) {
            double left = (double)info.f_bavail * (double)info.f_frsize;
            hopt_finding_level level = left < FREE_FAIL_BYTES   ? HOPT_FINDING_FAIL
                                       : left < FREE_WARN_BYTES ? HOPT_FINDING_WARN
                                                                : HOPT_FINDING_OK;
            add(findings, level, "disk", "make room: a full disk stops every write",
                "%.1f GB free in %s", left / 1e9, folder);
        }
        free(folder);
    }
    hopt_store_uri_clear(&uri);
}

/* ---- who works ---- */

typedef struct people {
    hopt_worker_record *list;
    size_t count;
} people;

static void examine_workers(hopt_findings *findings, const people *workers) {
    size_t dead = 0, slots = 0;
    hopt_buf names = HOPT_BUF_INIT;
    for (size_t i = 0; i < workers->count; i++) {
        const hopt_worker_record *worker = &workers->list[i];
        if (!hopt_worker_silent(worker)) {
            slots += (size_t)worker->slots;
            continue;
        }
        if (++dead > NAMED_MAX) continue;
        hopt_buf_print(&names, "%s%s (", dead > 1 ? ", " : "", worker->owner);
        hopt_view_ago(&names, worker->age_ms);
        hopt_buf_char(&names, ')');
    }
    add(findings, HOPT_FINDING_OK, "workers", NULL, "%zu alive with %zu slots",
        workers->count - dead, slots);
    if (dead)
        add(findings, HOPT_FINDING_WARN, "workers",
            "they died or are cut off; a master takes their trials back, nothing else is to be "
            "done "
            "but to start others",
            "%zu silent for longer than their lease: %s%s", dead, hopt_buf_string(&names),
            dead > NAMED_MAX ? ", ..." : "");
    hopt_buf_clear(&names);
}

/* Whether the owner of a running trial is known to be at work. */
static bool at_work(const people *workers, const char *owner) {
    for (size_t i = 0; i < workers->count; i++) {
        if (strcmp(workers->list[i].owner, owner) == 0)
            return !hopt_worker_silent(&workers->list[i]);
    }
    return false;
}

static void examine_running(hopt_findings *findings, const hopt_context *context,
                            const people *workers, const hopt_study_record *study) {
    hopt_open_trial *open;
    size_t count, left = 0, asked = 0;
    hopt_error err;
    hopt_buf nums = HOPT_BUF_INIT;
    if (hopt_store_open_set(context->store, &open, &count, study->name, &err) != HOPT_OK) {
        add(findings, HOPT_FINDING_FAIL, "trials", "see the reason", "study %s: %s", study->name,
            err.message);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (open[i].state != HOPT_RUNNING) continue;
        if (strncmp(open[i].owner, "ask:", 4) == 0) {
            asked++;
            continue;
        }
        if (at_work(workers, open[i].owner)) continue;
        if (++left <= NAMED_MAX) hopt_buf_print(&nums, "%s%d", left > 1 ? ", " : "", open[i].num);
    }
    if (left)
        add(findings, HOPT_FINDING_WARN, "trials",
            "a master queues them again when their lease ends; start one: hopt-master, or hopt run",
            "study %s: %zu running without a living worker: %s%s", study->name, left,
            hopt_buf_string(&nums), left > NAMED_MAX ? ", ..." : "");
    if (asked)
        add(findings, HOPT_FINDING_OK, "trials", NULL, "study %s: %zu wait for hopt tell",
            study->name, asked);
    hopt_buf_clear(&nums);
    free(open);
}

static void examine_leader(hopt_findings *findings, const hopt_study_record *study) {
    hopt_buf name = HOPT_BUF_INIT;
    bool wants = study->state == HOPT_STUDY_ACTIVE || study->state == HOPT_STUDY_CLOSING;
    if (!wants) return;
    hopt_view_master(&name, study);
    if (hopt_study_has_master(study))
        add(findings, HOPT_FINDING_OK, "master", NULL, "study %s is led by %s", study->name,
            name.data);
    else
        add(findings, HOPT_FINDING_WARN, "master",
            "nothing is proposed and nothing ends: start hopt-master, or hopt run",
            "study %s is %s and no master leads it%s", study->name,
            hopt_study_state_name(study->state), study->leader ? ": the last one is gone" : "");
    hopt_buf_clear(&name);
}

/* ---- studies ---- */

static void examine_study(hopt_findings *findings, const hopt_context *context,
                          const people *workers, const char *name) {
    hopt_study_record *study;
    hopt_study_spec *spec;
    hopt_error err;
    hopt_status status = hopt_enrolled_study(context->store, &study, &spec, name, &err);
    if (status == HOPT_ENOTFOUND) return;
    if (status != HOPT_OK) {
        add(findings, HOPT_FINDING_FAIL, "study",
            "its record is damaged or of a newer hopt: use that version, or delete the study", "%s",
            err.message);
        return;
    }
    int64_t counts[HOPT_STATES];
    if (hopt_store_counts(context->store, name, counts, &err) == HOPT_OK) {
        hopt_buf text = HOPT_BUF_INIT;
        hopt_view_state(&text, study);
        hopt_buf_text(&text, "; ");
        hopt_view_counts(&text, counts, -1);
        add(findings, HOPT_FINDING_OK, "study", NULL, "%s: %s", name, hopt_buf_string(&text));
        hopt_buf_clear(&text);
    }
    examine_leader(findings, study);
    examine_running(findings, context, workers, study);
    hopt_study_free(study);
    hopt_study_spec_free(spec);
}

void hopt_doctor_examine(hopt_findings *findings, const hopt_context *context) {
    people workers = {0};
    char **names;
    size_t count;
    hopt_error err;
    examine_health(findings, context);
    examine_disk(findings, context);
    if (hopt_workers_seen(context->store, &workers.list, &workers.count, &err) == HOPT_OK)
        examine_workers(findings, &workers);
    else
        add(findings, HOPT_FINDING_FAIL, "workers", "see the reason", "%s", err.message);
    if (hopt_store_studies(context->store, &names, &count, &err) == HOPT_OK) {
        if (count == 0) add(findings, HOPT_FINDING_OK, "study", NULL, "there is none");
        for (size_t i = 0; i < count; i++)
            examine_study(findings, context, &workers, names[i]);
        hopt_names_free(names);
    } else {
        add(findings, HOPT_FINDING_FAIL, "study", "see the reason", "%s", err.message);
    }
    hopt_worker_records_free(workers.list, workers.count);
}
