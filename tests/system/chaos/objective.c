/*
 * The objective of the chaos test: chaos_objective LOG X. It sleeps 50 to 300 ms, now and then
 * longer than a lease, and notes its start and its end in LOG, each by one write of its own:
 *
 *   S num attempt lease pid runner worker microseconds
 *   E num lease pid worker microseconds loss
 *
 * Times are of the monotonic clock, so they compare between processes whatever their wall clocks
 * say. `worker` is CHAOS_WORKER, which the test gives each worker. The result names who computed
 * it: the checker looks for that in the store.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *env(const char *name) {
    const char *value = getenv(name);
    return value ? value : "-";
}

static long long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* O_APPEND and one write: lines of many processes never mix. */
static int note(const char *path, const char *line) {
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return -1;
    ssize_t wrote = write(fd, line, strlen(line));
    close(fd);
    return wrote == (ssize_t)strlen(line) ? 0 : -1;
}

/* The trial's own duration, the same at every attempt. */
static int duration_ms(uint64_t seed) {
    enum { LONG_ONE_IN = 12 };
    seed = (seed ^ (seed >> 31)) * UINT64_C(0x9E3779B97F4A7C15);
    uint32_t word = (uint32_t)(seed >> 32);
    if (word % LONG_ONE_IN == 0) return 2500 + (int)(word / LONG_ONE_IN % 2000);
    return 50 + (int)(word % 251);
}

static void nap(int ms) {
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0)
        ;
}

int main(int argc, char **argv) {
    char line[512];
    if (argc != 3) return 2;
    double x = strtod(argv[2], NULL), loss = (x - 1) * (x - 1);
    int pid = (int)getpid(), ms = duration_ms(strtoull(env("HOPT_SEED"), NULL, 10));
    snprintf(line, sizeof line, "S %s %s %s %d %d %s %lld\n", env("HOPT_TRIAL"),
             env("HOPT_ATTEMPT"), env("HOPT_LEASE"), pid, (int)getppid(), env("CHAOS_WORKER"),
             now_us());
    if (note(argv[1], line) != 0) return 3;
    for (int step = 0; ms > 500; step++, ms -= 500) {
        printf("{\"report\":{\"step\":%d,\"loss\":%.17g}}\n", step, loss + ms);
        fflush(stdout);
        nap(500);
    }
    nap(ms);
    snprintf(line, sizeof line, "E %s %s %d %s %lld %.17g\n", env("HOPT_TRIAL"), env("HOPT_LEASE"),
             pid, env("CHAOS_WORKER"), now_us(), loss);
    if (note(argv[1], line) != 0) return 3;
    printf("{\"loss\":%.17g,\"lease\":%s,\"pid\":%d,\"by\":\"%s\"}\n", loss, env("HOPT_LEASE"), pid,
           env("CHAOS_WORKER"));
    return 0;
}
