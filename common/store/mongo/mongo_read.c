/* Reading trials. A study's trials lie together in the index on _id: its prefix, then num. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/store/mongo/bson_study.h"
#include "common/store/mongo/bson_trial.h"
#include "common/store/mongo/mongo_internal.h"

hopt_status hopt_mongo__prefix(hopt_mongo *self, uint8_t prefix[HOPT_PREFIX_SIZE],
                               const char *study, hopt_error *err) {
    bson_t *doc;
    hopt_status status =
        hopt_mongo__find_one(self, HOPT_MONGO_STUDIES, BCON_NEW("_id", BCON_UTF8(study)),
                             BCON_NEW("projection", "{", "prefix", BCON_INT32(1), "}"), &doc, err);
    if (status == HOPT_ENOTFOUND) return hopt_error_set(err, status, "no study \"%s\"", study);
    if (status != HOPT_OK) return status;
    bson_iter_t at;
    uint32_t length = 0;
    const uint8_t *data = NULL;
    if (bson_iter_init_find(&at, doc, "prefix") && BSON_ITER_HOLDS_BINARY(&at))
        bson_iter_binary(&at, NULL, &length, &data);
    if (length == HOPT_PREFIX_SIZE)
        memcpy(prefix, data, HOPT_PREFIX_SIZE);
    else
        status = hopt_error_set(err, HOPT_EINVAL, "study \"%s\" has a damaged record: field prefix",
                                study);
    bson_destroy(doc);
    return status;
}

bson_t *hopt_mongo__slots(const uint8_t prefix[HOPT_PREFIX_SIZE], int from, int to) {
    int end = to < HOPT_MONGO_SLOT_LAST ? to : HOPT_MONGO_SLOT_LAST;
    hopt_trial_id low = hopt_trial_id_make(prefix, from), high = hopt_trial_id_make(prefix, end);
    bson_oid_t low_oid = hopt_mongo__oid(&low), high_oid = hopt_mongo__oid(&high);
    return BCON_NEW("_id", "{", "$gte", BCON_OID(&low_oid), "$lte", BCON_OID(&high_oid), "}");
}

hopt_status hopt_mongo__last_slot(hopt_mongo *self, hopt_mongo_place place,
                                  const uint8_t prefix[HOPT_PREFIX_SIZE], int *last,
                                  hopt_error *err) {
    bson_t *doc;
    bson_iter_t at;
    hopt_trial_id id;
    bson_t *opts = BCON_NEW("sort", "{", "_id", BCON_INT32(-1), "}", "projection", "{", "_id",
                            BCON_INT32(1), "}");
    *last = -1;
    hopt_status status = hopt_mongo__find_one(
        self, place, hopt_mongo__slots(prefix, 0, HOPT_MONGO_SLOT_LAST), opts, &doc, err);
    if (status == HOPT_OK && bson_iter_init_find(&at, doc, "_id") && hopt_bson_id(&id, &at))
        *last = hopt_trial_id_num(&id);
    if (doc) bson_destroy(doc);
    return status == HOPT_ENOTFOUND ? HOPT_OK : status;
}

/* A study that is not there has no trials. */
static hopt_status prefix_or_none(hopt_mongo *self, uint8_t prefix[HOPT_PREFIX_SIZE], bool *none,
                                  const char *study, hopt_error *err) {
    hopt_status status = hopt_mongo__prefix(self, prefix, study, err);
    *none = status == HOPT_ENOTFOUND;
    return *none ? HOPT_OK : status;
}

/* Append one. Another program's documents are passed over silently. */
static void read_one(const bson_t *doc, hopt_trials *out, int64_t *malformed) {
    hopt_trial *trial;
    hopt_status status = hopt_bson_trial_decode(&trial, doc, NULL);
    if (status == HOPT_OK)
        hopt_trials_add(out, trial);
    else if (status == HOPT_EINVAL && malformed)
        ++*malformed;
}

static hopt_status read_all(hopt_mongo *self, mongoc_cursor_t *cursor, hopt_trials *out,
                            hopt_error *err) {
    const bson_t *doc;
    while (mongoc_cursor_next(cursor, &doc))
        read_one(doc, out, NULL);
    return hopt_mongo__end(self, cursor, err);
}

