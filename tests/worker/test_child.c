/* The pure half of the child protocol: lines, messages, and the table of DESIGN §4 row by row. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "worker/child_lines.h"
#include "worker/child_protocol.h"
#include "worker/child_result.h"

/* ---- lines ---- */

static void note_piece(void *data, hopt_child_piece piece, const char *text, size_t length) {
    static const char marks[] = {
        [HOPT_CHILD_LINE] = 'L', [HOPT_CHILD_LONG] = 'p', [HOPT_CHILD_LONG_LAST] = 'P'};
    if (length > 20)
        hopt_buf_print(data, "%c%zu;", marks[piece], length);
    else
        hopt_buf_print(data, "%c[%.*s];", marks[piece], (int)length, text);
}

Test(lines, are_the_same_however_the_bytes_come) {
    static const char text[] = "one\n\ntwo\nthree";
    for (size_t step = 1; step <= sizeof text; step++) {
        hopt_child_lines lines = {0};
        hopt_buf seen = HOPT_BUF_INIT;
        for (size_t at = 0; at < sizeof text - 1; at += step) {
            size_t left = sizeof text - 1 - at;
            hopt_child_lines_feed(&lines, text + at, left < step ? left : step, note_piece, &seen);
        }
        cr_assert_str_eq(hopt_buf_string(&seen), "L[one];L[];L[two];");
        hopt_child_lines_end(&lines, note_piece, &seen);
        cr_assert_str_eq(hopt_buf_string(&seen), "L[one];L[];L[two];L[three];");
        hopt_child_lines_clear(&lines);
        hopt_buf_clear(&seen);
    }
}

Test(lines, longest_is_one_mebibyte_and_longer_ones_keep_no_memory) {
    char *text = malloc(HOPT_CHILD_LINE_MAX + 2);
    cr_assert(text);
    memset(text, 'x', HOPT_CHILD_LINE_MAX + 1);
    hopt_child_lines lines = {0};
    hopt_buf seen = HOPT_BUF_INIT;
    text[HOPT_CHILD_LINE_MAX] = '\n';
    hopt_child_lines_feed(&lines, text, HOPT_CHILD_LINE_MAX + 1, note_piece, &seen);
    cr_assert_str_eq(hopt_buf_string(&seen), "L1048576;");
    hopt_buf_reset(&seen);
    text[HOPT_CHILD_LINE_MAX] = 'x';
    hopt_child_lines_feed(&lines, text, 600000, note_piece, &seen);
    hopt_child_lines_feed(&lines, text, 600000, note_piece, &seen);
    cr_assert_eq(lines.pending.capacity, 0);
    hopt_child_lines_feed(&lines, text, 30, note_piece, &seen);
    hopt_child_lines_feed(&lines, "end\nnext\n", 9, note_piece, &seen);
    cr_assert_str_eq(hopt_buf_string(&seen), "p600000;p600000;p30;P[end];L[next];");
    hopt_child_lines_clear(&lines);
    hopt_buf_clear(&seen);
    free(text);
}

/* ---- messages ---- */

static void check_parse(const char *line, hopt_child_kind kind, const char *error) {
    hopt_child_message message;
    hopt_child_parse(&message, line, strlen(line));
    cr_assert_eq(message.kind, kind, "%s: kind %d, error %s", line, message.kind, message.error);
    if (error) cr_assert_str_eq(message.error, error, "%s: %s", line, message.error);
    hopt_child_message_clear(&message);
}

Test(protocol, everything_that_is_no_message_is_log) {
    static const char *const logs[] = {"",
                                       "epoch 3",
                                       "{",
                                       "{\"report\":",
                                       "{\"report\":{\"step\":1,\"loss\":2}} trailing",
                                       "{\"report\":{\"step\":1,\"loss\":2},\"more\":1}",
                                       "{\"level\":\"info\",\"report\":1}",
                                       "{\"loss\":0.3}",
                                       "[{\"result\":{\"loss\":1}}]",
                                       "{\"result\":{\"loss\":1,\"loss\":2}}",
                                       "{\"result\":{\"loss\":\"\xff\"}}",
                                       "\"result\"",
                                       "0.3"};
    for (size_t i = 0; i < HOPT_COUNT(logs); i++)
        check_parse(logs[i], HOPT_CHILD_LOG, NULL);
}

