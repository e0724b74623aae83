#include "cli/plot_explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/svg.h"
#include "cli/term.h"
#include "common/base/alloc.h"
#include "common/json/json.h"

/* Pixels. */
enum {
    PANEL = 320, /* a panel's width with its margins */
    PANEL_HEIGHT = 230,
    PANELS = 3, /* in a row */
    HEAD = 92,  /* above the panels */
    LEFT = 20,  /* margins within a panel */
    RIGHT = 16,
    TOP = 40,
    BOTTOM = 44,
    RUG = 10,
    BARS_MOST = 12, /* of a choice's options that are drawn */
    NAME_MOST = 14
};

#define GOOD "#1668b3"
#define OTHERS "#8a8a8a"
#define CHOSEN "#c8102e"
#define STYLE_SMALL "font-size:10px;fill:#555"

/* The plotting area of one panel, and its scale. */
typedef struct panel {
    double x, y, width, height;
    double most; /* density at the top */
} panel;

static double number_at(const json_t *list, size_t i) {
    const json_t *value = json_array_get(list, i);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static double greatest(const json_t *list) {
    double most = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (number_at(list, i) > most) most = number_at(list, i);
    return most;
}

/* A text of at most `columns` characters. */
static void text_cut(hopt_buf *out, double x, double y, hopt_anchor anchor, const char *style,
                     const char *text, int columns) {
    char *cut = hopt_strdup(text);
    if (hopt_term_columns(cut) > columns) {
        cut[hopt_term_cut(cut, columns - 1)] = '\0';
        char *shown = hopt_format("%s…", cut);
        free(cut);
        cut = shown;
    }
    hopt_svg_text(out, x, y, anchor, style, cut);
    free(cut);
}

static void number_text(hopt_buf *out, double x, double y, hopt_anchor anchor, const char *style,
                        double value) {
    char text[32];
    hopt_cli_number(text, value);
    hopt_svg_text(out, x, y, anchor, style, text);
}

/* ---- a numeric label ---- */

/* Where a value stands along the grid, 0..1; NaN outside a grid that can't place it. */
static double place(const json_t *grid, double value) {
    size_t count = json_array_size(grid);
    if (count == 1) return 0.5;
    if (count == 0 || isnan(value)) return NAN;
    if (value <= number_at(grid, 0)) return 0;
    for (size_t i = 1; i < count; i++) {
        double low = number_at(grid, i - 1), high = number_at(grid, i);
        if (value > high) continue;
        double part = high > low ? (value - low) / (high - low) : 0;
        return ((double)(i - 1) + part) / (double)(count - 1);
    }
    return 1;
}

static void draw_curve(hopt_buf *out, const panel *p, const json_t *density, const char *style) {
    size_t count = json_array_size(density);
    double *x = hopt_zalloc(count + 1, sizeof *x), *y = hopt_zalloc(count + 1, sizeof *y);
    for (size_t i = 0; i < count; i++) {
        double value = number_at(density, i);
        x[i] = p->x + p->width * (count > 1 ? (double)i / (double)(count - 1) : 0.5);
        y[i] = p->y + p->height * (1 - (isnan(value) ? 0 : value / p->most));
    }
    hopt_svg_path(out, x, y, count, style);
    free(x);
    free(y);
}

static void draw_tick(hopt_buf *out, const panel *p, double at, bool chosen) {
    if (isnan(at)) return;
    double x = p->x + p->width * at, floor = p->y + p->height;
    if (chosen)
        hopt_svg_line(out, x, p->y, x, floor + RUG, "stroke:" CHOSEN ";stroke-width:1.5");
    else
        hopt_svg_line(out, x, floor + 2, x, floor + RUG, "stroke:#444;stroke-opacity:.45");
}

static void draw_scale(hopt_buf *out, const panel *p, const json_t *grid) {
    size_t count = json_array_size(grid);
    double floor = p->y + p->height, y = floor + RUG + 14;
    hopt_svg_line(out, p->x, floor, p->x + p->width, floor, "stroke:#333");
    double one = p->y + p->height * (1 - 1 / p->most);
    hopt_svg_line(out, p->x, one, p->x + p->width, one, "stroke:#bbb;stroke-dasharray:3 3");
    if (count == 0) return;
    number_text(out, p->x, y, HOPT_ANCHOR_START, STYLE_SMALL, number_at(grid, 0));
    if (count < 3) return;
    number_text(out, p->x + p->width / 2, y, HOPT_ANCHOR_MIDDLE, STYLE_SMALL,
                number_at(grid, count / 2));
    number_text(out, p->x + p->width, y, HOPT_ANCHOR_END, STYLE_SMALL, number_at(grid, count - 1));
}

/* Candidates of the whole point have the value in their vals, those of one label in `value`. */
static void draw_ticks(hopt_buf *out, const panel *p, const json_t *candidates, const char *name,
                       const json_t *grid) {
    size_t i;
    json_t *one;
    json_array_foreach(candidates, i, one) {
        const json_t *vals = json_object_get(one, "vals");
        double value = vals ? number_at(json_object_get(vals, name), 0)
                            : hopt_json_number_of(one, "value", (double)NAN);
        draw_tick(out, p, place(grid, value), false);
    }
}

static void draw_numeric(hopt_buf *out, panel *p, const char *name, const json_t *label,
                         const json_t *candidates) {
    const json_t *below = json_object_get(json_object_get(label, "below"), "density");
    const json_t *above = json_object_get(json_object_get(label, "above"), "density");
    const json_t *grid = json_object_get(label, "grid");
    p->most = 1.05 * fmax(fmax(greatest(below), greatest(above)), 1);
    draw_scale(out, p, grid);
    draw_curve(out, p, above, "stroke:" OTHERS ";stroke-width:2");
    draw_curve(out, p, below, "stroke:" GOOD ";stroke-width:2");
    const json_t *own = json_object_get(label, "candidates");
    draw_ticks(out, p, own ? own : candidates, name, grid);
    draw_tick(out, p, place(grid, hopt_json_number_of(label, "value", (double)NAN)), true);
}

/* ---- a choice ---- */

static void draw_option(hopt_buf *out, const panel *p, const json_t *label, size_t i, size_t bars) {
    double step = p->width / (double)bars, x = p->x + step * (double)i;
    double floor = p->y + p->height;
    static const char *const sides[] = {"below", "above"};
    static const char *const styles[] = {"fill:" GOOD, "fill:" OTHERS};
    for (int side = 0; side < 2; side++) {
        const json_t *p_of = json_object_get(json_object_get(label, sides[side]), "probability");
        double value = number_at(p_of, i);
        double height = isnan(value) ? 0 : p->height * value / p->most;
        hopt_svg_rect(out, x + step * (0.12 + 0.38 * side), floor - height, step * 0.36, height,
                      styles[side]);
    }
    bool chosen = hopt_json_number_of(label, "value", -1) == (double)i;
    const char *name = json_string_value(json_array_get(json_object_get(label, "options"), i));
    int room = (int)(step / 6.5);
    text_cut(out, x + step / 2, floor + RUG + 6, HOPT_ANCHOR_MIDDLE,
             chosen ? "font-size:10px;font-weight:bold;fill:" CHOSEN : STYLE_SMALL,
             name ? name : "?",
             room < 3           ? 3
             : room > NAME_MOST ? NAME_MOST
                                : room);
}

static void draw_choice(hopt_buf *out, panel *p, const json_t *label) {
    size_t count = json_array_size(json_object_get(label, "options"));
    size_t bars = count < BARS_MOST ? count : BARS_MOST;
    p->most = 1;
    hopt_svg_line(out, p->x, p->y + p->height, p->x + p->width, p->y + p->height, "stroke:#333");
    for (size_t i = 0; i < bars; i++)
        draw_option(out, p, label, i, bars);
    if (bars < count) {
        char *rest = hopt_format("and %zu more options", count - bars);
        hopt_svg_text(out, p->x + p->width, p->y + p->height + RUG + 20, HOPT_ANCHOR_END,
                      STYLE_SMALL, rest);
        free(rest);
    }
}

/* ---- panels ---- */

static panel panel_at(size_t index) {
    size_t column = index % PANELS, row = index / PANELS;
    double x = (double)column * PANEL, y = HEAD + (double)row * PANEL_HEIGHT;
    return (panel){.x = x + LEFT,
                   .y = y + TOP,
                   .width = PANEL - LEFT - RIGHT,
                   .height = PANEL_HEIGHT - TOP - BOTTOM,
                   .most = 1};
}

static void draw_title(hopt_buf *out, const panel *p, const char *name, const json_t *label) {
    text_cut(out, p->x, p->y - 24, HOPT_ANCHOR_START, "font-weight:bold", name, 42);
    char value[32], ratio[32];
    double option = hopt_json_number_of(label, "value", (double)NAN);
    const json_t *options = json_object_get(label, "options");
    hopt_cli_number(value, option);
    hopt_cli_number(ratio, hopt_json_number_of(label, "log_ratio", (double)NAN));
    const char *named = isnan(option) || !options
                            ? NULL
                            : json_string_value(json_array_get(options, (size_t)option));
    char *text = hopt_format("proposed %.40s, ln l/g %s", named ? named : value, ratio);
    hopt_svg_text(out, p->x, p->y - 9, HOPT_ANCHOR_START, STYLE_SMALL, text);
    free(text);
}

typedef struct scored {
    double score;
    bool chosen;
} scored;

static int descending(const void *left, const void *right) {
    const scored *a = left, *b = right;
    return (a->score < b->score) - (a->score > b->score);
}

/* The candidates' scores, best first. */
static void draw_scores(hopt_buf *out, const panel *p, const json_t *candidates) {
    size_t count = 0, total = json_array_size(candidates);
    scored *scores = hopt_zalloc(total + 1, sizeof *scores);
    for (size_t i = 0; i < total; i++) {
        const json_t *one = json_array_get(candidates, i);
        double score = hopt_json_number_of(one, "score", (double)NAN);
        bool chosen = json_is_true(json_object_get(one, "chosen"));
        if (!isnan(score)) scores[count++] = (scored){score, chosen};
    }
    if (count > 0) {
        qsort(scores, count, sizeof *scores, descending);
        hopt_svg_text(out, p->x, p->y - 24, HOPT_ANCHOR_START, "font-weight:bold",
                      "scores of the candidates");
        hopt_svg_text(out, p->x, p->y - 9, HOPT_ANCHOR_START, STYLE_SMALL,
                      "ln l - ln g over all labels at once, best first");
        double low = fmin(scores[count - 1].score, 0), high = fmax(scores[0].score, 0);
        double unit = high > low ? p->height / (high - low) : 0, zero = p->y + high * unit;
        double step = p->width / (double)count;
        for (size_t i = 0; i < count; i++) {
            double size = fabs(scores[i].score) * unit;
            hopt_svg_rect(out, p->x + step * ((double)i + 0.15),
                          scores[i].score > 0 ? zero - size : zero, step * 0.7, size,
                          scores[i].chosen ? "fill:" CHOSEN : "fill:#b9b9b9");
        }
        hopt_svg_line(out, p->x, zero, p->x + p->width, zero, "stroke:#333");
        double y = p->y + p->height + RUG + 14;
        number_text(out, p->x, y, HOPT_ANCHOR_START, STYLE_SMALL, scores[0].score);
        number_text(out, p->x + p->width, y, HOPT_ANCHOR_END, STYLE_SMALL, scores[count - 1].score);
    }
    free(scores);
}

/* A Gaussian process: how much each label matters. */
static void draw_scales(hopt_buf *out, const panel *p, json_t *scales) {
    double sum = 0, most = 0;
    const char *name;
    json_t *one;
    json_object_foreach(scales, name, one) {
        double weight = hopt_json_number_of(one, "weight", 0);
        sum += weight;
        most = fmax(most, weight);
    }
    hopt_svg_text(out, p->x, p->y - 24, HOPT_ANCHOR_START, "font-weight:bold", "what matters");
    hopt_svg_text(out, p->x, p->y - 9, HOPT_ANCHOR_START, STYLE_SMALL,
                  "share of 1 / length scale squared");
    size_t count = json_object_size(scales), shown = count < BARS_MOST ? count : BARS_MOST, i = 0;
    double step = p->height / (double)(shown ? shown : 1);
    if (step > 22) step = 22;
    json_object_foreach(scales, name, one) {
        if (i == shown) break;
        double weight = hopt_json_number_of(one, "weight", 0), y = p->y + step * (double)i++;
        double width = most > 0 ? 0.5 * p->width * weight / most : 0;
        text_cut(out, p->x, y + step * 0.65, HOPT_ANCHOR_START, STYLE_SMALL, name, 18);
        hopt_svg_rect(out, p->x + 0.38 * p->width, y + 2, width, step - 4, "fill:" GOOD);
        char *share = hopt_format("%.0f%%", sum > 0 ? 100 * weight / sum : 0);
        hopt_svg_text(out, p->x + 0.38 * p->width + width + 5, y + step * 0.65, HOPT_ANCHOR_START,
                      STYLE_SMALL, share);
        free(share);
    }
}

static void draw_head(hopt_buf *out, const json_t *suggestion, const json_t *explain) {
    const char *sampler = hopt_json_string_of(explain, "sampler");
    const char *step = hopt_json_string_of(explain, "step");
    const char *why = hopt_json_string_of(explain, "why");
    char *title = hopt_format("trial %lld: %s, %s", hopt_json_integer_of(suggestion, "num", -1),
                              sampler ? sampler : "?", step ? step : "?");
    text_cut(out, LEFT, 24, HOPT_ANCHOR_START, "font-size:16px;font-weight:bold", title, 100);
    free(title);
    if (why) text_cut(out, LEFT, 44, HOPT_ANCHOR_START, "fill:#333", why, 150);
    const json_t *good = json_object_get(explain, "good");
    if (!good || !json_object_get(explain, "labels")) return;
    char *text = hopt_format("%zu good trials", json_array_size(good));
    hopt_svg_rect(out, LEFT, 58, 12, 12, "fill:" GOOD);
    hopt_svg_text(out, LEFT + 18, 68, HOPT_ANCHOR_START, "", text);
    free(text);
    text = hopt_format("%lld others", hopt_json_integer_of(explain, "others", 0));
    hopt_svg_rect(out, LEFT + 160, 58, 12, 12, "fill:" OTHERS);
    hopt_svg_text(out, LEFT + 178, 68, HOPT_ANCHOR_START, "", text);
    free(text);
    hopt_svg_rect(out, LEFT + 300, 58, 12, 12, "fill:" CHOSEN);
    hopt_svg_text(out, LEFT + 318, 68, HOPT_ANCHOR_START, "",
                  "proposed; densities relative to the prior's (dashed), axes by its quantiles");
}

void hopt_plot_explain(hopt_buf *out, const json_t *suggestion) {
    const json_t *explain = json_object_get(suggestion, "explain");
    json_t *labels = json_object_get(explain, "labels");
    const json_t *candidates = json_object_get(explain, "candidates");
    json_t *scales = json_object_get(explain, "length_scales");
    size_t panels = json_object_size(labels) + (json_array_size(candidates) > 0) +
                    (json_object_size(scales) > 0);
    size_t rows = (panels + PANELS - 1) / PANELS;
    hopt_svg_begin(out, PANELS * PANEL, HEAD + (double)rows * PANEL_HEIGHT);
    draw_head(out, suggestion, explain);
    size_t index = 0;
    const char *name;
    json_t *label;
    json_object_foreach(labels, name, label) {
        panel p = panel_at(index++);
        draw_title(out, &p, name, label);
        if (json_object_get(label, "options"))
            draw_choice(out, &p, label);
        else
            draw_numeric(out, &p, name, label, candidates);
    }
    panel p = panel_at(index);
    draw_scores(out, &p, candidates);
    if (json_object_size(scales) > 0) draw_scales(out, &p, scales);
    hopt_svg_end(out);
}
