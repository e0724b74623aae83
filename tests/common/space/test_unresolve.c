/* From a resolved form back to a point, and what is said when it is none. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "support.h"

static const char *const example =
    "{`model`:{`_type`:`choice`,`_value`:["
    "{`_name`:`svm`,`kind`:7,`C`:{`_type`:`loguniform`,`_value`:[0.001,1000]}},"
    "{`_name`:`forest`,`trees`:{`_type`:`quniform`,`_value`:[10,300,10]}},{`_name`:`none`}]},"
    "`fixed`:{`a`:1},`scale`:{`_type`:`choice`,`_value`:[true,1,1.0,`svm`,[1,2]]}}";

static void read_as(const hopt_space *space, const char *text, const double *expected) {
    json_t *json = support_json(text);
    double point[8];
    hopt_error err;
    cr_assert_eq(hopt_space_unresolve(space, point, json, NULL, 0, "", &err), HOPT_OK, "%s: %s",
                 text, err.message);
    for (int i = 0; i < hopt_space_size(space); i++)
        cr_assert(point[i] == expected[i] || (isnan(point[i]) && isnan(expected[i])), "%s: %d: %g",
                  text, i, point[i]);
    json_decref(json);
}

static void refuse(const hopt_space *space, const char *given, int line, int column,
                   const char *message) {
    char *text = support_text(given);
    json_t *json = support_json(given);
    double point[8];
    hopt_error err;
    cr_assert_eq(hopt_space_unresolve(space, point, json, text, strlen(text), "", &err),
                 HOPT_EINVAL, "%s", text);
    cr_assert_str_eq(err.message, message);
    cr_assert(err.line == line && err.column == column, "%s: %d:%d", text, err.line, err.column);
    json_decref(json);
    free(text);
}

Test(space_unresolve, reads) {
    hopt_space *space = support_space(example);
    read_as(space, "{`model`:{`_name`:`svm`,`kind`:7,`C`:1},`fixed`:{`a`:1},`scale`:true}",
            (double[]){0, 1, NAN, 0});
    /* Constants may be absent, order is free, 1 is 1.0 for a constant. */
    read_as(space, "{`scale`:1.0,`model`:{`trees`:20.0,`_name`:`forest`}}",
            (double[]){1, NAN, 20, 2});
    read_as(space, "{`scale`:1,`model`:{`_name`:`none`},`fixed`:{`a`:1.0}}",
            (double[]){2, NAN, NAN, 1});
    read_as(space, "{`scale`:[1.0,2],`model`:{`_name`:`none`}}", (double[]){2, NAN, NAN, 4});
    read_as(space, "{`scale`:`svm`,`model`:{`_name`:`none`}}", (double[]){2, NAN, NAN, 3});
    hopt_space_free(space);
}

Test(space_unresolve, refuses) {
    hopt_space *space = support_space(example);
    refuse(space, "{`model`:{`_name`:`svn`,`C`:1},`scale`:true}", 1, 19,
           "`model`: svn is none of its options: svm, forest, none");
    refuse(space, "{`model`:`svm`,`scale`:true}", 1, 10,
           "`model`: \"svm\" is none of its options: svm, forest, none");
    refuse(space, "{`model`:{`_name`:`none`},\n`scale`:2}", 2, 9,
           "`scale`: 2 is none of its options: true, 1, 1.0, svm, 4");
    refuse(space, "{`model`:{`_name`:`svm`},`scale`:true}", 1, 10,
           "`model/svm/C` is missing: every active parameter needs a value");
    refuse(space, "{`model`:{`_name`:`none`}}", 1, 1,
           "`scale` is missing: every active parameter needs a value");
    refuse(space, "{`scale`:true}", 1, 1,
           "`model` is missing: every active parameter needs a value");
    refuse(space, "{`model`:{`_name`:`svm`,`C`:1,`trees`:50},`scale`:true}", 1, 31,
           "`model`: `trees` is inactive, it belongs to another option: remove it");
    refuse(space, "{`model`:{`_name`:`none`,`trees`:50},`scale`:true}", 1, 26,
           "`model`: `trees` is inactive, it belongs to another option: remove it");
    refuse(space, "{`model`:{`_name`:`none`},`scale`:true,`extra`:1}", 1, 40,
           "unknown key `extra`, the space has none here: remove it");
    refuse(space, "{`model`:{`_name`:`svm`,`C`:1001},`scale`:true}", 1, 29,
           "`model/svm/C`: 1001 is outside of its values: give one of loguniform 0.001 .. 1000");
    refuse(space, "{`model`:{`_name`:`forest`,`trees`:15},`scale`:true}", 1, 36,
           "`model/forest/trees`: 15 is outside of its values: give one of quniform 10 .. 300 step "
           "10");
    refuse(space, "{`model`:{`_name`:`svm`,`C`:`1`},`scale`:true}", 1, 29,
           "`model/svm/C` must be a number, got \"1\": give one of loguniform 0.001 .. 1000");
    refuse(space, "{`model`:{`_name`:`svm`,`C`:NaN},`scale`:true}", 1, 29,
           "`model/svm/C` must be a number, got \"NaN\": give one of loguniform 0.001 .. 1000");
    refuse(space, "{`model`:{`_name`:`svm`,`kind`:8,`C`:1},`scale`:true}", 1, 32,
           "8 given where the space has the constant 7: leave it out");
    refuse(space, "{`model`:{`_name`:`none`},`fixed`:{`b`:1},`scale`:true}", 1, 36,
           "unknown key `b`, the space has none here: remove it");
    refuse(space, "[1]", 1, 1, "an object is expected here, as in the space");
    hopt_space_free(space);
}

