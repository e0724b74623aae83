/* `hopt help` and `hopt version`. */
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/term.h"

typedef struct settings {
    hopt_texts words;
} settings;

static int help(const hopt_command *self, void *options) {
    const settings *s = options;
    char *argv[8] = {(char *)"hopt"};
    int argc = 1, words;
    for (size_t i = 0; i < s->words.count && argc < 8; i++)
        argv[argc++] = (char *)s->words.list[i];
    const hopt_command *command;
    hopt_error err;
    if (hopt_command_find(&command, &words, &hopt_cli_root, argc, argv, &err) != HOPT_OK)
        return hopt_cli_fail(self, &err);
    hopt_buf text = HOPT_BUF_INIT;
    hopt_command_help(command, &text, hopt_term_is_tty(stdout) ? hopt_term_width(stdout) : 80);
    fputs(hopt_buf_string(&text), stdout);
    hopt_buf_clear(&text);
    return HOPT_EXIT_OK;
}

static const hopt_positional help_words[] = {{.name = "COMMAND",
                                              .optional = true,
                                              .rest = true,
                                              .offset = offsetof(settings, words),
                                              .help = "the command, e.g. study create"},
                                             {0}};

const hopt_command hopt_cmd_help = {.path = "hopt help",
                                    .summary = "explain a command",
                                    .positionals = help_words,
                                    .section = 1,
                                    .options_size = sizeof(settings),
                                    .run = help};

typedef struct version_settings {
    hopt_cli_common common;
} version_settings;

static int version(const hopt_command *self, void *options) {
    (void)self;
    const version_settings *s = options;
    if (s->common.json)
        hopt_cli_json(json_pack("{s:s}", "version", HOPT_VERSION));
    else
        printf("hopt %s\n", HOPT_VERSION);
    return HOPT_EXIT_OK;
}

static const hopt_option version_options[] = {HOPT_CLI_JSON(version_settings), {0}};

const hopt_command hopt_cmd_version = {.path = "hopt version",
                                       .summary = "print the version",
                                       .options = version_options,
                                       .section = 1,
                                       .options_size = sizeof(version_settings),
                                       .run = version};
