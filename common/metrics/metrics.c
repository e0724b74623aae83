/*
 * Design notes
 * - A mutex guards the list of series, which only grows; series are never moved, so those who raise
 *   them need no lock: relaxed atomics, as no order between series is promised.
 * - Durations are whole nanoseconds, so that a sum is one atomic addition. It wraps after 584
 * years.
 * - A histogram's count is the sum of its buckets as they are read, so the two never disagree.
 */
#include "common/metrics/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/metrics/metrics_internal.h"

#define US INT64_C(1000)
#define MS (1000 * US)
#define S (1000 * MS)

static const int64_t compute_ns[] = {10 * US,    50 * US,  100 * US, 250 * US, 500 * US, 1 * MS,
                                     5 * MS / 2, 5 * MS,   10 * MS,  25 * MS,  50 * MS,  100 * MS,
                                     250 * MS,   500 * MS, 1 * S,    5 * S,    10 * S};
const hopt_buckets hopt_buckets_compute = {compute_ns, HOPT_COUNT(compute_ns)};
static const int64_t call_ns[] = {50 * US, 200 * US, 1 * MS,   5 * MS, 10 * MS,   25 * MS,
                                  50 * MS, 100 * MS, 250 * MS, 1 * S,  5 * S / 2, 10 * S};
const hopt_buckets hopt_buckets_call = {call_ns, HOPT_COUNT(call_ns)};
static const int64_t wait_ns[] = {1 * MS,   5 * MS, 10 * MS,   50 * MS, 100 * MS,
                                  500 * MS, 1 * S,  5 * S / 2, 5 * S,   10 * S,
                                  30 * S,   60 * S, 300 * S,   3600 * S};
const hopt_buckets hopt_buckets_wait = {wait_ns, HOPT_COUNT(wait_ns)};

struct hopt_counter {
    atomic_uint_fast64_t value;
};

struct hopt_histogram {
    hopt_buckets buckets;
    atomic_uint_fast64_t counts[HOPT_BUCKETS_MAX + 1]; /* not cumulated; the last has no bound */
    atomic_uint_fast64_t sum_ns;
};

/* One series; those of a name follow each other in the list. */
typedef struct series {
    const char *name, *help, *label;
    char *value;
    hopt_counter *counter; /* or */
    hopt_histogram *histogram;
} series;

typedef struct collector {
    hopt_collect collect;
    void *data;
} collector;

struct hopt_metrics {
    pthread_mutex_t mutex;
    series *list;
    size_t count, capacity;
    collector *collectors;
    size_t n_collectors, collectors_capacity;
};

hopt_metrics *hopt_metrics_new(void) {
    hopt_metrics *metrics = hopt_zalloc(1, sizeof *metrics);
    pthread_mutex_init(&metrics->mutex, NULL);
    return metrics;
}

void hopt_metrics_free(hopt_metrics *metrics) {
    if (!metrics) return;
    for (size_t i = 0; i < metrics->count; i++) {
        free(metrics->list[i].value);
        free(metrics->list[i].counter);
        free(metrics->list[i].histogram);
    }
    free(metrics->list);
    free(metrics->collectors);
    pthread_mutex_destroy(&metrics->mutex);
    free(metrics);
}

/* ---- making series ---- */

/* The series, and whether it is new: then it has neither counter nor histogram. */
static series *find_or_add(hopt_metrics *metrics, const char *name, const char *help,
                           const char *label, const char *value) {
    size_t at = metrics->count;
    for (size_t i = 0; i < metrics->count; i++) {
        series *one = &metrics->list[i];
        if (strcmp(one->name, name) != 0) continue;
        at = i + 1;
        if (!label || strcmp(one->value, value) == 0) return one;
    }
    metrics->list =
        hopt_grow(metrics->list, metrics->count, &metrics->capacity, sizeof *metrics->list);
    memmove(metrics->list + at + 1, metrics->list + at,
            (metrics->count - at) * sizeof *metrics->list);
    metrics->count++;
    metrics->list[at] = (series){
        .name = name, .help = help, .label = label, .value = hopt_strdup(label ? value : NULL)};
    return &metrics->list[at];
}

hopt_counter *hopt_metrics_counter(hopt_metrics *metrics, const char *name, const char *help,
                                   const char *label, const char *value) {
    pthread_mutex_lock(&metrics->mutex);
    series *one = find_or_add(metrics, name, help, label, value);
    HOPT_ASSERT(!one->histogram);
    if (!one->counter) one->counter = hopt_zalloc(1, sizeof *one->counter);
    hopt_counter *counter = one->counter;
    pthread_mutex_unlock(&metrics->mutex);
    return counter;
}

