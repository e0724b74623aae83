/* When two spaces are the same, and what is said to differ. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "support.h"

static void differ(const char *left, const char *right, const char *expected) {
    hopt_space *a = support_space(left), *b = support_space(right);
    char *difference = hopt_space_difference(a, b), *of_a = hopt_space_canonical(a),
         *of_b = hopt_space_canonical(b);
    if (expected)
        cr_assert_str_eq(difference, expected);
    else
        cr_assert_null(difference, "%s", difference);
    cr_assert_eq(strcmp(of_a, of_b) == 0, expected == NULL);
    cr_assert_eq(hopt_space_hash(a) == hopt_space_hash(b), expected == NULL);
    free(difference);
    free(of_a);
    free(of_b);
    hopt_space_free(a);
    hopt_space_free(b);
}

#define U "{`_type`:`uniform`,`_value`:[0,1]}"

Test(space_canonical, writing_does_not_matter) {
    differ("{`a`:{`_type`:`uniform`,`_value`:[0,1]}}",
           " { `a` : {`_value`: [0.0, 1e0], `_type`: `uniform` } } // same", NULL);
    differ("{`a`:{`_type`:`randint`,`_value`:[5]}}", "{`a`:{`_type`:`randint`,`_value`:[0,5.0]}}",
           NULL);
    differ("{`a`:" U "}", "{`a`:{`_label`:`a`,`_type`:`uniform`,`_value`:[0,1]}}", NULL);
}

Test(space_canonical, text) {
    hopt_space *space = support_space(
        "{`m`:{`_type`:`choice`,`_value`:[{`_name`:`x`,`lr`:{`_label`:`s`,`_type`:`qnormal`,"
        "`_value`:[0,1,0.5]}},3.0]},`s2`:{`_label`:`s`,`_type`:`qnormal`,`_value`:[0,1,0.5]},"
        "`p`:{`_type`:`pchoice`,`_value`:[[0.5,`a`],[0.5,{}]]},`u`:{`_type`:`uniformint`,`_value`:["
        "1,2]}}");
    char *text = hopt_space_canonical(space),
         *want = support_text(
             "{`m`:{`_label`:`m`,`_type`:`choice`,`_value`:[{`_name`:`x`,`lr`:{`_label`:`s`,"
             "`_type`:`qnormal`,`_value`:[0,1,0.5]}},3.0]},`s2`:{`_label`:`s`},"
             "`p`:{`_label`:`p`,`_type`:`pchoice`,`_value`:[[0.5,`a`],[0.5,{}]]},"
             "`u`:{`_label`:`u`,`_type`:`uniformint`,`_value`:[1,2]}}");
    cr_assert_str_eq(text, want);
    cr_assert_eq(hopt_space_hash(space), hopt_hash_fnv1a(HOPT_FNV_START, text, strlen(text)));
    free(text);
    free(want);
    hopt_space_free(space);
}

Test(space_canonical, the_first_label_that_differs) {
    differ("{`a`:" U ",`b`:" U "}", "{`a`:" U ",`b`:{`_type`:`uniform`,`_value`:[0,2]}}", "b");
    differ("{`a`:" U ",`b`:" U "}", "{`a`:" U ",`c`:" U "}", "b");
    differ("{`a`:" U "}", "{`a`:" U ",`c`:" U "}", "c");
    differ("{`a`:" U "}", "{`a`:{`_type`:`loguniform`,`_value`:[1,2]}}", "a");
    differ("{`a`:{`_type`:`pchoice`,`_value`:[[0.5,1],[0.5,2]]}}",
           "{`a`:{`_type`:`pchoice`,`_value`:[[0.25,1],[0.75,2]]}}", "a");
    differ("{`a`:{`_type`:`choice`,`_value`:[1,2]}}", "{`a`:{`_type`:`choice`,`_value`:[1,2,3]}}",
           "a");
    /* Other conditions. */
    differ("{`m`:{`_type`:`choice`,`_value`:[{`x`:" U "},1]}}",
           "{`m`:{`_type`:`choice`,`_value`:[0,1]},`m/0/x`:" U "}", "m/0/x");
    differ("{`m`:{`_type`:`choice`,`_value`:[{`_name`:`n`,`x`:" U "},1]}}",
           "{`m`:{`_type`:`choice`,`_value`:[1,{`_name`:`n`,`x`:" U "}]}}", "m/n/x");
}

Test(space_canonical, else_the_path) {
    differ("{`a`:" U ",`b`:" U "}", "{`b`:" U ",`a`:" U "}", "a");
    differ("{`a`:" U ",`k`:[1,{`z`:2}]}", "{`a`:" U ",`k`:[1,{`z`:3}]}", "k");
    differ("{`a`:" U ",`k`:1}", "{`a`:" U "}", "k");
    differ("{`a`:{`_type`:`choice`,`_value`:[1,2]}}", "{`a`:{`_type`:`choice`,`_value`:[1,2.0]}}",
           "a/1");
    differ("{`a`:{`_type`:`choice`,`_value`:[{`_name`:`o`,`c`:1,`x`:" U "}]}}",
           "{`a`:{`_type`:`choice`,`_value`:[{`_name`:`o`,`c`:2,`x`:" U "}]}}", "a/o/c");
    differ("{`_label`:`a`,`_type`:`uniform`,`_value`:[0,1]}", "{`a`:" U "}", "space");
}
