#include "master/sinks/mlflow.h"

#include <ctype.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/alloc.h"
#include "common/http/client.h"
#include "common/store/store.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "common/sys/log.h"
#include "master/sinks/mlflow_internal.h"

enum {
    PASS_MS = 1000,     /* between passes */
    SOON_MS = 200,      /* after a wake-up */
    LIST_MS = 5000,     /* between looks for new studies */
    RETRY_MIN_MS = 500, /* after a failure, twice as long each time */
    RETRY_MAX_MS = 30000,
    REMARKS_MAX = 100
};

typedef struct remark {
    bool warning;
    char *text;
} remark;

struct hopt_mlflow {
    hopt_mlflow_options options; /* its texts are ours */
    char owner[HOPT_OWNER_MAX];
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;

    /* Under the mutex. */
    bool woken;
    int64_t wanted, flushed; /* flushes asked for, and done */
    remark remarks[REMARKS_MAX];
    int n_remarks;

    atomic_bool stopping;
    atomic_int_fast64_t delivered;

    /* The thread's. */
    hopt_mlflow__work work;
    hopt_mlflow__feed **feeds;
    size_t n_feeds, capacity;
    int64_t listed_ms;
    int64_t retry_ms;                  /* 0: all is well */
    int64_t failed_at;                 /* of `delivered`, when MLflow failed last */
    char said[HOPT_ERROR_MESSAGE_MAX]; /* why it is not */
};

/* ---- what the feeds call ---- */

static bool is_stopped(void *data) {
    hopt_mlflow *mlflow = data;
    return atomic_load(&mlflow->stopping);
}

static void on_delivered(void *data) {
    hopt_mlflow *mlflow = data;
    atomic_fetch_add(&mlflow->delivered, 1);
}

static void add_remark(void *data, bool warning, const char *text) {
    hopt_mlflow *mlflow = data;
    pthread_mutex_lock(&mlflow->mutex);
    if (mlflow->n_remarks < REMARKS_MAX)
        mlflow->remarks[mlflow->n_remarks++] = (remark){warning, hopt_strdup(text)};
    pthread_mutex_unlock(&mlflow->mutex);
}

/* ---- the thread ---- */

static void add_feed(hopt_mlflow *mlflow, const char *study) {
    for (size_t i = 0; i < mlflow->n_feeds; i++) {
        if (strcmp(hopt_mlflow__feed_study(mlflow->feeds[i]), study) == 0) return;
    }
    mlflow->feeds =
        hopt_grow(mlflow->feeds, mlflow->n_feeds, &mlflow->capacity, sizeof *mlflow->feeds);
    mlflow->feeds[mlflow->n_feeds++] = hopt_mlflow__feed_new(study);
}

static void remove_feed(hopt_mlflow *mlflow, size_t at) {
    hopt_mlflow__feed_free(mlflow->feeds[at]);
    mlflow->feeds[at] = mlflow->feeds[--mlflow->n_feeds];
}

static hopt_status list_studies(hopt_mlflow *mlflow, hopt_error *err) {
    if (mlflow->options.study) {
        add_feed(mlflow, mlflow->options.study);
        return HOPT_OK;
    }
    if (mlflow->listed_ms && hopt_clock_mono_ms() - mlflow->listed_ms < LIST_MS) return HOPT_OK;
    char **names;
    size_t count;
    hopt_status status = hopt_store_studies(mlflow->work.store, &names, &count, err);
    if (status != HOPT_OK) return status;
    const char *glob = mlflow->options.glob ? mlflow->options.glob : "*";
    for (size_t i = 0; i < count; i++) {
        if (fnmatch(glob, names[i], 0) == 0) add_feed(mlflow, names[i]);
    }
    hopt_names_free(names);
    mlflow->listed_ms = hopt_clock_mono_ms();
    return HOPT_OK;
}

/* Numbers aside: "after 5001 ms" says nothing new after "after 5000 ms". */
static bool same_words(const char *a, const char *b) {
    size_t length = strlen(HOPT_MLFLOW_NO_ANSWER); /* of any kind */
    if (strncmp(a, HOPT_MLFLOW_NO_ANSWER, length) == 0 &&
        strncmp(b, HOPT_MLFLOW_NO_ANSWER, length) == 0)
        return true;
    for (;; a++, b++) {
        while (isdigit((unsigned char)*a))
            a++;
        while (isdigit((unsigned char)*b))
            b++;
        if (*a != *b) return false;
        if (!*a) return true;
    }
}

/* Once, as long as it is the same. */
static void say_down(hopt_mlflow *mlflow, const hopt_error *err) {
    if (mlflow->retry_ms && same_words(err->message, mlflow->said)) return;
    snprintf(mlflow->said, sizeof mlflow->said, "%s", err->message);
    char *text = hopt_format("MLflow at %s can't be used, the study goes on and it is tried again: "
                             "%s",
                             hopt_mlflow_api_name(mlflow->work.api), err->message);
    add_remark(mlflow, true, text);
    free(text);
}

