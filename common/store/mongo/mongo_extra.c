/* Curves and logs: collections of their own, since MongoTrials downloads whole jobs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/bson_trial.h"
#include "common/store/mongo/mongo_internal.h"

/* ---- curves ---- */

/* An array of steps or of losses; the other one is NULL. */
static void add_numbers(bson_t *to, const char *key, const int64_t *steps, const double *losses,
                        size_t n) {
    bson_t array;
    bson_append_array_begin(to, key, -1, &array);
    for (size_t i = 0; i < n; i++) {
        char buffer[16];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, buffer, sizeof buffer);
        if (steps) bson_append_int64(&array, index, -1, steps[i]);
        if (losses) bson_append_double(&array, index, -1, losses[i]);
    }
    bson_append_array_end(to, &array);
}

/* One of $push's members: {steps: {$each: [...], $slice: max}}; the first ones are kept. */
static void add_push(bson_t *push, const char *key, const int64_t *steps, const double *losses,
                     size_t n) {
    bson_t each;
    bson_append_document_begin(push, key, -1, &each);
    add_numbers(&each, "$each", steps, losses, n);
    BSON_APPEND_INT32(&each, "$slice", HOPT_REPORTS_MAX);
    bson_append_document_end(push, &each);
}

static hopt_status push_reports(hopt_mongo *self, const bson_oid_t *oid, int lease,
                                const int64_t *steps, const double *losses, size_t n,
                                int64_t *matched, hopt_error *err) {
    bson_t push, *update = bson_new();
    BSON_APPEND_DOCUMENT_BEGIN(update, "$push", &push);
    add_push(&push, "steps", steps, NULL, n);
    add_push(&push, "losses", NULL, losses, n);
    bson_append_document_end(update, &push);
    return hopt_mongo__update(self, HOPT_MONGO_REPORTS, HOPT_MONGO_ONE,
                              BCON_NEW("_id", BCON_OID(oid), "lease", BCON_INT32(lease)), update,
                              matched, err);
}

/* The first of a lease: a new document, or in the place of a former lease's. HOPT_ECONFLICT when
 * the document there is not of a former lease. */
static hopt_status start_reports(hopt_mongo *self, const bson_oid_t *oid, int lease,
                                 const int64_t *steps, const double *losses, size_t n,
                                 hopt_error *err) {
    bson_t set, *update = bson_new();
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
    BSON_APPEND_INT32(&set, "lease", lease);
    add_numbers(&set, "steps", steps, NULL, n);
    add_numbers(&set, "losses", NULL, losses, n);
    bson_append_document_end(update, &set);
    bson_t *filter = BCON_NEW("_id", BCON_OID(oid), "lease", "{", "$lt", BCON_INT32(lease), "}");
    return hopt_mongo__update(self, HOPT_MONGO_REPORTS, HOPT_MONGO_UPSERT, filter, update, NULL,
                              err);
}

hopt_status hopt_mongo__report(void *self, const hopt_trial_id *id, int lease, const int64_t *steps,
                               const double *losses, size_t n, hopt_error *err) {
    bson_oid_t oid = hopt_mongo__oid(id);
    size_t kept = n < HOPT_REPORTS_MAX ? n : HOPT_REPORTS_MAX;
    int64_t matched;
    hopt_status status = push_reports(self, &oid, lease, steps, losses, kept, &matched, err);
    if (status != HOPT_OK || matched) return status;
    status = start_reports(self, &oid, lease, steps, losses, kept, err);
    if (status != HOPT_ECONFLICT) return status;
    /* Raced by a repeat of our own, or a newer lease has reported. */
    status = push_reports(self, &oid, lease, steps, losses, kept, &matched, err);
    if (status == HOPT_OK && !matched)
        status = hopt_error_set(err, HOPT_ECONFLICT, "trial %d: a newer lease has reported",
                                hopt_trial_id_num(id));
    return status;
}

typedef struct report {
    int64_t step;
    double loss;
    size_t order;
} report;

