/* Runs every case of the suite against one kind of store: test_conformance sqlite|mongo [CASE...].
 * Environment: HOPT_TEST_MONGO_URI, HOPT_TEST_MONGO=skip, HOPT_TEST_SEED. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/conformance/conformance.h"

enum { CASE_SECONDS = 240 };

const backend *BACKEND;
char URI[1024];
hopt_error E;
uint64_t SEED;

static const test_case *const files[] = {study_cases,  queue_cases,   master_cases, read_cases,
                                         extra_cases,  race_cases,    crash_cases,  model_cases,
                                         driven_cases, sampler_cases, sink_cases};

/* @return 0, SKIPPED, or how it failed. */
static int run_case(const test_case *test, int number) {
    if (!BACKEND->fresh(URI, sizeof URI, number)) return 1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        alarm(CASE_SECONDS);
        test->run();
        exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    kill(-pid, SIGKILL); /* what a failed case has left behind */
    BACKEND->drop(URI);
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    printf("     ended by signal %d\n", WTERMSIG(status));
    return 1;
}

static bool wanted(const char *name, int count, char **names) {
    for (int i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) return true;
    }
    return count == 0;
}

static const backend *find_backend(const char *kind) {
    if (strcmp(kind, "sqlite") == 0) return &sqlite_backend;
#ifdef HOPT_STORE_MONGO
    if (strcmp(kind, "mongo") == 0) return &mongo_backend;
#endif
    return NULL;
}

static int run_all(int count, char **names) {
    int done = 0, bad = 0, skipped = 0;
    for (size_t f = 0; f < HOPT_COUNT(files); f++) {
        for (const test_case *test = files[f]; test->name; test++) {
            if (!wanted(test->name, count, names)) continue;
            double start = now_s();
            int code = run_case(test, ++done);
            const char *word = code == 0 ? "ok" : code == SKIPPED ? "skip" : "FAIL";
            printf("%-4s %s (%.1f s)\n", word, test->name, now_s() - start);
            bad += code != 0 && code != SKIPPED;
            skipped += code == SKIPPED;
        }
    }
    printf("%s: %d cases, %d failed, %d skipped, seed %llu\n", BACKEND->kind, done, bad, skipped,
           (unsigned long long)SEED);
    return bad || done == 0 ? 1 : 0;
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    BACKEND = argc > 1 ? find_backend(argv[1]) : NULL;
    if (!BACKEND) {
        fprintf(stderr, "usage: test_conformance sqlite|mongo [CASE...]\n");
        return 2;
    }
    const char *choice = getenv("HOPT_TEST_MONGO"), *seed = getenv("HOPT_TEST_SEED");
    if (strcmp(BACKEND->kind, "mongo") == 0 && choice && strcmp(choice, "skip") == 0) {
        printf("SKIP conformance of the MongoDB store: HOPT_TEST_MONGO=skip\n");
        return SKIPPED;
    }
    SEED = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    return run_all(argc - 2, argv + 2);
}
