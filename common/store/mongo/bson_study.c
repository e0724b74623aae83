#include "common/store/mongo/bson_study.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/mongo/bson_json.h"

/* ---- encode ---- */

static void add_text_or_null(bson_t *to, const char *key, const char *text) {
    if (text)
        hopt_bson_add_text(to, key, text);
    else
        bson_append_null(to, key, -1);
}

void hopt_bson_add_counts(bson_t *to, const char *key, const int64_t counts[HOPT_STATES]) {
    static const char *const index[HOPT_STATES] = {"0", "1", "2", "3", "4"};
    bson_t array;
    bson_append_array_begin(to, key, -1, &array);
    for (int i = 0; i < HOPT_STATES; i++)
        hopt_bson_add_integer(&array, index[i], counts[i]);
    bson_append_array_end(to, &array);
}

void hopt_bson_add_best(bson_t *to, const char *key, bool has_best, int num, double loss) {
    if (!has_best) {
        bson_append_null(to, key, -1);
        return;
    }
    bson_t best;
    bson_append_document_begin(to, key, -1, &best);
    BSON_APPEND_INT32(&best, "num", num);
    BSON_APPEND_DOUBLE(&best, "loss", loss);
    bson_append_document_end(to, &best);
}

void hopt_bson_study_encode(bson_t *doc, const hopt_study_record *study) {
    bson_t leader;
    hopt_bson_add_text(doc, "_id", study->name);
    BSON_APPEND_INT32(doc, "format", HOPT_BSON_STUDY_FORMAT);
    BSON_APPEND_BINARY(doc, "prefix", BSON_SUBTYPE_BINARY, study->prefix, HOPT_PREFIX_SIZE);
    BSON_APPEND_UTF8(doc, "state", hopt_study_state_name(study->state));
    add_text_or_null(doc, "reason", study->reason);
    hopt_bson_add_integer(doc, "rev", study->rev);
    hopt_bson_add_text(doc, "spec", study->spec ? study->spec : "");
    hopt_bson_add_text(doc, "file_hash", study->file_hash);
    hopt_bson_add_text(doc, "space_hash", study->space_hash);
    BSON_APPEND_INT64(doc, "seed", (int64_t)study->seed);
    BSON_APPEND_INT64(doc, "active_ms", study->active_ms);
    hopt_bson_add_counts(doc, "counts", study->counts);
    hopt_bson_add_best(doc, "best", study->has_best, study->best_num, study->best_loss);
    BSON_APPEND_DOCUMENT_BEGIN(doc, "leader", &leader);
    add_text_or_null(&leader, "id", study->leader);
    hopt_bson_add_integer(&leader, "epoch", study->epoch);
    BSON_APPEND_INT64(&leader, "beat", study->beat);
    bson_append_document_end(doc, &leader);
}

/* ---- decode ---- */

enum {
    SEEN_ID = 1,
    SEEN_FORMAT = 2,
    SEEN_PREFIX = 4,
    SEEN_STATE = 8,
    SEEN_REV = 16,
    SEEN_SPEC = 32,
    SEEN_ALL = 63
};

static bool decode_prefix(hopt_study_record *study, const bson_iter_t *at) {
    bson_subtype_t subtype;
    uint32_t length;
    const uint8_t *data;
    if (!BSON_ITER_HOLDS_BINARY(at)) return false;
    bson_iter_binary(at, &subtype, &length, &data);
    if (length != HOPT_PREFIX_SIZE) return false;
    memcpy(study->prefix, data, HOPT_PREFIX_SIZE);
    return true;
}

static bool decode_state(hopt_study_record *study, const bson_iter_t *at) {
    char word[16];
    return hopt_bson_name(word, sizeof word, at) && hopt_study_state_parse(&study->state, word);
}

static bool decode_counts(hopt_study_record *study, const bson_iter_t *at) {
    bson_iter_t count;
    if (!BSON_ITER_HOLDS_ARRAY(at) || !bson_iter_recurse(at, &count)) return false;
    for (int i = 0; i < HOPT_STATES && bson_iter_next(&count); i++) {
        if (!hopt_bson_integer(&study->counts[i], &count, 0, INT64_MAX)) return false;
    }
    return true;
}

static bool decode_best(hopt_study_record *study, const bson_iter_t *at) {
    bson_iter_t num, loss;
    int64_t value;
    if (BSON_ITER_HOLDS_NULL(at)) return true;
    if (!BSON_ITER_HOLDS_DOCUMENT(at) || !bson_iter_recurse(at, &num) ||
        !bson_iter_find(&num, "num") || !bson_iter_recurse(at, &loss) ||
        !bson_iter_find(&loss, "loss"))
        return false;
    if (!hopt_bson_integer(&value, &num, 0, (1 << 24) - 1) ||
        !hopt_bson_double(&study->best_loss, &loss))
        return false;
    study->best_num = (int)value;
    study->has_best = true;
    return true;
}

static bool null_or_text(char **out, const bson_iter_t *at) {
    return BSON_ITER_HOLDS_NULL(at) || hopt_bson_text(out, at);
}

