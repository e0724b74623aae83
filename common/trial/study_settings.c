/* The settings that are single values: one table gives bounds, errors, defaults and the manual. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/study_internal.h"

#define AT(field) offsetof(hopt_study_spec, field)

/* A year and three days. */
#define SECONDS_MAX 1e8

/* clang-format off */
static const hopt_study_setting settings[] = {
    {.key = "direction", .type = HOPT_SETTING_MAXIMIZE, .unit = "", .fallback = "minimize",
     .summary = "whether a low or a high loss is good", .offset = AT(maximize)},
    {.key = "objective.start_timeout_s", .type = HOPT_SETTING_NUMBER, .low = 0, .low_open = true,
     .high = SECONDS_MAX, .unit = "s", .fallback = "60",
     .summary = "how long a server objective may take until it is ready",
     .offset = AT(objective.start_timeout_s)},
    {.key = "sampler.name", .type = HOPT_SETTING_STRING, .unit = "", .fallback = "auto",
     .summary = "what proposes trials; its options stand beside it", .offset = AT(sampler),
     .has_offset = AT(has_sampler)},
    {.key = "sampler.seed", .type = HOPT_SETTING_SEED, .low = 0, .high = 9223372036854775807.0,
     .unit = "", .fallback = "none", .summary = "seed of the study; none: drawn once and stored",
     .offset = AT(seed), .has_offset = AT(has_seed)},
    {.key = "stop.max_trials", .type = HOPT_SETTING_INTEGER, .low = 1, .high = HOPT_TRIALS_MAX,
     .unit = "trials", .fallback = "none", .changeable = true,
     .summary = "trials in all, points included; 100 when there is no \"stop\"",
     .offset = AT(stop.max_trials)},
    {.key = "stop.timeout_s", .type = HOPT_SETTING_NUMBER, .low = 0, .low_open = true,
     .high = SECONDS_MAX, .unit = "s", .fallback = "none", .changeable = true,
     .summary = "active time of the study", .offset = AT(stop.timeout_s)},
    {.key = "stop.loss_below", .type = HOPT_SETTING_NUMBER, .low = -INFINITY, .high = INFINITY,
     .unit = "", .fallback = "none", .changeable = true,
     .summary = "end at a loss below this (above, for maximize)", .offset = AT(stop.loss_below),
     .has_offset = AT(stop.has_loss_below)},
    {.key = "stop.no_progress.trials", .type = HOPT_SETTING_INTEGER, .low = 1,
     .high = HOPT_TRIALS_MAX, .unit = "trials", .fallback = "none", .changeable = true,
     .summary = "end after so many trials without a better loss",
     .offset = AT(stop.no_progress_trials)},
    {.key = "stop.no_progress.percent", .type = HOPT_SETTING_NUMBER, .low = 0, .high = 100,
     .unit = "%", .fallback = "0", .changeable = true,
     .summary = "how much better than the best counts as progress",
     .offset = AT(stop.no_progress_percent)},
    {.key = "trial.timeout_s", .type = HOPT_SETTING_NUMBER, .low = 0, .low_open = true,
     .high = SECONDS_MAX, .unit = "s", .fallback = "none", .changeable = true,
     .summary = "how long one evaluation may take", .offset = AT(trial.timeout_s)},
    {.key = "trial.max_attempts", .type = HOPT_SETTING_INTEGER, .low = 1, .high = 100, .unit = "",
     .fallback = "3", .changeable = true, .summary = "leases that a trial may lose before it fails",
     .offset = AT(trial.max_attempts)},
    {.key = "trial.memory_mb", .type = HOPT_SETTING_INTEGER, .low = 1, .high = 16777216,
     .unit = "MB", .fallback = "none", .changeable = true,
     .summary = "memory of one evaluation, its children included", .offset = AT(trial.memory_mb)},
    {.key = "trial.output_mb", .type = HOPT_SETTING_INTEGER, .low = 1, .high = 65536, .unit = "MB",
     .fallback = "256", .changeable = true,
     .summary = "standard output and error of one evaluation", .offset = AT(trial.output_mb)},
    {.key = "trial.file_mb", .type = HOPT_SETTING_INTEGER, .low = 0, .high = 16777216, .unit = "MB",
     .fallback = "4096", .changeable = true,
     .summary = "how large each file that it writes may become; 0: no limit",
     .offset = AT(trial.file_mb)},
    {.key = "trial.processes", .type = HOPT_SETTING_INTEGER, .low = 0,
     .high = HOPT_TRIAL_PROCESSES_MAX, .unit = "", .fallback = "1000", .changeable = true,
     .summary = "processes of one evaluation at a time; 0: no limit",
     .offset = AT(trial.processes)},
    {.key = "trial.retry_errors", .type = HOPT_SETTING_BOOLEAN, .unit = "", .fallback = "false",
     .changeable = true, .summary = "evaluate a trial again that ended in error, while attempts last",
     .offset = AT(trial.retry_errors)},
    {.key = "trial.lease_s", .type = HOPT_SETTING_NUMBER, .low = 2, .high = 3600, .unit = "s",
     .fallback = "60", .changeable = true,
     .summary = "how long a silent worker keeps its trial", .offset = AT(trial.lease_s)},
    {.key = "trial.grace_s", .type = HOPT_SETTING_NUMBER, .low = 0, .high = 3600, .unit = "s",
     .fallback = "5", .changeable = true, .summary = "time between SIGTERM and SIGKILL",
     .offset = AT(trial.grace_s)},
    {.key = "queue.ahead", .type = HOPT_SETTING_AHEAD, .low = 0, .high = 100000, .unit = "trials",
     .fallback = "auto", .changeable = true, .summary = "trials that wait in the queue",
     .offset = AT(queue_ahead)},
};
/* clang-format on */

