#include "master/enroll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/json/json.h"
#include "common/sampler/sampler.h"
#include "common/sys/host.h"

static void hex(char out[17], uint64_t value) {
    snprintf(out, 17, "%016llx", (unsigned long long)value);
}

static void file_hash(char out[17], const hopt_study_spec *spec) {
    hex(out, hopt_hash_fnv1a(HOPT_FNV_START, spec->text, strlen(spec->text)));
}

/* The sampler's own options are checked here, before a study exists. */
static hopt_status check_sampler(const hopt_study_spec *spec, const char *name, hopt_error *err) {
    hopt_sampler *sampler;
    hopt_status status =
        hopt_sampler_open(&sampler, name, spec->space, spec->sampler_options, 0, err);
    if (status == HOPT_OK) hopt_sampler_close(sampler);
    return status;
}

/* The text to store, with `unnamed` where it names no sampler; the caller's. */
static hopt_status stored_text(char **text, const hopt_study_spec *spec, const char *unnamed,
                               hopt_error *err) {
    hopt_status status = check_sampler(spec, spec->has_sampler ? spec->sampler : unnamed, err);
    *text = status == HOPT_OK ? hopt_study_spec_text_naming(spec, unnamed) : NULL;
    if (status != HOPT_OK || strlen(*text) <= HOPT_JSON_TEXT_MAX) return status;
    free(*text);
    *text = NULL;
    return hopt_error_set(err, HOPT_EINVAL,
                          "study %s: its file is too long by the sampler's name, which is stored "
                          "with it: make the file shorter",
                          spec->name);
}

hopt_status hopt_enroll_record(hopt_study_record **out, const hopt_study_spec *spec,
                               hopt_error *err) {
    *out = NULL;
    char *text;
    hopt_status status = stored_text(&text, spec, spec->sampler, err);
    if (status != HOPT_OK) return status;
    hopt_study_record *study = hopt_study_new();
    memcpy(study->name, spec->name, sizeof study->name);
    study->format = 1;
    study->state = HOPT_STUDY_ACTIVE;
    study->spec = text;
    hex(study->space_hash, hopt_space_hash(spec->space));
    file_hash(study->file_hash, spec);
    study->seed = spec->has_seed ? spec->seed : hopt_host_random_u63();
    hopt_host_random(study->prefix, sizeof study->prefix);
    *out = study;
    return HOPT_OK;
}

static hopt_status create(hopt_store *store, hopt_study_record **out, const hopt_study_spec *spec,
                          hopt_error *err) {
    hopt_study_record *study;
    hopt_status status = hopt_enroll_record(&study, spec, err);
    if (status == HOPT_OK) status = hopt_store_study_create(store, study, err);
    if (status == HOPT_OK)
        *out = study;
    else
        hopt_study_free(study);
    return status;
}

bool hopt_enrolled_reopens(const hopt_study_record *study, const hopt_study_spec *old,
                           const hopt_study_spec *now) {
    if (study->state != HOPT_STUDY_DONE || !study->reason) return false;
    const hopt_stop_rules *a = &old->stop, *b = &now->stop;
    if (strcmp(study->reason, "max_trials") == 0)
        return b->max_trials > a->max_trials || b->max_trials == 0;
    if (strcmp(study->reason, "timeout") == 0)
        return b->timeout_s > a->timeout_s || b->timeout_s == 0;
    if (strcmp(study->reason, "loss_below") == 0)
        return !b->has_loss_below || b->loss_below != a->loss_below;
    if (strcmp(study->reason, "no_progress") == 0)
        return b->no_progress_trials == 0 || b->no_progress_trials > a->no_progress_trials;
    return strcmp(study->reason, "cancelled") == 0;
}

