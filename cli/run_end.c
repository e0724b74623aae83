/* What `hopt run` says at its end: the best trial, the picture, what to do next. */
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/context.h"
#include "cli/pages.h"
#include "cli/plot_text.h"
#include "cli/run.h"
#include "cli/term.h"
#include "cli/view.h"
#include "common/base/alloc.h"
#include "master/as_json.h"
#include "master/enroll.h"

enum { PLOT_WIDTH = 72, PLOT_HEIGHT = 8 };

typedef struct ending {
    const hopt_run *run;
    hopt_store *store;
    hopt_study_record *study;
    hopt_study_spec *spec; /* as stored */
    int64_t counts[HOPT_STATES];
    int64_t fail; /* DONE with status fail */
    hopt_trial *best;
    double *losses; /* by num; NaN: none */
    size_t n_losses, losses_capacity;
    int last_error; /* num of the last trial in error, -1: none */
} ending;

static bool each_loss(void *data, const hopt_trial *trial) {
    ending *end = data;
    const hopt_result *result = &trial->result;
    bool ok = trial->state == HOPT_DONE && result->ok;
    end->losses = hopt_grow(end->losses, end->n_losses, &end->losses_capacity, sizeof(double));
    end->losses[end->n_losses++] = ok ? hopt_context_loss(end->spec, result->loss) : NAN;
    if (trial->state == HOPT_DONE && !result->ok) end->fail++;
    if (trial->state == HOPT_ERROR) end->last_error = trial->num;
    return true;
}

/* What only people are told: the losses for the picture, how many failed, which one last. It reads
 * every trial, which takes a good part of the time of a study of quick ones. */
static hopt_status read_trials(ending *end, hopt_error *err) {
    int ended = 1 << HOPT_DONE | 1 << HOPT_ERROR | 1 << HOPT_CANCEL;
    hopt_trial_query query = {
        .study = end->study->name, .after = -1, .state_mask = ended, .brief = true};
    return hopt_pages_walk(end->store, &query, each_loss, end, NULL, err);
}

static hopt_status read_all(ending *end, hopt_error *err) {
    const hopt_cli_common *common = &end->run->settings->common;
    const char *name = end->run->spec->name;
    hopt_status status = hopt_enrolled_study(end->store, &end->study, &end->spec, name, err);
    if (status == HOPT_OK) status = hopt_store_counts(end->store, name, end->counts, err);
    if (status == HOPT_OK) {
        status = hopt_store_best(end->store, &end->best, name, err);
        if (status == HOPT_ENOTFOUND) status = HOPT_OK;
    }
    if (status == HOPT_OK && !common->quiet && !common->json) status = read_trials(end, err);
    return status;
}

/* ---- saying it ---- */

static void note_picture(const ending *end) {
    hopt_buf picture = HOPT_BUF_INIT;
    int width = hopt_term_width(stderr);
    hopt_plot_losses(&picture, end->losses, end->n_losses,
                     width < PLOT_WIDTH ? width - 1 : PLOT_WIDTH, PLOT_HEIGHT, hopt_term_utf8(),
                     end->spec->maximize);
    if (picture.length) {
        fputc('\n', stderr);
        fwrite(picture.data, 1, picture.length, stderr);
    }
    hopt_buf_clear(&picture);
}

/* This command as it was typed, for "continue with". */
static char *same_command(void) {
    char words[4096];
    hopt_buf out = HOPT_BUF_INIT;
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, words, sizeof words - 1) : 0;
    if (fd >= 0) close(fd);
    if (length <= 0) return hopt_strdup("the same command");
    words[length] = '\0';
    for (const char *word = words; word < words + length; word += strlen(word) + 1) {
        bool plain =
            *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789_./:=,+@%-")];
        hopt_buf_print(&out, plain ? "%s%s" : "%s'%s'", out.length ? " " : "", word);
    }
    return hopt_buf_take(&out);
}

static void note_next(const ending *end) {
    enum { COMMANDS = 3 };
    const hopt_cli_common *common = &end->run->settings->common;
    const char *file = end->run->settings->file, *name = end->study->name;
    char masked[1024], *store;
    hopt_store_mask_uri(masked, sizeof masked, end->run->uri);
    if (common->store && *common->store == '@')
        snprintf(masked, sizeof masked, "%s", common->store);
    store = common->store ? hopt_format(" --store %s", masked) : hopt_strdup("");
    int64_t more = 0;
    for (int i = 0; i < HOPT_STATES; i++)
        more += 2 * end->counts[i];
    char *commands[COMMANDS] = {
        hopt_format("hopt best %s --format json%s", name, store),
        hopt_format("hopt trials list %s --sort loss%s", name, store),
        hopt_format("hopt run %s --max-trials %lld%s", file, (long long)more, store)};
    static const char *const helps[COMMANDS] = {"the parameters for a program", "the best trials",
                                                "go on with more trials"};
    int width = 0, n = end->study->state == HOPT_STUDY_DONE ? COMMANDS : COMMANDS - 1;
    for (int i = 0; i < n; i++) {
        int columns = hopt_term_columns(commands[i]);
        if (columns > width) width = columns;
    }
    hopt_cli_note(common, "\nnext:");
    for (int i = 0; i < n; i++)
        hopt_cli_note(common, "  %s%*s  %s", commands[i], width - hopt_term_columns(commands[i]),
                      "", helps[i]);
    for (int i = 0; i < COMMANDS; i++)
        free(commands[i]);
    free(store);
}

