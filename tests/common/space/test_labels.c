/* Labels: what they are, which are refused, and parameters that share one. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define U "{`_type`:`uniform`,`_value`:[0,1]}"
#define SHARED "{`_label`:`s`,`_type`:`uniform`,`_value`:[0,1]}"

static void expect_error(const char *text, const char *expected) {
    char *errors = support_errors(text);
    cr_assert_str_eq(errors, expected);
    free(errors);
}

Test(space_labels, a_label_replaces_the_path_of_the_children_too) {
    hopt_space *space =
        support_space("{`a`:{`b`:{`_label`:`m`,`_type`:`choice`,`_value`:[{`_name`:`o`,`x`:" U
                      "},{`y`:" U "}]}}}");
    cr_assert_eq(hopt_space_find(space, "m"), 0);
    cr_assert_eq(hopt_space_find(space, "m/o/x"), 1);
    cr_assert_eq(hopt_space_find(space, "m/1/y"), 2);
    hopt_space_free(space);
}

Test(space_labels, keys_with_slashes_are_allowed_while_labels_differ) {
    hopt_space *space = support_space("{`a/b`:" U ",`a`:{`c`:" U "},`\u00e4 \u00f6`:" U "}");
    cr_assert_eq(hopt_space_find(space, "a/b"), 0);
    cr_assert_eq(hopt_space_find(space, "\u00e4 \u00f6"), 2);
    hopt_space_free(space);
}

Test(space_labels, bad_ones) {
    expect_error("{`a.b`:" U "}",
                 "1:2: `a.b`: the label holds a dot: rename the key, or give a _label\n");
    expect_error("{`$a`:" U "}",
                 "1:2: `$a`: the label begins with $: rename the key, or give a _label\n");
    expect_error("{``:" U "}", "1:5: the space: a parameter at the top needs a _label\n");
    expect_error("{`a`:{``:" U "}}",
                 "1:7: `a/`: the label has an empty part: rename the key, or give a _label\n");
    expect_error("{`a\\n`:" U "}", "1:2: `a\n`: the label holds a control character: rename the "
                                   "key, or give a _label\n");
    expect_error(U, "1:1: the space: a parameter at the top needs a _label\n");
    expect_error("{`a`:{`_label`:``,`_type`:`uniform`,`_value`:[0,1]}}",
                 "1:16: the space: the label is empty: change it\n");
    expect_error("{`a`:{`_label`:`x.y`,`_type`:`uniform`,`_value`:[0,1]}}",
                 "1:16: `x.y`: the label holds a dot: change it\n");
    expect_error("{`a`:{`_label`:5,`_type`:`uniform`,`_value`:[0,1]}}",
                 "1:16: `a`: _label must be a string\n");
}

Test(space_labels, at_most_255_bytes) {
    char text[400], label[300];
    for (int n = 255; n <= 256; n++) {
        memset(label, 'x', sizeof label);
        label[n] = '\0';
        snprintf(text, sizeof text, "{`%s`:" U "}", label);
        if (n == 255) {
            hopt_space *space = support_space(text);
            cr_assert_eq(hopt_space_find(space, label), 0);
            hopt_space_free(space);
        } else {
            char *errors = support_errors(text);
            cr_assert(strstr(errors, "more than 255 bytes"), "%s", errors);
            free(errors);
        }
    }
}

Test(space_labels, a_bad_choice_is_told_once_not_for_each_child) {
    expect_error("{`a.b`:{`_type`:`choice`,`_value`:[{`x`:" U ",`y`:" U "},{`_name`:`n`,`z`:" U
                 "}]}}",
                 "1:2: `a.b`: the label holds a dot: rename the key, or give a _label\n");
}

Test(space_labels, a_label_with_a_dot_helps_itself_by_a_label) {
    hopt_space *space =
        support_space("{`a.b`:{`_label`:`a_b`,`_type`:`uniform`,`_value`:[0,1]},`c.d`:3}");
    cr_assert_eq(hopt_space_find(space, "a_b"), 0);
    hopt_space_free(space);
}

Test(space_labels, two_paths_that_give_one) {
    expect_error("{`a/b`:" U ",\n`a`:{`b`:" U "}}",
                 "2:10: `a/b`: two parameters have this label (the other one: line 1): rename one, "
                 "or give both the same _label to share one value\n");
    expect_error("{`a`:" U ",\n`b`:{`_label`:`a`,`_type`:`uniform`,`_value`:[0,1]}}",
                 "2:5: `a`: two parameters have this label (the other one: line 1): rename one, or "
                 "give both the same _label to share one value\n");
    expect_error("{`c`:{`_type`:`choice`,`_value`:[[" U "],{`0`:" U "}]},\n`c/0/0`:" U "}",
                 "2:9: `c/0/0`: two parameters have this label (the other one: line 1): rename "
                 "one, or give both the same _label to share one value\n");
}

Test(space_labels, shared_over_branches) {
    hopt_space *space = support_space(
        "{`m`:{`_type`:`choice`,`_value`:[{`_name`:`a`,`lr`:" SHARED "},{`_name`:`b`},"
        "{`_name`:`c`,`lr`:{`_type`:`uniform`,`_value`:[0.0,1],`_label`:`s`},`more`:" SHARED
        "}]}}");
    int s = hopt_space_find(space, "s");
    const hopt_param *param = hopt_space_param(space, s);
    cr_assert_eq(hopt_space_size(space), 2);
    cr_assert_eq(param->n_conditions, 2);
    cr_assert(param->conditions[0].option == 0 && param->conditions[1].option == 2);
    double point[] = {2, 0.5};
    cr_assert(hopt_space_active(space, point, s));
    support_expect(hopt_space_resolve(space, point), "{`m`:{`_name`:`c`,`lr`:0.5,`more`:0.5}}");
    point[0] = 1;
    cr_assert_not(hopt_space_active(space, point, s));
    hopt_space_free(space);
}

Test(space_labels, shared_with_an_unconditional_place_is_always_active) {
    hopt_space *space = support_space("{`m`:{`_type`:`choice`,`_value`:[{`_name`:`a`,`lr`:" SHARED
                                      "},1]},`t`:" SHARED "}");
    const hopt_param *param = hopt_space_param(space, hopt_space_find(space, "s"));
    cr_assert_eq(param->n_conditions, 0);
    cr_assert_null(param->conditions);
    hopt_space_free(space);
}

Test(space_labels, a_parent_that_comes_later_moves_before_its_shared_child) {
    hopt_space *space = support_space("{`a`:{`_type`:`choice`,`_value`:[" SHARED ",1]},`x`:" U ","
                                      "`b`:{`_type`:`choice`,`_value`:[2," SHARED "]},`y`:" U "}");
    static const char *const order[] = {"a", "x", "b", "s", "y"};
    for (int i = 0; i < 5; i++)
        cr_assert_str_eq(hopt_space_param(space, i)->label, order[i]);
    const hopt_param *s = hopt_space_param(space, 3);
    cr_assert(s->n_conditions == 2 && s->conditions[0].parent == 0 && s->conditions[0].option == 0);
    cr_assert(s->conditions[1].parent == 2 && s->conditions[1].option == 1);
    double point[] = {1, 0.1, 1, 0.7, 0.2};
    cr_assert(hopt_space_active(space, point, 3));
    support_expect(hopt_space_resolve(space, point), "{`a`:1,`x`:0.1,`b`:0.7,`y`:0.2}");
    hopt_space_free(space);
}

Test(space_labels, shared_choices_have_their_children_once) {
    const char *c = "{`_label`:`c`,`_type`:`choice`,`_value`:[{`_name`:`o`,`x`:" U "},"
                    "{`_name`:`p`,`i`:{`_type`:`choice`,`_value`:[" U ",2]}}]}";
    char text[1000];
    snprintf(text, sizeof text,
             "{`m`:{`_type`:`choice`,`_value`:[{`_name`:`a`,`k`:%s},{`_name`:`b`,`l`:[%s]}]}}", c,
             c);
    hopt_space *space = support_space(text);
    static const char *const order[] = {"m", "c", "c/o/x", "c/p/i", "c/p/i/0"};
    cr_assert_eq(hopt_space_size(space), 5);
    for (int i = 0; i < 5; i++)
        cr_assert_str_eq(hopt_space_param(space, i)->label, order[i]);
    cr_assert_eq(hopt_space_param(space, 1)->n_conditions, 2);
    cr_assert_eq(hopt_space_param(space, 2)->n_conditions, 1);
    double from[] = {1, 0, 0.5, 0, 0.25}, point[5];
    hopt_space_mask(space, point, from);
    cr_assert(point[2] == 0.5 && point[3] != point[3] && point[4] != point[4]);
    support_expect(hopt_space_resolve(space, point),
                   "{`m`:{`_name`:`b`,`l`:[{`_name`:`o`,`x`:0.5}]}}");
    hopt_space_free(space);
}

Test(space_labels, one_label_with_two_definitions) {
    expect_error("{`a`:" SHARED ",\n `b`:{`_label`:`s`,`_type`:`uniform`,`_value`:[0,2]}}",
                 "2:6: `s`: this label is defined twice, differently (the other one: line 1): make "
                 "both the same to share one value, or give one another _label\n");
    expect_error(
        "{`a`:{`_label`:`s`,`_type`:`choice`,`_value`:[1,2]},"
        "`b`:{`_label`:`s`,`_type`:`choice`,`_value`:[1,2.0]}}",
        "1:57: `s`: this label is defined twice, differently (the other one: line 1): make "
        "both the same to share one value, or give one another _label\n");
}

Test(space_labels, a_label_inside_itself) {
    expect_error("{`a`:{`_label`:`s`,`_type`:`choice`,`_value`:[1,{`in`:" SHARED "}]}}",
                 "1:55: `s`: a label inside itself: give the inner parameter another _label\n");
}
