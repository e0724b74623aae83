/* The sampler of a study that names none (docs/adr/0023): what is stored already goes on with
 * `tpe`, what is new gets the default by its name, and both repeat. */
#include "common/base/hash.h"
#include "master/enroll.h"
#include "master/proposer.h"
#include "master/replay.h"
#include "master/slots.h"
#include "tests/conformance/conformance.h"

#define SPACE                                                                                      \
    "\"space\": {\"x\": {\"_type\": \"uniform\", \"_value\": [0, 1]},"                             \
    " \"y\": {\"_type\": \"uniform\", \"_value\": [0, 1]}}"

/* A text as a file given for study `name`. */
static hopt_study_spec *file_of(const char *text, const char *name) {
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    MUST(hopt_study_spec_parse(&spec, text, strlen(text), name, NULL, 0, &errors));
    return spec;
}

/* A study as it was stored before: its file named no sampler, and neither does the text. */
static void store_old(hopt_store *store, const char *text, const char *name) {
    hopt_study_spec *spec = file_of(text, name);
    hopt_study_record *study;
    MUST(hopt_enroll_record(&study, spec, &E));
    free(study->spec);
    study->spec = hopt_strdup(text);
    MUST(hopt_store_study_create(store, study, &E));
    hopt_study_free(study);
    hopt_study_spec_free(spec);
}

static hopt_enrolled give(hopt_store *store, const char *text, const char *name) {
    hopt_study_spec *spec = file_of(text, name);
    hopt_study_record *study;
    hopt_enrolled how;
    MUST(hopt_enroll(store, &study, &how, spec, &E));
    hopt_study_free(study);
    hopt_study_spec_free(spec);
    return how;
}

/* Whether the study's sampler is this and its text that (NULL: any). */
static void check_study(hopt_store *store, const char *name, const char *sampler,
                        const char *text) {
    hopt_study_record *study;
    hopt_study_spec *spec;
    MUST(hopt_enrolled_study(store, &study, &spec, name, &E));
    CHECK(strcmp(spec->sampler, sampler) == 0);
    CHECK(!text || strcmp(study->spec, text) == 0);
    hopt_study_free(study);
    hopt_study_spec_free(spec);
}

static void add_all(hopt_store *store, const char *name, hopt_proposer *proposer,
                    hopt_replay *replay) {
    hopt_trials trials = {0};
    hopt_trial_query query = {.study = name, .after = -1, .limit = 1000, .brief = proposer != NULL};
    MUST(hopt_store_trials(store, &trials, &query, NULL, &E));
    for (size_t i = 0; i < trials.count; i++) {
        if (proposer) MUST(hopt_proposer_add(proposer, trials.list[i], &E));
        if (replay) hopt_replay_add(replay, trials.list[i]);
    }
    hopt_trials_clear(&trials);
}

/* Propose and evaluate so many more, serially, by a proposer that begins anew. Each takes ten
 * minutes, which leaves `auto` time for `gp`. `plain`: as versions before ADR 11 recorded them. */
static void go_on(hopt_store *store, const char *name, int from, int n, bool plain) {
    hopt_study_record *study;
    hopt_study_spec *spec;
    hopt_proposer *proposer;
    MUST(hopt_enrolled_study(store, &study, &spec, name, &E));
    MUST(hopt_proposer_open(&proposer, spec, study->seed, &E));
    add_all(store, name, proposer, NULL);
    for (int num = from; num < from + n; num++) {
        hopt_trial *trial;
        MUST(hopt_proposer_propose(proposer, &trial, num, &E));
        if (plain) {
            json_decref(trial->view);
            trial->view = NULL;
        }
        MUST(hopt_slot_insert(store, study, trial, "host:1:00000001", &E));
        double x = json_number_value(json_array_get(json_object_get(trial->vals, "x"), 0));
        hopt_result result = ok_result((x - 0.3) * (x - 0.3));
        result.ms = 600000;
        hopt_lease lease = {trial->id, name, "host:1:00000001", 1};
        MUST(hopt_store_finish(store, &lease, &result, &E));
        hopt_trial_free(trial);
        trial = read_trial(store, name, num);
        CHECK(trial->result.ms == 600000);
        MUST(hopt_proposer_add(proposer, trial, &E));
        hopt_trial_free(trial);
    }
    hopt_proposer_close(proposer);
    hopt_study_free(study);
    hopt_study_spec_free(spec);
}

