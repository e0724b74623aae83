#include "master/reaper.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/sys/host.h"

typedef struct observation {
    int num;
    int lease;
    int64_t beat;
    int64_t since_ms;
} observation;

struct hopt_reaper {
    observation *list; /* RUNNING trials by num */
    size_t count;
    bool has_read;
    int64_t read_ms;
};

hopt_reaper *hopt_reaper_new(void) {
    return hopt_zalloc(1, sizeof(hopt_reaper));
}

void hopt_reaper_free(hopt_reaper *reaper) {
    if (!reaper) return;
    free(reaper->list);
    free(reaper);
}

void hopt_reaper_forget(hopt_reaper *reaper) {
    reaper->count = 0;
    reaper->has_read = false;
}

static const observation *find(const hopt_reaper *reaper, int num) {
    size_t low = 0, high = reaper->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (reaper->list[middle].num < num)
            low = middle + 1;
        else
            high = middle;
    }
    return low < reaper->count && reaper->list[low].num == num ? &reaper->list[low] : NULL;
}

void hopt_reaper_observe(hopt_reaper *reaper, const hopt_open_trial *open, size_t count,
                         int64_t before_ms, int64_t lease_ms) {
    if (reaper->has_read && before_ms - reaper->read_ms > lease_ms / 4) hopt_reaper_forget(reaper);
    observation *list = hopt_alloc((count + 1) * sizeof *list);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const hopt_open_trial *seen = &open[i];
        if (seen->state != HOPT_RUNNING) continue;
        const observation *old = find(reaper, seen->num);
        bool same = old && old->lease == seen->lease && old->beat == seen->beat;
        list[kept++] =
            (observation){seen->num, seen->lease, seen->beat, same ? old->since_ms : before_ms};
    }
    free(reaper->list);
    reaper->list = list;
    reaper->count = kept;
    reaper->has_read = true;
    reaper->read_ms = before_ms;
}

bool hopt_reaper_asked(const char *owner) {
    return strncmp(owner, "ask:", 4) == 0;
}

static int by_owner(const void *key, const void *element) {
    const hopt_worker_record *worker = element;
    return strcmp(key, worker->owner);
}

static const hopt_worker_record *record_of(const char *owner, const hopt_worker_record *workers,
                                           size_t n_workers) {
    if (n_workers == 0) return NULL;
    return bsearch(owner, workers, n_workers, sizeof *workers, by_owner);
}

bool hopt_reaper_expired(const hopt_reaper *reaper, const hopt_open_trial *seen, int64_t now_ms,
                         int64_t lease_ms, const hopt_worker_record *workers, size_t n_workers) {
    /* Ours only: a Python worker's trial has another owner than hopt.worker (DESIGN §5.4). */
    if (seen->state != HOPT_RUNNING || !seen->owner[0] || strcmp(seen->owner, seen->worker) != 0)
        return false;
    if (hopt_reaper_asked(seen->owner)) return false;
    const hopt_worker_record *worker = record_of(seen->owner, workers, n_workers);
    if (worker && hopt_host_owner_gone(seen->owner, worker->boot_id)) return true;
    /* The study's lease may have been shortened since this worker read its file. */
    if (worker && worker->lease_s * 1000 > (double)lease_ms)
        lease_ms = (int64_t)(worker->lease_s * 1000);
    const observation *old = find(reaper, seen->num);
    return old && old->lease == seen->lease && old->beat == seen->beat &&
           now_ms - old->since_ms >= lease_ms;
}