static void say_up(hopt_mlflow *mlflow) {
    if (!mlflow->retry_ms) return;
    mlflow->retry_ms = 0;
    char *text = hopt_format("MLflow at %s works again", hopt_mlflow_api_name(mlflow->work.api));
    add_remark(mlflow, false, text);
    free(text);
}

/* What went well in between begins the pauses anew; a flush has little time. */
static void back_off(hopt_mlflow *mlflow) {
    int64_t delivered = atomic_load(&mlflow->delivered);
    bool progress = delivered != mlflow->failed_at;
    int64_t next_ms = mlflow->retry_ms && !progress ? 2 * mlflow->retry_ms : RETRY_MIN_MS;
    int64_t most_ms = mlflow->work.whole ? PASS_MS : RETRY_MAX_MS;
    mlflow->retry_ms = next_ms > most_ms ? most_ms : next_ms;
    mlflow->failed_at = delivered;
}

/* One study. @return false: no use in asking MLflow for the next one now. */
static bool serve(hopt_mlflow *mlflow, size_t at, bool *gone, bool *all_clean) {
    hopt_error err = {.message = ""};
    hopt_mlflow__side side = HOPT_MLFLOW__NONE;
    bool clean = false;
    hopt_status status =
        hopt_mlflow__feed_serve(mlflow->feeds[at], &mlflow->work, &side, &clean, &err);
    *gone = status == HOPT_ENOTFOUND && side == HOPT_MLFLOW__STORE;
    if (*gone) return true;
    *all_clean &= clean;
    if (status == HOPT_OK && clean) say_up(mlflow);
    if (status == HOPT_OK || status == HOPT_ESTOPPED || side != HOPT_MLFLOW__SERVER) return true;
    say_down(mlflow, &err);
    back_off(mlflow);
    return false;
}

/* @return whether all is delivered. */
static bool pass(hopt_mlflow *mlflow) {
    hopt_error err;
    bool all_clean = true;
    if (!mlflow->work.store) {
        hopt_store_options options = {.create = true, .observer = mlflow->options.observer};
        /* The master says what is wrong with the store. */
        if (hopt_store_open(&mlflow->work.store, mlflow->options.store_uri, &options, &err) !=
            HOPT_OK)
            return false;
    }
    if (list_studies(mlflow, &err) != HOPT_OK) return false;
    for (size_t i = 0; i < mlflow->n_feeds && !is_stopped(mlflow);) {
        bool gone = false;
        if (!serve(mlflow, i, &gone, &all_clean)) return false;
        if (gone)
            remove_feed(mlflow, i);
        else
            i++;
    }
    return all_clean && !is_stopped(mlflow);
}

/* With jitter: several masters shall not come back all at once. */
static int64_t pause_ms(const hopt_mlflow *mlflow) {
    if (!mlflow->retry_ms) return PASS_MS;
    return mlflow->retry_ms / 2 +
           (int64_t)(hopt_host_random_u63() % (uint64_t)(mlflow->retry_ms / 2 + 1));
}

static void wait_until(hopt_mlflow *mlflow, int64_t mono_ms) {
    struct timespec until = {.tv_sec = mono_ms / 1000, .tv_nsec = mono_ms % 1000 * 1000000};
    pthread_cond_timedwait(&mlflow->changed, &mlflow->mutex, &until);
}

/* Sleep until the next pass is due. @return the flush that it serves. */
static int64_t rest(hopt_mlflow *mlflow, int64_t seen) {
    int64_t begin_ms = hopt_clock_mono_ms(), due_ms = begin_ms + pause_ms(mlflow);
    pthread_mutex_lock(&mlflow->mutex);
    while (!atomic_load(&mlflow->stopping) && mlflow->wanted == seen) {
        bool hurry = mlflow->woken && !mlflow->retry_ms;
        int64_t at_ms = hurry ? begin_ms + SOON_MS : due_ms;
        if (hopt_clock_mono_ms() >= at_ms) break;
        wait_until(mlflow, at_ms);
    }
    mlflow->woken = false;
    int64_t wanted = mlflow->wanted;
    pthread_mutex_unlock(&mlflow->mutex);
    return wanted;
}

static void *thread_main(void *argument) {
    hopt_mlflow *mlflow = argument;
    hopt_mlflow__work *work = &mlflow->work;
    int64_t wanted = 0, flushed = 0;
    work->api = hopt_mlflow_api_new(mlflow->options.uri, is_stopped, mlflow);
    while (!is_stopped(mlflow)) {
        work->whole = wanted > flushed;
        if (pass(mlflow)) {
            flushed = wanted;
            pthread_mutex_lock(&mlflow->mutex);
            mlflow->flushed = flushed;
            pthread_mutex_unlock(&mlflow->mutex);
        }
        wanted = rest(mlflow, wanted);
    }
    for (size_t i = 0; i < mlflow->n_feeds; i++) {
        if (work->store) hopt_mlflow__feed_leave(mlflow->feeds[i], work->store);
        hopt_mlflow__feed_free(mlflow->feeds[i]);
    }
    hopt_store_close(work->store);
    hopt_mlflow_api_free(work->api);
    return NULL;
}