/* How many proposals repeat; none may differ. */
static int repeat(hopt_store *store, const char *name) {
    hopt_study_record *study;
    hopt_study_spec *spec;
    MUST(hopt_enrolled_study(store, &study, &spec, name, &E));
    hopt_replay *replay = hopt_replay_new(spec, study->seed);
    add_all(store, name, NULL, replay);
    hopt_replay_begin(replay, 0, HOPT_TRIALS_MAX);
    while (hopt_replay_next(replay))
        continue;
    hopt_replay_counts counts = hopt_replay_count(replay);
    CHECK(counts.different == 0 && counts.foreign == 0);
    hopt_replay_free(replay);
    hopt_study_free(study);
    hopt_study_spec_free(spec);
    return (int)counts.same;
}

static void stored_without_one_stays_with_tpe(void) {
    static const char text[] = "{ // a file\n  " SPACE ",\n  \"sampler\": {\"seed\": 5}\n}\n",
                      edited[] = "{ " SPACE
                                 ", \"sampler\": {\"seed\": 5}, \"stop\": {\"max_trials\": 90}}",
                      named[] = "{ " SPACE ", \"sampler\": {\"name\": \"auto\", \"seed\": 5}}";
    hopt_store *store = open_store();
    store_old(store, text, "old");
    check_study(store, "old", "tpe", text);
    go_on(store, "old", 0, 25, true);
    /* The file given again changes nothing, */
    CHECK(give(store, text, "old") == HOPT_ENROLLED_RESUMED);
    check_study(store, "old", "tpe", text);
    go_on(store, "old", 25, 10, true);
    /* nor does an edited one, which is stored with the name, */
    CHECK(give(store, edited, "old") == HOPT_ENROLLED_RESUMED);
    check_study(store, "old", "tpe",
                "{ " SPACE ", \"sampler\": {\"name\": \"tpe\", \"seed\": 5}, "
                "\"stop\": {\"max_trials\": 90}}");
    go_on(store, "old", 35, 10, false);
    CHECK(repeat(store, "old") == 45);
    /* but what the file names counts, and records tell who proposed what. */
    CHECK(give(store, named, "old") == HOPT_ENROLLED_RESUMED);
    check_study(store, "old", "auto", named);
    hopt_store_close(store);
}

static void new_one_gets_the_default_by_its_name(void) {
    static const char text[] = "{" SPACE "}", edited[] = "{ " SPACE "}",
                      stored[] = "{\"sampler\": {\"name\": \"auto\"}," SPACE "}",
                      wrong[] = "{ " SPACE ", \"sampler\": {\"hand_over\": 20}}",
                      gp[] = "{ " SPACE ", \"sampler\": {\"name\": \"gp\"}}";
    hopt_store *store = open_store();
    CHECK(give(store, text, "new") == HOPT_ENROLLED_CREATED);
    check_study(store, "new", "auto", stored);
    go_on(store, "new", 0, 25, false);
    CHECK(give(store, text, "new") == HOPT_ENROLLED_RESUMED);
    check_study(store, "new", "auto", stored);
    CHECK(give(store, edited, "new") == HOPT_ENROLLED_RESUMED);
    check_study(store, "new", "auto", NULL);
    go_on(store, "new", 25, 10, false);
    CHECK(repeat(store, "new") == 35);
    /* A named one stays when the file no longer names it. */
    CHECK(give(store, gp, "new") == HOPT_ENROLLED_RESUMED);
    CHECK(give(store, edited, "new") == HOPT_ENROLLED_RESUMED);
    check_study(store, "new", "gp", NULL);
    CHECK(give(store, wrong, "new") == HOPT_ENROLLED_RESUMED);
    check_study(store, "new", "gp", NULL);
    /* Its options are checked against the sampler that will run. */
    store_old(store, text, "old");
    hopt_study_spec *spec = file_of(wrong, "old");
    hopt_study_record *study;
    hopt_enrolled how;
    EXPECT(HOPT_EINVAL, hopt_enroll(store, &study, &how, spec, &E));
    CHECK(strstr(E.message, "hand_over") && !study);
    hopt_study_spec_free(spec);
    check_study(store, "old", "tpe", text);
    hopt_store_close(store);
}

const test_case sampler_cases[] = {{"sampler_stored", stored_without_one_stays_with_tpe},
                                   {"sampler_new", new_one_gets_the_default_by_its_name},
                                   {0}};
