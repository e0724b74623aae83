/* Random spaces: every kind, nested choices of every form, lists, constants, shared labels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "support.h"

enum { SHARED = 3 };

typedef struct maker {
    support_rng *rng;
    hopt_buf out;
    int depth, params, names;
    bool shared;
    char *definition[SHARED]; /**< what a shared label stands for */
} maker;

static void make_value(maker *m, bool option);

static void number(maker *m, const char *before, double value) {
    char text[HOPT_JSON_NUMBER];
    hopt_json_number(text, value);
    hopt_buf_text(&m->out, before);
    hopt_buf_text(&m->out, text);
}

static void make_scalar(maker *m) {
    static const char *const scalars[] = {"null",     "true", "false", "0",       "1",
                                          "-2.5e-30", "\"\"", "\"a\"", "\"b/c\"", "1.0"};
    hopt_buf_text(&m->out, scalars[support_below(m->rng, (int)HOPT_COUNT(scalars))]);
}

static void make_numeric(maker *m) {
    support_rng *rng = m->rng;
    hopt_dist_kind kind = HOPT_RANDINT + support_below(rng, HOPT_QLOGNORMAL - HOPT_RANDINT + 1);
    bool log = kind == HOPT_LOGUNIFORM || kind == HOPT_QLOGUNIFORM;
    bool whole = kind == HOPT_RANDINT || kind == HOPT_UNIFORMINT;
    bool q = kind == HOPT_QUNIFORM || kind == HOPT_QLOGUNIFORM || kind == HOPT_QNORMAL ||
             kind == HOPT_QLOGNORMAL;
    static const double steps[] = {1, 0.5, 0.1, 3, 1e-3, 0.7, 20};
    double low = (support_uniform(rng) - 0.5) * 20, width = 0.01 + support_uniform(rng) * 30;
    if (log) low = exp(low / 2);
    if (whole) {
        low = rint(low);
        width = ceil(width);
    }
    hopt_buf_print(&m->out, "\"_type\":\"%s\",\"_value\":", hopt_dist_name(kind));
    if (kind >= HOPT_NORMAL) {
        number(m, "[", low / 4);
        number(m, ",", width / 10);
    } else {
        number(m, "[", low);
        number(m, ",", low + width);
    }
    if (q) number(m, ",", steps[support_below(rng, (int)HOPT_COUNT(steps))]);
    hopt_buf_text(&m->out, "]}");
    m->params++;
}

static void make_options(maker *m) {
    int n = 1 + support_below(m->rng, 4);
    bool weighted = support_below(m->rng, 3) == 0;
    hopt_buf_print(&m->out, "\"_type\":\"%s\",\"_value\":[", weighted ? "pchoice" : "choice");
    m->params++;
    for (int i = 0; i < n; i++) {
        if (i) hopt_buf_char(&m->out, ',');
        if (weighted) number(m, "[", 1.0 / n);
        if (weighted) hopt_buf_char(&m->out, ',');
        make_value(m, true);
        if (weighted) hopt_buf_char(&m->out, ']');
    }
    hopt_buf_text(&m->out, "]}");
}

static void make_param(maker *m) {
    int shared = m->shared ? support_below(m->rng, SHARED * 3) : SHARED;
    if (shared < SHARED && m->definition[shared]) {
        hopt_buf_text(&m->out, m->definition[shared]);
        return;
    }
    size_t start = m->out.length;
    hopt_buf_char(&m->out, '{');
    if (shared < SHARED) hopt_buf_print(&m->out, "\"_label\":\"shared%d\",", shared);
    bool with_options = m->depth < 5 && support_below(m->rng, 2);
    /* A shared definition must not hold shared ones that are being made. */
    bool outer = m->shared;
    if (shared < SHARED) m->shared = false;
    if (with_options)
        make_options(m);
    else
        make_numeric(m);
    m->shared = outer;
    if (shared < SHARED)
        m->definition[shared] = hopt_strndup(m->out.data + start, m->out.length - start);
}

static void make_members(maker *m, bool option) {
    int n = support_below(m->rng, 4);
    hopt_buf_char(&m->out, '{');
    bool named = option && support_below(m->rng, 3);
    if (named) hopt_buf_print(&m->out, "\"_name\":\"n%d\"", m->names++);
    for (int i = 0; i < n; i++) {
        hopt_buf_print(&m->out, "%s\"%c%d\":", i || named ? "," : "", 'a' + i, i);
        make_value(m, false);
    }
    hopt_buf_char(&m->out, '}');
}

static void make_value(maker *m, bool option) {
    m->depth++;
    int form = m->params > 40 ? 9 : support_below(m->rng, 10);
    if (m->depth > 6 || form > 7) {
        make_scalar(m);
    } else if (form < 4) {
        make_param(m);
    } else if (form == 4) {
        int n = support_below(m->rng, 3);
        hopt_buf_char(&m->out, '[');
        for (int i = 0; i < n; i++) {
            if (i) hopt_buf_char(&m->out, ',');
            make_value(m, false);
        }
        hopt_buf_char(&m->out, ']');
    } else {
        make_members(m, option);
    }
    m->depth--;
}

char *support_random_space(support_rng *rng, bool shared) {
    maker m = {.rng = rng, .shared = shared};
    hopt_buf_text(&m.out, "{\"first\":");
    make_param(&m);
    int n = 1 + support_below(rng, 5);
    for (int i = 0; i < n; i++) {
        hopt_buf_print(&m.out, ",\"k%d\":", i);
        make_value(&m, false);
    }
    hopt_buf_char(&m.out, '}');
    for (int i = 0; i < SHARED; i++)
        free(m.definition[i]);
    return hopt_buf_take(&m.out);
}
