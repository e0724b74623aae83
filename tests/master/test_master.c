/* The master on its loop, against a SQLite file: what its callbacks hear, and that it closes. */
#include "master/master.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/store/store.h"
#include "common/sys/clock.h"
#include "master/enroll.h"

enum { STEP_MS = 20, LONGEST_MS = 240000 };

typedef struct bench {
    char dir[64];
    char *uri;
    hopt_store *store; /* the test's own connection */
    uv_loop_t loop;
    uv_timer_t timer;
    hopt_master *master;
    int64_t start_ms;
    int stage;
    int queued;     /* calls of on_queued */
    int ended;      /* of on_trial */
    int complaints; /* of on_warning about "broken" */
    bool deleted;   /* on_view said so */
    int worked;     /* trials that the test has ended */
    bool master_gone;
} bench;

static hopt_error err;

static void must(hopt_status status, int line) {
    if (status == HOPT_OK) return;
    fprintf(stderr, "line %d: %s\n", line, err.message);
    abort();
}
#define OK(call) must((call), __LINE__)

static void add_study(bench *b, const char *name) {
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    hopt_study_record *study;
    hopt_enrolled how;
    char *text = hopt_format("{\"name\":\"%s\",\"space\":{\"x\":{\"_type\":\"uniform\",\"_value\":"
                             "[0,1]}},\"sampler\":{\"name\":\"random\"}}",
                             name);
    OK(hopt_study_spec_parse(&spec, text, strlen(text), NULL, NULL, 0, &errors));
    OK(hopt_enroll(b->store, &study, &how, spec, &err));
    hopt_study_free(study);
    hopt_study_spec_free(spec);
    free(text);
}

static void break_study(bench *b, const char *name) {
    hopt_study_record *study;
    add_study(b, name);
    OK(hopt_store_study(b->store, &study, name, &err));
    OK(hopt_store_study_update(b->store, name, study->rev, -1, NULL, "{}", NULL, &err));
    hopt_study_free(study);
}

/* As a worker of this process would: claim, end, wake. */
static void work(bench *b) {
    static const char owner[] = "w:1:00000001";
    hopt_trial *trial;
    hopt_status status = hopt_store_claim(b->store, &trial, "good", owner, &err);
    if (status == HOPT_ENOTFOUND) return;
    OK(status);
    hopt_lease lease = {trial->id, "good", owner, trial->lease};
    hopt_result result = {.state = HOPT_DONE, .ok = true, .has_loss = true, .loss = b->worked};
    OK(hopt_store_finish(b->store, &lease, &result, &err));
    hopt_trial_free(trial);
    b->worked++;
    hopt_master_wake(b->master);
}

static void on_view(void *data, const hopt_master_view *view) {
    bench *b = data;
    HOPT_ASSERT(strcmp(view->spec->name, "good") == 0);
    if (view->state != HOPT_STUDY_DONE) return;
    HOPT_ASSERT(view->reason && strstr(view->reason, "deleted") && !view->leading);
    b->deleted = true;
}

static void on_trial(void *data, const hopt_study_spec *spec, const hopt_trial *trial) {
    bench *b = data;
    HOPT_ASSERT(strcmp(spec->name, "good") == 0 && trial->state == HOPT_DONE);
    b->ended++;
}

static void on_queued(void *data) {
    bench *b = data;
    b->queued++;
}

static void on_warning(void *data, const char *study, const char *message) {
    bench *b = data;
    if (strcmp(study, "broken") != 0) return;
    HOPT_ASSERT(strstr(message, "stored file"));
    b->complaints++;
}

static void on_store(void *data, const hopt_error *problem) {
    (void)data;
    HOPT_ASSERT(!problem);
}

static void on_closed(void *data) {
    bench *b = data;
    b->master_gone = true;
    uv_close((uv_handle_t *)&b->timer, NULL);
}

static void on_timer(uv_timer_t *timer) {
    bench *b = timer->data;
    HOPT_ASSERT(hopt_clock_mono_ms() - b->start_ms < LONGEST_MS);
    if (b->stage == 0) {
        if (b->worked < 20) work(b);
        if (b->ended < 20) return;
        OK(hopt_store_study_delete(b->store, "good", &err));
        b->stage = 1;
    } else if (b->stage == 1 && b->deleted) {
        b->stage = 2;
        hopt_master_wake(b->master); /* closing in the middle of a round */
        hopt_master_stop(b->master, on_closed, b);
    }
}

int main(void) {
    bench b = {.dir = "/tmp/hopt-master-XXXXXX"};
    HOPT_ASSERT(mkdtemp(b.dir));
    b.uri = hopt_format("sqlite:%s/m.db", b.dir);
    hopt_store_options create = {.create = true};
    OK(hopt_store_open(&b.store, b.uri, &create, &err));
    break_study(&b, "broken");
    add_study(&b, "good");
    HOPT_ASSERT(uv_loop_init(&b.loop) == 0 && uv_timer_init(&b.loop, &b.timer) == 0);
    b.timer.data = &b;
    hopt_master_options options = {.store_uri = b.uri,
                                   .poll_ms = 50,
                                   .on_trial = on_trial,
                                   .on_view = on_view,
                                   .on_queued = on_queued,
                                   .on_warning = on_warning,
                                   .on_store = on_store,
                                   .data = &b};
    b.start_ms = hopt_clock_mono_ms();
    b.master = hopt_master_new(&b.loop, &options);
    hopt_master_start(b.master);
    uv_timer_start(&b.timer, on_timer, STEP_MS, STEP_MS);
    uv_run(&b.loop, UV_RUN_DEFAULT);
    HOPT_ASSERT(uv_loop_close(&b.loop) == 0 && b.master_gone);
    HOPT_ASSERT(b.ended == b.worked && b.queued >= 20);
    HOPT_ASSERT(b.complaints == 1); /* not once a round */
    hopt_store_close(b.store);
    char *names[] = {"m.db", "m.db-wal", "m.db-shm"};
    for (int i = 0; i < 3; i++) {
        char *path = hopt_format("%s/%s", b.dir, names[i]);
        unlink(path);
        free(path);
    }
    HOPT_ASSERT(rmdir(b.dir) == 0);
    free(b.uri);
    puts("master: ok");
    return 0;
}
