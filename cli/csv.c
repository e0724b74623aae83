#include "cli/csv.h"

#include <stdlib.h>
#include <string.h>

#include "cli/context.h"
#include "cli/view.h"
#include "common/base/alloc.h"
#include "common/base/time.h"
#include "common/json/json.h"

struct hopt_csv {
    const hopt_study_spec *spec;
    json_t *extras; /* key -> true, in the order of their first sight */
    double *point;
};

hopt_csv *hopt_csv_new(const hopt_study_spec *spec) {
    hopt_csv *csv = hopt_zalloc(1, sizeof *csv);
    csv->spec = spec;
    csv->extras = json_object();
    csv->point = hopt_zalloc((size_t)hopt_space_size(spec->space) + 1, sizeof *csv->point);
    return csv;
}

void hopt_csv_free(hopt_csv *csv) {
    if (!csv) return;
    json_decref(csv->extras);
    free(csv->point);
    free(csv);
}

void hopt_csv_learn(hopt_csv *csv, const hopt_trial *trial) {
    const char *key;
    json_t *value;
    json_object_foreach(trial->result.extras, key, value) {
        if (!json_object_get(csv->extras, key)) json_object_set_new(csv->extras, key, json_true());
    }
}

static void field(hopt_buf *out, const char *text) {
    if (out->length && out->data[out->length - 1] != '\n') hopt_buf_char(out, ',');
    if (!text[strcspn(text, ",\"\r\n")]) {
        hopt_buf_text(out, text);
        return;
    }
    hopt_buf_char(out, '"');
    for (; *text; text++) {
        if (*text == '"') hopt_buf_char(out, '"');
        hopt_buf_char(out, *text);
    }
    hopt_buf_char(out, '"');
}

void hopt_csv_head(const hopt_csv *csv, hopt_buf *out) {
    static const char *const fixed[] = {"num",    "tid",   "state", "status", "loss", "attempt",
                                        "worker", "start", "end",   "ms",     "error"};
    hopt_buf name = HOPT_BUF_INIT;
    for (size_t i = 0; i < HOPT_COUNT(fixed); i++)
        field(out, fixed[i]);
    for (int i = 0; i < hopt_space_size(csv->spec->space); i++) {
        hopt_buf_reset(&name);
        hopt_buf_print(&name, "param %s", hopt_space_param(csv->spec->space, i)->label);
        field(out, name.data);
    }
    const char *key;
    json_t *value;
    json_object_foreach(csv->extras, key, value) {
        hopt_buf_reset(&name);
        hopt_buf_print(&name, "result %s", key);
        field(out, name.data);
    }
    hopt_buf_char(out, '\n');
    hopt_buf_clear(&name);
}

static void integer(hopt_buf *out, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    field(out, text);
}

static void moment(hopt_buf *out, int64_t unix_ms) {
    char text[HOPT_TIME_TEXT] = "";
    if (unix_ms) hopt_time_format(text, unix_ms);
    field(out, text);
}

static void params(const hopt_csv *csv, hopt_buf *out, const hopt_trial *trial) {
    const hopt_space *space = csv->spec->space;
    hopt_buf text = HOPT_BUF_INIT;
    bool fits = trial->vals && hopt_trial_point(csv->point, trial, space, NULL) == HOPT_OK;
    for (int i = 0; i < hopt_space_size(space); i++) {
        hopt_buf_reset(&text);
        if (fits && hopt_space_active(space, csv->point, i))
            hopt_space_value_text(space, csv->point, i, &text);
        field(out, hopt_buf_string(&text));
    }
    hopt_buf_clear(&text);
}

static void extras(const hopt_csv *csv, hopt_buf *out, const hopt_trial *trial) {
    const char *key;
    json_t *ignored;
    json_object_foreach(csv->extras, key, ignored) {
        const json_t *value = json_object_get(trial->result.extras, key);
        if (!value || json_is_string(value)) {
            field(out, value ? json_string_value(value) : "");
            continue;
        }
        char *text = hopt_json_text(value);
        field(out, text);
        free(text);
    }
}

void hopt_csv_row(const hopt_csv *csv, hopt_buf *out, const hopt_trial *trial) {
    const hopt_result *result = &trial->result;
    bool terminal = hopt_state_terminal(trial->state);
    hopt_buf reason = HOPT_BUF_INIT;
    char loss[HOPT_JSON_NUMBER] = "";
    if (terminal && result->has_loss)
        hopt_json_number(loss, hopt_context_loss(csv->spec, result->loss));
    integer(out, trial->num);
    integer(out, trial->tid);
    field(out, hopt_state_name(trial->state));
    field(out, trial->state != HOPT_DONE ? "" : result->ok ? "ok" : "fail");
    field(out, loss);
    integer(out, trial->lost + 1);
    field(out, trial->worker ? trial->worker : "");
    moment(out, trial->book_ms);
    moment(out, trial->end_ms);
    if (terminal)
        integer(out, result->ms);
    else
        field(out, "");
    hopt_view_reason(&reason, trial);
    field(out, hopt_buf_string(&reason));
    hopt_buf_clear(&reason);
    params(csv, out, trial);
    extras(csv, out, trial);
    hopt_buf_char(out, '\n');
}
