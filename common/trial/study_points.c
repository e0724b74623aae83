/* "points": what is evaluated first, in resolved form. */
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/study_internal.h"

static void parse_point(hopt_study_parser *parser, const json_t *points, size_t i) {
    hopt_study_spec *spec = parser->spec;
    hopt_buf path = HOPT_BUF_INIT;
    hopt_buf_text(&path, "points");
    hopt_json_path_index(&path, i);
    const char *at = hopt_buf_string(&path);
    /* What --set changed has no sure position in the file. */
    const hopt_study_set *set = hopt_study__set_below(parser, at);
    hopt_error err = {0};
    double *point = spec->points + i * (size_t)hopt_space_size(spec->space);
    if (hopt_space_unresolve(spec->space, point, json_array_get(points, i),
                             set ? NULL : parser->text, set ? 0 : parser->length, at,
                             &err) != HOPT_OK) {
        hopt_error_prefix(&err, "point %zu", i);
        if (set) hopt_error_prefix(&err, "--set %.100s", set->text);
        hopt_errors_add(parser->errors, &err);
    }
    hopt_buf_clear(&path);
}

void hopt_study__points(hopt_study_parser *parser) {
    const json_t *points = json_object_get(parser->root, "points");
    if (!points) return;
    if (!json_is_array(points)) {
        hopt_study__error(parser, "points", false,
                          "`points` must be a list of resolved points, not %s",
                          hopt_study__kind(points));
        return;
    }
    size_t count = json_array_size(points), size = (size_t)hopt_space_size(parser->spec->space);
    if (count > HOPT_TRIALS_MAX || count * size > HOPT_STUDY_VALUES_MAX) {
        hopt_study__error(parser, "points", false, "`points`: %zu are too many for %zu parameters",
                          count, size);
        return;
    }
    parser->spec->points = hopt_zalloc(count * size + 1, sizeof(double));
    parser->spec->n_points = (int)count;
    for (size_t i = 0; i < count && hopt_study__has_room(parser); i++)
        parse_point(parser, points, i);
}
