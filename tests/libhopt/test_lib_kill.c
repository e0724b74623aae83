/* A host that is killed in the middle loses nothing: the next one takes up what it was at. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/libhopt/check.h"
#include "tests/libhopt/databases.h"

enum { TRIALS = 40, KILLS = 3, SLOTS = 2, PATIENCE_S = 120 };

/* What an evaluation tells the test: which one, and in which process. */
typedef struct note {
    int64_t num;
    pid_t pid;
} note;

/* What a host's evaluations share, its children too. */
typedef struct host {
    int fd;
    int hang_at; /* this evaluation waits to be killed; 0: none */
    atomic_int *begun;
} host;

static hopt_study *open_study(const char *store) {
    hopt_study *study;
    hopt_study_options options;
    hopt_study_options_init(&options);
    options.store = store;
    options.settings = "{\"trial.max_attempts\": 50}";
    OK(hopt_study_from_text(&study, "{\"x\": {\"_type\": \"uniform\", \"_value\": [-5, 5]}}",
                            &options, &why));
    return study;
}

static int slow(hopt_eval *eval, double *loss, void *context) {
    note say = {hopt_eval_num(eval), getpid()};
    double x;
    CHECK(hopt_eval_real(eval, "x", &x) == 0);
    const host *self = context;
    int count = atomic_fetch_add(self->begun, 1) + 1;
    CHECK(write(self->fd, &say, sizeof say) == sizeof say);
    usleep(5000);
    if (count == self->hang_at) sleep(PATIENCE_S);
    *loss = x * x;
    return HOPT_EVAL_OK;
}

static void run(const char *store, int mode, int fd, int hang_at) {
    host self = {
        fd, hang_at,
        mmap(NULL, sizeof(atomic_int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    CHECK(self.begun != MAP_FAILED);
    hopt_study *study = open_study(store);
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = TRIALS;
    options.mode = mode;
    options.parallelism = mode == HOPT_MODE_PROCESSES ? SLOTS : 1;
    OK(hopt_fmin(study, slow, &self, &options, NULL, &why));
    hopt_study_close(study);
}

static void wait_gone(pid_t pid) {
    time_t until = time(NULL) + PATIENCE_S;
    while (kill(pid, 0) == 0 || errno != ESRCH) {
        CHECK(time(NULL) < until);
        usleep(10000);
    }
}

/* One host, killed when it has begun some evaluations. */
static void killed_host(const char *store, int mode, int begins) {
    int fds[2], status;
    note last = {0, 0};
    CHECK(pipe(fds) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        run(store, mode, fds[1], begins);
        _exit(3); /* it was to be killed before that */
    }
    close(fds[1]);
    for (int i = 0; i < begins; i++)
        CHECK(read(fds[0], &last, sizeof last) == sizeof last);
    CHECK(kill(pid, SIGKILL) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
    close(fds[0]);
    if (mode == HOPT_MODE_PROCESSES) wait_gone(last.pid); /* its children die with it */
}

static void check_all(const char *store) {
    hopt_study *study = open_study(store);
    int64_t counts[5];
    int again = 0;
    OK(hopt_study_counts(study, counts, &why));
    CHECK(counts[HOPT_TRIAL_DONE] == TRIALS);
    CHECK(counts[HOPT_TRIAL_NEW] + counts[HOPT_TRIAL_RUNNING] + counts[HOPT_TRIAL_ERROR] +
              counts[HOPT_TRIAL_CANCEL] ==
          0);
    for (int num = 0; num < TRIALS; num++) {
        hopt_info *info;
        OK(hopt_study_trial(study, num, &info, &why));
        CHECK(strcmp(hopt_info_status(info), "ok") == 0);
        again += strstr(hopt_info_json(info), "\"attempt\":1,") == NULL;
        hopt_info_free(info);
    }
    /* What ran when a host was killed was begun again. */
    CHECK(again >= KILLS && again <= KILLS * SLOTS);
    printf("%d trials, %d hosts killed, %d evaluations begun again\n", TRIALS, KILLS, again);
    fflush(stdout); /* or the next host prints it too */
    hopt_study_close(study);
}

static void kills(const char *folder, const char *name, int mode) {
    char uri[128];
    int null[2];
    store_in(uri, folder, name);
    for (int i = 0; i < KILLS; i++)
        killed_host(uri, mode, 5 + 3 * i);
    CHECK(pipe(null) == 0);
    run(uri, mode, null[1], 0);
    check_all(uri);
    close(null[0]);
    close(null[1]);
}

int main(int argc, char **argv) {
    char folder[] = "/tmp/hopt-lib-kill-XXXXXX";
    if (argc > 1 && strcmp(argv[1], "mongo") == 0 && !use_mongo()) {
        puts("HOPT_TEST_MONGO_URI is not set");
        const char *known = getenv("HOPT_TEST_MONGO");
        return known && strcmp(known, "skip") == 0 ? 77 : 1;
    }
    CHECK(mkdtemp(folder));
    kills(folder, "threads", HOPT_MODE_THREADS);
    kills(folder, "processes", HOPT_MODE_PROCESSES);
    remove_stores(folder);
    return 0;
}
