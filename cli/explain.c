#include "cli/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/term.h"
#include "common/base/alloc.h"
#include "common/json/json.h"

enum {
    PICTURE = 24,  /* characters of a density */
    GOOD_MOST = 8, /* of the good trials that are named */
    CANDIDATES_MOST = 8,
    LABEL_MOST = 28,
    VALUE_WIDTH = 12,
    SIDE_WIDTH = 34 /* a picture, or the likeliest options */
};

static void pad(hopt_buf *out, const char *text, int width) {
    int columns = hopt_term_columns(text);
    hopt_buf_text(out, text);
    for (; columns < width; columns++)
        hopt_buf_char(out, ' ');
}

static void number(hopt_buf *out, const char *before, const json_t *value) {
    char text[32];
    hopt_cli_number(text, json_is_number(value) ? json_number_value(value) : (double)NAN);
    hopt_buf_text(out, before);
    hopt_buf_text(out, text);
}

/* ---- the split ---- */

static void print_good(hopt_buf *out, const json_t *good) {
    size_t count = json_array_size(good);
    for (size_t i = 0; i < count && i < GOOD_MOST; i++) {
        const json_t *one = json_array_get(good, i);
        hopt_buf_print(out, "%s%lld", i ? ", " : " (trials ", hopt_json_integer_of(one, "num", -1));
        number(out, ": ", json_object_get(one, "loss"));
    }
    if (count > GOOD_MOST) hopt_buf_text(out, ", ...");
    if (count) hopt_buf_char(out, ')');
}

static void print_split(hopt_buf *out, const json_t *explain) {
    const json_t *good = json_object_get(explain, "good");
    if (!good) return;
    hopt_buf_print(out, "  good: %zu", json_array_size(good));
    print_good(out, good);
    hopt_buf_print(out, "\n  others: %lld", hopt_json_integer_of(explain, "others", 0));
    long long left_out = hopt_json_integer_of(explain, "left_out", 0);
    if (left_out > 0) hopt_buf_print(out, ", %lld of them left out", left_out);
    long long running = hopt_json_integer_of(explain, "running", 0);
    if (running > 0) hopt_buf_print(out, "; running: %lld", running);
    hopt_buf_char(out, '\n');
}

/* ---- a label ---- */

/* The density as a row of bars: the tallest fills its cell. */
static void print_picture(hopt_buf *out, const json_t *density, double most, bool utf8) {
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char ascii[] = " .:-=+*#@";
    size_t count = json_array_size(density);
    size_t cells = count < PICTURE ? count : PICTURE;
    for (size_t cell = 0; cell < cells; cell++) {
        double sum = 0;
        size_t from = cell * count / cells, to = (cell + 1) * count / cells;
        for (size_t i = from; i < to; i++)
            sum += json_number_value(json_array_get(density, i));
        double part = most > 0 ? sum / (double)(to - from) / most : 0;
        int level = (int)lround(8 * (part > 1 ? 1 : part));
        if (utf8)
            hopt_buf_text(out, blocks[level]);
        else
            hopt_buf_char(out, ascii[level]);
    }
}

static double greatest(const json_t *side) {
    double most = 0;
    size_t i;
    json_t *value;
    json_array_foreach(json_object_get(side, "density"), i, value) {
        if (json_number_value(value) > most) most = json_number_value(value);
    }
    return most;
}

typedef struct share {
    double p;
    int option;
} share;

static int by_share(const void *left, const void *right) {
    const share *a = left, *b = right;
    if (a->p != b->p) return a->p > b->p ? -1 : 1;
    return a->option - b->option;
}

/* "svm 71% knn 20% forest 9%", as many as there is room for. */
static void print_options(hopt_buf *out, const json_t *side, const hopt_space *space, int param) {
    const json_t *probability = json_object_get(side, "probability");
    size_t count = json_array_size(probability);
    share *shares = hopt_zalloc(count + 1, sizeof *shares);
    for (size_t i = 0; i < count; i++)
        shares[i] = (share){json_number_value(json_array_get(probability, i)), (int)i};
    qsort(shares, count, sizeof *shares, by_share);
    bool choice = hopt_space_param(space, param)->dist.options > 0;
    for (size_t i = 0; i < count; i++) {
        hopt_buf one = HOPT_BUF_INIT;
        if (choice)
            hopt_space_option_text(space, param, shares[i].option, &one);
        else
            hopt_buf_print(&one, "#%d", shares[i].option);
        hopt_buf_print(&one, " %.0f%%", 100 * shares[i].p);
        bool fits = hopt_term_columns(hopt_buf_string(out)) +
                        hopt_term_columns(hopt_buf_string(&one)) + 1 <=
                    SIDE_WIDTH - 1;
        if (fits) hopt_buf_print(out, "%s%s", i ? " " : "", hopt_buf_string(&one));
        hopt_buf_clear(&one);
        if (!fits) break;
    }
    free(shares);
}

