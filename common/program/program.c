#include "common/program/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/json/json.h"
#include "common/sampler/sampler.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

/* Where every line of the log is an object, this one is too. */
static void complain(const char *program, const char *text) {
    if (hopt_log_is_json())
        hopt_log_error("%s program=%s", text, program);
    else
        fprintf(stderr, "%s: %s\n", program, text);
}

int hopt_program_fail(const char *program, const hopt_error *err) {
    char text[HOPT_ERROR_MESSAGE_MAX + 64];
    hopt_error_text(text, sizeof text, NULL, err);
    complain(program, text);
    return hopt_exit_code(err->code);
}

int hopt_program_fail_file(const char *program, const char *file, hopt_errors *errors) {
    hopt_errors_sort(errors);
    for (size_t i = 0; i < errors->count; i++) {
        char text[HOPT_ERROR_MESSAGE_MAX + 4200];
        hopt_error_text(text, sizeof text, file, &errors->list[i]);
        complain(program, text);
    }
    if (errors->total > errors->count) {
        char text[HOPT_ERROR_MESSAGE_MAX + 4200];
        snprintf(text, sizeof text, "%.4096s: and %zu more errors", file,
                 errors->total - errors->count);
        complain(program, text);
    }
    return HOPT_EXIT_USAGE;
}

/* ---- the sampler's name and options: the sampler checks them, here they get their place ---- */

/* A study file's text, and what was put over it. */
typedef struct study_text {
    const char *text;
    size_t length;
    const hopt_texts *sets;
} study_text;

/* Whether a KEY=VALUE sets this member of "sampler", or all of it: then it has no place in the
 * file.
 */
static bool is_set(const study_text *source, const char *member) {
    static const char all[] = "sampler";
    size_t length = strlen(member);
    for (size_t i = 0; source->sets && i < source->sets->count; i++) {
        const char *set = source->sets->list[i];
        if (strncmp(set, all, sizeof all - 1) != 0) continue;
        const char *rest = set + sizeof all - 1;
        if (*rest == '=') return true;
        if (*rest == '.' && strncmp(rest + 1, member, length) == 0 &&
            (rest[1 + length] == '=' || rest[1 + length] == '.'))
            return true;
    }
    return false;
}

static void add_at(hopt_errors *errors, hopt_error *err, const study_text *source,
                   const char *member, bool key) {
    hopt_buf path = HOPT_BUF_INIT;
    hopt_json_path_key(&path, "sampler");
    hopt_json_path_key(&path, member);
    if (is_set(source, member) || !hopt_json_locate(&err->line, &err->column, source->text,
                                                    source->length, hopt_buf_string(&path), key))
        err->line = err->column = 0;
    hopt_buf_clear(&path);
    hopt_errors_add(errors, err);
}

static bool has_option(const char *name, const char *key) {
    const hopt_sampler_kind *kind = name ? hopt_sampler_find(name) : hopt_sampler_kinds()[0];
    for (const hopt_sampler_option *o = kind->options; o && o->name; o++)
        if (strcmp(o->name, key) == 0) return true;
    return false;
}

/* Every option that is wrong is an error of its own. */
static void check_options(hopt_errors *errors, const study_text *source, const char *name,
                          const json_t *options) {
    hopt_error err = {0};
    const char *key;
    json_t *value;
    if (hopt_sampler_check(name, NULL, &err) != HOPT_OK) {
        add_at(errors, &err, source, "name", false);
        return;
    }
    json_object_foreach((json_t *)options, key, value) {
        if (strcmp(key, "name") == 0 || strcmp(key, "seed") == 0) continue;
        json_t *one = json_object();
        json_object_set(one, key, value);
        if (hopt_sampler_check(name, one, &err) != HOPT_OK)
            add_at(errors, &err, source, key, !has_option(name, key));
        json_decref(one);
    }
}

/* @param spec  NULL when the file has other errors: then those of its sampler join them. */
static void check_sampler(hopt_errors *errors, const study_text *source,
                          const hopt_study_spec *spec) {
    if (spec) {
        check_options(errors, source, spec->sampler, spec->sampler_options);
        return;
    }
    json_t *file;
    if (hopt_json_parse(&file, source->text, source->length, HOPT_JSON_COMMENTS, NULL) != HOPT_OK)
        return;
    const json_t *sampler = json_object_get(file, "sampler"),
                 *name = json_object_get(sampler, "name");
    if (json_is_object(sampler) && (!name || json_is_string(name)))
        check_options(errors, source, json_string_value(name), sampler);
    json_decref(file);
}

int hopt_program_load(hopt_study_spec **spec, const char *program, const char *path,
                      const char *name, const hopt_texts *sets) {
    char *text;
    size_t length;
    hopt_error err;
    *spec = NULL;
    hopt_status status = hopt_file_read(&text, &length, path, HOPT_JSON_TEXT_MAX, &err);
    if (status != HOPT_OK) {
        err.code = HOPT_EINVAL; /* a study file that can't be read is bad usage */
        return hopt_program_fail(program, &err);
    }
    hopt_errors errors = {0};
    status = hopt_study_spec_parse(spec, text, length, name, sets ? sets->list : NULL,
                                   sets ? sets->count : 0, &errors);
    study_text source = {text, length, sets};
    check_sampler(&errors, &source, *spec);
    free(text);
    if (status == HOPT_OK && errors.total == 0) return HOPT_EXIT_OK;
    hopt_study_spec_free(*spec);
    *spec = NULL;
    return hopt_program_fail_file(program, path, &errors);
}