static void note_state(const ending *end) {
    const hopt_cli_common *common = &end->run->settings->common;
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_print(&text, "study %s: ", end->study->name);
    hopt_view_state(&text, end->study);
    hopt_buf_text(&text, "; ");
    hopt_view_counts(&text, end->counts, end->fail);
    hopt_cli_note(common, "%s", hopt_buf_string(&text));
    hopt_buf_clear(&text);
}

/* A study that was paused since nothing worked: its last log says most. */
static void note_last_log(const ending *end) {
    hopt_trial *trial;
    hopt_log_text log = {0};
    hopt_buf reason = HOPT_BUF_INIT;
    if (end->last_error < 0) return;
    if (hopt_store_trial(end->store, &trial, end->study->name, end->last_error, NULL) != HOPT_OK)
        return;
    hopt_view_reason(&reason, trial);
    fprintf(stderr, "trial %d: ", trial->num);
    hopt_term_print(stderr, hopt_buf_string(&reason));
    fputc('\n', stderr);
    if (hopt_store_log(end->store, &log, &trial->id, NULL) == HOPT_OK) {
        if (log.head_length + log.tail_length)
            fprintf(stderr, "what it printed:\n");
        else
            fprintf(stderr, "it printed nothing\n");
        hopt_view_log_part(stderr, log.head, log.head_length);
        hopt_view_log_part(stderr, log.tail, log.tail_length);
        fputc('\n', stderr);
    }
    hopt_log_text_clear(&log);
    hopt_buf_clear(&reason);
    hopt_trial_free(trial);
}

/* Nothing came out of it: an error, said even with --quiet. */
static void say_fruitless(const ending *end) {
    const hopt_run *run = end->run;
    bool paused = end->study->state == HOPT_STUDY_PAUSED;
    if (!run->settings->common.quiet) note_last_log(end);
    hopt_cli_say_failed(run->command, HOPT_EXIT_NORESULT,
                        "study %s is %s (%s): no trial was successful%s", end->study->name,
                        hopt_study_state_name(end->study->state),
                        end->study->reason ? end->study->reason : "no reason",
                        paused ? "; set the objective right and run it again" : "");
}

static int exit_code(const ending *end) {
    if (end->run->signum) return 128 + end->run->signum;
    if (!end->best) return HOPT_EXIT_NORESULT;
    return end->study->state == HOPT_STUDY_DONE && !end->run->worker_failed ? HOPT_EXIT_OK
                                                                            : HOPT_EXIT_FAILED;
}

static void say_json(const ending *end) {
    char masked[1024];
    hopt_store_mask_uri(masked, sizeof masked, end->run->uri);
    json_t *json = hopt_study_json(end->study, end->spec, end->counts, end->best);
    json_object_set_new(json, "store", json_string(masked));
    json_object_set_new(json, "interrupted", json_boolean(end->run->signum != 0));
    hopt_cli_json(json);
}

static void say_people(const ending *end) {
    const hopt_cli_common *common = &end->run->settings->common;
    note_state(end);
    if (end->best) {
        if (!common->quiet && !end->run->signum) note_picture(end);
        if (!common->quiet) fputc('\n', stderr);
        hopt_view_best(stdout, end->spec, end->best);
        fflush(stdout);
    }
    if (!end->best && !end->run->signum) say_fruitless(end);
    if (end->run->signum) {
        char *command = same_command();
        hopt_cli_note(common, "\ncontinue with: %s", command);
        free(command);
    } else if (end->best) {
        note_next(end);
    }
}

int hopt_run_end(const hopt_run *run, hopt_store *store) {
    ending end = {.run = run, .store = store, .last_error = -1};
    hopt_error err;
    int code;
    if (read_all(&end, &err) != HOPT_OK) {
        code = hopt_cli_fail(run->command, &err);
    } else {
        if (run->settings->common.json)
            say_json(&end);
        else
            say_people(&end);
        code = exit_code(&end);
    }
    free(end.losses);
    hopt_trial_free(end.best);
    hopt_study_free(end.study);
    hopt_study_spec_free(end.spec);
    return code;
}
