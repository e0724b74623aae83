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
    }
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

static hopt_status read_option(void *values, const hopt_sampler_option *option, const json_t *json,
                               hopt_error *err) {
    if (option->type == HOPT_OPTION_BOOL) {
        if (!json_is_boolean(json))
            return hopt_error_set(err, HOPT_EINVAL, "sampler: \"%s\" must be true or false",
                                  option->name);
        set_value(values, option, json_is_true(json) ? 1 : 0);
        return HOPT_OK;
    }
    double value = json_is_number(json) ? json_number_value(json) : NAN;
    bool whole = option->type == HOPT_OPTION_INT;
    if (!(value >= option->low && value <= option->high) || (whole && value != rint(value)))
        return hopt_error_set(err, HOPT_EINVAL, "sampler: \"%s\" must be %s between %g and %g",
                              option->name, whole ? "an integer" : "a number", option->low,
                              option->high);
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
