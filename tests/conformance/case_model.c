/* Random commands, held against a simple model of the state table after every step. */
#include "tests/conformance/conformance.h"

enum { SLOTS = 8, OWNERS = 3, LEASES_KEPT = 40, MAX_ATTEMPTS = 3 };

typedef struct model_trial {
    bool there;
    hopt_state state;
    int lease, lost, version;
    int64_t beat;
    char owner[32], worker[32], stop[32];
    bool ok;
    bool expired; /**< ended by the reaper: a late end is no repeat */
    double loss;
} model_trial;

typedef struct model {
    hopt_store *store;
    hopt_study_record *study;
    model_trial trials[SLOTS];
    /* Leases that were given out, good or stale by now. */
    struct {
        int num, lease;
        char owner[32];
    } leases[LEASES_KEPT];
    int n_leases;
    int step;
    char last[160]; /**< what was done, for the report */
} model;

static const char *const owners[OWNERS] = {"w:1:a", "w:2:b", "w:3:c"};

static void disagree(const model *m, int num, const char *what) {
    char text[300];
    snprintf(text, sizeof text, "step %d (%s): trial %d: %s differs; seed %llu", m->step, m->last,
             num, what, (unsigned long long)SEED);
    failed(__FILE__, __LINE__, text);
}

static void compare_one(const model *m, const hopt_trial *t) {
    const model_trial *w = &m->trials[t->num];
    if (t->state != w->state) disagree(m, t->num, "state");
    if (t->lease != w->lease) disagree(m, t->num, "lease");
    if (t->lost != w->lost) disagree(m, t->num, "lost");
    if (t->version != w->version) disagree(m, t->num, "version");
    if (t->beat != w->beat && t->state == HOPT_RUNNING) disagree(m, t->num, "beat");
    if (strcmp(t->owner ? t->owner : "", w->owner) != 0) disagree(m, t->num, "owner");
    if (strcmp(t->worker ? t->worker : "", w->worker) != 0) disagree(m, t->num, "worker");
    if (t->state == HOPT_RUNNING && strcmp(t->result.stop ? t->result.stop : "", w->stop) != 0)
        disagree(m, t->num, "stop");
    if (t->state == HOPT_DONE && (t->result.ok != w->ok || (w->ok && t->result.loss != w->loss)))
        disagree(m, t->num, "result");
    if ((t->state == HOPT_ERROR) != (t->result.error_type != NULL)) disagree(m, t->num, "error");
}

static void compare_open(const model *m, int open_count) {
    hopt_open_trial *list;
    size_t count;
    MUST(hopt_store_open_set(m->store, &list, &count, "a", &E));
    if ((int)count != open_count) disagree(m, -1, "size of the open set");
    for (size_t i = 0; i < count; i++) {
        const model_trial *w = &m->trials[list[i].num];
        if (list[i].state != w->state || list[i].lease != w->lease ||
            strcmp(list[i].owner, w->owner) != 0 || strcmp(list[i].worker, w->worker) != 0)
            disagree(m, list[i].num, "row of the open set");
    }
    free(list);
}

static void compare_best(const model *m) {
    int best = -1;
    for (int i = 0; i < SLOTS; i++) {
        const model_trial *w = &m->trials[i];
        if (w->there && w->state == HOPT_DONE && w->ok &&
            (best < 0 || w->loss < m->trials[best].loss))
            best = i;
    }
    hopt_trial *trial;
    hopt_status status = hopt_store_best(m->store, &trial, "a", &E);
    if ((status == HOPT_OK) != (best >= 0) || (trial && trial->num != best))
        disagree(m, best, "best");
    hopt_trial_free(trial);
}

static void compare(const model *m) {
    hopt_trials list = {0};
    hopt_trial_query query = {.study = "a", .after = -1};
    int64_t malformed, counts[HOPT_STATES], wanted[HOPT_STATES] = {0};
    int there = 0;
    for (int i = 0; i < SLOTS; i++) {
        there += m->trials[i].there;
        if (m->trials[i].there) wanted[m->trials[i].state]++;
    }
    MUST(hopt_store_trials(m->store, &list, &query, &malformed, &E));
    if ((int)list.count != there || malformed) disagree(m, -1, "how many there are");
    for (size_t i = 0; i < list.count; i++)
        compare_one(m, list.list[i]);
    hopt_trials_clear(&list);
    if (m->step % 4) return; /* the others now and then */
    MUST(hopt_store_counts(m->store, "a", counts, &E));
    if (memcmp(counts, wanted, sizeof counts) != 0) disagree(m, -1, "counts");
    compare_open(m, (int)(wanted[HOPT_NEW] + wanted[HOPT_RUNNING]));
    compare_best(m);
}

/* ---- commands ---- */

