#include "common/sampler/finite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/sampler/sampler_internal.h"

typedef struct level_set {
    double first, step;
    uint64_t count;
    uint64_t start; /* where the current walk begins */
} level_set;

struct hopt_finite {
    const hopt_space *space;
    level_set *levels;
    uint64_t *table; /* open addressing; 0 = free */
    size_t capacity; /* a power of two */
    size_t count;
    bool infinite;
    bool exhausted; /* the tried set only grows, so this stays true */
};

/** floor (or ceil) of x, but the nearest integer when x is within rounding error of it. */
static double floor_near(double x) {
    double near = rint(x);
    return fabs(x - near) <= 1e-14 * fmax(1, fabs(x)) ? near : floor(x);
}

uint64_t hopt_finite_levels(const hopt_dist *dist, bool inside, double *first, double *step) {
    *step = 1;
    *first = 0;
    if (hopt_dist_cardinality(dist) == 0) return 0;
    switch (dist->kind) {
    case HOPT_CHOICE:
    case HOPT_PCHOICE:
        return (uint64_t)dist->options;
    case HOPT_RANDINT:
        *first = dist->low;
        return (uint64_t)(dist->high - dist->low);
    case HOPT_QUNIFORM:
    case HOPT_UNIFORMINT:
    case HOPT_QLOGUNIFORM:
        break;
    default:
        return 0;
    }
    double low = rint(dist->low / dist->q);
    double high = rint(dist->high / dist->q);
    if (inside) {
        double inner_low = -floor_near(-dist->low / dist->q);
        double inner_high = floor_near(dist->high / dist->q);
        if (inner_low <= inner_high) { /* else nothing lies inside: the support's edge it is */
            low = inner_low;
            high = inner_high;
        }
    }
    *first = low; /* the index; the value is index * q, as the space computes it */
    *step = dist->q;
    return (uint64_t)(high - low) + 1;
}

static double level_value(const hopt_dist *dist, const level_set *levels, uint64_t k) {
    double index = levels->first + (double)k;
    return dist->q > 0 ? hopt_sampler__grid_value(index, dist->q) : index;
}

hopt_finite *hopt_finite_open(const hopt_space *space, bool inside) {
    int size = hopt_space_size(space);
    bool infinite = false;
    level_set *levels = hopt_zalloc((size_t)size + 1, sizeof *levels);
    for (int i = 0; i < size; i++) {
        const hopt_dist *dist = &hopt_space_param(space, i)->dist;
        levels[i].count = hopt_finite_levels(dist, inside, &levels[i].first, &levels[i].step);
        infinite |= levels[i].count == 0;
    }
    hopt_finite *finite = hopt_zalloc(1, sizeof *finite);
    finite->infinite = infinite;
    finite->space = space;
    finite->levels = levels;
    finite->capacity = 64;
    finite->table = hopt_zalloc(finite->capacity, sizeof *finite->table);
    return finite;
}

void hopt_finite_close(hopt_finite *finite) {
    if (!finite) return;
    free(finite->levels);
    free(finite->table);
    free(finite);
}

/** A 64-bit key of the point; two points share one with probability 2^-64, which at worst leaves
 * one point out. */
static uint64_t point_key(const hopt_finite *finite, const double *point) {
    uint64_t hash = HOPT_FNV_START;
    int size = hopt_space_size(finite->space);
    for (int i = 0; i < size; i++) {
        double value = isnan(point[i]) ? (double)NAN : point[i] + 0.0;
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        hash = hopt_hash_splitmix64(hash ^ bits, 0);
    }
    return hash ? hash : 1;
}

static size_t find_slot(const uint64_t *table, size_t capacity, uint64_t key) {
    size_t slot = (size_t)key & (capacity - 1);
    while (table[slot] != 0 && table[slot] != key)
        slot = (slot + 1) & (capacity - 1);
    return slot;
}

static void double_table(hopt_finite *finite) {
    size_t capacity = finite->capacity * 2;
    uint64_t *table = hopt_zalloc(capacity, sizeof *table);
    for (size_t i = 0; i < finite->capacity; i++)
        if (finite->table[i])
            table[find_slot(table, capacity, finite->table[i])] = finite->table[i];
    free(finite->table);
    finite->table = table;
    finite->capacity = capacity;
}

bool hopt_finite_is(const hopt_finite *finite) {
    return !finite->infinite;
}

static bool is_countable(const hopt_finite *finite, const double *point) {
    int size = hopt_space_size(finite->space);
    for (int i = 0; finite->infinite && i < size; i++)
        if (finite->levels[i].count == 0 && !isnan(point[i])) return false;
    return true;
}

void hopt_finite_note(hopt_finite *finite, const double *point) {
    if (!is_countable(finite, point)) return;
    uint64_t key = point_key(finite, point);
    size_t slot = find_slot(finite->table, finite->capacity, key);
    if (finite->table[slot]) return;
    finite->table[slot] = key;
    finite->count++;
    if (finite->count * 2 > finite->capacity) double_table(finite);
}

bool hopt_finite_tried(const hopt_finite *finite, const double *point) {
    if (!is_countable(finite, point)) return false;
    uint64_t key = point_key(finite, point);
    return finite->table[find_slot(finite->table, finite->capacity, key)] == key;
}

/** Walk the levels of parameter i and below; the order is by index, rotated by a random start. */
static bool walk(hopt_finite *finite, int i, double *point) {
    int size = hopt_space_size(finite->space);
    while (i < size && !hopt_space_active(finite->space, point, i))
        point[i++] = NAN;
    if (i == size) return !hopt_finite_tried(finite, point);
    const hopt_dist *dist = &hopt_space_param(finite->space, i)->dist;
    const level_set *levels = &finite->levels[i];
    for (uint64_t k = 0; k < levels->count; k++) {
        uint64_t to_end = levels->count - levels->start;
        point[i] = level_value(dist, levels, k < to_end ? levels->start + k : k - to_end);
        if (walk(finite, i + 1, point)) return true;
    }
    return false;
}

bool hopt_finite_find(hopt_finite *finite, hopt_rng *rng, double *point) {
    if (finite->infinite || finite->exhausted) return false;
    int size = hopt_space_size(finite->space);
    for (int i = 0; i < size; i++)
        finite->levels[i].start = hopt_rng_below(rng, finite->levels[i].count);
    finite->exhausted = !walk(finite, 0, point);
    return !finite->exhausted;
}