Test(protocol, wrong_shapes_name_the_key) {
    static const struct {
        const char *line, *error;
    } bad[] = {
        {"{\"report\":5}", "report must be an object with \"step\" and \"loss\", not a number"},
        {"{\"report\":{\"loss\":1}}", "report.step must be an integer, not missing"},
        {"{\"report\":{\"step\":1.5,\"loss\":1}}", "report.step must be an integer"},
        {"{\"report\":{\"step\":NaN,\"loss\":1}}", "report.step must be an integer, not a string"},
        {"{\"report\":{\"step\":1e300,\"loss\":1}}", "report.step must be an integer"},
        {"{\"report\":{\"step\":1,\"loss\":\"low\"}}",
         "report.loss must be a number, not a string"},
        {"{\"report\":{\"step\":1}}", "report.loss must be a number, not missing"},
        {"{\"attach\":\"m.bin\"}",
         "attach must be an object with the strings \"name\" and \"file\""},
        {"{\"attach\":{\"name\":\"\",\"file\":\"m\"}}", "attach.name must have 1 to 255 bytes"},
        {"{\"attach\":{\"name\":\"a\\nb\",\"file\":\"m\"}}",
         "attach.name holds a control character"},
        {"{\"attach\":{\"name\":\"a\",\"file\":\"\"}}", "attach.file is empty"},
        {"{\"result\":0.3}", "result must be an object with \"loss\", not a number"},
        {"{\"result\":{}}", "result has no \"loss\""},
        {"{\"result\":{\"loss\":null}}", "result.loss must be a number, not null"},
        {"{\"result\":{\"loss\":[1]}}", "result.loss must be a number, not a list"},
        {"{\"result\":{\"loss\":true}}", "result.loss must be a number, not a boolean"},
        {"{\"result\":{\"loss\":1,\"status\":\"good\"}}",
         "result.status must be \"ok\" or \"fail\", not \"good\""},
        {"{\"result\":{\"loss\":1,\"status\":1}}",
         "result.status must be \"ok\" or \"fail\", not a number"},
        {"{\"result\":{\"status\":\"fail\",\"status_fail\":{}}}",
         "result.status_fail must be a string, not an object"},
        {"{\"result\":{\"loss\":1,\"m\":{\"a.b\":1}}}",
         "result: key \"a.b\" may not be empty, begin with '$' or hold a '.'"},
        {"{\"result\":{\"loss\":1,\"$set\":1}}",
         "result: key \"$set\" may not be empty, begin with '$' or hold a '.'"},
        {"{\"ready\":false}", "ready must be true, not false"},
        {"{\"ready\":1}", "ready must be true, not a number"},
    };
    for (size_t i = 0; i < HOPT_COUNT(bad); i++)
        check_parse(bad[i].line, HOPT_CHILD_BAD, bad[i].error);
}

Test(protocol, messages) {
    hopt_child_message message;
    const char *line = " { \"report\" : {\"step\": 3, \"loss\": 0.4, \"note\": 1}}\r";
    hopt_child_parse(&message, line, strlen(line));
    cr_assert_eq(message.kind, HOPT_CHILD_REPORT);
    cr_assert_eq(message.step, 3);
    cr_assert_eq(message.loss, 0.4);
    hopt_child_message_clear(&message);
    line = "{\"report\":{\"step\":4.0,\"loss\":NaN}}";
    hopt_child_parse(&message, line, strlen(line));
    cr_assert_eq(message.kind, HOPT_CHILD_REPORT);
    cr_assert_eq(message.step, 4);
    cr_assert(isnan(message.loss));
    hopt_child_message_clear(&message);
    line = "{\"attach\":{\"name\":\"model\",\"file\":\"m.bin\"}}";
    hopt_child_parse(&message, line, strlen(line));
    cr_assert_eq(message.kind, HOPT_CHILD_ATTACH);
    cr_assert_str_eq(message.name, "model");
    cr_assert_str_eq(message.file, "m.bin");
    hopt_child_message_clear(&message);
    check_parse("{\"ready\":true}", HOPT_CHILD_READY, NULL);
}

