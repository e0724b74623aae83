/** The examinations behind `hopt doctor`. */
#ifndef HOPT_CLI_DOCTOR_H
#define HOPT_CLI_DOCTOR_H

#include "cli/context.h"

typedef enum hopt_finding_level {
    HOPT_FINDING_OK,
    HOPT_FINDING_WARN,
    HOPT_FINDING_FAIL
} hopt_finding_level;

typedef struct hopt_finding {
    hopt_finding_level level;
    const char *what; /**< "latency", "workers", ...; static */
    char *says;       /**< owned */
    char *todo;       /**< what to do, owned; NULL: nothing */
} hopt_finding;

typedef struct hopt_findings {
    hopt_finding *list;
    size_t count, capacity;
} hopt_findings;

/** Examine the open store of `context`. Never fails: what goes wrong is a finding. */
void hopt_doctor_examine(hopt_findings *findings, const hopt_context *context);
void hopt_findings_clear(hopt_findings *findings);

#endif
