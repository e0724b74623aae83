/*
 * `hopt copy`: a study with its whole history from one store to another. Design notes
 * - The copy is made paused with a reason of our own, so that no master or worker touches it, and
 *   set right at the end. Interrupted, the same command goes on: slots that are there are kept, the
 *   rest follows. Anything else under that name is refused.
 * - Trials keep their numbers and ids (the prefix is copied) but get tids of the new store, where
 *   theirs may be taken. Running ones are queued again: their workers know the old store only.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/progress.h"
#include "common/base/alloc.h"
#include "common/sys/clock.h"

#define COPYING "being copied; \"hopt copy\" goes on with it"

enum { COPY_PAGE = 200 };

typedef struct settings {
    hopt_cli_common common;
    const char *from, *to, *study, *name;
} settings;

static const hopt_option options[] = {{.name = "study",
                                       .type = HOPT_OPTION_STRING,
                                       .argument = "NAME",
                                       .def_text = "the only one",
                                       .offset = offsetof(settings, study),
                                       .help = "which study"},
                                      HOPT_CLI_JSON(settings),
                                      HOPT_CLI_QUIET(settings),
                                      {0}};
static const hopt_positional positionals[] = {
    {.name = "FROM", .offset = offsetof(settings, from), .help = "URI of the store to read"},
    {.name = "TO",
     .offset = offsetof(settings, to),
     .help = "URI of the store to write; made when it is missing"},
    {0}};

typedef struct copying {
    const hopt_command *command;
    const settings *settings;
    hopt_context from, to;
    hopt_progress *progress;
    hopt_progress_state shown;
    int64_t trials; /* copied or found there */
} copying;

/* ---- the record ---- */

static hopt_study_record *record_of(const hopt_study_record *source) {
    hopt_study_record *study = hopt_study_new();
    memcpy(study->name, source->name, sizeof study->name);
    memcpy(study->prefix, source->prefix, sizeof study->prefix);
    memcpy(study->file_hash, source->file_hash, sizeof study->file_hash);
    memcpy(study->space_hash, source->space_hash, sizeof study->space_hash);
    memcpy(study->counts, source->counts, sizeof study->counts);
    study->format = source->format;
    study->state = HOPT_STUDY_PAUSED;
    study->reason = hopt_strdup(COPYING);
    study->spec = hopt_strdup(source->spec);
    study->seed = source->seed;
    study->active_ms = source->active_ms;
    study->has_best = source->has_best;
    study->best_num = source->best_num;
    study->best_loss = source->best_loss;
    return study;
}

/* Make the paused record, or find that of an earlier, interrupted copy. */
static hopt_status open_target(copying *self, hopt_error *err) {
    hopt_study_record *study = record_of(self->from.study);
    hopt_status status = hopt_store_study_create(self->to.store, study, err);
    hopt_study_free(study);
    if (status != HOPT_OK && status != HOPT_ECONFLICT) return status;
    const char *name = self->from.study->name;
    hopt_status read = hopt_store_study(self->to.store, &self->to.study, name, err);
    if (read != HOPT_OK) return read;
    const hopt_study_record *there = self->to.study;
    bool ours = there->state == HOPT_STUDY_PAUSED && there->reason &&
                strcmp(there->reason, COPYING) == 0 &&
                memcmp(there->prefix, self->from.study->prefix, HOPT_PREFIX_SIZE) == 0;
    if (ours) return HOPT_OK;
    return hopt_error_set(
        err, HOPT_ECONFLICT,
        "study %s is in %s already; delete it there first (hopt study delete), or "
        "copy to another store",
        name, hopt_store_name(self->to.store));
}

static hopt_status close_target(copying *self, hopt_error *err) {
    const hopt_study_record *from = self->from.study;
    return hopt_store_study_update(self->to.store, from->name, self->to.study->rev,
                                   (int)from->state, from->reason, NULL, NULL, err);
}

/* ---- trials ---- */