static int by_step(const void *a, const void *b) {
    const report *x = a, *y = b;
    if (x->step != y->step) return x->step < y->step ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static bool open_array(bson_iter_t *out, const bson_t *doc, const char *key) {
    bson_iter_t at;
    return bson_iter_init_find(&at, doc, key) && BSON_ITER_HOLDS_ARRAY(&at) &&
           bson_iter_recurse(&at, out);
}

/* The pairs in both arrays; damaged ones are left out. @return how many. */
static size_t read_pairs(report **out, const bson_t *doc) {
    bson_iter_t step, loss;
    size_t n = 0, capacity = 0;
    *out = NULL;
    if (!open_array(&step, doc, "steps") || !open_array(&loss, doc, "losses")) return 0;
    while (bson_iter_next(&step) && bson_iter_next(&loss)) {
        report one = {.order = n};
        if (!hopt_bson_integer(&one.step, &step, INT64_MIN, INT64_MAX) ||
            !hopt_bson_double(&one.loss, &loss))
            continue;
        *out = hopt_grow(*out, n, &capacity, sizeof **out);
        (*out)[n++] = one;
    }
    return n;
}

hopt_status hopt_mongo__reports(void *self, hopt_reports *out, const hopt_trial_id *id,
                                hopt_error *err) {
    bson_t *doc;
    bson_oid_t oid = hopt_mongo__oid(id);
    hopt_status status = hopt_mongo__find_one(self, HOPT_MONGO_REPORTS,
                                              BCON_NEW("_id", BCON_OID(&oid)), NULL, &doc, err);
    if (status != HOPT_OK) return status == HOPT_ENOTFOUND ? HOPT_OK : status;
    report *pairs;
    size_t n = read_pairs(&pairs, doc);
    out->lease = (int)hopt_mongo__number(doc, "lease", 0);
    bson_destroy(doc);
    if (n) {
        /* A repeat after a lost reply stored its steps twice: the last value of a step counts. */
        qsort(pairs, n, sizeof pairs[0], by_step);
        out->steps = hopt_zalloc(n, sizeof out->steps[0]);
        out->losses = hopt_zalloc(n, sizeof out->losses[0]);
    }
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && pairs[i + 1].step == pairs[i].step) continue;
        out->steps[out->count] = pairs[i].step;
        out->losses[out->count++] = pairs[i].loss;
    }
    free(pairs);
    return HOPT_OK;
}

/* ---- logs ---- */

/* Text where it can be read as such in a shell, else bytes. */
static void add_bytes(bson_t *to, const char *key, const char *data, size_t length) {
    if (bson_utf8_validate(data, length, false))
        bson_append_utf8(to, key, -1, data, (int)length);
    else
        bson_append_binary(to, key, -1, BSON_SUBTYPE_BINARY, (const uint8_t *)data,
                           (uint32_t)length);
}

static char *read_bytes(size_t *length, const bson_t *doc, const char *key) {
    bson_iter_t at;
    uint32_t size = 0;
    const char *data = "";
    if (bson_iter_init_find(&at, doc, key)) {
        if (BSON_ITER_HOLDS_UTF8(&at))
            data = bson_iter_utf8(&at, &size);
        else if (BSON_ITER_HOLDS_BINARY(&at))
            bson_iter_binary(&at, NULL, &size, (const uint8_t **)&data);
    }
    *length = size;
    return hopt_strndup(data, size);
}

hopt_status hopt_mongo__put_log(void *self, const hopt_trial_id *id, const hopt_log_text *log,
                                hopt_error *err) {
    bson_oid_t oid = hopt_mongo__oid(id);
    bson_t set, *update = bson_new();
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
    BSON_APPEND_INT32(&set, "lease", log->lease);
    add_bytes(&set, "head", log->head ? log->head : "", log->head ? log->head_length : 0);
    add_bytes(&set, "tail", log->tail ? log->tail : "", log->tail ? log->tail_length : 0);
    bson_append_document_end(update, &set);
    bson_t *filter =
        BCON_NEW("_id", BCON_OID(&oid), "lease", "{", "$lte", BCON_INT32(log->lease), "}");
    hopt_status status =
        hopt_mongo__update(self, HOPT_MONGO_LOGS, HOPT_MONGO_UPSERT, filter, update, NULL, err);
    if (status == HOPT_ECONFLICT) /* the upsert met the document of another lease */
        hopt_error_set(err, status, "trial %d: a newer lease has put its log",
                       hopt_trial_id_num(id));
    return status;
}

hopt_status hopt_mongo__log(void *self, hopt_log_text *out, const hopt_trial_id *id,
                            hopt_error *err) {
    bson_t *doc;
    bson_oid_t oid = hopt_mongo__oid(id);
    hopt_status status = hopt_mongo__find_one(self, HOPT_MONGO_LOGS,
                                              BCON_NEW("_id", BCON_OID(&oid)), NULL, &doc, err);
    if (status != HOPT_OK) return status;
    out->lease = (int)hopt_mongo__number(doc, "lease", 0);
    out->head = read_bytes(&out->head_length, doc, "head");
    out->tail = read_bytes(&out->tail_length, doc, "tail");
    bson_destroy(doc);
    return HOPT_OK;
}