/* What the sampler needs: params and other keys of the result can be large. */
static void add_brief_projection(bson_t *opts) {
    static const char *const fields[] = {
        "tid",         "exp_key",           "state",     "owner",     "version",  "book_time",
        "error",       "refresh_time",      "misc.cmd",  "misc.vals", "hopt.num", "hopt.lease",
        "hopt.lost",   "hopt.beat",         "hopt.seed", "hopt.saw",  "hopt.by",  "hopt.worker",
        "hopt.stop",   "hopt.step",         "hopt.view", "hopt.end",  "hopt.ms",  "result.status",
        "result.loss", "result.status_fail"};
    bson_t projection;
    BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &projection);
    for (size_t i = 0; i < HOPT_COUNT(fields); i++)
        bson_append_int32(&projection, fields[i], -1, 1);
    bson_append_document_end(opts, &projection);
}

static void add_states(bson_t *filter, int mask) {
    enum { ALL = (1 << HOPT_STATES) - 1 };
    bson_t in, list;
    uint32_t count = 0;
    if (mask == 0 || (mask & ALL) == ALL) return;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "state", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    for (int state = 0; state < HOPT_STATES; state++) {
        char buffer[16];
        const char *index;
        if (!(mask & 1 << state)) continue;
        bson_uint32_to_string(count++, &index, buffer, sizeof buffer);
        bson_append_int32(&list, index, -1, state);
    }
    bson_append_array_end(&in, &list);
    bson_append_document_end(filter, &in);
}

/* What is still wanted: documents of slots above `after`. */
typedef struct page {
    int after, left;
} page;

/* One query for as many documents as trials are wanted. Malformed ones leave some to another. */
static hopt_status read_page(hopt_mongo *self, const hopt_trial_query *query,
                             const uint8_t prefix[HOPT_PREFIX_SIZE], page *next, hopt_trials *out,
                             int64_t *malformed, hopt_error *err) {
    const bson_t *doc;
    int count = 0, wanted = next->left;
    bson_t *filter = hopt_mongo__slots(prefix, next->after + 1, HOPT_MONGO_SLOT_LAST);
    bson_t *opts = BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}", "limit", BCON_INT64(wanted),
                            "batchSize", BCON_INT32(1000));
    add_states(filter, query->state_mask);
    if (query->brief) add_brief_projection(opts);
    mongoc_cursor_t *cursor = hopt_mongo__find(self, HOPT_MONGO_JOBS, filter, opts);
    for (; mongoc_cursor_next(cursor, &doc); count++) {
        bson_iter_t at;
        hopt_trial_id id;
        size_t before = out->count;
        read_one(doc, out, malformed);
        if (out->count > before) next->left--;
        if (bson_iter_init_find(&at, doc, "_id") && hopt_bson_id(&id, &at))
            next->after = hopt_trial_id_num(&id);
    }
    if (count < wanted) next->left = 0; /* there are no more */
    return hopt_mongo__end(self, cursor, err);
}

hopt_status hopt_mongo__trials(void *self, hopt_trials *out, const hopt_trial_query *query,
                               int64_t *malformed, hopt_error *err) {
    uint8_t prefix[HOPT_PREFIX_SIZE];
    bool none;
    hopt_status status = prefix_or_none(self, prefix, &none, query->study, err);
    if (status != HOPT_OK || none || query->after >= HOPT_MONGO_SLOT_LAST) return status;
    page next = {.after = query->after, .left = query->limit};
    while (status == HOPT_OK && next.left > 0 && next.after < HOPT_MONGO_SLOT_LAST)
        status = read_page(self, query, prefix, &next, out, malformed, err);
    return status;
}

hopt_status hopt_mongo__trials_by_num(void *self, hopt_trials *out, const char *study,
                                      const int *nums, size_t n, hopt_error *err) {
    uint8_t prefix[HOPT_PREFIX_SIZE];
    bool none;
    hopt_status status = prefix_or_none(self, prefix, &none, study, err);
    if (status != HOPT_OK || none) return status;
    bson_t in, list, *filter = bson_new();
    uint32_t count = 0;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &in);
    BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
    for (size_t i = 0; i < n; i++) {
        char buffer[16];
        const char *index;
        if (nums[i] < 0 || nums[i] > HOPT_MONGO_SLOT_LAST) continue;
        hopt_trial_id id = hopt_trial_id_make(prefix, nums[i]);
        bson_uint32_to_string(count++, &index, buffer, sizeof buffer);
        hopt_bson_add_id(&list, index, &id);
    }
    bson_append_array_end(&in, &list);
    bson_append_document_end(filter, &in);
    bson_t *opts = BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}");
    return read_all(self, hopt_mongo__find(self, HOPT_MONGO_JOBS, filter, opts), out, err);
}

/* ---- counts and best: over at most STEP slots a command, so that a million take no longer ---- */

