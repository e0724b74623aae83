#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/term.h"
#include "common/base/alloc.h"
#include "common/base/time.h"

enum {
    DRAW_EVERY_MS = 100,
    FIRST_LINE_MS = 1000,
    LINE_EVERY_MAX_MS = 30000,
    SAMPLES = 32,          /* of (time, done) for the rate */
    SAMPLE_EVERY_MS = 1000 /* so that it looks back half a minute */
};

struct hopt_progress {
    hopt_progress_state state;
    bool quiet, tty, utf8, drawn, dirty;
    int64_t start_ms, drawn_ms, line_after_ms;
    int64_t line_gap_ms;
    int64_t times[SAMPLES], dones[SAMPLES];
    int n_samples;
};

/* ---- the text ---- */

static void bar(hopt_buf *out, double part, int cells, bool utf8) {
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (part < 0) part = 0;
    if (part > 1) part = 1;
    int full8 = (int)(part * cells * 8 + 1e-9);
    hopt_buf_text(out, utf8 ? "▕" : "[");
    for (int i = 0; i < cells; i++) {
        int here = full8 - i * 8;
        if (utf8)
            hopt_buf_text(out, here >= 8 ? "█" : here > 0 ? eighths[here] : " ");
        else
            hopt_buf_char(out, here >= 8 ? '#' : here >= 4 ? '-' : ' ');
    }
    hopt_buf_text(out, utf8 ? "▏" : "]");
}

static void rate_text(char out[32], double rate) {
    if (rate <= 0)
        out[0] = '\0';
    else if (rate >= 0.1)
        snprintf(out, 32, "%.*f/s", rate < 10 ? 1 : 0, rate);
    else
        snprintf(out, 32, "%.1f/h", rate * 3600);
}

/* What follows the bar, each part with its own weight: the first ones stay longest. */
enum { PARTS = 6 };

static int parts_of(const hopt_progress_state *state, char parts[PARTS][64]) {
    int n = 0;
    char number[32], rate[32], left[48];
    rate_text(rate, state->rate);
    if (state->remark) snprintf(parts[n++], 64, "%s", state->remark);
    if (state->has_best) {
        hopt_cli_number(number, state->best);
        snprintf(parts[n++], 64, "best %s", number);
    }
    if (state->failed) snprintf(parts[n++], 64, "%lld failed", (long long)state->failed);
    if (state->left_ms >= 0 && state->done < state->total) {
        hopt_time_duration(left, sizeof left, state->left_ms < 1000 ? 1000 : state->left_ms);
        snprintf(parts[n++], 64, "%s left", left);
    }
    if (state->running >= 0) snprintf(parts[n++], 64, "%lld running", (long long)state->running);
    if (rate[0] && n < PARTS) snprintf(parts[n++], 64, "%s", rate);
    return n;
}

void hopt_progress_line(hopt_buf *out, const hopt_progress_state *state, int width, bool utf8) {
    enum { BAR_MIN = 8, BAR_MAX = 30, GAP = 2 };
    char parts[PARTS][64], head[128];
    int room = width - 1, n = parts_of(state, parts);
    if (state->total)
        snprintf(head, sizeof head, "%s %lld/%lld", state->name, (long long)state->done,
                 (long long)state->total);
    else
        snprintf(head, sizeof head, "%s %lld", state->name, (long long)state->done);
    int used = hopt_term_columns(head);
    if (used > room) {
        hopt_buf_add(out, head, hopt_term_cut(head, room));
        return;
    }
    int kept = 0;
    int want_bar = state->total ? BAR_MIN + 3 : 0;
    for (int i = 0; i < n; i++) {
        int need = GAP + hopt_term_columns(parts[i]);
        if (used + want_bar + need > room) break;
        used += need;
        kept++;
    }
    hopt_buf_text(out, head);
    if (state->total && used + want_bar <= room) {
        int cells = room - used - 3;
        hopt_buf_char(out, ' ');
        bar(out, (double)state->done / (double)state->total, cells > BAR_MAX ? BAR_MAX : cells,
            utf8);
    }
    for (int i = 0; i < kept; i++)
        hopt_buf_print(out, "%*s%s", GAP, "", parts[i]);
}

void hopt_progress_text(hopt_buf *out, const hopt_progress_state *state) {
    char parts[PARTS][64];
    int n = parts_of(state, parts);
    hopt_buf_print(out, "%s: %lld", state->name, (long long)state->done);
    if (state->total) hopt_buf_print(out, "/%lld", (long long)state->total);
    hopt_buf_text(out, " trials");
    for (int i = 0; i < n; i++)
        hopt_buf_print(out, ", %s", parts[i]);
}

