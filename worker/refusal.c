#include "worker/refusal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/json/json.h"

enum { SHOWN_MAX = 200 };

static const char *const kinds[] = {[HOPT_OBJECTIVE_NONE] = "no objective",
                                    [HOPT_OBJECTIVE_COMMAND] = "command",
                                    [HOPT_OBJECTIVE_SERVER] = "server",
                                    [HOPT_OBJECTIVE_PLUGIN] = "plugin"};

/* `the command ["./train","{x}"]`, cut where it is long. */
static void describe(hopt_buf *out, const hopt_objective *objective) {
    json_t *value = json_array();
    for (char **at = objective->argv; at && *at; at++)
        json_array_append_new(value, json_string(*at));
    if (objective->kind == HOPT_OBJECTIVE_PLUGIN) {
        json_array_append_new(value, json_string(objective->plugin));
        if (objective->config) json_array_append(value, objective->config);
    }
    char *text = hopt_json_text(value);
    json_decref(value);
    if (objective->kind == HOPT_OBJECTIVE_NONE)
        hopt_buf_text(out, kinds[objective->kind]);
    else
        hopt_buf_print(out, "the %s %.*s%s", kinds[objective->kind], SHOWN_MAX, text,
                       strlen(text) > SHOWN_MAX ? "..." : "");
    free(text);
}

hopt_status hopt_refusal_of_study(char **refusal, const hopt_study_spec *mine, const char *stored,
                                  hopt_error *err) {
    hopt_study_spec *theirs;
    hopt_errors errors = {0};
    *refusal = NULL;
    hopt_status status = hopt_study_spec_parse_stored(&theirs, stored, mine->name, &errors);
    if (status != HOPT_OK)
        return hopt_error_set(err, HOPT_EINVAL, "study %s in the store can't be read: %s",
                              mine->name, errors.count ? errors.list[0].message : "");
    if (!hopt_study_objective_equal(&mine->objective, &theirs->objective)) {
        hopt_buf text = HOPT_BUF_INIT;
        hopt_buf_text(&text, "refused, not run: the study in the store names ");
        describe(&text, &theirs->objective);
        hopt_buf_text(&text, ", this worker was given ");
        describe(&text, &mine->objective);
        hopt_buf_text(&text, "; start the worker with the file that the study has now, or bring "
                             "this file into the store (hopt study create)");
        *refusal = hopt_buf_take(&text);
    }
    hopt_study_spec_free(theirs);
    return HOPT_OK;
}

char *hopt_refusal_of_trial(const hopt_trial *trial) {
    if (!trial->cmd) return NULL;
    for (int kind = HOPT_OBJECTIVE_COMMAND; kind <= HOPT_OBJECTIVE_PLUGIN; kind++) {
        if (strcmp(trial->cmd, kinds[kind]) == 0) return NULL;
    }
    return hopt_format(
        "refused, not run: the trial's document names \"%.*s\" (misc.cmd), which this "
        "worker was not given",
        SHOWN_MAX, trial->cmd);
}
