#include "common/sampler/explain.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"

/** Points of a continuous label's grid, and the most levels that are shown one by one. */
enum { POINTS = 101 };

json_t *hopt_explain_step(const char *step, const char *why) {
    return json_pack("{s:s, s:s}", "step", step, "why", why);
}

hopt_explain_grid hopt_explain_grid_new(const hopt_cube_dim *dim) {
    hopt_explain_grid grid = {.count = POINTS};
    if (dim->scale == HOPT_CUBE_OPTION)
        grid.count = dim->options;
    else if (dim->levels > 0 && dim->levels < POINTS)
        grid.count = (int)dim->levels;
    grid.value = hopt_zalloc((size_t)grid.count, sizeof(double));
    grid.u = hopt_zalloc((size_t)grid.count, sizeof(double));
    for (int i = 0; i < grid.count; i++) {
        grid.u[i] = dim->scale == HOPT_CUBE_OPTION
                        ? i
                        : hopt_cube_snap(dim, (i + 0.5) / (double)grid.count);
        grid.value[i] = hopt_cube_decode(dim, grid.u[i]);
    }
    return grid;
}

void hopt_explain_grid_free(hopt_explain_grid *grid) {
    free(grid->value);
    free(grid->u);
    *grid = (hopt_explain_grid){0};
}

json_t *hopt_explain_number(double number) {
    return isfinite(number) ? json_real(number) : json_null();
}

json_t *hopt_explain_numbers(const double *numbers, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, hopt_explain_number(numbers[i]));
    return list;
}

json_t *hopt_explain_label(const hopt_space *space, int param, const hopt_explain_grid *grid,
                           double value, double log_ratio, json_t *below, json_t *above) {
    const hopt_dist *dist = &hopt_space_param(space, param)->dist;
    json_t *said = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o}", "type", hopt_dist_name(dist->kind), "value",
        hopt_explain_number(value), "log_ratio", hopt_explain_number(log_ratio), "grid",
        hopt_explain_numbers(grid->value, (size_t)grid->count), "below", below, "above", above);
    if (dist->options == 0) return said;
    json_t *names = json_array();
    for (int i = 0; i < dist->options; i++) {
        hopt_buf name = HOPT_BUF_INIT;
        hopt_space_option_text(space, param, i, &name);
        json_array_append_new(names, json_string(hopt_buf_string(&name)));
        hopt_buf_clear(&name);
    }
    json_object_set_new(said, "options", names);
    return said;
}

void hopt_explain_trial(json_t *list, int64_t num, double loss) {
    json_array_append_new(
        list, json_pack("{s:I, s:o}", "num", (json_int_t)num, "loss", hopt_explain_number(loss)));
}
