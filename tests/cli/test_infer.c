/* What is guessed of an old experiment, and the Python module of a space. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guess.h"
#include "cli/hyperopt_space.h"
#include "cli/infer.h"
#include "common/base/alloc.h"
#include "common/json/json.h"

/* ---- values ---- */

/* Numbers in [0, 1), always the same. */
static double unit(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}

enum { N = 60 };

static hopt_guess guess(double (*draw)(double), double values[N]) {
    uint64_t state = 7;
    for (int i = 0; i < N; i++)
        values[i] = draw(unit(&state));
    hopt_guess out = hopt_guess_reals(values, N, 20);
    for (int i = 0; i < N; i++)
        cr_expect(values[i] >= out.low && values[i] <= out.high, "%g outside %g .. %g", values[i],
                  out.low, out.high);
    return out;
}

static double uniform(double u) {
    return -5 + 10 * u;
}
static double loguniform(double u) {
    return exp(log(1e-5) + u * log(1e4));
}
static double tenths(double u) {
    return rint(u / 0.1) * 0.1;
}
static double tens(double u) {
    return 10 + rint(29 * u) * 10;
}
static double whole(double u) {
    return rint(1 + 7 * u);
}
static double halves_of_logs(double u) {
    return fmax(0.5, rint(exp(u * log(1000)) / 0.5) * 0.5);
}
static double narrow(double u) {
    return 100 + u;
}

Test(guess, types_and_bounds) {
    double values[N];
    hopt_guess g = guess(uniform, values);
    cr_expect_str_eq(g.type, "uniform");
    cr_expect(g.low >= -5.6 && g.low <= -4.5 && g.high <= 5.6, "%g .. %g", g.low, g.high);
    g = guess(loguniform, values);
    cr_expect_str_eq(g.type, "loguniform");
    cr_expect(g.low > 5e-6 && g.high < 0.2, "%g .. %g", g.low, g.high);
    g = guess(tenths, values);
    cr_expect_str_eq(g.type, "quniform");
    cr_expect_eq(g.q, 0.1);
    cr_expect(g.low == 0 && g.high >= 1 && g.high <= 1.1);
    g = guess(tens, values);
    cr_expect_str_eq(g.type, "quniform");
    cr_expect_eq(g.q, 10);
    g = guess(whole, values);
    cr_expect_str_eq(g.type, "uniformint");
    cr_expect_eq(g.q, 0);
    g = guess(halves_of_logs, values);
    cr_expect_str_eq(g.type, "qloguniform");
    cr_expect_eq(g.q, 0.5);
    g = guess(narrow, values);
    cr_expect_str_eq(g.type, "uniform");
    cr_expect(g.low > 99.5 && g.high < 101.5, "%g .. %g", g.low, g.high);
}

Test(guess, few_values) {
    static const struct {
        double values[3];
        size_t n;
        const char *type;
    } cases[] = {{{0.3}, 1, "uniform"},        {{-0.3}, 1, "uniform"},
                 {{5}, 1, "uniformint"},       {{0}, 1, "uniformint"},
                 {{0, 0, 0}, 3, "uniformint"}, {{0.25, 0.5, 0.75}, 3, "quniform"},
                 {{1e300}, 1, "uniform"},      {{-1e300, 1e300}, 2, "uniform"},
                 {{M_PI, M_E}, 2, "uniform"},  {{1e-300, 1}, 2, "uniform"}};
    for (size_t i = 0; i < HOPT_COUNT(cases); i++) {
        hopt_guess g = hopt_guess_reals(cases[i].values, cases[i].n, cases[i].n);
        cr_expect_str_eq(g.type, cases[i].type, "case %zu: %s", i, g.type);
        cr_expect(isfinite(g.low) && isfinite(g.high) && g.low < g.high, "case %zu: %g .. %g", i,
                  g.low, g.high);
        for (size_t k = 0; k < cases[i].n; k++)
            cr_expect(cases[i].values[k] >= g.low && cases[i].values[k] <= g.high, "case %zu", i);
    }
}

