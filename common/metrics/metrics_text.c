/* Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics/metrics_internal.h"

/* The bytes of the UTF-8 character at `at`; 0: it is none. */
static size_t utf8_length(const unsigned char *at) {
    if (at[0] < 0x80) return 1;
    size_t n = at[0] >= 0xf0 && at[0] < 0xf5   ? 4
               : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
               : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                                               : 0;
    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    /* Overlong forms, surrogates and what is above U+10FFFF. */
    if (n == 3 && ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f))) return 0;
    if (n == 4 && ((at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))) return 0;
    return n;
}

/* A label's value between its quotes: backslash, quote and line feed are escaped. */
static void add_value(hopt_buf *out, const char *text) {
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t n = utf8_length(at);
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
