/* A study with a history. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sampler/sampler.h"
#include "common/trial/study.h"
#include "tests/bench/scale/bench_scale.h"

enum { PAGE = 1000 };

static double loss_of(const double *point, int size) {
    double sum = 0;
    for (int i = 0; i < size; i++)
        if (!isnan(point[i])) sum += (point[i] - 0.3) * (point[i] - 0.3);
    return sum;
}

static hopt_trial *ended(const hopt_study_record *study, const hopt_space *space, int num,
                         int64_t tid, double *point) {
    hopt_trial *trial = hopt_trial_new();
    hopt_space_draw(space, (uint64_t)num, point);
    trial->id = hopt_trial_id_make(study->prefix, num);
    snprintf(trial->study, sizeof trial->study, "%s", study->name);
    trial->num = num;
    trial->tid = tid;
    trial->cmd = hopt_strdup("command");
    trial->by = hopt_strdup("bench:1:00000000");
    trial->seed = (uint64_t)num;
    trial->vals = hopt_space_vals(space, point);
    trial->params = hopt_space_resolve(space, point);
    trial->state = HOPT_DONE;
    trial->owner = hopt_strdup("bench:1:00000001");
    trial->lease = 1;
    trial->version = 2;
    trial->result = (hopt_result){.state = HOPT_DONE,
                                  .ok = true,
                                  .has_loss = true,
                                  .loss = loss_of(point, hopt_space_size(space)),
                                  .ms = 10000};
    trial->book_ms = trial->refresh_ms = trial->end_ms = INT64_C(1700000000000);
    return trial;
}

void scale_fill(const char *uri, const char *name, int n) {
    hopt_store *store = scale_open(uri);
    hopt_error err = {0};
    hopt_errors errors = {0};
    hopt_study_record *study;
    hopt_study_spec *spec;
    scale_must(hopt_store_study(store, &study, name, &err), &err);
    if (hopt_study_spec_parse_stored(&spec, study->spec, NULL, &errors) != HOPT_OK) exit(1);
    double *point = hopt_zalloc((size_t)hopt_space_size(spec->space) + 1, sizeof *point);
    for (int at = 0; at < n; at += PAGE) {
        int size = n - at < PAGE ? n - at : PAGE;
        hopt_trials page = {0};
        int64_t tid;
        size_t inserted;
        scale_must(hopt_store_tids(store, &tid, size, &err), &err);
        for (int i = 0; i < size; i++)
            hopt_trials_add(&page, ended(study, spec->space, at + i, tid + i, point));
        scale_must(hopt_store_import(store, page.list, page.count, &inserted, &err), &err);
        hopt_trials_clear(&page);
    }
    free(point);
    hopt_study_spec_free(spec);
    hopt_study_free(study);
    hopt_store_close(store);
}
