/* Many processes at the same time. */
#include <stdatomic.h>
#include <unistd.h>

#include "tests/conformance/conformance.h"

static void setup(int index) {
    (void)index;
    hopt_store *store = open_store();
    hopt_study_free(make_study(store, "a"));
    hopt_store_close(store);
}

static hopt_study_record *the_study(hopt_store *store) {
    hopt_study_record *study;
    MUST(hopt_store_study(store, &study, "a", &E));
    return study;
}

/* ---- the first opening ---- */

static void first_open(int index) {
    hopt_store *store = open_store();
    char name[16];
    snprintf(name, sizeof name, "s%d", index);
    hopt_study_free(make_study(store, name));
    hopt_store_close(store);
}

static void opening_raced(void) {
    enum { N = 16 };
    together(N, first_open);
    hopt_store *store = open_store();
    char **names;
    size_t count;
    MUST(hopt_store_studies(store, &names, &count, &E));
    CHECK(count == N);
    hopt_names_free(names);
    hopt_store_close(store);
}

/* ---- one name, created by many ---- */

static atomic_int *made;

static void create_same(int index) {
    (void)index;
    hopt_store *store = open_store();
    hopt_study_record *study = new_study("a"), *read;
    hopt_status status = hopt_store_study_create(store, study, &E);
    CHECK(status == HOPT_OK || status == HOPT_ECONFLICT);
    MUST(hopt_store_study(store, &read, "a", &E));
    if (status == HOPT_OK) {
        atomic_fetch_add(made, 1);
        CHECK(memcmp(study->prefix, read->prefix, HOPT_PREFIX_SIZE) == 0);
    }
    hopt_study_free(study);
    hopt_study_free(read);
    hopt_store_close(store);
}

static void creation_raced(void) {
    made = shared(sizeof *made);
    together(8, create_same);
    CHECK(atomic_load(made) == 1);
}

/* ---- tids ---- */

enum { TIDS = 20000 };
static atomic_char *taken;

static void take_tids(int index) {
    hopt_store *store = open_store();
    for (int i = 0; i < 40; i++) {
        int64_t first;
        int n = 1 + (index + i) % 7;
        MUST(hopt_store_tids(store, &first, n, &E));
        for (int k = 0; k < n; k++) {
            CHECK(first + k >= 0 && first + k < TIDS);
            CHECK(atomic_fetch_add(&taken[first + k], 1) == 0);
        }
    }
    hopt_store_close(store);
}

static void tids_raced(void) {
    taken = shared(TIDS);
    together(12, take_tids);
}

/* ---- slots ---- */

enum { SLOTS = 300, MASTERS = 4 };
static atomic_int *won;

/* Fills all slots as a master does: what is taken is stepped over. */
static void fill_slots(int index) {
    hopt_store *store = open_store();
    hopt_study_record *study = the_study(store);
    int next = 0;
    while (next < SLOTS) {
        int n = 1 + (next + index) % 9;
        if (n > SLOTS - next) n = SLOTS - next;
        hopt_trials batch = {0};
        int64_t tid;
        size_t inserted;
        MUST(hopt_store_tids(store, &tid, n, &E));
        for (int i = 0; i < n; i++)
            hopt_trials_add(&batch, new_trial(study, next + i, tid + i));
        CHECK(batch.list);
        hopt_status status = hopt_store_enqueue(store, batch.list, batch.count, &inserted, &E);
        CHECK(status == HOPT_OK ? inserted == (size_t)n
                                : status == HOPT_ECONFLICT && inserted < (size_t)n);
        for (size_t i = 0; i < inserted; i++) {
            hopt_trial *read = read_trial(store, "a", batch.list[i]->num);
            CHECK(read->tid == batch.list[i]->tid);
            hopt_trial_free(read);
            atomic_fetch_add(&won[batch.list[i]->num], 1);
        }
        next += (int)inserted + (status == HOPT_ECONFLICT);
        hopt_trials_clear(&batch);
    }
    hopt_study_free(study);
    hopt_store_close(store);
}

static void slots_raced(void) {
    won = shared(SLOTS * sizeof *won);
    together(1, setup);
    together(MASTERS, fill_slots);
    for (int i = 0; i < SLOTS; i++)
        CHECK(atomic_load(&won[i]) == 1);
    hopt_store *store = open_store();
    int64_t counts[HOPT_STATES];
    MUST(hopt_store_counts(store, "a", counts, &E));
    CHECK(counts[HOPT_NEW] == SLOTS);
    hopt_store_close(store);
}

/* ---- claims ---- */

enum { CLAIMS = 2000, CLAIMERS = 16 };
static atomic_int *claimed;

static void fill_queue(int index) {
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    for (int at = 0; at < CLAIMS; at += 500)
        queue_trials(store, study, at, 500);
    hopt_study_free(study);
    hopt_store_close(store);
    (void)index;
}

