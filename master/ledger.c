#include "master/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* What is said of a num, and by the record of which number. */
typedef struct entry {
    int by;
    hopt_seen seen; /* HOPT_SEEN_NOT: nothing was said yet */
} entry;

struct hopt_ledger {
    entry *list; /* by num */
    size_t count;
};

hopt_seen hopt_seen_of(hopt_state state) {
    if (state == HOPT_ERROR) return HOPT_SEEN_ERROR;
    return hopt_state_terminal(state) ? HOPT_SEEN_ENDED : HOPT_SEEN_OPEN;
}

hopt_ledger *hopt_ledger_new(void) {
    return hopt_zalloc(1, sizeof(hopt_ledger));
}

void hopt_ledger_free(hopt_ledger *ledger) {
    if (!ledger) return;
    free(ledger->list);
    free(ledger);
}

hopt_seen hopt_ledger_says(const hopt_ledger *ledger, int num) {
    if ((size_t)num >= ledger->count || ledger->list[num].seen == HOPT_SEEN_NOT)
        return HOPT_SEEN_OPEN;
    return ledger->list[num].seen;
}

static bool usable(int64_t num) {
    return num >= 0 && num < HOPT_TRIALS_MAX;
}

static int by_num(const void *left, const void *right) {
    const hopt_ledger_line *a = left, *b = right;
    return (a->num > b->num) - (a->num < b->num);
}

/* The line of a num in a sorted list, or NULL. */
static hopt_ledger_line *find_line(hopt_ledger_line *lines, size_t n, int num) {
    hopt_ledger_line key = {.num = num};
    return n ? bsearch(&key, lines, n, sizeof *lines, by_num) : NULL;
}

size_t hopt_ledger_lines(hopt_ledger_line **lines, const hopt_trial *record) {
    const json_t *erred = json_object_get(record->view, HOPT_VIEW_ERRED);
    const json_t *reopened = json_object_get(record->view, HOPT_VIEW_REOPENED);
    size_t most = (size_t)record->n_saw + json_array_size(reopened), n = 0;
    *lines = hopt_zalloc(most + 1, sizeof **lines);
    for (int i = 0; i < record->n_saw; i++)
        if (usable(record->saw[i]))
            (*lines)[n++] = (hopt_ledger_line){record->saw[i], HOPT_SEEN_ENDED};
    if (n) qsort(*lines, n, sizeof **lines, by_num);
    const size_t listed = n;
    for (size_t i = 0; i < json_array_size(erred); i++) {
        json_int_t num = json_integer_value(json_array_get(erred, i));
        hopt_ledger_line *line = usable(num) ? find_line(*lines, listed, (int)num) : NULL;
        if (line) line->seen = HOPT_SEEN_ERROR;
    }
    for (size_t i = 0; i < json_array_size(reopened); i++) {
        json_int_t num = json_integer_value(json_array_get(reopened, i));
        if (usable(num)) (*lines)[n++] = (hopt_ledger_line){(int)num, HOPT_SEEN_OPEN};
    }
    return n;
}

static entry *entry_of(hopt_ledger *ledger, int num) {
    size_t index = (size_t)num;
    if (index >= ledger->count) {
        size_t count = ledger->count ? ledger->count : 256;
        while (count <= index)
            count *= 2;
        ledger->list = hopt_realloc(ledger->list, count, sizeof *ledger->list);
        memset(ledger->list + ledger->count, 0, (count - ledger->count) * sizeof *ledger->list);
        ledger->count = count;
    }
    return &ledger->list[index];
}

void hopt_ledger_read(hopt_ledger *ledger, int by, const hopt_ledger_line *lines, size_t n) {
    for (size_t i = 0; i < n; i++) {
        entry *said = entry_of(ledger, lines[i].num);
        if (said->seen != HOPT_SEEN_NOT && said->by > by) continue;
        *said = (entry){by, lines[i].seen};
    }
}