/* The objects that hold settings and nothing else. */
static const char *const closed_groups[] = {"stop", "stop.no_progress", "trial", "queue"};

const hopt_study_setting *hopt_study_settings(size_t *count) {
    *count = HOPT_COUNT(settings);
    return settings;
}

void hopt_study_setting_text(const hopt_study_setting *setting, hopt_buf *out) {
    char low[HOPT_JSON_NUMBER], high[HOPT_JSON_NUMBER];
    hopt_json_number(low, setting->low);
    hopt_json_number(high, setting->high);
    switch (setting->type) {
    case HOPT_SETTING_INTEGER:
        hopt_buf_print(out, "an integer in %s .. %s", low, high);
        break;
    case HOPT_SETTING_SEED:
        hopt_buf_text(out, "an integer in 0 .. 9223372036854775807");
        break;
    case HOPT_SETTING_NUMBER:
        if (isinf(setting->high))
            hopt_buf_text(out, "a number");
        else if (setting->low_open)
            hopt_buf_print(out, "a number above %s, at most %s", low, high);
        else
            hopt_buf_print(out, "a number in %s .. %s", low, high);
        break;
    case HOPT_SETTING_BOOLEAN:
        hopt_buf_text(out, "true or false");
        break;
    case HOPT_SETTING_AHEAD:
        hopt_buf_print(out, "\"auto\" or an integer in %s .. %s", low, high);
        break;
    case HOPT_SETTING_STRING:
        hopt_buf_text(out, "a string that is not empty");
        break;
    case HOPT_SETTING_MAXIMIZE:
        hopt_buf_text(out, "\"minimize\" or \"maximize\"");
        break;
    }
    if (setting->unit[0]) hopt_buf_print(out, " (%s)", setting->unit);
}

/* ---- reading ---- */

static bool within(const hopt_study_setting *setting, double value) {
    return isfinite(value) && value <= setting->high &&
           (setting->low_open ? value > setting->low : value >= setting->low);
}

static bool read_integer(const hopt_study_setting *setting, int *out, const json_t *value) {
    double number;
    if (!json_is_number(value) || !hopt_json_double(&number, value) || rint(number) != number ||
        !within(setting, number))
        return false;
    *out = (int)number;
    return true;
}

