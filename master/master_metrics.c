#include "master/master_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

typedef struct seen_study {
    char name[HOPT_STUDY_NAME_MAX];
    int64_t counts[HOPT_STATES];
    double best_loss; /* the user's sign */
    bool has_best, leading, done;
} seen_study;

struct hopt_master_metrics {
    const hopt_master *master;
    seen_study *list; /* in the order of being seen first */
    size_t count, capacity;
};

/* ---- samples ---- */

static void write_trials(const seen_study *const *shown, size_t n, hopt_buf *out) {
    static const char name[] = "hopt_trials";
    hopt_metric_head(out, name, HOPT_METRIC_GAUGE, "Trials of a study, by state.");
    for (size_t i = 0; i < n; i++) {
        for (int state = 0; state < HOPT_STATES; state++) {
            hopt_label labels[] = {{"study", shown[i]->name},
                                   {"state", hopt_state_name((hopt_state)state)}};
            hopt_metric_sample(out, name, labels, HOPT_COUNT(labels),
                               (double)shown[i]->counts[state]);
        }
    }
}

static void write_best(const seen_study *const *shown, size_t n, hopt_buf *out) {
    static const char name[] = "hopt_best_loss";
    hopt_metric_head(out, name, HOPT_METRIC_GAUGE,
                     "The best loss of a study so far, in the sign of its objective.");
    for (size_t i = 0; i < n; i++) {
        hopt_label label = {"study", shown[i]->name};
        if (shown[i]->has_best) hopt_metric_sample(out, name, &label, 1, shown[i]->best_loss);
    }
}

static void write_leading(const seen_study *const *shown, size_t n, hopt_buf *out) {
    static const char name[] = "hopt_leading";
    hopt_metric_head(out, name, HOPT_METRIC_GAUGE,
                     "1 when this master leads a study that is not done, 0 when it stands by.");
    for (size_t i = 0; i < n; i++) {
        hopt_label label = {"study", shown[i]->name};
        if (!shown[i]->done) hopt_metric_sample(out, name, &label, 1, shown[i]->leading);
    }
}

static size_t choose(const hopt_master_metrics *self, const seen_study **shown) {
    size_t n = 0;
    for (int done = 0; done <= 1; done++) {
        for (size_t i = self->count; i-- > 0 && n < HOPT_METRICS_STUDIES_MAX;)
            if (self->list[i].done == (done == 1)) shown[n++] = &self->list[i];
    }
    return n;
}

static void collect(void *data, hopt_buf *out) {
    const hopt_master_metrics *self = data;
    const seen_study *shown[HOPT_METRICS_STUDIES_MAX];
    size_t n = choose(self, shown);
    write_trials(shown, n, out);
    write_best(shown, n, out);
    write_leading(shown, n, out);
    hopt_metric_head(out, "hopt_workers", HOPT_METRIC_GAUGE,
                     "Workers in the store that are alive; 0 while no study is led here.");
    hopt_metric_sample(out, "hopt_workers", NULL, 0,
                       self->master ? hopt_master_workers(self->master) : 0);
}

/* ---- what is known ---- */

static seen_study *find(hopt_master_metrics *self, const char *name) {
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->list[i].name, name) == 0) return &self->list[i];
    self->list = hopt_grow(self->list, self->count, &self->capacity, sizeof *self->list);
    seen_study *one = &self->list[self->count++];
    *one = (seen_study){0};
    snprintf(one->name, sizeof one->name, "%s", name);
    return one;
}

void hopt_master_metrics_view(hopt_master_metrics *shown, const hopt_master_view *view) {
    if (!shown) return;
    seen_study *one = find(shown, view->spec->name);
    if (view->deleted) {
        size_t at = (size_t)(one - shown->list);
        memmove(one, one + 1, (--shown->count - at) * sizeof *one);
        return;
    }
    memcpy(one->counts, view->counts, sizeof one->counts);
    one->has_best = view->has_best;
    one->best_loss = view->spec->maximize ? -view->best_loss : view->best_loss;
    one->leading = view->leading;
    one->done = view->state == HOPT_STUDY_DONE;
}

/* ---- life ---- */

hopt_master_metrics *hopt_master_metrics_new(hopt_metrics *metrics) {
    hopt_master_metrics *self = hopt_zalloc(1, sizeof *self);
    hopt_metrics_collector(metrics, collect, self);
    return self;
}

void hopt_master_metrics_of(hopt_master_metrics *shown, const hopt_master *master) {
    if (shown) shown->master = master;
}

void hopt_master_metrics_free(hopt_master_metrics *shown) {
    if (!shown) return;
    free(shown->list);
    free(shown);
}