static hopt_status copy_reports(copying *self, const hopt_trial_id *id, hopt_error *err) {
    hopt_reports reports = {0};
    hopt_status status = hopt_store_reports(self->from.store, &reports, id, err);
    if (status == HOPT_OK && reports.count)
        status = hopt_store_report(self->to.store, id, reports.lease, reports.steps, reports.losses,
                                   reports.count, err);
    hopt_reports_clear(&reports);
    return status;
}

static hopt_status copy_log(copying *self, const hopt_trial_id *id, hopt_error *err) {
    hopt_log_text log = {0};
    hopt_status status = hopt_store_log(self->from.store, &log, id, err);
    if (status == HOPT_ENOTFOUND) return HOPT_OK;
    if (status == HOPT_OK) status = hopt_store_put_log(self->to.store, id, &log, err);
    hopt_log_text_clear(&log);
    return status;
}

static hopt_status copy_attachments(copying *self, const hopt_trial_id *id, hopt_error *err) {
    char **names;
    size_t count;
    hopt_status status = hopt_store_attachments(self->from.store, &names, &count, id, err);
    if (status != HOPT_OK) return status;
    for (size_t i = 0; i < count && status == HOPT_OK; i++) {
        void *data;
        size_t length;
        status = hopt_store_attachment(self->from.store, &data, &length, id, names[i], err);
        if (status != HOPT_OK) break;
        status = hopt_store_attach(self->to.store, id, names[i], data, length, err);
        free(data);
    }
    hopt_names_free(names);
    return status;
}

/* A running trial's worker does not know the new store. */
static void requeue(hopt_trial *trial) {
    if (trial->state != HOPT_RUNNING) return;
    trial->state = HOPT_NEW;
    free(trial->owner);
    trial->owner = hopt_strdup("hopt");
    trial->book_ms = trial->refresh_ms = 0;
}

/* Reports and logs go before the trials that they belong to. Attachments go after: MongoDB notes
 * them in the trial. What an interrupted copy lacks is put by the next one, which begins at the
 * first trial again. */
static hopt_status copy_page(copying *self, hopt_trials *page, hopt_error *err) {
    int64_t tid;
    size_t inserted;
    hopt_status status = hopt_store_tids(self->to.store, &tid, (int)page->count, err);
    for (size_t i = 0; i < page->count && status == HOPT_OK; i++) {
        hopt_trial *trial = page->list[i];
        trial->tid = tid + (int64_t)i;
        requeue(trial);
        status = copy_reports(self, &trial->id, err);
        if (status == HOPT_OK) status = copy_log(self, &trial->id, err);
        self->shown.done = ++self->trials;
        hopt_progress_set(self->progress, &self->shown, hopt_clock_mono_ms());
        hopt_progress_tick(self->progress, hopt_clock_mono_ms());
    }
    if (status == HOPT_OK)
        status = hopt_store_import(self->to.store, page->list, page->count, &inserted, err);
    for (size_t i = 0; i < page->count && status == HOPT_OK; i++)
        status = copy_attachments(self, &page->list[i]->id, err);
    return status;
}

static hopt_status copy_trials(copying *self, hopt_error *err) {
    hopt_trial_query query = {.study = self->from.study->name, .after = -1, .limit = COPY_PAGE};
    int64_t counts[HOPT_STATES];
    hopt_status status = hopt_store_counts(self->from.store, query.study, counts, err);
    for (int i = 0; i < HOPT_STATES && status == HOPT_OK; i++)
        self->shown.total += counts[i];
    for (bool more = true; more && status == HOPT_OK;) {
        hopt_trials page = {0};
        int64_t malformed = 0;
        status = hopt_store_trials(self->from.store, &page, &query, &malformed, err);
        if (status == HOPT_OK && malformed)
            status = hopt_error_set(err, HOPT_EFAILED,
                                    "%lld trials of study %s can't be read; nothing but a whole "
                                    "study is copied",
                                    (long long)malformed, query.study);
        more = page.count > 0;
        if (status == HOPT_OK && more) {
            query.after = page.list[page.count - 1]->num;
            status = copy_page(self, &page, err);
        }
        hopt_trials_clear(&page);
    }
    return status;
}

