/** The lines of the child protocol (FORMATS §3): what goes to the objective and what comes back.
 * Pure. */
#ifndef HOPT_WORKER_CHILD_PROTOCOL_H
#define HOPT_WORKER_CHILD_PROTOCOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"

/** What one trial line says. Texts are borrowed. */
typedef struct hopt_child_trial {
    const char *study;
    int num;
    int attempt; /**< 1 the first time */
    int lease;   /**< rises at every claim: a fencing token */
    uint64_t seed;
    int slot;
    const json_t *params;
    const char *workdir;
    const json_t
        *labels; /**< plugins only: label -> text of its value, null when inactive; or NULL */
} hopt_child_trial;

/** Append the trial line, newline included. */
void hopt_child_print_trial(hopt_buf *out, const hopt_child_trial *trial);
/** The answer to a report, newline included; static text. */
const char *hopt_child_answer(bool stop);

/** A result as the objective gave it, in its own sign. */
typedef struct hopt_child_loss {
    bool fail; /**< status "fail" */
    bool has_loss;
    double loss;       /**< may be NaN or infinite */
    char *status_fail; /**< or NULL */
    json_t *extras;    /**< an object, or NULL when there are none */
} hopt_child_loss;

void hopt_child_loss_clear(hopt_child_loss *loss);

typedef enum hopt_child_kind {
    HOPT_CHILD_LOG,    /**< no message */
    HOPT_CHILD_BAD,    /**< a message of wrong shape: `error` says what, `about` of which kind */
    HOPT_CHILD_REPORT, /**< step, loss */
    HOPT_CHILD_ATTACH, /**< name, file */
    HOPT_CHILD_RESULT, /**< result */
    HOPT_CHILD_READY,
    /* Of the objective that serves a Python driver only (docs/adr/0012); log from any other: */
    HOPT_CHILD_ERROR, /**< type, text: the trial ends as ERROR, the server lives on */
    HOPT_CHILD_ASK    /**< ask: something of the store; it waits for the answer */
} hopt_child_kind;

typedef struct hopt_child_message {
    hopt_child_kind kind;
    hopt_child_kind about; /**< BAD: any but LOG and BAD */
    int64_t step;
    double loss;
    char *name, *file;
    hopt_child_loss result;
    char *type, *text; /**< ERROR */
    json_t *ask;       /**< an object with one key */
    char error[256];
} hopt_child_message;

/**
 * Read one line of output. A message is an object of exactly one member whose key is report,
 * attach, result or ready; every other line is HOPT_CHILD_LOG.
 * @param[out] out  clear it with hopt_child_message_clear().
 */
void hopt_child_parse(hopt_child_message *out, const char *line, size_t length);
void hopt_child_message_clear(hopt_child_message *message);

/**
 * The last line of a command that gave no result message: a number (nan and inf too) or an object
 * with `loss`.
 * @return HOPT_OK, or HOPT_EINVAL with what is wrong.
 */
HOPT_MUST_CHECK hopt_status hopt_child_parse_last(hopt_child_loss *out, const char *line,
                                                  size_t length, hopt_error *err);

/** Whether a line holds nothing but white space. */
bool hopt_child_blank(const char *line, size_t length);

#endif
