/* Golden errors: what each kind of bad study file is told, and where. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/trial/study.h"

#define NAME "\"name\":\"a\",\n"
#define SPACE                                                                                      \
    "\"space\":{\"x\":{\"_type\":\"uniform\",\"_value\":[0,1]},\n"                                 \
    "\"deep\":{\"_type\":\"choice\",\"_value\":[1,{\"_name\":\"b\",\"rate\":"                      \
    "{\"_type\":\"uniform\",\"_value\":[0,1]}}]}},\n"
/* Line 1 is "{", 2 the name, 3 and 4 the space: a row's own text begins on line 5. */
#define GOOD "{\n" NAME SPACE
#define IN_SPACE "{\n" NAME "\"space\":{\n"

typedef struct golden {
    const char *text;
    int line, column;
    const char *message; /* part of the first message */
    const char *also;    /* another part, or NULL */
} golden;

static const golden rows[] = {
    /* JSON itself */
    {"", 1, 1, "", NULL},
    {"{\n\"name\": \"a\"\n\"space\": {}}", 3, 1, "", NULL},
    {"{\n\"name\": \"a\",\n\"name\": \"b\"}", 3, 1, "name", NULL},
    {GOOD "\"stop\":{\"max_trials\":1,\n\"max_trials\":2}}", 6, 1, "max_trials", NULL},
    {"{\n\"name\": \"a\xff\"}", 2, 11, "UTF-8", NULL},
    {GOOD "\"direction\":\"min\\u0000\"}", 5, 0, "", NULL},
    {"\xef\xbb\xbf{}", 1, 1, "", NULL},
    {"{} x", 1, 4, "", NULL},
    {"[1]", 1, 1, "a study must be a JSON object, not a list", NULL},
    {"3", 1, 1, "a study must be a JSON object, not a number", NULL},
    /* the top level */
    {"{\n" NAME "\"spase\":{}}", 1, 1, "`space` is missing", NULL},
    {GOOD "\"spase\":{}}", 5, 1, "unknown key `spase`", "did you mean `space`?"},
    {GOOD "\"zzzzzzzz\":{}}", 5, 1, "unknown key `zzzzzzzz` in a study: remove it", NULL},
    {"{\n" SPACE "\"direction\":\"minimize\"}", 1, 1, "`name` is missing", "--name"},
    {"{\n\"name\":7,\n" SPACE "\"direction\":\"minimize\"}", 2, 8, "`name` must be a string", NULL},
    {"{\n\"name\":\"a b\",\n" SPACE "\"direction\":\"minimize\"}", 2, 8, "\"a b\" is not valid",
     "1 to 64 letters"},
    {"{\n\"name\":\"\",\n" SPACE "\"direction\":\"minimize\"}", 2, 8, "is not valid", NULL},
    {GOOD "\"direction\":\"up\"}", 5, 13, "`direction` must be \"minimize\" or \"maximize\"",
     "not \"up\""},
    {GOOD "\"direction\":true}", 5, 13, "`direction` must be", "not true"},
    /* sampler */
    {GOOD "\"sampler\":\"tpe\"}", 5, 11, "`sampler` must be an object such as", "a string"},
    {GOOD "\"sampler\":{\"name\":3}}", 5, 19, "`sampler.name` must be a string", NULL},
    {GOOD "\"sampler\":{\"name\":\"\"}}", 5, 19, "`sampler.name` must be a string", "not empty"},
    {GOOD "\"sampler\":{\"seed\":-1}}", 5, 19, "`sampler.seed` must be an integer in 0 .. 9223",
     "not -1"},
    {GOOD "\"sampler\":{\"seed\":1.5}}", 5, 19, "`sampler.seed`", "not 1.5"},
    {GOOD "\"sampler\":{\"seed\":\"x\"}}", 5, 19, "`sampler.seed`", "not \"x\""},
    /* stop */
    {GOOD "\"stop\":{\"max_trials\":0}}", 5, 22,
     "`stop.max_trials` must be an integer in 1 .. 1000000 (trials), not 0", NULL},
    {GOOD "\"stop\":{\"max_trials\":-5}}", 5, 22, "not -5", NULL},
    {GOOD "\"stop\":{\"max_trials\":\"ten\"}}", 5, 22, "`stop.max_trials`", "not \"ten\""},
    {GOOD "\"stop\":{\"max_trials\":10000000}}", 5, 22, "`stop.max_trials`", "1000000"},
    {GOOD "\"stop\":{\"max_trials\":1.5}}", 5, 22, "`stop.max_trials`", "not 1.5"},
    {GOOD "\"stop\":{\"max_trials\":[5]}}", 5, 22, "`stop.max_trials`", "not a list"},
    {GOOD "\"stop\":{\"max_trial\":5}}", 5, 9, "unknown key `max_trial` in stop",
     "did you mean `max_trials`?"},
    {GOOD "\"stop\":{}}", 5, 8, "`stop` needs a limit", "max_trials"},
    {GOOD "\"stop\":7}", 5, 8, "`stop` must be an object", "a number"},
    {GOOD "\"stop\":{\"timeout_s\":0}}", 5, 21, "`stop.timeout_s` must be a number above 0",
     "(s), not 0"},
    {GOOD "\"stop\":{\"timeout_s\":NaN}}", 5, 21, "`stop.timeout_s` must be a number above 0",
     NULL},
    {GOOD "\"stop\":{\"max_trials\":1,\"loss_below\":\"0\"}}", 5, 37,
     "`stop.loss_below` must be a number, not \"0\"", NULL},
    {GOOD "\"stop\":{\"no_progress\":{\"percent\":1}}}", 5, 23, "`stop.no_progress` needs `trials`",
     NULL},
    {GOOD "\"stop\":{\"no_progress\":{\"trials\":5,\"percent\":101}}}", 5, 45,
     "`stop.no_progress.percent` must be a number in 0 .. 100 (%)", NULL},
    {GOOD "\"stop\":{\"no_progress\":{\"trial\":5}}}", 5, 24,
     "unknown key `trial` in stop.no_progress", "did you mean `trials`?"},
    {GOOD "\"stop\":{\"no_progress\":20}}", 5, 23, "`stop.no_progress` must be an object", NULL},
    /* trial and queue */
    {GOOD "\"trial\":{\"timeout_s\":-1}}", 5, 22, "`trial.timeout_s` must be a number above 0",
     NULL},
    {GOOD "\"trial\":{\"max_attempts\":0}}", 5, 25, "`trial.max_attempts`", "1 .. 100"},
    {GOOD "\"trial\":{\"max_attempts\":101}}", 5, 25, "`trial.max_attempts`", "not 101"},
    {GOOD "\"trial\":{\"memory_mb\":0}}", 5, 22, "`trial.memory_mb`", "(MB)"},
    {GOOD "\"trial\":{\"file_mb\":-1}}", 5, 20, "`trial.file_mb`", "(MB)"},
    {GOOD "\"trial\":{\"processes\":16001}}", 5, 22, "`trial.processes`", NULL},
    {GOOD "\"trial\":{\"output_mb\":1e9}}", 5, 22, "`trial.output_mb`", NULL},
    {GOOD "\"trial\":{\"retry_errors\":1}}", 5, 25, "`trial.retry_errors` must be true or false",
     "not 1"},
    {GOOD "\"trial\":{\"lease_s\":1}}", 5, 20, "`trial.lease_s` must be a number in 2 .. 3600",
     NULL},
    {GOOD "\"trial\":{\"lease_s\":3601}}", 5, 20, "`trial.lease_s`", NULL},
    {GOOD "\"trial\":{\"grace_s\":-1}}", 5, 20, "`trial.grace_s`", NULL},
    {GOOD "\"trial\":{\"retry_error\":true}}", 5, 10, "unknown key `retry_error` in trial",
     "`retry_errors`"},
    {GOOD "\"queue\":{\"ahead\":\"many\"}}", 5, 18, "`queue.ahead` must be \"auto\" or an integer",
     "not \"many\""},
    {GOOD "\"queue\":{\"ahead\":100001}}", 5, 18, "`queue.ahead`", NULL},
    {GOOD "\"queue\":[]}", 5, 9, "`queue` must be an object", "a list"},
    /* the objective */
    {GOOD "\"objective\":\"./x\"}", 5, 13, "`objective` must be an object", NULL},
    {GOOD "\"objective\":{}}", 5, 13, "exactly one of `command`, `server` and `plugin`", "none"},
    {GOOD "\"objective\":{\"command\":[\"a\"],\"server\":[\"b\"]}}", 5, 13, "exactly one of",
     "several"},
    {GOOD "\"objective\":{\"comand\":[\"a\"]}}", 5, 14, "unknown key `comand` in objective",
     "`command`"},
    {GOOD "\"objective\":{\"command\":\"./x -a\"}}", 5, 24,
     "`objective.command` must be a list of at least one string", "not a string"},
    {GOOD "\"objective\":{\"command\":[]}}", 5, 24, "not empty", NULL},
    {GOOD "\"objective\":{\"command\":[\"a\",\n5]}}", 6, 1,
     "argument 1 must be a string, not a number", NULL},
    {GOOD "\"objective\":{\"command\":[\"\"]}}", 5, 25, "the program's name is empty", NULL},
    {GOOD "\"objective\":{\"plugin\":[\"a.so\"]}}", 5, 23, "`objective.plugin` must be the file",
     NULL},
    {GOOD "\"objective\":{\"command\":[\"a\"],\"config\":{}}}", 5, 30,
     "`objective.config` is only for a plugin", NULL},
    {GOOD "\"objective\":{\"command\":[\"a\"],\"start_timeout_s\":5}}", 5, 30,
     "`objective.start_timeout_s` is only for a server", NULL},
    {GOOD "\"objective\":{\"server\":[\"a\"],\"start_timeout_s\":0}}", 5, 47,
     "`objective.start_timeout_s` must be a number above 0", NULL},
    /* placeholders */
    {GOOD "\"objective\":{\"command\":[\"a\",\n\"--r={deep/b/rat}\"]}}", 6, 1,
     "unknown label {deep/b/rat}: did you mean {deep/b/rate}?", "{{"},
    {GOOD "\"objective\":{\"command\":[\"a\",\"{rate}\"]}}", 5, 29,
     "unknown label {rate}: did you mean {deep/b/rate}?", NULL},
    {GOOD "\"objective\":{\"command\":[\"{zzzzzzzz}\"]}}", 5, 25, "unknown label {zzzzzzzz}", NULL},
    {GOOD "\"objective\":{\"command\":[\"{}\"]}}", 5, 25, "unknown label {}", NULL},
    {GOOD "\"objective\":{\"command\":[\"a\",\"{x\"]}}", 5, 29, "'{' is not closed", NULL},
    {GOOD "\"objective\":{\"command\":[\"awk\",\"{print $1}\"]}}", 5, 31,
     "unknown label {print $1}", "write {{"},
    /* points */
    {GOOD "\"points\":{\"x\":1}}", 5, 10, "`points` must be a list", NULL},
    {GOOD "\"points\":[{\"x\":0.5,\"deep\":1},\n{\"x\":2,\"deep\":1}]}", 6, 6, "point 1", "x"},
    {GOOD "\"points\":[\n{\"x\":0.5}]}", 6, 1, "point 0", "deep"},
    {GOOD "\"points\":[\n{\"x\":0.5,\"deep\":1,\"y\":2}]}", 6, 19, "point 0", "y"},
    {GOOD "\"points\":[\n{\"x\":0.5,\"deep\":{\"_name\":\"b\"}}]}", 6, 17, "point 0", "rate"},
    {GOOD "\"points\":[\n{\"x\":0.5,\"deep\":{\"_name\":\"c\",\"rate\":1}}]}", 6, 26, "point 0",
     "deep"},
    {GOOD "\"points\":[\n7]}", 6, 1, "point 0", NULL},
    /* the space: labels come with the position */
    {"{\n" NAME "\"space\":7}", 3, 9, "space", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"unifrom\",\"_value\":[0,1]}}}", 4, 0, "x", "unifrom"},
    {IN_SPACE "\"x\":{\"_type\":\"uniform\",\"_value\":[1,0]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"uniform\",\"_value\":[1,1]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"uniform\",\"_value\":[NaN,1]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"uniform\",\"_value\":[0,Infinity]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"loguniform\",\"_value\":[0,1]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"quniform\",\"_value\":[0,1,0]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"normal\",\"_value\":[0,-1]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"choice\",\"_value\":[]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"pchoice\",\"_value\":[[0.5,1],[0.4,2]]}}}", 4, 0, "x", NULL},
    {IN_SPACE "\"x.y\":{\"_type\":\"uniform\",\"_value\":[0,1]}}}", 4, 0, "x.y", NULL},
    {IN_SPACE "\"x\":{\"_type\":\"uniform\",\"_value\":[0,1],\"_label\":\"l\"},\n"
              "\"y\":{\"_type\":\"uniform\",\"_value\":[0,2],\"_label\":\"l\"}}}",
     5, 0, "l", NULL},
    /* a NaN that no check looks at is still no JSON */
    {IN_SPACE "\"x\":{\"_type\":\"choice\",\"_value\":[1,\nNaN]}}}", 5, 1, "", NULL},
};

