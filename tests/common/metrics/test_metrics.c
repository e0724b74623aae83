/* The registry's text, character for character. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics/metrics.h"

static char *text_of(hopt_metrics *metrics) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_metrics_write(metrics, &out);
    return hopt_buf_take(&out);
}

static void expect_text(hopt_metrics *metrics, const char *wanted) {
    char *text = text_of(metrics);
    cr_expect_str_eq(text, wanted);
    free(text);
}

Test(metrics, counters) {
    hopt_metrics *metrics = hopt_metrics_new();
    hopt_counter *plain = hopt_metrics_counter(metrics, "a_total", "Help of a.", NULL, NULL);
    hopt_counter *one = hopt_metrics_counter(metrics, "b_total", "Help of b.", "op", "one");
    hopt_counter *other = hopt_metrics_counter(metrics, "c_total", "Help of c.", NULL, NULL);
    hopt_counter *two = hopt_metrics_counter(metrics, "b_total", "Help of b.", "op", "two");
    cr_expect_eq(hopt_metrics_counter(metrics, "b_total", "Help of b.", "op", "one"), one);
    cr_expect_eq(hopt_metrics_counter(metrics, "a_total", "Help of a.", NULL, NULL), plain);
    hopt_counter_add(plain, 3);
    hopt_counter_add(one, UINT64_C(18446744073709551615));
    hopt_counter_add(two, 1);
    hopt_counter_add(two, 1);
    hopt_counter_add(other, 0);
    hopt_counter_add(NULL, 1);
    expect_text(metrics, "# HELP a_total Help of a.\n# TYPE a_total counter\na_total 3\n"
                         "# HELP b_total Help of b.\n# TYPE b_total counter\n"
                         "b_total{op=\"one\"} 18446744073709551615\nb_total{op=\"two\"} 2\n"
                         "# HELP c_total Help of c.\n# TYPE c_total counter\nc_total 0\n");
    hopt_metrics_free(metrics);
}

Test(metrics, a_histogram_is_cumulated_and_a_bound_belongs_to_its_bucket) {
    static const int64_t bounds[] = {1000000, 2500000, 1000000000};
    static const hopt_buckets buckets = {bounds, 3};
    hopt_metrics *metrics = hopt_metrics_new();
    hopt_histogram *h = hopt_metrics_histogram(metrics, "h_seconds", "H.", "op", "x", &buckets);
    hopt_histogram_observe(h, 1000000);
    hopt_histogram_observe(h, 1000001);
    hopt_histogram_observe(h, 0);
    hopt_histogram_observe(h, -5); /* a clock that was read twice in the wrong order */
    hopt_histogram_observe(h, INT64_C(3000000000));
    hopt_histogram_observe(NULL, 1);
    cr_expect_eq(hopt_histogram_count(h), 5);
    expect_text(metrics, "# HELP h_seconds H.\n# TYPE h_seconds histogram\n"
                         "h_seconds_bucket{op=\"x\",le=\"0.001\"} 3\n"
                         "h_seconds_bucket{op=\"x\",le=\"0.0025\"} 4\n"
                         "h_seconds_bucket{op=\"x\",le=\"1\"} 4\n"
                         "h_seconds_bucket{op=\"x\",le=\"+Inf\"} 5\n"
                         "h_seconds_sum{op=\"x\"} 3.002000001\nh_seconds_count{op=\"x\"} 5\n");
    hopt_metrics_free(metrics);
}

static void collect(void *data, hopt_buf *out) {
    hopt_label labels[] = {{"study", data}, {"state", "new"}};
    hopt_metric_head(out, "g", HOPT_METRIC_GAUGE, "G.");
    hopt_metric_sample(out, "g", labels, 2, -0.1);
    hopt_metric_sample(out, "g", NULL, 0, NAN);
    hopt_metric_sample(out, "g", NULL, 0, -INFINITY);
    hopt_metric_sample(out, "g", NULL, 0, 1e300);
}

Test(metrics, values_of_labels_are_escaped) {
    static char bad[] = "a\\b\"c\nd\x80\xc3\xa4\xed\xa0\x80";
    hopt_metrics *metrics = hopt_metrics_new();
    hopt_metrics_collector(metrics, collect, bad);
    expect_text(metrics, "# HELP g G.\n# TYPE g gauge\n"
                         "g{study=\"a\\\\b\\\"c\\nd?\xc3\xa4???\",state=\"new\"} -0.1\n"
                         "g NaN\ng -Inf\ng 1e+300\n");
    hopt_metrics_free(metrics);
}
