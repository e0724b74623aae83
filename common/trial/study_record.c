#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/trial/study.h"

hopt_status hopt_study_spec_compatible(const hopt_study_spec *old, const hopt_study_spec *now,
                                       hopt_error *err) {
    char *difference = hopt_space_difference(old->space, now->space);
    hopt_status status = HOPT_OK;
    if (difference)
        status = hopt_error_set(err, HOPT_ECONFLICT,
                                "study `%s` exists with another space: `%.200s` differs; take "
                                "back the change, or give the new study another name (--name)",
                                old->name, difference);
    else if (old->maximize != now->maximize)
        status = hopt_error_set(err, HOPT_ECONFLICT,
                                "study `%s` exists with direction %s; take back the change, or "
                                "give the new study another name (--name)",
                                old->name, old->maximize ? "maximize" : "minimize");
    free(difference);
    return status;
}

hopt_study_record *hopt_study_new(void) {
    hopt_study_record *study = hopt_zalloc(1, sizeof *study);
    study->format = 1;
    study->state = HOPT_STUDY_ACTIVE;
    return study;
}

void hopt_study_free(hopt_study_record *study) {
    if (!study) return;
    free(study->reason);
    free(study->spec);
    free(study->leader);
    free(study);
}
