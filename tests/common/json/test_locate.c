#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"

static const char *const text = "// first\n"
                                "{\n"
                                "  \"a\": [1, 2,  {\"b\" : true}], // \"a\": 3\n"
                                "  \"s/l~a\": {\"\": null}, \"q\\u0022\": \"x}\\\"]\",\n"
                                "  \"n\": [NaN, -Infinity , 3],\n"
                                "\t\"last\": {}}\n";

static void expect(const char *path, bool key, int line, int column) {
    int l, c;
    cr_assert(hopt_json_locate(&l, &c, text, strlen(text), path, key), "no %s", path);
    cr_assert(l == line && c == column, "%s: %d:%d instead of %d:%d", path, l, c, line, column);
}

Test(json_locate, finds_values_and_keys) {
    expect("", false, 2, 1);
    expect("", true, 2, 1);
    expect("a", false, 3, 8);
    expect("a", true, 3, 3);
    expect("a/0", false, 3, 9);
    expect("a/2", false, 3, 16);
    expect("a/2", true, 3, 16);
    expect("a/2/b", false, 3, 23);
    expect("a/2/b", true, 3, 17);
    expect("s~1l~0a", false, 4, 12);
    expect("s~1l~0a/~2", false, 4, 17);
    expect("s~1l~0a/~2", true, 4, 13);
    expect("q\"", false, 4, 35);
    expect("s~1l~0a/", false, 4, 17);
    expect("n/1", false, 5, 14);
    expect("n/2", false, 5, 26);
    expect("last", true, 6, 2);
}

Test(json_locate, says_when_there_is_no_such_path) {
    static const char *const none[] = {"b",  "a/3",   "a/x", "a/-1", "a/1/0",        "last/x",
                                       "n/", "n/0/1", "//",  "a/",   "a/99999999999"};
    for (size_t i = 0; i < HOPT_COUNT(none); i++) {
        int line = 0, column = 0;
        cr_assert_not(hopt_json_locate(&line, &column, text, strlen(text), none[i], false), "%s",
                      none[i]);
        cr_assert(line == 1 && column == 1);
    }
    int line, column;
    cr_assert_not(hopt_json_locate(&line, &column, "[]", 2, "0", false));
    cr_assert(hopt_json_locate(&line, &column, " 1", 2, "", false) && column == 2);
}

Test(json_locate, paths_escape) {
    hopt_buf path = HOPT_BUF_INIT;
    hopt_json_path_key(&path, "a/b~");
    hopt_json_path_index(&path, 12);
    hopt_json_path_key(&path, "");
    hopt_json_path_key(&path, "c");
    cr_assert_str_eq(path.data, "a~1b~0/12/~2/c");
    hopt_buf_clear(&path);
    hopt_json_path_key(&path, "");
    hopt_json_path_key(&path, "x");
    cr_assert_str_eq(path.data, "~2/x");
    hopt_buf_clear(&path);
}
