/**
 * Store URIs: parse, translate hyperopt's form, hide passwords. Pure; thread-safe.
 *
 *     sqlite:PATH[?sync=full]     sqlite::memory:
 *     mongodb://...               mongodb+srv://...
 *     mongo://[user:password@]host:port/db/jobs[?authSource=x]     (hyperopt's; port mandatory)
 */
#ifndef HOPT_STORE_URI_H
#define HOPT_STORE_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

typedef enum hopt_store_kind { HOPT_STORE_KIND_SQLITE, HOPT_STORE_KIND_MONGODB } hopt_store_kind;

typedef struct hopt_store_uri {
    hopt_store_kind kind;
    bool memory;     /**< sqlite: `:memory:`; then `path` is NULL */
    bool sync_full;  /**< sqlite: `?sync=full`, wait for the disk at every commit */
    char *path;      /**< sqlite: file name, owned; else NULL */
    char *mongo_uri; /**< mongodb: a `mongodb://` or `mongodb+srv://` URI for the C driver, owned;
                          holds the password: never print it. hyperopt's form is translated; other
                          URIs are as given, unchecked behind the host (the C driver does that). */
    char *database;  /**< mongodb: name of the database, percent-decoded, "hopt" when the URI names
                          none; owned */
    bool hyperopt;   /**< mongodb: it was hyperopt's `mongo://` form */
} hopt_store_uri;

/**
 * Parse a store URI.
 * @param[out] out  filled on HOPT_OK, clear with hopt_store_uri_clear(); zeroed on failure.
 * @return HOPT_OK or HOPT_EINVAL with what to write instead. No message holds a password.
 */
HOPT_MUST_CHECK hopt_status hopt_store_uri_parse(hopt_store_uri *out, const char *text,
                                                 hopt_error *err);
void hopt_store_uri_clear(hopt_store_uri *uri);

/**
 * Copy a URI, well-formed or not, with every password replaced by "***" and control characters by
 * '?'. When in doubt it hides too much: all between the first ':' after the scheme and the last
 * '@'; with no '@', what follows a ':' unless it is a port; and the values of query options that
 * carry secrets. Same as hopt_store_mask_uri() of store.h.
 * @param size  of `out`, at least 1; a longer text is cut.
 */
void hopt_store_uri_mask(char *out, size_t size, const char *text);

#endif
