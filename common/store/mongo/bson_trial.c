#include "common/store/mongo/bson_trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"

/* ---- encode ---- */

void hopt_bson_add_id(bson_t *to, const char *key, const hopt_trial_id *id) {
    bson_oid_t oid;
    bson_oid_init_from_data(&oid, id->bytes);
    bson_append_oid(to, key, -1, &oid);
}

static const char *status_word(hopt_state state, const hopt_result *result) {
    if (state == HOPT_DONE) return result->ok ? "ok" : "fail";
    return state == HOPT_CANCEL ? "fail" : "new";
}

void hopt_bson_add_result(bson_t *to, const char *key, hopt_state state,
                          const hopt_result *result) {
    static const char *const fields[] = {"status", "loss", "status_fail", NULL};
    bson_t child;
    bson_append_document_begin(to, key, -1, &child);
    BSON_APPEND_UTF8(&child, "status", status_word(state, result));
    /* The status of an ERROR is that of a new one, as hyperopt leaves it. */
    if (hopt_state_terminal(state)) {
        if (result->status_fail) hopt_bson_add_text(&child, "status_fail", result->status_fail);
        if (result->has_loss && isfinite(result->loss))
            BSON_APPEND_DOUBLE(&child, "loss", result->loss);
        hopt_bson_add_members(&child, result->extras, fields);
    }
    bson_append_document_end(to, &child);
}

void hopt_bson_add_error(bson_t *to, const char *key, const hopt_result *result) {
    if (!result->error_type) return;
    bson_t child;
    bson_append_array_begin(to, key, -1, &child);
    hopt_bson_add_text(&child, "0", result->error_type);
    hopt_bson_add_text(&child, "1", result->error_message ? result->error_message : "");
    bson_append_array_end(to, &child);
}

/* While in the queue a trial belongs to "hopt": a Python worker without exp-key takes only those
 * that belong to nobody (DESIGN §5.4). */
static void add_owner(bson_t *doc, const hopt_trial *trial) {
    bson_t child;
    const char *owner = trial->state == HOPT_NEW || !trial->owner ? "hopt" : trial->owner;
    bson_append_array_begin(doc, "owner", -1, &child);
    hopt_bson_add_text(&child, "0", owner);
    bson_append_array_end(doc, &child);
}

static void add_date(bson_t *doc, const char *key, int64_t unix_ms) {
    if (unix_ms)
        bson_append_date_time(doc, key, -1, unix_ms);
    else
        bson_append_null(doc, key, -1);
}

/* misc.idxs: the shape of vals, with the tid in place of the value. */
static void add_idxs(bson_t *misc, const hopt_trial *trial) {
    bson_t idxs, list;
    const char *label;
    json_t *value;
    BSON_APPEND_DOCUMENT_BEGIN(misc, "idxs", &idxs);
    json_object_foreach(trial->vals, label, value) {
        bson_append_array_begin(&idxs, label, -1, &list);
        if (json_array_size(value)) hopt_bson_add_integer(&list, "0", trial->tid);
        bson_append_array_end(&idxs, &list);
    }
    bson_append_document_end(misc, &idxs);
}

static void add_misc(bson_t *doc, const hopt_trial *trial) {
    bson_t misc, cmd;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "misc", &misc);
    hopt_bson_add_integer(&misc, "tid", trial->tid);
    BSON_APPEND_ARRAY_BEGIN(&misc, "cmd", &cmd);
    BSON_APPEND_UTF8(&cmd, "0", "hopt");
    hopt_bson_add_text(&cmd, "1", trial->cmd ? trial->cmd : "command");
    bson_append_array_end(&misc, &cmd);
    BSON_APPEND_NULL(&misc, "workdir");
    add_idxs(&misc, trial);
    if (json_is_object(trial->vals)) {
        hopt_bson_add_json(&misc, "vals", trial->vals, false);
    } else {
        bson_t vals;
        BSON_APPEND_DOCUMENT_BEGIN(&misc, "vals", &vals);
        bson_append_document_end(&misc, &vals);
    }
    bson_append_document_end(doc, &misc);
}

