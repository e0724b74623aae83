/* The master's pure rules: budget, queue target, leases by observation. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/reaper.h"
#include "common/sys/host.h"
#include "master/budget.h"
#include "master/target.h"

/* ---- budget ---- */

static void end(hopt_budget *budget, const hopt_study_spec *spec, int num, hopt_state state,
                bool ok, double loss) {
    hopt_trial trial = {.num = num, .state = state};
    trial.result = (hopt_result){.state = state, .ok = ok, .has_loss = ok, .loss = loss};
    hopt_budget_add(budget, &trial, spec);
}

Test(budget, max_trials_ends_when_all_slots_have_ended) {
    hopt_study_spec spec = {.stop = {.max_trials = 3}};
    hopt_budget budget = {0};
    cr_assert_null(hopt_budget_verdict(&budget, &spec, 3, 1, 0), "one is open");
    cr_assert_null(hopt_budget_verdict(&budget, &spec, 2, 0, 0), "one slot is left");
    cr_assert_str_eq(hopt_budget_verdict(&budget, &spec, 3, 0, 0), "max_trials");
}

Test(budget, loss_below_is_in_the_users_sign) {
    hopt_study_spec spec = {.stop = {.has_loss_below = true, .loss_below = 0.5}};
    hopt_budget budget = {0};
    end(&budget, &spec, 0, HOPT_DONE, true, 0.5);
    cr_assert_null(hopt_budget_verdict(&budget, &spec, 1, 0, 0), "equal is not below");
    end(&budget, &spec, 1, HOPT_DONE, true, 0.4);
    cr_assert_str_eq(hopt_budget_verdict(&budget, &spec, 2, 5, 0), "loss_below");
    hopt_study_spec max = {.maximize = true, .stop = {.has_loss_below = true, .loss_below = 0.9}};
    hopt_budget best = {0};
    end(&best, &max, 0, HOPT_DONE, true, -0.85);
    cr_assert_null(hopt_budget_verdict(&best, &max, 1, 0, 0));
    end(&best, &max, 1, HOPT_DONE, true, -0.95);
    cr_assert_str_eq(hopt_budget_verdict(&best, &max, 2, 0, 0), "loss_below");
}

Test(budget, no_progress_counts_since_the_last_progress) {
    hopt_study_spec spec = {.stop = {.no_progress_trials = 3, .no_progress_percent = 10}};
    hopt_budget budget = {0};
    end(&budget, &spec, 0, HOPT_DONE, true, 10);
    end(&budget, &spec, 1, HOPT_DONE, true, 9.5); /* less than 10 % better: no progress */
    end(&budget, &spec, 2, HOPT_ERROR, false, NAN);
    cr_assert_null(hopt_budget_verdict(&budget, &spec, 3, 0, 0));
    end(&budget, &spec, 3, HOPT_DONE, true, 8.9);
    cr_assert_eq(budget.idle_trials, 0);
    for (int i = 4; i < 7; i++)
        end(&budget, &spec, i, HOPT_DONE, true, 8.5);
    cr_assert_str_eq(hopt_budget_verdict(&budget, &spec, 7, 0, 0), "no_progress");
    cr_assert_eq(budget.best_num, 4, "ties go to the first");
}

Test(budget, timeout_and_hopeless) {
    hopt_study_spec spec = {.stop = {.timeout_s = 1.5}};
    hopt_budget budget = {0};
    cr_assert_null(hopt_budget_verdict(&budget, &spec, 0, 0, 1499));
    cr_assert_str_eq(hopt_budget_verdict(&budget, &spec, 0, 0, 1500), "timeout");
    for (int i = 0; i < 4; i++)
        end(&budget, &spec, i, HOPT_ERROR, false, NAN);
    cr_assert_not(hopt_budget_hopeless(&budget));
    end(&budget, &spec, 4, HOPT_ERROR, false, NAN);
    cr_assert(hopt_budget_hopeless(&budget));
    end(&budget, &spec, 5, HOPT_DONE, false, NAN);
    cr_assert_not(hopt_budget_hopeless(&budget), "a fail is an answer of the objective");
    cr_assert_eq(budget.failed, 6);
}

/* ---- queue target ---- */

Test(target, idle_slots_and_what_ends_until_the_next_look) {
    cr_assert_eq(hopt_queue_target(-1, 1, 1, 100, 1), 0, "serial means serial");
    cr_assert_eq(hopt_queue_target(-1, 1, 0, 100, 1), 1);
    cr_assert_eq(hopt_queue_target(-1, 8, 3, 2.2, 1), 5 + 3);
    cr_assert_eq(hopt_queue_target(-1, 8, 9, 0, 1), 0, "more running than slots known");
    cr_assert_eq(hopt_queue_target(-1, 0, 0, 0, 1), 1, "one waits for the first worker");
    cr_assert_eq(hopt_queue_target(10, 4, 4, 0, 1), 10);
    cr_assert_eq(hopt_queue_target(-1, 1000, 0, 1e9, 1), 10000, "bounded");
}

