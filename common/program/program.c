#include "common/program/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/sampler/sampler.h"
#include "common/sys/file.h"

int hopt_program_fail(const char *program, const hopt_error *err) {
    char text[HOPT_ERROR_MESSAGE_MAX + 64];
    hopt_error_text(text, sizeof text, NULL, err);
    fprintf(stderr, "%s: %s\n", program, text);
    return hopt_exit_code(err->code);
}

int hopt_program_fail_file(const char *program, const char *file, hopt_errors *errors) {
    hopt_errors_sort(errors);
    for (size_t i = 0; i < errors->count; i++) {
        char text[HOPT_ERROR_MESSAGE_MAX + 4200];
        hopt_error_text(text, sizeof text, file, &errors->list[i]);
        fprintf(stderr, "%s: %s\n", program, text);
    }
    if (errors->total > errors->count)
        fprintf(stderr, "%s: %s: and %zu more errors\n", program, file,
                errors->total - errors->count);
    return HOPT_EXIT_USAGE;
}

/* The sampler's name and options are checked by the sampler; the position is that of its object,
 * unless KEY=VALUE made another text of the file. */
static hopt_status check_sampler(const hopt_study_spec *spec, bool as_in_file,
                                 hopt_errors *errors) {
    hopt_error err = {0};
    hopt_status status = hopt_sampler_check(spec->sampler, spec->sampler_options, &err);
    if (status == HOPT_OK) return HOPT_OK;
    if (!as_in_file ||
        !hopt_json_locate(&err.line, &err.column, spec->text, strlen(spec->text), "sampler", true))
        err.line = err.column = 0;
    hopt_errors_add(errors, &err);
    return status;
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
    free(text);
    if (status == HOPT_OK) status = check_sampler(*spec, !sets || !sets->count, &errors);
    if (status == HOPT_OK) return HOPT_EXIT_OK;
    hopt_study_spec_free(*spec);
    *spec = NULL;
    return hopt_program_fail_file(program, path, &errors);
}