static bool read_seed(uint64_t *out, const json_t *value) {
    double real = json_real_value(value);
    if (json_is_real(value) && real >= 0 && real <= 9007199254740992.0 && rint(real) == real) {
        *out = (uint64_t)real;
        return true;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static bool read_word(bool *out, const char *word) {
    if (!word) return false;
    *out = strcmp(word, "maximize") == 0;
    return *out || strcmp(word, "minimize") == 0;
}

/* Store a value in its field; false when it is not of the type or out of bounds. */
static bool store_value(hopt_study_spec *spec, const hopt_study_setting *setting,
                        const json_t *value) {
    void *field = (char *)spec + setting->offset;
    const char *word = json_string_value(value);
    switch (setting->type) {
    case HOPT_SETTING_INTEGER:
        return read_integer(setting, field, value);
    case HOPT_SETTING_SEED:
        return read_seed(field, value);
    case HOPT_SETTING_NUMBER:
        /* Not a string such as "NaN", which hopt_json_double() would take. */
        return json_is_number(value) && hopt_json_double(field, value) &&
               within(setting, *(double *)field);
    case HOPT_SETTING_BOOLEAN:
        *(bool *)field = json_is_true(value);
        return json_is_boolean(value);
    case HOPT_SETTING_AHEAD:
        if (!word || strcmp(word, "auto") != 0) return read_integer(setting, field, value);
        *(int *)field = -1;
        return true;
    case HOPT_SETTING_STRING:
        if (!word || !*word || strlen(word) != json_string_length(value)) return false;
        free(*(char **)field);
        *(char **)field = hopt_strdup(word);
        return true;
    case HOPT_SETTING_MAXIMIZE:
        return read_word(field, word);
    }
    return false;
}

static void store_default(hopt_study_spec *spec, const hopt_study_setting *setting) {
    if (strcmp(setting->fallback, "none") == 0) return;
    json_t *value = NULL;
    if (setting->type == HOPT_SETTING_BOOLEAN)
        value = json_boolean(strcmp(setting->fallback, "true") == 0);
    else if (setting->fallback[0] >= '0' && setting->fallback[0] <= '9')
        value = json_real(strtod(setting->fallback, NULL));
    else
        value = json_string(setting->fallback);
    bool stored = store_value(spec, setting, value);
    json_decref(value);
    HOPT_ASSERT(stored);
}

/* ---- the tree of settings ---- */

/* The member at a path with dots, NULL when some part of it is absent or no object. */
static const json_t *find_value(const json_t *root, const char *key) {
    char step[64];
    while (root && *key) {
        size_t length = strcspn(key, ".");
        HOPT_ASSERT(length < sizeof step);
        memcpy(step, key, length);
        step[length] = '\0';
        root = json_object_get(root, step);
        key += length + (key[length] == '.');
    }
    return root;
}

static void slash_path(char path[64], const char *key) {
    int length = snprintf(path, 64, "%s", key);
    HOPT_ASSERT(length < 64);
    for (char *c = path; *c; c++) {
        if (*c == '.') *c = '/';
    }
}

static void parse_setting(hopt_study_parser *parser, const hopt_study_setting *setting) {
    store_default(parser->spec, setting);
    const json_t *value = find_value(parser->root, setting->key);
    if (!value) return;
    if (store_value(parser->spec, setting, value)) {
        if (setting->has_offset) *(bool *)((char *)parser->spec + setting->has_offset) = true;
        return;
    }
    char path[64];
    slash_path(path, setting->key);
    hopt_buf rule = HOPT_BUF_INIT;
    hopt_study_setting_text(setting, &rule);
    char *given = json_is_object(value) || json_is_array(value)
                      ? hopt_strdup(hopt_study__kind(value))
                      : hopt_json_text(value);
    hopt_study__error(parser, path, false, "`%s` must be %s, not %.60s", setting->key,
                      hopt_buf_string(&rule), given);
    free(given);
    hopt_buf_clear(&rule);
}

/* Check that a group is an object with known keys only: the next steps of the table's keys. */
static void check_group(hopt_study_parser *parser, const char *group) {
    const json_t *value = find_value(parser->root, group);
    if (!value) return;
    char path[64];
    slash_path(path, group);
    if (!json_is_object(value)) {
        hopt_study__error(parser, path, false, "`%s` must be an object {...}, not %s", group,
                          hopt_study__kind(value));
        return;
    }
    const char *keys[HOPT_COUNT(settings)];
    char *owned[HOPT_COUNT(settings)];
    size_t count = 0, length = strlen(group);
    for (size_t i = 0; i < HOPT_COUNT(settings); i++) {
        const char *key = settings[i].key;
        if (strncmp(key, group, length) != 0 || key[length] != '.') continue;
        owned[count] = hopt_strndup(key + length + 1, strcspn(key + length + 1, "."));
        keys[count] = owned[count];
        count++;
    }
    hopt_study__unknown_keys(parser, value, path, keys, count);
    while (count > 0)
        free(owned[--count]);
}

/* Only what is not the shadow of an unknown key, which was reported with its likely name. */
static void check_stop(hopt_study_parser *parser) {
    const json_t *stop = json_object_get(parser->root, "stop");
    const json_t *progress = json_object_get(stop, "no_progress");
    size_t others = json_object_get(progress, "percent") ? 1 : 0;
    if (!stop) parser->spec->stop.max_trials = 100;
    if (json_is_object(progress) && json_object_size(progress) == others)
        hopt_study__error(parser, "stop/no_progress", false,
                          "`stop.no_progress` needs `trials`: how many without progress");
    if (json_is_object(stop) && json_object_size(stop) == 0)
        hopt_study__error(parser, "stop", false,
                          "`stop` needs a limit: `max_trials`, `timeout_s`, `loss_below` or "
                          "`no_progress`");
}

/* Name and seed are settings; what else stands there is the sampler's. */
static void parse_sampler(hopt_study_parser *parser) {
    const json_t *sampler = json_object_get(parser->root, "sampler");
    if (sampler && !json_is_object(sampler)) {
        hopt_study__error(parser, "sampler", false,
                          "`sampler` must be an object such as {\"name\": \"auto\"}, not %s",
                          hopt_study__kind(sampler));
        return;
    }
    parser->spec->sampler_options = sampler ? json_deep_copy(sampler) : json_object();
    json_object_del(parser->spec->sampler_options, "name");
    json_object_del(parser->spec->sampler_options, "seed");
}

void hopt_study__settings(hopt_study_parser *parser) {
    for (size_t i = 0; i < HOPT_COUNT(closed_groups); i++)
        check_group(parser, closed_groups[i]);
    parse_sampler(parser);
    for (size_t i = 0; i < HOPT_COUNT(settings); i++)
        parse_setting(parser, &settings[i]);
    check_stop(parser);
}