static void report(const char *text, const hopt_errors *errors) {
    printf("%s\n", text);
    for (size_t i = 0; i < errors->count; i++) {
        char line[700];
        hopt_error_text(line, sizeof line, "study.json", &errors->list[i]);
        printf("  %s\n", line);
    }
}

/* Column 0 in a row: any column (the space's own tests pin it). */
Test(study_errors, golden) {
    int bad = 0;
    for (size_t i = 0; i < HOPT_COUNT(rows); i++) {
        const golden *row = &rows[i];
        hopt_study_spec *spec;
        hopt_errors errors = {0};
        hopt_status status =
            hopt_study_spec_parse(&spec, row->text, strlen(row->text), NULL, NULL, 0, &errors);
        const hopt_error *first = &errors.list[0];
        bool good = status == HOPT_EINVAL && !spec && errors.count > 0 &&
                    first->line == row->line &&
                    (row->column ? first->column == row->column : first->column > 0) &&
                    strstr(first->message, row->message) && first->message[0] &&
                    (!row->also || strstr(first->message, row->also));
        if (!good) {
            printf("row %zu wants %d:%d %s … %s\n", i, row->line, row->column, row->message,
                   row->also ? row->also : "");
            report(row->text, &errors);
            bad++;
        }
        if (spec) hopt_study_spec_free(spec);
    }
    cr_assert_eq(bad, 0, "%d of %zu rows", bad, HOPT_COUNT(rows));
    cr_assert_geq(HOPT_COUNT(rows), 50u);
}

