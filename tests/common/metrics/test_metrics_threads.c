/* Threads that raise series, and make them, while others read: nothing is lost. For TSan too. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics/metrics.h"

enum { WRITERS = 4, READERS = 2, ROUNDS = 20000, READS = 200, NAMES = 8 };

static hopt_metrics *metrics;

static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static void *write_all(void *data) {
    (void)data;
    for (int i = 0; i < ROUNDS; i++) {
        const char *op = names[i % NAMES];
        hopt_counter_add(hopt_metrics_counter(metrics, "calls_total", "C.", "op", op), 1);
        hopt_histogram_observe(
            hopt_metrics_histogram(metrics, "call_seconds", "H.", "op", op, &hopt_buckets_call),
            i * 1000);
    }
    return NULL;
}

/* In every reading the count of a histogram is that of its last bucket. */
static void *read_all(void *data) {
    int *errors = data;
    for (int i = 0; i < READS; i++) {
        hopt_buf out = HOPT_BUF_INIT;
        hopt_metrics_write(metrics, &out);
        for (const char *at = hopt_buf_string(&out); (at = strstr(at, "le=\"+Inf\"} "));) {
            at += strlen("le=\"+Inf\"} ");
            const char *count = strstr(at, "_count{");
            if (!count || atoll(at) != atoll(strchr(count, ' '))) ++*errors;
        }
        hopt_buf_clear(&out);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[WRITERS + READERS];
    int errors[READERS] = {0};
    metrics = hopt_metrics_new();
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, write_all, NULL);
    for (int i = 0; i < READERS; i++)
        pthread_create(&threads[WRITERS + i], NULL, read_all, &errors[i]);
    for (int i = 0; i < WRITERS + READERS; i++)
        pthread_join(threads[i], NULL);
    uint64_t counted = 0, observed = 0;
    for (int i = 0; i < NAMES; i++) {
        counted +=
            hopt_counter_value(hopt_metrics_counter(metrics, "calls_total", "C.", "op", names[i]));
        observed += hopt_histogram_count(hopt_metrics_histogram(metrics, "call_seconds", "H.", "op",
                                                                names[i], &hopt_buckets_call));
    }
    hopt_metrics_free(metrics);
    if (counted == WRITERS * ROUNDS && observed == counted && errors[0] + errors[1] == 0) {
        printf("metrics: %llu raised, none lost\n", (unsigned long long)counted);
        return 0;
    }
    printf("counted %llu, observed %llu of %d; %d readings disagree with themselves\n",
           (unsigned long long)counted, (unsigned long long)observed, WRITERS * ROUNDS,
           errors[0] + errors[1]);
    return 1;
}