Test(target, rate_settles_at_the_true_rate) {
    hopt_rate rate = {0};
    for (int64_t now = 0; now <= 60000; now += 100)
        hopt_rate_add(&rate, 5, now);
    cr_assert_float_eq(rate.per_s, 50, 1.5);
    for (int64_t now = 60100; now <= 120000; now += 100)
        hopt_rate_add(&rate, 0, now);
    cr_assert_lt(rate.per_s, 0.01);
}

/* ---- leases by observation ---- */

static hopt_open_trial running(int num, int lease, int64_t beat) {
    hopt_open_trial trial = {.num = num, .state = HOPT_RUNNING, .lease = lease, .beat = beat};
    strcpy(trial.owner, "elsewhere:12:00000001");
    strcpy(trial.worker, trial.owner);
    return trial;
}

enum { LEASE = 1000 };

static bool expired(hopt_reaper *reaper, hopt_open_trial *seen, int64_t now) {
    return hopt_reaper_expired(reaper, seen, now, LEASE, NULL, 0);
}

Test(reaper, silent_for_a_lease_of_good_reads) {
    hopt_reaper *reaper = hopt_reaper_new();
    hopt_open_trial seen = running(3, 1, 7);
    int64_t now;
    for (now = 0; now < LEASE; now += 200) {
        hopt_reaper_observe(reaper, &seen, 1, now, LEASE);
        cr_assert_not(expired(reaper, &seen, now));
    }
    hopt_reaper_observe(reaper, &seen, 1, now, LEASE);
    cr_assert(expired(reaper, &seen, now));
    seen.beat = 8;
    hopt_reaper_observe(reaper, &seen, 1, now + 100, LEASE);
    cr_assert_not(expired(reaper, &seen, now + 100), "a beat renews it");
    seen.lease = 2;
    hopt_reaper_observe(reaper, &seen, 1, now + 200, LEASE);
    cr_assert_not(expired(reaper, &seen, now + 200), "a new lease begins anew");
    hopt_reaper_free(reaper);
}

Test(reaper, a_gap_clears_what_was_seen) {
    hopt_reaper *reaper = hopt_reaper_new();
    hopt_open_trial seen = running(3, 1, 7);
    hopt_reaper_observe(reaper, &seen, 1, 0, LEASE);
    hopt_reaper_observe(reaper, &seen, 1, 5 * LEASE, LEASE);
    cr_assert_not(expired(reaper, &seen, 5 * LEASE), "the master itself was away");
    hopt_reaper_forget(reaper);
    cr_assert_not(expired(reaper, &seen, 50 * LEASE));
    hopt_reaper_free(reaper);
}

Test(reaper, leaves_foreign_and_asked_trials_alone) {
    hopt_reaper *reaper = hopt_reaper_new();
    hopt_open_trial foreign = running(1, 1, 0), asked = running(2, 1, 0);
    strcpy(foreign.worker, "hopt:1:1"); /* a Python worker took it: owner differs */
    strcpy(asked.owner, "ask:vm:00000001");
    strcpy(asked.worker, asked.owner);
    hopt_open_trial all[] = {foreign, asked};
    for (int64_t now = 0; now <= 3 * LEASE; now += 200) {
        hopt_reaper_observe(reaper, all, 2, now, LEASE);
        cr_assert_not(expired(reaper, &all[0], now));
        cr_assert_not(expired(reaper, &all[1], now));
    }
    hopt_reaper_free(reaper);
}

Test(reaper, a_worker_that_beats_for_a_longer_lease_has_that_one) {
    hopt_reaper *reaper = hopt_reaper_new();
    hopt_open_trial seen = running(1, 1, 0);
    hopt_worker_record worker = {.lease_s = 3 * LEASE / 1000.0};
    strcpy(worker.owner, seen.owner);
    int64_t now;
    for (now = 0; now < 3 * LEASE; now += 200) {
        hopt_reaper_observe(reaper, &seen, 1, now, LEASE);
        cr_assert_not(hopt_reaper_expired(reaper, &seen, now, LEASE, &worker, 1));
    }
    hopt_reaper_observe(reaper, &seen, 1, now, LEASE);
    cr_assert(hopt_reaper_expired(reaper, &seen, now, LEASE, &worker, 1));
    hopt_reaper_free(reaper);
}

Test(reaper, a_dead_process_of_this_host_at_once) {
    hopt_reaper *reaper = hopt_reaper_new();
    hopt_open_trial seen = running(1, 1, 0);
    hopt_worker_record worker = {0};
    char host[HOPT_HOST_MAX];
    hopt_host_name(host);
    hopt_host_boot_id(worker.boot_id);
    /* A pid above the kernel's largest (2^22). */
    snprintf(seen.owner, sizeof seen.owner, "%s:4194400:00000001", host);
    strcpy(seen.worker, seen.owner);
    strcpy(worker.owner, seen.owner);
    hopt_reaper_observe(reaper, &seen, 1, 0, LEASE);
    cr_assert(hopt_reaper_expired(reaper, &seen, 0, LEASE, &worker, 1));
    worker.boot_id[0] ^= 1;
    cr_assert_not(hopt_reaper_expired(reaper, &seen, 0, LEASE, &worker, 1), "another boot");
    hopt_reaper_free(reaper);
}