Test(protocol, result_keeps_extras) {
    hopt_child_message message;
    const char *line = "{\"result\":{\"loss\":-Infinity,\"status\":\"ok\",\"acc\":0.9,\"n\":[1]}}";
    hopt_child_parse(&message, line, strlen(line));
    cr_assert_eq(message.kind, HOPT_CHILD_RESULT);
    cr_assert(message.result.has_loss && !message.result.fail);
    cr_assert_eq(message.result.loss, -INFINITY);
    char *extras = hopt_json_text(message.result.extras);
    cr_assert_str_eq(extras, "{\"acc\":0.9,\"n\":[1]}");
    free(extras);
    hopt_child_message_clear(&message);
    line = "{\"result\":{\"status\":\"fail\",\"status_fail\":\"diverged\",\"loss\":null}}";
    hopt_child_parse(&message, line, strlen(line));
    cr_assert(message.kind == HOPT_CHILD_RESULT && message.result.fail && !message.result.has_loss);
    cr_assert_str_eq(message.result.status_fail, "diverged");
    cr_assert_null(message.result.extras);
    hopt_child_message_clear(&message);
}

Test(protocol, extras_nest_no_deeper_than_stores_take) {
    hopt_buf line = HOPT_BUF_INIT;
    hopt_buf_text(&line, "{\"result\":{\"loss\":1,\"deep\":");
    for (int i = 0; i < 100; i++)
        hopt_buf_char(&line, '[');
    for (int i = 0; i < 100; i++)
        hopt_buf_char(&line, ']');
    hopt_buf_text(&line, "}}");
    check_parse(hopt_buf_string(&line), HOPT_CHILD_BAD, "result is nested deeper than 64");
    hopt_buf_clear(&line);
}

Test(protocol, trial_line) {
    hopt_buf line = HOPT_BUF_INIT;
    json_t *params = json_pack("{s:f,s:b}", "C", 0.1, "scale", 1);
    hopt_child_trial trial = {.study = "digits",
                              .num = 7,
                              .attempt = 1,
                              .lease = 4,
                              .seed = UINT64_C(9223372036854775807),
                              .slot = 2,
                              .params = params,
                              .workdir = "/tmp/a\"b"};
    hopt_child_print_trial(&line, &trial);
    cr_assert_str_eq(
        hopt_buf_string(&line),
        "{\"hopt\":1,\"study\":\"digits\",\"trial\":7,\"attempt\":1,\"seed\":9223372036854775807,"
        "\"slot\":2,\"params\":{\"C\":0.1,\"scale\":true},\"workdir\":\"/tmp/"
        "a\\\"b\",\"lease\":4}\n");
    json_decref(params);
    hopt_buf_clear(&line);
}

/* ---- last line of a command ---- */

Test(last_line, numbers_of_all_languages) {
    static const struct {
        const char *line;
        double value;
    } good[] = {{"0.5", 0.5},
                {" 3 \r", 3},
                {".25", .25},
                {"1e-05", 1e-5},
                {"+2", 2},
                {"-7.", -7},
                {"inf", INFINITY},
                {"-Infinity", -INFINITY},
                {"{\"loss\":4}", 4},
                {"1E3", 1000},
                {"{\"loss\": \"NaN\"}", NAN},
                {"nan", NAN}};
    for (size_t i = 0; i < HOPT_COUNT(good); i++) {
        hopt_child_loss loss;
        hopt_error err;
        cr_assert_eq(hopt_child_parse_last(&loss, good[i].line, strlen(good[i].line), &err),
                     HOPT_OK, "%s", good[i].line);
        cr_assert(loss.has_loss);
        cr_assert(loss.loss == good[i].value || (isnan(loss.loss) && isnan(good[i].value)), "%s",
                  good[i].line);
        hopt_child_loss_clear(&loss);
    }
}

Test(last_line, everything_else_is_an_error) {
    static const struct {
        const char *line, *part;
    } bad[] = {{"loss: 0.3", "neither a number nor an object"},
               {"0x10", "neither a number"},
               {"1 2", "neither a number"},
               {"1,5", "neither a number"},
               {"nan(1)", "neither a number"},
               {"[1]", "neither a number"},
               {"{\"loss\":}", "is no JSON: column "},
               {"{\"score\":1}", "has no \"loss\""},
               {"{\"loss\":\"low\"}", "must be a number, not a string"}};
    for (size_t i = 0; i < HOPT_COUNT(bad); i++) {
        hopt_child_loss loss;
        hopt_error err = {0};
        cr_assert_eq(hopt_child_parse_last(&loss, bad[i].line, strlen(bad[i].line), &err),
                     HOPT_EINVAL, "%s", bad[i].line);
        cr_assert(strstr(err.message, bad[i].part), "%s: %s", bad[i].line, err.message);
    }
}

