/* When a hopt_fmin() ends, and what it shows meanwhile. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/time.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "libhopt/libhopt_internal.h"

enum { DRAW_MS = 100, FIRST_LINE_MS = 1000, LINES_MS = 30000 };

/* hyperopt's no_progress_loss: the first trial only sets the mark, and counts. */
static void track_progress(hopt_fmin_run *run, double loss) {
    double margin = fabs(run->progress_loss * run->options.no_progress_percent / 100.0);
    bool first = !run->progressed && !isnan(loss);
    if (!first && run->progressed && loss < run->progress_loss - margin) {
        run->progress_loss = loss;
        run->idle = 0;
        return;
    }
    if (first) {
        run->progressed = true;
        run->progress_loss = loss;
    }
    run->idle++;
    if (run->options.no_progress && !first && run->idle >= run->options.no_progress && !run->ending)
        run->ending = "no_progress";
}

static void fail_with(hopt_fmin_run *run, const hopt_info *info) {
    if (run->code != HOPT_OK || run->options.catch_eval_exceptions) return;
    const char *type = hopt_info_error_type(info), *message = hopt_info_error_message(info);
    run->code = hopt_error_set(&run->error, HOPT_EFAILED, "trial %lld: %s: %s",
                               (long long)hopt_info_num(info), type ? type : "Error",
                               message ? message : "no message");
    if (!run->ending) run->ending = "error";
}

void hopt_lib__ended(hopt_fmin_run *run, hopt_info *info) {
    hopt_study *study = run->study;
    const hopt_fmin_options *o = &run->options;
    int state = hopt_info_state(info);
    bool ok = state == HOPT_TRIAL_DONE && strcmp(hopt_info_status(info), "ok") == 0;
    double loss = ok ? hopt_info_loss(info) : NAN;
    if (study->spec->maximize) loss = -loss;
    run->ended++;
    if (!ok && state != HOPT_TRIAL_CANCEL) run->failed++;
    track_progress(run, loss);
    if (state == HOPT_TRIAL_ERROR) fail_with(run, info);
    if (o->on_trial) o->on_trial(o->on_trial_context, study, info);
    if (o->early_stop && o->early_stop(o->early_stop_context, study, info) && !run->ending)
        run->ending = "early_stop";
    hopt_info_free(info);
    hopt_lib__progress(run, false);
}

/* Trials of other processes count, too. */
static void look_at_best(hopt_fmin_run *run) {
    pthread_mutex_lock(&run->study->mutex);
    run->has_best = run->study->has_best;
    run->best = run->study->best;
    pthread_mutex_unlock(&run->study->mutex);
}

bool hopt_lib__ends(hopt_fmin_run *run) {
    hopt_study *study = run->study;
    look_at_best(run);
    const hopt_fmin_options *o = &run->options;
    int64_t deadline_ms = atomic_load(&study->deadline_ms);
    double threshold = study->spec->maximize ? -o->loss_threshold : o->loss_threshold;
    if (atomic_load(&study->cancelled) && !(run->ending && run->busy == 0))
        run->ending = run->code == HOPT_OK ? "cancelled" : run->ending;
    if (run->ending) return true;
    if (o->has_loss_threshold && run->has_best && run->best < threshold)
        run->ending = "loss_threshold";
    else if (deadline_ms && hopt_clock_mono_ms() >= deadline_ms)
        run->ending = "timeout";
    return run->ending != NULL;
}

/* ---- progress ---- */

static void add_bar(hopt_buf *out, double share) {
    enum { WIDTH = 24 };
    int full = (int)(share * WIDTH);
    hopt_buf_char(out, '[');
    for (int i = 0; i < WIDTH; i++)
        hopt_buf_char(out, i < full ? '#' : '-');
    hopt_buf_text(out, "] ");
}

/* Of all processes, as far as it is known. */
static int64_t ended_trials(hopt_study *study) {
    pthread_mutex_lock(&study->mutex);
    int64_t ended = study->last + 1 - (int64_t)study->n_open;
    pthread_mutex_unlock(&study->mutex);
    return ended;
}

static void describe(const hopt_fmin_run *run, int64_t now_ms, bool bar, hopt_buf *out) {
    char time[HOPT_TIME_TEXT], number[HOPT_JSON_NUMBER];
    const hopt_study *study = run->study;
    int64_t limit = run->options.max_evals ? run->options.max_evals
                    : study->limited       ? study->max_trials
                                           : 0;
    int64_t done = ended_trials(run->study);
    if (bar && limit) add_bar(out, done < limit ? (double)done / (double)limit : 1.0);
    hopt_buf_print(out, "%lld", (long long)done);
    if (limit) hopt_buf_print(out, "/%lld", (long long)limit);
    hopt_time_duration(time, sizeof time, now_ms - run->began_ms);
    hopt_buf_print(out, " trials in %s", time);
    if (run->failed) hopt_buf_print(out, ", %lld failed", (long long)run->failed);
    if (!run->has_best) return;
    hopt_json_number(number, study->spec->maximize ? -run->best : run->best);
    hopt_buf_print(out, ", best loss %s", number);
}

/* On a terminal one line that is drawn again; elsewhere a line now and then. */
void hopt_lib__progress(hopt_fmin_run *run, bool last) {
    if (!run->options.show_progressbar) return;
    int64_t now_ms = hopt_clock_mono_ms();
    bool terminal = isatty(STDERR_FILENO) == 1;
    if (!run->show_after_ms) run->show_after_ms = terminal ? DRAW_MS : FIRST_LINE_MS;
    if (!last && now_ms - run->shown_ms < run->show_after_ms) return;
    hopt_buf line = HOPT_BUF_INIT;
    look_at_best(run);
    describe(run, now_ms, terminal, &line);
    fprintf(stderr, terminal ? "\r%s\033[K%s" : "%s%s", hopt_buf_string(&line),
            terminal && !last ? "" : "\n");
    fflush(stderr);
    hopt_buf_clear(&line);
    run->shown_ms = now_ms;
    if (!terminal && run->show_after_ms < LINES_MS) run->show_after_ms *= 2;
}
