/* Into the queue and out of it: tids, insertion, claims. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/bson_trial.h"
#include "common/store/mongo/mongo_internal.h"

/* ---- tids ---- */

/* The one counter document. Its _id is fixed: an upsert on {a:0} alone, raced, makes several. */
static hopt_status make_counter(hopt_mongo *self, hopt_error *err) {
    enum { TRIES = 20 };
    static const uint8_t zeros[HOPT_ID_SIZE];
    bson_oid_t oid;
    hopt_status status = HOPT_ECONFLICT;
    bson_oid_init_from_data(&oid, zeros);
    for (int i = 0; i < TRIES && status == HOPT_ECONFLICT; i++) {
        bson_t *filter = BCON_NEW("a", BCON_INT32(0));
        bson_t *update =
            BCON_NEW("$setOnInsert", "{", "_id", BCON_OID(&oid), "last_id", BCON_INT32(0), "}");
        status = hopt_mongo__update(self, HOPT_MONGO_JOB_IDS, HOPT_MONGO_UPSERT, filter, update,
                                    NULL, err);
    }
    return status == HOPT_ECONFLICT ? HOPT_ESTORE : status;
}

hopt_status hopt_mongo__tids(void *self, int64_t *first, int n, hopt_error *err) {
    bson_t *filter = BCON_NEW("a", BCON_INT32(0));
    bson_t *update = BCON_NEW("$inc", "{", "last_id", BCON_INT32(n), "}");
    bson_t *doc = NULL;
    hopt_status status =
        hopt_mongo__find_and_modify(self, HOPT_MONGO_JOB_IDS, filter, update, NULL, &doc, err);
    if (status == HOPT_ENOTFOUND) {
        status = make_counter(self, err);
        if (status == HOPT_OK)
            status = hopt_mongo__find_and_modify(self, HOPT_MONGO_JOB_IDS, filter, update, NULL,
                                                 &doc, err);
        if (status == HOPT_ENOTFOUND)
            status = hopt_error_set(err, HOPT_ESTORE, "the counter in job_ids vanishes");
    }
    bson_destroy(filter);
    bson_destroy(update);
    if (status != HOPT_OK) return status;
    int64_t last = hopt_mongo__number(doc, "last_id", -1);
    bson_destroy(doc);
    if (last < n)
        return hopt_error_set(err, HOPT_ESTORE,
                              "the counter in job_ids is damaged: last_id is no "
                              "number, or negative");
    *first = last - n;
    return HOPT_OK;
}

/* Imported tids must not be given out again. */
static hopt_status raise_counter(hopt_mongo *self, hopt_trial *const *trials, size_t n,
                                 hopt_error *err) {
    int64_t next = 0, matched = 0;
    for (size_t i = 0; i < n; i++) {
        if (trials[i]->tid >= next) next = trials[i]->tid + 1;
    }
    hopt_status status = HOPT_OK;
    for (int i = 0; i < 2 && status == HOPT_OK && !matched; i++) {
        bson_t max, *update = bson_new();
        BSON_APPEND_DOCUMENT_BEGIN(update, "$max", &max);
        hopt_bson_add_integer(&max, "last_id", next);
        bson_append_document_end(update, &max);
        status = hopt_mongo__update(self, HOPT_MONGO_JOB_IDS, HOPT_MONGO_ONE,
                                    BCON_NEW("a", BCON_INT32(0)), update, &matched, err);
        if (status == HOPT_OK && !matched) status = make_counter(self, err);
    }
    return status;
}

/* ---- insertion ---- */

enum { BATCH = 1000 };

typedef struct insert_outcome {
    size_t inserted;
    bool taken; /* a duplicate key stopped it, or some of it */
} insert_outcome;

static hopt_status insert_batch(hopt_mongo *self, hopt_trial *const *trials, size_t n, bool ordered,
                                insert_outcome *outcome, hopt_error *err) {
    bson_t *docs[BATCH], reply, *opts = BCON_NEW("ordered", BCON_BOOL(ordered));
    bson_error_t error;
    for (size_t i = 0; i < n; i++) {
        docs[i] = bson_new();
        hopt_bson_trial_encode(docs[i], trials[i]);
    }
    bool good = mongoc_collection_insert_many(hopt_mongo__collection(self, HOPT_MONGO_JOBS),
                                              (const bson_t **)docs, n, opts, &reply, &error);
    *outcome = (insert_outcome){
        .inserted = (size_t)hopt_mongo__number(&reply, "insertedCount", 0),
        .taken = !good && hopt_mongo__duplicate(&error),
    };
    for (size_t i = 0; i < n; i++)
        bson_destroy(docs[i]);
    bson_destroy(&reply);
    bson_destroy(opts);
    return good || outcome->taken ? HOPT_OK : hopt_mongo__failed(self, &error, err);
}