static bool decode_leader(hopt_study_record *study, const bson_iter_t *at) {
    bson_iter_t field;
    if (!BSON_ITER_HOLDS_DOCUMENT(at) || !bson_iter_recurse(at, &field)) return false;
    while (bson_iter_next(&field)) {
        const char *key = bson_iter_key(&field);
        bool good = true;
        if (strcmp(key, "id") == 0) good = null_or_text(&study->leader, &field);
        if (strcmp(key, "epoch") == 0)
            good = hopt_bson_integer(&study->epoch, &field, 0, INT64_MAX);
        if (strcmp(key, "beat") == 0) good = hopt_bson_integer(&study->beat, &field, 0, INT64_MAX);
        if (!good) return false;
    }
    return true;
}

static bool decode_format(hopt_study_record *study, const bson_iter_t *at) {
    int64_t format;
    if (!hopt_bson_integer(&format, at, 1, INT32_MAX)) return false;
    study->format = (int)format;
    return true;
}

static bool decode_seed(hopt_study_record *study, const bson_iter_t *at) {
    int64_t seed;
    if (!hopt_bson_integer(&seed, at, 0, INT64_MAX)) return false;
    study->seed = (uint64_t)seed;
    return true;
}

static bool decode_id(hopt_study_record *study, const bson_iter_t *at) {
    return hopt_bson_name(study->name, sizeof study->name, at) &&
           hopt_study_name_valid(study->name);
}

/* The fields that a record must have. *bit is that of the field, 0 when it is none of them. */
static bool decode_needed(hopt_study_record *study, const char *key, const bson_iter_t *at,
                          unsigned *bit) {
    if (strcmp(key, "_id") == 0) return *bit = SEEN_ID, decode_id(study, at);
    if (strcmp(key, "format") == 0) return *bit = SEEN_FORMAT, decode_format(study, at);
    if (strcmp(key, "prefix") == 0) return *bit = SEEN_PREFIX, decode_prefix(study, at);
    if (strcmp(key, "state") == 0) return *bit = SEEN_STATE, decode_state(study, at);
    if (strcmp(key, "rev") == 0)
        return *bit = SEEN_REV, hopt_bson_integer(&study->rev, at, 0, INT64_MAX);
    if (strcmp(key, "spec") == 0) return *bit = SEEN_SPEC, hopt_bson_text(&study->spec, at);
    *bit = 0;
    return true;
}

static bool decode_other(hopt_study_record *study, const char *key, const bson_iter_t *at) {
    if (strcmp(key, "reason") == 0) return null_or_text(&study->reason, at);
    if (strcmp(key, "file_hash") == 0)
        return hopt_bson_name(study->file_hash, sizeof study->file_hash, at);
    if (strcmp(key, "space_hash") == 0)
        return hopt_bson_name(study->space_hash, sizeof study->space_hash, at);
    if (strcmp(key, "seed") == 0) return decode_seed(study, at);
    if (strcmp(key, "active_ms") == 0)
        return hopt_bson_integer(&study->active_ms, at, 0, INT64_MAX);
    if (strcmp(key, "counts") == 0) return decode_counts(study, at);
    if (strcmp(key, "best") == 0) return decode_best(study, at);
    if (strcmp(key, "leader") == 0) return decode_leader(study, at);
    return true;
}

static hopt_status newer(const hopt_study_record *study, hopt_error *err) {
    return hopt_error_set(err, HOPT_EINVAL,
                          "study \"%s\" is of format %d, made by a newer hopt; this one knows "
                          "format %d",
                          study->name, study->format, HOPT_BSON_STUDY_FORMAT);
}

static hopt_status decode(hopt_study_record *study, const bson_t *doc, hopt_error *err) {
    bson_iter_t at;
    unsigned seen = 0, bit;
    char wrong[32] = "";
    if (!bson_iter_init(&at, doc)) return hopt_error_set(err, HOPT_EINVAL, "not a BSON document");
    while (bson_iter_next(&at)) {
        const char *key = bson_iter_key(&at);
        if (!decode_needed(study, key, &at, &bit) || (!bit && !decode_other(study, key, &at)))
            snprintf(wrong, sizeof wrong, "%s", key);
        else
            seen |= bit;
    }
    /* Before the other checks: a newer format may have other fields. */
    if (study->format > HOPT_BSON_STUDY_FORMAT) return newer(study, err);
    if (wrong[0])
        return hopt_error_set(err, HOPT_EINVAL,
                              "study \"%s\" has a damaged record: field %s has a wrong type or "
                              "value",
                              study->name, wrong);
    if (seen != SEEN_ALL)
        return hopt_error_set(err, HOPT_EINVAL,
                              "study \"%s\" has a damaged record: one of _id, format, prefix, "
                              "state, rev and spec is missing",
                              study->name);
    return HOPT_OK;
}

hopt_status hopt_bson_study_decode(hopt_study_record **out, const bson_t *doc, hopt_error *err) {
    hopt_study_record *study = hopt_study_new();
    hopt_status status = decode(study, doc, err);
    if (status != HOPT_OK) {
        hopt_study_free(study);
        study = NULL;
    }
    *out = study;
    return status;
}