static hopt_status resume(hopt_store *store, hopt_study_record **study, hopt_enrolled *how,
                          const hopt_study_spec *spec, const hopt_study_spec *old,
                          hopt_error *err) {
    hopt_status status = hopt_study_spec_compatible(old, spec, err);
    if (status != HOPT_OK) return status;
    char hash[17];
    file_hash(hash, spec);
    bool same_file = strcmp(hash, (*study)->file_hash) == 0;
    *how = (*study)->state == HOPT_STUDY_DONE ? HOPT_ENROLLED_FINISHED : HOPT_ENROLLED_RESUMED;
    if (same_file) return HOPT_OK;
    char *text;
    status = stored_text(&text, spec, old->sampler, err);
    if (status != HOPT_OK) return status;
    bool reopen = hopt_enrolled_reopens(*study, old, spec);
    status = hopt_store_study_update(store, spec->name, (*study)->rev,
                                     reopen ? (int)HOPT_STUDY_ACTIVE : -1, NULL, text, hash, err);
    free(text);
    if (status != HOPT_OK) return status;
    if (reopen) *how = HOPT_ENROLLED_EXTENDED;
    hopt_study_free(*study);
    return hopt_store_study(store, study, spec->name, err);
}

hopt_status hopt_enroll(hopt_store *store, hopt_study_record **study, hopt_enrolled *how,
                        const hopt_study_spec *spec, hopt_error *err) {
    *study = NULL;
    hopt_status status = spec->has_sampler ? check_sampler(spec, spec->sampler, err) : HOPT_OK;
    if (status != HOPT_OK) return status;
    /* Two programs may enroll one file at the same time: a lost race is read again. */
    for (int attempt = 0; attempt < 5; attempt++) {
        hopt_study_spec *old = NULL;
        hopt_study_free(*study);
        *study = NULL;
        status = hopt_store_study(store, study, spec->name, err);
        if (status == HOPT_ENOTFOUND) {
            *how = HOPT_ENROLLED_CREATED;
            status = create(store, study, spec, err);
        } else if (status == HOPT_OK) {
            status = hopt_enrolled_study(store, NULL, &old, spec->name, err);
            if (status == HOPT_OK) {
                status = resume(store, study, how, spec, old, err);
                /* Another space is final; a changed rev is not. */
                bool other_space = status == HOPT_ECONFLICT &&
                                   hopt_study_spec_compatible(old, spec, NULL) != HOPT_OK;
                hopt_study_spec_free(old);
                if (other_space) break;
            }
        }
        if (status != HOPT_ECONFLICT) break;
    }
    if (status != HOPT_OK) {
        hopt_study_free(*study);
        *study = NULL;
    }
    return status;
}

static void name_near_studies(hopt_store *store, const char *name, hopt_error *err) {
    char **names;
    size_t count;
    hopt_error ignored;
    hopt_buf list = HOPT_BUF_INIT;
    if (hopt_store_studies(store, &names, &count, &ignored) != HOPT_OK) return;
    for (size_t i = 0; i < count && i < 8; i++)
        hopt_buf_print(&list, "%s%s", i ? ", " : "", names[i]);
    hopt_error_set(err, HOPT_ENOTFOUND, "no study \"%s\" in %s; there %s%s%s", name,
                   hopt_store_name(store), count ? "is: " : "is none", hopt_buf_string(&list),
                   count > 8 ? ", ..." : "");
    hopt_buf_clear(&list);
    hopt_names_free(names);
}

hopt_status hopt_enrolled_study(hopt_store *store, hopt_study_record **study,
                                hopt_study_spec **spec, const char *name, hopt_error *err) {
    hopt_study_record *record;
    hopt_errors errors = {0};
    if (study) *study = NULL;
    *spec = NULL;
    hopt_status status = hopt_store_study(store, &record, name, err);
    if (status == HOPT_ENOTFOUND) name_near_studies(store, name, err);
    if (status != HOPT_OK) return status;
    status = hopt_study_spec_parse_stored(spec, record->spec, record->name, &errors);
    if (status != HOPT_OK) {
        if (err) *err = errors.list[0];
        hopt_error_prefix(
            err, "study %s: its stored file is not valid (written by another version?)", name);
        hopt_study_free(record);
        return status;
    }
    if (study)
        *study = record;
    else
        hopt_study_free(record);
    return HOPT_OK;
}
