/* Opening and closing a study: its text from whatever the host has, its store, its record. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sampler/sampler.h"
#include "common/sys/file.h"
#include "common/sys/host.h"
#include "common/sys/log.h"
#include "libhopt/expr.h"
#include "master/enroll.h"

#define DEFAULT_STORE "sqlite::memory:"
#define SPACE_BEFORE "{\"space\": "

/* What a study is made from. */
typedef struct source {
    char *text; /* of a study file */
    int shift;  /* bytes before the host's own text */
    const char *file;
    char *name;
    char **sets;
    size_t n_sets, capacity;
    bool has_stop;
    uint64_t text_seed;
    bool text_has_seed;
} source;

static void source_clear(source *s) {
    for (size_t i = 0; i < s->n_sets; i++)
        free(s->sets[i]);
    free(s->sets);
    free(s->text);
    free(s->name);
}

static void add_set(source *s, char *set) {
    s->sets = hopt_grow(s->sets, s->n_sets, &s->capacity, sizeof *s->sets);
    s->sets[s->n_sets++] = set;
}

/* The options of an older program are shorter: what they lack is 0. */
static void read_options(hopt_study_options *out, const hopt_study_options *given) {
    hopt_study_options_init(out);
    if (!given) return;
    size_t size = given->size < sizeof *out ? given->size : sizeof *out;
    memcpy(out, given, size);
    out->size = sizeof *out;
}

/* A text whose root has "space" is a study file; any other is a space. What is not JSON stays as it
 * is, for the parser to say so. */
static void source_text(source *s, const char *text) {
    json_t *json;
    hopt_error ignored;
    if (hopt_json_parse(&json, text, strlen(text), HOPT_JSON_COMMENTS, &ignored) != HOPT_OK) {
        s->text = hopt_strdup(text);
        return;
    }
    if (json_is_object(json) && json_object_get(json, "space")) {
        const json_t *sampler = json_object_get(json, "sampler");
        const json_t *seed = json_object_get(sampler, "seed");
        const char *name = hopt_json_string_of(json, "name");
        s->text = hopt_strdup(text);
        s->has_stop = json_object_get(json, "stop") != NULL;
        s->text_has_seed = json_is_integer(seed);
        s->text_seed = (uint64_t)json_integer_value(seed);
        if (name) s->name = hopt_strdup(name);
    } else {
        s->text = hopt_format(SPACE_BEFORE "%s\n}", text);
        s->shift = (int)strlen(SPACE_BEFORE);
    }
    json_decref(json);
}

static int bad_option(hopt_failure *why, const char *option, const hopt_error *err) {
    return hopt_lib__say(why, HOPT_EINVAL, "options.%s: %s", option, err->message);
}

static int sampler_sets(source *s, const hopt_study_options *o, hopt_failure *why) {
    if (o->sampler && o->sampler[0] == '{') {
        json_t *json;
        hopt_error err = {0};
        if (hopt_json_parse(&json, o->sampler, strlen(o->sampler), 0, &err) != HOPT_OK)
            return bad_option(why, "sampler", &err);
        if (json_object_get(json, "seed")) s->text_has_seed = false;
        json_decref(json);
        add_set(s, hopt_format("sampler=%s", o->sampler));
    } else if (o->sampler) {
        json_t *json = json_pack("{s:s}", "name", o->sampler);
        char *text = json ? hopt_json_text(json) : NULL;
        json_decref(json);
        if (!text) return hopt_lib__say(why, HOPT_EINVAL, "options.sampler: not UTF-8");
        add_set(s, hopt_format("sampler=%s", text));
        free(text);
    }
    /* A seed is not a sampler's option: another sampler keeps it. */
    bool has_seed = o->has_seed || (o->sampler && s->text_has_seed);
    uint64_t seed = o->has_seed ? o->seed : s->text_seed;
    if (has_seed) add_set(s, hopt_format("sampler.seed=%llu", (unsigned long long)seed));
    return HOPT_OK;
}