hopt_histogram *hopt_metrics_histogram(hopt_metrics *metrics, const char *name, const char *help,
                                       const char *label, const char *value,
                                       const hopt_buckets *buckets) {
    HOPT_ASSERT(buckets->count <= HOPT_BUCKETS_MAX);
    pthread_mutex_lock(&metrics->mutex);
    series *one = find_or_add(metrics, name, help, label, value);
    HOPT_ASSERT(!one->counter);
    if (!one->histogram) {
        one->histogram = hopt_zalloc(1, sizeof *one->histogram);
        one->histogram->buckets = *buckets;
    }
    hopt_histogram *histogram = one->histogram;
    pthread_mutex_unlock(&metrics->mutex);
    return histogram;
}

void hopt_metrics_collector(hopt_metrics *metrics, hopt_collect collect, void *data) {
    pthread_mutex_lock(&metrics->mutex);
    metrics->collectors = hopt_grow(metrics->collectors, metrics->n_collectors,
                                    &metrics->collectors_capacity, sizeof *metrics->collectors);
    metrics->collectors[metrics->n_collectors++] = (collector){collect, data};
    pthread_mutex_unlock(&metrics->mutex);
}

/* ---- measuring ---- */

void hopt_counter_add(hopt_counter *counter, uint64_t n) {
    if (counter) atomic_fetch_add_explicit(&counter->value, n, memory_order_relaxed);
}

uint64_t hopt_counter_value(const hopt_counter *counter) {
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

void hopt_histogram_observe(hopt_histogram *histogram, int64_t duration_ns) {
    if (!histogram) return;
    if (duration_ns < 0) duration_ns = 0;
    size_t at = 0;
    while (at < histogram->buckets.count && duration_ns > histogram->buckets.bounds_ns[at])
        at++;
    atomic_fetch_add_explicit(&histogram->counts[at], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_ns, (uint64_t)duration_ns, memory_order_relaxed);
}

uint64_t hopt_histogram_count(const hopt_histogram *histogram) {
    uint64_t count = 0;
    for (size_t i = 0; i <= histogram->buckets.count; i++)
        count += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
    return count;
}

/* ---- reading ---- */

static void write_counter(const series *one, hopt_buf *out) {
    hopt_label label = {one->label, one->value};
    hopt_metric__begin(out, one->name, "", &label, one->label ? 1 : 0);
    hopt_buf_print(out, " %llu\n", (unsigned long long)hopt_counter_value(one->counter));
}

static void write_histogram(const series *one, hopt_buf *out) {
    const hopt_histogram *histogram = one->histogram;
    hopt_label labels[2] = {{one->label, one->value}};
    size_t n = one->label ? 1 : 0;
    uint64_t count = 0;
    for (size_t i = 0; i <= histogram->buckets.count; i++) {
        char bound[32] = "+Inf";
        if (i < histogram->buckets.count)
            hopt_metric__number(bound, (double)histogram->buckets.bounds_ns[i] / (double)S);
        count += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
        labels[n] = (hopt_label){"le", bound};
        hopt_metric__begin(out, one->name, "_bucket", labels, n + 1);
        hopt_buf_print(out, " %llu\n", (unsigned long long)count);
    }
    uint64_t sum_ns = atomic_load_explicit(&histogram->sum_ns, memory_order_relaxed);
    hopt_metric__begin(out, one->name, "_sum", labels, n);
    hopt_buf_print(out, " %llu.%09llu\n", (unsigned long long)(sum_ns / S),
                   (unsigned long long)(sum_ns % S));
    hopt_metric__begin(out, one->name, "_count", labels, n);
    hopt_buf_print(out, " %llu\n", (unsigned long long)count);
}

void hopt_metrics_write(hopt_metrics *metrics, hopt_buf *out) {
    pthread_mutex_lock(&metrics->mutex);
    for (size_t i = 0; i < metrics->count; i++) {
        const series *one = &metrics->list[i];
        if (i == 0 || strcmp(metrics->list[i - 1].name, one->name) != 0)
            hopt_metric__head(out, one->name, one->counter ? "counter" : "histogram", one->help);
        if (one->counter)
            write_counter(one, out);
        else
            write_histogram(one, out);
    }
    pthread_mutex_unlock(&metrics->mutex);
    for (size_t i = 0; i < metrics->n_collectors; i++)
        metrics->collectors[i].collect(metrics->collectors[i].data, out);
}