/* ---- drawing ---- */

hopt_progress *hopt_progress_new(const char *name, bool quiet, int64_t now_ms) {
    hopt_progress *progress = hopt_zalloc(1, sizeof *progress);
    const char *kind = getenv("TERM");
    progress->state = (hopt_progress_state){.name = name, .left_ms = -1};
    progress->quiet = quiet;
    progress->tty = hopt_term_is_tty(stderr) && kind && strcmp(kind, "dumb") != 0;
    progress->utf8 = hopt_term_utf8();
    progress->start_ms = now_ms;
    progress->line_gap_ms = FIRST_LINE_MS;
    progress->line_after_ms = now_ms + FIRST_LINE_MS;
    return progress;
}

void hopt_progress_hide(void *data) {
    hopt_progress *progress = data;
    if (!progress->drawn) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
}

static void draw(hopt_progress *progress) {
    hopt_buf line = HOPT_BUF_INIT;
    hopt_buf_text(&line, "\r");
    hopt_progress_line(&line, &progress->state, hopt_term_width(stderr), progress->utf8);
    hopt_buf_text(&line, "\033[K");
    fwrite(line.data, 1, line.length, stderr);
    fflush(stderr);
    hopt_buf_clear(&line);
    progress->drawn = true;
    progress->dirty = false;
}

void hopt_progress_show(void *data) {
    hopt_progress *progress = data;
    if (progress->tty && !progress->quiet) draw(progress);
}

static void print_line(hopt_progress *progress) {
    hopt_buf line = HOPT_BUF_INIT;
    hopt_progress_text(&line, &progress->state);
    fprintf(stderr, "%s\n", line.data);
    hopt_buf_clear(&line);
}

/* Rate and time left from the last half minute. */
static void measure(hopt_progress *progress, int64_t now_ms) {
    int last = progress->n_samples - 1;
    if (last < 0 || now_ms - progress->times[last % SAMPLES] >= SAMPLE_EVERY_MS) {
        last++;
        progress->n_samples++;
        progress->times[last % SAMPLES] = now_ms;
        progress->dones[last % SAMPLES] = progress->state.done;
    }
    int first = progress->n_samples > SAMPLES ? progress->n_samples - SAMPLES : 0;
    int64_t passed_ms = now_ms - progress->times[first % SAMPLES];
    int64_t ended = progress->state.done - progress->dones[first % SAMPLES];
    progress->state.rate = 0;
    progress->state.left_ms = -1;
    if (passed_ms < 500 || ended <= 0) return;
    progress->state.rate = (double)ended * 1000 / (double)passed_ms;
    if (progress->state.total > 0)
        progress->state.left_ms = (int64_t)((double)(progress->state.total - progress->state.done) *
                                            1000 / progress->state.rate);
}

void hopt_progress_tick(hopt_progress *progress, int64_t now_ms) {
    if (progress->quiet) return;
    measure(progress, now_ms);
    if (progress->tty) {
        bool stale = now_ms - progress->drawn_ms >= SAMPLE_EVERY_MS; /* the time left runs */
        if (now_ms - progress->drawn_ms < DRAW_EVERY_MS || !(progress->dirty || stale)) return;
        progress->drawn_ms = now_ms;
        draw(progress);
        return;
    }
    if (now_ms < progress->line_after_ms) return;
    print_line(progress);
    progress->line_gap_ms *= 2;
    if (progress->line_gap_ms > LINE_EVERY_MAX_MS) progress->line_gap_ms = LINE_EVERY_MAX_MS;
    progress->line_after_ms = now_ms + progress->line_gap_ms;
}

void hopt_progress_set(hopt_progress *progress, const hopt_progress_state *state, int64_t now_ms) {
    const char *name = progress->state.name;
    bool first = progress->n_samples == 0;
    progress->state = *state;
    progress->state.name = name;
    progress->dirty = true;
    if (first) measure(progress, now_ms); /* what was done before does not count */
    if (progress->tty) hopt_progress_tick(progress, now_ms);
}

void hopt_progress_end(hopt_progress *progress, int64_t now_ms) {
    if (!progress->quiet) {
        measure(progress, now_ms);
        progress->state.left_ms = -1;
        if (progress->tty) {
            draw(progress);
            fputc('\n', stderr);
        } else {
            print_line(progress);
        }
    }
    free(progress);
}