/* ---- the command ---- */

static int copy_study(copying *self) {
    hopt_error err;
    const hopt_study_record *study = self->from.study;
    self->shown = (hopt_progress_state){.name = study->name, .running = -1, .left_ms = -1};
    hopt_status status = open_target(self, &err);
    if (status != HOPT_OK) return hopt_cli_fail(self->command, &err);
    self->progress =
        hopt_progress_new(study->name, self->settings->common.quiet || self->settings->common.json,
                          hopt_clock_mono_ms());
    status = copy_trials(self, &err);
    if (status == HOPT_OK) status = close_target(self, &err);
    hopt_progress_end(self->progress, hopt_clock_mono_ms());
    if (status != HOPT_OK) {
        int code = hopt_cli_fail(self->command, &err);
        hopt_cli_note(&self->settings->common,
                      "%s: the copy is not whole; the same command goes on with it",
                      self->command->path);
        return code;
    }
    if (self->settings->common.json)
        hopt_cli_json(json_pack("{s:s, s:I, s:s, s:s}", "study", study->name, "trials",
                                (json_int_t)self->trials, "to", hopt_store_name(self->to.store),
                                "state", hopt_study_state_name(study->state)));
    hopt_cli_note(&self->settings->common, "study %s: %lld trials copied to %s", study->name,
                  (long long)self->trials, hopt_store_name(self->to.store));
    return HOPT_EXIT_OK;
}

static int copy(const hopt_command *self, void *given) {
    const settings *s = given;
    copying work = {.command = self, .settings = s};
    int code = hopt_context_open_uri(&work.from, self, &s->common, s->from, HOPT_CONTEXT_READ);
    if (code == HOPT_EXIT_OK) code = hopt_context_study(&work.from, s->study);
    if (code == HOPT_EXIT_OK)
        code = hopt_context_open_uri(&work.to, self, &s->common, s->to, HOPT_CONTEXT_CREATE);
    if (code == HOPT_EXIT_OK) code = copy_study(&work);
    hopt_context_close(&work.from);
    hopt_context_close(&work.to);
    return code;
}

static const char *const description[] = {
    "Copies a study with its trials, reports, logs and attachments from one store to another, "
    "SQLite to MongoDB or back. Trials keep their numbers; running ones are queued again in the "
    "copy. A study that others work on meanwhile is copied as it was seen page by page: pause it "
    "first.",
    "The copy is paused until it is whole. When it was interrupted the same command goes on with "
    "it. A store that has a study of that name already is left alone.",
    NULL};
static const hopt_example examples[] = {
    {"hopt copy sqlite:./digits.hopt.db mongodb://db.example/hopt",
     "from this machine to the shared store"},
    {"hopt copy mongodb://db.example/hopt sqlite:./digits.hopt.db --study digits", "and back"},
    {0}};
static const hopt_exit_note exits[] = {
    {HOPT_EXIT_OK, "the copy is whole"},
    {HOPT_EXIT_FAILED, "a trial can't be read; nothing but whole studies is copied"},
    {HOPT_EXIT_STORE, "a store can't be reached, or failed on the way"},
    {HOPT_EXIT_NOTFOUND, "no such study"},
    {HOPT_EXIT_CONFLICT, "the other store has a study of that name"},
    {0}};

const hopt_command hopt_cmd_copy = {.path = "hopt copy",
                                    .summary = "copy a study to another store",
                                    .description = description,
                                    .options = options,
                                    .positionals = positionals,
                                    .examples = examples,
                                    .exits = exits,
                                    .section = 1,
                                    .options_size = sizeof(settings),
                                    .run = copy};
