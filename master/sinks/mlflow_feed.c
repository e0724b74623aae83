/*
 * One study's part of the sink. Design notes
 * - The feeder holds a lease in the study's note, taken as the leader's is: when its owner is gone
 *   from this machine, has left, or its beat stood still for LEASE_MS on our own clock.
 * - Trials are noted as begun, many at once, before their runs are made, and as done one by one.
 *   Only for those that are begun and not done a run must be looked for after a restart.
 * - Below `low` only a retried trial can be pending: a look at all of them now and then, and before
 *   a flush is over, finds those.
 * - best_loss at step n is the best of trials 0 .. n, written when all of them have ended: the same
 *   points whoever writes them, so that the highest step in MLflow tells where to go on.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "common/sys/host.h"
#include "master/sinks/mlflow_internal.h"
#include "master/sinks/mlflow_load.h"

enum {
    LEASE_MS = 15000,
    BEAT_MS = 4000,
    TRUST_MS = 10000, /* of a lease that was not renewed */
    PAGE = 100,
    PATIENCE = 5, /* failures at one trial */
    READ = 1000,
    WHOLE_MS = 60000,
    WHOLE_SHARE = 50 /* a look at all trials may take one part in so many of the time */
};

struct hopt_mlflow__feed {
    char study[HOPT_STUDY_NAME_MAX];
    hopt_study_record *record;
    hopt_study_spec *spec;
    int64_t spec_rev;

    hopt_sink_study note; /* as last read or written */
    bool mine;
    int64_t mine_ms; /* when it was last known to be */
    int64_t seen_ms; /* since when another's stands still */

    bool ready;       /* the run is there, and known */
    int ended;        /* all trials below it have ended */
    int low;          /* all below it were delivered, but for retried ones */
    int64_t whole_ms; /* when all trials are to be looked at again */
    bool has_best;
    double best;
    int64_t best_ms;
    int64_t sent_step;   /* the highest of best_loss in MLflow */
    char *said;          /* tags and status last sent */
    int stuck, failures; /* the trial that MLflow failed at last, and how often in a row */
    bool skipped;        /* in this pass */
    bool refused_parent; /* said once */
};

hopt_mlflow__feed *hopt_mlflow__feed_new(const char *study) {
    hopt_mlflow__feed *feed = hopt_zalloc(1, sizeof *feed);
    snprintf(feed->study, sizeof feed->study, "%s", study);
    return feed;
}

const char *hopt_mlflow__feed_study(const hopt_mlflow__feed *feed) {
    return feed->study;
}

static void forget_run(hopt_mlflow__feed *feed) {
    feed->ready = feed->has_best = false;
    feed->ended = feed->low = 0;
    feed->whole_ms = 0;
    free(feed->said);
    feed->said = NULL;
}

static void forget(hopt_mlflow__feed *feed) {
    forget_run(feed);
    hopt_study_free(feed->record);
    hopt_study_spec_free(feed->spec);
    feed->record = NULL;
    feed->spec = NULL;
    feed->mine = false;
    memset(&feed->note, 0, sizeof feed->note);
}

void hopt_mlflow__feed_free(hopt_mlflow__feed *feed) {
    if (!feed) return;
    forget(feed);
    free(feed);
}

/* ---- the record ---- */

static hopt_status read_record(hopt_mlflow__feed *feed, hopt_store *store, hopt_error *err) {
    hopt_study_record *record;
    hopt_status status = hopt_store_study(store, &record, feed->study, err);
    if (status != HOPT_OK) return status;
    if (feed->record && memcmp(feed->record->prefix, record->prefix, sizeof record->prefix) != 0)
        forget(feed); /* another study of that name */
    bool fresh = !feed->record || !feed->spec || feed->spec_rev != record->rev;
    hopt_study_free(feed->record);
    feed->record = record;
    if (!fresh) return HOPT_OK;
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    status = hopt_study_spec_parse_stored(&spec, record->spec, record->name, &errors);
    if (status != HOPT_OK) {
        if (err) *err = errors.list[0];
        return status;
    }
    hopt_study_spec_free(feed->spec);
    feed->spec = spec;
    feed->spec_rev = record->rev;
    return HOPT_OK;
}

/* ---- the lease ---- */

