/* Points: activity, checks, the resolved form, hyperopt's form, texts of values. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const char *const example =
    "{`model`:{`_type`:`choice`,`_value`:["
    "{`_name`:`svm`,`C`:{`_type`:`loguniform`,`_value`:[0.001,1000]},"
    "`kernel`:{`_type`:`choice`,`_value`:[{`_name`:`rbf`,`gamma`:{`_type`:`uniform`,`_value`:[0,1]}"
    "},"
    "`linear`]}},"
    "{`_name`:`forest`,`trees`:{`_type`:`quniform`,`_value`:[10,300,10]},"
    "`depth`:{`_type`:`randint`,`_value`:[1,9]}}]},"
    "`fixed`:[1,{`a`:2.5}],`scale`:{`_type`:`choice`,`_value`:[true,null,`x`,[1,2]]}}";
/* 0 model, 1 C, 2 kernel, 3 gamma, 4 trees, 5 depth, 6 scale */

Test(space_points, activity) {
    hopt_space *space = support_space(example);
    double point[] = {0, 1, 0, 0.5, 100, 3, 0};
    static const bool active[][7] = {
        {1, 1, 1, 1, 0, 0, 1}, {1, 1, 1, 0, 0, 0, 1}, {1, 0, 0, 0, 1, 1, 1}};
    for (int row = 0; row < 3; row++) {
        if (row == 1) point[2] = 1;
        if (row == 2) point[0] = 1;
        point[2] = row == 0 ? 0 : row == 1 ? 1 : 0; /* a stale kernel must not wake gamma */
        double masked[7];
        hopt_space_mask(space, masked, point);
        for (int i = 0; i < 7; i++) {
            cr_assert_eq(hopt_space_active(space, point, i), active[row][i], "%d %d", row, i);
            cr_assert_eq(!isnan(masked[i]), active[row][i]);
        }
        cr_assert_eq(hopt_space_check_point(space, masked, NULL), HOPT_OK);
    }
    hopt_space_free(space);
}

Test(space_points, checks) {
    hopt_space *space = support_space(example);
    hopt_error err;
    double good[] = {0, 1, 1, NAN, NAN, NAN, 0};
    cr_assert_eq(hopt_space_check_point(space, good, &err), HOPT_OK);
    double missing[] = {0, NAN, 1, NAN, NAN, NAN, 0};
    cr_assert_eq(hopt_space_check_point(space, missing, &err), HOPT_EINVAL);
    cr_assert_str_eq(err.message, "`model/svm/C` is missing: every active parameter needs a value");
    double inactive[] = {0, 1, 1, NAN, 50, NAN, 0};
    cr_assert_eq(hopt_space_check_point(space, inactive, &err), HOPT_EINVAL);
    cr_assert_str_eq(err.message,
                     "`model/forest/trees` has a value, but is inactive: leave it out");
    double outside[] = {1, NAN, NAN, NAN, 55, 2, 0};
    cr_assert_eq(hopt_space_check_point(space, outside, &err), HOPT_EINVAL);
    cr_assert_str_eq(err.message, "`model/forest/trees`: 55 is outside of its values: give one of "
                                  "quniform 10 .. 300 step 10");
    double option[] = {2, NAN, NAN, NAN, NAN, NAN, 0};
    cr_assert_eq(hopt_space_check_point(space, option, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "`model`: 2 is outside"));
    hopt_space_free(space);
}