static void print_side(hopt_buf *out, const json_t *side, double most, const hopt_space *space,
                       int param, bool utf8) {
    hopt_buf text = HOPT_BUF_INIT;
    if (hopt_space_param(space, param)->dist.options > 0)
        print_options(&text, side, space, param);
    else
        print_picture(&text, json_object_get(side, "density"), most, utf8);
    pad(out, hopt_buf_string(&text), SIDE_WIDTH);
    hopt_buf_clear(&text);
}

static void print_value(hopt_buf *out, const json_t *label, const hopt_space *space, int param) {
    hopt_buf text = HOPT_BUF_INIT;
    double value = json_number_value(json_object_get(label, "value"));
    if (hopt_space_param(space, param)->dist.options > 0)
        hopt_space_option_text(space, param, (int)value, &text);
    else
        number(&text, "", json_object_get(label, "value"));
    pad(out, hopt_buf_string(&text), VALUE_WIDTH);
    hopt_buf_clear(&text);
}

static int label_width(const json_t *labels) {
    int width = 5;
    const char *name;
    json_t *label;
    json_object_foreach((json_t *)labels, name, label) {
        int columns = hopt_term_columns(name);
        if (columns > width) width = columns;
    }
    return width < LABEL_MOST ? width : LABEL_MOST;
}

static void print_labels(hopt_buf *out, const json_t *labels, const hopt_space *space, bool utf8) {
    int width = label_width(labels);
    hopt_buf_text(out, "\n  ");
    pad(out, "label", width + 2);
    pad(out, "proposed", VALUE_WIDTH);
    pad(out, "ln l/g", 9);
    pad(out, "good trials", SIDE_WIDTH);
    hopt_buf_text(out, "others\n");
    const char *name;
    json_t *label;
    json_object_foreach((json_t *)labels, name, label) {
        int param = hopt_space_find(space, name);
        if (param < 0) continue;
        hopt_buf_text(out, "  ");
        pad(out, name, width + 2);
        print_value(out, label, space, param);
        hopt_buf_print(out, "%+-9.3f", hopt_json_number_of(label, "log_ratio", (double)NAN));
        const json_t *below = json_object_get(label, "below");
        const json_t *above = json_object_get(label, "above");
        double most = fmax(greatest(below), greatest(above));
        print_side(out, below, most, space, param, utf8);
        print_side(out, above, most, space, param, utf8);
        while (out->length && out->data[out->length - 1] == ' ')
            out->data[--out->length] = '\0';
        hopt_buf_char(out, '\n');
    }
}

/* ---- candidates ---- */

static int by_score(const void *left, const void *right) {
    double a = hopt_json_number_of(*(json_t *const *)left, "score", -INFINITY);
    double b = hopt_json_number_of(*(json_t *const *)right, "score", -INFINITY);
    return (a < b) - (a > b);
}

static void print_candidate(hopt_buf *out, const json_t *one) {
    hopt_buf_print(out, "  %c %8.3f %8.3f %8.3f  %-10s ",
                   json_is_true(json_object_get(one, "chosen")) ? '*' : ' ',
                   hopt_json_number_of(one, "score", (double)NAN),
                   hopt_json_number_of(one, "log_below", (double)NAN),
                   hopt_json_number_of(one, "log_above", (double)NAN),
                   json_is_true(json_object_get(one, "tried")) ? "(tried)"
                                                               : hopt_json_string_of(one, "made"));
    const char *name;
    json_t *value;
    bool first = true;
    json_object_foreach(json_object_get(one, "vals"), name, value) {
        if (json_array_size(value) == 0) continue;
        number(out, first ? "" : ", ", json_array_get(value, 0));
        first = false;
    }
    hopt_buf_char(out, '\n');
}

