/*
 * Design notes. The trials are a table: a row a trial, a column a label, NaN where it was not
 * active. A label that was not always active has conditions: pairs of a choice's label and an
 * option, each of which was never seen without it, and which together explain every row that has
 * it. One choice that explains it alone is preferred, of several the one that was active least: the
 * nearest in the tree. What has several conditions is written as a shared parameter.
 */
#include "cli/infer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guess.h"
#include "common/base/alloc.h"
#include "common/json/json.h"

/* hyperopt's tpe draws so many from the prior before it looks at the history. */
enum { STARTUP = 20 };

typedef struct column {
    const char *label;
    bool integers;
    size_t active;
    double low, high;
    hopt_condition *conditions;
    int n_conditions;
    bool switches; /* others depend on it: it must be a choice */
} column;

typedef struct table {
    size_t rows;
    int size;
    column *columns;
    double *cells;          /* column by column */
    json_t *index;          /* label -> column */
    unsigned char *seen;    /* scratch: by option */
    size_t *covers;         /* scratch: by option */
    unsigned char *covered; /* scratch: by row */
} table;

static const double *cells_of(const table *self, int i) {
    return self->cells + (size_t)i * self->rows;
}

/* ---- the table ---- */

static void find_labels(table *self, const hopt_trials *trials) {
    const char *label;
    json_t *value;
    size_t capacity = 0;
    for (size_t row = 0; row < trials->count; row++) {
        json_object_foreach(trials->list[row]->vals, label, value) {
            if (json_object_get(self->index, label)) continue;
            json_object_set_new(self->index, label, json_integer(self->size));
            self->columns =
                hopt_grow(self->columns, (size_t)self->size, &capacity, sizeof *self->columns);
            self->columns[self->size++] = (column){.label = label, .integers = true};
        }
    }
}

static void add_cell(table *self, column *c, size_t row, const json_t *item) {
    double value = json_number_value(item);
    HOPT_ASSERT(c);
    self->cells[(size_t)(c - self->columns) * self->rows + row] = value;
    c->integers = c->integers && json_is_integer(item);
    c->low = c->active ? fmin(c->low, value) : value;
    c->high = c->active ? fmax(c->high, value) : value;
    c->active++;
}

static void fill_table(table *self, const hopt_trials *trials) {
    const char *label;
    json_t *value;
    find_labels(self, trials);
    size_t n = (size_t)self->size * self->rows;
    self->cells = hopt_zalloc(n + 1, sizeof *self->cells);
    for (size_t i = 0; i < n; i++)
        self->cells[i] = NAN;
    for (size_t row = 0; row < self->rows; row++) {
        json_object_foreach(trials->list[row]->vals, label, value) {
            const json_t *item = json_array_get(value, 0);
            json_int_t i = json_integer_value(json_object_get(self->index, label));
            if (item) add_cell(self, &self->columns[i], row, item);
        }
    }
    self->seen = hopt_zalloc(HOPT_SPACE_OPTIONS_MAX, 1);
    self->covers = hopt_zalloc(HOPT_SPACE_OPTIONS_MAX, sizeof *self->covers);
    self->covered = hopt_zalloc(self->rows + 1, 1);
}

static void clear_table(table *self) {
    for (int i = 0; i < self->size; i++)
        free(self->columns[i].conditions);
    free(self->columns);
    free(self->cells);
    free(self->seen);
    free(self->covers);
    free(self->covered);
    json_decref(self->index);
}

/* ---- conditions ---- */

enum { WITH = 1, WITHOUT = 2 };

static bool may_switch(const column *c) {
    return c->integers && c->active && c->low >= 0 && c->high < HOPT_SPACE_OPTIONS_MAX;
}

/**
 * For each option of `parent`, whether the child was active with it (`seen`).
 * @param[out] alone  rows that have the child but not the parent.
 * @return whether the parent was ever active without the child: else it is no parent, but in the
 *         same branch, or below the child.
 */
static bool look_at(table *self, int child, int parent, size_t *alone) {
    const double *a = cells_of(self, child), *b = cells_of(self, parent);
    bool more = false;
    memset(self->seen, 0, (size_t)self->columns[parent].high + 1);
    *alone = 0;
    for (size_t row = 0; row < self->rows; row++) {
        bool has = !isnan(a[row]);
        if (isnan(b[row])) {
            *alone += has;
            continue;
        }
        self->seen[(size_t)b[row]] |= has ? WITH : WITHOUT;
        more = more || !has;
    }
    return more;
}

static void add_condition(column *c, int parent, int option) {
    size_t n = (size_t)c->n_conditions;
    c->conditions = hopt_realloc(c->conditions, n + 1, sizeof *c->conditions);
    c->conditions[n] = (hopt_condition){parent, option};
    c->n_conditions++;
}

