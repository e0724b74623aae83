#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

typedef struct cell {
    char *text;
    hopt_style style;
} cell;

struct hopt_table {
    const char *const *headings;
    const char *align;
    size_t columns;
    cell *cells;
    size_t count, capacity;
};

hopt_table *hopt_table_new(const char *const *headings, const char *align) {
    hopt_table *table = hopt_zalloc(1, sizeof *table);
    table->headings = headings;
    table->align = align;
    table->columns = strlen(align);
    return table;
}

void hopt_table_styled(hopt_table *table, hopt_style style, const char *text) {
    hopt_buf clean = HOPT_BUF_INIT;
    hopt_term_clean(&clean, text, strlen(text), "");
    table->cells = hopt_grow(table->cells, table->count, &table->capacity, sizeof *table->cells);
    table->cells[table->count++] = (cell){hopt_buf_take(&clean), style};
}

void hopt_table_cell(hopt_table *table, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hopt_table_styled(table, HOPT_STYLE_PLAIN, text);
}

static void print_plain(const hopt_table *table, FILE *stream) {
    for (size_t i = 0; i < table->columns; i++)
        fprintf(stream, "%s%c", table->headings[i], i + 1 == table->columns ? '\n' : '\t');
    for (size_t i = 0; i < table->count; i++)
        fprintf(stream, "%s%c", table->cells[i].text, (i + 1) % table->columns ? '\t' : '\n');
}

/* Print one cell, padded to `width` unless it is the last; `left` columns are free. */
static void print_cell(const hopt_table *table, FILE *stream, size_t column, const cell *c,
                       int width, int left) {
    bool last = column + 1 == table->columns;
    int columns = hopt_term_columns(c->text);
    size_t bytes = strlen(c->text);
    if (last && columns > left) bytes = hopt_term_cut(c->text, left > 0 ? left : 0);
    int pad = columns < width ? width - columns : 0;
    const char *on = c->style == HOPT_STYLE_PLAIN ? "" : hopt_term_style(stream, c->style);
    const char *off = *on ? hopt_term_style(stream, HOPT_STYLE_PLAIN) : "";
    if (table->align[column] == 'r') fprintf(stream, "%*s", pad, "");
    fprintf(stream, "%s%.*s%s", on, (int)bytes, c->text, off);
    if (table->align[column] != 'r' && !last) fprintf(stream, "%*s", pad, "");
    fputs(last ? "\n" : "  ", stream);
}

static void print_row(const hopt_table *table, FILE *stream, const cell *row, const int *widths,
                      int width) {
    int left = width;
    for (size_t i = 0; i < table->columns; i++) {
        print_cell(table, stream, i, &row[i], widths[i], left);
        left -= widths[i] + 2;
    }
}

static void print_aligned(const hopt_table *table, FILE *stream) {
    int *widths = hopt_zalloc(table->columns, sizeof *widths);
    cell *head = hopt_zalloc(table->columns, sizeof *head);
    for (size_t i = 0; i < table->columns; i++) {
        head[i] = (cell){(char *)table->headings[i], HOPT_STYLE_BOLD};
        widths[i] = hopt_term_columns(head[i].text);
    }
    for (size_t i = 0; i < table->count; i++) {
        int columns = hopt_term_columns(table->cells[i].text);
        if (columns > widths[i % table->columns]) widths[i % table->columns] = columns;
    }
    int width = hopt_term_width(stream);
    print_row(table, stream, head, widths, width);
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
        print_row(table, stream, table->cells + i, widths, width);
    free(head);
    free(widths);
}

void hopt_table_print(hopt_table *table, FILE *stream) {
    HOPT_ASSERT(table->count % table->columns == 0);
    if (hopt_term_is_tty(stream))
        print_aligned(table, stream);
    else
        print_plain(table, stream);
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}