/* ---- the owner's side ---- */

hopt_status hopt_mlflow_check_uri(const char *uri, hopt_error *err) {
    const char *host = strncasecmp(uri, "http://", 7) == 0    ? uri + 7
                       : strncasecmp(uri, "https://", 8) == 0 ? uri + 8
                                                              : NULL;
    const char *at = host ? memchr(host, '@', strcspn(host, "/?#")) : NULL;
    if (at) host = at + 1;
    if (host && *host && *host != '/' && !strpbrk(host, "?# ")) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL,
                          "--mlflow wants the address of a tracking server, e.g. "
                          "http://127.0.0.1:5000");
}

static void make_owner(char out[HOPT_OWNER_MAX]) {
    char boot[HOPT_BOOT_ID_MAX], owner[HOPT_OWNER_TEXT_MAX];
    hopt_host_owner(owner);
    hopt_host_boot_id(boot);
    snprintf(out, HOPT_OWNER_MAX, "%.270s/%s", owner, boot);
}

hopt_mlflow *hopt_mlflow_start(const hopt_mlflow_options *options) {
    hopt_http_client_start();
    hopt_mlflow *mlflow = hopt_zalloc(1, sizeof *mlflow);
    mlflow->options = (hopt_mlflow_options){.store_uri = hopt_strdup(options->store_uri),
                                            .observer = options->observer,
                                            .study = hopt_strdup(options->study),
                                            .glob = hopt_strdup(options->glob),
                                            .uri = hopt_strdup(options->uri),
                                            .experiment = hopt_strdup(options->experiment),
                                            .artifacts = options->artifacts};
    make_owner(mlflow->owner);
    mlflow->work = (hopt_mlflow__work){.experiment_name = mlflow->options.experiment,
                                       .me = mlflow->owner,
                                       .artifacts = options->artifacts,
                                       .stopped = is_stopped,
                                       .delivered = on_delivered,
                                       .remark = add_remark,
                                       .data = mlflow};
    pthread_condattr_t attributes;
    HOPT_ASSERT(pthread_condattr_init(&attributes) == 0);
    HOPT_ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    HOPT_ASSERT(pthread_mutex_init(&mlflow->mutex, NULL) == 0);
    HOPT_ASSERT(pthread_cond_init(&mlflow->changed, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    HOPT_ASSERT(pthread_create(&mlflow->thread, NULL, thread_main, mlflow) == 0);
    return mlflow;
}

void hopt_mlflow_wake(hopt_mlflow *mlflow) {
    pthread_mutex_lock(&mlflow->mutex);
    bool news = !mlflow->woken;
    mlflow->woken = true;
    pthread_mutex_unlock(&mlflow->mutex);
    if (news) pthread_cond_signal(&mlflow->changed);
}

void hopt_mlflow_say(hopt_mlflow *mlflow) {
    remark taken[REMARKS_MAX];
    pthread_mutex_lock(&mlflow->mutex);
    int n = mlflow->n_remarks;
    memcpy(taken, mlflow->remarks, (size_t)n * sizeof taken[0]);
    mlflow->n_remarks = 0;
    pthread_mutex_unlock(&mlflow->mutex);
    for (int i = 0; i < n; i++) {
        hopt_log(taken[i].warning ? HOPT_LOG_WARN : HOPT_LOG_INFO, "%s", taken[i].text);
        free(taken[i].text);
    }
}

int64_t hopt_mlflow_delivered(hopt_mlflow *mlflow) {
    return atomic_load(&mlflow->delivered);
}

void hopt_mlflow_flush(hopt_mlflow *mlflow) {
    pthread_mutex_lock(&mlflow->mutex);
    mlflow->wanted++;
    pthread_mutex_unlock(&mlflow->mutex);
    pthread_cond_signal(&mlflow->changed);
}

bool hopt_mlflow_flushed(hopt_mlflow *mlflow) {
    pthread_mutex_lock(&mlflow->mutex);
    bool done = mlflow->flushed == mlflow->wanted;
    pthread_mutex_unlock(&mlflow->mutex);
    return done;
}

void hopt_mlflow_stop(hopt_mlflow *mlflow) {
    if (!mlflow) return;
    pthread_mutex_lock(&mlflow->mutex);
    atomic_store(&mlflow->stopping, true);
    pthread_mutex_unlock(&mlflow->mutex);
    pthread_cond_signal(&mlflow->changed);
    pthread_join(mlflow->thread, NULL);
    hopt_mlflow_say(mlflow);
    pthread_cond_destroy(&mlflow->changed);
    pthread_mutex_destroy(&mlflow->mutex);
    free((char *)mlflow->options.store_uri);
    free((char *)mlflow->options.study);
    free((char *)mlflow->options.glob);
    free((char *)mlflow->options.uri);
    free((char *)mlflow->options.experiment);
    free(mlflow->feeds);
    free(mlflow);
}