static void print_candidates(hopt_buf *out, const json_t *candidates) {
    size_t count = json_array_size(candidates);
    if (!count) return;
    const json_t **sorted = hopt_zalloc(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = json_array_get(candidates, i);
    qsort(sorted, count, sizeof *sorted, by_score);
    hopt_buf_print(out,
                   "\n  the best of %zu candidates; score = ln l - ln g, over all labels at once\n",
                   count);
    hopt_buf_print(out, "    %8s %8s %8s  %-10s values in the order of the labels\n", "score",
                   "ln l", "ln g", "made by");
    for (size_t i = 0; i < count && i < CANDIDATES_MOST; i++)
        print_candidate(out, sorted[i]);
    free(sorted);
}

/* ---- a Gaussian process ---- */

typedef struct length_scale {
    const char *label;
    double scale, weight;
} length_scale;

static int by_weight(const void *left, const void *right) {
    const length_scale *a = left, *b = right;
    if (a->weight != b->weight) return a->weight > b->weight ? -1 : 1;
    return strcmp(a->label, b->label);
}

static void print_scales(hopt_buf *out, const json_t *scales) {
    size_t count = 0, total = json_object_size(scales);
    length_scale *list = hopt_zalloc(total + 1, sizeof *list);
    double sum = 0;
    const char *name;
    json_t *one;
    json_object_foreach((json_t *)scales, name, one) {
        list[count] = (length_scale){name, hopt_json_number_of(one, "scale", (double)NAN),
                                     hopt_json_number_of(one, "weight", 0)};
        sum += list[count++].weight;
    }
    qsort(list, count, sizeof *list, by_weight);
    int width = label_width(scales);
    hopt_buf_text(
        out, "\n  what matters: short length scales, in the unit of the prior's quantiles\n  ");
    pad(out, "label", width + 2);
    hopt_buf_text(out, "length scale   share of 1/scale^2\n");
    for (size_t i = 0; i < count; i++) {
        hopt_buf_text(out, "  ");
        pad(out, list[i].label, width + 2);
        hopt_buf_print(out, "%12.4g   %5.1f%%\n", list[i].scale,
                       sum > 0 ? 100 * list[i].weight / sum : 0);
    }
    free(list);
}

static void print_process(hopt_buf *out, const json_t *explain) {
    const json_t *scales = json_object_get(explain, "length_scales");
    const json_t *transform = json_object_get(explain, "transform");
    if (!scales) return;
    number(out, "  log expected improvement ", json_object_get(explain, "log_ei"));
    number(out, ": mean ", json_object_get(explain, "mean"));
    number(out, ", deviation ", json_object_get(explain, "deviation"));
    number(out, "; the least mean of a trial ", json_object_get(explain, "best_mean"));
    number(out, ", noise ", json_object_get(explain, "noise"));
    hopt_buf_print(out, "\n  the best trial, were there no noise: %lld",
                   hopt_json_integer_of(explain, "believed_best", -1));
    hopt_buf_print(out, "\n  losses transformed by: %s", hopt_json_string_of(transform, "form"));
    number(out, ", x = (loss - ", json_object_get(transform, "lowest"));
    number(out, ") / ", json_object_get(transform, "unit"));
    hopt_buf_char(out, '\n');
    print_scales(out, scales);
}

void hopt_explain_text(hopt_buf *out, const json_t *suggestion, const hopt_space *space,
                       bool utf8) {
    const json_t *explain = json_object_get(suggestion, "explain");
    const char *picked = hopt_json_string_of(explain, "picked");
    hopt_buf_print(out, "trial %lld: %s%s%s, %s\n", hopt_json_integer_of(suggestion, "num", -1),
                   hopt_json_string_of(explain, "sampler"), picked ? " by its part " : "",
                   picked ? picked : "", hopt_json_string_of(explain, "step"));
    hopt_buf_print(out, "  %s\n", hopt_json_string_of(explain, "why"));
    print_split(out, explain);
    hopt_buf_text(out, "  proposed: ");
    hopt_json_print(out, json_object_get(suggestion, "params"));
    hopt_buf_char(out, '\n');
    const json_t *labels = json_object_get(explain, "labels");
    print_process(out, explain);
    if (labels) print_labels(out, labels, space, utf8);
    print_candidates(out, json_object_get(explain, "candidates"));
}
