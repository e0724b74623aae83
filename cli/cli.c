#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/term.h"
#include "common/json/json.h"
#include "common/program/program.h"

int hopt_cli_fail(const hopt_command *command, const hopt_error *err) {
    return hopt_program_fail(command->path, err);
}

int hopt_cli_say_failed(const hopt_command *command, int code, const char *format, ...) {
    hopt_error err = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(err.message, sizeof err.message, format, args);
    va_end(args);
    hopt_program_fail(command->path, &err);
    return code;
}

int hopt_cli_fail_file(const hopt_command *command, const char *file, hopt_errors *errors) {
    if (strcmp(file, "-") == 0) file = "standard input";
    return hopt_program_fail_file(command->path, file, errors);
}

void hopt_cli_note(const hopt_cli_common *common, const char *format, ...) {
    if (common->quiet) return;
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    hopt_term_print(stderr, text);
    fputc('\n', stderr);
}

void hopt_cli_json(json_t *value) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_json_print(&out, value);
    hopt_buf_char(&out, '\n');
    fwrite(out.data, 1, out.length, stdout);
    hopt_buf_clear(&out);
    json_decref(value);
}

void hopt_cli_number(char out[32], double value) {
    snprintf(out, 32, "%.6g", value);
}

int hopt_cli_finish(const hopt_command *command, int code) {
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        return hopt_cli_say_failed(command, code ? code : HOPT_EXIT_FAILED,
                                   "can't write all of the output%s%s", errno ? ": " : "",
                                   errno ? strerror(errno) : "");
    return code;
}
