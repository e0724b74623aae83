/**
 * Commands and their options, from one table a command: it drives parsing, --help, the man pages
 * and shell completion (docs/generate), so they can't differ.
 *
 * Precedence: flag > environment variable > default. Values land in a struct of the caller's, at
 * the offset that each option names. A table is constant data; parsing is for the main thread.
 *
 *     typedef struct settings { const char *store; int64_t slots; hopt_texts studies; } settings;
 *     static const hopt_option options[] = {
 *         {.name = "store", .type = HOPT_OPTION_STRING, .argument = "URI", .env = "HOPT_STORE",
 *          .offset = offsetof(settings, store), .help = "where the studies are"},
 *         {.name = "slots", .letter = 'n', .type = HOPT_OPTION_INTEGER, .argument = "N", .min = 1,
 *          .max = 1024, .def = "1", .offset = offsetof(settings, slots), .help = "..."},
 *         {0}};
 *     int main(int argc, char **argv) {
 *         settings s;
 *         int code;
 *         if (!hopt_command_parse(&command, &s, argc, argv, &code)) return code;
 *         ...
 *         hopt_command_clear(&command, &s);
 *     }
 */
#ifndef HOPT_SYS_OPTIONS_H
#define HOPT_SYS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "common/base/error.h"

/** Exit codes of all programs (FORMATS §6). */
enum {
    HOPT_EXIT_OK = 0,
    HOPT_EXIT_FAILED = 1,
    HOPT_EXIT_USAGE = 2, /**< usage, or a bad file */
    HOPT_EXIT_STORE = 3, /**< store unreachable */
    HOPT_EXIT_NOTFOUND = 4,
    HOPT_EXIT_NORESULT = 5, /**< ended or paused with no ok trial */
    HOPT_EXIT_CONFLICT = 6, /**< name, space */
    HOPT_EXIT_SIGINT = 130,
    HOPT_EXIT_SIGTERM = 143
};
/** The exit code for a status: EINVAL 2, ESTORE and EUNAVAILABLE 3, ENOTFOUND 4, ECONFLICT 6,
 * ESTOPPED 130, else 1. */
int hopt_exit_code(hopt_status status);

typedef enum hopt_argument_type {
    HOPT_OPTION_FLAG,    /**< bool; takes no argument */
    HOPT_OPTION_STRING,  /**< const char *, borrowed from argv, the environment or the table */
    HOPT_OPTION_INTEGER, /**< int64_t, min..max */
    HOPT_OPTION_NUMBER,  /**< double, finite, low..high */
    HOPT_OPTION_CHOICE,  /**< const char *, one of `choices` */
    HOPT_OPTION_DURATION /**< int64_t milliseconds, min..max; written 90, 90s, 500ms, 5m, 1.5h, 2d
                          */
} hopt_argument_type;

/** The value of a repeatable option or of the positional that takes the rest. */
typedef struct hopt_texts {
    const char **list; /**< owned; the texts are borrowed */
    size_t count, capacity;
} hopt_texts;

typedef struct hopt_option {
    const char *name; /**< long name without dashes; NULL ends a table */
    char letter;      /**< short name, or 0 */
    bool repeatable;  /**< STRING only: goes to a hopt_texts */
    hopt_argument_type type;
    const char *argument; /**< name of its argument in help: "N", "URI"; NULL for a flag */
    int64_t min, max;     /**< INTEGER, DURATION (ms); both 0: no bounds */
    double low, high;     /**< NUMBER; both 0: no bounds */
    const char *unit;     /**< of an INTEGER or NUMBER, for help: "MiB"; or NULL */
    const char *choices;  /**< CHOICE: "json|env|args" */
    const char *env;      /**< environment variable, or NULL */
    const char *def;      /**< default, read as if it had been given; NULL: zero, NULL or false */
    const char *def_text; /**< how help names the default; NULL: `def` */
    const char *file; /**< completion: "" any file, "json" files of that ending; NULL: no file */
    size_t offset;    /**< of the value in the options struct */
    const char *help; /**< lower case, no full stop */
} hopt_option;

typedef struct hopt_positional {
    const char *name; /**< "STUDY"; NULL ends the list */
    bool optional;    /**< filled from the left when there are words to spare */
    bool rest;        /**< the last one: takes all that is left, into a hopt_texts */
    const char *file; /**< as in hopt_option */
    size_t offset;    /**< const char * or hopt_texts */
    const char *help;
} hopt_positional;

