/* Every refusal of a space, with its label, its place and what to do. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "support.h"

typedef struct refusal {
    const char *value; /**< of the member "a" of the space */
    const char *expected;
} refusal;

static const refusal table[] = {
    {"{`_type`:`uniform`,`_value`:[1,0]}",
     "1:34: `a`: uniform bounds are swapped, got 1 .. 0: give [low, high]\n"},
    {"{`_type`:`uniform`,`_value`:[2,2]}",
     "1:34: `a`: uniform bounds are equal, got 2 .. 2: give low < high, or the constant 2\n"},
    {"{`_type`:`uniform`,`_value`:[0,NaN]}",
     "1:37: `a`: _value of uniform holds NaN: give finite numbers, [low, high]\n"},
    {"{`_type`:`uniform`,`_value`:[-Infinity,0]}",
     "1:35: `a`: _value of uniform holds -Infinity: give finite numbers, [low, high]\n"},
    {"{`_type`:`uniform`,`_value`:[-1e308,1e308]}",
     "1:34: `a`: uniform bounds -1e308 .. 1e308 are too far apart: their distance is no double\n"},
    {"{`_type`:`uniform`,`_value`:[0]}",
     "1:34: `a`: _value of uniform has 1 elements: give [low, high]\n"},
    {"{`_type`:`uniform`,`_value`:[0,1,2]}",
     "1:34: `a`: _value of uniform has 3 elements: give [low, high]\n"},
    {"{`_type`:`uniform`,`_value`:7}",
     "1:34: `a`: _value of uniform has no list: give [low, high]\n"},
    {"{`_type`:`uniform`,`_value`:[0,`1`]}",
     "1:37: `a`: _value of uniform holds \"1\": give numbers, [low, high]\n"},
    {"{`_type`:`uniform`,`_value`:[0,true]}",
     "1:37: `a`: _value of uniform holds true: give numbers, [low, high]\n"},
    {"{`_type`:`loguniform`,`_value`:[0,1]}",
     "1:37: `a`: loguniform bounds must be above 0, got 0 .. 1: give the real bounds, e.g. "
     "[0.001, 1000]\n"},
    {"{`_type`:`qloguniform`,`_value`:[-6.9,1,1]}",
     "1:38: `a`: qloguniform bounds must be above 0, got -6.9 .. 1: give the real bounds, e.g. "
     "[0.001, 1000]\n"},
    {"{`_type`:`loguniform`,`_value`:[2,1]}",
     "1:37: `a`: loguniform bounds are swapped, got 2 .. 1: give [low, high]\n"},
    {"{`_type`:`quniform`,`_value`:[0,1]}",
     "1:35: `a`: _value of quniform has 2 elements: give [low, high, q]\n"},
    {"{`_type`:`quniform`,`_value`:[0,1,0]}",
     "1:40: `a`: q must be above 0, got 0: give the step of the grid, e.g. 1\n"},
    {"{`_type`:`quniform`,`_value`:[0,1,-0.5]}",
     "1:40: `a`: q must be above 0, got -0.5: give the step of the grid, e.g. 1\n"},
    {"{`_type`:`qnormal`,`_value`:[0,1,0]}",
     "1:39: `a`: q must be above 0, got 0: give the step of the grid, e.g. 1\n"},
    {"{`_type`:`quniform`,`_value`:[0,1,1e-17]}",
     "1:40: `a`: q is too small for these bounds, got 1e-17: give a larger one, or uniform without "
     "q\n"},
    {"{`_type`:`quniform`,`_value`:[0,1.7e308,1.1e308]}",
     "1:35: `a`: the grid leaves the range of a double: give smaller bounds\n"},
    {"{`_type`:`uniformint`,`_value`:[0.5,2]}",
     "1:37: `a`: uniformint bounds must be integers up to 2^53, got 0.5 .. 2: round them\n"},
    {"{`_type`:`uniformint`,`_value`:[3,3]}",
     "1:37: `a`: uniformint bounds are equal, got 3 .. 3: give low < high, or the constant 3\n"},
    {"{`_type`:`randint`,`_value`:[0,1.5]}",
     "1:34: `a`: randint bounds must be integers up to 2^53, got 0 .. 1.5: round them\n"},
    {"{`_type`:`randint`,`_value`:[3,3]}",
     "1:34: `a`: randint bounds are equal, got 3 .. 3: high itself is not included, so make it "
     "larger\n"},
    {"{`_type`:`randint`,`_value`:[0]}",
     "1:34: `a`: randint bounds are equal, got 0 .. 0: high itself is not included, so make it "
     "larger\n"},
    {"{`_type`:`randint`,`_value`:[5,3]}",
     "1:34: `a`: randint bounds are swapped, got 5 .. 3: give [low, high], high not included\n"},
    {"{`_type`:`randint`,`_value`:[-9007199254740992,9007199254740992]}",
     "1:34: `a`: randint bounds -9007199254740992 .. 9007199254740992 are too far apart: "
     "2^53 values at most\n"},
    {"{`_type`:`randint`,`_value`:[]}",
     "1:34: `a`: _value of randint has 0 elements: give [low, high], high not included\n"},
    {"{`_type`:`normal`,`_value`:[0,0]}",
     "1:36: `a`: sigma must be above 0, got 0: give the standard deviation, e.g. 1\n"},
    {"{`_type`:`lognormal`,`_value`:[0,-1]}",
     "1:39: `a`: sigma must be above 0, got -1: give the standard deviation, e.g. 1\n"},
    {"{`_type`:`lognormal`,`_value`:[1000,1]}",
     "1:36: `a`: lognormal with mu 1000 and sigma 1 leaves the range of a double: both are of the "
     "logarithm, e.g. [0, 1]\n"},
    {"{`_type`:`lognormal`,`_value`:[0,100]}",
     "1:36: `a`: lognormal with mu 0 and sigma 100 leaves the range of a double: both are of the "
     "logarithm, e.g. [0, 1]\n"},
    {"{`_type`:`normal`,`_value`:[0,1e308]}",
     "1:33: `a`: normal with mu 0 and sigma 1e308 leaves the range of a double: give other "
     "ones\n"},
    {"{`_type`:`qlognormal`,`_value`:[600,1,1e-300]}",
     "1:37: `a`: qlognormal with mu 600 and sigma 1 and q 1e-300 leaves the range of a double: "
     "give "
     "other ones\n"},
    {"{`_type`:`choice`,`_value`:[]}",
     "1:33: `a`: an empty choice: give at least one option, [option, ...]\n"},
    {"{`_type`:`choice`,`_value`:{}}",
     "1:33: `a`: _value of choice has no list: give [option, ...]\n"},
    {"{`_type`:`pchoice`,`_value`:[]}",
     "1:34: `a`: an empty pchoice: give at least one option, [[probability, option], ...]\n"},
    {"{`_type`:`pchoice`,`_value`:[[0.5,1],[0.4,2]]}",
     "1:34: `a`: the probabilities add up to 0.9: make them add up to 1\n"},
    {"{`_type`:`pchoice`,`_value`:[[0.5,1],[0.499998,2]]}",
     "1:34: `a`: the probabilities add up to 0.999998: make them add up to 1\n"},
    {"{`_type`:`pchoice`,`_value`:[[1,1],[0,2]]}",
     "1:41: `a`: a probability must be above 0 and at most 1, got 0: change it, or leave the "
     "option "
     "out\n"},
    {"{`_type`:`pchoice`,`_value`:[[1.5,1],[-0.5,2]]}",
     "1:35: `a`: a probability must be above 0 and at most 1, got 1.5: change it, or leave the "
     "option out\n"},
    {"{`_type`:`pchoice`,`_value`:[[NaN,1]]}",
     "1:35: `a`: a probability must be above 0 and at most 1, got NaN: change it, or leave the "
     "option out\n"},
    {"{`_type`:`pchoice`,`_value`:[0.5,0.5]}",
     "1:35: `a`: an option of pchoice is [probability, option], e.g. [0.5, \"a\"]\n"},
    {"{`_type`:`unifrom`,`_value`:[0,1]}",
     "1:15: `a`: unknown _type `unifrom`: use choice, pchoice, randint, uniformint, uniform, "
     "quniform, loguniform, qloguniform, normal, qnormal, lognormal or qlognormal\n"},
    {"{`_type`:5,`_value`:[0,1]}", "1:15: `a`: _type must be a string, e.g. \"uniform\"\n"},
    {"{`_type`:`uniform`}", "1:6: `a`: _value is missing: uniform needs [low, high]\n"},
    {"{`_value`:[0,1]}", "1:6: `a`: a parameter without _type: give one, e.g. uniform\n"},
    {"{`_label`:`a`}", "1:6: `a`: a parameter without _type: give one, e.g. uniform\n"},
    {"{`_type`:`uniform`,`_value`:[0,1],`q`:1}", "1:40: `a`: unknown key `q` in a parameter, which "
                                                 "has _type, _value and perhaps _label: remove "
                                                 "it\n"},
    {"{`_type`:`uniform`,`_value`:[0,1],`_foo`:1}",
     "1:40: `a`: unknown key `_foo` in a parameter, which has _type, _value and perhaps _label: "
     "remove it\n"},
    {"{`_foo`:1}", "1:7: `a/_foo`: unknown key: keys that begin with _ are _type, _value, _label "
                   "and, in an option "
                   "of a choice, _name\n"},
    {"{`_name`:`x`}", "1:7: `a/_name`: _name belongs into an option of a choice: remove it\n"},
    {"{`_type`:`choice`,`_value`:[{`_name`:5}]}", "1:43: `a/0/_name`: _name must be a string\n"},
    {"{`_type`:`choice`,`_value`:[{`_name`:`x.y`}]}",
     "1:43: `a`: the _name \"x.y\" holds a dot: rename it\n"},
    {"{`_type`:`choice`,`_value`:[{`_name`:``}]}",
     "1:43: `a`: the _name \"\" is empty: rename it\n"},
    {"{`_type`:`choice`,`_value`:[{`_name`:`x`},1,{`_name`:`x`,`y`:2}]}",
     "1:59: `a`: two options have the _name \"x\": rename one\n"},
    {"{`_type`:`choice`,`_value`:[[{`_name`:`x`}]]}",
     "1:36: `a/0/0/_name`: _name belongs into an option of a choice: remove it\n"},
    {"{`_type`:`pchoice`,`_value`:[[1,{`_name`:5}]]}",
     "1:47: `a/0/_name`: _name must be a string\n"},
    {"5", "1:1: the space: it has no parameter: give at least one, e.g. {\"x\": {\"_type\": "
          "\"uniform\", \"_value\": [0, 1]}}\n"},
};

