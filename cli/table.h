/**
 * Tables: aligned with a heading on a terminal, tab-separated with a heading line elsewhere (so
 * that cut and awk work). Cells are cleaned of control characters.
 */
#ifndef HOPT_CLI_TABLE_H
#define HOPT_CLI_TABLE_H

#include <stdio.h>

#include "cli/term.h"
#include "common/base/attr.h"

typedef struct hopt_table hopt_table;

/** @param headings  NULL-terminated, borrowed. @param align  'l' or 'r' for each column. */
HOPT_MUST_CHECK hopt_table *hopt_table_new(const char *const *headings, const char *align);
/** Add the next cell, row by row. */
void hopt_table_cell(hopt_table *table, const char *format, ...) HOPT_PRINTF(2, 3);
/** The same, in a colour. */
void hopt_table_styled(hopt_table *table, hopt_style style, const char *text);
/** Print and free. On a terminal the last column is cut at its width. */
void hopt_table_print(hopt_table *table, FILE *stream);

#endif
