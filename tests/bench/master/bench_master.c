/*
 * What a master costs: bench_master URI [TRIALS...]. For each sampler and number of ended trials in
 * the study: the time from opening the store to the first proposal, the memory then, proposals per
 * second through the keeper (so with the store's writes) and of the sampler alone. Each in a
 * process of its own. It makes studies named bench-... in that store and deletes them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/store/store.h"
#include "master/enroll.h"
#include "master/keeper.h"
#include "master/proposer.h"

enum { AHEAD = 200, ROUNDS = 3, BATCH = 1000 };

static const char *uri;

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void must(hopt_status status, const hopt_error *err) {
    if (status == HOPT_OK) return;
    fprintf(stderr, "bench_master: %s\n", err->message);
    exit(1);
}

static double resident_mb(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*u %lu", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static hopt_store *open_store(void) {
    hopt_store_options options = {.create = true, .timeout_ms = 60000};
    hopt_store *store;
    hopt_error err = {0};
    must(hopt_store_open(&store, uri, &options, &err), &err);
    return store;
}

/* ---- a study with ended trials ---- */

/* Five parameters, two of them conditional. */
static hopt_study_spec *make_spec(const char *name, const char *sampler) {
    char *text = hopt_format(
        "{\"name\":\"%s\",\"space\":{\"a\":{\"_type\":\"uniform\",\"_value\":[-5,5]},"
        "\"b\":{\"_type\":\"loguniform\",\"_value\":[1e-4,10]},"
        "\"model\":{\"_type\":\"choice\",\"_value\":["
        "{\"_name\":\"svm\",\"c\":{\"_type\":\"loguniform\",\"_value\":[0.01,100]}},"
        "{\"_name\":\"forest\",\"trees\":{\"_type\":\"quniform\",\"_value\":[10,300,10]}}]}},"
        "\"objective\":{\"command\":[\"true\"]},\"sampler\":{\"name\":\"%s\",\"seed\":1},"
        "\"stop\":{\"max_trials\":1000000},\"queue\":{\"ahead\":%d}}",
        name, sampler, AHEAD);
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    must(hopt_study_spec_parse(&spec, text, strlen(text), NULL, NULL, 0, &errors), &errors.list[0]);
    free(text);
    return spec;
}

static hopt_trial *ended_trial(hopt_proposer *proposer, const hopt_study_record *study, int num,
                               int64_t tid) {
    hopt_trial *trial;
    hopt_error err = {0};
    must(hopt_proposer_propose(proposer, &trial, num, &err), &err);
    trial->id = hopt_trial_id_make(study->prefix, num);
    trial->tid = tid;
    trial->by = hopt_strdup("bench:1:00000000");
    trial->owner = hopt_strdup("bench:1:00000001");
    trial->state = HOPT_DONE;
    trial->lease = 1;
    trial->version = 2;
    double a = json_real_value(json_array_get(json_object_get(trial->vals, "a"), 0));
    trial->result = (hopt_result){
        .state = HOPT_DONE, .ok = true, .has_loss = true, .loss = a * a + num % 97, .ms = 5};
    trial->book_ms = trial->refresh_ms = trial->end_ms = INT64_C(1700000000000);
    return trial;
}

static void make_study(const char *name, const char *sampler, int trials) {
    hopt_error err = {0};
    hopt_store *store = open_store();
    hopt_study_spec *spec = make_spec(name, sampler), *random = make_spec(name, "random");
    hopt_study_record *study;
    hopt_enrolled how;
    hopt_proposer *proposer;
    must(hopt_enroll(store, &study, &how, spec, &err), &err);
    must(hopt_proposer_open(&proposer, random, 1, &err), &err);
    for (int at = 0; at < trials; at += BATCH) {
        hopt_trials list = {0};
        size_t inserted;
        int64_t tid;
        must(hopt_store_tids(store, &tid, BATCH, &err), &err);
        for (int i = 0; i < BATCH && at + i < trials; i++)
            hopt_trials_add(&list, ended_trial(proposer, study, at + i, tid + i));
        must(hopt_store_import(store, list.list, list.count, &inserted, &err), &err);
        hopt_trials_clear(&list);
    }
    hopt_proposer_close(proposer);
    hopt_study_free(study);
    hopt_study_spec_free(spec);
    hopt_study_spec_free(random);
    hopt_store_close(store);
}

/* ---- measurements ---- */