static void say(model *m, const char *what, int num, hopt_status status) {
    snprintf(m->last, sizeof m->last, "%s %d -> %d", what, num, (int)status);
}

static void must_be(const model *m, hopt_status got, hopt_status wanted) {
    if (got != wanted) disagree(m, -1, "status");
}

static void do_enqueue(model *m) {
    int num = (int)draw(SLOTS);
    int64_t tid;
    size_t inserted;
    MUST(hopt_store_tids(m->store, &tid, 1, &E));
    hopt_trial *trial = new_trial(m->study, num, tid);
    hopt_status status = hopt_store_enqueue(m->store, &trial, 1, &inserted, &E);
    hopt_trial_free(trial);
    say(m, "enqueue", num, status);
    must_be(m, status, m->trials[num].there ? HOPT_ECONFLICT : HOPT_OK);
    if (status) return;
    m->trials[num] = (model_trial){.there = true, .state = HOPT_NEW, .owner = "hopt"};
}

static void do_claim(model *m) {
    const char *owner = owners[draw(OWNERS)];
    hopt_trial *trial;
    bool any = false;
    for (int i = 0; i < SLOTS; i++)
        any |= m->trials[i].there && m->trials[i].state == HOPT_NEW;
    hopt_status status = hopt_store_claim(m->store, &trial, "a", owner, &E);
    say(m, "claim", trial ? trial->num : -1, status);
    must_be(m, status, any ? HOPT_OK : HOPT_ENOTFOUND);
    if (status) return;
    model_trial *w = &m->trials[trial->num];
    if (!w->there || w->state != HOPT_NEW) disagree(m, trial->num, "claimed trial");
    w->state = HOPT_RUNNING;
    w->lease++;
    w->version++;
    w->beat = 0;
    w->stop[0] = '\0';
    snprintf(w->owner, sizeof w->owner, "%s", owner);
    snprintf(w->worker, sizeof w->worker, "%s", owner);
    int at = m->n_leases < LEASES_KEPT ? m->n_leases++ : (int)draw(LEASES_KEPT);
    m->leases[at].num = trial->num;
    m->leases[at].lease = trial->lease;
    snprintf(m->leases[at].owner, sizeof m->leases[at].owner, "%s", owner);
    compare_one(m, trial);
    hopt_trial_free(trial);
}

/* Some lease, given out at some time; `*holds` whether it is the present one. */
static bool pick_lease(model *m, hopt_lease *lease, model_trial **w, bool *holds, int *num) {
    if (m->n_leases == 0) return false;
    int at = (int)draw((uint64_t)m->n_leases);
    *num = m->leases[at].num;
    *w = &m->trials[*num];
    *lease = (hopt_lease){hopt_trial_id_make(m->study->prefix, *num), "a", m->leases[at].owner,
                          m->leases[at].lease};
    *holds = (*w)->state == HOPT_RUNNING && (*w)->lease == lease->lease &&
             strcmp((*w)->owner, lease->owner) == 0;
    return true;
}

static void do_beat(model *m) {
    hopt_lease lease;
    model_trial *w;
    bool holds;
    int num;
    char stop[32];
    if (!pick_lease(m, &lease, &w, &holds, &num)) return;
    hopt_status status =
        hopt_store_beat(m->store, &lease, draw(2) ? (int64_t)draw(100) : -1, stop, &E);
    say(m, "beat", num, status);
    must_be(m, status, holds ? HOPT_OK : HOPT_ECONFLICT);
    if (!holds) return;
    w->beat++;
    if (strcmp(stop, w->stop) != 0) disagree(m, num, "stop of a beat");
}

static void do_finish(model *m) {
    static const hopt_state states[] = {HOPT_DONE, HOPT_DONE, HOPT_ERROR, HOPT_CANCEL};
    hopt_lease lease;
    model_trial *w;
    bool holds;
    int num;
    if (!pick_lease(m, &lease, &w, &holds, &num)) return;
    hopt_result result = {.state = states[draw(4)]};
    result.ok = result.state == HOPT_DONE && draw(3) > 0;
    result.has_loss = result.ok;
    result.loss = (double)draw(5);
    if (result.state == HOPT_ERROR) {
        result.error_type = "Exit";
        result.error_message = "1";
    } else if (!result.ok) {
        result.status_fail = "no";
    }
    bool repeat = hopt_state_terminal(w->state) && !w->expired && w->lease == lease.lease &&
                  strcmp(w->owner, lease.owner) == 0;
    hopt_status status = hopt_store_finish(m->store, &lease, &result, &E);
    say(m, "finish", num, status);
    must_be(m, status, holds || repeat ? HOPT_OK : HOPT_ECONFLICT);
    if (!holds) return;
    w->state = result.state;
    w->expired = false;
    w->version++;
    w->ok = result.ok;
    w->loss = result.loss;
}

