#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static void expect(const char *text, bool utf8, const char *tree) {
    hopt_space *space = support_space(text);
    hopt_buf out = HOPT_BUF_INIT;
    hopt_space_print_tree(space, &out, utf8);
    cr_assert_str_eq(out.data, tree);
    hopt_buf_clear(&out);
    hopt_space_free(space);
}

static const char *const example =
    "{`model`:{`_type`:`choice`,`_value`:[{`_name`:`svm`,`C`:{`_type`:`loguniform`,"
    "`_value`:[0.001,1000]},`lr`:{`_label`:`rate`,`_type`:`uniform`,`_value`:[0,1]}},"
    "{`_name`:`net`,`lr`:{`_label`:`rate`,`_type`:`uniform`,`_value`:[0,1]},"
    "`act`:{`_type`:`choice`,`_value`:[`relu`,`tanh`]}},{`_type`:`randint`,`_value`:[4]},null]},"
    "`p`:{`_type`:`pchoice`,`_value`:[[0.25,`a`],[0.75,{`x`:{`_type`:`normal`,`_value`:[0,1]}}]]},"
    "`list`:[1,{`_type`:`qnormal`,`_value`:[0,1,2]}],`const`:{`a`:`b`}}";

Test(space_tree, with_lines) {
    expect(example, true,
           "model      choice of 4\n"
           "├─ svm\n"
           "│  ├─ C    loguniform 0.001 .. 1000\n"
           "│  └─ lr   uniform 0 .. 1  (label rate)\n"
           "├─ net\n"
           "│  ├─ lr   shared: rate\n"
           "│  └─ act  choice of 2: relu, tanh\n"
           "├─ 2       randint 0 .. 3\n"
           "└─ null\n"
           "p          pchoice of 2\n"
           "├─ a       p 0.25\n"
           "└─ 1       p 0.75\n"
           "   └─ x    normal mu 0 sigma 1\n"
           "list\n"
           "├─ 0       = 1\n"
           "└─ 1       qnormal mu 0 sigma 1 step 2\n"
           "const      = {\"a\":\"b\"}\n");
}

Test(space_tree, in_ascii) {
    expect("{`m`:{`_type`:`choice`,`_value`:[{`_name`:`a`,`x`:{`_type`:`uniform`,`_value`:[0,1]}},"
           "{`_name`:`b`}]}}",
           false,
           "m        choice of 2\n"
           "|- a\n"
           "|  `- x  uniform 0 .. 1\n"
           "`- b\n");
}

Test(space_tree, texts_of_the_file_cannot_move_the_cursor) {
    expect("{`k`:`\\u001b[31m\\u007f`,`\\u001b`:1,`x`:{`_type`:`uniform`,`_value`:[0,1]}}", true,
           "k  = \"\\u001b[31m\\u007f\"\n"
           "?  = 1\n"
           "x  uniform 0 .. 1\n");
}

Test(space_tree, long_names_are_cut_and_do_not_push_the_others) {
    char text[400], name[121];
    memset(name, 'n', 120);
    name[120] = '\0';
    snprintf(text, sizeof text, "{`%s`:1,`x`:{`_type`:`uniform`,`_value`:[0,1]}}", name);
    name[60] = '\0';
    char want[300];
    snprintf(want, sizeof want, "%s...  = 1\nx  uniform 0 .. 1\n", name);
    expect(text, true, want);
}

Test(space_tree, a_single_parameter) {
    expect("{`_label`:`x`,`_type`:`uniform`,`_value`:[0,1]}", true, "x  uniform 0 .. 1\n");
}