static int further_sets(source *s, const hopt_study_options *o, hopt_failure *why) {
    if (!o->settings) return HOPT_OK;
    json_t *json, *value;
    const char *key;
    hopt_error err = {0};
    if (hopt_json_parse(&json, o->settings, strlen(o->settings), 0, &err) != HOPT_OK)
        return bad_option(why, "settings", &err);
    bool object = json_is_object(json);
    if (object) {
        json_object_foreach(json, key, value) {
            char *text = hopt_json_text(value);
            add_set(s, hopt_format("%s=%s", key, text));
            free(text);
            s->has_stop |= strncmp(key, "stop", 4) == 0;
        }
    }
    json_decref(json);
    return object ? HOPT_OK
                  : hopt_lib__say(why, HOPT_EINVAL,
                                  "options.settings: a JSON object of paths is needed, e.g. "
                                  "{\"trial.lease_s\": 10}");
}

static int option_sets(source *s, const hopt_study_options *o, hopt_failure *why) {
    int code = further_sets(s, o, why);
    if (code == HOPT_OK) code = sampler_sets(s, o, why);
    if (code != HOPT_OK) return code;
    if (o->maximize) add_set(s, hopt_strdup("direction=maximize"));
    if (o->max_trials) {
        add_set(s, hopt_format("stop.max_trials=%lld", (long long)o->max_trials));
        s->has_stop = true;
    }
    if (o->points && o->points_vals)
        return hopt_lib__say(why, HOPT_EINVAL, "options: points or points_vals, not both");
    if (o->points) add_set(s, hopt_format("points=%s", o->points));
    return HOPT_OK;
}

static int parse(hopt_study_spec **spec, source *s, hopt_failure *why) {
    hopt_errors errors = {0};
    const char *name = s->name ? s->name : "study";
    if (hopt_study_spec_parse(spec, s->text, strlen(s->text), name, (const char *const *)s->sets,
                              s->n_sets, &errors) != HOPT_OK)
        return hopt_lib__fail_text(why, &errors, s->file, s->shift);
    return HOPT_OK;
}

/* ---- points in hyperopt's form ---- */

static json_t *wrap_vals(const json_t *vals) {
    json_t *out = json_object(), *value;
    const char *key;
    json_object_foreach((json_t *)vals, key, value) {
        json_t *list = json_is_array(value) ? json_incref(value) : json_array();
        if (!json_is_array(value) && !json_is_null(value)) json_array_append(list, value);
        json_object_set_new(out, key, list);
    }
    return out;
}

hopt_status hopt_lib__read_vals(const hopt_space *space, double *point, const json_t *vals,
                                hopt_error *err) {
    const char *key;
    json_t *value;
    if (!json_is_object(vals))
        return hopt_error_set(err, HOPT_EINVAL, "an object of labels is needed");
    json_object_foreach((json_t *)vals, key, value) {
        if (hopt_space_find(space, key) < 0)
            return hopt_error_set(err, HOPT_EINVAL, "`%s`: no such label in this space", key);
    }
    json_t *wrapped = wrap_vals(vals);
    hopt_status status = hopt_space_from_vals(space, point, wrapped, err);
    json_decref(wrapped);
    return status;
}

static hopt_status resolve_vals(const hopt_space *space, const json_t *vals, json_t **resolved,
                                hopt_error *err) {
    double *point = hopt_zalloc((size_t)hopt_space_size(space) + 1, sizeof *point);
    hopt_status status = hopt_lib__read_vals(space, point, vals, err);
    if (status == HOPT_OK) *resolved = hopt_space_resolve(space, point);
    free(point);
    return status;
}

static int points_set(source *s, const char *text, const hopt_space *space, hopt_failure *why) {
    json_t *json, *one, *list = json_array();
    hopt_error err = {0};
    size_t i;
    if (hopt_json_parse(&json, text, strlen(text), 0, &err) != HOPT_OK)
        return json_decref(list), bad_option(why, "points_vals", &err);
    hopt_status status = json_is_array(json)
                             ? HOPT_OK
                             : hopt_error_set(&err, HOPT_EINVAL, "a list of objects is needed");
    json_array_foreach(json, i, one) {
        json_t *resolved = NULL;
        if (status != HOPT_OK) break;
        status = resolve_vals(space, one, &resolved, &err);
        if (status != HOPT_OK) hopt_error_prefix(&err, "point %zu", i);
        if (resolved) json_array_append_new(list, resolved);
    }
    char *points = hopt_json_text(list);
    if (status == HOPT_OK) add_set(s, hopt_format("points=%s", points));
    free(points);
    json_decref(list);
    json_decref(json);
    return status == HOPT_OK ? HOPT_OK : bad_option(why, "points_vals", &err);
}