static void add_saw(bson_t *hopt, const hopt_trial *trial) {
    bson_t saw;
    BSON_APPEND_ARRAY_BEGIN(hopt, "saw", &saw);
    for (int i = 0; i < trial->n_saw; i++) {
        char buffer[16];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, buffer, sizeof buffer);
        bson_append_int32(&saw, index, -1, trial->saw[i]);
    }
    bson_append_array_end(hopt, &saw);
}

static void add_hopt(bson_t *doc, const hopt_trial *trial) {
    const hopt_result *result = &trial->result;
    bool ended = hopt_state_terminal(trial->state);
    bson_t hopt;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "hopt", &hopt);
    BSON_APPEND_INT32(&hopt, "num", trial->num);
    BSON_APPEND_INT32(&hopt, "lease", trial->lease);
    BSON_APPEND_INT32(&hopt, "lost", trial->lost);
    BSON_APPEND_INT64(&hopt, "beat", trial->beat);
    BSON_APPEND_INT64(&hopt, "seed", (int64_t)trial->seed);
    add_saw(&hopt, trial);
    if (trial->view) hopt_bson_add_json(&hopt, "view", trial->view, true);
    if (trial->by) hopt_bson_add_text(&hopt, "by", trial->by);
    if (trial->worker) hopt_bson_add_text(&hopt, "worker", trial->worker);
    if (trial->params) hopt_bson_add_json(&hopt, "params", trial->params, true);
    if (result->stop) hopt_bson_add_text(&hopt, "stop", result->stop);
    if (result->has_step) BSON_APPEND_INT64(&hopt, "step", result->step);
    if (ended && trial->end_ms) BSON_APPEND_DATE_TIME(&hopt, "end", trial->end_ms);
    if (ended) BSON_APPEND_INT64(&hopt, "ms", result->ms);
    bson_append_document_end(doc, &hopt);
}

void hopt_bson_trial_encode(bson_t *doc, const hopt_trial *trial) {
    hopt_bson_add_id(doc, "_id", &trial->id);
    hopt_bson_add_integer(doc, "tid", trial->tid);
    BSON_APPEND_INT32(doc, "state", (int32_t)trial->state);
    BSON_APPEND_NULL(doc, "spec");
    hopt_bson_add_text(doc, "exp_key", trial->study);
    BSON_APPEND_INT32(doc, "version", trial->version);
    add_owner(doc, trial);
    add_date(doc, "book_time", trial->book_ms);
    add_date(doc, "refresh_time", trial->refresh_ms);
    hopt_bson_add_result(doc, "result", trial->state, &trial->result);
    add_misc(doc, trial);
    if (trial->state == HOPT_ERROR) hopt_bson_add_error(doc, "error", &trial->result);
    add_hopt(doc, trial);
}

/* ---- decode ---- */

bool hopt_bson_id(hopt_trial_id *out, const bson_iter_t *at) {
    if (!BSON_ITER_HOLDS_OID(at)) return false;
    memcpy(out->bytes, bson_iter_oid(at)->bytes, HOPT_ID_SIZE);
    return true;
}

bool hopt_bson_owner(char out[HOPT_OWNER_MAX], const bson_iter_t *at) {
    bson_iter_t first;
    if (BSON_ITER_HOLDS_UTF8(at)) return hopt_bson_name(out, HOPT_OWNER_MAX, at);
    if (BSON_ITER_HOLDS_ARRAY(at) && bson_iter_recurse(at, &first) && bson_iter_next(&first))
        return hopt_bson_name(out, HOPT_OWNER_MAX, &first);
    if (!BSON_ITER_HOLDS_NULL(at)) return false;
    out[0] = '\0';
    return true;
}

/* Where the decoder keeps what hopt_trial_read_doc() then reads: one place knows what a result
 * means, for all stores. */
typedef struct decoder {
    hopt_trial *trial;
    json_t *doc;
    unsigned seen; /* bits of SEEN_... */
    bool ours;
} decoder;

enum {
    SEEN_ID = 1,
    SEEN_TID = 2,
    SEEN_STATE = 4,
    SEEN_KEY = 8,
    SEEN_VALS = 16,
    SEEN_NUM = 32,
    SEEN_RESULT = 64,
    SEEN_CMD = 128,
    SEEN_ALL = 255
};

static bool read_int(int *out, const bson_iter_t *at, int64_t high) {
    int64_t value;
    if (!hopt_bson_integer(&value, at, 0, high)) return false;
    *out = (int)value;
    return true;
}

