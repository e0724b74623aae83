/* Many askers at a time: threads on one handle, processes on one file. No trial is given twice,
 * none is lost. Also run under ThreadSanitizer. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "tests/libhopt/check.h"
#include "tests/libhopt/databases.h"

enum { THREADS = 4, EACH = 25, TRIALS = THREADS * EACH, PROCESSES = 3 };

static const char *const space = "{\"x\": {\"_type\": \"uniform\", \"_value\": [-5, 5]}}";

static hopt_study *open_study(const char *store, int lease_asked) {
    hopt_study *study;
    hopt_study_options options;
    hopt_study_options_init(&options);
    options.store = store;
    options.sampler = "random";
    options.lease_asked = lease_asked;
    options.settings = "{\"trial.lease_s\": 2}"; /* beats and rounds come often */
    OK(hopt_study_from_text(&study, space, &options, &why));
    return study;
}

static atomic_int given[2 * TRIALS];

static void *ask_and_tell(void *data) {
    hopt_study *study = data;
    for (int i = 0; i < EACH; i++) {
        hopt_eval *eval;
        double x;
        OK(hopt_ask(study, &eval, &why));
        CHECK(atomic_fetch_add(&given[hopt_eval_num(eval)], 1) == 0);
        CHECK(hopt_eval_real(eval, "x", &x) == 0);
        hopt_eval_report(eval, i, x);
        hopt_eval_log(eval, "asked");
        CHECK(hopt_eval_extra(eval, "i", "1") == 0);
        if (i % 5 == 0)
            OK(hopt_tell_fail(eval, "every fifth", &why));
        else
            OK(hopt_tell(eval, x * x, &why));
        hopt_eval_free(eval);
    }
    return NULL;
}

static int64_t ended(hopt_study *study) {
    int64_t counts[5];
    OK(hopt_study_counts(study, counts, &why));
    CHECK(counts[HOPT_TRIAL_NEW] == 0 && counts[HOPT_TRIAL_RUNNING] == 0);
    return counts[HOPT_TRIAL_DONE] + counts[HOPT_TRIAL_ERROR];
}

static void threads(const char *store, int lease_asked) {
    pthread_t thread[THREADS];
    hopt_study *study = open_study(store, lease_asked);
    memset(given, 0, sizeof given);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, ask_and_tell, study) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    CHECK(ended(study) == TRIALS);
    hopt_study_close(study);
}

static int square(hopt_eval *eval, double *loss, void *context) {
    double x;
    CHECK(hopt_eval_real(eval, "x", &x) == 0);
    atomic_fetch_add((atomic_int *)context, 1);
    for (int step = 0; step < 3; step++)
        if (hopt_eval_report(eval, step, x)) return HOPT_EVAL_STOPPED;
    hopt_eval_log(eval, "evaluated");
    CHECK(hopt_eval_attach(eval, "x", &x, sizeof x) == 0);
    *loss = x * x;
    return HOPT_EVAL_OK;
}

static void *fmin_beside(void *data) {
    atomic_int calls = 0;
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = 2 * TRIALS;
    options.parallelism = 3;
    OK(hopt_fmin(data, square, &calls, &options, NULL, &why));
    CHECK(calls == TRIALS);
    return NULL;
}

/* hopt_fmin() with threads while others ask, on one handle. */
static void askers_beside_fmin(void) {
    pthread_t thread[THREADS], runner;
    hopt_study *study = open_study(NULL, 1);
    memset(given, 0, sizeof given);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&thread[i], NULL, ask_and_tell, study) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    CHECK(pthread_create(&runner, NULL, fmin_beside, study) == 0);
    for (int i = 0; i < 200; i++) { /* readers */
        hopt_info *best;
        OK(hopt_study_best(study, &best, &why));
        hopt_info_free(best);
    }
    pthread_join(runner, NULL);
    CHECK(ended(study) == 2 * TRIALS);
    hopt_study_close(study);
}

static void *cancel(void *data) {
    usleep(20000);
    hopt_study_cancel(data);
    return NULL;
}

static int until_stopped(hopt_eval *eval, double *loss, void *context) {
    (void)loss, (void)context;
    for (int64_t step = 0;; step++) {
        if (hopt_eval_report(eval, step, 1)) return HOPT_EVAL_STOPPED;
        usleep(1000);
    }
}

static void cancelled_by_a_thread(int parallelism) {
    pthread_t thread;
    int64_t counts[5];
    hopt_study *study = open_study(NULL, 0);
    hopt_fmin_options options;
    hopt_fmin_options_init(&options);
    options.max_evals = 10;
    options.parallelism = parallelism;
    CHECK(pthread_create(&thread, NULL, cancel, study) == 0);
    CHECK(hopt_fmin(study, until_stopped, NULL, &options, NULL, NULL) == HOPT_ESTOPPED);
    pthread_join(thread, NULL);
    OK(hopt_study_counts(study, counts, &why));
    CHECK(counts[HOPT_TRIAL_RUNNING] == 0 && counts[HOPT_TRIAL_NEW] <= parallelism);
    hopt_study_close(study);
}

/* Processes that ask at the same time: the children are made before any thread. */
static void processes(const char *store) {
    pid_t pids[PROCESSES];
    hopt_study_close(open_study(store, 0));
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            hopt_study *study = open_study(store, 0);
            ask_and_tell(study);
            hopt_study_close(study);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
    }
    hopt_study *study = open_study(store, 0);
    CHECK(ended(study) == PROCESSES * EACH);
    hopt_study_close(study);
}

int main(int argc, char **argv) {
    char folder[] = "/tmp/hopt-lib-threads-XXXXXX", uri[128];
    if (argc > 1 && strcmp(argv[1], "mongo") == 0 && !use_mongo()) {
        puts("HOPT_TEST_MONGO_URI is not set");
        const char *known = getenv("HOPT_TEST_MONGO");
        return known && strcmp(known, "skip") == 0 ? 77 : 1;
    }
    CHECK(mkdtemp(folder));
    store_in(uri, folder, "processes");
    processes(uri);
    threads(NULL, 0);
    threads(NULL, 1);
    store_in(uri, folder, "threads");
    threads(uri, 1);
    askers_beside_fmin();
    cancelled_by_a_thread(1);
    cancelled_by_a_thread(3);
    remove_stores(folder);
    return 0;
}