Test(guess, integers_start_at_zero_unless_that_is_improbable) {
    double few[] = {2, 3}, many[N];
    hopt_guess g = hopt_guess_integers(few, 2);
    cr_expect(g.low == 0 && g.high == 4);
    for (int i = 0; i < N; i++)
        many[i] = 12 + i % 13;
    g = hopt_guess_integers(many, N);
    cr_expect(g.low == 12 && g.high == 25);
    double negative[] = {-3, 2};
    g = hopt_guess_integers(negative, 2);
    cr_expect(g.low == -3 && g.high == 3);
}

/* ---- spaces ---- */

static hopt_error err;

static void add(hopt_trials *trials, const char *vals) {
    hopt_trial *trial = hopt_trial_new();
    cr_assert_eq(hopt_json_parse(&trial->vals, vals, strlen(vals), 0, &err), HOPT_OK, "%s: %s",
                 vals, err.message);
    hopt_trials_add(trials, trial);
}

/* The study that is inferred: it must be one, and hold every trial. */
static hopt_study_spec *inferred(const hopt_trials *trials) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    memset(&err, 0, sizeof err);
    if (hopt_infer_study(&text, trials, "old", "a test", 100, &err) != HOPT_OK) {
        hopt_buf_clear(&text);
        return NULL;
    }
    hopt_status status =
        hopt_study_spec_parse(&spec, hopt_buf_string(&text), text.length, NULL, NULL, 0, &errors);
    cr_assert_eq(status, HOPT_OK, "%s in\n%s", errors.list[0].message, text.data);
    double *point = hopt_zalloc((size_t)hopt_space_size(spec->space), sizeof *point);
    for (size_t i = 0; i < trials->count; i++)
        cr_expect_eq(hopt_space_from_vals(spec->space, point, trials->list[i]->vals, &err), HOPT_OK,
                     "trial %zu: %s in\n%s", i, err.message, text.data);
    free(point);
    hopt_buf_clear(&text);
    return spec;
}

/* "label: parent=option parent=option" */
static void depends(const hopt_study_spec *spec, const char *label, const char *on) {
    hopt_buf text = HOPT_BUF_INIT;
    int i = hopt_space_find(spec->space, label);
    cr_assert(i >= 0, "no %s", label);
    const hopt_param *param = hopt_space_param(spec->space, i);
    for (int k = 0; k < param->n_conditions; k++)
        hopt_buf_print(&text, "%s%s=%d", k ? " " : "",
                       hopt_space_param(spec->space, param->conditions[k].parent)->label,
                       param->conditions[k].option);
    cr_expect_str_eq(hopt_buf_string(&text), on, "%s: %s", label, text.data);
    hopt_buf_clear(&text);
}

Test(infer, a_tree_with_a_shared_parameter) {
    hopt_trials trials = {0};
    for (int i = 0; i < 4; i++) {
        add(&trials, "{\"m\":[0],\"rate\":[0.1],\"k\":[0],\"deg\":[2.0],\"n\":[],\"z\":[1]}");
        add(&trials, "{\"m\":[0],\"rate\":[0.3],\"k\":[1],\"deg\":[],\"n\":[],\"z\":[1]}");
        add(&trials, "{\"m\":[1],\"rate\":[],\"k\":[],\"deg\":[],\"n\":[0.5],\"z\":[0]}");
        add(&trials, "{\"m\":[2],\"rate\":[0.4],\"k\":[],\"deg\":[],\"n\":[],\"z\":[2]}");
    }
    hopt_study_spec *spec = inferred(&trials);
    cr_assert_not_null(spec, "%s", err.message);
    depends(spec, "m", "");
    depends(spec, "rate", "m=0 m=2");
    depends(spec, "k", "m=0");
    depends(spec, "deg", "k=0");
    depends(spec, "n", "m=1");
    depends(spec, "z", "");
    hopt_study_spec_free(spec);
    hopt_trials_clear(&trials);
}

Test(infer, one_parameter_below_two_choices) {
    hopt_trials trials = {0};
    add(&trials, "{\"m\":[0],\"k\":[0],\"j\":[],\"w\":[0.5]}");
    add(&trials, "{\"m\":[0],\"k\":[1],\"j\":[],\"w\":[]}");
    add(&trials, "{\"m\":[1],\"k\":[],\"j\":[0],\"w\":[]}");
    add(&trials, "{\"m\":[1],\"k\":[],\"j\":[1],\"w\":[0.7]}");
    hopt_study_spec *spec = inferred(&trials);
    cr_assert_not_null(spec, "%s", err.message);
    depends(spec, "w", "k=0 j=1");
    hopt_study_spec_free(spec);
    hopt_trials_clear(&trials);
}