typedef struct hopt_example {
    const char *command; /**< as typed; NULL ends the list */
    const char *help;
} hopt_example;

typedef struct hopt_exit_note {
    int code;
    const char *when; /**< NULL ends the list */
} hopt_exit_note;

typedef struct hopt_command hopt_command;
struct hopt_command {
    const char *path;    /**< whole: "hopt", "hopt run", "hopt study create", "hopt-master" */
    const char *summary; /**< one line, lower case, no full stop */
    const char *const *description;      /**< paragraphs, NULL-terminated; or NULL */
    const hopt_option *options;          /**< or NULL */
    const hopt_positional *positionals;  /**< or NULL */
    const hopt_example *examples;        /**< or NULL */
    const hopt_exit_note *exits;         /**< or NULL: 0 ok, 1 failed, 2 usage */
    const char *const *see_also;         /**< "hopt-run(1)", ...; NULL-terminated; or NULL */
    int section;                         /**< of its manual page: 1 or 8 */
    size_t options_size;                 /**< sizeof of the options struct */
    const hopt_command *const *commands; /**< subcommands, NULL-terminated; or NULL */
    /** What it does, for hopt_command_main(); returns the exit code. NULL: group, or run by hand.
     */
    int (*run)(const hopt_command *command, void *options);
};

/**
 * Parse one command's arguments and print what has to be printed: the help for -h/--help, the
 * version for --version, or one error "PATH: message" on standard error.
 * @param[out] options  `options_size` bytes; zeroed and filled; clear with hopt_command_clear()
 * when true is returned.
 * @param argv          argv[0] is skipped.
 * @return true: go on. False: exit with *exit_code (0 or HOPT_EXIT_USAGE).
 */
HOPT_MUST_CHECK bool hopt_command_parse(const hopt_command *command, void *options, int argc,
                                        char **argv, int *exit_code);
/** Free the lists in `options`. */
void hopt_command_clear(const hopt_command *command, void *options);

/** Find the subcommand in argv, parse, run it. Returns the program's exit code. */
int hopt_command_main(const hopt_command *root, int argc, char **argv);

/* ---- parts, for tests and the generator of the documentation ---- */

/** What hopt_options_parse() was asked for. */
typedef enum hopt_asked { HOPT_ASKED_RUN, HOPT_ASKED_HELP, HOPT_ASKED_VERSION } hopt_asked;

/**
 * The parser behind hopt_command_parse(), silent. `--opt=value`, `--opt value`, `-o value`,
 * `-ovalue`, `-ab` for flags, `--` ends the options, options and positionals may be mixed; what
 * looks like a negative number is a positional.
 * @param environment  looks up a variable (getenv), or NULL for none.
 * @return HOPT_OK; HOPT_EINVAL naming the option, what is allowed and what was meant.
 */
HOPT_MUST_CHECK hopt_status hopt_options_parse(const hopt_command *command, void *options, int argc,
                                               char **argv, char *(*environment)(const char *name),
                                               hopt_asked *asked, hopt_error *err);
/** The subcommand that argv names (deepest), and how many words of argv it took, argv[0] not
 * counted. HOPT_EINVAL: no such command, with what may have been meant. */
HOPT_MUST_CHECK hopt_status hopt_command_find(const hopt_command **found, int *words,
                                              const hopt_command *root, int argc, char **argv,
                                              hopt_error *err);

/** The text of --help, wrapped to `width` columns (40 at least). */
void hopt_command_help(const hopt_command *command, hopt_buf *out, int width);
/** "hopt run [OPTIONS] STUDY". */
void hopt_command_synopsis(const hopt_command *command, hopt_buf *out);
/** "1 to 1024", "one of json, env, args", "at least 1 s"; empty when anything goes. */
void hopt_option_range(const hopt_option *option, hopt_buf *out);

/**
 * The candidate nearest to `word` by edit distance (a swap of neighbours counts 1), when near
 * enough to be a likely typo; else NULL.
 */
const char *hopt_options_nearest(const char *word, const char *const *candidates, size_t n);

/**
 * A duration: 90, 90s, 500ms, 5m, 1.5h, 2d. @return false when it is none, or is negative or above
 * 2^53 ms.
 */
bool hopt_duration_parse(int64_t *ms, const char *text);

#endif