/* ---- the table ---- */

static const hopt_child_loss loss_half = {.has_loss = true, .loss = 0.5};
static const hopt_child_loss loss_nan = {.has_loss = true, .loss = NAN};
static const hopt_child_loss loss_inf = {.has_loss = true, .loss = -INFINITY};
static const hopt_child_loss loss_fail = {.fail = true};
static const hopt_child_loss loss_fail_nan = {.fail = true, .has_loss = true, .loss = NAN};

static const struct row {
    const char *name;
    hopt_child_outcome in;
    hopt_state state;
    bool ok;
    const char *word; /* status_fail, error type or stop */
    const char *message;
} table[] = {
    {"loss finite", {.end = HOPT_CHILD_EXITED, .loss = &loss_half}, HOPT_DONE, true, NULL, NULL},
    {"server", {.end = HOPT_CHILD_GAVE, .loss = &loss_half}, HOPT_DONE, true, NULL, NULL},
    {"fail",
     {.end = HOPT_CHILD_EXITED, .loss = &loss_fail},
     HOPT_DONE,
     false,
     "the objective said fail",
     NULL},
    {"fail, nan",
     {.end = HOPT_CHILD_EXITED, .loss = &loss_fail_nan},
     HOPT_DONE,
     false,
     "the objective said fail",
     NULL},
    {"nan", {.end = HOPT_CHILD_EXITED, .loss = &loss_nan}, HOPT_DONE, false, "loss is nan", NULL},
    {"inf", {.end = HOPT_CHILD_GAVE, .loss = &loss_inf}, HOPT_DONE, false, "loss is nan", NULL},
    {"exit beats a valid line",
     {.end = HOPT_CHILD_EXITED, .code = 3, .loss = &loss_half, .last_log = "Traceback"},
     HOPT_ERROR,
     false,
     "Exit",
     "exit code 3; last output: Traceback"},
    {"exit beats a bad line",
     {.end = HOPT_CHILD_EXITED, .code = 1, .bad = "x"},
     HOPT_ERROR,
     false,
     "Exit",
     "exit code 1"},
    {"signal",
     {.end = HOPT_CHILD_SIGNALED, .code = 11, .loss = &loss_half},
     HOPT_ERROR,
     false,
     "Signal",
     "killed by signal 11 (Segmentation fault)"},
    {"kill",
     {.end = HOPT_CHILD_SIGNALED, .code = 9},
     HOPT_ERROR,
     false,
     "Signal",
     "killed by signal 9 (Killed), perhaps by the system for its memory"},
    {"time-out",
     {.end = HOPT_CHILD_TIMEOUT, .limit = 2.5, .loss = &loss_half},
     HOPT_ERROR,
     false,
     "Timeout",
     "not done within 2.5 s"},
    {"memory",
     {.end = HOPT_CHILD_MEMORY, .limit = 100, .message = "120 MB in 2 processes"},
     HOPT_ERROR,
     false,
     "Memory",
     "used more than 100 MB of memory: 120 MB in 2 processes"},
    {"output",
     {.end = HOPT_CHILD_OUTPUT, .limit = 4},
     HOPT_ERROR,
     false,
     "BadResult",
     "printed more than 4 MB"},
    {"start",
     {.end = HOPT_CHILD_UNSTARTED, .message = "./x: No such file or directory"},
     HOPT_ERROR,
     false,
     "Start",
     "./x: No such file or directory"},
    {"no result",
     {.end = HOPT_CHILD_EXITED, .last_log = "done"},
     HOPT_ERROR,
     false,
     "NoResult",
     "ended without a result; last output: done"},
    {"bad result",
     {.end = HOPT_CHILD_GAVE, .bad = "result has no \"loss\""},
     HOPT_ERROR,
     false,
     "BadResult",
     "result has no \"loss\""},
    {"bad message beats a result",
     {.end = HOPT_CHILD_EXITED, .bad = "report.step", .loss = &loss_half},
     HOPT_ERROR,
     false,
     "BadResult",
     "report.step"},
    {"pruned",
     {.end = HOPT_CHILD_STOPPED, .stop = "pruned", .loss = &loss_half, .code = 1},
     HOPT_CANCEL,
     false,
     "pruned",
     NULL},
    {"cancelled",
     {.end = HOPT_CHILD_STOPPED, .stop = "cancelled"},
     HOPT_CANCEL,
     false,
     "cancelled",
     NULL},
};