Test(space_errors, each_with_its_label_and_place) {
    for (size_t i = 0; i < HOPT_COUNT(table); i++) {
        char *text = hopt_format("{`a`:%s}", table[i].value);
        char *errors = support_errors(text);
        cr_assert_str_eq(errors, table[i].expected);
        free(errors);
        free(text);
    }
}

Test(space_errors, what_is_no_space) {
    static const refusal whole[] = {
        {"5", "1:1: the space: it must be an object of parameters\n"},
        {"`x`", "1:1: the space: it must be an object of parameters\n"},
        {"{}", "1:1: the space: it has no parameter: give at least one, e.g. {\"x\": {\"_type\": "
               "\"uniform\", \"_value\": [0, 1]}}\n"},
        {"[]", "1:1: the space: it has no parameter: give at least one, e.g. {\"x\": {\"_type\": "
               "\"uniform\", \"_value\": [0, 1]}}\n"},
    };
    for (size_t i = 0; i < HOPT_COUNT(whole); i++) {
        char *errors = support_errors(whole[i].value);
        cr_assert_str_eq(errors, whole[i].expected);
        free(errors);
    }
}

Test(space_errors, independent_ones_come_together) {
    char *errors =
        support_errors("{ // a comment\n `a`: {`_type`: `uniform`, `_value`: [1, 0]},\n"
                       " `m`: {`_type`: `choice`, `_value`: [\n"
                       "   {`_name`: `svm`, `C`: {`_type`: `loguniform`, `_value`: [0, 1]}},\n"
                       "   {`_name`: `svm`}\n ]},\n `b.c`: {`_type`: `normal`, `_value`: [0, 0]}}");
    cr_assert_str_eq(
        errors, "2:38: `a`: uniform bounds are swapped, got 1 .. 0: give [low, high]\n"
                "4:60: `m/svm/C`: loguniform bounds must be above 0, got 0 .. 1: give the real "
                "bounds, e.g. "
                "[0.001, 1000]\n"
                "5:14: `m`: two options have the _name \"svm\": rename one\n"
                "7:2: `b.c`: the label holds a dot: rename the key, or give a _label\n"
                "7:43: `b.c`: sigma must be above 0, got 0: give the standard deviation, e.g. 1\n");
    free(errors);
}