Test(infer, what_no_choice_explains_is_an_error) {
    hopt_trials trials = {0};
    add(&trials, "{\"x\":[0.5],\"m\":[0],\"w\":[0.5]}");
    add(&trials, "{\"x\":[0.7],\"m\":[0],\"w\":[]}");
    cr_expect_null(inferred(&trials));
    cr_expect(strstr(err.message, "`w`") && strstr(err.message, "--space"), "%s", err.message);
    hopt_trials_clear(&trials);
}

/* A random value of one of seven kinds, whatever they are. */
static void random_value(hopt_buf *out, int kind, uint64_t *state) {
    double u = unit(state), value = 0;
    char number[HOPT_JSON_NUMBER];
    if (kind < 3) { /* integers: few, many, from elsewhere */
        hopt_buf_print(out, "[%d]", (int)(kind == 0 ? 3 * u : kind == 1 ? 1000 * u : 5 - 10 * u));
        return;
    }
    if (kind == 3) value = uniform(u);
    if (kind == 4) value = loguniform(u) * (u < 0.1 ? 1e9 : 1);
    if (kind == 5) value = tenths(u) * (u < 0.5 ? -1 : 1);
    if (kind == 6) value = rint(1e5 * u) * (u < 0.01 ? 1e300 : 1);
    hopt_json_number(number, value);
    hopt_buf_print(out, "[%s%s]", number, strpbrk(number, ".e") ? "" : ".0");
}

/* Tables of all sorts: parameters that are always there, below a choice, or there by chance. What
 * comes of it holds every trial, or is an error that names a label. */
Test(infer, random_tables) {
    enum { TABLES = 400, LABELS_MAX = 7, ROWS_MAX = 40 };
    int refused = 0;
    for (uint64_t seed = 1; seed <= TABLES; seed++) {
        uint64_t state = seed * 7919;
        hopt_trials trials = {0};
        int labels = 1 + (int)(LABELS_MAX * unit(&state));
        int rows = 1 + (int)(ROWS_MAX * unit(&state));
        int kind[LABELS_MAX], below[LABELS_MAX], option[LABELS_MAX];
        for (int i = 0; i < labels; i++) {
            kind[i] = (int)(7 * unit(&state));
            below[i] =
                (int)((labels + 3) * unit(&state)); /* >= i: always; by chance once in a while */
            option[i] = (int)(3 * unit(&state));
        }
        for (int row = 0; row < rows; row++) {
            int index[LABELS_MAX];
            hopt_buf text = HOPT_BUF_INIT, value = HOPT_BUF_INIT;
            for (int i = 0; i < labels; i++) {
                hopt_buf_reset(&value);
                random_value(&value, kind[i], &state);
                bool chance = below[i] == labels + 2 && seed % 8 == 0;
                bool active = chance         ? unit(&state) < 0.5
                              : below[i] < i ? index[below[i]] == option[i]
                                             : true;
                index[i] = active ? atoi(hopt_buf_string(&value) + 1) : -1;
                hopt_buf_print(&text, "%s\"p%d\":%s", i ? "," : "{", i,
                               active ? hopt_buf_string(&value) : "[]");
            }
            hopt_buf_char(&text, '}');
            add(&trials, hopt_buf_string(&text));
            hopt_buf_clear(&text);
            hopt_buf_clear(&value);
        }
        for (int i = 0; i < labels; i++) { /* the command drops what was never active so too */
            char label[16];
            bool ever = false;
            snprintf(label, sizeof label, "p%d", i);
            for (size_t row = 0; row < trials.count; row++)
                ever |= json_array_size(json_object_get(trials.list[row]->vals, label)) > 0;
            for (size_t row = 0; row < trials.count && !ever; row++)
                json_object_del(trials.list[row]->vals, label);
        }
        hopt_study_spec *spec = inferred(&trials);
        if (!spec) {
            refused++;
            cr_expect(strstr(err.message, "`p") || strstr(err.message, "no trial has"), "%s",
                      err.message);
        }
        hopt_study_spec_free(spec);
        hopt_trials_clear(&trials);
    }
    cr_expect(refused < TABLES / 2, "%d tables refused", refused);
}

