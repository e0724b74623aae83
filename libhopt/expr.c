/*
 * Spaces by calls. An expression is the JSON that a study file would have, so that one parser
 * judges both; what JSON can't say (no label, a NULL expression) is kept as a mistake and told when
 * the expression is used.
 */
#include <math.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "libhopt/expr.h"

struct hopt_expr {
    int references;
    json_t *json;
    char *mistake; /* the first one, NULL: none */
};

static hopt_expr *expr_new(json_t *json) {
    hopt_expr *expr = hopt_zalloc(1, sizeof *expr);
    expr->references = 1;
    expr->json = json ? json : json_null();
    return expr;
}

static void mistake(hopt_expr *expr, const char *label, const char *text) {
    if (expr->mistake) return;
    expr->mistake = label ? hopt_format("`%s`: %s", label, text) : hopt_strdup(text);
}

void hopt_expr_free(hopt_expr *expr) {
    if (!expr || --expr->references > 0) return;
    json_decref(expr->json);
    free(expr->mistake);
    free(expr);
}

hopt_expr *hopt_expr_share(hopt_expr *expr) {
    if (expr) expr->references++;
    return expr;
}

/* ---- numbers ---- */

/* As JSON can't hold what is not finite, it becomes the text that the parser refuses by name. */
static json_t *number(double value) {
    if (isnan(value)) return json_string("NaN");
    if (isinf(value)) return json_string(value > 0 ? "Infinity" : "-Infinity");
    if (value == rint(value) && fabs(value) < 1e15) return json_integer((json_int_t)value);
    return json_real(value);
}

static hopt_expr *param(const char *type, const char *label, json_t *value) {
    hopt_expr *expr = expr_new(json_object());
    json_object_set_new(expr->json, "_type", json_string(type));
    json_object_set_new(expr->json, "_value", value);
    json_t *text = label ? json_string(label) : NULL;
    if (!label)
        mistake(expr, NULL, "a parameter built by calls has no label");
    else if (!text)
        mistake(expr, NULL, "a label is not UTF-8");
    if (text) json_object_set_new(expr->json, "_label", text);
    return expr;
}

static json_t *numbers(double a, double b) {
    json_t *list = json_array();
    json_array_append_new(list, number(a));
    json_array_append_new(list, number(b));
    return list;
}

static hopt_expr *param2(const char *type, const char *label, double a, double b) {
    return param(type, label, numbers(a, b));
}

static hopt_expr *param3(const char *type, const char *label, double a, double b, double q) {
    json_t *list = numbers(a, b);
    json_array_append_new(list, number(q));
    return param(type, label, list);
}

hopt_expr *hopt_space_uniform(const char *label, double low, double high) {
    return param2("uniform", label, low, high);
}

hopt_expr *hopt_space_quniform(const char *label, double low, double high, double q) {
    return param3("quniform", label, low, high, q);
}

hopt_expr *hopt_space_uniformint(const char *label, double low, double high) {
    return param2("uniformint", label, low, high);
}

hopt_expr *hopt_space_loguniform(const char *label, double low, double high) {
    return param2("loguniform", label, low, high);
}

hopt_expr *hopt_space_qloguniform(const char *label, double low, double high, double q) {
    return param3("qloguniform", label, low, high, q);
}

hopt_expr *hopt_space_normal(const char *label, double mu, double sigma) {
    return param2("normal", label, mu, sigma);
}

hopt_expr *hopt_space_qnormal(const char *label, double mu, double sigma, double q) {
    return param3("qnormal", label, mu, sigma, q);
}

hopt_expr *hopt_space_lognormal(const char *label, double mu, double sigma) {
    return param2("lognormal", label, mu, sigma);
}

hopt_expr *hopt_space_qlognormal(const char *label, double mu, double sigma, double q) {
    return param3("qlognormal", label, mu, sigma, q);
}

hopt_expr *hopt_space_randint(const char *label, int64_t low, int64_t high) {
    json_t *list = json_array();
    json_array_append_new(list, json_integer(low));
    json_array_append_new(list, json_integer(high));
    return param("randint", label, list);
}

/* ---- structure ---- */

/* Take over `item`: its JSON, with `to` inheriting its mistake. @return new reference. */
static json_t *take(hopt_expr *to, hopt_expr *item) {
    if (!item) {
        mistake(to, NULL, "a NULL expression in a space");
        return json_null();
    }
    if (item == to) {
        mistake(to, NULL, "an expression holds itself");
        return json_null();
    }
    if (item->mistake) mistake(to, NULL, item->mistake);
    json_t *json = json_deep_copy(item->json);
    hopt_expr_free(item);
    return json;
}

/* The list that items are appended to, or NULL. */
static json_t *items_of(const hopt_expr *expr, const char *type) {
    if (json_is_array(expr->json)) return type ? NULL : expr->json;
    const char *its = hopt_json_string_of(expr->json, "_type");
    if (!its || strcmp(its, type ? type : "choice") != 0) return NULL;
    return json_object_get(expr->json, "_value");
}