static void keep(decoder *d, const char *key, const bson_iter_t *at, bool escape) {
    json_object_set_new(d->doc, key, hopt_bson_json(at, escape));
}

static bool decode_cmd(decoder *d, const bson_iter_t *at) {
    bson_iter_t word;
    if (!BSON_ITER_HOLDS_ARRAY(at) || !bson_iter_recurse(at, &word)) return true;
    if (!bson_iter_next(&word) || !BSON_ITER_HOLDS_UTF8(&word) ||
        strcmp(bson_iter_utf8(&word, NULL), "hopt") != 0)
        return true;
    d->ours = true;
    d->seen |= SEEN_CMD;
    return bson_iter_next(&word) && hopt_bson_text(&d->trial->cmd, &word);
}

static bool decode_misc(decoder *d, const bson_iter_t *at) {
    bson_iter_t field;
    if (!BSON_ITER_HOLDS_DOCUMENT(at) || !bson_iter_recurse(at, &field)) return false;
    while (bson_iter_next(&field)) {
        const char *key = bson_iter_key(&field);
        if (strcmp(key, "cmd") == 0) {
            if (!decode_cmd(d, &field)) return false;
        } else if (strcmp(key, "vals") == 0) {
            if (!BSON_ITER_HOLDS_DOCUMENT(&field)) return false;
            keep(d, "vals", &field, false);
            d->seen |= SEEN_VALS;
        }
    }
    return true;
}

static bool decode_hopt_field(decoder *d, const char *key, const bson_iter_t *at) {
    hopt_trial *trial = d->trial;
    int64_t seed;
    if (strcmp(key, "num") == 0) {
        d->seen |= SEEN_NUM;
        return read_int(&trial->num, at, (1 << 24) - 1);
    }
    if (strcmp(key, "lease") == 0) return read_int(&trial->lease, at, HOPT_CLAIMS_MAX);
    if (strcmp(key, "lost") == 0) return read_int(&trial->lost, at, HOPT_CLAIMS_MAX);
    if (strcmp(key, "beat") == 0) return hopt_bson_integer(&trial->beat, at, 0, INT64_MAX);
    if (strcmp(key, "seed") == 0) {
        if (!hopt_bson_integer(&seed, at, 0, INT64_MAX)) return false;
        trial->seed = (uint64_t)seed;
        return true;
    }
    if (strcmp(key, "by") == 0) return hopt_bson_text(&trial->by, at);
    if (strcmp(key, "worker") == 0) return hopt_bson_text(&trial->worker, at);
    if (strcmp(key, "stop") == 0) return hopt_bson_text(&trial->result.stop, at);
    if (strcmp(key, "end") == 0) return hopt_bson_date(&trial->end_ms, at);
    if (strcmp(key, "ms") == 0) return hopt_bson_integer(&trial->result.ms, at, 0, INT64_MAX);
    if (strcmp(key, "saw") == 0) keep(d, key, at, false);
    if (strcmp(key, "params") == 0 || strcmp(key, "view") == 0) keep(d, key, at, true);
    if (strcmp(key, "step") == 0) {
        trial->result.has_step = true;
        return hopt_bson_integer(&trial->result.step, at, INT64_MIN, INT64_MAX);
    }
    return true;
}

static bool decode_hopt(decoder *d, const bson_iter_t *at, const char **wrong) {
    bson_iter_t field;
    d->ours = true; /* no other program has such a field */
    if (!BSON_ITER_HOLDS_DOCUMENT(at) || !bson_iter_recurse(at, &field)) return false;
    while (bson_iter_next(&field)) {
        if (!decode_hopt_field(d, bson_iter_key(&field), &field)) {
            *wrong = bson_iter_key(&field);
            return false;
        }
    }
    return true;
}

static bool decode_owner(decoder *d, const bson_iter_t *at) {
    char owner[HOPT_OWNER_MAX];
    if (!hopt_bson_owner(owner, at)) return false;
    free(d->trial->owner);
    d->trial->owner = owner[0] ? hopt_strdup(owner) : NULL;
    return true;
}

static bool decode_state(decoder *d, const bson_iter_t *at) {
    int state;
    if (!read_int(&state, at, HOPT_STATES - 1)) return false;
    d->trial->state = (hopt_state)state;
    d->seen |= SEEN_STATE;
    return true;
}

