/** Samplers' options: each kind has a table, this file reads a study's "sampler" by it. */
#include <math.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/sampler/sampler_internal.h"

static void set_value(void *values, const hopt_sampler_option *option, double value) {
    if (!values) return;
    char *place = (char *)values + option->offset;
    switch (option->type) {
    case HOPT_OPTION_INT:
        *(int *)(void *)place = (int)value;
        break;
    case HOPT_OPTION_REAL:
        *(double *)(void *)place = value;
        break;
    case HOPT_OPTION_BOOL:
        *(bool *)(void *)place = value != 0;
        break;
    case HOPT_OPTION_SHARES:
        *(hopt_sampler_shares *)(void *)place = *option->shares;
        break;
    }
}

json_t *hopt_sampler_option_default(const hopt_sampler_option *option) {
    switch (option->type) {
    case HOPT_OPTION_INT:
        return json_integer((json_int_t)option->initial);
    case HOPT_OPTION_REAL:
        return json_real(option->initial);
    case HOPT_OPTION_BOOL:
        return json_boolean(option->initial != 0);
    case HOPT_OPTION_SHARES:
        break;
    }
    json_t *list = json_array();
    for (int i = 0; i < option->shares->count; i++)
        json_array_append_new(list, json_pack("[f, s]", option->shares->share[i],
                                              option->names[option->shares->name[i]]));
    return list;
}

/* A given value, in the option's own type: 24.0 is the integer 24, and 1 the real 1.0. */
static json_t *in_own_type(const hopt_sampler_option *option, const json_t *given) {
    switch (option->type) {
    case HOPT_OPTION_INT:
        return json_integer((json_int_t)json_number_value(given));
    case HOPT_OPTION_REAL:
        return json_real(json_number_value(given));
    case HOPT_OPTION_BOOL:
        return json_boolean(json_is_true(given));
    case HOPT_OPTION_SHARES:
        break;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(given); i++) {
        const json_t *pair = json_array_get(given, i);
        json_array_append_new(list, json_pack("[f, s]", json_number_value(json_array_get(pair, 0)),
                                              json_string_value(json_array_get(pair, 1))));
    }
    return list;
}

json_t *hopt_sampler_effective(const char *name, const json_t *options) {
    const hopt_sampler_kind *kind = name ? hopt_sampler_find(name) : hopt_sampler_kinds()[0];
    HOPT_ASSERT(kind);
    json_t *all = json_object();
    for (const hopt_sampler_option *o = kind->options; o && o->name; o++) {
        const json_t *given = json_object_get(options, o->name);
        json_object_set_new(all, o->name,
                            given ? in_own_type(o, given) : hopt_sampler_option_default(o));
    }
    return all;
}

static hopt_status unknown_option(const hopt_sampler_kind *kind, const char *key, hopt_error *err) {
    hopt_buf known = HOPT_BUF_INIT;
    for (const hopt_sampler_option *o = kind->options; o && o->name; o++)
        hopt_buf_print(&known, "%s%s", known.length ? ", " : "", o->name);
    hopt_error_set(err, HOPT_EINVAL, "sampler: unknown option \"%.64s\"; `%s` knows: %s", key,
                   kind->name, known.length ? known.data : "none");
    hopt_buf_clear(&known);
    return HOPT_EINVAL;
}

static hopt_status bad_shares(const hopt_sampler_option *option, const char *what,
                              hopt_error *err) {
    hopt_buf known = HOPT_BUF_INIT;
    for (int i = 0; option->names[i]; i++)
        hopt_buf_print(&known, "%s%s", i ? ", " : "", option->names[i]);
    hopt_error_set(err, HOPT_EINVAL, "sampler: \"%s\" must be [[share, name], ...]: %s; names: %s",
                   option->name, what, known.data);
    hopt_buf_clear(&known);
    return HOPT_EINVAL;
}

static int name_index(const hopt_sampler_option *option, const char *name) {
    for (int i = 0; name && option->names[i]; i++)
        if (strcmp(option->names[i], name) == 0) return i;
    return -1;
}

static hopt_status read_shares(void *values, const hopt_sampler_option *option, const json_t *json,
                               hopt_error *err) {
    hopt_sampler_shares shares = {0};
    size_t count = json_array_size(json);
    double sum = 0;
    if (count < 1 || count > HOPT_SHARES_MAX) return bad_shares(option, "1 to 8 of them", err);
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(json, i);
        const json_t *share = json_array_get(pair, 0);
        double value = json_is_number(share) ? json_number_value(share) : NAN;
        int name = name_index(option, json_string_value(json_array_get(pair, 1)));
        if (json_array_size(pair) != 2 || name < 0)
            return bad_shares(option, "a pair of a number and a known name each", err);
        if (!(value >= 0 && value <= 1))
            return bad_shares(option, "a share lies between 0 and 1", err);
        shares.share[shares.count] = value;
        shares.name[shares.count++] = name;
        sum += value;
    }
    if (fabs(sum - 1) > 1e-6) return bad_shares(option, "the shares add up to 1", err);
    if (values) *(hopt_sampler_shares *)(void *)((char *)values + option->offset) = shares;
    return HOPT_OK;
}

static hopt_status read_option(void *values, const hopt_sampler_option *option, const json_t *json,
                               hopt_error *err) {
    if (option->type == HOPT_OPTION_BOOL) {
        if (!json_is_boolean(json))
            return hopt_error_set(err, HOPT_EINVAL, "sampler: \"%s\" must be true or false",
                                  option->name);
        set_value(values, option, json_is_true(json) ? 1 : 0);
        return HOPT_OK;
    }
    if (option->type == HOPT_OPTION_SHARES) return read_shares(values, option, json, err);
    double value = json_is_number(json) ? json_number_value(json) : NAN;
    bool whole = option->type == HOPT_OPTION_INT;
    if (!(value >= option->low && value <= option->high) || (whole && value != rint(value)))
        return hopt_error_set(err, HOPT_EINVAL,
                              "sampler: \"%s\" must be %s between %.15g and %.15g", option->name,
                              whole ? "an integer" : "a number", option->low, option->high);
    set_value(values, option, value);
    return HOPT_OK;
}

hopt_status hopt_sampler__read_options(void *values, const hopt_sampler_kind *kind,
                                       const json_t *options, hopt_error *err) {
    for (const hopt_sampler_option *o = kind->options; o && o->name; o++)
        set_value(values, o, o->initial);
    if (!options || json_is_null(options)) return HOPT_OK;
    if (!json_is_object(options))
        return hopt_error_set(err, HOPT_EINVAL, "sampler: must be an object");
    const char *key;
    const json_t *json;
    json_object_foreach((json_t *)options, key, json) {
        if (strcmp(key, "name") == 0 || strcmp(key, "seed") == 0) continue;
        const hopt_sampler_option *o = kind->options;
        while (o && o->name && strcmp(o->name, key) != 0)
            o++;
        if (!o || !o->name) return unknown_option(kind, key, err);
        hopt_status status = read_option(values, o, json, err);
        if (status != HOPT_OK) return status;
    }
    return HOPT_OK;
}