static int most_trials(const hopt_space *space) {
    int size = hopt_space_size(space), most = HOPT_STUDY_VALUES_MAX / (size ? size : 1);
    return most < HOPT_TRIALS_MAX ? most : HOPT_TRIALS_MAX;
}

/* The whole study file: some settings can be given only when the space is known. */
static int parse_all(hopt_study_spec **spec, source *s, const hopt_study_options *o,
                     hopt_failure *why) {
    int code = option_sets(s, o, why);
    if (code == HOPT_OK) code = parse(spec, s, why);
    if (code != HOPT_OK || (s->has_stop && !o->points_vals)) return code;
    if (o->points_vals) code = points_set(s, o->points_vals, (*spec)->space, why);
    if (!s->has_stop) add_set(s, hopt_format("stop.max_trials=%d", most_trials((*spec)->space)));
    hopt_study_spec_free(*spec);
    *spec = NULL;
    return code == HOPT_OK ? parse(spec, s, why) : code;
}

static int check_sampler(const hopt_study_spec *spec, hopt_failure *why) {
    hopt_error err = {0};
    if (hopt_sampler_check(spec->sampler, spec->sampler_options, &err) == HOPT_OK) return HOPT_OK;
    err.code = HOPT_EINVAL;
    return hopt_lib__fail(why, &err);
}

/* ---- the handle ---- */

