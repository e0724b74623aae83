/** What the two halves of the plugin host share. */
#ifndef HOPT_RUNNER_PLUGIN_INTERNAL_H
#define HOPT_RUNNER_PLUGIN_INTERNAL_H

#include <jansson.h>
#include <stdio.h>

#include "common/plugin/hopt_plugin.h"

/** One trial, as its line on standard input told. */
struct hopt_eval {
    FILE *in, *out;      /**< the protocol's streams */
    const json_t *trial; /**< the trial line */
    json_t *labels;      /**< label -> text or null */
    char *params_text;   /**< made when asked for */
    json_t *extras;
    int attachments;
    int stop; /**< the last answer said stop */
};

/** The functions a plugin may call. */
extern const hopt_host plugin_host;

/** Begin and end an evaluation. `trial` is borrowed. */
void plugin_eval_init(hopt_eval *eval, FILE *in, FILE *out, const json_t *trial);
void plugin_eval_clear(hopt_eval *eval);
/** Print the result message: status ok with a loss (NaN and infinite too), or `fail` with a reason.
 */
void plugin_eval_result(hopt_eval *eval, const char *fail, double loss);

#endif
