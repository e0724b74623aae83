/* The pure parts of the command line: progress line, picture, table of characters, CSV. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/csv.h"
#include "cli/plot_text.h"
#include "cli/progress.h"
#include "cli/term.h"
#include "common/base/alloc.h"

/* ---- terminal text ---- */

Test(term, control_characters_and_broken_utf8_become_question_marks) {
    static const struct {
        const char *in, *out;
    } cases[] = {{"plain", "plain"},
                 {"a\033[31mb", "a?[31mb"},
                 {"a\x7f\x01", "a??"},
                 {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
                 {"\xc2\x9b"
                  "31m",
                  "?31m"}, /* CSI as one character */
                 {"\xff\xfe", "??"},
                 {"\xc3", "?"},
                 {"\xed\xa0\x80", "???"}, /* a surrogate */
                 {"\xf4\x90\x80\x80", "????"},
                 {"two\nlines\tx", "two\nlines\tx"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hopt_buf out = HOPT_BUF_INIT;
        hopt_term_clean(&out, cases[i].in, strlen(cases[i].in), "\n\t");
        cr_expect_str_eq(hopt_buf_string(&out), cases[i].out, "case %zu: %s", i, out.data);
        hopt_buf_clear(&out);
    }
}

Test(term, a_nul_is_never_kept) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_term_clean(&out, "a\0b", 3, "\n\t");
    cr_expect_str_eq(out.data, "a?b");
    hopt_buf_clear(&out);
}

Test(term, columns_count_characters) {
    cr_expect_eq(hopt_term_columns("gr\xc3\xbc\xc3\x9f"), 4);
    cr_expect_eq(hopt_term_cut("gr\xc3\xbc\xc3\x9f", 3), 4);
    cr_expect_eq(hopt_term_cut("ab", 5), 2);
}

/* ---- progress ---- */

static const hopt_progress_state half = {.name = "digits",
                                         .done = 100,
                                         .total = 200,
                                         .running = 4,
                                         .failed = 3,
                                         .has_best = true,
                                         .best = 0.03125,
                                         .rate = 2.5,
                                         .left_ms = 40000};

Test(progress, the_line_fits_every_width_and_keeps_what_matters) {
    for (int utf8 = 0; utf8 < 2; utf8++) {
        for (int width = 20; width < 200; width++) {
            hopt_buf line = HOPT_BUF_INIT;
            hopt_progress_line(&line, &half, width, utf8);
            cr_expect(hopt_term_columns(line.data) < width, "%d: %s", width, line.data);
            cr_expect(strncmp(line.data, "digits 100/200", 14) == 0, "%d: %s", width, line.data);
            if (width >= 44)
                cr_expect(strstr(line.data, "best 0.03125"), "%d: %s", width, line.data);
            if (width >= 100) {
                cr_expect(strstr(line.data, "3 failed"), "%s", line.data);
                cr_expect(strstr(line.data, "4 running"), "%s", line.data);
                cr_expect(strstr(line.data, "2.5/s"), "%s", line.data);
                cr_expect(strstr(line.data, "40"), "%s", line.data);
            }
            hopt_buf_clear(&line);
        }
    }
}

Test(progress, the_bar_is_as_long_as_the_part) {
    hopt_progress_state state = half;
    for (int done = 0; done <= 200; done += 20) {
        hopt_buf line = HOPT_BUF_INIT;
        size_t filled = 0;
        state.done = done;
        hopt_progress_line(&line, &state, 150, false);
        for (const char *c = line.data; *c; c++)
            filled += *c == '#';
        cr_expect_eq(filled, (size_t)(30 * done / 200), "%d: %s", done, line.data);
        hopt_buf_clear(&line);
    }
}

Test(progress, without_a_limit_there_is_no_bar_and_no_time_left) {
    hopt_progress_state state = half;
    hopt_buf line = HOPT_BUF_INIT;
    state.total = 0;
    hopt_progress_line(&line, &state, 120, false);
    cr_expect_null(strchr(line.data, '['), "%s", line.data);
    cr_expect_null(strstr(line.data, "left"), "%s", line.data);
    hopt_buf_reset(&line);
    hopt_progress_text(&line, &half);
    cr_expect(strncmp(line.data, "digits: 100/200 trials", 22) == 0, "%s", line.data);
    hopt_buf_clear(&line);
}

/* ---- picture ---- */

static size_t lines_of(const char *text) {
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

Test(plot, ascii_shows_falling_best_and_outliers_at_the_edge) {
    double losses[60];
    for (int i = 0; i < 60; i++)
        losses[i] = 10 - i * 0.1;
    losses[5] = 1e9; /* one outlier must not flatten the rest */
    losses[7] = NAN;
    hopt_buf out = HOPT_BUF_INIT;
    hopt_plot_losses(&out, losses, 60, 72, 8, false, false);
    cr_assert_eq(lines_of(out.data), 10, "%s", out.data);
    cr_expect(strstr(out.data, "4.1 |"), "the lowest loss is the axis' end:\n%s", out.data);
    cr_expect_null(strstr(out.data, "1e+09"), "%s", out.data);
    cr_expect(strstr(out.data, "59"), "%s", out.data);
    for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"))
        cr_expect(strlen(line) <= 72, "%s", line);
    hopt_buf_clear(&out);
}

Test(plot, the_best_line_follows_the_direction) {
    double losses[] = {1, 2, 3, 4};
    hopt_buf low = HOPT_BUF_INIT, high = HOPT_BUF_INIT;
    hopt_plot_losses(&low, losses, 4, 60, 4, false, false);
    hopt_plot_losses(&high, losses, 4, 60, 4, false, true);
    /* Minimized, the first trial stays best: the bottom row is one line. */
    const char *bottom = strstr(low.data, "1 |");
    cr_assert_not_null(bottom, "%s", low.data);
    cr_expect_eq(strspn(bottom + 3, "-"), 49, "%s", low.data);
    const char *top = strstr(high.data, "4 |");
    cr_assert_not_null(top, "%s", high.data);
    cr_expect(strcspn(top + 3, "-") > 40, "maximized, the best rises at the end:\n%s", high.data);
    hopt_buf_clear(&low);
    hopt_buf_clear(&high);
}

Test(plot, one_trial_equal_losses_and_none) {
    double same[] = {2, 2, 2}, none[] = {NAN, NAN};
    hopt_buf out = HOPT_BUF_INIT;
    hopt_plot_losses(&out, none, 2, 60, 4, true, false);
    hopt_plot_losses(&out, none, 0, 60, 4, true, false);
    cr_expect_eq(out.length, 0);
    hopt_plot_losses(&out, same, 3, 60, 4, true, false);
    cr_expect_eq(lines_of(out.data), 6);
    hopt_buf_reset(&out);
    hopt_plot_losses(&out, same, 1, 60, 4, true, true);
    cr_expect_eq(lines_of(out.data), 6);
    hopt_buf_clear(&out);
}

Test(plot, a_wide_positive_range_is_logarithmic) {
    double losses[100];
    for (int i = 0; i < 100; i++)
        losses[i] = pow(10, -i / 20.0);
    hopt_buf out = HOPT_BUF_INIT;
    hopt_plot_losses(&out, losses, 100, 60, 6, true, false);
    cr_expect(strstr(out.data, "log scale"), "%s", out.data);
    losses[3] = -1;
    hopt_buf_reset(&out);
    hopt_plot_losses(&out, losses, 100, 60, 6, true, false);
    cr_expect_null(strstr(out.data, "log scale"), "%s", out.data);
    hopt_buf_clear(&out);
}

/* ---- CSV ---- */

Test(csv, fields_are_quoted_and_columns_learnt) {
    static const char text[] =
        "{\"name\":\"t\",\"space\":{\"a,b\":{\"_type\":\"uniform\",\"_value\":[0,1]}},"
        "\"direction\":\"maximize\"}";
    hopt_errors errors = {0};
    hopt_study_spec *spec;
    cr_assert_eq(hopt_study_spec_parse(&spec, text, strlen(text), NULL, NULL, 0, &errors), HOPT_OK,
                 "%s", errors.list[0].message);
    hopt_csv *csv = hopt_csv_new(spec);
    hopt_trial *trial = hopt_trial_new();
    trial->num = 4;
    trial->tid = 9;
    trial->state = HOPT_DONE;
    trial->vals = json_pack("{s:[f]}", "a,b", 0.5);
    trial->result.state = HOPT_DONE;
    trial->result.ok = trial->result.has_loss = true;
    trial->result.loss = -0.25;
    trial->result.extras = json_pack("{s:s, s:i}", "note", "say \"hi\",\nplease", "n", 3);
    hopt_buf out = HOPT_BUF_INIT;
    hopt_csv_learn(csv, trial);
    hopt_csv_head(csv, &out);
    hopt_csv_row(csv, &out, trial);
    cr_expect_str_eq(out.data,
                     "num,tid,state,status,loss,attempt,worker,start,end,ms,error,\"param a,b\","
                     "result note,result n\n"
                     "4,9,done,ok,0.25,1,,,,0,,0.5,\"say \"\"hi\"\",\nplease\",3\n");
    hopt_buf_clear(&out);
    hopt_trial_free(trial);
    hopt_csv_free(csv);
    hopt_study_spec_free(spec);
}
