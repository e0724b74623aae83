#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "common/json/json.h"

Test(json_value, doubles) {
    json_t *json =
        json_pack("[i, f, s, s, s, s, b]", 7, 0.5, "NaN", "Infinity", "-Infinity", "7", 1);
    double value;
    cr_assert(hopt_json_double(&value, json_array_get(json, 0)) && value == 7);
    cr_assert(hopt_json_double(&value, json_array_get(json, 1)) && value == 0.5);
    cr_assert(hopt_json_double(&value, json_array_get(json, 2)) && isnan(value));
    cr_assert(hopt_json_double(&value, json_array_get(json, 3)) && value == INFINITY);
    cr_assert(hopt_json_double(&value, json_array_get(json, 4)) && value == -INFINITY);
    cr_assert_not(hopt_json_double(&value, json_array_get(json, 5)));
    cr_assert_not(hopt_json_double(&value, json_array_get(json, 6)));
    cr_assert_not(hopt_json_double(&value, NULL));
    json_decref(json);
}

Test(json_value, members) {
    json_t *json =
        json_pack("{s:i, s:f, s:f, s:f, s:s}", "i", 7, "w", 8.0, "r", 8.5, "big", 1e300, "s", "x");
    cr_assert_eq(hopt_json_integer_of(json, "i", -1), 7);
    cr_assert_eq(hopt_json_integer_of(json, "w", -1), 8);
    cr_assert_eq(hopt_json_integer_of(json, "r", -1), -1);
    cr_assert_eq(hopt_json_integer_of(json, "big", -1), -1);
    cr_assert_eq(hopt_json_integer_of(json, "s", -1), -1);
    cr_assert_eq(hopt_json_integer_of(json, "none", -1), -1);
    cr_assert_eq(hopt_json_integer_of(NULL, "i", -1), -1);
    cr_assert_eq(hopt_json_number_of(json, "r", 0), 8.5);
    cr_assert_eq(hopt_json_number_of(json, "none", 2), 2);
    cr_assert_str_eq(hopt_json_string_of(json, "s"), "x");
    cr_assert_null(hopt_json_string_of(json, "i"));
    cr_assert_null(hopt_json_string_of(NULL, "s"));
    json_decref(json);
}
