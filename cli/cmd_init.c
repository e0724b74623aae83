/* `hopt init`: a first study that runs with nothing but sh and awk. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "common/base/alloc.h"

typedef struct settings {
    hopt_cli_common common;
    const char *file, *name;
    bool force;
} settings;

static const hopt_option options[] = {{.name = "force",
                                       .letter = 'f',
                                       .type = HOPT_OPTION_FLAG,
                                       .offset = offsetof(settings, force),
                                       .help = "overwrite the file when it is there"},
                                      {.name = "name",
                                       .type = HOPT_OPTION_STRING,
                                       .argument = "NAME",
                                       .def = "first",
                                       .offset = offsetof(settings, name),
                                       .help = "name of the study"},
                                      HOPT_CLI_JSON(settings),
                                      HOPT_CLI_QUIET(settings),
                                      {0}};

static const hopt_positional positionals[] = {{.name = "FILE",
                                               .optional = true,
                                               .file = "json",
                                               .offset = offsetof(settings, file),
                                               .help = "where to write it [default: study.json]"},
                                              {0}};

static const char template[] =
    "// A study for hopt. Check it with \"hopt check %FILE%\", run it with \"hopt run %FILE%\".\n"
    "// Lines like this one are comments. hopt-space(5) explains every setting.\n"
    "{\n"
    "  \"name\": \"%NAME%\",\n"
    "\n"
    "  // What may be changed. Types: choice, pchoice, randint, uniformint, uniform, quniform,\n"
    "  // loguniform, qloguniform, normal, qnormal, lognormal, qlognormal.\n"
    "  \"space\": {\n"
    "    \"x\": {\"_type\": \"uniform\", \"_value\": [-5, 10]},\n"
    "    // An option of a choice may have parameters of its own: they count only when it is "
    "taken.\n"
    "    \"method\": {\"_type\": \"choice\", \"_value\": [\n"
    "      {\"_name\": \"plain\"},\n"
    "      {\"_name\": \"damped\", \"rate\": {\"_type\": \"loguniform\", \"_value\": [0.001, 1]}}\n"
    "    ]}\n"
    "  },\n"
    "\n"
    "  // What is run for each trial: any program. {label} becomes the parameter's value, empty "
    "when\n"
    "  // it does not count. The last line that it prints is the loss, a number; here awk "
    "computes\n"
    "  // it. The parameters are also on its standard input and in $HOPT_PARAMS_FILE, as JSON.\n"
    "  \"objective\": {\"command\": [\"sh\", \"-c\",\n"
    "    \"echo \\\"$1 $2\\\" | awk '{{ printf(\\\"%.9g\\\\n\\\", ($1 - 3)^2 + 1 - ($2 > 0 ? "
    "exp(-(log($2) + 3)^2) : 0.5)) }}'\",\n"
    "    \"objective\", \"{x}\", \"{method/damped/rate}\"]},\n"
    "\n"
    "  \"direction\": \"minimize\",\n"
    "  \"sampler\": {\"name\": \"auto\", \"seed\": 1},\n"
    "\n"
    "  // When to end. Others: \"timeout_s\", \"loss_below\", \"no_progress\".\n"
    "  \"stop\": {\"max_trials\": 60},\n"
    "\n"
    "  // How one trial is run.\n"
    "  \"trial\": {\"timeout_s\": 60}\n"
    "}\n";

/* The template with its two gaps filled, the name already checked and the path as a comment. */
static char *fill(const char *file, const char *name) {
    hopt_buf out = HOPT_BUF_INIT;
    for (const char *c = template; *c;) {
        if (strncmp(c, "%FILE%", 6) == 0) {
            hopt_buf_text(&out, file);
            c += 6;
        } else if (strncmp(c, "%NAME%", 6) == 0) {
            hopt_buf_text(&out, name);
            c += 6;
        } else {
            hopt_buf_char(&out, *c++);
        }
    }
    return hopt_buf_take(&out);
}

static int write_file(const hopt_command *self, const char *path, bool force, const char *text) {
    int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL);
    int fd = open(path, flags, 0666);
    if (fd < 0 && errno == EEXIST)
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                   "%s is there already; give another name, or --force to "
                                   "overwrite it",
                                   path);
    if (fd < 0) return hopt_cli_say_failed(self, HOPT_EXIT_FAILED, "%s: %s", path, strerror(errno));
    FILE *file = fdopen(fd, "w");
    fputs(text, file);
    if (fclose(file) != 0)
        return hopt_cli_say_failed(self, HOPT_EXIT_FAILED, "%s: %s", path, strerror(errno));
    return HOPT_EXIT_OK;
}

static int init(const hopt_command *self, void *given) {
    const settings *s = given;
    const char *path = s->file ? s->file : "study.json";
    if (!hopt_study_name_valid(s->name))
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE,
                                   "--name: \"%s\" is not a study name; give 1 to 64 of the "
                                   "characters A-Z a-z 0-9 . _ -",
                                   s->name);
    if (path[strcspn(path, "\r\n")])
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE, "a file name with line breaks");
    char *text = fill(path, s->name);
    int code = write_file(self, path, s->force, text);
    free(text);
    if (code != HOPT_EXIT_OK) return code;
    if (s->common.json) hopt_cli_json(json_pack("{s:s, s:s}", "file", path, "name", s->name));
    hopt_cli_note(&s->common, "wrote %s\nnext: hopt check %s\n      hopt run %s", path, path, path);
    return HOPT_EXIT_OK;
}

static const char *const description[] = {
    "Writes a small study with comments that explain it. It runs as it is: its objective needs "
    "nothing but sh and awk.",
    NULL};
static const hopt_example examples[] = {
    {"hopt init study.json && hopt run study.json", "write a first study and run it"}, {0}};
static const hopt_exit_note exits[] = {{HOPT_EXIT_OK, "the file was written"},
                                       {HOPT_EXIT_FAILED, "it can't be written"},
                                       {HOPT_EXIT_USAGE, "bad usage, or the file is there already"},
                                       {0}};
static const char *const see_also[] = {"hopt-space(5)", "hopt-check(1)", "hopt-run(1)", NULL};

const hopt_command hopt_cmd_init = {.path = "hopt init",
                                    .summary = "write a first study, with comments",
                                    .description = description,
                                    .options = options,
                                    .positionals = positionals,
                                    .examples = examples,
                                    .exits = exits,
                                    .see_also = see_also,
                                    .section = 1,
                                    .options_size = sizeof(settings),
                                    .run = init};