static void claim_all(int index) {
    hopt_store *store = open_store();
    char owner[32];
    snprintf(owner, sizeof owner, "w:%d:%08x", (int)getpid(), index);
    hopt_status status;
    do {
        hopt_trials got = {0};
        size_t n = index % 4 == 3 ? 5 : 1; /* some take several at a time */
        status = hopt_store_claim_many(store, &got, "a", owner, n, &E);
        CHECK(status == HOPT_OK || status == HOPT_ENOTFOUND);
        for (size_t i = 0; i < got.count; i++) {
            hopt_lease lease = lease_of(got.list[i]);
            hopt_result result = ok_result(got.list[i]->num);
            CHECK(atomic_fetch_add(&claimed[got.list[i]->num], 1) == 0);
            MUST(hopt_store_finish(store, &lease, &result, &E));
        }
        hopt_trials_clear(&got);
    } while (status == HOPT_OK);
    hopt_store_close(store);
}

static void claims_raced(void) {
    claimed = shared(CLAIMS * sizeof *claimed);
    together(1, fill_queue);
    double start = now_s();
    together(CLAIMERS, claim_all);
    printf("     %d claims and ends by %d processes: %.0f/s\n", CLAIMS, CLAIMERS,
           CLAIMS / (now_s() - start));
    for (int i = 0; i < CLAIMS; i++)
        CHECK(atomic_load(&claimed[i]) == 1);
    hopt_store *store = open_store();
    int64_t counts[HOPT_STATES];
    MUST(hopt_store_counts(store, "a", counts, &E));
    CHECK(counts[HOPT_DONE] == CLAIMS && counts[HOPT_NEW] == 0 && counts[HOPT_RUNNING] == 0);
    hopt_store_close(store);
}

/* ---- leadership ---- */

enum { EPOCHS = 25, CANDIDATES = 6 };
static atomic_int *leaders; /* of each epoch */

static void stand_for_leader(int index) {
    hopt_store *store = open_store();
    char me[32];
    snprintf(me, sizeof me, "m:%d:%08x", (int)getpid(), index);
    for (;;) {
        hopt_study_record *study = the_study(store);
        int64_t epoch = study->epoch, beat = study->beat;
        hopt_study_free(study);
        if (epoch >= EPOCHS) break;
        hopt_status status = hopt_store_lead(store, "a", me, epoch, beat, &E);
        CHECK(status == HOPT_OK || status == HOPT_ECONFLICT);
        if (status == HOPT_OK) CHECK(atomic_fetch_add(&leaders[epoch], 1) == 0);
    }
    hopt_store_close(store);
}

static void leadership_raced(void) {
    leaders = shared(EPOCHS * sizeof *leaders);
    together(1, setup);
    together(CANDIDATES, stand_for_leader);
    for (int i = 0; i < EPOCHS; i++)
        CHECK(atomic_load(&leaders[i]) == 1);
}

/* ---- torn reads ---- */

enum { TORN_TRIALS = 24, TORN_SECONDS = 5, TORN_PROCESSES = 8 };

static void fill_torn(int index) {
    (void)index;
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, TORN_TRIALS);
    hopt_study_free(study);
    hopt_store_close(store);
}

/* Claims, beats and ends or gives back, for ever; results whose parts tell of each other. */
static void write_always(hopt_store *store, int index, double until) {
    char owner[32], stop[32];
    snprintf(owner, sizeof owner, "w:%d:%08x", index, index);
    while (now_s() < until) {
        hopt_trial *trial;
        hopt_status status = hopt_store_claim(store, &trial, "a", owner, &E);
        CHECK(status == HOPT_OK || status == HOPT_ENOTFOUND);
        if (status == HOPT_ENOTFOUND) {
            for (int num = 0; num < TORN_TRIALS; num++) {
                status = hopt_store_retry(store, "a", num, &E);
                CHECK(status == HOPT_OK || status == HOPT_ECONFLICT);
            }
            continue;
        }
        hopt_lease lease = lease_of(trial);
        char message[64];
        snprintf(message, sizeof message, "%d of %s", trial->lease, owner);
        hopt_result error = {.state = HOPT_ERROR, .error_type = "Exit", .error_message = message};
        error.extras = NULL;
        MUST(hopt_store_beat(store, &lease, trial->lease, stop, &E));
        if (draw(4) == 0)
            MUST(hopt_store_release(store, &lease, &E));
        else
            MUST(hopt_store_finish(store, &lease, &error, &E));
        hopt_trial_free(trial);
    }
}

