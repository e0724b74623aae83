/** Where a command writes its result: standard output, or a file that appears only when it is
 * whole. */
#ifndef HOPT_CLI_OUTPUT_H
#define HOPT_CLI_OUTPUT_H

#include <stdio.h>

#include "common/sys/options.h"

typedef struct hopt_output {
    FILE *stream;     /**< to write to */
    const char *path; /**< borrowed; NULL: standard output */
    char *part;       /**< what is written until then */
} hopt_output;

/** @param path  NULL or "-": standard output. @return an exit code, with a message when not OK. */
int hopt_output_open(hopt_output *output, const hopt_command *command, const char *path);
/** Put the file in its place if `code` is HOPT_EXIT_OK, else remove what was written. @return
 * `code`, or HOPT_EXIT_FAILED with a message when the file could not be written. */
int hopt_output_close(hopt_output *output, const hopt_command *command, int code);

#endif
