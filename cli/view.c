#include "cli/view.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/context.h"
#include "cli/table.h"
#include "common/base/alloc.h"
#include "common/base/time.h"
#include "common/json/json.h"
#include "common/sys/host.h"
#include "master/as_json.h"

/* The trial's point, or NULL when its values don't fit the space (a foreign or damaged one). */
static double *point_of(const hopt_study_spec *spec, const hopt_trial *trial) {
    double *point = hopt_zalloc((size_t)hopt_space_size(spec->space) + 1, sizeof *point);
    if (trial->vals && hopt_trial_point(point, trial, spec->space, NULL) == HOPT_OK) return point;
    free(point);
    return NULL;
}

void hopt_view_params(FILE *stream, const hopt_study_spec *spec, const hopt_trial *trial) {
    static const char *const headings[] = {"PARAMETER", "VALUE"};
    double *point = point_of(spec, trial);
    if (!point) return;
    hopt_table *table = hopt_table_new(headings, "ll");
    hopt_buf value = HOPT_BUF_INIT;
    for (int i = 0; i < hopt_space_size(spec->space); i++) {
        if (!hopt_space_active(spec->space, point, i)) continue;
        hopt_buf_reset(&value);
        hopt_space_value_text(spec->space, point, i, &value);
        hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_space_param(spec->space, i)->label);
        hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_buf_string(&value));
    }
    hopt_table_print(table, stream);
    hopt_buf_clear(&value);
    free(point);
}

void hopt_view_params_line(hopt_buf *out, const hopt_study_spec *spec, const hopt_trial *trial) {
    double *point = point_of(spec, trial);
    if (!point) return;
    const char *gap = "";
    for (int i = 0; i < hopt_space_size(spec->space); i++) {
        if (!hopt_space_active(spec->space, point, i)) continue;
        hopt_buf_print(out, "%s%s=", gap, hopt_space_param(spec->space, i)->label);
        hopt_dist_kind kind = hopt_space_param(spec->space, i)->dist.kind;
        if (kind == HOPT_CHOICE || kind == HOPT_PCHOICE)
            hopt_space_option_text(spec->space, i, (int)point[i], out);
        else
            hopt_buf_print(out, "%.5g", point[i]);
        gap = " ";
    }
    free(point);
}

void hopt_view_extras(FILE *stream, const hopt_trial *trial) {
    const char *key;
    json_t *value;
    json_object_foreach(trial->result.extras, key, value) {
        char number[32];
        if (!json_is_number(value)) continue;
        hopt_cli_number(number, json_number_value(value));
        hopt_term_print(stream, key);
        fprintf(stream, ": %s\n", number);
    }
}

void hopt_view_best(FILE *stream, const hopt_study_spec *spec, const hopt_trial *trial) {
    char loss[32];
    hopt_cli_number(loss, hopt_context_loss(spec, trial->result.loss));
    fprintf(stream, "%sbest: loss %s%s, trial %d\n", hopt_term_style(stream, HOPT_STYLE_BOLD), loss,
            hopt_term_style(stream, HOPT_STYLE_PLAIN), trial->num);
    hopt_view_extras(stream, trial);
    fputc('\n', stream);
    hopt_view_params(stream, spec, trial);
}

void hopt_view_counts(hopt_buf *out, const int64_t counts[HOPT_STATES], int64_t fail) {
    const struct {
        int64_t n;
        const char *word;
    } parts[] = {{counts[HOPT_DONE] - (fail > 0 ? fail : 0), fail < 0 ? "done" : "ok"},
                 {fail, "failed"},
                 {counts[HOPT_ERROR], "error"},
                 {counts[HOPT_CANCEL], "cancelled"},
                 {counts[HOPT_RUNNING], "running"},
                 {counts[HOPT_NEW], "queued"}};
    for (size_t i = 0; i < HOPT_COUNT(parts); i++) {
        if (i > 0 && parts[i].n <= 0) continue;
        hopt_buf_print(out, "%s%lld %s", i ? ", " : "", (long long)parts[i].n, parts[i].word);
    }
}

void hopt_view_reason(hopt_buf *out, const hopt_trial *trial) {
    const hopt_result *result = &trial->result;
    if (trial->state == HOPT_ERROR)
        hopt_buf_print(out, "%s: %s", result->error_type ? result->error_type : "Error",
                       result->error_message ? result->error_message : "");
    else if (trial->state == HOPT_CANCEL)
        hopt_buf_text(out, result->stop          ? result->stop
                           : result->status_fail ? result->status_fail
                                                 : "cancelled");
    else if (trial->state == HOPT_DONE && !result->ok)
        hopt_buf_text(out, result->status_fail ? result->status_fail : "failed");
}

void hopt_view_state(hopt_buf *out, const hopt_study_record *study) {
    hopt_buf_text(out, hopt_study_state_name(study->state));
    if (study->reason) hopt_buf_print(out, " (%s)", study->reason);
}

void hopt_view_master(hopt_buf *out, const hopt_study_record *study) {
    if (hopt_study_has_master(study))
        hopt_buf_add(out, study->leader, strcspn(study->leader, "@"));
    else
        hopt_buf_text(out, "none");
}

void hopt_view_stop(hopt_buf *out, const hopt_study_spec *spec) {
    const hopt_stop_rules *stop = &spec->stop;
    char text[64];
    size_t start = out->length;
#define GAP (out->length > start ? ", " : "")
    if (stop->max_trials) hopt_buf_print(out, "%d trials", stop->max_trials);
    if (stop->timeout_s > 0) {
        hopt_time_duration(text, sizeof text, (int64_t)(stop->timeout_s * 1000));
        hopt_buf_print(out, "%s%s", GAP, text);
    }
    if (stop->has_loss_below)
        hopt_buf_print(out, "%sloss %s %g", GAP, spec->maximize ? "above" : "below",
                       stop->loss_below);
    if (stop->no_progress_trials)
        hopt_buf_print(out, "%s%d trials without progress", GAP, stop->no_progress_trials);
#undef GAP
}

void hopt_view_objective(hopt_buf *out, const hopt_study_spec *spec) {
    const hopt_objective *objective = &spec->objective;
    switch (objective->kind) {
    case HOPT_OBJECTIVE_NONE:
        hopt_buf_text(out, "none: trials are asked for and told (hopt ask, hopt tell)");
        return;
    case HOPT_OBJECTIVE_PLUGIN:
        hopt_buf_print(out, "plugin: %s", objective->plugin);
        return;
    case HOPT_OBJECTIVE_COMMAND:
        hopt_buf_text(out, "command:");
        break;
    case HOPT_OBJECTIVE_SERVER:
        hopt_buf_text(out, "server:");
        break;
    }
    for (char **arg = objective->argv; *arg; arg++)
        hopt_buf_print(out, " %s", *arg);
}

void hopt_view_ago(hopt_buf *out, int64_t ms) {
    char text[64];
    hopt_time_duration(text, sizeof text, ms < 0 ? 0 : ms);
    hopt_buf_print(out, "%s ago", text);
}

void hopt_view_log_part(FILE *stream, const char *text, size_t length) {
    if (!length) return;
    if (!hopt_term_is_tty(stream)) {
        fwrite(text, 1, length, stream);
        return;
    }
    hopt_buf clean = HOPT_BUF_INIT;
    hopt_term_clean(&clean, text, length, "\n\t");
    fwrite(clean.data, 1, clean.length, stream);
    hopt_buf_clear(&clean);
}