/* The choice that explains the child alone; false: there is none. */
static bool find_parent(table *self, int child) {
    column *c = &self->columns[child];
    int best = -1;
    for (int i = 0; i < self->size; i++) {
        size_t alone, mixed = 0;
        if (i == child || !may_switch(&self->columns[i])) continue;
        if (!look_at(self, child, i, &alone) || alone) continue;
        for (size_t k = 0; k <= (size_t)self->columns[i].high; k++)
            mixed += self->seen[k] == (WITH | WITHOUT);
        if (mixed) continue;
        if (best < 0 || self->columns[i].active < self->columns[best].active) best = i;
    }
    if (best < 0) return false;
    size_t alone;
    (void)look_at(self, child, best, &alone);
    for (int k = 0; k <= (int)self->columns[best].high; k++) {
        if (self->seen[k] == WITH) add_condition(c, best, k);
    }
    return true;
}

/* The (choice, option) never seen without the child that explains most of what is left. */
static size_t next_condition(table *self, int child, hopt_condition *found) {
    size_t most = 0;
    for (int i = 0; i < self->size; i++) {
        const double *cells = cells_of(self, i);
        size_t alone;
        if (i == child || !may_switch(&self->columns[i]) || !look_at(self, child, i, &alone))
            continue;
        memset(self->covers, 0, sizeof *self->covers * HOPT_SPACE_OPTIONS_MAX);
        for (size_t row = 0; row < self->rows; row++) {
            if (isnan(cells[row]) || self->covered[row]) continue;
            int option = (int)cells[row];
            if (self->seen[option] != WITH || ++self->covers[option] <= most) continue;
            most = self->covers[option];
            *found = (hopt_condition){i, option};
        }
    }
    return most;
}

/* Several choices that explain it together. */
static bool find_parents(table *self, int child) {
    column *c = &self->columns[child];
    size_t left = c->active;
    memset(self->covered, 0, self->rows);
    while (left) {
        hopt_condition found;
        size_t covers = next_condition(self, child, &found);
        if (!covers) return false;
        const double *cells = cells_of(self, found.parent);
        for (size_t row = 0; row < self->rows; row++)
            self->covered[row] |= cells[row] == found.option;
        add_condition(c, found.parent, found.option);
        left -= covers;
    }
    return true;
}

static const char *bad_label(const char *label) {
    if (!*label) return "is empty";
    if (*label == '$') return "begins with \"$\"";
    if (strchr(label, '.')) return "holds a \".\"";
    return strlen(label) >= HOPT_LABEL_MAX ? "is too long" : NULL;
}

static hopt_status check_labels(const table *self, hopt_error *err) {
    size_t values = 0;
    for (int i = 0; i < self->size; i++) {
        values += self->columns[i].active;
        const char *label = self->columns[i].label, *bad = bad_label(label);
        if (!bad) continue;
        return hopt_error_set(err, HOPT_EINVAL,
                              "label `%.255s` %s: hopt can't have it (of pickled trials, "
                              "hyperopt_to_jsonl.py --dots renames labels)",
                              label, bad);
    }
    if (values) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL, "no trial has a value of any label");
}

static hopt_status find_conditions(table *self, hopt_error *err) {
    for (int i = 0; i < self->size; i++) {
        column *c = &self->columns[i];
        if (c->active == 0 || c->active == self->rows) continue;
        if (!find_parent(self, i) && !find_parents(self, i))
            return hopt_error_set(err, HOPT_EINVAL,
                                  "no choice among the labels tells when `%.255s` is active (%zu "
                                  "of %zu trials have it): write the space and give it by --space",
                                  c->label, c->active, self->rows);
        for (int k = 0; k < c->n_conditions; k++)
            self->columns[c->conditions[k].parent].switches = true;
    }
    return HOPT_OK;
}

/* ---- the text ---- */

typedef struct writer {
    const table *table;
    hopt_buf *out;
    double *values; /* scratch */
    bool too_deep;
} writer;

static void write_param(writer *w, int i, int depth);

static void line(writer *w, int depth) {
    hopt_buf_print(w->out, "\n%*s", 2 * depth, "");
}

static void write_string(writer *w, const char *text) {
    hopt_json_print_string(w->out, text, strlen(text));
}

static void write_number(writer *w, const char *before, double value) {
    char number[HOPT_JSON_NUMBER];
    hopt_json_number(number, value);
    hopt_buf_text(w->out, before);
    hopt_buf_text(w->out, number);
}

static bool depends(const column *c, int parent, int option) {
    for (int k = 0; k < c->n_conditions; k++) {
        if (c->conditions[k].parent == parent && c->conditions[k].option == option) return true;
    }
    return false;
}

/* An option: what depends on it, or its index for want of something better. */
static void write_option(writer *w, int parent, int option, int depth) {
    bool any = false;
    for (int i = 0; i < w->table->size; i++) {
        if (!depends(&w->table->columns[i], parent, option)) continue;
        hopt_buf_text(w->out, any ? "," : "{");
        any = true;
        write_param(w, i, depth + 1);
    }
    if (any) {
        line(w, depth);
        hopt_buf_char(w->out, '}');
    } else {
        hopt_buf_print(w->out, "%d", option);
    }
}

