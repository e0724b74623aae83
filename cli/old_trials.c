#include "cli/old_trials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/json/json.h"

bool hopt_old_is_store(const char *source) {
    static const char *const schemes[] = {
        "mongo:", "mongodb:", "mongodb+srv:", "sqlite:", "mongo+ssh:", "ssh+mongo:"};
    for (size_t i = 0; i < HOPT_COUNT(schemes); i++) {
        if (strncasecmp(source, schemes[i], strlen(schemes[i])) == 0) return true;
    }
    return false;
}

typedef struct reading {
    hopt_old_trials *out;
    const hopt_old_source *source;
    int line; /* 0: not from a file */
} reading;

static void bad_document(reading *self, const json_t *document, hopt_error *err) {
    if (self->line)
        err->line = self->line;
    else
        hopt_error_prefix(err, "tid %lld", hopt_json_integer_of(document, "tid", -1));
    hopt_errors_add(&self->out->errors, err);
}

/* Whether this experiment is wanted; counts it in any case. */
static bool wanted(reading *self, const json_t *document) {
    const char *key = hopt_json_string_of(document, "exp_key");
    const char *name = key ? key : "";
    json_int_t before = json_integer_value(json_object_get(self->out->keys, name));
    json_object_set_new(self->out->keys, name, json_integer(before + 1));
    return !self->source->exp_key || (key && strcmp(key, self->source->exp_key) == 0);
}

static hopt_status take(void *data, const json_t *document, HOPT_UNUSED hopt_error *unused) {
    reading *self = data;
    hopt_old_trials *out = self->out;
    hopt_trial *trial;
    hopt_error err = {0};
    if (!wanted(self, document)) {
        out->skipped++;
    } else if (hopt_trial_from_json(&trial, document, self->source->maximize, &err) != HOPT_OK) {
        bad_document(self, document, &err);
    } else {
        out->list = hopt_grow(out->list, out->count, &out->capacity, sizeof *out->list);
        bool files = json_array_size(json_object_get(document, "_attachments")) > 0;
        out->list[out->count++] = (hopt_old_trial){trial, files};
    }
    return HOPT_OK;
}

static int by_tid(const void *left, const void *right) {
    const hopt_trial *a = ((const hopt_old_trial *)left)->trial;
    const hopt_trial *b = ((const hopt_old_trial *)right)->trial;
    return (a->tid > b->tid) - (a->tid < b->tid);
}

/* By tid; of two with the same one the second is bad. */
static void sort(hopt_old_trials *out) {
    size_t kept = 0;
    if (out->count) qsort(out->list, out->count, sizeof *out->list, by_tid);
    for (size_t i = 0; i < out->count; i++) {
        hopt_error err = {0};
        hopt_trial *trial = out->list[i].trial;
        if (kept == 0 || out->list[kept - 1].trial->tid != trial->tid) {
            out->list[kept++] = out->list[i];
            continue;
        }
        hopt_error_set(&err, HOPT_EINVAL, "tid %lld is there twice", (long long)trial->tid);
        hopt_errors_add(&out->errors, &err);
        hopt_trial_free(trial);
    }
    out->count = kept;
}

hopt_status hopt_old_read_store(hopt_old_trials *out, hopt_store *store,
                                const hopt_old_source *source, hopt_error *err) {
    reading self = {.out = out, .source = source};
    *out = (hopt_old_trials){.keys = json_object()};
    hopt_status status = hopt_store_foreign(store, source->exp_key, take, &self, err);
    sort(out);
    return status;
}

static void take_line(reading *self, const char *line, size_t length) {
    json_t *json;
    hopt_error err = {0};
    if (hopt_json_parse(&json, line, length, HOPT_JSON_NAN, &err) != HOPT_OK) {
        err.line = self->line;
        hopt_errors_add(&self->out->errors, &err);
        return;
    }
    (void)take(self, json, NULL);
    json_decref(json);
}

hopt_status hopt_old_read_file(hopt_old_trials *out, const char *path,
                               const hopt_old_source *source, hopt_error *err) {
    reading self = {.out = out, .source = source};
    *out = (hopt_old_trials){.keys = json_object()};
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (!file) return hopt_error_set(err, HOPT_EINVAL, "%s: %s", path, strerror(errno));
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, file)) >= 0) {
        self.line++;
        if (line[strspn(line, " \t\r\n")]) take_line(&self, line, (size_t)length);
    }
    bool broken = ferror(file);
    int why = errno;
    free(line);
    if (!is_stdin) fclose(file);
    sort(out);
    if (broken) return hopt_error_set(err, HOPT_EFAILED, "%s: %s", path, strerror(why));
    return HOPT_OK;
}

void hopt_old_trials_clear(hopt_old_trials *trials) {
    for (size_t i = 0; i < trials->count; i++)
        hopt_trial_free(trials->list[i].trial);
    free(trials->list);
    json_decref(trials->keys);
    *trials = (hopt_old_trials){0};
}
