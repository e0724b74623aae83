/** What all commands of `hopt` share: their common options and how they speak. */
#ifndef HOPT_CLI_CLI_H
#define HOPT_CLI_CLI_H

#include <jansson.h>

#include "common/base/error.h"
#include "common/sys/options.h"

/** First member, named `common`, of the options struct of every command that has these options. */
typedef struct hopt_cli_common {
    const char *store; /**< as given, or NULL */
    bool json;
    bool quiet;
} hopt_cli_common;

#define HOPT_CLI_STORE(of, def_words)                                                              \
    {                                                                                              \
        .name = "store", .letter = 's', .type = HOPT_OPTION_STRING, .argument = "URI",             \
        .env = "HOPT_STORE", .def_text = (def_words), .offset = offsetof(of, common.store),        \
        .help = "where the studies are: sqlite:PATH, mongodb://HOST/DATABASE, or hyperopt's "      \
                "mongo://HOST:PORT/DATABASE/jobs; @FILE: as the one line of that file says"        \
    }
/** The default of commands that work on what is there. */
#define HOPT_CLI_STORE_FOUND "the *.hopt.db file in this folder"
#define HOPT_CLI_JSON(of)                                                                          \
    {                                                                                              \
        .name = "json", .type = HOPT_OPTION_FLAG, .offset = offsetof(of, common.json),             \
        .help = "print JSON, one object a line, for programs"                                      \
    }
#define HOPT_CLI_QUIET(of)                                                                         \
    {                                                                                              \
        .name = "quiet", .letter = 'q', .type = HOPT_OPTION_FLAG,                                  \
        .offset = offsetof(of, common.quiet), .help = "print results and errors only"              \
    }
#define HOPT_CLI_SET(of, field)                                                                    \
    {                                                                                              \
        .name = "set", .type = HOPT_OPTION_STRING, .argument = "KEY=VALUE", .repeatable = true,    \
        .offset = offsetof(of, field),                                                             \
        .help = "change a setting of the study file, e.g. stop.max_trials=50"                      \
    }
/** The argument that names a study of the store. */
#define HOPT_CLI_STUDY(of, field, is_optional)                                                     \
    {                                                                                              \
        .name = "STUDY", .optional = (is_optional), .file = "json", .offset = offsetof(of, field), \
        .help =                                                                                    \
            (is_optional)                                                                          \
                ? "name of the study, or its file; may be left out when the store has just one"    \
                : "name of the study, or its file"                                                 \
    }

/** Print "PATH: message" on standard error. @return the exit code of `err`. */
int hopt_cli_fail(const hopt_command *command, const hopt_error *err);
/** Print "PATH: message" on standard error. @return `code`. */
int hopt_cli_say_failed(const hopt_command *command, int code, const char *format, ...)
    HOPT_PRINTF(3, 4);
/** Print every error of a file as "PATH: file:line:column: message". @return HOPT_EXIT_USAGE. */
int hopt_cli_fail_file(const hopt_command *command, const char *file, hopt_errors *errors);
/** A remark for people on standard error, unless --quiet. Control characters are stripped. */
void hopt_cli_note(const hopt_cli_common *common, const char *format, ...) HOPT_PRINTF(2, 3);
/** Print a JSON value as one line on standard output. Takes the reference. */
void hopt_cli_json(json_t *value);
/** A number for people: 6 digits. */
void hopt_cli_number(char out[32], double value);
/** Flush standard output. @return `code`, or HOPT_EXIT_FAILED with a message when not all could be
 * written. */
int hopt_cli_finish(const hopt_command *command, int code);

/** "hopt" and all commands below it. */
extern const hopt_command hopt_cli_root;

#endif