Test(space_points, resolved_form) {
    hopt_space *space = support_space(example);
    double svm[] = {0, 1, 0, 0.25, NAN, NAN, 3}, forest[] = {1, NAN, NAN, NAN, 120, 8, 1};
    support_expect(hopt_space_resolve(space, svm),
                   "{`model`:{`_name`:`svm`,`C`:1.0,`kernel`:{`_name`:`rbf`,`gamma`:0.25}},"
                   "`fixed`:[1,{`a`:2.5}],`scale`:[1,2]}");
    support_expect(hopt_space_resolve(space, forest),
                   "{`model`:{`_name`:`forest`,`trees`:120,`depth`:8},"
                   "`fixed`:[1,{`a`:2.5}],`scale`:null}");
    /* What comes out is the caller's: changing it changes no other. */
    json_t *first = hopt_space_resolve(space, svm);
    json_array_clear(json_object_get(first, "fixed"));
    json_array_clear(json_object_get(first, "scale"));
    json_decref(first);
    support_expect(hopt_space_resolve(space, forest),
                   "{`model`:{`_name`:`forest`,`trees`:120,`depth`:8},"
                   "`fixed`:[1,{`a`:2.5}],`scale`:null}");
    hopt_space_free(space);
}

Test(space_points, integers_and_reals) {
    hopt_space *space = support_space("{`i`:{`_type`:`uniformint`,`_value`:[-3,3]},"
                                      "`q`:{`_type`:`quniform`,`_value`:[-1,1,0.5]},"
                                      "`w`:{`_type`:`qnormal`,`_value`:[0,9,3]},"
                                      "`l`:{`_type`:`qlognormal`,`_value`:[0,1,2]},"
                                      "`h`:{`_type`:`qnormal`,`_value`:[1e300,1,1]},"
                                      "`u`:{`_type`:`uniform`,`_value`:[-1,1]}}");
    double point[] = {-0.0, -0.0, -6, -0.0, 1e300, -0.0};
    support_expect(hopt_space_resolve(space, point),
                   "{`i`:0,`q`:0.0,`w`:-6,`l`:0,`h`:1e300,`u`:0.0}");
    hopt_space_free(space);
}

Test(space_points, hyperopts_form) {
    hopt_space *space = support_space(example);
    double svm[] = {0, 1, 1, NAN, NAN, NAN, 3}, forest[] = {1, NAN, NAN, NAN, 120, 8, 1}, back[7];
    hopt_error err;
    json_t *vals = hopt_space_vals(space, svm);
    cr_assert_eq(hopt_space_from_vals(space, back, vals, &err), HOPT_OK);
    cr_assert(back[0] == 0 && back[1] == 1 && isnan(back[3]) && back[6] == 3);
    support_expect(vals, "{`model`:[0],`model/svm/C`:[1.0],`model/svm/kernel`:[1],"
                         "`model/svm/kernel/rbf/gamma`:[],`model/forest/trees`:[],"
                         "`model/forest/depth`:[],`scale`:[3]}");
    support_expect(hopt_space_vals(space, forest),
                   "{`model`:[1],`model/svm/C`:[],`model/svm/kernel`:[],"
                   "`model/svm/kernel/rbf/gamma`:[],`model/forest/trees`:[120.0],"
                   "`model/forest/depth`:[8],`scale`:[1]}");
    hopt_space_free(space);
}

static void refuse_vals(const hopt_space *space, const char *text, const char *says) {
    double point[7];
    hopt_error err;
    json_t *vals = support_json(text);
    cr_assert_eq(hopt_space_from_vals(space, point, vals, &err), HOPT_EINVAL, "%s", text);
    cr_assert(strstr(err.message, says), "%s: %s", text, err.message);
    json_decref(vals);
}