enum { STEP = 100000 };

/* {_id: state, n: count} */
static void read_count(int64_t counts[HOPT_STATES], const bson_t *doc) {
    int64_t state = hopt_mongo__number(doc, "_id", -1);
    if (state >= 0 && state < HOPT_STATES) counts[state] += hopt_mongo__number(doc, "n", 0);
}

static hopt_status add_counts(hopt_mongo *self, bson_t *match, int64_t counts[HOPT_STATES],
                              hopt_error *err) {
    const bson_t *doc;
    bson_t *pipeline =
        BCON_NEW("pipeline", "[", "{", "$match", BCON_DOCUMENT(match), "}", "{", "$group", "{",
                 "_id", BCON_UTF8("$state"), "n", "{", "$sum", BCON_INT32(1), "}", "}", "}", "]");
    mongoc_cursor_t *cursor = mongoc_collection_aggregate(
        hopt_mongo__collection(self, HOPT_MONGO_JOBS), MONGOC_QUERY_NONE, pipeline, NULL, NULL);
    bson_destroy(match);
    bson_destroy(pipeline);
    while (mongoc_cursor_next(cursor, &doc))
        read_count(counts, doc);
    return hopt_mongo__end(self, cursor, err);
}

hopt_status hopt_mongo__counts(void *self, const char *study, int64_t counts[HOPT_STATES],
                               hopt_error *err) {
    uint8_t prefix[HOPT_PREFIX_SIZE];
    bool none;
    int last;
    hopt_status status = prefix_or_none(self, prefix, &none, study, err);
    if (status != HOPT_OK || none) return status;
    status = hopt_mongo__last_slot(self, HOPT_MONGO_JOBS, prefix, &last, err);
    for (int from = 0; from <= last && status == HOPT_OK; from += STEP) {
        bson_t *match = hopt_mongo__slots(prefix, from, from + STEP - 1);
        BSON_APPEND_UTF8(match, "exp_key", study); /* the index hopt_queue then covers it */
        status = add_counts(self, match, counts, err);
    }
    return status;
}

/* The best whole trial among some slots, NULL when there is none. */
static hopt_status best_of(hopt_mongo *self, hopt_trial **out, bson_t *filter, hopt_error *err) {
    const bson_t *doc;
    *out = NULL;
    /* NaN sorts before all numbers; a comparison leaves it out. */
    BCON_APPEND(filter, "state", BCON_INT32(HOPT_DONE), "result.status", BCON_UTF8("ok"),
                "result.loss", "{", "$gt", BCON_DOUBLE(-INFINITY), "$lt", BCON_DOUBLE(INFINITY),
                "}");
    bson_t *opts = BCON_NEW("sort", "{", "result.loss", BCON_INT32(1), "_id", BCON_INT32(1), "}",
                            "batchSize", BCON_INT32(2));
    mongoc_cursor_t *cursor = hopt_mongo__find(self, HOPT_MONGO_JOBS, filter, opts);
    while (!*out && mongoc_cursor_next(cursor, &doc)) {
        if (hopt_bson_trial_decode(out, doc, NULL) == HOPT_OK && !(*out)->result.ok) {
            hopt_trial_free(*out);
            *out = NULL;
        }
    }
    hopt_status status = hopt_mongo__end(self, cursor, err);
    if (status != HOPT_OK) {
        hopt_trial_free(*out);
        *out = NULL;
    }
    return status;
}

hopt_status hopt_mongo__best(void *self, hopt_trial **out, const char *study, hopt_error *err) {
    uint8_t prefix[HOPT_PREFIX_SIZE];
    int last = -1;
    hopt_trial *best = NULL;
    *out = NULL;
    hopt_status status = hopt_mongo__prefix(self, prefix, study, err);
    if (status == HOPT_OK)
        status = hopt_mongo__last_slot(self, HOPT_MONGO_JOBS, prefix, &last, err);
    for (int from = 0; from <= last && status == HOPT_OK; from += STEP) {
        hopt_trial *one;
        status = best_of(self, &one, hopt_mongo__slots(prefix, from, from + STEP - 1), err);
        bool better = one && (!best || one->result.loss < best->result.loss);
        hopt_trial_free(better ? best : one);
        if (better) best = one;
    }
    if (status == HOPT_OK && !best)
        return hopt_error_set(err, HOPT_ENOTFOUND, "study \"%s\" has no ok trial", study);
    if (status == HOPT_OK)
        *out = best;
    else
        hopt_trial_free(best);
    return status;
}
