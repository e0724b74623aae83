/** The generator of manual pages and shell completion: everything comes from the programs' own
 * command tables, so that it can't say anything else than --help. */
#ifndef HOPT_DOCS_GENERATE_H
#define HOPT_DOCS_GENERATE_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/sys/options.h"

/** One manual page in mdoc(7). Appends to `out`. @param date  "November 25, 2026". */
void generate_man(hopt_buf *out, const hopt_command *command, const char *date);
/** "hopt-study-create" for "hopt study create"; `out` has 128 bytes. */
void generate_page_name(char out[128], const hopt_command *command);
/** The settings of a study file as an mdoc list, from hopt_study_settings() and the samplers'
 * option tables. Appends to `out`. */
void generate_settings(hopt_buf *out);
void generate_samplers(hopt_buf *out);
/** A paragraph as mdoc text: escaped, one sentence a line. Appends to `out`. */
void generate_text(hopt_buf *out, const char *text);
/** The declarations of one section of hopt.h with their words, as mdoc. Appends to `out`.
 * @return false: the header has no such section. */
bool generate_header(hopt_buf *out, const char *header, const char *section);
/** bash completion of all programs. Appends to `out`. */
void generate_bash(hopt_buf *out, const hopt_command *const *programs, size_t n);

#endif
