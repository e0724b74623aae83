#include "common/sampler/hyperopt/docs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

void hopt_hyperopt_docs_init(hopt_hyperopt_docs *docs, int size) {
    *docs = (hopt_hyperopt_docs){.size = size};
    docs->column = hopt_zalloc((size_t)size + 1, sizeof *docs->column);
}

void hopt_hyperopt_docs_clear(hopt_hyperopt_docs *docs) {
    for (int i = 0; i < docs->size; i++)
        free(docs->column[i]);
    free(docs->column);
    free(docs->num_of);
    free(docs->list);
    free(docs->kept);
    *docs = (hopt_hyperopt_docs){0};
}

/* The first place whose num is not below `num`; trials mostly come in order. */
static size_t place_of(const hopt_hyperopt_docs *docs, int64_t num) {
    size_t low = 0;
    size_t high = docs->count;
    if (high && docs->list[high - 1].num < num) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (docs->list[middle].num < num)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void make_room(hopt_hyperopt_docs *docs) {
    if (docs->count < docs->rows) return;
    docs->rows = docs->rows ? docs->rows * 2 : 64;
    docs->num_of = hopt_realloc(docs->num_of, docs->rows, sizeof *docs->num_of);
    for (int i = 0; i < docs->size; i++)
        docs->column[i] = hopt_realloc(docs->column[i], docs->rows, sizeof(double));
}

/* The document of a num, new when it was not there. */
static hopt_hyperopt_doc *doc_of(hopt_hyperopt_docs *docs, int64_t num) {
    size_t at = place_of(docs, num);
    if (at < docs->count && docs->list[at].num == num) return &docs->list[at];
    make_room(docs);
    docs->list = hopt_grow(docs->list, docs->count, &docs->capacity, sizeof *docs->list);
    memmove(docs->list + at + 1, docs->list + at, (docs->count - at) * sizeof *docs->list);
    docs->num_of[docs->count] = num;
    for (int i = 0; i < docs->size; i++)
        docs->column[i][docs->count] = NAN;
    docs->list[at] = (hopt_hyperopt_doc){
        .num = num, .id = num, .loss = INFINITY, .slot = (uint32_t)docs->count++};
    return &docs->list[at];
}

/* A trial's values hardly ever change once they are there: a person may have edited it. */
static void set_values(hopt_hyperopt_docs *docs, hopt_hyperopt_doc *doc, const double *point) {
    bool changed = false;
    for (int i = 0; i < docs->size; i++) {
        double *value = &docs->column[i][doc->slot];
        changed |= *value != point[i] && !(isnan(*value) && isnan(point[i]));
        *value = point[i];
    }
    if (doc->valued && changed) docs->epoch++;
    doc->valued = true;
}

void hopt_hyperopt_docs_pend(hopt_hyperopt_docs *docs, int64_t num, const double *point) {
    hopt_hyperopt_doc *doc = doc_of(docs, num);
    if (!doc->ended) set_values(docs, doc, point);
}

void hopt_hyperopt_docs_add(hopt_hyperopt_docs *docs, const hopt_observation *seen) {
    hopt_hyperopt_doc *doc = doc_of(docs, seen->num);
    if (doc->ended) return;
    set_values(docs, doc, seen->point);
    doc->ended = true;
    doc->hidden = seen->error || seen->outcome == HOPT_OUTCOME_IGNORED;
    /* NaN in an observation says that there is no loss. */
    doc->loss = seen->nan_loss ? NAN : isnan(seen->loss) ? INFINITY : seen->loss;
    if (!seen->derived) return;
    doc->id = seen->from;
    docs->derived = docs->derived || doc->id != doc->num;
}

static int by_id(const void *left, const void *right) {
    const hopt_hyperopt_kept *a = left;
    const hopt_hyperopt_kept *b = right;
    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    return (a->num > b->num) - (a->num < b->num);
}

/* Of each id's trials, in the order of their numbers, leave one or none. */
static void merge_ids(hopt_hyperopt_docs *docs) {
    hopt_hyperopt_kept *kept = docs->kept;
    qsort(kept, docs->n_kept, sizeof *kept, by_id);
    size_t n = 0;
    for (size_t i = 0; i < docs->n_kept;) {
        hopt_hyperopt_kept best = kept[i++];
        for (; i < docs->n_kept && kept[i].id == best.id; i++)
            if (kept[i].loss <= best.loss) best = kept[i];
        if (!isnan(best.loss)) kept[n++] = best;
    }
    docs->n_kept = n;
}

void hopt_hyperopt_docs_keep(hopt_hyperopt_docs *docs) {
    if (docs->kept_capacity < docs->count) {
        docs->kept_capacity = docs->capacity;
        docs->kept = hopt_realloc(docs->kept, docs->kept_capacity, sizeof *docs->kept);
    }
    docs->n_kept = 0;
    for (size_t i = 0; i < docs->count; i++) {
        const hopt_hyperopt_doc *doc = &docs->list[i];
        if (doc->hidden || (isnan(doc->loss) && !docs->derived)) continue;
        docs->kept[docs->n_kept++] = (hopt_hyperopt_kept){doc->id, doc->num, doc->loss, doc->slot};
    }
    if (docs->derived) merge_ids(docs);
}
