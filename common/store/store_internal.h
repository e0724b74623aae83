/** What the files of the store's front share. Not for other modules. */
#ifndef HOPT_STORE_STORE_INTERNAL_H
#define HOPT_STORE_STORE_INTERNAL_H

#include "common/store/store_driver.h"

struct hopt_store {
    const hopt_store_driver_ops *ops;
    void *self;
    char *name; /**< masked URI */
    bool read_only;
};

/** HOPT_EINVAL unless `name` can be a study's. */
hopt_status hopt_store__check_study(const char *name, hopt_error *err);
/** The same, and HOPT_EUNAVAILABLE when the store was opened read-only. */
hopt_status hopt_store__check_write(const hopt_store *store, const char *study, hopt_error *err);
/** Whether the store may be written. */
hopt_status hopt_store__check_writable(const hopt_store *store, hopt_error *err);
/** HOPT_EINVAL unless `text` is an owner: 1 to HOPT_OWNER_MAX - 1 bytes. */
hopt_status hopt_store__check_owner(const char *text, hopt_error *err);
/** Put a NULL behind `*names`; on failure free them. @return `status`. */
hopt_status hopt_store__end_names(char ***names, size_t *count, hopt_status status);

#endif