Test(space_points, vals_are_checked) {
    hopt_space *space = support_space(example);
    double point[7];
    json_t *vals = support_json(
        "{`model`:[1.0],`model/forest/trees`:[20],`model/forest/depth`:[3],`scale`:[0]}");
    cr_assert_eq(hopt_space_from_vals(space, point, vals, NULL), HOPT_OK);
    cr_assert(point[0] == 1 && isnan(point[1]) && point[4] == 20);
    json_decref(vals);
    refuse_vals(space, "[]", "vals must be an object");
    refuse_vals(space, "{`modl`:[0]}", "`modl` is no label of the space");
    refuse_vals(space, "{`model`:[0,1]}", "`model`: give [] or [value]");
    refuse_vals(space, "{`model`:1}", "`model`: give [] or [value]");
    refuse_vals(space, "{`model`:[`svm`]}", "`model`: its value must be a number");
    refuse_vals(space, "{`model`:[NaN]}", "`model`: its value must be a number");
    refuse_vals(space, "{}", "`model` is missing");
    refuse_vals(space, "{`model`:[0.5]}", "`model`: 0.5 is outside");
    refuse_vals(space, "{`model`:[1],`model/svm/C`:[1]}",
                "`model/svm/C` has a value, but is inactive");
    hopt_space_free(space);
}

static void text_of(const hopt_space *space, const double *point, const char *label,
                    const char *expected) {
    hopt_buf out = HOPT_BUF_INIT;
    char *want = support_text(expected);
    hopt_space_value_text(space, point, hopt_space_find(space, label), &out);
    cr_assert_str_eq(hopt_buf_string(&out), want);
    free(want);
    hopt_buf_clear(&out);
}

Test(space_points, values_as_text) {
    hopt_space *space = support_space(example);
    double point[] = {0, 3, 0, 0.5, NAN, NAN, 0};
    text_of(space, point, "model", "svm");
    text_of(space, point, "model/svm/C", "3");
    text_of(space, point, "model/svm/kernel", "rbf");
    text_of(space, point, "model/svm/kernel/rbf/gamma", "0.5");
    text_of(space, point, "model/forest/trees", "");
    text_of(space, point, "scale", "true");
    static const char *const scale[] = {"true", "null", "x", "[1,2]"};
    for (int i = 0; i < 4; i++) {
        point[6] = i;
        text_of(space, point, "scale", scale[i]);
    }
    point[2] = 1;
    text_of(space, point, "model/svm/kernel", "linear");
    hopt_space_free(space);
    space = support_space("{`c`:{`_type`:`choice`,`_value`:[{`x`:{`_type`:`randint`,`_value`:[5]}},"
                          "{`_type`:`uniform`,`_value`:[0,1]}]}}");
    double first[] = {0, 4, NAN}, second[] = {1, NAN, 1};
    text_of(space, first, "c", "{`x`:4}");
    text_of(space, second, "c", "1");
    hopt_buf out = HOPT_BUF_INIT;
    hopt_space_option_text(space, 0, 1, &out);
    cr_assert_str_eq(out.data, "1");
    hopt_buf_clear(&out);
    hopt_space_free(space);
}

Test(space_points, the_smallest_spaces) {
    hopt_space *space = support_space("{`c`:{`_type`:`choice`,`_value`:[`only`]},"
                                      "`r`:{`_type`:`randint`,`_value`:[4,5]},"
                                      "`p`:{`_type`:`pchoice`,`_value`:[[1,null]]},"
                                      "`u`:{`_type`:`uniform`,`_value`:[1,1.0000000000000002]},"
                                      "`l`:{`_type`:`loguniform`,`_value`:[1,1.0000000000000002]},"
                                      "`q`:{`_type`:`quniform`,`_value`:[0.1,0.4,1]}}");
    support_rng rng = {.seed = 5};
    double point[6], back[6];
    hopt_error err;
    for (int i = 0; i < 50; i++) {
        support_draw(space, &rng, point);
        cr_assert_eq(hopt_space_check_point(space, point, &err), HOPT_OK, "%s", err.message);
        cr_assert(point[0] == 0 && point[1] == 4 && point[2] == 0 && point[5] == 0);
        json_t *resolved = hopt_space_resolve(space, point);
        cr_assert_eq(hopt_space_unresolve(space, back, resolved, NULL, 0, "", &err), HOPT_OK);
        cr_assert(back[3] == point[3] && back[4] == point[4]);
        json_decref(resolved);
    }
    hopt_space_free(space);
}
