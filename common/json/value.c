/* Reading members and numbers of a parsed text. */
#include <math.h>
#include <string.h>

#include "common/json/json.h"

bool hopt_json_double(double *out, const json_t *value) {
    *out = 0;
    if (json_is_number(value)) {
        *out = json_number_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    if (!text) return false;
    if (!strcmp(text, "NaN"))
        *out = NAN;
    else if (!strcmp(text, "Infinity"))
        *out = INFINITY;
    else if (!strcmp(text, "-Infinity"))
        *out = -INFINITY;
    else
        return false;
    return true;
}

const char *hopt_json_string_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

long long hopt_json_integer_of(const json_t *object, const char *key, long long otherwise) {
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value)) return json_integer_value(value);
    if (!json_is_real(value)) return otherwise;
    double real = json_real_value(value);
    bool fits = real == rint(real) && real >= -0x1p63 && real < 0x1p63;
    return fits ? (long long)real : otherwise;
}

double hopt_json_number_of(const json_t *object, const char *key, double otherwise) {
    double value;
    return hopt_json_double(&value, json_object_get(object, key)) ? value : otherwise;
}
