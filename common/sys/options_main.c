/* Commands: finding the subcommand, starting it, exit codes, likely typos. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/sys/options.h"

int hopt_exit_code(hopt_status status) {
    switch (status) {
    case HOPT_OK:
        return HOPT_EXIT_OK;
    case HOPT_EINVAL:
        return HOPT_EXIT_USAGE;
    case HOPT_ENOTFOUND:
        return HOPT_EXIT_NOTFOUND;
    case HOPT_ECONFLICT:
        return HOPT_EXIT_CONFLICT;
    case HOPT_ESTORE:
    case HOPT_EUNAVAILABLE:
        return HOPT_EXIT_STORE;
    case HOPT_ESTOPPED:
        return HOPT_EXIT_SIGINT;
    case HOPT_EFAILED:
        break;
    }
    return HOPT_EXIT_FAILED;
}

static int min3(int a, int b, int c) {
    int least = a < b ? a : b;
    return least < c ? least : c;
}

/* Optimal string alignment distance: insert, delete, replace, swap of neighbours. */
static int distance(const char *a, const char *b) {
    enum { LONGEST = 48 };
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST) return LONGEST;
    int rows[3][LONGEST + 1];
    int *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int change = a[i - 1] != b[j - 1];
            row[j] = min3(last[j] + 1, row[j - 1] + 1, last[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        int *free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return last[m];
}

const char *hopt_options_nearest(const char *word, const char *const *candidates, size_t n) {
    const char *best = NULL;
    int least = 1 + (int)strlen(word) / 3;
    if (least > 3) least = 3;
    for (size_t i = 0; i < n; i++) {
        int d = distance(word, candidates[i]);
        if (d < least || (d == least && !best)) {
            least = d;
            best = candidates[i];
        }
    }
    return best;
}

static const char *last_word(const hopt_command *command) {
    const char *space = strrchr(command->path, ' ');
    return space ? space + 1 : command->path;
}

static hopt_status unknown_command(const hopt_command *parent, const char *word, hopt_error *err) {
    enum { MOST = 64 };
    const char *names[MOST];
    size_t n = 0;
    for (size_t i = 0; parent->commands[i] && n < MOST; i++)
        names[n++] = last_word(parent->commands[i]);
    const char *near = hopt_options_nearest(word, names, n);
    if (near)
        return hopt_error_set(err, HOPT_EINVAL,
                              "unknown command \"%.60s\"; did you mean \"%s %s\"?", word,
                              parent->path, near);
    return hopt_error_set(err, HOPT_EINVAL, "unknown command \"%.60s\"; \"%s --help\" lists them",
                          word, parent->path);
}

hopt_status hopt_command_find(const hopt_command **found, int *words, const hopt_command *root,
                              int argc, char **argv, hopt_error *err) {
    *found = root;
    *words = 0;
    while ((*found)->commands && *words + 1 < argc) {
        const char *word = argv[*words + 1];
        if (word[0] == '-') return HOPT_OK;
        const hopt_command *next = NULL;
        for (size_t i = 0; (*found)->commands[i]; i++) {
            if (strcmp(last_word((*found)->commands[i]), word) == 0) next = (*found)->commands[i];
        }
        if (!next) return unknown_command(*found, word, err);
        *found = next;
        ++*words;
    }
    return HOPT_OK;
}

static void print_error(const hopt_command *command, const hopt_error *err) {
    char text[HOPT_ERROR_MESSAGE_MAX + 64];
    hopt_error_text(text, sizeof text, command->path, err);
    fprintf(stderr, "%s\n", text);
}

static void print_help(const hopt_command *command, FILE *to) {
    struct winsize size;
    int width = 80;
    if (isatty(fileno(to)) && ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        width = size.ws_col < 100 ? size.ws_col : 100;
    hopt_buf help = HOPT_BUF_INIT;
    hopt_command_help(command, &help, width);
    fputs(hopt_buf_string(&help), to);
    hopt_buf_clear(&help);
}

bool hopt_command_parse(const hopt_command *command, void *options, int argc, char **argv,
                        int *exit_code) {
    hopt_asked asked;
    hopt_error err;
    *exit_code = HOPT_EXIT_OK;
    if (hopt_options_parse(command, options, argc, argv, getenv, &asked, &err) != HOPT_OK) {
        print_error(command, &err);
        *exit_code = HOPT_EXIT_USAGE;
        return false;
    }
    if (asked == HOPT_ASKED_HELP) print_help(command, stdout);
    if (asked == HOPT_ASKED_VERSION)
        printf("%.*s %s\n", (int)strcspn(command->path, " "), command->path, HOPT_VERSION);
    return asked == HOPT_ASKED_RUN;
}

/* A group was named without one of its commands, maybe with --help. */
static int run_group(const hopt_command *group, int argc, char **argv) {
    int code;
    if (argc == 1) {
        print_help(group, stderr);
        return HOPT_EXIT_USAGE;
    }
    char nothing[1];
    hopt_command bare = *group;
    bare.options_size = 0;
    if (!hopt_command_parse(&bare, nothing, argc, argv, &code)) return code;
    print_help(group, stderr); /* "hopt --" */
    return HOPT_EXIT_USAGE;
}

int hopt_command_main(const hopt_command *root, int argc, char **argv) {
    const hopt_command *command;
    int words, code;
    hopt_error err;
    if (hopt_command_find(&command, &words, root, argc, argv, &err) != HOPT_OK) {
        print_error(command, &err);
        return HOPT_EXIT_USAGE;
    }
    argc -= words;
    argv += words;
    if (command->commands) return run_group(command, argc, argv);
    HOPT_ASSERT(command->run);
    void *options = hopt_zalloc(1, command->options_size + 1);
    if (hopt_command_parse(command, options, argc, argv, &code)) {
        code = command->run(command, options);
        hopt_command_clear(command, options);
    }
    free(options);
    return code;
}