Test(study_errors, independent_ones_come_together_and_in_order) {
    static const char text[] = "{\n"
                               "\"nam\": \"a\",\n"
                               "\"stop\": {\"max_trials\": 0, \"timeout\": 5},\n"
                               "\"trial\": {\"lease_s\": 1},\n"
                               "\"space\": {\"x\": {\"_type\": \"uniform\", \"_value\": [1, 0]},\n"
                               "          \"y\": {\"_type\": \"normal\", \"_value\": [0, 0]}},\n"
                               "\"objective\": {\"command\": [\"./x\", 5]},\n"
                               "\"direction\": \"down\"}\n";
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    cr_assert_eq(hopt_study_spec_parse(&spec, text, strlen(text), NULL, NULL, 0, &errors),
                 HOPT_EINVAL);
    static const int lines[] = {1, 2, 3, 3, 4, 5, 6, 7, 8};
    if (errors.count != HOPT_COUNT(lines)) report(text, &errors);
    cr_assert_eq(errors.count, HOPT_COUNT(lines));
    for (size_t i = 0; i < errors.count; i++)
        cr_assert_eq(errors.list[i].line, lines[i], "error %zu: %s", i, errors.list[i].message);
}

Test(study_errors, a_great_many_stay_cheap) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_text(&text, GOOD);
    for (int i = 0; i < 100000; i++)
        hopt_buf_print(&text, "\"key%d\":{\"a\":%d},\n", i, i);
    hopt_buf_text(&text, "\"points\":[");
    for (int i = 0; i < 100000; i++)
        hopt_buf_print(&text, "%s{\"x\":7}\n", i ? "," : "");
    hopt_buf_text(&text, "]}");
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    cr_assert_eq(
        hopt_study_spec_parse(&spec, hopt_buf_string(&text), text.length, NULL, NULL, 0, &errors),
        HOPT_EINVAL);
    cr_assert_eq(errors.count, (size_t)HOPT_ERRORS_MAX);
    cr_assert_eq(errors.list[0].line, 5);
    hopt_buf_clear(&text);
}