/* Owners are "host:pid:hex/boot". */
static bool owner_gone(const char *owner) {
    char its[HOPT_OWNER_MAX];
    snprintf(its, sizeof its, "%s", owner);
    char *boot = strchr(its, '/');
    if (!boot || !boot[1]) return false;
    *boot++ = '\0';
    return hopt_host_owner_gone(its, boot);
}

static hopt_status put_note(hopt_mlflow__feed *feed, hopt_store *store, const hopt_sink_study *note,
                            hopt_error *err) {
    int64_t before_ms = hopt_clock_mono_ms();
    hopt_status status = hopt_sink_study_put(store, feed->study, &feed->note, note, err);
    if (status == HOPT_OK) {
        feed->note = *note;
        feed->mine_ms = before_ms;
    }
    return status;
}

static void lose(hopt_mlflow__feed *feed) {
    feed->mine = false;
    forget_run(feed);
    feed->seen_ms = hopt_clock_mono_ms();
}

static hopt_status beat(hopt_mlflow__feed *feed, hopt_store *store, hopt_error *err) {
    if (hopt_clock_mono_ms() - feed->mine_ms < BEAT_MS) return HOPT_OK;
    hopt_sink_study note = feed->note;
    note.beat++;
    hopt_status status = put_note(feed, store, &note, err);
    /* After a lost reply too: what is there is read next time. */
    if (status != HOPT_OK) lose(feed);
    return status;
}

static hopt_status take(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                        const hopt_sink_study *seen, hopt_error *err) {
    feed->note = *seen;
    hopt_sink_study note = *seen;
    note.exists = true;
    note.beat++;
    snprintf(note.owner, sizeof note.owner, "%s", work->me);
    hopt_status status = put_note(feed, work->store, &note, err);
    feed->mine = status == HOPT_OK;
    feed->seen_ms = hopt_clock_mono_ms();
    return status == HOPT_ECONFLICT ? HOPT_OK : status;
}

static hopt_status hold(hopt_mlflow__feed *feed, hopt_mlflow__work *work, hopt_error *err) {
    if (feed->mine) {
        hopt_status status = beat(feed, work->store, err);
        if (status != HOPT_ECONFLICT) return status;
    }
    hopt_sink_study seen;
    int64_t before_ms = hopt_clock_mono_ms();
    hopt_status status = hopt_sink_study_read(work->store, &seen, feed->study, err);
    if (status != HOPT_OK) return status;
    bool free_now = !seen.exists || !seen.owner[0] || strcmp(seen.owner, work->me) == 0 ||
                    owner_gone(seen.owner);
    bool same = strcmp(seen.owner, feed->note.owner) == 0 && seen.beat == feed->note.beat;
    if (!same) feed->seen_ms = before_ms;
    if (free_now || hopt_clock_mono_ms() - feed->seen_ms >= LEASE_MS)
        return take(feed, work, &seen, err);
    feed->note = seen;
    return HOPT_OK;
}

void hopt_mlflow__feed_leave(hopt_mlflow__feed *feed, hopt_store *store) {
    if (!feed->mine) return;
    hopt_sink_study note = feed->note;
    note.owner[0] = '\0';
    note.beat++;
    hopt_status status = put_note(feed, store, &note, NULL);
    (void)status; /* a courtesy */
    feed->mine = false;
}

/* ---- the study's run ---- */

/* When the study began, as far as it is known: it may be an old one. */
static int64_t begin_of(const hopt_mlflow__feed *feed, hopt_store *store) {
    hopt_trials first = {0};
    hopt_trial_query query = {.study = feed->study, .after = -1, .limit = 1, .brief = true};
    hopt_status status = hopt_store_trials(store, &first, &query, NULL, NULL);
    int64_t begin_ms = status == HOPT_OK && first.count ? first.list[0]->book_ms : 0;
    hopt_trials_clear(&first);
    return begin_ms > 0 ? begin_ms : hopt_clock_unix_ms();
}

static json_t *parent_request(const hopt_mlflow__feed *feed, const hopt_mlflow__work *work,
                              const char *id) {
    hopt_mlflow_load tags;
    hopt_mlflow_load_init(&tags);
    hopt_mlflow_add_tag(&tags, "mlflow.runName", feed->study);
    hopt_mlflow_add_tag(&tags, "mlflow.source.name", "hopt");
    hopt_mlflow_add_tag(&tags, "mlflow.source.type", "JOB");
    hopt_mlflow_add_tag(&tags, "hopt.study", feed->study);
    hopt_mlflow_add_tag(&tags, "hopt.study_id", id);
    json_t *request =
        json_pack("{s:s,s:s,s:I,s:O}", "experiment_id", work->experiment, "run_name", feed->study,
                  "start_time", (json_int_t)begin_of(feed, work->store), "tags", tags.tags);
    hopt_mlflow_load_clear(&tags);
    return request;
}

