/* `hopt report`: one value of a running trial's curve, from inside a shell objective. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "common/json/json.h"
#include "common/sys/clock.h"

enum { ANSWER_WAIT_MS = 30000 };

typedef struct settings {
    const char *step, *loss;
} settings;

static const hopt_positional positionals[] = {
    {.name = "STEP",
     .offset = offsetof(settings, step),
     .help = "a whole number that rises: epoch, fold, ..."},
    {.name = "LOSS",
     .offset = offsetof(settings, loss),
     .help = "the loss after this step, in the sign of the objective; may be nan"},
    {0}};

static bool read_step(long long *step, const char *text) {
    char *end;
    errno = 0;
    *step = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool read_loss(double *loss, const char *text) {
    char *end;
    *loss = strtod(text, &end);
    return end != text && *end == '\0';
}

/* The descriptor that the worker keeps open for reports, -1: we are not in a trial. */
static int report_fd(void) {
    const char *text = getenv("HOPT_REPORT_FD");
    int fd = text ? atoi(text) : -1;
    return fd > 2 && fcntl(fd, F_GETFD) >= 0 ? fd : -1;
}

static bool write_all(int fd, const char *text, size_t length) {
    while (length) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

/* Read the answer's line. A worker that does not answer does not stop the objective. */
static bool told_to_stop(int fd) {
    char line[256];
    size_t length = 0;
    int64_t until_ms = hopt_clock_mono_ms() + ANSWER_WAIT_MS;
    while (length + 1 < sizeof line) {
        int64_t left_ms = until_ms - hopt_clock_mono_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0) return false;
        ssize_t n = read(fd, line + length, 1); /* no byte of the next answer */
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        if (line[length++] == '\n') break;
    }
    json_t *answer;
    if (hopt_json_parse(&answer, line, length, 0, NULL) != HOPT_OK) return false;
    bool stop = json_is_true(json_object_get(answer, "stop"));
    json_decref(answer);
    return stop;
}

static int report(const hopt_command *self, void *given) {
    const settings *s = given;
    long long step;
    double loss;
    char number[HOPT_JSON_NUMBER], line[128];
    if (!read_step(&step, s->step))
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE, "STEP: \"%s\" is no whole number",
                                   s->step);
    if (!read_loss(&loss, s->loss))
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE, "LOSS: \"%s\" is no number", s->loss);
    hopt_json_number(number, loss);
    int length =
        snprintf(line, sizeof line, "{\"report\":{\"step\":%lld,\"loss\":%s}}\n", step, number);
    int fd = report_fd();
    if (fd < 0) {
        fputs(line, stdout);
        return HOPT_EXIT_OK;
    }
    if (!write_all(fd, line, (size_t)length))
        return hopt_cli_say_failed(self, HOPT_EXIT_USAGE, "can't report: %s", strerror(errno));
    return told_to_stop(fd) ? HOPT_EXIT_FAILED : HOPT_EXIT_OK;
}

static const char *const description[] = {
    "For objectives that are shell scripts: tells the worker the loss after a step and answers "
    "whether to go on. The worker keeps a descriptor open for it, named in HOPT_REPORT_FD; outside "
    "of a trial the line is printed instead, which is what a program that speaks the protocol "
    "itself would print.",
    NULL};
static const hopt_example examples[] = {
    {"hopt report \"$epoch\" \"$loss\" || break", "leave the loop when told to stop"}, {0}};
static const hopt_exit_note exits[] = {{HOPT_EXIT_OK, "go on"},
                                       {HOPT_EXIT_FAILED, "please stop: the trial is pruned or the "
                                                          "study ends"},
                                       {HOPT_EXIT_USAGE, "bad usage; nothing was reported"},
                                       {0}};
static const char *const see_also[] = {"hopt-space(5)", "hopt-plugin(7)", NULL};

const hopt_command hopt_cmd_report = {.path = "hopt report",
                                      .summary = "report a loss from inside a running trial",
                                      .description = description,
                                      .positionals = positionals,
                                      .examples = examples,
                                      .exits = exits,
                                      .see_also = see_also,
                                      .section = 1,
                                      .options_size = sizeof(settings),
                                      .run = report};
