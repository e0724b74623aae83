/* "did you mean ...?": the closest word by edit distance. */
#include <string.h>

#include "common/trial/study_internal.h"

enum { WORD_MAX = 64 };

static int least(int a, int b) {
    return a < b ? a : b;
}

/* Optimal string alignment distance (Damerau's, no part edited twice): insert, delete, replace and
 * swap of neighbours cost 1 each. Both words are at most WORD_MAX bytes. */
static int distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    int rows[3][WORD_MAX + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        last[j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int cost = a[i - 1] != b[j - 1];
            row[j] = least(last[j - 1] + cost, least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        int *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b_length];
}

const char *hopt_nearest(const char *word, const char *const *words, size_t count) {
    size_t length = strlen(word);
    if (length > WORD_MAX) return NULL;
    const char *nearest = NULL;
    /* Beyond a third of the word it is another word, not a slip. */
    int limit = (int)(length / 3 > 2 ? length / 3 : 2);
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(words[i]);
        if (other > WORD_MAX) continue;
        int far = distance(word, length, words[i], other);
        if (far > limit || far >= (int)other) continue;
        nearest = words[i];
        limit = far - 1;
    }
    return nearest;
}