/* Params can't be changed: what is there stays, whatever was set later. */
static void drop_known_params(hopt_mlflow_load *load, const json_t *run) {
    json_t *kept = json_array(), *param, *known;
    size_t i, k;
    json_array_foreach(load->params, i, param) {
        bool found = false;
        json_array_foreach(json_object_get(json_object_get(run, "data"), "params"), k, known) {
            found |= json_equal(json_object_get(known, "key"), json_object_get(param, "key"));
        }
        if (!found) json_array_append(kept, param);
    }
    json_array_clear(load->params);
    json_array_extend(load->params, kept);
    json_decref(kept);
}

static hopt_status send_params(hopt_mlflow__feed *feed, hopt_mlflow__work *work, const json_t *run,
                               hopt_error *err) {
    hopt_mlflow_load load;
    hopt_mlflow_load_init(&load);
    hopt_mlflow_study(&load, feed->spec, feed->record->seed);
    drop_known_params(&load, run);
    hopt_status status = hopt_mlflow__send(work->api, &load, feed->note.run, err);
    if (status == HOPT_EINVAL) { /* an older server with tighter limits */
        char *text = hopt_format("study %s: MLflow does not take its params: %s", feed->study,
                                 err ? err->message : "");
        if (!feed->refused_parent) work->remark(work->data, true, text);
        free(text);
        feed->refused_parent = true;
        status = HOPT_OK;
    }
    hopt_mlflow_load_clear(&load);
    return status;
}

static hopt_status read_sent_step(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                                  hopt_error *err) {
    json_t *history, *point;
    size_t i;
    feed->sent_step = -1;
    hopt_status status =
        hopt_mlflow_history(work->api, &history, feed->note.run, HOPT_MLFLOW_BEST, err);
    json_array_foreach(history, i, point) {
        int64_t step = hopt_json_integer_of(point, "step", -1);
        if (step > feed->sent_step) feed->sent_step = step;
    }
    json_decref(history);
    return status;
}

/* The noted run, when it can still be used: it is there, and in the experiment that is wanted. */
static hopt_status noted_run(hopt_mlflow__feed *feed, hopt_mlflow__work *work, json_t **run,
                             hopt_error *err) {
    *run = NULL;
    if (!feed->note.run[0]) return HOPT_ENOTFOUND;
    hopt_status status = hopt_mlflow_run(work->api, run, feed->note.run, err);
    if (status == HOPT_OK) {
        const char *its = hopt_json_string_of(json_object_get(*run, "info"), "experiment_id");
        if (!its || strcmp(its, work->experiment) == 0) return HOPT_OK;
        json_decref(*run);
        *run = NULL;
        status = HOPT_ENOTFOUND;
    }
    if (status != HOPT_ENOTFOUND) return status;
    char *text = hopt_format("study %s: its run is not in this MLflow experiment any more: "
                             "beginning anew",
                             feed->study);
    work->remark(work->data, false, text);
    free(text);
    return HOPT_ENOTFOUND;
}

static hopt_status find_or_create(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                                  hopt_sink_study *note, hopt_error *err) {
    char id[2 * HOPT_ID_SIZE + 1];
    hopt_trial_id first = hopt_trial_id_make(feed->record->prefix, 0);
    hopt_mlflow_id(id, &first);
    id[2 * (size_t)HOPT_PREFIX_SIZE] = '\0';
    hopt_status status =
        hopt_mlflow_find(work->api, note->run, work->experiment, "hopt.study_id", id, NULL, err);
    if (status != HOPT_ENOTFOUND) return status;
    return hopt_mlflow_create(work->api, note->run, parent_request(feed, work, id), err);
}

