/* Trials of a Python driver (common/store/driven.h): hyperopt's own documents, with `hopt_lease`
 * beside its fields while a worker of hopt has them. There is no `hopt` in them: that is the mark
 * of a study's trials. */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"
#include "common/store/mongo/bson_trial.h"
#include "common/store/mongo/mongo_internal.h"

static const char protocol[] = "domain_attachment";

/* ---- documents ---- */

/* misc.cmd[1], where the pickled domain is. */
static char *domain_name(const bson_t *doc) {
    bson_iter_t at, found;
    char *name = NULL;
    if (bson_iter_init(&at, doc) && bson_iter_find_descendant(&at, "misc.cmd.1", &found))
        hopt_bson_text(&name, &found);
    return name ? name : hopt_strdup("FMinIter_Domain");
}

static char *text_at(const bson_t *doc, const char *path) {
    bson_iter_t at, found;
    char *text = NULL;
    if (bson_iter_init(&at, doc) && bson_iter_find_descendant(&at, path, &found))
        hopt_bson_text(&text, &found);
    return text;
}

/* NULL: no document that can be handed on. */
static hopt_trial *decode(const bson_t *doc, const char *exp_key) {
    bson_iter_t at;
    hopt_trial_id id;
    if (!bson_iter_init_find(&at, doc, "_id") || !hopt_bson_id(&id, &at)) return NULL;
    char *text = bson_as_canonical_extended_json(doc, NULL);
    json_t *document = text ? json_string(text) : NULL;
    bson_free(text);
    if (!document) return NULL;
    char *domain = domain_name(doc);
    hopt_trial *trial = hopt_trial_new();
    hopt_driven_name(trial->study, exp_key);
    trial->id = id;
    trial->tid = hopt_mongo__number(doc, "tid", 0);
    trial->num = (int)(trial->tid & INT32_MAX);
    trial->state = HOPT_RUNNING;
    trial->version = (int)hopt_mongo__number(doc, "version", 0);
    trial->lease = (int)hopt_mongo__number(doc, "hopt_lease.n", 0);
    trial->lost = (int)hopt_mongo__number(doc, "hopt_lease.lost", 0);
    trial->beat = hopt_mongo__number(doc, "hopt_lease.beat", 0);
    trial->owner = text_at(doc, "owner.0");
    trial->worker = text_at(doc, "hopt_lease.worker");
    trial->cmd = hopt_strdup(protocol);
    trial->params = json_object();
    json_object_set_new(trial->params, "document", document);
    json_object_set_new(trial->params, "attachment", json_string(domain));
    free(domain);
    return trial;
}

/* ---- claims ---- */

static bson_t *claim_filter(const char *exp_key) {
    return BCON_NEW("exp_key", BCON_UTF8(exp_key), "state", BCON_INT32(HOPT_NEW), "owner",
                    BCON_NULL, "misc.cmd.0", BCON_UTF8(protocol), "version", "{", "$type",
                    BCON_UTF8("number"), "}");
}

static bson_t *claim_update(const char *owner) {
    return BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_RUNNING), "owner", "[", BCON_UTF8(owner),
                    "]", "hopt_lease.worker", BCON_UTF8(owner), "hopt_lease.beat", BCON_INT64(0),
                    "}", "$inc", "{", "hopt_lease.n", BCON_INT32(1), "version",
                    BCON_INT32(hopt_event_version_step(HOPT_EVENT_CLAIM)), "}", "$currentDate", "{",
                    "book_time", BCON_BOOL(true), "refresh_time", BCON_BOOL(true), "}");
}

/* A document that was damaged by hand: it ends here, or it would be claimed for ever. */
static hopt_status end_malformed(hopt_mongo *self, const bson_t *doc, const char *owner,
                                 hopt_error *err) {
    bson_iter_t id;
    if (!bson_iter_init_find(&id, doc, "_id")) return HOPT_OK;
    bson_t *filter = bson_new();
    bson_append_iter(filter, "_id", -1, &id);
    BCON_APPEND(filter, "state", BCON_INT32(HOPT_RUNNING), "owner", "[", BCON_UTF8(owner), "]");
    bson_t *update =
        BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_ERROR), "error", "[", BCON_UTF8("Start"),
                 BCON_UTF8("malformed document: its _id is no "
                           "ObjectId, or a text is not UTF-8"),
                 "]", "}", "$inc", "{", "version", BCON_INT32(1), "}");
    return hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE, filter, update, NULL, err);
}