static void check_whole(const hopt_trial *t) {
    char message[400];
    CHECK(json_is_object(t->vals) && json_is_object(t->params) && t->seed > 0);
    CHECK(t->state == HOPT_NEW || t->state == HOPT_RUNNING || t->state == HOPT_ERROR);
    bool queued = t->state == HOPT_NEW;
    CHECK(queued == (strcmp(t->owner, "hopt") == 0));
    CHECK(queued || t->book_ms > 0);
    CHECK(t->state != HOPT_ERROR || t->end_ms > 0);
    CHECK((t->state == HOPT_ERROR) == (t->result.error_message != NULL));
    if (t->state != HOPT_ERROR) return;
    snprintf(message, sizeof message, "%d of %s", t->lease, t->owner);
    CHECK(strcmp(message, t->result.error_message) == 0);
    CHECK(t->result.has_step && t->result.step == t->lease);
}

static void read_always(hopt_store *store, double until) {
    int versions[TORN_TRIALS] = {0};
    long reads = 0;
    while (now_s() < until) {
        hopt_trials list = {0};
        hopt_trial_query query = {.study = "a", .after = -1};
        int64_t malformed;
        MUST(hopt_store_trials(store, &list, &query, &malformed, &E));
        CHECK(malformed == 0 && list.count == TORN_TRIALS);
        for (int i = 0; i < TORN_TRIALS; i++) {
            check_whole(list.list[i]);
            CHECK(list.list[i]->version >= versions[i]); /* never lower */
            versions[i] = list.list[i]->version;
        }
        reads += TORN_TRIALS;
        hopt_trials_clear(&list);
    }
    CHECK(reads > 0);
}

static void torn(int index) {
    hopt_store *store = open_store();
    double until = now_s() + TORN_SECONDS;
    if (index % 2)
        write_always(store, index, until);
    else
        read_always(store, until);
    hopt_store_close(store);
}

static void torn_reads(void) {
    together(1, fill_torn);
    together(TORN_PROCESSES, torn);
}

/* ---- expiry against the living ---- */

enum { DUELS = 150 };
static atomic_int *ends; /* of each trial, by the store's word */

/* Workers end their trials while a reaper expires whatever it sees. */
static void duel(int index) {
    hopt_store *store = open_store();
    char owner[32];
    snprintf(owner, sizeof owner, "w:%d:%08x", index, index);
    int64_t counts[HOPT_STATES];
    do {
        if (index == 0) {
            hopt_open_trial *open;
            size_t count;
            MUST(hopt_store_open_set(store, &open, &count, "a", &E));
            for (size_t i = 0; i < count; i++) {
                hopt_status status = hopt_store_expire(store, "a", &open[i], 100, &E);
                CHECK(status == HOPT_OK || status == HOPT_ECONFLICT);
            }
            free(open);
        } else {
            hopt_trial *trial;
            hopt_status status = hopt_store_claim(store, &trial, "a", owner, &E);
            CHECK(status == HOPT_OK || status == HOPT_ENOTFOUND);
            if (status == HOPT_OK) {
                hopt_lease lease = lease_of(trial);
                hopt_result result = ok_result(trial->lease);
                if (draw(3) == 0) sleep_ms(2);
                status = hopt_store_finish(store, &lease, &result, &E);
                CHECK(status == HOPT_OK || status == HOPT_ECONFLICT);
                if (status == HOPT_OK) atomic_fetch_add(&ends[trial->num], 1);
                hopt_trial_free(trial);
            }
        }
        MUST(hopt_store_counts(store, "a", counts, &E));
    } while (counts[HOPT_NEW] + counts[HOPT_RUNNING] > 0);
    hopt_store_close(store);
}

static void fill_duels(int index) {
    (void)index;
    hopt_store *store = open_store();
    hopt_study_record *study = make_study(store, "a");
    queue_trials(store, study, 0, DUELS);
    hopt_study_free(study);
    hopt_store_close(store);
}

static void expiry_raced(void) {
    ends = shared(DUELS * sizeof *ends);
    together(1, fill_duels);
    together(5, duel);
    hopt_store *store = open_store();
    for (int i = 0; i < DUELS; i++) {
        hopt_trial *trial = read_trial(store, "a", i);
        bool gave_up = trial->state == HOPT_ERROR; /* lost 100 times */
        CHECK(atomic_load(&ends[i]) == (gave_up ? 0 : 1));
        CHECK(gave_up || (trial->state == HOPT_DONE && trial->result.loss == trial->lease));
        CHECK(trial->lease == trial->lost + !gave_up);
        CHECK(trial->version == trial->lease + 1000 * trial->lost + !gave_up);
        hopt_trial_free(trial);
    }
    hopt_store_close(store);
}

const test_case race_cases[] = {{"race_opening", opening_raced},
                                {"race_creation", creation_raced},
                                {"race_tids", tids_raced},
                                {"race_slots", slots_raced},
                                {"race_claims", claims_raced},
                                {"race_leadership", leadership_raced},
                                {"race_torn_reads", torn_reads},
                                {"race_expiry", expiry_raced},
                                {NULL, NULL}};
