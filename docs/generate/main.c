/*
 * generate DATE TEMPLATE_FOLDER OUT_FOLDER HEADER: write every manual page and the shell
 * completion. A template's line "@SETTINGS@" or "@SAMPLERS@" becomes the generated list, "@HEADER
 * section@" that section of hopt.h, "@DATE@" and "@VERSION@" the date and version.
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

static const char *date, *out_folder, *header;

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

/* "@HEADER section@" and the end of the line. */
static void insert_header(hopt_buf *out, const char **at) {
    const char *name = *at + 8, *end = strstr(name, "@\n");
    char *section = end ? hopt_strndup(name, (size_t)(end - name)) : NULL;
    if (!section || !generate_header(out, header, section)) {
        fprintf(stderr, "the header has no section \"%s\"\n", section ? section : name);
        exit(1);
    }
    free(section);
    *at = end + 2;
}

static bool insert(hopt_buf *out, const char **at) {
    if (strncmp(*at, "@SETTINGS@\n", 11) == 0) {
        generate_settings(out);
        *at += 11;
    } else if (strncmp(*at, "@SAMPLERS@\n", 11) == 0) {
        generate_samplers(out);
        *at += 11;
    } else if (strncmp(*at, "@HEADER ", 8) == 0) {
        insert_header(out, at);
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

static char *read_file(const char *path) {
    char *text;
    size_t length;
    hopt_error err;
    if (hopt_file_read(&text, &length, path, 1 << 20, &err) == HOPT_OK) return text;
    fprintf(stderr, "%s\n", err.message);
    exit(1);
}

static void write_template(const char *folder, const char *name) {
    char *path = hopt_format("%s/%s.in", folder, name), *text = read_file(path);
    hopt_buf out = HOPT_BUF_INIT;
    for (const char *at = text; *at;) {
        if (*at != '@' || !insert(&out, &at)) hopt_buf_char(&out, *at++);
    }
    write_page(name, &out);
    free(text);
    free(path);
}

static const char *const library_pages[] = {"hopt_ask.3", "hopt_fmin.3", "hopt_space.3",
                                            "hopt_study.3", "hopt_suggester.3", "hopt_trials.3"};

int main(int argc, char **argv) {
    static const hopt_command *const programs[] = {&hopt_cli_root, &hopt_master_command,
                                                   &hopt_worker_command};
    hopt_buf bash = HOPT_BUF_INIT;
    if (argc != 5) {
        fprintf(stderr, "usage: generate DATE TEMPLATE_FOLDER OUT_FOLDER HEADER\n");
        return 2;
    }
    date = argv[1];
    out_folder = argv[3];
    char *header_text = read_file(argv[4]);
    header = header_text;
    for (size_t i = 0; i < HOPT_COUNT(programs); i++)
        write_command(programs[i]);
    write_template(argv[2], "hopt-space.5");
    write_template(argv[2], "hopt-plugin.7");
    for (size_t i = 0; i < HOPT_COUNT(library_pages); i++)
        write_template(argv[2], library_pages[i]);
    free(header_text);
    generate_bash(&bash, programs, HOPT_COUNT(programs));
    write_page("hopt.bash", &bash);
    return 0;
}