static hopt_status driven_claim(void *store, hopt_trials *out, const char *exp_key,
                                const char *owner, size_t n, hopt_error *err) {
    hopt_mongo *self = store;
    bson_t *filter = claim_filter(exp_key), *update = claim_update(owner);
    size_t before = out->count;
    hopt_status status = HOPT_OK;
    while (out->count - before < n && status == HOPT_OK) {
        bson_t *doc;
        status =
            hopt_mongo__find_and_modify(self, HOPT_MONGO_JOBS, filter, update, NULL, &doc, err);
        if (status != HOPT_OK) break;
        hopt_trial *trial = decode(doc, exp_key);
        if (trial)
            hopt_trials_add(out, trial);
        else
            status = end_malformed(self, doc, owner, err);
        bson_destroy(doc);
    }
    bson_destroy(filter);
    bson_destroy(update);
    if (out->count == before) return status;
    /* After a failure the caller asks for what is its own, and gets these too. */
    return status == HOPT_ENOTFOUND ? HOPT_OK : hopt_mongo__after_change(status, err);
}

static hopt_status driven_mine(void *store, hopt_trials *out, const char *exp_key,
                               const char *owner, hopt_error *err) {
    hopt_mongo *self = store;
    const bson_t *doc;
    mongoc_cursor_t *cursor = hopt_mongo__find(
        self, HOPT_MONGO_JOBS,
        BCON_NEW("exp_key", BCON_UTF8(exp_key), "state", BCON_INT32(HOPT_RUNNING), "owner", "[",
                 BCON_UTF8(owner), "]", "hopt_lease.worker", BCON_UTF8(owner)),
        NULL);
    while (mongoc_cursor_next(cursor, &doc)) {
        hopt_trial *trial = decode(doc, exp_key);
        if (trial) hopt_trials_add(out, trial);
    }
    return hopt_mongo__end(self, cursor, err);
}

/* ---- what the holder writes ---- */

bson_t *hopt_mongo__driven_filter(const hopt_lease *lease) {
    bson_oid_t oid = hopt_mongo__oid(&lease->id);
    return BCON_NEW("_id", BCON_OID(&oid), "state", BCON_INT32(HOPT_RUNNING), "owner", "[",
                    BCON_UTF8(lease->owner), "]", "hopt_lease.n", BCON_INT32(lease->lease));
}

hopt_status hopt_mongo__driven_lost(const hopt_lease *lease, hopt_error *err) {
    return hopt_error_set(err, HOPT_ECONFLICT, "a trial of %s: the lease is lost", lease->study);
}

/* Whether the server has said that it will never take this document: an objective's result may hold
 * keys that one server takes and another does not. */
static bool refuses_document(const hopt_mongo *self) {
    static const uint32_t codes[] = {2,  /* BadValue */
                                     9,  /* FailedToParse */
                                     14, /* TypeMismatch */
                                     22, /* InvalidBSON */
                                     52, /* DollarPrefixedFieldName */
                                     56, /* EmptyFieldName */
                                     57 /* DottedFieldName */};
    for (size_t i = 0; self->refused && i < HOPT_COUNT(codes); i++) {
        if (self->refused_code == codes[i]) return true;
    }
    return false;
}

/* @param[in] update  taken. HOPT_ECONFLICT: nothing matched. HOPT_EINVAL: it can't be stored. */
static hopt_status write_held(hopt_mongo *self, const hopt_lease *lease, bson_t *update,
                              hopt_error *err) {
    int64_t matched;
    hopt_status status =
        hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_RAW, hopt_mongo__driven_filter(lease),
                           update, &matched, err);
    if (status == HOPT_OK && !matched) status = hopt_mongo__driven_lost(lease, err);
    if (status != HOPT_ESTORE || !refuses_document(self)) return status;
    if (err) err->code = HOPT_EINVAL;
    return HOPT_EINVAL;
}

static hopt_status driven_beat(void *self, const hopt_lease *lease, hopt_error *err) {
    return write_held(self, lease,
                      BCON_NEW("$inc", "{", "hopt_lease.beat", BCON_INT64(1), "}", "$currentDate",
                               "{", "refresh_time", BCON_BOOL(true), "}"),
                      err);
}

/* The result's document from its text. NULL with err. */
static bson_t *read_document(const char *text, hopt_error *err) {
    bson_error_t error;
    bson_t *doc = bson_new_from_json((const uint8_t *)text, -1, &error);
    if (!doc) hopt_error_set(err, HOPT_EINVAL, "the result is no document: %s", error.message);
    return doc;
}

static hopt_status driven_checkpoint(void *self, const hopt_lease *lease, const char *result,
                                     hopt_error *err) {
    bson_t *update = BCON_NEW("$currentDate", "{", "refresh_time", BCON_BOOL(true), "}", "$inc",
                              "{", "version", BCON_INT32(1), "}");
    bson_t *doc = result ? read_document(result, err) : NULL;
    if (result && !doc) {
        bson_destroy(update);
        return HOPT_EINVAL;
    }
    if (doc) BCON_APPEND(update, "$set", "{", "result", BCON_DOCUMENT(doc), "}");
    if (doc) bson_destroy(doc);
    return write_held(self, lease, update, err);
}