hopt_expr *hopt_expr_add(hopt_expr *to, hopt_expr *item) {
    if (!to) to = expr_new(NULL);
    json_t *list = items_of(to, NULL), *json = take(to, item);
    if (list)
        json_array_append_new(list, json);
    else {
        mistake(to, NULL, "hopt_expr_add() to what is no list and no choice");
        json_decref(json);
    }
    return to;
}

hopt_expr *hopt_expr_add_p(hopt_expr *to, double probability, hopt_expr *option) {
    if (!to) to = expr_new(NULL);
    json_t *list = items_of(to, "pchoice"), *pair = json_array();
    json_array_append_new(pair, number(probability));
    json_array_append_new(pair, take(to, option));
    if (list)
        json_array_append_new(list, pair);
    else {
        mistake(to, NULL, "hopt_expr_add_p() to what is no pchoice");
        json_decref(pair);
    }
    return to;
}

hopt_expr *hopt_expr_set(hopt_expr *to, const char *key, hopt_expr *value) {
    if (!to) to = expr_new(NULL);
    json_t *json = take(to, value);
    bool object = json_is_object(to->json) && !json_object_get(to->json, "_type");
    if (!object)
        mistake(to, NULL, "hopt_expr_set() on what is no object");
    else if (!key)
        mistake(to, NULL, "a member without a key");
    else if (json_object_get(to->json, key))
        mistake(to, key, "this key is set twice");
    else if (json_object_set(to->json, key, json) != 0)
        mistake(to, NULL, "a key is not UTF-8");
    json_decref(json);
    return to;
}

hopt_expr *hopt_expr_name(hopt_expr *to, const char *name) {
    return hopt_expr_set(to, "_name", hopt_const_text(name));
}

hopt_expr *hopt_space_choice(const char *label, size_t n, hopt_expr *const *options) {
    hopt_expr *expr = param("choice", label, json_array());
    for (size_t i = 0; options && i < n; i++)
        hopt_expr_add(expr, options[i]);
    return expr;
}

hopt_expr *hopt_space_pchoice(const char *label, size_t n, const double *probabilities,
                              hopt_expr *const *options) {
    hopt_expr *expr = param("pchoice", label, json_array());
    for (size_t i = 0; options && i < n; i++)
        hopt_expr_add_p(expr, probabilities ? probabilities[i] : NAN, options[i]);
    return expr;
}

hopt_expr *hopt_space_list(size_t n, hopt_expr *const *items) {
    hopt_expr *expr = expr_new(json_array());
    for (size_t i = 0; items && i < n; i++)
        hopt_expr_add(expr, items[i]);
    return expr;
}

hopt_expr *hopt_space_object(size_t n, const char *const *keys, hopt_expr *const *values) {
    hopt_expr *expr = expr_new(json_object());
    for (size_t i = 0; keys && values && i < n; i++)
        hopt_expr_set(expr, keys[i], values[i]);
    return expr;
}

/* ---- constants ---- */

hopt_expr *hopt_const_real(double value) {
    if (isfinite(value)) return expr_new(json_real(value));
    hopt_expr *expr = expr_new(NULL);
    mistake(expr, NULL, "a constant that is not finite");
    return expr;
}

hopt_expr *hopt_const_integer(int64_t value) {
    return expr_new(json_integer(value));
}

hopt_expr *hopt_const_text(const char *value) {
    hopt_expr *expr = expr_new(value ? json_string(value) : NULL);
    if (!value) mistake(expr, NULL, "a text that is NULL");
    if (value && json_is_null(expr->json)) mistake(expr, NULL, "a text is not UTF-8");
    return expr;
}

hopt_expr *hopt_const_bool(int value) {
    return expr_new(json_boolean(value));
}

hopt_expr *hopt_const_null(void) {
    return expr_new(NULL);
}

hopt_expr *hopt_const_json(const char *text) {
    json_t *json = NULL;
    hopt_error err = {.code = HOPT_EINVAL};
    if (!text || hopt_json_parse(&json, text, strlen(text), HOPT_JSON_COMMENTS, &err) != HOPT_OK) {
        hopt_expr *expr = expr_new(NULL);
        char line[HOPT_ERROR_MESSAGE_MAX + 64];
        hopt_error_text(line, sizeof line, "JSON", &err);
        mistake(expr, NULL, text ? line : "a JSON text that is NULL");
        return expr;
    }
    return expr_new(json);
}

/* ---- use ---- */

char *hopt_lib__expr_text(const hopt_expr *expr, const char **why) {
    *why = !expr ? "the space is NULL" : expr->mistake;
    return *why ? NULL : hopt_json_text(expr->json);
}

char *hopt_expr_json(const hopt_expr *expr) {
    const char *ignored;
    return hopt_lib__expr_text(expr, &ignored);
}
