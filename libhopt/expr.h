/** Spaces by calls, for open.c. */
#ifndef HOPT_LIBHOPT_EXPR_H
#define HOPT_LIBHOPT_EXPR_H

#include "libhopt/libhopt_internal.h"

/** The JSON of an expression, the caller's; NULL with the mistake (owned by `expr`). */
char *hopt_lib__expr_text(const hopt_expr *expr, const char **why);

#endif