static hopt_study *study_new(hopt_store *store, const hopt_study_options *o) {
    hopt_study *study = hopt_zalloc(1, sizeof *study);
    char owner[HOPT_OWNER_TEXT_MAX];
    pthread_condattr_t monotonic;
    HOPT_ASSERT(pthread_mutex_init(&study->mutex, NULL) == 0);
    HOPT_ASSERT(pthread_mutex_init(&study->keep_lock, NULL) == 0);
    HOPT_ASSERT(pthread_condattr_init(&monotonic) == 0);
    HOPT_ASSERT(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    HOPT_ASSERT(pthread_cond_init(&study->keep_wake, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    hopt_host_owner(owner);
    snprintf(study->owner, sizeof study->owner, "%s", owner);
    /* "ask:" tells the reaper that no heartbeat is to be expected (docs/adr/0005). */
    snprintf(study->ask_owner, sizeof study->ask_owner, "ask:%.*s", HOPT_OWNER_MAX - 5, owner);
    study->store = store;
    study->lease_asked = o->lease_asked != 0;
    study->last = -1;
    study->reaper = hopt_reaper_new();
    study->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    study->slots = 1;
    return study;
}

void hopt_study_close(hopt_study *study) {
    if (!study) return;
    if (study->asks_kept) hopt_lib__keep_stop(study);
    hopt_lib__forget(study);
    hopt_reaper_free(study->reaper);
    hopt_store_close(study->store);
    hopt_study_free(study->record);
    hopt_lib__spec_unref(study->shared);
    pthread_cond_destroy(&study->keep_wake);
    pthread_mutex_destroy(&study->keep_lock);
    pthread_mutex_destroy(&study->mutex);
    if (study->wake_fd >= 0) close(study->wake_fd);
    free(study);
}

static void set_record(hopt_study *study, hopt_study_record *record, hopt_study_spec *spec) {
    study->record = record;
    study->seed = record->seed;
    study->shared = hopt_zalloc(1, sizeof *study->shared);
    atomic_init(&study->shared->references, 1);
    study->shared->spec = spec;
    study->spec = spec;
    study->max_trials = spec->stop.max_trials ? spec->stop.max_trials : most_trials(spec->space);
    study->limited = spec->stop.timeout_s > 0 || spec->stop.has_loss_below ||
                     spec->stop.no_progress_trials > 0 ||
                     study->max_trials < most_trials(spec->space);
}

static hopt_status open_store(hopt_store **store, const hopt_study_options *o, bool create,
                              hopt_error *err) {
    hopt_store_options options = {.create = create};
    hopt_log_set_level(HOPT_LOG_NONE); /* standard error is the host's */
    return hopt_store_open(store, o->store ? o->store : DEFAULT_STORE, &options, err);
}

/* The store's own text holds from here on: it has what `hopt study set` changed. */
static hopt_status enroll(hopt_study *study, const hopt_study_spec *given, hopt_error *err) {
    hopt_study_record *record;
    hopt_study_spec *spec;
    hopt_enrolled how;
    hopt_status status = hopt_enroll(study->store, &record, &how, given, err);
    if (status != HOPT_OK) return status;
    status = hopt_enrolled_study(study->store, NULL, &spec, record->name, err);
    if (status == HOPT_OK)
        set_record(study, record, spec);
    else
        hopt_study_free(record);
    return status;
}

static int open_source(hopt_study **out, source *s, const hopt_study_options *o,
                       hopt_failure *why) {
    hopt_study_spec *spec = NULL;
    hopt_store *store = NULL;
    hopt_error err = {0};
    if (o->name) {
        free(s->name);
        s->name = hopt_strdup(o->name);
    }
    int code = parse_all(&spec, s, o, why);
    if (code == HOPT_OK) code = check_sampler(spec, why);
    if (code == HOPT_OK && open_store(&store, o, true, &err) != HOPT_OK)
        code = hopt_lib__fail(why, &err);
    if (code == HOPT_OK) {
        hopt_study *study = study_new(store, o);
        if (study->wake_fd < 0)
            code = hopt_lib__say(why, HOPT_EFAILED, "eventfd: %s", strerror(errno));
        else if (enroll(study, spec, &err) != HOPT_OK)
            code = hopt_lib__fail(why, &err);
        if (code == HOPT_OK)
            *out = study;
        else
            hopt_study_close(study);
        if (code == HOPT_OK && o->max_trials) study->limited = true;
    }
    hopt_study_spec_free(spec);
    source_clear(s);
    return code;
}

/* ---- the interface ---- */

int hopt_study_from_text(hopt_study **study, const char *text, const hopt_study_options *options,
                         hopt_failure *why) {
    hopt_study_options o;
    source s = {0};
    *study = NULL;
    if (!text) return hopt_lib__say(why, HOPT_EINVAL, "the text is NULL");
    read_options(&o, options);
    source_text(&s, text);
    return open_source(study, &s, &o, why);
}

int hopt_study_from_file(hopt_study **study, const char *path, const hopt_study_options *options,
                         hopt_failure *why) {
    hopt_study_options o;
    source s = {.file = path};
    char *text;
    size_t length;
    hopt_error err;
    *study = NULL;
    if (!path) return hopt_lib__say(why, HOPT_EINVAL, "the path is NULL");
    read_options(&o, options);
    if (hopt_file_read(&text, &length, path, HOPT_JSON_TEXT_MAX, &err) != HOPT_OK) {
        hopt_error_prefix(&err, "%s", path);
        return hopt_lib__fail(why, &err);
    }
    bool nul = strlen(text) != length;
    if (nul)
        hopt_lib__say(why, HOPT_EINVAL, "%s: a NUL byte", path);
    else
        source_text(&s, text);
    free(text);
    return nul ? HOPT_EINVAL : open_source(study, &s, &o, why);
}

int hopt_study_from_expr(hopt_study **study, hopt_expr *space, const hopt_study_options *options,
                         hopt_failure *why) {
    hopt_study_options o;
    source s = {0};
    const char *mistake;
    *study = NULL;
    read_options(&o, options);
    char *text = hopt_lib__expr_text(space, &mistake);
    if (!text) hopt_lib__say(why, HOPT_EINVAL, "%s", mistake);
    hopt_expr_free(space);
    if (!text) return HOPT_EINVAL;
    s.text = hopt_format(SPACE_BEFORE "%s\n}", text);
    free(text);
    int code = open_source(study, &s, &o, why);
    /* Positions in a text that the host never saw say nothing. */
    if (code == HOPT_EINVAL && why) hopt_lib__drop_positions(why);
    return code;
}

static hopt_status only_study(hopt_store *store, char **name, hopt_error *err) {
    char **names;
    size_t count;
    hopt_status status = hopt_store_studies(store, &names, &count, err);
    if (status != HOPT_OK) return status;
    if (count == 1)
        *name = hopt_strdup(names[0]);
    else
        status = hopt_error_set(err, count ? HOPT_EINVAL : HOPT_ENOTFOUND,
                                count ? "%s has %zu studies: name one" : "%s has no study",
                                hopt_store_name(store), count);
    hopt_names_free(names);
    return status;
}

int hopt_study_load(hopt_study **out, const hopt_study_options *options, hopt_failure *why) {
    hopt_study_options o;
    hopt_store *store;
    hopt_study_record *record;
    hopt_study_spec *spec;
    hopt_error err = {0};
    char *name = NULL;
    *out = NULL;
    read_options(&o, options);
    if (open_store(&store, &o, false, &err) != HOPT_OK) return hopt_lib__fail(why, &err);
    hopt_study *study = study_new(store, &o);
    hopt_status status = HOPT_OK;
    if (o.name)
        name = hopt_strdup(o.name);
    else
        status = only_study(store, &name, &err);
    if (status == HOPT_OK) status = hopt_enrolled_study(store, &record, &spec, name, &err);
    free(name);
    if (status != HOPT_OK) {
        hopt_study_close(study);
        return hopt_lib__fail(why, &err);
    }
    set_record(study, record, spec);
    *out = study;
    return HOPT_OK;
}

int hopt_check(const char *text, const hopt_study_options *options, hopt_failure *why) {
    hopt_study_options o;
    source s = {0};
    hopt_study_spec *spec = NULL;
    if (!text) return hopt_lib__say(why, HOPT_EINVAL, "the text is NULL");
    read_options(&o, options);
    source_text(&s, text);
    if (o.name) {
        free(s.name);
        s.name = hopt_strdup(o.name);
    }
    int code = parse_all(&spec, &s, &o, why);
    if (code == HOPT_OK) code = check_sampler(spec, why);
    hopt_study_spec_free(spec);
    source_clear(&s);
    return code;
}

const char *hopt_study_name(const hopt_study *study) {
    return study->spec->name;
}

uint64_t hopt_study_seed(const hopt_study *study) {
    return study->seed;
}

int hopt_study_maximizes(const hopt_study *study) {
    return study->spec->maximize;
}

size_t hopt_study_labels(const hopt_study *study) {
    return (size_t)hopt_space_size(study->spec->space);
}

const char *hopt_study_label(const hopt_study *study, size_t i) {
    if (i >= hopt_study_labels(study)) return NULL;
    return hopt_space_param(study->spec->space, (int)i)->label;
}

char *hopt_study_text(hopt_study *study) {
    pthread_mutex_lock(&study->mutex);
    char *text = hopt_strdup(study->record->spec);
    pthread_mutex_unlock(&study->mutex);
    return text;
}

int hopt_space_eval(const hopt_study *study, const char *vals, char **params, hopt_failure *why) {
    json_t *json = NULL, *resolved = NULL;
    hopt_error err = {0};
    *params = NULL;
    if (!vals) return hopt_lib__say(why, HOPT_EINVAL, "the values are NULL");
    hopt_status status = hopt_json_parse(&json, vals, strlen(vals), 0, &err);
    if (status == HOPT_OK) status = resolve_vals(study->spec->space, json, &resolved, &err);
    if (status == HOPT_OK) *params = hopt_json_text(resolved);
    json_decref(resolved);
    json_decref(json);
    return status == HOPT_OK ? HOPT_OK : hopt_lib__fail(why, &err);
}
