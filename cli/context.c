#include "cli/context.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/program/program.h"
#include "common/sys/file.h"
#include "master/enroll.h"

int hopt_context_load(hopt_study_spec **spec, const hopt_command *command, const char *path,
                      const char *name, const hopt_texts *sets) {
    return hopt_program_load(spec, command->path, path, name, sets);
}

/* ---- which store ---- */

static bool names_file(const char *study) {
    size_t length = strlen(study);
    return strchr(study, '/') || (length > 5 && strcmp(study + length - 5, ".json") == 0);
}

/* The study's name in its file, "" when there is none to be had: then the only store file counts.
 */
static void name_in_file(char name[HOPT_STUDY_NAME_MAX], const char *path) {
    char *text;
    size_t length;
    json_t *file;
    name[0] = '\0';
    if (hopt_file_read(&text, &length, path, HOPT_JSON_TEXT_MAX, NULL) != HOPT_OK) return;
    if (hopt_json_parse(&file, text, length, HOPT_JSON_COMMENTS, NULL) == HOPT_OK) {
        const char *found = hopt_json_string_of(file, "name");
        if (found && hopt_study_name_valid(found)) snprintf(name, HOPT_STUDY_NAME_MAX, "%s", found);
        json_decref(file);
    }
    free(text);
}

static char *store_of_study(const char *study) {
    char name[HOPT_STUDY_NAME_MAX];
    if (names_file(study))
        name_in_file(name, study);
    else
        snprintf(name, sizeof name, "%s", hopt_study_name_valid(study) ? study : "");
    if (!name[0]) return NULL;
    char *path = hopt_format("%s.hopt.db", name);
    char *uri = access(path, F_OK) == 0 ? hopt_format("sqlite:./%s", path) : NULL;
    free(path);
    return uri;
}

static int only_store_here(char **uri, const hopt_command *command) {
    glob_t found;
    int code = HOPT_EXIT_OK;
    *uri = NULL;
    if (glob("*.hopt.db", 0, NULL, &found) != 0) found.gl_pathc = 0;
    if (found.gl_pathc == 1)
        *uri = hopt_format("sqlite:./%s", found.gl_pathv[0]);
    else if (found.gl_pathc == 0)
        code = hopt_cli_say_failed(command, HOPT_EXIT_USAGE,
                                   "which store? There is no *.hopt.db file in this folder; give "
                                   "--store URI or set HOPT_STORE");
    else
        code = hopt_cli_say_failed(command, HOPT_EXIT_USAGE,
                                   "which store? There are %zu *.hopt.db files in this folder; "
                                   "give one of them, e.g. --store sqlite:%s",
                                   found.gl_pathc, found.gl_pathv[0]);
    globfree(&found);
    return code;
}

int hopt_context_open_uri(hopt_context *context, const hopt_command *command,
                          const hopt_cli_common *common, const char *uri, hopt_context_mode mode) {
    hopt_error err;
    *context = (hopt_context){.command = command, .common = common};
    if (hopt_program_store(&context->uri, uri, &err) != HOPT_OK)
        return hopt_cli_fail(command, &err);
    hopt_store_options options = {.create = mode == HOPT_CONTEXT_CREATE,
                                  .read_only = mode == HOPT_CONTEXT_READ};
    if (hopt_store_open(&context->store, context->uri, &options, &err) != HOPT_OK)
        return hopt_cli_fail(command, &err);
    return HOPT_EXIT_OK;
}

int hopt_context_open(hopt_context *context, const hopt_command *command,
                      const hopt_cli_common *common, const char *study, hopt_context_mode mode) {
    char *uri = common->store ? hopt_strdup(common->store) : NULL;
    *context = (hopt_context){.command = command, .common = common};
    if (!uri && study) uri = store_of_study(study);
    if (!uri) {
        int code = only_store_here(&uri, command);
        if (code != HOPT_EXIT_OK) return code;
    }
    int code = hopt_context_open_uri(context, command, common, uri, mode);
    free(uri);
    return code;
}

/* ---- which study ---- */

static int only_study(hopt_context *context, char **name) {
    char **names;
    size_t count;
    hopt_error err;
    *name = NULL;
    if (hopt_store_studies(context->store, &names, &count, &err) != HOPT_OK)
        return hopt_cli_fail(context->command, &err);
    int code = HOPT_EXIT_OK;
    if (count == 1) {
        *name = hopt_strdup(names[0]);
    } else if (count == 0) {
        code = hopt_cli_say_failed(context->command, HOPT_EXIT_NOTFOUND, "no study in %s",
                                   hopt_store_name(context->store));
    } else {
        hopt_buf list = HOPT_BUF_INIT;
        for (size_t i = 0; i < count && i < 8; i++)
            hopt_buf_print(&list, "%s%s", i ? ", " : "", names[i]);
        code = hopt_cli_say_failed(
            context->command, HOPT_EXIT_USAGE, "which study? There are %zu in %s: %s%s", count,
            hopt_store_name(context->store), hopt_buf_string(&list), count > 8 ? ", ..." : "");
        hopt_buf_clear(&list);
    }
    hopt_names_free(names);
    return code;
}

static int name_of_file(const hopt_command *command, char **name, const char *path) {
    hopt_study_spec *spec;
    int code = hopt_context_load(&spec, command, path, NULL, NULL);
    *name = code == HOPT_EXIT_OK ? hopt_strdup(spec->name) : NULL;
    hopt_study_spec_free(spec);
    return code;
}

int hopt_context_study(hopt_context *context, const char *study) {
    char *name = NULL;
    int code = HOPT_EXIT_OK;
    hopt_error err;
    if (!study)
        code = only_study(context, &name);
    else if (names_file(study) && access(study, F_OK) == 0)
        code = name_of_file(context->command, &name, study);
    else
        name = hopt_strdup(study);
    if (code != HOPT_EXIT_OK) return code;
    hopt_status status =
        hopt_enrolled_study(context->store, &context->study, &context->spec, name, &err);
    free(name);
    return status == HOPT_OK ? HOPT_EXIT_OK : hopt_cli_fail(context->command, &err);
}

int hopt_context_open_study(hopt_context *context, const hopt_command *command,
                            const hopt_cli_common *common, const char *study,
                            hopt_context_mode mode) {
    int code = hopt_context_open(context, command, common, study, mode);
    return code == HOPT_EXIT_OK ? hopt_context_study(context, study) : code;
}

void hopt_context_close(hopt_context *context) {
    hopt_study_free(context->study);
    hopt_study_spec_free(context->spec);
    if (context->store) hopt_store_close(context->store);
    free(context->uri);
    *context = (hopt_context){0};
}

bool hopt_context_num(int *num, const char *text) {
    size_t length = strlen(text);
    if (length == 0 || length > 7 || text[strspn(text, "0123456789")]) return false;
    *num = atoi(text);
    return true;
}

double hopt_context_loss(const hopt_study_spec *spec, double loss) {
    return spec->maximize ? -loss : loss;
}
