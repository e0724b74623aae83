/* Spaces that are good: structure, order, conditions, limits. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "support.h"

/** "label kind parent=option,..." of every parameter, one a line. */
static char *listing(const hopt_space *space) {
    hopt_buf out = HOPT_BUF_INIT;
    for (int i = 0; i < hopt_space_size(space); i++) {
        const hopt_param *param = hopt_space_param(space, i);
        hopt_buf_print(&out, "%s %s", param->label, hopt_dist_name(param->dist.kind));
        for (int k = 0; k < param->n_conditions; k++) {
            cr_assert_lt(param->conditions[k].parent, i);
            hopt_buf_print(&out, " %s=%d",
                           hopt_space_param(space, param->conditions[k].parent)->label,
                           param->conditions[k].option);
        }
        hopt_buf_char(&out, '\n');
        cr_assert_eq(hopt_space_find(space, param->label), i);
    }
    return hopt_buf_take(&out);
}

static void expect(const char *text, const char *lines) {
    hopt_space *space = support_space(text);
    char *got = listing(space);
    cr_assert_str_eq(got, lines);
    cr_assert_eq(hopt_space_find(space, "no such label"), -1);
    free(got);
    hopt_space_free(space);
}

Test(space_parse, the_designs_example) {
    expect("{`model`: {`_type`: `choice`, `_value`: ["
           "  {`_name`: `svm`, `C`: {`_type`: `loguniform`, `_value`: [1e-3, 1e3]},"
           "                 `gamma`: {`_type`: `loguniform`, `_value`: [1e-5, 1]}},"
           "  {`_name`: `forest`, `trees`: {`_type`: `quniform`, `_value`: [10, 300, 10]}} ]},"
           " `scale`: {`_type`: `choice`, `_value`: [true, false]}}",
           "model choice\n"
           "model/svm/C loguniform model=0\n"
           "model/svm/gamma loguniform model=0\n"
           "model/forest/trees quniform model=1\n"
           "scale choice\n");
}

Test(space_parse, every_type_with_nnis_values) {
    expect(
        "{`a`:{`_type`:`choice`,`_value`:[1]}, `b`:{`_type`:`pchoice`,`_value`:[[0.3,1],[0.7,2]]},"
        "`c`:{`_type`:`randint`,`_value`:[3,9]}, `d`:{`_type`:`uniform`,`_value`:[-1,1]},"
        "`e`:{`_type`:`quniform`,`_value`:[0,1,0.25]}, `f`:{`_type`:`uniformint`,`_value`:[1,3]},"
        "`g`:{`_type`:`loguniform`,`_value`:[0.1,10]},"
        "`h`:{`_type`:`qloguniform`,`_value`:[1,100,2]}, `i`:{`_type`:`normal`,`_value`:[0,1]},"
        "`j`:{`_type`:`qnormal`,`_value`:[0,1,0.5]}, `k`:{`_type`:`lognormal`,`_value`:[0,1]},"
        "`l`:{`_type`:`qlognormal`,`_value`:[0,1,0.5]}}",
        "a choice\nb pchoice\nc randint\nd uniform\ne quniform\nf uniformint\ng loguniform\n"
        "h qloguniform\ni normal\nj qnormal\nk lognormal\nl qlognormal\n");
    hopt_space *space = support_space("{`r`:{`_type`:`randint`,`_value`:[7]},"
                                      "`p`:{`_type`:`pchoice`,`_value`:[[0.3,1],[0.7,2]]},"
                                      "`u`:{`_type`:`uniformint`,`_value`:[-2,5]},"
                                      "`q`:{`_type`:`qlognormal`,`_value`:[1,2,3]}}");
    const hopt_dist *r = &hopt_space_param(space, 0)->dist, *p = &hopt_space_param(space, 1)->dist,
                    *u = &hopt_space_param(space, 2)->dist, *q = &hopt_space_param(space, 3)->dist;
    cr_assert(r->low == 0 && r->high == 7 && r->q == 0 && r->options == 0);
    cr_assert(p->options == 2 && p->probability[0] == 0.3 && p->probability[1] == 0.7);
    cr_assert(u->low == -2 && u->high == 5 && u->q == 1);
    cr_assert(q->mu == 1 && q->sigma == 2 && q->q == 3 && q->low == 0 && q->high == 0);
    hopt_space_free(space);
}

