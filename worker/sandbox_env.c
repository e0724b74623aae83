#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "worker/sandbox_internal.h"

extern char **environ;

/* What an objective must not see: the store and its secrets (DESIGN §4), ours of another trial,
 * when a worker is itself started by an objective, and where the worker speaks to systemd. A
 * trailing '*' is a prefix. */
static const char *const hidden[] = {
    "HOPT_STORE",     "HOPT_TOKEN*", "MLFLOW_TRACKING_*", "HOPT_STUDY",    "HOPT_TRIAL",
    "HOPT_ATTEMPT",   "HOPT_SEED",   "HOPT_SLOT",         "HOPT_WORKDIR",  "HOPT_PARAMS_FILE",
    "HOPT_REPORT_FD", "HOPT_LEASE",  "NOTIFY_SOCKET",     "WATCHDOG_USEC", "WATCHDOG_PID"};

static bool is_hidden(const char *entry) {
    size_t name = strcspn(entry, "=");
    for (size_t i = 0; i < HOPT_COUNT(hidden); i++) {
        size_t length = strlen(hidden[i]);
        if (hidden[i][length - 1] == '*') {
            if (strncmp(entry, hidden[i], length - 1) == 0) return true;
        } else if (name == length && strncmp(entry, hidden[i], length) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_name(const char *a, const char *b) {
    size_t name = strcspn(a, "=");
    return strcspn(b, "=") == name && strncmp(a, b, name) == 0;
}

typedef struct list {
    char **entries;
    size_t count, capacity;
} list;

/* Takes `entry`; a later one of the same name replaces. */
static void put(list *env, char *entry) {
    for (size_t i = 0; i < env->count; i++)
        if (same_name(env->entries[i], entry)) {
            free(env->entries[i]);
            env->entries[i] = entry;
            return;
        }
    env->entries = hopt_grow(env->entries, env->count, &env->capacity, sizeof *env->entries);
    env->entries[env->count++] = entry;
}

char **hopt_sandbox__env(const hopt_sandbox_options *options, const sandbox_env_trial *trial) {
    list env = {0};
    for (char **at = environ; at && *at; at++) {
        if (is_hidden(*at)) continue;
        env.entries = hopt_grow(env.entries, env.count, &env.capacity, sizeof *env.entries);
        env.entries[env.count++] = hopt_strdup(*at);
    }
    for (const char *const *at = options->env; at && *at; at++)
        put(&env, hopt_strdup(*at));
    put(&env, hopt_format("HOPT_STUDY=%s", options->spec->name));
    put(&env, hopt_format("HOPT_SLOT=%d", options->slot));
    if (trial) {
        put(&env, hopt_format("HOPT_TRIAL=%d", trial->num));
        put(&env, hopt_format("HOPT_ATTEMPT=%d", trial->attempt));
        put(&env, hopt_format("HOPT_LEASE=%d", trial->lease));
        put(&env, hopt_format("HOPT_SEED=%llu", (unsigned long long)trial->seed));
        put(&env, hopt_format("HOPT_WORKDIR=%s", trial->workdir));
        put(&env, hopt_format("HOPT_PARAMS_FILE=%s/params.json", trial->workdir));
        if (trial->report_fd) put(&env, hopt_strdup("HOPT_REPORT_FD=4"));
    }
    env.entries = hopt_grow(env.entries, env.count, &env.capacity, sizeof *env.entries);
    env.entries[env.count] = NULL;
    return env.entries;
}

void hopt_sandbox__strings_free(char **strings) {
    for (char **at = strings; at && *at; at++)
        free(*at);
    free(strings);
}