static hopt_status have_run(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                            hopt_mlflow__side *side, hopt_error *err) {
    json_t *run;
    hopt_status status = noted_run(feed, work, &run, err);
    if (status == HOPT_ENOTFOUND) {
        hopt_sink_study note = feed->note;
        status = find_or_create(feed, work, &note, err);
        if (status != HOPT_OK) return status;
        *side = HOPT_MLFLOW__STORE;
        note.beat++;
        status = put_note(feed, work->store, &note, err);
        if (status != HOPT_OK) {
            lose(feed);
            return status;
        }
        *side = HOPT_MLFLOW__SERVER;
        status = hopt_mlflow_run(work->api, &run, feed->note.run, err);
    }
    if (status == HOPT_OK) status = send_params(feed, work, run, err);
    if (status == HOPT_OK) status = read_sent_step(feed, work, err);
    json_decref(run);
    return status;
}

static hopt_status get_ready(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                             hopt_mlflow__side *side, hopt_error *err) {
    hopt_status status = HOPT_OK;
    *side = HOPT_MLFLOW__SERVER;
    if (feed->ready) return HOPT_OK;
    forget_run(feed);
    if (!work->experiment[0])
        status = hopt_mlflow_experiment(work->api, work->experiment, work->experiment_name, err);
    if (status == HOPT_OK) status = have_run(feed, work, side, err);
    feed->ready = status == HOPT_OK;
    return status;
}

/* ---- trials ---- */

static hopt_status note_begun(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                              hopt_sink_trial *list, bool *fresh, size_t count, hopt_error *err) {
    hopt_sink_trial *begun = hopt_zalloc(count, sizeof *begun);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        fresh[i] = strcmp(list[i].parent, feed->note.run) != 0;
        if (!fresh[i]) continue;
        snprintf(list[i].parent, sizeof list[i].parent, "%s", feed->note.run);
        list[i].run[0] = '\0';
        begun[n++] = list[i];
    }
    hopt_status status = hopt_sink_put(work->store, begun, n, err);
    free(begun);
    return status;
}

/* MLflow does not take a trial: unless it is the study's run that is gone, the trial is noted as
 * done, or it would be tried for ever. */
static hopt_status refused(hopt_mlflow__feed *feed, hopt_mlflow__work *work, int num,
                           hopt_error *err) {
    json_t *run;
    hopt_error why = err ? *err : (hopt_error){.message = ""};
    hopt_status status = hopt_mlflow_run(work->api, &run, feed->note.run, err);
    if (status == HOPT_ENOTFOUND) {
        feed->ready = false;
        work->experiment[0] = '\0';
        return hopt_error_set(err, HOPT_EFAILED, "the run of study %s is gone", feed->study);
    }
    if (status != HOPT_OK) return status;
    json_decref(run);
    char *text =
        hopt_format("study %s: MLflow does not take trial %d: %s", feed->study, num, why.message);
    work->remark(work->data, true, text);
    free(text);
    return HOPT_OK;
}

static hopt_status deliver(hopt_mlflow__feed *feed, hopt_mlflow__work *work, hopt_sink_trial *mark,
                           const hopt_trial *trial, bool fresh, hopt_mlflow__side *side,
                           hopt_error *err) {
    if (!hopt_state_terminal(trial->state)) return HOPT_OK; /* retried meanwhile */
    mark->version = trial->version;
    *side = HOPT_MLFLOW__STORE;
    hopt_status status = beat(feed, work->store, err);
    if (status != HOPT_OK) return status;
    status = hopt_mlflow__trial(work, feed->spec, mark, trial, fresh, side, err);
    if (status == HOPT_EINVAL) status = refused(feed, work, trial->num, err);
    if (status != HOPT_OK) return status;
    *side = HOPT_MLFLOW__STORE;
    mark->done = true;
    status = hopt_sink_put(work->store, mark, 1, err);
    if (status == HOPT_OK && mark->status == HOPT_OK) work->delivered(work->data);
    return status;
}

/* One trial that MLflow fails at every time shall not keep the others back. */
static bool is_to_skip(hopt_mlflow__feed *feed, int num) {
    bool skip = num == feed->stuck && feed->failures >= PATIENCE && feed->failures % 2;
    if (!skip) return false;
    feed->failures++; /* and is tried again next time */
    feed->skipped = true;
    return true;
}

static void count_failure(hopt_mlflow__feed *feed, int num, hopt_status status) {
    bool same = num == feed->stuck && status == HOPT_EFAILED;
    feed->failures = same ? feed->failures + 1 : status == HOPT_EFAILED;
    feed->stuck = num;
}

