#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "common/base/alloc.h"

static int failed(const hopt_command *command, const char *path) {
    return hopt_cli_say_failed(command, HOPT_EXIT_FAILED, "%s: %s", path, strerror(errno));
}

int hopt_output_open(hopt_output *output, const hopt_command *command, const char *path) {
    *output = (hopt_output){.stream = stdout};
    if (!path || strcmp(path, "-") == 0) return HOPT_EXIT_OK;
    output->path = path;
    output->part = hopt_format("%s.part%ld", path, (long)getpid());
    output->stream = fopen(output->part, "wxe");
    return output->stream ? HOPT_EXIT_OK : failed(command, output->part);
}

int hopt_output_close(hopt_output *output, const hopt_command *command, int code) {
    if (output->path && output->stream) {
        FILE *file = output->stream;
        bool bad = ferror(file) || fflush(file) != 0 || fsync(fileno(file)) != 0;
        bad |= fclose(file) != 0;
        if (bad && code == HOPT_EXIT_OK) code = failed(command, output->part);
        if (code == HOPT_EXIT_OK && rename(output->part, output->path) != 0)
            code = failed(command, output->path);
        unlink(output->part);
    }
    free(output->part);
    *output = (hopt_output){0};
    return code;
}
