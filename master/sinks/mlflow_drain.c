/* Waiting for the sink at the end of a program, on a loop of its own. */
#include <uv.h>

#include "common/base/attr.h"
#include "common/loop/signals.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "master/sinks/mlflow.h"

enum { TICK_MS = 50, REMARK_MS = 1000 };

typedef struct drain {
    hopt_mlflow *mlflow;
    uv_loop_t loop;
    uv_timer_t timer;
    hopt_signals *signals;
    int64_t begin_ms, end_ms;
    bool told, done;
    int signum;
    bool closing;
} drain;

static void end(drain *self) {
    if (self->closing) return;
    self->closing = true;
    hopt_signals_close(self->signals);
    uv_close((uv_handle_t *)&self->timer, NULL);
}

static void on_signal(void *data, int signum, HOPT_UNUSED int count) {
    drain *self = data;
    self->signum = signum;
    end(self);
}

static void on_tick(uv_timer_t *timer) {
    drain *self = timer->data;
    int64_t now_ms = hopt_clock_mono_ms();
    hopt_mlflow_say(self->mlflow);
    self->done = hopt_mlflow_flushed(self->mlflow);
    if (self->done || now_ms >= self->end_ms) {
        end(self);
    } else if (!self->told && now_ms - self->begin_ms >= REMARK_MS) {
        self->told = true;
        hopt_log_info("sending the last trials to MLflow, for at most %lld s; an interrupt ends it",
                      (long long)(self->end_ms - now_ms + 999) / 1000);
    }
}

bool hopt_mlflow_drain(hopt_mlflow *mlflow, int64_t wait_ms, int *signum) {
    int64_t now_ms = hopt_clock_mono_ms();
    drain self = {.mlflow = mlflow, .begin_ms = now_ms, .end_ms = now_ms + wait_ms};
    HOPT_ASSERT(uv_loop_init(&self.loop) == 0);
    HOPT_ASSERT(uv_timer_init(&self.loop, &self.timer) == 0);
    self.timer.data = &self;
    self.signals = hopt_signals_new(&self.loop, on_signal, &self);
    hopt_mlflow_flush(mlflow);
    uv_timer_start(&self.timer, on_tick, 0, TICK_MS);
    uv_run(&self.loop, UV_RUN_DEFAULT);
    HOPT_ASSERT(uv_loop_close(&self.loop) == 0);
    *signum = self.signum;
    return self.done;
}