hopt_status hopt_mongo__enqueue(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                                hopt_error *err) {
    size_t done = 0;
    hopt_status status = HOPT_OK;
    while (done < n && status == HOPT_OK) {
        size_t size = n - done < BATCH ? n - done : BATCH;
        insert_outcome outcome;
        status = insert_batch(self, trials + done, size, true, &outcome, err);
        done += outcome.inserted;
        if (status == HOPT_OK && outcome.taken)
            status = hopt_error_set(err, HOPT_ECONFLICT, "slot %d is taken",
                                    done < n ? trials[done]->num : -1);
    }
    *inserted = done;
    return done ? hopt_mongo__after_change(status, err) : status;
}

hopt_status hopt_mongo__import(void *self, hopt_trial *const *trials, size_t n, size_t *inserted,
                               hopt_error *err) {
    uint8_t prefix[HOPT_PREFIX_SIZE];
    *inserted = 0;
    if (n == 0) return HOPT_OK;
    hopt_status status = hopt_mongo__prefix(self, prefix, trials[0]->study, err);
    if (status == HOPT_OK) status = raise_counter(self, trials, n, err);
    for (size_t done = 0; done < n && status == HOPT_OK;) {
        size_t size = n - done < BATCH ? n - done : BATCH;
        insert_outcome outcome;
        for (size_t i = done; i < done + size; i++)
            trials[i]->id = hopt_trial_id_make(prefix, trials[i]->num);
        status = insert_batch(self, trials + done, size, false, &outcome, err);
        *inserted += outcome.inserted;
        done += size;
    }
    return *inserted ? hopt_mongo__after_change(status, err) : status;
}

/* ---- claims ---- */

/* A trial whose document was damaged by hand: it ends here, or it would be claimed for ever. */
static hopt_status end_malformed(hopt_mongo *self, const bson_t *doc, const char *owner,
                                 const char *why, hopt_error *err) {
    bson_iter_t id;
    if (!bson_iter_init_find(&id, doc, "_id")) return HOPT_OK;
    char *message = hopt_format("malformed document: %s", why);
    char *clean = hopt_bson_clean_text(message, strlen(message));
    bson_t *filter = bson_new();
    bson_append_iter(filter, "_id", -1, &id);
    BCON_APPEND(filter, "state", BCON_INT32(HOPT_RUNNING), "owner", "[", BCON_UTF8(owner), "]");
    bson_t *update =
        BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_ERROR), "result", "{", "status",
                 BCON_UTF8("new"), "}", "error", "[", BCON_UTF8("Start"), BCON_UTF8(clean), "]",
                 "}", "$inc", "{", "version", BCON_INT32(1), "}");
    free(message);
    free(clean);
    return hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE, filter, update, NULL, err);
}

hopt_status hopt_mongo__end_unclaimable(hopt_mongo *self, const char *study, int64_t *found,
                                        hopt_error *err) {
    bson_t *filter = BCON_NEW(
        "exp_key", BCON_UTF8(study), "state", BCON_INT32(HOPT_NEW), "misc.cmd.0", BCON_UTF8("hopt"),
        "$or", "[", "{", "hopt.lease", "{", "$not", "{", "$type", BCON_UTF8("number"), "}", "}",
        "}", "{", "version", "{", "$not", "{", "$type", BCON_UTF8("number"), "}", "}", "}", "]");
    bson_t *update =
        BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_ERROR), "error", "[", BCON_UTF8("Start"),
                 BCON_UTF8("malformed document: hopt.lease or version is no number"), "]", "}");
    return hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_MANY, filter, update, found, err);
}

static bson_t *claim_filter(const char *study) {
    return BCON_NEW("exp_key", BCON_UTF8(study), "state", BCON_INT32(HOPT_NEW), "misc.cmd.0",
                    BCON_UTF8("hopt"));
}

static bson_t *claim_update(const char *owner) {
    return BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_RUNNING), "owner", "[", BCON_UTF8(owner),
                    "]", "hopt.worker", BCON_UTF8(owner), "hopt.beat", BCON_INT64(0), "}", "$inc",
                    "{", "hopt.lease", BCON_INT32(1), "version", BCON_INT32(1), "}", "$unset", "{",
                    "hopt.stop", BCON_UTF8(""), "}", "$currentDate", "{", "book_time",
                    BCON_BOOL(true), "refresh_time", BCON_BOOL(true), "}");
}

