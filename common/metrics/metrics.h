/**
 * What a program counts and measures, and its text for Prometheus (text format 0.0.4).
 *
 * A registry has series: counters and histograms, which any thread may raise without a lock, and
 * collectors, which write samples of what their owner knows at the moment of reading. A series is
 * made once and lives as long as its registry. Series of one name share help and type. There is no
 * global registry: a program owns one and hands single series to those who measure.
 */
#ifndef HOPT_METRICS_METRICS_H
#define HOPT_METRICS_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

typedef struct hopt_metrics hopt_metrics;
typedef struct hopt_counter hopt_counter;
typedef struct hopt_histogram hopt_histogram;

hopt_metrics *hopt_metrics_new(void);
void hopt_metrics_free(hopt_metrics *metrics);

/**
 * The counter of this name and label, made when it is not there. Thread-safe.
 * @param name   a valid metric name that ends in _total; constant text, as are help and label.
 * @param label  its only label, or NULL: none.
 * @param value  the label's value, any text; copied.
 */
hopt_counter *hopt_metrics_counter(hopt_metrics *metrics, const char *name, const char *help,
                                   const char *label, const char *value);
/** Thread-safe, and takes no lock. NULL: nothing happens. */
void hopt_counter_add(hopt_counter *counter, uint64_t n);
uint64_t hopt_counter_value(const hopt_counter *counter);

/** Upper bounds of a histogram's buckets, in nanoseconds, rising; one without bound follows. */
typedef struct hopt_buckets {
    const int64_t *bounds_ns; /**< constant */
    size_t count;             /**< at most HOPT_BUCKETS_MAX */
} hopt_buckets;
enum { HOPT_BUCKETS_MAX = 20 };
/** For what a program computes: 0.01 ms to 10 s. */
extern const hopt_buckets hopt_buckets_compute;
/** For calls of a store and the like: 0.05 ms to 10 s; few, as there are many kinds of calls. */
extern const hopt_buckets hopt_buckets_call;
/** For waiting: 1 ms to an hour. */
extern const hopt_buckets hopt_buckets_wait;

/** The histogram of durations of this name and label: as hopt_metrics_counter(). */
hopt_histogram *hopt_metrics_histogram(hopt_metrics *metrics, const char *name, const char *help,
                                       const char *label, const char *value,
                                       const hopt_buckets *buckets);
/** Thread-safe, and takes no lock. NULL: nothing happens; a negative duration is taken as 0. */
void hopt_histogram_observe(hopt_histogram *histogram, int64_t duration_ns);
/** How many were observed. */
uint64_t hopt_histogram_count(const hopt_histogram *histogram);

/* ---- samples that are written when they are read ---- */

/** Writes samples with the functions below; called by the thread that reads, in the order of
 * adding. */
typedef void (*hopt_collect)(void *data, hopt_buf *out);
/** Before anybody reads. @param data  outlives the registry's last reading. */
void hopt_metrics_collector(hopt_metrics *metrics, hopt_collect collect, void *data);

typedef enum hopt_metric_type { HOPT_METRIC_COUNTER, HOPT_METRIC_GAUGE } hopt_metric_type;
/** "# HELP" and "# TYPE" of a name, before its samples. */
void hopt_metric_head(hopt_buf *out, const char *name, hopt_metric_type type, const char *help);

typedef struct hopt_label {
    const char *name, *value; /**< the value: any text; bytes that are not UTF-8 are replaced */
} hopt_label;
void hopt_metric_sample(hopt_buf *out, const char *name, const hopt_label *labels, size_t n_labels,
                        double value);

/** All of it as text, appended. Thread-safe, but for what collectors read. */
void hopt_metrics_write(hopt_metrics *metrics, hopt_buf *out);
/** The Content-Type of that text. */
#define HOPT_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#endif