Test(study_errors, limits) {
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    /* 16 MiB and a byte */
    size_t huge = ((size_t)16 << 20) + 1;
    char *text = hopt_alloc(huge);
    memset(text, ' ', huge);
    cr_assert_eq(hopt_study_spec_parse(&spec, text, huge, NULL, NULL, 0, &errors), HOPT_EINVAL);
    cr_assert_eq(errors.count, 1u);
    cr_assert(strstr(errors.list[0].message, "16 MiB"), "%s", errors.list[0].message);
    /* 5,000 deep */
    memset(&errors, 0, sizeof errors);
    memset(text, '[', 5000);
    cr_assert_eq(hopt_study_spec_parse(&spec, text, 5000, NULL, NULL, 0, &errors), HOPT_EINVAL);
    cr_assert_eq(errors.count, 1u);
    cr_assert_eq(errors.list[0].line, 1);
    free(text);
    /* a NUL byte */
    memset(&errors, 0, sizeof errors);
    cr_assert_eq(hopt_study_spec_parse(&spec, "{\0}", 3, NULL, NULL, 0, &errors), HOPT_EINVAL);
    cr_assert_eq(errors.list[0].column, 2);
}

Test(study_errors, trials_times_parameters) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_text(&text, "{\"name\":\"a\",\"stop\":{\"max_trials\":1000000},\n\"space\":{");
    for (int i = 0; i < 21; i++)
        hopt_buf_print(&text, "%s\"p%d\":{\"_type\":\"uniform\",\"_value\":[0,1]}", i ? "," : "",
                       i);
    hopt_buf_text(&text, "}}");
    hopt_study_spec *spec;
    hopt_errors errors = {0};
    cr_assert_eq(
        hopt_study_spec_parse(&spec, hopt_buf_string(&text), text.length, NULL, NULL, 0, &errors),
        HOPT_EINVAL);
    cr_assert_eq(errors.list[0].line, 1);
    cr_assert_eq(errors.list[0].column, 34);
    cr_assert(strstr(errors.list[0].message, "at most 952380 trials"), "%s",
              errors.list[0].message);
    hopt_buf_clear(&text);
}
