#include "tests/worker/slot.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"

static void expand(hopt_buf *out, const slot *s, const char *text) {
    for (; *text; text++) {
        if (text[0] == '%' && text[1] == 'O')
            hopt_buf_text(out, TEST_OBJECTIVE), text++;
        else if (text[0] == '%' && text[1] == 'D')
            hopt_buf_text(out, s->dir), text++;
        else if (text[0] == '%' && text[1] == 'P')
            hopt_buf_text(out, TEST_PLUGINS), text++;
        else
            hopt_buf_char(out, *text);
    }
}

void slot_open(slot *s, const char *objective, const char *rules) {
    memset(s, 0, sizeof *s);
    const char *base = getenv("TEST_SLOT_DIR");
    snprintf(s->dir, sizeof s->dir, "%s/hopt-slot-XXXXXX", base ? base : "/tmp");
    CHECK(mkdtemp(s->dir), "no folder");
    s->workdir = hopt_format("%s/work", s->dir);
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_text(&text,
                  "{\"name\":\"test\",\"space\":{\"x\":{\"_type\":\"uniform\",\"_value\":[0,10]},"
                  "\"m\":{\"_type\":\"choice\",\"_value\":[{\"_name\":\"a\",\"k\":{\"_type\":"
                  "\"randint\",\"_value\":[0,9]}},{\"_name\":\"b\",\"z\":{\"_type\":\"uniform\",\"_"
                  "value\":[0,1]}}]}},"
                  "\"stop\":{\"max_trials\":10},\"objective\":");
    expand(&text, s, objective);
    if (rules) hopt_buf_print(&text, ",%s", rules);
    hopt_buf_text(&text, "}");
    hopt_errors errors = {0};
    hopt_status status =
        hopt_study_spec_parse(&s->spec, text.data, text.length, NULL, NULL, 0, &errors);
    CHECK(status == HOPT_OK, "%s: %s", text.data, errors.list[0].message);
    hopt_buf_clear(&text);
    CHECK(uv_loop_init(&s->loop) == 0, "loop");
    static char plugin[4096];
    if (s->spec->objective.plugin)
        snprintf(plugin, sizeof plugin, "%s/%s", TEST_PLUGINS, s->spec->objective.plugin);
    static const char *env[] = {"TEST_EXTRA=yes", NULL, NULL};
    static char dir[300];
    snprintf(dir, sizeof dir, "TEST_DIR=%s", s->dir);
    env[1] = dir;
    hopt_sandbox_options options = {.slot = 3,
                                    .spec = s->spec,
                                    .runner = TEST_RUNNER,
                                    .workdir = s->workdir,
                                    .plugin = plugin,
                                    .cwd = s->dir,
                                    .env = env};
    s->sandbox = hopt_sandbox_new(&s->loop, &options);
}

static bool on_report(void *data, int64_t step, double loss) {
    slot *s = data;
    s->reports++;
    s->last_step = step;
    s->last_loss = loss;
    return s->stop_at_step && step >= s->stop_at_step;
}

static void on_attach(void *data, const char *name, int fd, int64_t size) {
    slot *s = data;
    char text[100];
    snprintf(s->attached_name, sizeof s->attached_name, "%s", name);
    ssize_t got = read(fd, text, sizeof text);
    int64_t wanted = size < (int64_t)sizeof text ? size : (int64_t)sizeof text;
    CHECK(got == wanted, "read %zd of %lld", got, (long long)size);
    hopt_buf_reset(&s->attached);
    hopt_buf_add(&s->attached, text, (size_t)got);
    close(fd);
}

static void on_end(void *data, const hopt_result *result, const hopt_sandbox_log *log) {
    slot *s = data;
    CHECK(!hopt_sandbox_busy(s->sandbox), "busy in on_end");
    hopt_result_clear(&s->result);
    hopt_result_copy(&s->result, result);
    hopt_buf_reset(&s->head);
    hopt_buf_reset(&s->tail);
    hopt_buf_add(&s->head, log->head, log->head_length);
    hopt_buf_add(&s->tail, log->tail, log->tail_length);
    s->printed = log->total;
    s->ended++;
}

void slot_begin(slot *s, int num) {
    hopt_trial *trial = hopt_trial_new();
    double *point = hopt_zalloc((size_t)hopt_space_size(s->spec->space), sizeof *point);
    for (int i = 0; i < hopt_space_size(s->spec->space); i++)
        point[i] = NAN;
    point[hopt_space_find(s->spec->space, "x")] = 2.5;
    point[hopt_space_find(s->spec->space, "m")] = 0;
    point[hopt_space_find(s->spec->space, "m/a/k")] = 4;
    trial->num = num;
    trial->seed = 99;
    trial->lease = 2;
    trial->vals = hopt_space_vals(s->spec->space, point);
    trial->params = hopt_space_resolve(s->spec->space, point);
    free(point);
    s->ended = 0;
    s->reports = 0;
    hopt_sandbox_start(s->sandbox, trial,
                       (hopt_sandbox_callbacks){on_report, on_attach, on_end, NULL}, s);
    CHECK(s->ended == 0, "ended inside start()");
    CHECK(hopt_sandbox_busy(s->sandbox), "not busy");
    hopt_trial_free(trial);
}