static bool decode_field(decoder *d, const char *key, const bson_iter_t *at, const char **wrong) {
    hopt_trial *trial = d->trial;
    if (strcmp(key, "_id") == 0) {
        d->seen |= SEEN_ID;
        return hopt_bson_id(&trial->id, at);
    }
    if (strcmp(key, "tid") == 0) {
        d->seen |= SEEN_TID;
        return hopt_bson_integer(&trial->tid, at, 0, INT64_MAX);
    }
    if (strcmp(key, "exp_key") == 0) {
        d->seen |= SEEN_KEY;
        return hopt_bson_name(trial->study, sizeof trial->study, at);
    }
    if (strcmp(key, "state") == 0) return decode_state(d, at);
    if (strcmp(key, "version") == 0) return read_int(&trial->version, at, INT32_MAX);
    if (strcmp(key, "owner") == 0) return decode_owner(d, at);
    if (strcmp(key, "book_time") == 0) return hopt_bson_date(&trial->book_ms, at);
    if (strcmp(key, "refresh_time") == 0) return hopt_bson_date(&trial->refresh_ms, at);
    if (strcmp(key, "misc") == 0) return decode_misc(d, at);
    if (strcmp(key, "hopt") == 0) return decode_hopt(d, at, wrong);
    if (strcmp(key, "error") == 0) keep(d, key, at, false);
    if (strcmp(key, "result") == 0) {
        d->seen |= SEEN_RESULT;
        keep(d, key, at, true);
        return BSON_ITER_HOLDS_DOCUMENT(at);
    }
    return true;
}

static hopt_status decode_fields(decoder *d, const bson_t *doc, hopt_error *err) {
    bson_iter_t at;
    char wrong[64] = "";
    if (!bson_iter_init(&at, doc)) return hopt_error_set(err, HOPT_EINVAL, "not a BSON document");
    /* All fields are looked at even when one is wrong: the document may be another program's. */
    while (bson_iter_next(&at)) {
        const char *key = bson_iter_key(&at), *inner = NULL;
        if (!decode_field(d, key, &at, &inner) && !wrong[0])
            snprintf(wrong, sizeof wrong, "%s%s%.32s", key, inner ? "." : "", inner ? inner : "");
    }
    if (!d->ours) return HOPT_ENOTFOUND;
    if (wrong[0])
        return hopt_error_set(err, HOPT_EINVAL, "field %s has a wrong type or value", wrong);
    if ((d->seen & SEEN_ALL) != SEEN_ALL)
        return hopt_error_set(
            err, HOPT_EINVAL,
            "one of _id, tid, state, exp_key, result, misc.cmd, misc.vals and hopt.num is "
            "missing");
    if (d->trial->num != hopt_trial_id_num(&d->trial->id))
        return hopt_error_set(err, HOPT_EINVAL, "hopt.num is not the number in _id");
    return HOPT_OK;
}

/* What is left of a former end when a trial was queued again does not count. */
static void forget_former_end(decoder *d) {
    hopt_trial *trial = d->trial;
    bool ended = hopt_state_terminal(trial->state);
    if (!ended) {
        trial->end_ms = 0;
        trial->result.ms = 0;
        json_object_del(d->doc, "result");
    }
    if (trial->state != HOPT_ERROR) json_object_del(d->doc, "error");
    if (trial->state == HOPT_NEW) {
        trial->result.has_step = false;
        trial->result.step = 0;
        free(trial->result.stop);
        trial->result.stop = NULL;
        trial->book_ms = trial->refresh_ms = 0;
    }
}

hopt_status hopt_bson_trial_decode(hopt_trial **out, const bson_t *doc, hopt_error *err) {
    decoder d = {.trial = hopt_trial_new(), .doc = json_object()};
    *out = NULL;
    hopt_status status = decode_fields(&d, doc, err);
    if (status == HOPT_OK) {
        forget_former_end(&d);
        uint64_t seed = d.trial->seed;
        json_object_set_new(d.doc, "seed", json_integer((json_int_t)seed));
        status = hopt_trial_read_doc(d.trial, d.doc, err);
    }
    if (status == HOPT_OK)
        *out = d.trial;
    else
        hopt_trial_free(d.trial);
    json_decref(d.doc);
    return status;
}