static hopt_status deliver_page(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                                hopt_sink_trial *list, size_t count, hopt_mlflow__side *side,
                                hopt_error *err) {
    int nums[PAGE];
    bool fresh[PAGE];
    hopt_trials trials = {0};
    *side = HOPT_MLFLOW__STORE;
    hopt_status status = note_begun(feed, work, list, fresh, count, err);
    for (size_t i = 0; i < count; i++)
        nums[i] = list[i].num;
    if (status == HOPT_OK)
        status = hopt_store_trials_by_num(work->store, &trials, feed->study, nums, count, err);
    size_t at = 0;
    for (size_t i = 0; i < count && status == HOPT_OK; i++) {
        if (work->stopped(work->data)) status = HOPT_ESTOPPED;
        while (at < trials.count && trials.list[at]->num < list[i].num)
            at++;
        bool there = at < trials.count && trials.list[at]->num == list[i].num;
        if (status != HOPT_OK || !there || is_to_skip(feed, list[i].num)) continue;
        status = deliver(feed, work, &list[i], trials.list[at], fresh[i], side, err);
        if (status != HOPT_OK) count_failure(feed, list[i].num, status);
    }
    hopt_trials_clear(&trials);
    return status;
}

static hopt_status deliver_from(hopt_mlflow__feed *feed, hopt_mlflow__work *work, int after,
                                hopt_mlflow__side *side, hopt_error *err) {
    hopt_status status = HOPT_OK;
    for (size_t count = PAGE; count == PAGE && status == HOPT_OK;) {
        hopt_sink_trial *list;
        *side = HOPT_MLFLOW__STORE;
        status = hopt_sink_pending(work->store, &list, &count, feed->study, feed->note.run, after,
                                   PAGE, err);
        if (status == HOPT_OK && count) {
            after = list[count - 1].num;
            status = deliver_page(feed, work, list, count, side, err);
        }
        free(list);
    }
    return status;
}

/* ---- best_loss ---- */

static hopt_status send_best(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                             hopt_mlflow_load *load, int64_t step, hopt_mlflow__side *side,
                             hopt_error *err) {
    if (!json_array_size(load->metrics)) return HOPT_OK;
    *side = HOPT_MLFLOW__SERVER;
    hopt_status status = hopt_mlflow__send(work->api, load, feed->note.run, err);
    if (status == HOPT_OK) feed->sent_step = step;
    return status;
}

/* Take up trials that have ended, in the order of their numbers. */
static void add_best(hopt_mlflow__feed *feed, const hopt_trial *trial, hopt_mlflow_load *load) {
    const hopt_result *result = &trial->result;
    if (trial->end_ms > feed->best_ms) feed->best_ms = trial->end_ms;
    if (trial->state == HOPT_DONE && result->ok && result->has_loss &&
        (!feed->has_best || result->loss < feed->best)) {
        feed->has_best = true;
        feed->best = result->loss;
    }
    if (feed->has_best && trial->num > feed->sent_step)
        hopt_mlflow_add_metric(load, HOPT_MLFLOW_BEST,
                               feed->spec->maximize ? -feed->best : feed->best, feed->best_ms,
                               trial->num);
}

static hopt_status follow_ended(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                                hopt_mlflow__side *side, hopt_error *err) {
    bool gaps = feed->record->state == HOPT_STUDY_DONE, going = true;
    hopt_status status = HOPT_OK;
    for (int limit = 1; going && status == HOPT_OK; limit = READ) {
        hopt_trials trials = {0};
        hopt_mlflow_load load;
        hopt_trial_query query = {
            .study = feed->study, .after = feed->ended - 1, .limit = limit, .brief = true};
        hopt_mlflow_load_init(&load);
        *side = HOPT_MLFLOW__STORE;
        status = hopt_store_trials(work->store, &trials, &query, NULL, err);
        size_t i = 0;
        for (; i < trials.count && status == HOPT_OK; i++) {
            const hopt_trial *trial = trials.list[i];
            if (!hopt_state_terminal(trial->state) || (trial->num != feed->ended && !gaps)) break;
            add_best(feed, trial, &load);
            feed->ended = trial->num + 1;
        }
        going = trials.count && i == trials.count;
        hopt_trials_clear(&trials);
        if (status == HOPT_OK) status = send_best(feed, work, &load, feed->ended - 1, side, err);
        hopt_mlflow_load_clear(&load);
    }
    return status;
}

/* ---- tags and status of the study's run ---- */

