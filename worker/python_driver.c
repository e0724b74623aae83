#include "worker/python_driver.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/store/driven.h"
#include "common/sys/file.h"

extern char **environ;

/* Importing hyperopt and what it needs may take long on a machine that starts many workers. */
enum { START_TIMEOUT_S = 300 };

/* A relative path would be looked for in the objective's working directory. Links stay: a virtual
 * environment's python is one. */
static char *absolute(const char *program) {
    if (program[0] == '/' || !strchr(program, '/')) return hopt_strdup(program);
    char *here = getcwd(NULL, 0);
    char *path = here ? hopt_format("%s/%s", here, program) : hopt_strdup(program);
    free(here);
    return path;
}

/* The space is the driver's own; a study's text can't be without one. */
static char *study_text(const char *python, const char *server) {
    json_t *study = json_pack("{s:{s:{s:s,s:[i]}}, s:{s:[s,s], s:i}}", "space", "driver", "_type",
                              "choice", "_value", 0, "objective", "server", python, server,
                              "start_timeout_s", START_TIMEOUT_S);
    HOPT_ASSERT(study);
    char *text = hopt_json_text(study);
    json_decref(study);
    return text;
}

hopt_status hopt_python_driver_spec(hopt_study_spec **spec, const hopt_worker_settings *settings,
                                    hopt_errors *errors, hopt_error *err) {
    *spec = NULL;
    char *server = hopt_path_program("hopt-python-driver.py");
    if (!server)
        return hopt_error_set(err, HOPT_ENOTFOUND,
                              "hopt-python-driver.py is neither beside this program nor in "
                              "../libexec/hopt");
    char name[HOPT_STUDY_NAME_MAX];
    hopt_driven_name(name, settings->python_driver);
    char *python = absolute(settings->python), *text = study_text(python, server);
    hopt_status status = hopt_study_spec_parse(spec, text, strlen(text), name, settings->sets.list,
                                               settings->sets.count, errors);
    free(text);
    free(python);
    free(server);
    return status;
}

hopt_status hopt_python_driver_check(const hopt_study_spec *spec, hopt_error *err) {
    static char option[] = "--check";
    char *argv[] = {spec->objective.argv[0], spec->objective.argv[1], option, NULL};
    posix_spawn_file_actions_t files;
    pid_t pid;
    int code = -1;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    int failed = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed)
        return hopt_error_set(err, HOPT_EFAILED, "can't start %s: %s (--python)", argv[0],
                              strerror(failed));
    while (waitpid(pid, &code, 0) < 0) {
        if (errno != EINTR) break;
    }
    if (WIFEXITED(code) && WEXITSTATUS(code) == 0) return HOPT_OK;
    return hopt_error_set(err, HOPT_EFAILED, "%s can't evaluate a Python driver's trials", argv[0]);
}

hopt_status hopt_python_driver_workdir(char **workdir, const char *base, hopt_error *err) {
    char *path = hopt_format("%s/driver-XXXXXX", base);
    *workdir = mkdtemp(path);
    if (*workdir) return HOPT_OK;
    free(path);
    return hopt_error_set(err, HOPT_EINVAL, "can't make a folder in %s: %s", base, strerror(errno));
}

void hopt_python_driver_clean(const char *workdir, const hopt_study_spec *spec) {
    char *study = hopt_format("%s/%s", workdir, spec->name);
    rmdir(study);
    rmdir(workdir);
    free(study);
}
