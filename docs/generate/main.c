/*
 * generate DATE TEMPLATE_FOLDER OUT_FOLDER: write every manual page and the shell completion.
 * A template's line "@SETTINGS@" or "@SAMPLERS@" becomes the generated list, "@DATE@" and
 * "@VERSION@" the date and version.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "common/base/alloc.h"
#include "common/sys/file.h"
#include "docs/generate/generate.h"
#include "master/master_command.h"
#include "worker/worker_command.h"

static const char *date, *out_folder;

static void write_page(const char *name, hopt_buf *text) {
    char *path = hopt_format("%s/%s", out_folder, name);
    FILE *file = fopen(path, "we");
    if (!file || fwrite(text->data, 1, text->length, file) != text->length || fclose(file) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    free(path);
    hopt_buf_clear(text);
}

static void write_command(const hopt_command *command) {
    char name[128], file[160];
    hopt_buf text = HOPT_BUF_INIT;
    generate_page_name(name, command);
    snprintf(file, sizeof file, "%s.%d", name, command->section);
    generate_man(&text, command, date);
    write_page(file, &text);
    for (size_t i = 0; command->commands && command->commands[i]; i++)
        write_command(command->commands[i]);
}

static bool insert(hopt_buf *out, const char **at) {
    if (strncmp(*at, "@SETTINGS@\n", 11) == 0) {
        generate_settings(out);
        *at += 11;
    } else if (strncmp(*at, "@SAMPLERS@\n", 11) == 0) {
        generate_samplers(out);
        *at += 11;
    } else if (strncmp(*at, "@DATE@", 6) == 0) {
        hopt_buf_text(out, date);
        *at += 6;
    } else if (strncmp(*at, "@VERSION@", 9) == 0) {
        hopt_buf_text(out, HOPT_VERSION);
        *at += 9;
    } else {
        return false;
    }
    return true;
}

static void write_template(const char *folder, const char *name) {
    char *path = hopt_format("%s/%s.in", folder, name), *text;
    size_t length;
    hopt_error err;
    hopt_buf out = HOPT_BUF_INIT;
    if (hopt_file_read(&text, &length, path, 1 << 20, &err) != HOPT_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    for (const char *at = text; *at;) {
        if (*at != '@' || !insert(&out, &at)) hopt_buf_char(&out, *at++);
    }
    write_page(name, &out);
    free(text);
    free(path);
}

int main(int argc, char **argv) {
    static const hopt_command *const programs[] = {&hopt_cli_root, &hopt_master_command,
                                                   &hopt_worker_command};
    hopt_buf bash = HOPT_BUF_INIT;
    if (argc != 4) {
        fprintf(stderr, "usage: generate DATE TEMPLATE_FOLDER OUT_FOLDER\n");
        return 2;
    }
    date = argv[1];
    out_folder = argv[3];
    for (size_t i = 0; i < HOPT_COUNT(programs); i++)
        write_command(programs[i]);
    write_template(argv[2], "hopt-space.5");
    write_template(argv[2], "hopt-plugin.7");
    generate_bash(&bash, programs, HOPT_COUNT(programs));
    write_page("hopt.bash", &bash);
    return 0;
}