static void add_error(bson_t *set, const hopt_result *result) {
    bson_t pair;
    BSON_APPEND_ARRAY_BEGIN(set, "error", &pair);
    hopt_bson_add_text(&pair, "0", result->error_type ? result->error_type : "");
    hopt_bson_add_text(&pair, "1", result->error_message ? result->error_message : "");
    bson_append_array_end(set, &pair);
}

/* NULL with err: the document can't be read. */
static bson_t *finish_update(const hopt_result *result, const char *document, hopt_error *err) {
    bson_t set, *doc = NULL, *update = bson_new();
    if (result->state == HOPT_DONE && !(doc = read_document(document, err))) {
        bson_destroy(update);
        return NULL;
    }
    BSON_APPEND_DOCUMENT_BEGIN(update, "$set", &set);
    BSON_APPEND_INT32(&set, "state", (int32_t)result->state);
    if (doc)
        BSON_APPEND_DOCUMENT(&set, "result", doc);
    else /* `result` stays as it is, as with hyperopt's worker */
        add_error(&set, result);
    bson_append_document_end(update, &set);
    if (doc) bson_destroy(doc);
    BCON_APPEND(update, "$inc", "{", "version",
                BCON_INT32(hopt_event_version_step(HOPT_EVENT_FINISH)), "}", "$currentDate", "{",
                "refresh_time", BCON_BOOL(true), "}");
    return update;
}

/* Whether it was ended by this very lease: a write before, whose reply was lost. */
static hopt_status read_back(hopt_mongo *self, const hopt_lease *lease, hopt_error *err) {
    bson_oid_t oid = hopt_mongo__oid(&lease->id);
    bson_t *doc;
    hopt_status status = hopt_mongo__find_one(
        self, HOPT_MONGO_JOBS, BCON_NEW("_id", BCON_OID(&oid)),
        BCON_NEW("projection", "{", "state", BCON_INT32(1), "owner", BCON_INT32(1), "error",
                 BCON_INT32(1), "hopt_lease", BCON_INT32(1), "}"),
        &doc, err);
    if (status == HOPT_ENOTFOUND) return hopt_mongo__driven_lost(lease, err);
    if (status != HOPT_OK) return hopt_mongo__after_change(status, err);
    char *owner = text_at(doc, "owner.0"), *type = text_at(doc, "error.0");
    int64_t state = hopt_mongo__number(doc, "state", HOPT_NEW);
    bool mine = (state == HOPT_DONE || state == HOPT_ERROR) && owner &&
                strcmp(owner, lease->owner) == 0 &&
                hopt_mongo__number(doc, "hopt_lease.n", -1) == lease->lease &&
                !(state == HOPT_ERROR && type && strcmp(type, "LeaseExpired") == 0);
    free(owner);
    free(type);
    bson_destroy(doc);
    return mine ? HOPT_OK : hopt_mongo__driven_lost(lease, err);
}

static hopt_status driven_finish(void *self, const hopt_lease *lease, const hopt_result *result,
                                 const char *document, hopt_error *err) {
    bson_t *update = finish_update(result, document, err);
    if (!update) return HOPT_EINVAL;
    hopt_status status = write_held(self, lease, update, err);
    return status == HOPT_ECONFLICT ? read_back(self, lease, err) : status;
}

/* Back to the queue, for every kind of worker. A partial result stays: the next attempt may go on
 * from it. */
static bson_t *requeue_update(hopt_event event, int lost) {
    return BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_NEW), "owner", BCON_NULL, "book_time",
                    BCON_NULL, "refresh_time", BCON_NULL, "}", "$inc", "{", "hopt_lease.lost",
                    BCON_INT32(lost), "version", BCON_INT32(hopt_event_version_step(event)), "}");
}

static hopt_status driven_release(void *self, const hopt_lease *lease, hopt_error *err) {
    return write_held(self, lease, requeue_update(HOPT_EVENT_RELEASE, 0), err);
}

/* ---- expiry ---- */

static bool read_running(hopt_open_trial *out, const bson_t *doc) {
    bson_iter_t at, found;
    *out = (hopt_open_trial){.state = HOPT_RUNNING};
    if (!bson_iter_init_find(&at, doc, "_id") || !hopt_bson_id(&out->id, &at)) return false;
    if (!bson_iter_init_find(&at, doc, "owner") || !hopt_bson_owner(out->owner, &at)) return false;
    if (!bson_iter_init(&at, doc) || !bson_iter_find_descendant(&at, "hopt_lease.worker", &found) ||
        !hopt_bson_name(out->worker, sizeof out->worker, &found))
        return false;
    out->num = (int)(hopt_mongo__number(doc, "tid", 0) & INT32_MAX);
    out->lease = (int)hopt_mongo__number(doc, "hopt_lease.n", 0);
    out->beat = hopt_mongo__number(doc, "hopt_lease.beat", 0);
    /* A Python worker that claims what we gave back leaves our mark standing, under its own name.
     */
    return out->worker[0] && strcmp(out->owner, out->worker) == 0;
}