static void requeue(model_trial *w, int lost) {
    w->state = HOPT_NEW;
    w->version += 1000;
    w->lost = lost;
    snprintf(w->owner, sizeof w->owner, "hopt");
}

static void do_release(model *m) {
    hopt_lease lease;
    model_trial *w;
    bool holds;
    int num;
    if (!pick_lease(m, &lease, &w, &holds, &num)) return;
    hopt_status status = hopt_store_release(m->store, &lease, &E);
    say(m, "release", num, status);
    must_be(m, status, holds ? HOPT_OK : HOPT_ECONFLICT);
    if (holds) requeue(w, w->lost);
}

static void do_expire(model *m) {
    hopt_lease lease;
    model_trial *w;
    bool holds;
    int num;
    if (!pick_lease(m, &lease, &w, &holds, &num)) return;
    hopt_open_trial seen = {
        .id = lease.id, .num = num, .state = HOPT_RUNNING, .lease = lease.lease, .beat = w->beat};
    if (draw(3) == 0) seen.beat--;
    snprintf(seen.owner, sizeof seen.owner, "%s", lease.owner);
    hopt_status status = hopt_store_expire(m->store, "a", &seen, MAX_ATTEMPTS, &E);
    say(m, "expire", num, status);
    holds = holds && seen.beat == w->beat;
    must_be(m, status, holds ? HOPT_OK : HOPT_ECONFLICT);
    if (!holds) return;
    if (w->lost + 1 < MAX_ATTEMPTS) {
        requeue(w, w->lost + 1);
    } else {
        w->state = HOPT_ERROR;
        w->expired = true;
        w->lost++;
        w->version += 1000;
    }
}

static void do_cancel(model *m) {
    int from = (int)draw(SLOTS), changed = 0;
    int64_t count;
    if (draw(4) > 0) return; /* rarely: it empties the queue */
    MUST(hopt_store_cancel_new(m->store, "a", from, "cancelled", &count, &E));
    for (int i = from; i < SLOTS; i++) {
        model_trial *w = &m->trials[i];
        if (!w->there || w->state != HOPT_NEW) continue;
        w->state = HOPT_CANCEL;
        w->version++;
        changed++;
    }
    say(m, "cancel from", from, HOPT_OK);
    if (count != changed) disagree(m, from, "how many were cancelled");
}

static void do_stop(model *m) {
    int num = (int)draw(SLOTS + 1) - 1;
    MUST(hopt_store_stop_running(m->store, "a", num, "timeout", &E));
    say(m, "stop", num, HOPT_OK);
    for (int i = 0; i < SLOTS; i++) {
        model_trial *w = &m->trials[i];
        if (w->there && w->state == HOPT_RUNNING && (num < 0 || num == i))
            snprintf(w->stop, sizeof w->stop, "timeout");
    }
}

static void do_retry(model *m) {
    int num = (int)draw(SLOTS);
    model_trial *w = &m->trials[num];
    hopt_status status = hopt_store_retry(m->store, "a", num, &E);
    say(m, "retry", num, status);
    must_be(m, status,
            !w->there                ? HOPT_ENOTFOUND
            : w->state == HOPT_ERROR ? HOPT_OK
                                     : HOPT_ECONFLICT);
    if (status == HOPT_OK) requeue(w, 0);
}

/* When all have ended, a fresh study makes room for more. */
static void start_again(model *m) {
    for (int i = 0; i < SLOTS; i++) {
        if (!m->trials[i].there || !hopt_state_terminal(m->trials[i].state)) return;
    }
    MUST(hopt_store_study_delete(m->store, "a", &E));
    hopt_study_free(m->study);
    m->study = make_study(m->store, "a");
    memset(m->trials, 0, sizeof m->trials);
    m->n_leases = 0;
    snprintf(m->last, sizeof m->last, "start again");
}

static void random_commands(void) {
    static void (*const commands[])(model *) = {
        do_enqueue, do_enqueue, do_claim,   do_claim,  do_claim, do_beat,  do_beat,
        do_finish,  do_finish,  do_release, do_expire, do_stop,  do_retry, do_cancel};
    int steps = strcmp(BACKEND->kind, "sqlite") == 0 ? 12000 : 1500;
    model *m = hopt_zalloc(1, sizeof *m);
    m->store = open_store();
    m->study = make_study(m->store, "a");
    for (m->step = 0; m->step < steps; m->step++) {
        commands[draw(HOPT_COUNT(commands))](m);
        compare(m);
        if (draw(8) == 0) start_again(m);
    }
    printf("     %d random commands agreed\n", steps);
    hopt_study_free(m->study);
    hopt_store_close(m->store);
    free(m);
}

const test_case model_cases[] = {{"model_random_commands", random_commands}, {NULL, NULL}};