Test(space_errors, ten_are_kept_and_all_counted) {
    hopt_buf text = HOPT_BUF_INIT;
    for (int i = 0; i < 25; i++)
        hopt_buf_print(&text, "%s\"p%d\":{\"_type\":\"uniform\",\"_value\":[1,1]}", i ? ",\n" : "{",
                       i);
    hopt_buf_char(&text, '}');
    char *errors = support_errors(text.data);
    cr_assert(strstr(errors, "10:34: `p9`"), "%s", errors);
    cr_assert_null(strstr(errors, "p10"));
    cr_assert(strstr(errors, "25 in all"));
    free(errors);
    hopt_buf_clear(&text);
}

Test(space_errors, without_a_text_there_is_no_place) {
    json_t *json = support_json("{`a`:{`_type`:`uniform`,`_value`:[1,1]}}");
    hopt_space *space;
    hopt_errors errors = {0};
    cr_assert_eq(hopt_space_parse(&space, json, NULL, 0, "", &errors), HOPT_EINVAL);
    cr_assert(errors.count == 1 && errors.list[0].line == 0 && errors.list[0].column == 0);
    json_decref(json);
}

Test(space_errors, places_count_from_the_whole_text) {
    const char *text =
        "{\"name\":\"x\",\n\"space\":{\"a\":{\"_type\":\"uniform\",\"_value\":[1,1]}}}";
    json_t *json = json_loads(text, 0, NULL);
    hopt_space *space;
    hopt_errors errors = {0};
    cr_assert_eq(hopt_space_parse(&space, json_object_get(json, "space"), text, strlen(text),
                                  "space", &errors),
                 HOPT_EINVAL);
    cr_assert(errors.list[0].line == 2 && errors.list[0].column == 42, "%d:%d", errors.list[0].line,
              errors.list[0].column);
    json_decref(json);
}
