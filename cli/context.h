/**
 * What a command works on: the study file it reads, the store it opens, the study it means. These
 * functions print what is wrong and return an exit code, HOPT_EXIT_OK when all went well.
 */
#ifndef HOPT_CLI_CONTEXT_H
#define HOPT_CLI_CONTEXT_H

#include "cli/cli.h"
#include "common/store/store.h"

typedef struct hopt_context {
    const hopt_command *command;
    const hopt_cli_common *common;
    char *uri; /**< of the store */
    hopt_store *store;
    hopt_study_record *study; /**< NULL until hopt_context_study() */
    hopt_study_spec *spec;    /**< its stored file */
} hopt_context;

typedef enum hopt_context_mode {
    HOPT_CONTEXT_READ,
    HOPT_CONTEXT_WRITE,
    HOPT_CONTEXT_CREATE /**< make the store when it is missing */
} hopt_context_mode;

/**
 * Read and check a study file; every error is printed with its position.
 * @param[out] spec  the caller's. @param name  overrides the file's name, or NULL.
 */
HOPT_MUST_CHECK int hopt_context_load(hopt_study_spec **spec, const hopt_command *command,
                                      const char *path, const char *name, const hopt_texts *sets);

/**
 * Open the store.
 * @param study    the STUDY argument or NULL: without --store, a study's own ./NAME.hopt.db is
 * taken when it is there, else the only *.hopt.db of the folder.
 * @return exit code; the context must be closed in any case.
 */
HOPT_MUST_CHECK int hopt_context_open(hopt_context *context, const hopt_command *command,
                                      const hopt_cli_common *common, const char *study,
                                      hopt_context_mode mode);
/** Open a store by URI. */
HOPT_MUST_CHECK int hopt_context_open_uri(hopt_context *context, const hopt_command *command,
                                          const hopt_cli_common *common, const char *uri,
                                          hopt_context_mode mode);
/** Read the study that `study` names: a name, or a study file; NULL: the only one of the store. */
HOPT_MUST_CHECK int hopt_context_study(hopt_context *context, const char *study);
/** hopt_context_open() and hopt_context_study(). */
HOPT_MUST_CHECK int hopt_context_open_study(hopt_context *context, const hopt_command *command,
                                            const hopt_cli_common *common, const char *study,
                                            hopt_context_mode mode);
void hopt_context_close(hopt_context *context);

/** A trial's number as given. @return false: none (nothing printed). */
bool hopt_context_num(int *num, const char *text);

/** A loss in the user's sign. */
double hopt_context_loss(const hopt_study_spec *spec, double loss);

#endif
