/** A driver that is watched. Not for other modules. */
#ifndef HOPT_STORE_STORE_OBSERVED_H
#define HOPT_STORE_STORE_OBSERVED_H

#include "common/store/observer.h"
#include "common/store/store_driver.h"

/**
 * A driver that hands every call to another one, and tells `observer` of it.
 * @param inner  the other's table, and `self` its connection: closed with this one.
 * @param[out] ops  the table to call, with its own `*out`; as long as that lives.
 */
void hopt_store__observe(const hopt_store_driver_ops **ops, void **out,
                         const hopt_store_driver_ops *inner, void *self,
                         const hopt_store_observer *observer);
/** Tell of a call that began at `began_ns`. */
void hopt_store__tell(const hopt_store_observer *observer, hopt_store_op op, int64_t began_ns,
                      hopt_status status, size_t done, size_t conflicts);

#endif