/* @return how many trials it queued. */
static int tick(hopt_keeper *keeper, hopt_store *store) {
    hopt_error err = {0};
    hopt_keeper_news news = {0};
    must(hopt_keeper_tick(keeper, store, true, &news, &err), &err);
    int queued = news.queued;
    if (queued < AHEAD) {
        fprintf(stderr, "bench_master: %d proposals instead of %d\n", queued, AHEAD);
        exit(1);
    }
    hopt_keeper_news_clear(&news);
    return queued;
}

/* The sampler alone: proposals that nobody evaluates, in a history of all the trials. */
static double sampler_rate(hopt_store *store, const char *name) {
    hopt_error err = {0};
    hopt_study_spec *spec;
    hopt_proposer *proposer;
    must(hopt_enrolled_study(store, NULL, &spec, name, &err), &err);
    must(hopt_proposer_open(&proposer, spec, 1, &err), &err);
    hopt_trial_query query = {.study = name, .after = -1, .limit = 1000, .brief = true};
    for (;;) {
        hopt_trials page = {0};
        must(hopt_store_trials(store, &page, &query, NULL, &err), &err);
        for (size_t i = 0; i < page.count; i++)
            must(hopt_proposer_add(proposer, page.list[i], &err), &err);
        bool last = page.count == 0;
        if (!last) query.after = page.list[page.count - 1]->num;
        hopt_trials_clear(&page);
        if (last) break;
    }
    double began = now_s();
    int n = 0;
    for (; n < 20000 && (n < 50 || now_s() - began < 1); n++) {
        hopt_trial *trial;
        must(hopt_proposer_propose(proposer, &trial, query.after + 1 + n, &err), &err);
        hopt_trial_free(trial);
    }
    double rate = n / (now_s() - began);
    hopt_proposer_close(proposer);
    hopt_study_spec_free(spec);
    return rate;
}

static void measure(const char *name, const char *sampler, int trials) {
    hopt_error err = {0};
    double before_mb = resident_mb(), began = now_s();
    hopt_store *store = open_store();
    hopt_keeper_options options = {
        .study = name, .owner = "bench:1:00000002", .poll_ms = 1000, .away_ms = 1000};
    hopt_keeper *keeper = hopt_keeper_new(&options);
    int first = tick(keeper, store);
    double first_s = now_s() - began, after_mb = resident_mb(), each_s = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        must(hopt_store_cancel_new(store, name, 0, "bench", NULL, &err), &err);
        began = now_s();
        int queued = tick(keeper, store);
        double one_s = (now_s() - began) / queued;
        if (one_s < each_s) each_s = one_s;
    }
    hopt_keeper_free(keeper, store);
    double start_s = first_s - first * each_s > 0 ? first_s - first * each_s : 0;
    printf("%-8s %9d %12.3f %12.1f %14.0f %14.0f\n", sampler, trials, start_s, after_mb - before_mb,
           1 / each_s, sampler_rate(store, name));
    must(hopt_store_study_delete(store, name, &err), &err);
    hopt_store_close(store);
}

static void in_child(void (*work)(const char *, const char *, int), const char *name,
                     const char *sampler, int trials) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        work(name, sampler, trials);
        fflush(NULL);
        _exit(0);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid || status) exit(1);
}

int main(int argc, char **argv) {
    static const char *const samplers[] = {"random", "tpe"};
    static const int sizes[] = {1000, 10000, 100000};
    if (argc < 2) {
        fprintf(stderr, "usage: bench_master URI [TRIALS...]\n");
        return 2;
    }
    uri = argv[1];
    printf("%-8s %9s %12s %12s %14s %14s\n", "sampler", "trials", "start-up s", "memory MB",
           "proposals/s", "sampler only/s");
    for (int s = 0; s < (int)HOPT_COUNT(samplers); s++) {
        for (int i = 0; i < (argc > 2 ? argc - 2 : (int)HOPT_COUNT(sizes)); i++) {
            int trials = argc > 2 ? atoi(argv[i + 2]) : sizes[i];
            char name[HOPT_STUDY_NAME_MAX];
            snprintf(name, sizeof name, "bench-%s-%d", samplers[s], trials);
            in_child(make_study, name, samplers[s], trials);
            in_child(measure, name, samplers[s], trials);
        }
    }
    printf("start-up: from opening the store until the history is read; proposals with the store's "
           "writes, %d in a tick\n",
           AHEAD);
    return 0;
}
