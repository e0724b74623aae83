#include "cli/plot_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/alloc.h"

enum { LABEL = 10, DOTS_X = 2, DOTS_Y = 4 };

/* A canvas of dots, 2 x 4 in a cell as braille has them; in ASCII 1 x 1. */
typedef struct canvas {
    int columns, rows; /* cells */
    int dx, dy;        /* dots in a cell */
    unsigned char *trial, *best;
} canvas;

typedef struct axis {
    double low, high; /* after the logarithm */
    bool log;
} axis;

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* @return false: no loss at all. */
static bool make_axis(axis *a, const double *losses, size_t n, bool maximize) {
    double *sorted = hopt_alloc((n + 1) * sizeof *sorted);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(losses[i])) sorted[count++] = losses[i];
    }
    if (count == 0) {
        free(sorted);
        return false;
    }
    qsort(sorted, count, sizeof *sorted, by_value);
    size_t twentieth = count / 20;
    double low = sorted[maximize ? twentieth : 0];
    double high = sorted[count - 1 - (maximize ? 0 : twentieth)];
    a->log = sorted[0] > 0 && high / low > 100;
    free(sorted);
    a->low = a->log ? log10(low) : low;
    a->high = a->log ? log10(high) : high;
    if (!(a->high > a->low)) {
        double half = fabs(a->low) > 0 ? fabs(a->low) * 0.05 : 0.5;
        a->low -= half;
        a->high += half;
    }
    return true;
}

/* Row of dots, 0 at the top; outliers at the edges. */
static int dot_row(const canvas *c, const axis *a, double loss) {
    int last = c->rows * c->dy - 1;
    double value = a->log ? (loss > 0 ? log10(loss) : a->low) : loss;
    double part = (value - a->low) / (a->high - a->low);
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return (int)lround((1 - part) * last);
}

static int dot_column(const canvas *c, size_t i, size_t n) {
    int last = c->columns * c->dx - 1;
    return n < 2 ? 0 : (int)((double)i * last / (double)(n - 1) + 0.5);
}

/* Braille's dots: columns of 1 2 3 7 and 4 5 6 8 (Unicode 4.0, block U+2800). */
static void put(const canvas *c, unsigned char *layer, int x, int y) {
    static const unsigned char bits[DOTS_Y][DOTS_X] = {
        {0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    layer[(y / c->dy) * c->columns + x / c->dx] |= bits[y % c->dy][x % c->dx];
}

static void draw(const canvas *c, const axis *a, const double *losses, size_t n, bool maximize) {
    bool has_best = false;
    double best = 0;
    int last_x = 0, last_y = 0;
    for (size_t i = 0; i < n; i++) {
        int x = dot_column(c, i, n);
        bool finite = isfinite(losses[i]);
        if (finite) put(c, c->trial, x, dot_row(c, a, losses[i]));
        if (finite && (!has_best || (maximize ? losses[i] > best : losses[i] < best))) {
            best = losses[i];
            if (!has_best) {
                last_x = x;
                last_y = dot_row(c, a, best);
            }
            has_best = true;
        }
        if (!has_best) continue;
        int y = dot_row(c, a, best);
        for (; last_x < x; last_x++)
            put(c, c->best, last_x, last_y);
        for (; last_y != y; last_y += last_y < y ? 1 : -1)
            put(c, c->best, x, last_y);
        put(c, c->best, x, y);
    }
}

static void print_cell(hopt_buf *out, const canvas *c, int cell, bool utf8) {
    unsigned char dots = c->trial[cell] | c->best[cell];
    if (!utf8) {
        hopt_buf_char(out, c->best[cell] ? '-' : c->trial[cell] ? '.' : ' ');
        return;
    }
    if (!dots) {
        hopt_buf_char(out, ' ');
        return;
    }
    char text[3] = {(char)0xe2, (char)(0xa0 | dots >> 6), (char)(0x80 | (dots & 0x3f))};
    hopt_buf_add(out, text, 3);
}

static void print_label(hopt_buf *out, const axis *a, double value, const char *tick) {
    char number[32];
    snprintf(number, sizeof number, "%.4g", a->log ? pow(10, value) : value);
    hopt_buf_print(out, "%*s %s", LABEL - 1, number, tick);
}

static void print_picture(hopt_buf *out, const canvas *c, const axis *a, size_t n, bool utf8) {
    for (int row = 0; row < c->rows; row++) {
        if (row == 0)
            print_label(out, a, a->high, utf8 ? "┤" : "|");
        else if (row == c->rows - 1)
            print_label(out, a, a->low, utf8 ? "┤" : "|");
        else
            hopt_buf_print(out, "%*s%s", LABEL, "", utf8 ? "│" : "|");
        for (int column = 0; column < c->columns; column++)
            print_cell(out, c, row * c->columns + column, utf8);
        while (out->length && out->data[out->length - 1] == ' ')
            out->data[--out->length] = '\0';
        hopt_buf_char(out, '\n');
    }
    hopt_buf_print(out, "%*s%s", LABEL, "", utf8 ? "└" : "+");
    for (int column = 0; column < c->columns; column++)
        hopt_buf_text(out, utf8 ? "─" : "-");
    char last[32];
    snprintf(last, sizeof last, "%zu", n - 1);
    hopt_buf_print(out, "\n%*s%-*s%s\n", LABEL + 1, "", c->columns - (int)strlen(last),
                   a->log ? "0  loss (log scale) over trials" : "0  loss over trials", last);
}

void hopt_plot_losses(hopt_buf *out, const double *losses, size_t n, int width, int height,
                      bool utf8, bool maximize) {
    axis a;
    if (n == 0 || !make_axis(&a, losses, n, maximize)) return;
    if (width < 50) width = 50;
    canvas c = {.columns = width - LABEL - 1,
                .rows = height,
                .dx = utf8 ? DOTS_X : 1,
                .dy = utf8 ? DOTS_Y : 1};
    size_t cells = (size_t)c.columns * (size_t)c.rows;
    c.trial = hopt_zalloc(cells, 1);
    c.best = hopt_zalloc(cells, 1);
    draw(&c, &a, losses, n, maximize);
    print_picture(out, &c, &a, n, utf8);
    free(c.trial);
    free(c.best);
}