Test(table, every_row) {
    for (size_t i = 0; i < HOPT_COUNT(table); i++) {
        const struct row *row = &table[i];
        hopt_result result;
        hopt_child_result(&result, &row->in);
        cr_assert_eq(result.state, row->state, "%s: state %d", row->name, result.state);
        cr_assert_eq(result.ok, row->ok, "%s", row->name);
        const char *word = row->state == HOPT_DONE    ? result.status_fail
                           : row->state == HOPT_ERROR ? result.error_type
                                                      : result.stop;
        if (row->word)
            cr_assert_str_eq(word, row->word, "%s: %s", row->name, word);
        else
            cr_assert_null(word, "%s", row->name);
        if (row->message)
            cr_assert_str_eq(result.error_message, row->message, "%s: %s", row->name,
                             result.error_message);
        else
            cr_assert_null(result.error_message, "%s", row->name);
        cr_assert_eq(result.has_loss, row->ok, "%s", row->name);
        hopt_result_clear(&result);
    }
}

Test(table, maximize_negates_and_cancel_has_the_last_report) {
    hopt_result result;
    hopt_child_outcome outcome = {.end = HOPT_CHILD_GAVE, .loss = &loss_half, .maximize = true};
    hopt_child_result(&result, &outcome);
    cr_assert_eq(result.loss, -0.5);
    hopt_result_clear(&result);
    outcome = (hopt_child_outcome){.end = HOPT_CHILD_STOPPED,
                                   .stop = "pruned",
                                   .loss = &loss_half,
                                   .has_report = true,
                                   .step = 4,
                                   .reported = 0.75};
    hopt_child_result(&result, &outcome);
    cr_assert(result.has_loss && result.has_step);
    cr_assert_eq(result.loss, 0.75);
    cr_assert_eq(result.step, 4);
    cr_assert_str_eq(result.status_fail, "pruned");
    hopt_result_clear(&result);
}

/* ---- the objective that serves a Python driver ---- */

Test(driver, messages) {
    hopt_child_message message;
    static const char error[] = "{\"error\":{\"type\":\"<class 'E'>\",\"message\":\"a\\nb\"}}";
    hopt_child_parse(&message, error, strlen(error));
    cr_assert_eq(message.kind, HOPT_CHILD_ERROR);
    cr_assert_str_eq(message.type, "<class 'E'>");
    cr_assert_str_eq(message.text, "a\nb");
    hopt_child_message_clear(&message);
    static const char ask[] = "{\"ask\":{\"fetch\":{\"name\":\"x\"}}}";
    hopt_child_parse(&message, ask, strlen(ask));
    cr_assert_eq(message.kind, HOPT_CHILD_ASK);
    cr_assert_str_eq(hopt_json_string_of(json_object_get(message.ask, "fetch"), "name"), "x");
    hopt_child_message_clear(&message);
    check_parse("{\"error\":{\"type\":1,\"message\":\"b\"}}", HOPT_CHILD_BAD,
                "error must be an object with the strings \"type\" and \"message\"");
    check_parse("{\"error\":\"text\"}", HOPT_CHILD_BAD,
                "error must be an object with the strings \"type\" and \"message\"");
    check_parse("{\"ask\":{\"a\":{},\"b\":{}}}", HOPT_CHILD_BAD,
                "ask must be an object with one object in it");
    check_parse("{\"ask\":{\"a\":1}}", HOPT_CHILD_BAD,
                "ask must be an object with one object in it");
    check_parse("{\"ask\":[]}", HOPT_CHILD_BAD, "ask must be an object with one object in it");
}

/* Its error is stored in its own words, whatever it printed. */
Test(driver, an_error_is_verbatim) {
    hopt_result result;
    hopt_child_outcome outcome = {.end = HOPT_CHILD_GAVE,
                                  .error_type = "<class 'E'>",
                                  .error_text = "",
                                  .last_log = "Traceback"};
    hopt_child_result(&result, &outcome);
    cr_assert_eq(result.state, HOPT_ERROR);
    cr_assert_str_eq(result.error_type, "<class 'E'>");
    cr_assert_str_eq(result.error_message, "");
    hopt_result_clear(&result);
}
