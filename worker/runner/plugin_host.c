/* Loads a plugin and serves the child protocol for it, in the forked child. The file is never
 * unloaded: a library's threads or thread-local destructors would outlive their code. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/runner/plugin_internal.h"
#include "worker/runner/runner.h"

static void __attribute__((noreturn, format(printf, 2, 3)))
refuse(int start_fd, const char *format, ...) {
    char text[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fflush(NULL);
    if (write(start_fd, text, strlen(text)) < 0) _exit(126);
    _exit(127);
}

static const hopt_plugin *load(const char *file, int start_fd) {
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library) refuse(start_fd, "can't load the plugin: %s", dlerror());
    const hopt_plugin *(*get)(uint32_t) = NULL;
    void *symbol = dlsym(library, "hopt_plugin_get");
    if (!symbol) refuse(start_fd, "%s is no hopt plugin: it has no hopt_plugin_get", file);
    memcpy(&get, &symbol, sizeof get); /* a cast from void * to a function is no ISO C */
    const hopt_plugin *plugin = get(HOPT_PLUGIN_ABI);
    if (!plugin)
        refuse(start_fd, "plugin %s can't work with version %u of the ABI", file, HOPT_PLUGIN_ABI);
    if (plugin->abi != HOPT_PLUGIN_ABI)
        refuse(start_fd, "plugin %s has version %u of the ABI, needed is %u", file, plugin->abi,
               HOPT_PLUGIN_ABI);
    if (plugin->size < sizeof(hopt_plugin) || !plugin->evaluate)
        refuse(start_fd, "plugin %s: its struct has %u bytes, needed are %zu, with evaluate", file,
               plugin->size, sizeof(hopt_plugin));
    return plugin;
}

/* The protocol's streams move away: the plugin's printf goes to standard error, its standard input
 * is empty. */
static void move_streams(FILE **in, FILE **out, int start_fd) {
    int from = fcntl(0, F_DUPFD_CLOEXEC, 10), to = fcntl(1, F_DUPFD_CLOEXEC, 10);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (from < 0 || to < 0 || null < 0 || dup2(null, 0) < 0 || dup2(2, 1) < 0)
        refuse(start_fd, "can't move standard output away: %s", strerror(errno));
    close(null);
    *in = fdopen(from, "r");
    *out = fdopen(to, "w");
    if (!*in || !*out) refuse(start_fd, "out of memory");
    setvbuf(stdout, NULL, _IOLBF, 0);
}

/* One trial. @return false when the process must end. */
static int evaluate(const hopt_plugin *plugin, void *self, FILE *in, FILE *out, const char *line) {
    json_error_t error;
    json_t *trial = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!trial) {
        fprintf(stderr, "hopt-runner: trial line: %s\n", error.text);
        return 1;
    }
    hopt_eval eval;
    plugin_eval_init(&eval, in, out, trial);
    double loss = 0.0 / 0.0;
    int code = plugin->evaluate(self, &eval, &loss);
    fflush(stdout);
    if (code == HOPT_PLUGIN_OK) {
        plugin_eval_result(&eval, NULL, loss);
    } else if (code == HOPT_PLUGIN_FAIL) {
        plugin_eval_result(&eval, "the plugin said fail", 0);
    } else if (code == HOPT_PLUGIN_STOPPED) {
        plugin_eval_result(&eval, "stopped", 0);
    } else {
        /* After an error of its own nobody knows the plugin's state: a fresh process is next. */
        fprintf(stderr, "plugin %s: evaluate returned %d\n", plugin->name ? plugin->name : "",
                code);
        code = -1;
    }
    plugin_eval_clear(&eval);
    json_decref(trial);
    return code < 0;
}

void plugin_serve(const char *file, const char *config, int start_fd) {
    FILE *in = NULL, *out = NULL;
    void *self = NULL;
    move_streams(&in, &out, start_fd);
    const hopt_plugin *plugin = load(file, start_fd);
    int code = plugin->open ? plugin->open(&self, &plugin_host, config) : 0;
    fflush(stdout);
    if (code != 0) refuse(start_fd, "plugin %s: open returned %d", file, code);
    close(start_fd);
    fputs("{\"ready\":true}\n", out);
    fflush(out);
    char *line = NULL;
    size_t capacity = 0;
    int failed = 0;
    while (!failed && getline(&line, &capacity, in) > 0)
        failed = evaluate(plugin, self, in, out, line);
    if (!failed && plugin->close) plugin->close(self);
    fflush(NULL);
    _exit(failed);
}
