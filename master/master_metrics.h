/** What hopt-master shows of its studies in /metrics (docs/monitoring.md). Loop thread only. */
#ifndef HOPT_MASTER_MASTER_METRICS_H
#define HOPT_MASTER_MASTER_METRICS_H

#include "common/metrics/metrics.h"
#include "master/master.h"

/** So many studies are shown: those that are not done before those that are, then the newest
 * first. */
enum { HOPT_METRICS_STUDIES_MAX = 200 };

typedef struct hopt_master_metrics hopt_master_metrics;

/** @param metrics  gets a collector: it is freed, or read for the last time, before this is. */
hopt_master_metrics *hopt_master_metrics_new(hopt_metrics *metrics);
/** The master that knows the workers. */
void hopt_master_metrics_of(hopt_master_metrics *shown, const hopt_master *master);
/** Take what is new of a study. NULL: nothing happens. */
void hopt_master_metrics_view(hopt_master_metrics *shown, const hopt_master_view *view);
void hopt_master_metrics_free(hopt_master_metrics *shown);

#endif