static void add_number_tag(hopt_mlflow_load *load, const char *key, double value) {
    char text[HOPT_JSON_NUMBER];
    hopt_json_number(text, value);
    hopt_mlflow_add_tag(load, key, text);
}

static void study_tags(const hopt_mlflow__feed *feed, hopt_mlflow_load *load) {
    const hopt_study_record *record = feed->record;
    const hopt_stop_rules *stop = &feed->spec->stop;
    hopt_mlflow_add_tag(load, "hopt.state", hopt_study_state_name(record->state));
    hopt_mlflow_add_tag(load, "hopt.reason", record->reason ? record->reason : "");
    if (stop->max_trials) add_number_tag(load, "hopt.max_trials", stop->max_trials);
    if (stop->timeout_s > 0) add_number_tag(load, "hopt.timeout_s", stop->timeout_s);
    if (!record->has_best) return;
    add_number_tag(load, "hopt.best_trial", record->best_num);
    add_number_tag(load, "hopt.best_loss",
                   feed->spec->maximize ? -record->best_loss : record->best_loss);
}

static hopt_status say_state(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                             hopt_mlflow__side *side, hopt_error *err) {
    bool done = feed->record->state == HOPT_STUDY_DONE;
    hopt_mlflow_load load;
    hopt_mlflow_load_init(&load);
    study_tags(feed, &load);
    char *text = hopt_json_text(load.tags);
    hopt_status status = HOPT_OK;
    if (!feed->said || strcmp(text, feed->said) != 0) {
        *side = HOPT_MLFLOW__SERVER;
        status = hopt_mlflow__send(work->api, &load, feed->note.run, err);
        if (status == HOPT_OK)
            status =
                hopt_mlflow_set_status(work->api, feed->note.run, done ? "FINISHED" : "RUNNING",
                                       done ? feed->best_ms : 0, err);
    }
    hopt_mlflow_load_clear(&load);
    free(feed->said);
    feed->said = status == HOPT_OK ? text : NULL;
    if (status != HOPT_OK) free(text);
    return status;
}

/* ---- a pass ---- */

static hopt_status feed_all(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                            hopt_mlflow__side *side, hopt_error *err) {
    int64_t begin_ms = hopt_clock_mono_ms();
    bool whole = work->whole || begin_ms >= feed->whole_ms;
    feed->skipped = false;
    hopt_status status = follow_ended(feed, work, side, err);
    int ended = feed->ended; /* before the look at what is pending: so it will have seen these */
    if (status == HOPT_OK) status = deliver_from(feed, work, whole ? -1 : feed->low - 1, side, err);
    if (status == HOPT_OK && !feed->skipped) feed->low = ended;
    if (status == HOPT_OK) status = say_state(feed, work, side, err);
    if (status != HOPT_OK || !whole) return status;
    int64_t now_ms = hopt_clock_mono_ms(), pause_ms = (now_ms - begin_ms) * WHOLE_SHARE;
    feed->whole_ms = now_ms + (pause_ms > WHOLE_MS ? pause_ms : WHOLE_MS);
    return status;
}

static hopt_status others_done(hopt_mlflow__feed *feed, hopt_mlflow__work *work, bool *clean,
                               hopt_error *err) {
    hopt_sink_trial *list;
    size_t count;
    hopt_status status =
        hopt_sink_pending(work->store, &list, &count, feed->study, feed->note.run, -1, 1, err);
    *clean = status == HOPT_OK && count == 0;
    free(list);
    return status;
}

hopt_status hopt_mlflow__feed_serve(hopt_mlflow__feed *feed, hopt_mlflow__work *work,
                                    hopt_mlflow__side *side, bool *clean, hopt_error *err) {
    *clean = false;
    *side = HOPT_MLFLOW__STORE;
    hopt_status status = read_record(feed, work->store, err);
    if (status == HOPT_OK) status = hold(feed, work, err);
    if (status != HOPT_OK) return status;
    if (!feed->mine) return work->whole ? others_done(feed, work, clean, err) : HOPT_OK;
    status = get_ready(feed, work, side, err);
    if (status == HOPT_OK) status = feed_all(feed, work, side, err);
    if (status == HOPT_OK) *clean = !feed->skipped;
    /* What was sent may have arrived, or not: look again, and at the run itself. */
    if (status != HOPT_OK && *side == HOPT_MLFLOW__SERVER) {
        feed->ready = false;
        work->experiment[0] = '\0';
    }
    return status;
}