static void write_choice(writer *w, int i, int depth) {
    int last = (int)w->table->columns[i].high;
    hopt_buf_text(w->out, "\"_type\": \"choice\", \"_value\": [");
    for (int k = 0; k <= last; k++) {
        line(w, depth + 1);
        write_option(w, i, k, depth + 1);
        if (k < last) hopt_buf_char(w->out, ',');
    }
    hopt_buf_char(w->out, ']');
}

static hopt_guess guess_column(writer *w, int i) {
    const column *c = &w->table->columns[i];
    const double *cells = cells_of(w->table, i);
    size_t n = 0, start = 0;
    for (size_t row = 0; row < w->table->rows; row++) {
        if (isnan(cells[row])) continue;
        w->values[n++] = cells[row];
        start += row < STARTUP;
    }
    return c->integers ? hopt_guess_integers(w->values, n) : hopt_guess_reals(w->values, n, start);
}

static void write_remark(writer *w, const column *c, const hopt_guess *guess, int depth) {
    line(w, depth);
    hopt_buf_print(w->out, "// %zu values, %.6g .. %.6g", c->active, c->low, c->high);
    if (guess)
        hopt_buf_print(w->out, ". Or %s.", guess->otherwise);
    else
        hopt_buf_text(w->out, ", a choice or pchoice, since others depend on it. There may be more "
                              "options.");
}

static void write_param(writer *w, int i, int depth) {
    enum { DEEPEST = 14 }; /* two levels of JSON each */
    const column *c = &w->table->columns[i];
    if (depth > 2 * DEEPEST) {
        w->too_deep = true;
        return;
    }
    hopt_guess guess = c->switches ? (hopt_guess){0} : guess_column(w, i);
    write_remark(w, c, c->switches ? NULL : &guess, depth);
    line(w, depth);
    /* A key with "_" may mean something to hopt; the label is the same in any case. */
    char *key = hopt_format("%s%s", c->label[0] == '_' ? "p" : "", c->label);
    write_string(w, key);
    free(key);
    hopt_buf_text(w->out, ": {\"_label\": ");
    write_string(w, c->label);
    hopt_buf_text(w->out, ", ");
    if (c->switches) {
        write_choice(w, i, depth);
    } else {
        hopt_buf_print(w->out, "\"_type\": \"%s\", \"_value\": ", guess.type);
        write_number(w, "[", guess.low);
        write_number(w, ", ", guess.high);
        if (guess.q > 0) write_number(w, ", ", guess.q);
        hopt_buf_char(w->out, ']');
    }
    hopt_buf_char(w->out, '}');
}

static void write_space(writer *w) {
    bool any = false;
    hopt_buf_text(w->out, "  \"space\": {");
    for (int i = 0; i < w->table->size; i++) {
        const column *c = &w->table->columns[i];
        if (c->n_conditions || !c->active) continue;
        if (any) hopt_buf_char(w->out, ',');
        any = true;
        write_param(w, i, 2);
    }
    for (int i = 0; i < w->table->size; i++) {
        if (w->table->columns[i].active) continue;
        line(w, 2);
        hopt_buf_text(w->out, "// Never active, so nothing is known of it: ");
        write_string(w, w->table->columns[i].label);
    }
    hopt_buf_text(w->out, "\n  },\n");
}

static void write_study(writer *w, const char *name, const char *from, int max_trials) {
    hopt_buf_print(
        w->out,
        "// Made by \"hopt import\" from %zu trials of %s.\n"
        "// The trials tell labels and values, not the space they were drawn from: types, bounds "
        "and\n"
        "// options below are guesses, wide enough for all that was seen. Correct them "
        "(hopt-space(5)),\n"
        "// then give this file to \"hopt import ... --space\". Constants are not known at all: "
        "add\n"
        "// those that the objective needs. Keep every \"_label\"; keys and nesting are yours.\n"
        "{\n  \"name\": ",
        w->table->rows, from);
    write_string(w, name);
    hopt_buf_text(w->out, ",\n");
    write_space(w);
    hopt_buf_print(w->out,
                   "  // \"objective\": {\"command\": [\"python3\", \"train.py\"]},\n"
                   "  \"stop\": {\"max_trials\": %d}\n"
                   "}\n",
                   max_trials);
}

hopt_status hopt_infer_study(hopt_buf *out, const hopt_trials *trials, const char *name,
                             const char *from, int max_trials, hopt_error *err) {
    table t = {.rows = trials->count, .index = json_object()};
    fill_table(&t, trials);
    hopt_status status = check_labels(&t, err);
    if (status == HOPT_OK) status = find_conditions(&t, err);
    if (status == HOPT_OK) {
        writer w = {.table = &t, .out = out, .values = hopt_zalloc(t.rows + 1, sizeof(double))};
        write_study(&w, name, from, max_trials);
        free(w.values);
        if (w.too_deep)
            status = hopt_error_set(err, HOPT_EINVAL,
                                    "the labels' choices can't be put in order: write the space "
                                    "and give it by --space");
    }
    clear_table(&t);
    return status;
}