Test(infer, odd_labels) {
    hopt_trials trials = {0};
    add(&trials, "{\"_type\":[0.5],\"a/b\":[1],\"\\\"q\\\\\":[0.25],\"never\":[]}");
    add(&trials, "{\"_type\":[0.7],\"a/b\":[0],\"\\\"q\\\\\":[0.5]}");
    json_object_del(trials.list[0]->vals, "never"); /* the command drops it so too */
    hopt_study_spec *spec = inferred(&trials);
    cr_assert_not_null(spec, "%s", err.message);
    cr_expect_eq(hopt_space_size(spec->space), 3);
    hopt_study_spec_free(spec);
    add(&trials, "{\"a.b\":[0.7]}");
    cr_expect_null(inferred(&trials));
    cr_expect(strstr(err.message, "`a.b`"), "%s", err.message);
    hopt_trials_clear(&trials);
}

/* ---- the module ---- */

static char *module_of(const char *direction, const char *uri) {
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    hopt_buf out = HOPT_BUF_INIT;
    char *text = hopt_format("{\"name\":\"s\",\"direction\":\"%s\",\"space\":{\"x\":{\"_type\":"
                             "\"uniform\",\"_value\":[0,1]}}}",
                             direction);
    hopt_status status = hopt_study_spec_parse(&spec, text, strlen(text), NULL, NULL, 0, &errors);
    cr_assert_eq(status, HOPT_OK, "%s", errors.list[0].message);
    hopt_hyperopt_module(&out, spec, uri);
    hopt_study_spec_free(spec);
    free(text);
    return hopt_buf_take(&out);
}

Test(module, the_url_is_hyperopts_and_without_password) {
    static const struct {
        const char *uri, *url;
    } cases[] = {
        {"mongodb://h/db", "\"mongo://h:27017/db/jobs\""},
        {"mongodb://h:5/", "\"mongo://h:5/hopt/jobs\""},
        {"mongodb://u:secret@h/db", "\"mongo://u:***@h:27017/db/jobs?authSource=db\""},
        {"mongodb://u:secret@h:1,i:2/?x=y", "\"mongo://u:***@h:1/hopt/jobs?authSource=admin\""},
        {"mongodb://u:s%40cret@h/db?tls=true&authSource=adm",
         "\"mongo://u:***@h:27017/db/jobs?authSource=adm\""},
        {"mongodb+srv://u:secret@h.example/db", "@h.example:27017/db/jobs"},
        {"mongodb://[::1]/db", "\"mongo://[::1]:27017/db/jobs\""},
        {"mongodb://[::1]:7/db", "\"mongo://[::1]:7/db/jobs\""},
        {"mongo://u:secret@h:1/db/jobs?authSource=a", "\"mongo://u:***@h:1/db/jobs?authSource=a\""},
    };
    for (size_t i = 0; i < HOPT_COUNT(cases); i++) {
        char *text = module_of("minimize", cases[i].uri);
        cr_expect(strstr(text, cases[i].url), "%s gives\n%s", cases[i].uri, text);
        cr_expect(!strstr(text, "cret"), "%s", text);
        cr_expect(strstr(text, "exp_key=\"s\""), "%s", text);
        free(text);
    }
    char *text = module_of("minimize", "mongodb://u:secret@h:1,i:2/?tls=true");
    cr_expect(strstr(text, "without TLS"), "%s", text);
    cr_expect(!strstr(text, "negated"));
    free(text);
}

Test(module, a_maximized_study_and_a_file) {
    char *text = module_of("maximize", "sqlite:s.db");
    cr_expect(strstr(text, "losses are negated"), "%s", text);
    cr_expect(strstr(text, "= -line[\"loss\"]"), "%s", text);
    cr_expect(strstr(text, "hopt export s -o s.jsonl"), "%s", text);
    free(text);
}