Test(space_parse, options_of_every_form) {
    expect("{`c`:{`_type`:`choice`,`_value`:[ null, `text`, 7, "
           "[1,[{`_type`:`uniform`,`_value`:[0,1]}]],"
           " {`x`:{`_type`:`uniform`,`_value`:[0,1]}}, {`_type`:`normal`,`_value`:[0,1]},"
           " {`_name`:`deep`,`in`:{`er`:{`_type`:`choice`,`_value`:[{`z`:[{`_type`:`randint`,"
           "`_value`:[2]}]},{}]}}} ]}}",
           "c choice\n"
           "c/3/1/0 uniform c=3\n"
           "c/4/x uniform c=4\n"
           "c/5 normal c=5\n"
           "c/deep/in/er choice c=6\n"
           "c/deep/in/er/0/z/0 randint c/deep/in/er=0\n");
}

Test(space_parse, lists_and_single_parameters_at_the_top) {
    expect("[{`_type`:`uniform`,`_value`:[0,1]}, 3, {`k`:{`_type`:`normal`,`_value`:[0,1]}}]",
           "0 uniform\n2/k normal\n");
    expect("{`_type`:`uniform`,`_value`:[0,1],`_label`:`x`}", "x uniform\n");
    expect("{`_label`:`m`,`_type`:`choice`,`_value`:[{`_type`:`uniform`,`_value`:[0,1]},5]}",
           "m choice\nm/0 uniform m=0\n");
}

Test(space_parse, the_space_owns_what_it_needs) {
    json_t *json = support_json("{`a`:{`_type`:`choice`,`_value`:[`x`,`y`]}}");
    hopt_space *space;
    hopt_errors errors = {0};
    cr_assert_eq(hopt_space_parse(&space, json, NULL, 0, "", &errors), HOPT_OK);
    json_object_clear(json);
    json_decref(json);
    double point = 1;
    support_expect(hopt_space_resolve(space, &point), "{`a`:`y`}");
    cr_assert(json_object_get(hopt_space_json(space), "a"));
    hopt_space_free(space);
    hopt_space_free(NULL);
}

static char *many(int n) {
    hopt_buf text = HOPT_BUF_INIT;
    for (int i = 0; i < n; i++)
        hopt_buf_print(&text, "%c\"p%d\":{\"_type\":\"uniform\",\"_value\":[0,1]}", i ? ',' : '{',
                       i);
    hopt_buf_char(&text, '}');
    return hopt_buf_take(&text);
}

Test(space_parse, a_thousand_parameters_and_no_more) {
    char *text = many(HOPT_SPACE_PARAMS_MAX);
    hopt_space *space = support_space(text);
    cr_assert_eq(hopt_space_size(space), HOPT_SPACE_PARAMS_MAX);
    hopt_space_free(space);
    free(text);
    text = many(HOPT_SPACE_PARAMS_MAX + 5);
    char *errors = support_errors(text);
    cr_assert(strstr(errors, "`p1000`: more than 1000 parameters"), "%s", errors);
    cr_assert_null(strstr(errors, "p1001"));
    free(errors);
    free(text);
}

static char *nested(int levels) {
    hopt_buf text = HOPT_BUF_INIT;
    for (int i = 0; i < levels; i++)
        hopt_buf_text(&text, "{\"a\":");
    hopt_buf_text(&text, "{\"_type\":\"uniform\",\"_value\":[0,1]}");
    for (int i = 0; i < levels; i++)
        hopt_buf_char(&text, '}');
    return hopt_buf_take(&text);
}

Test(space_parse, nesting_has_a_limit) {
    char *text = nested(HOPT_SPACE_DEPTH_MAX - 1);
    hopt_space *space = support_space(text);
    cr_assert_eq(hopt_space_size(space), 1);
    hopt_space_free(space);
    free(text);
    text = nested(HOPT_SPACE_DEPTH_MAX);
    char *errors = support_errors(text);
    cr_assert(strstr(errors, "nested deeper than 32 levels"), "%s", errors);
    cr_assert_eq(strncmp(errors, "1:161: `a/a/", 12), 0, "%s", errors);
    free(errors);
    free(text);
}

Test(space_parse, options_have_a_limit) {
    for (int n = HOPT_SPACE_OPTIONS_MAX; n <= HOPT_SPACE_OPTIONS_MAX + 1; n++) {
        hopt_buf text = HOPT_BUF_INIT;
        for (int i = 0; i < n; i++)
            hopt_buf_print(&text, "%s%d", i ? "," : "{\"c\":{\"_type\":\"choice\",\"_value\":[", i);
        hopt_buf_text(&text, "]}}");
        if (n <= HOPT_SPACE_OPTIONS_MAX) {
            hopt_space *space = support_space(text.data);
            cr_assert_eq(hopt_space_param(space, 0)->dist.options, n);
            hopt_space_free(space);
        } else {
            char *errors = support_errors(text.data);
            cr_assert(strstr(errors, "`c`: 10001 options: at most 10000"), "%s", errors);
            free(errors);
        }
        hopt_buf_clear(&text);
    }
}