static int by_num(const void *a, const void *b) {
    const hopt_open_trial *x = a, *y = b;
    return (x->num > y->num) - (x->num < y->num);
}

static hopt_status driven_running(void *store, hopt_open_trial **list, size_t *count,
                                  const char *exp_key, hopt_error *err) {
    hopt_mongo *self = store;
    const bson_t *doc;
    size_t capacity = 0;
    mongoc_cursor_t *cursor =
        hopt_mongo__find(self, HOPT_MONGO_JOBS,
                         BCON_NEW("exp_key", BCON_UTF8(exp_key), "state", BCON_INT32(HOPT_RUNNING),
                                  "hopt_lease.worker", "{", "$exists", BCON_BOOL(true), "}"),
                         BCON_NEW("projection", "{", "tid", BCON_INT32(1), "owner", BCON_INT32(1),
                                  "hopt_lease", BCON_INT32(1), "}"));
    while (mongoc_cursor_next(cursor, &doc)) {
        *list = hopt_grow(*list, *count, &capacity, sizeof **list);
        if (read_running(&(*list)[*count], doc)) (*count)++;
    }
    hopt_status status = hopt_mongo__end(self, cursor, err);
    if (*count) qsort(*list, *count, sizeof **list, by_num);
    return status;
}

/* The trial as it was seen, with fewer than `lost` leases lost, or with as many and more. */
static bson_t *seen_filter(const hopt_open_trial *seen, bool fewer, int lost) {
    bson_oid_t oid = hopt_mongo__oid(&seen->id);
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid), "state", BCON_INT32(HOPT_RUNNING), "owner",
                              "[", BCON_UTF8(seen->owner), "]", "hopt_lease.worker",
                              BCON_UTF8(seen->owner), "hopt_lease.n", BCON_INT32(seen->lease));
    if (seen->beat >= 0) BSON_APPEND_INT64(filter, "hopt_lease.beat", seen->beat);
    /* No `lost` yet is none lost: that, too, is not "at least". */
    if (fewer)
        BCON_APPEND(filter, "hopt_lease.lost", "{", "$not", "{", "$gte", BCON_INT32(lost), "}",
                    "}");
    else
        BCON_APPEND(filter, "hopt_lease.lost", "{", "$gte", BCON_INT32(lost), "}");
    return filter;
}

static bson_t *give_up_update(int max_attempts) {
    char message[96];
    snprintf(message, sizeof message,
             "the lease was lost %d time%s: its workers died or lost the store", max_attempts,
             max_attempts == 1 ? "" : "s");
    return BCON_NEW("$set", "{", "state", BCON_INT32(HOPT_ERROR), "error", "[",
                    BCON_UTF8("LeaseExpired"), BCON_UTF8(message), "]", "}", "$inc", "{",
                    "hopt_lease.lost", BCON_INT32(1), "version",
                    BCON_INT32(hopt_event_version_step(HOPT_EVENT_EXPIRE)), "}");
}

static hopt_status driven_expire(void *store, const hopt_open_trial *seen, int max_attempts,
                                 hopt_error *err) {
    hopt_mongo *self = store;
    int64_t matched = 0;
    hopt_status status = HOPT_OK;
    if (max_attempts > 1)
        status = hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE,
                                    seen_filter(seen, true, max_attempts - 1),
                                    requeue_update(HOPT_EVENT_EXPIRE, 1), &matched, err);
    if (status != HOPT_OK || matched) return status;
    bson_t *last = max_attempts > 1 ? seen_filter(seen, false, max_attempts - 1)
                                    : seen_filter(seen, true, INT32_MAX);
    status = hopt_mongo__update(self, HOPT_MONGO_JOBS, HOPT_MONGO_ONE, last,
                                give_up_update(max_attempts), &matched, err);
    if (status == HOPT_OK && !matched)
        status = hopt_error_set(err, HOPT_ECONFLICT, "trial %d changed meanwhile", seen->num);
    return status;
}

const hopt_store_driven_ops hopt_mongo__driven = {
    .claim = driven_claim,
    .mine = driven_mine,
    .beat = driven_beat,
    .checkpoint = driven_checkpoint,
    .finish = driven_finish,
    .release = driven_release,
    .running = driven_running,
    .expire = driven_expire,
    .attach = hopt_mongo__driven_attach,
    .file = hopt_mongo__driven_file,
    .download = hopt_mongo__driven_download,
    .put = hopt_mongo__driven_put,
    .files = hopt_mongo__driven_files,
};