/**
 * The command itself. First among the slots up to a little beyond the last one that was claimed
 * here, then among all. That changes nothing on MongoDB, whose index stops at the first match;
 * FerretDB's collects all matches first, which with 200,000 queued makes a claim 50 times as slow.
 * Slots below are never left out, so a trial that was queued again does not wait.
 */
static hopt_status claim_doc(hopt_mongo *self, const char *study, const bson_t *update,
                             bson_t **doc, hopt_error *err) {
    enum { BEYOND = 1000 };
    hopt_status status = HOPT_ENOTFOUND;
    bson_t *filter = claim_filter(study);
    if (strcmp(self->claimed_study, study) == 0) {
        int to = hopt_trial_id_num(&self->claimed) + BEYOND;
        if (to > HOPT_MONGO_SLOT_LAST) to = HOPT_MONGO_SLOT_LAST;
        hopt_trial_id last = hopt_trial_id_make(self->claimed.bytes, to);
        bson_oid_t oid = hopt_mongo__oid(&last);
        BCON_APPEND(filter, "_id", "{", "$lte", BCON_OID(&oid), "}");
        status = hopt_mongo__find_and_modify(self, HOPT_MONGO_JOBS, filter, update, NULL, doc, err);
        bson_destroy(filter);
        filter = claim_filter(study);
    }
    self->claimed_study[0] = '\0';
    if (status == HOPT_ENOTFOUND)
        status = hopt_mongo__find_and_modify(self, HOPT_MONGO_JOBS, filter, update, NULL, doc, err);
    bson_destroy(filter);
    return status;
}

static void remember_claim(hopt_mongo *self, const hopt_trial *trial) {
    memcpy(self->claimed_study, trial->study, sizeof trial->study);
    self->claimed = trial->id;
}

/* One trial. Damaged ones are ended on the way; each leaves the queue, so this ends. */
static hopt_status claim_one(hopt_mongo *self, const char *study, const char *owner,
                             const bson_t *update, hopt_trial **out, hopt_error *err) {
    bool swept = false;
    for (;;) {
        bson_t *doc;
        hopt_error why = {.message = "its misc.cmd is damaged"};
        hopt_status status = claim_doc(self, study, update, &doc, err);
        /* Only a server's own refusal: after a lost reply the caller asks hopt_store_mine(). */
        if (status == HOPT_ESTORE && self->refused && !swept) {
            int64_t found = 0;
            swept = true;
            if (hopt_mongo__end_unclaimable(self, study, &found, NULL) == HOPT_OK && found > 0)
                continue;
        }
        if (status != HOPT_OK) return status;
        status = hopt_bson_trial_decode(out, doc, &why);
        if (status == HOPT_OK)
            remember_claim(self, *out);
        else
            status = end_malformed(self, doc, owner, why.message, err);
        bson_destroy(doc);
        if (status != HOPT_OK || *out) return status;
    }
}

hopt_status hopt_mongo__claim_many(void *self, hopt_trials *out, const char *study,
                                   const char *owner, size_t n, hopt_error *err) {
    bson_t *update = claim_update(owner);
    size_t before = out->count;
    hopt_status status = HOPT_OK;
    while (out->count - before < n && status == HOPT_OK) {
        hopt_trial *trial = NULL;
        status = claim_one(self, study, owner, update, &trial, err);
        if (trial) hopt_trials_add(out, trial);
    }
    bson_destroy(update);
    if (out->count > before) {
        if (status == HOPT_OK || status == HOPT_ENOTFOUND) return HOPT_OK;
        /* The caller asks hopt_store_mine() and gets these too. */
        while (out->count > before)
            hopt_trial_free(out->list[--out->count]);
        status = hopt_mongo__after_change(status, err);
    }
    return status;
}

hopt_status hopt_mongo__mine(void *self, hopt_trials *out, const char *study, const char *owner,
                             hopt_error *err) {
    const bson_t *doc;
    bson_t *filter = BCON_NEW("exp_key", BCON_UTF8(study), "state", BCON_INT32(HOPT_RUNNING),
                              "owner", "[", BCON_UTF8(owner), "]");
    mongoc_cursor_t *cursor = hopt_mongo__find(self, HOPT_MONGO_JOBS, filter,
                                               BCON_NEW("sort", "{", "_id", BCON_INT32(1), "}"));
    while (mongoc_cursor_next(cursor, &doc)) {
        hopt_trial *trial;
        if (hopt_bson_trial_decode(&trial, doc, NULL) == HOPT_OK) hopt_trials_add(out, trial);
    }
    return hopt_mongo__end(self, cursor, err);
}
