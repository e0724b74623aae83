/* A study's text (and, after a byte 0xFE, one --set text) through the parser. A good study's text
 * reads back as the same space, also with the sampler's name put in, and its commands can be
 * filled.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/trial/study.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill_arguments(const hopt_study_spec *spec) {
    size_t width = (size_t)hopt_space_size(spec->space);
    for (int i = 0; i < spec->n_points; i++) {
        for (char **argument = spec->objective.argv; argument && *argument; argument++) {
            hopt_buf out = HOPT_BUF_INIT;
            if (spec->objective.kind == HOPT_OBJECTIVE_COMMAND)
                hopt_objective_argument(spec, spec->points + (size_t)i * width, *argument, &out);
            hopt_buf_clear(&out);
        }
    }
}

/* The text as it would be stored. */
static void check_named(const hopt_study_spec *spec) {
    hopt_study_spec *named;
    hopt_errors errors = {0};
    char *text = hopt_study_spec_text_naming(spec, "auto");
    HOPT_ASSERT(hopt_study_spec_parse_stored(&named, text, spec->name, &errors) == HOPT_OK);
    HOPT_ASSERT(named->has_sampler && strcmp(named->sampler, spec->sampler) == 0);
    HOPT_ASSERT(json_equal(named->sampler_options, spec->sampler_options));
    HOPT_ASSERT(named->has_seed == spec->has_seed && named->seed == spec->seed);
    HOPT_ASSERT(hopt_study_spec_compatible(spec, named, NULL) == HOPT_OK);
    HOPT_ASSERT(named->n_points == spec->n_points);
    HOPT_ASSERT(named->stop.max_trials == spec->stop.max_trials);
    hopt_study_spec_free(named);
    free(text);
}

static void check_good(const hopt_study_spec *spec) {
    hopt_study_spec *again;
    hopt_errors errors = {0};
    HOPT_ASSERT(hopt_study_name_valid(spec->name));
    HOPT_ASSERT(hopt_study_spec_parse(&again, spec->text, strlen(spec->text), spec->name, NULL, 0,
                                      &errors) == HOPT_OK);
    char *canonical = hopt_space_canonical(spec->space);
    char *canonical_again = hopt_space_canonical(again->space);
    HOPT_ASSERT(strcmp(canonical, canonical_again) == 0);
    HOPT_ASSERT(hopt_study_spec_compatible(spec, again, NULL) == HOPT_OK);
    HOPT_ASSERT(hopt_study_objective_equal(&spec->objective, &again->objective));
    HOPT_ASSERT(spec->n_points == again->n_points);
    HOPT_ASSERT(spec->stop.max_trials == again->stop.max_trials);
    free(canonical);
    free(canonical_again);
    fill_arguments(spec);
    check_named(spec);
    hopt_study_spec_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *mark = size ? memchr(data, 0xFE, size) : NULL;
    size_t length = mark ? (size_t)(mark - data) : size;
    char *text = hopt_strndup((const char *)data, length);
    char *set = mark ? hopt_strndup((const char *)mark + 1, size - length - 1) : NULL;
    const char *sets[] = {set};
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    hopt_status status =
        hopt_study_spec_parse(&spec, text, length, NULL, sets, set ? 1 : 0, &errors);
    HOPT_ASSERT((status == HOPT_OK) == (spec != NULL));
    HOPT_ASSERT((status == HOPT_OK) == (errors.total == 0));
    for (size_t i = 0; i < errors.count; i++)
        HOPT_ASSERT(errors.list[i].message[0]);
    if (spec) check_good(spec);
    hopt_study_spec_free(spec);
    free(text);
    free(set);
    return 0;
}