Test(space_unresolve, options_without_names_are_found_by_what_fits) {
    hopt_space *space =
        support_space("{`c`:{`_type`:`choice`,`_value`:[{`_type`:`uniform`,`_value`:[0,1]},"
                      "{`t`:`a`,`x`:{`_type`:`uniform`,`_value`:[0,1]}},"
                      "{`t`:`b`,`x`:{`_type`:`uniform`,`_value`:[0,1]}},[{`_type`:`randint`,`_"
                      "value`:[3]},5],0.5]}}");
    read_as(space, "{`c`:0.25}", (double[]){0, 0.25, NAN, NAN, NAN});
    read_as(space, "{`c`:0.5}", (double[]){4, NAN, NAN, NAN, NAN});
    read_as(space, "{`c`:{`t`:`b`,`x`:1}}", (double[]){2, NAN, NAN, 1, NAN});
    read_as(space, "{`c`:[2,5]}", (double[]){3, NAN, NAN, NAN, 2});
    refuse(space, "{`c`:{`x`:1}}", 1, 6, "`c`: {\"x\":1} is none of its options: 0, 1, 2, 3, 0.5");
    hopt_space_free(space);
}

Test(space_unresolve, a_single_candidate_tells_what_is_wrong_with_it) {
    hopt_space *space = support_space("{`c`:{`_type`:`choice`,`_value`:[null,"
                                      "{`x`:{`_type`:`uniform`,`_value`:[0,1]}}]}}");
    read_as(space, "{`c`:null}", (double[]){0, NAN});
    refuse(space, "{`c`:{`x`:3}}", 1, 11,
           "`c/1/x`: 3 is outside of its values: give one of uniform 0 .. 1");
    refuse(space, "{`c`:{}}", 1, 6, "`c/1/x` is missing: every active parameter needs a value");
    hopt_space_free(space);
}

Test(space_unresolve, shared_values_must_agree) {
    hopt_space *space = support_space("{`a`:{`_label`:`s`,`_type`:`uniform`,`_value`:[0,1]},"
                                      "`b`:{`_label`:`s`,`_type`:`uniform`,`_value`:[0,1]}}");
    read_as(space, "{`a`:0.5,`b`:0.5}", (double[]){0.5});
    refuse(space, "{`a`:0.5,`b`:0.25}", 1, 14,
           "`s` has two different values: it is one shared parameter, give one value");
    hopt_space_free(space);
}

Test(space_unresolve, values_come_to_the_grid) {
    hopt_space *space = support_space("{`a`:{`_type`:`quniform`,`_value`:[0,1,0.1]}}");
    read_as(space, "{`a`:0.3}", (double[]){3 * 0.1});
    read_as(space, "{`a`:-0.0}", (double[]){0});
    hopt_space_free(space);
}

Test(space_unresolve, places_count_from_the_whole_text) {
    hopt_space *space = support_space("{`a`:{`_type`:`uniform`,`_value`:[0,1]}}");
    const char *text = "{\"points\":[{\"a\":1},\n{\"a\":2}]}";
    json_t *json = json_loads(text, 0, NULL);
    double point;
    hopt_error err;
    cr_assert_eq(hopt_space_unresolve(space, &point,
                                      json_array_get(json_object_get(json, "points"), 1), text,
                                      strlen(text), "points/1", &err),
                 HOPT_EINVAL);
    cr_assert(err.line == 2 && err.column == 6, "%d:%d", err.line, err.column);
    json_decref(json);
    hopt_space_free(space);
}
