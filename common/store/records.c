/* Freeing what the store gives away. */
#include <stdlib.h>

#include "common/store/driven.h"
#include "common/store/store.h"

void hopt_names_free(char **names) {
    if (!names) return;
    for (char **name = names; *name; name++)
        free(*name);
    free(names);
}

void hopt_reports_clear(hopt_reports *reports) {
    free(reports->steps);
    free(reports->losses);
    *reports = (hopt_reports){0};
}

void hopt_log_text_clear(hopt_log_text *log) {
    free(log->head);
    free(log->tail);
    *log = (hopt_log_text){0};
}

void hopt_worker_records_free(hopt_worker_record *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(list[i].studies);
    free(list);
}

void hopt_driven_name(char out[HOPT_STUDY_NAME_MAX], const char *exp_key) {
    size_t n = 0;
    for (; exp_key[n] && n < HOPT_STUDY_NAME_MAX - 1; n++) {
        char text[] = {exp_key[n], '\0'};
        out[n] = hopt_study_name_valid(text) ? exp_key[n] : '_';
    }
    if (!n) out[n++] = '_';
    out[n] = '\0';
    if (out[0] == '.') out[0] = '_'; /* it names a folder: not "." or ".." */
}
