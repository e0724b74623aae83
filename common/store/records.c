/* Freeing what the store gives away. */
#include <stdlib.h>

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
