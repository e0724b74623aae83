/* Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/metrics/metrics_internal.h"

/* A label's value between its quotes: backslash, quote and line feed are escaped. */
static void add_value(hopt_buf *out, const char *text) {
    for (const char *at = text; *at;) {
        size_t n = hopt_utf8_length(at);
        if (*at == '\\' || *at == '"') hopt_buf_char(out, '\\');
        if (*at == '\n')
            hopt_buf_text(out, "\\n");
        else if (n == 0)
            hopt_buf_char(out, '?');
        else
            hopt_buf_add(out, at, n);
        at += n ? n : 1;
    }
}

void hopt_metric__number(char out[32], double value) {
    if (isnan(value) || isinf(value)) {
        snprintf(out, 32, "%s", isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) return;
    }
}

void hopt_metric__head(hopt_buf *out, const char *name, const char *type, const char *help) {
    hopt_buf_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void hopt_metric_head(hopt_buf *out, const char *name, hopt_metric_type type, const char *help) {
    hopt_metric__head(out, name, type == HOPT_METRIC_COUNTER ? "counter" : "gauge", help);
}

void hopt_metric__begin(hopt_buf *out, const char *name, const char *suffix,
                        const hopt_label *labels, size_t n_labels) {
    hopt_buf_text(out, name);
    hopt_buf_text(out, suffix);
    for (size_t i = 0; i < n_labels; i++) {
        hopt_buf_print(out, "%c%s=\"", i ? ',' : '{', labels[i].name);
        add_value(out, labels[i].value);
        hopt_buf_char(out, '"');
    }
    if (n_labels) hopt_buf_char(out, '}');
}

void hopt_metric_sample(hopt_buf *out, const char *name, const hopt_label *labels, size_t n_labels,
                        double value) {
    char number[32];
    hopt_metric__begin(out, name, "", labels, n_labels);
    hopt_metric__number(number, value);
    hopt_buf_print(out, " %s\n", number);
}
