/* Evaluations in threads: one a slot, made when it is first needed. */
#include "libhopt/libhopt_internal.h"

static void *work(void *given) {
    hopt_lib_slot *slot = given;
    hopt_fmin_run *run = slot->run;
    pthread_mutex_lock(&run->lock);
    for (;;) {
        while (!slot->work && !run->quit)
            pthread_cond_wait(&run->job, &run->lock);
        if (!slot->work) break;
        pthread_mutex_unlock(&run->lock);
        slot->returned = run->function(slot->eval, &slot->loss, run->context);
        pthread_mutex_lock(&run->lock);
        slot->work = false;
        hopt_lib__wake(run->study);
    }
    pthread_mutex_unlock(&run->lock);
    return NULL;
}

hopt_status hopt_lib__thread_start(hopt_lib_slot *slot, hopt_error *err) {
    hopt_fmin_run *run = slot->run;
    if (!slot->thread_made) {
        hopt_status status = hopt_lib__thread_new(&slot->thread, work, slot, err);
        if (status != HOPT_OK) return status;
        slot->thread_made = true;
    }
    pthread_mutex_lock(&run->lock);
    slot->work = true;
    pthread_cond_broadcast(&run->job);
    pthread_mutex_unlock(&run->lock);
    return HOPT_OK;
}

bool hopt_lib__thread_ended(hopt_lib_slot *slot) {
    pthread_mutex_lock(&slot->run->lock);
    bool ended = !slot->work;
    pthread_mutex_unlock(&slot->run->lock);
    return ended;
}

void hopt_lib__threads_end(hopt_fmin_run *run) {
    pthread_mutex_lock(&run->lock);
    run->quit = true;
    pthread_cond_broadcast(&run->job);
    pthread_mutex_unlock(&run->lock);
    for (int i = 0; i < run->n_slots; i++)
        if (run->slots[i].thread_made) pthread_join(run->slots[i].thread, NULL);
}