int64_t slot_now_ms(void) {
    return (int64_t)(uv_hrtime() / 1000000);
}

static void on_tick(uv_timer_t *timer) {
    (void)timer; /* only wakes the loop */
}

static void turn_until(slot *s, bool ended, int64_t until_ms) {
    uv_timer_t *tick = hopt_zalloc(1, sizeof *tick);
    uv_timer_init(&s->loop, tick);
    uv_timer_start(tick, on_tick, 5, 5);
    do { /* once at least, even where the time has passed before it begins */
        uv_run(&s->loop, UV_RUN_ONCE);
    } while (!(ended && s->ended) && slot_now_ms() < until_ms);
    uv_close((uv_handle_t *)tick, (uv_close_cb)free);
}

void slot_wait(slot *s) {
    turn_until(s, true, slot_now_ms() + SLOT_PATIENCE_MS);
    CHECK(s->ended == 1, "no end after %d s", SLOT_PATIENCE_MS / 1000);
}

void slot_turn(slot *s, int ms) {
    turn_until(s, false, slot_now_ms() + ms);
}

const hopt_result *slot_run(slot *s, int num) {
    slot_begin(s, num);
    slot_wait(s);
    return &s->result;
}

static void on_closed(void *data) {
    ((slot *)data)->closed = true;
}

void slot_close(slot *s) {
    hopt_sandbox_close(s->sandbox, on_closed, s);
    int64_t limit = slot_now_ms() + SLOT_PATIENCE_MS;
    while (!s->closed && slot_now_ms() < limit)
        uv_run(&s->loop, UV_RUN_NOWAIT);
    CHECK(s->closed, "not closed after %d s", SLOT_PATIENCE_MS / 1000);
    while (uv_run(&s->loop, UV_RUN_NOWAIT))
        ;
    CHECK(uv_loop_close(&s->loop) == 0, "the loop still has handles");
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a child is left");
    CHECK(hopt_sandbox_remove(s->dir), "folder stays");
    hopt_result_clear(&s->result);
    hopt_buf_clear(&s->head);
    hopt_buf_clear(&s->tail);
    hopt_buf_clear(&s->attached);
    hopt_study_spec_free(s->spec);
    free(s->workdir);
}

void slot_expect(const char *objective, const char *rules, hopt_state state, const char *word,
                 const char *message) {
    slot s;
    slot_open(&s, objective, rules);
    const hopt_result *result = slot_run(&s, 1);
    const char *got = result->state == HOPT_DONE    ? result->status_fail
                      : result->state == HOPT_ERROR ? result->error_type
                                                    : result->stop;
    CHECK(result->state == state, "%s: %s %s: %s", objective, hopt_state_name(result->state),
          got ? got : "", result->error_message ? result->error_message : "");
    CHECK(!word == !got && (!word || strcmp(word, got) == 0), "%s: %s: %s", objective, got,
          result->error_message);
    CHECK(!message || (result->error_message && strstr(result->error_message, message)), "%s: %s",
          objective, result->error_message ? result->error_message : "no message");
    slot_close(&s);
}

bool slot_noted(const char *dir, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

int slot_pid(const char *dir, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (int64_t end = slot_now_ms() + SLOT_PATIENCE_MS; slot_now_ms() < end;) {
        int pid = 0;
        FILE *file = fopen(path, "r");
        if (file) {
            int got = fscanf(file, "%d", &pid);
            fclose(file);
            if (got == 1) return pid;
        }
        usleep(1000);
    }
    CHECK(false, "%s: never written", path);
    return 0;
}

void slot_forget(const char *dir, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK(unlink(path) == 0, "%s: not there", path);
}

/* What /proc says of a process: false if there is none. */
static bool look_at(int pid, char *state, int *parent) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[got] = '\0';
    const char *after = strrchr(text, ')');
    return after && sscanf(after + 1, " %c %d", state, parent) == 2;
}

bool slot_alive(int pid) {
    char state;
    int parent;
    return look_at(pid, &state, &parent) && state != 'Z' && state != 'X';
}

int slot_parent(int pid) {
    char state;
    int parent;
    return look_at(pid, &state, &parent) ? parent : -1;
}

int slot_gone(int pid, int limit_ms) {
    int64_t start = slot_now_ms();
    for (int looks = 0; slot_alive(pid); looks++) {
        if (looks > limit_ms && slot_now_ms() - start > limit_ms) return -1;
        usleep(1000);
    }
    return (int)(slot_now_ms() - start);
}
