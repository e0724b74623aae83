/* Options of hopt-runner. A worker calls it; people need it only to look into a problem. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/runner/runner.h"

static const char usage[] =
    "usage: hopt-runner [OPTION...] -- COMMAND [ARGUMENT...]\n"
    "       hopt-runner [OPTION...] --plugin FILE [--config JSON]\n"
    "The parent of one objective: limits, process group, death signal. Started by hopt-worker.\n"
    "  --parent PID       end when this process is no longer the parent\n"
    "  --memory-mb N      kill the objective above N MB\n"
    "  --file-mb N        no file that the objective writes may become larger\n"
    "  --processes N      kill the objective when it has more than N processes\n"
    "  --grace-ms N       between SIGTERM and SIGKILL, 5000 by default\n"
    "  --control-fd N     where the control lines are written, 3 by default\n"
    "  --report-fd N      a descriptor left open for the objective\n"
    "  --watch-stdin      say on the control line when the objective waits for input\n"
    "  --cwd DIR          working directory of the objective\n"
    "  --plugin FILE      load a plugin, absolute path, and serve the child protocol for it\n"
    "  --config JSON      given to the plugin\n"
    "  --version, --help\n";

/* A whole number in [low, high], or the end of the program. */
static long number(const char *option, const char *text, long low, long high) {
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < low || value > high) {
        fprintf(stderr, "hopt-runner: --%s: \"%s\" is no number from %ld to %ld\n", option, text,
                low, high);
        exit(2);
    }
    return value;
}

static void parse(runner_options *options, int argc, char **argv) {
    static const struct option table[] = {{"parent", required_argument, NULL, 'P'},
                                          {"memory-mb", required_argument, NULL, 'm'},
                                          {"file-mb", required_argument, NULL, 'f'},
                                          {"processes", required_argument, NULL, 'n'},
                                          {"grace-ms", required_argument, NULL, 'g'},
                                          {"control-fd", required_argument, NULL, 'c'},
                                          {"report-fd", required_argument, NULL, 'r'},
                                          {"cwd", required_argument, NULL, 'd'},
                                          {"plugin", required_argument, NULL, 'p'},
                                          {"config", required_argument, NULL, 'j'},
                                          {"watch-stdin", no_argument, NULL, 'w'},
                                          {"version", no_argument, NULL, 'V'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int c, index = 0;
    while ((c = getopt_long(argc, argv, "+h", table, &index)) != -1) {
        const char *name = c == 'h' || c == '?' ? "" : table[index].name;
        switch (c) {
        case 'P':
            options->parent = (pid_t)number(name, optarg, 1, INT32_MAX);
            break;
        case 'm':
            options->memory_mb = number(name, optarg, 0, INT32_MAX);
            break;
        case 'f':
            options->file_mb = number(name, optarg, 0, INT32_MAX);
            break;
        case 'n':
            options->processes = number(name, optarg, 0, RUNNER_DESCENDANTS_MAX - 1);
            break;
        case 'g':
            options->grace_ms = number(name, optarg, 0, 86400000);
            break;
        case 'c':
            options->control_fd = (int)number(name, optarg, 3, 1 << 20);
            break;
        case 'r':
            options->report_fd = (int)number(name, optarg, 3, 1 << 20);
            break;
        case 'd':
            options->cwd = optarg;
            break;
        case 'p':
            options->plugin = optarg;
            break;
        case 'j':
            options->config = optarg;
            break;
        case 'w':
            options->watch_stdin = true;
            break;
        case 'V':
            puts("hopt-runner " HOPT_VERSION);
            exit(0);
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            exit(2);
        }
    }
    if (optind < argc) options->argv = argv + optind;
}

int main(int argc, char **argv) {
    runner_options options = {.grace_ms = 5000, .control_fd = 3, .report_fd = -1, .config = "null"};
    parse(&options, argc, argv);
    if (!options.argv == !options.plugin) {
        fputs(usage, stderr);
        return 2;
    }
    if (options.plugin && options.plugin[0] != '/') {
        fprintf(stderr, "hopt-runner: --plugin: \"%s\" is no absolute path\n", options.plugin);
        return 2;
    }
    if (fcntl(options.control_fd, F_SETFD, FD_CLOEXEC) < 0) {
        fprintf(stderr, "hopt-runner: --control-fd %d is not open\n", options.control_fd);
        return 2;
    }
    return runner_supervise(&options);
}
