/* The host's functions, as a plugin sees them. Values come from the "labels" of the trial line:
 * label -> the value as text, or null when inactive. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "worker/runner/plugin_internal.h"

#define ATTACHMENT_MAX ((size_t)64 << 20)
enum { NUMBER_TEXT = 40, NAME_BYTES_MAX = 255 };

void plugin_eval_init(hopt_eval *eval, FILE *in, FILE *out, const json_t *trial) {
    *eval = (hopt_eval){.in = in,
                        .out = out,
                        .trial = trial,
                        .labels = json_object_get(trial, "labels"),
                        .extras = json_object()};
}

void plugin_eval_clear(hopt_eval *eval) {
    free(eval->params_text);
    json_decref(eval->extras);
}

/* ---- parameters ---- */

/* The value's text; or NULL, with why. */
static const char *find(const hopt_eval *eval, const char *label, int *why) {
    const json_t *value = label ? json_object_get(eval->labels, label) : NULL;
    *why = json_is_null(value) ? HOPT_PLUGIN_INACTIVE : HOPT_PLUGIN_UNKNOWN;
    return json_string_value(value);
}

static int host_real(hopt_eval *eval, const char *label, double *out) {
    int why;
    char *end;
    const char *text = find(eval, label, &why);
    if (!text) return why;
    double value = strtod(text, &end);
    if (end == text || *end) return HOPT_PLUGIN_UNKNOWN;
    *out = value;
    return 0;
}

static int host_integer(hopt_eval *eval, const char *label, int64_t *out) {
    int why;
    char *end;
    const char *text = find(eval, label, &why);
    if (!text) return why;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (end != text && !*end && !errno) {
        *out = whole;
        return 0;
    }
    double value;
    if (host_real(eval, label, &value) != 0 || value != floor(value) || fabs(value) >= 9e15)
        return HOPT_PLUGIN_UNKNOWN;
    *out = (int64_t)value;
    return 0;
}

static const char *host_text(hopt_eval *eval, const char *label) {
    int why;
    return find(eval, label, &why);
}

static const char *host_params_json(hopt_eval *eval) {
    if (!eval->params_text)
        eval->params_text =
            json_dumps(json_object_get(eval->trial, "params"), JSON_COMPACT | JSON_ENCODE_ANY);
    return eval->params_text ? eval->params_text : "{}";
}

static uint64_t host_seed(hopt_eval *eval) {
    return (uint64_t)json_integer_value(json_object_get(eval->trial, "seed"));
}

/* ---- messages ---- */

/* A double as the protocol has it, NaN and infinities as Python prints them. */
static const char *number(char text[NUMBER_TEXT], double value) {
    if (isnan(value)) return "NaN";
    if (isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    snprintf(text, NUMBER_TEXT, "%.17g", value);
    return text;
}

static int host_report(hopt_eval *eval, int64_t step, double loss) {
    char text[NUMBER_TEXT], *line = NULL;
    size_t capacity = 0;
    fprintf(eval->out, "{\"report\":{\"step\":%lld,\"loss\":%s}}\n", (long long)step,
            number(text, loss));
    fflush(eval->out);
    if (getline(&line, &capacity, eval->in) < 0) {
        eval->stop = 1; /* the worker is gone */
    } else {
        json_t *answer = json_loads(line, 0, NULL);
        eval->stop = json_is_true(json_object_get(answer, "stop"));
        json_decref(answer);
    }
    free(line);
    return eval->stop;
}

static bool write_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t wrote = write(fd, data, size);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        data += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

static bool name_valid(const char *name) {
    size_t length = name ? strlen(name) : 0;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) return false;
    return length > 0 && length <= NAME_BYTES_MAX;
}

static int host_attach(hopt_eval *eval, const char *name, const void *data, size_t size) {
    const char *workdir = json_string_value(json_object_get(eval->trial, "workdir"));
    if (!workdir || !name_valid(name) || (!data && size) || size > ATTACHMENT_MAX) return -1;
    char file[32];
    snprintf(file, sizeof file, ".attach-%d", eval->attachments++);
    char *path = hopt_format("%s/%s", workdir, file);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write_all(fd, data, size);
    if (fd >= 0 && close(fd) < 0) written = false;
    free(path);
    json_t *message =
        written ? json_pack("{s:{s:s,s:s}}", "attach", "name", name, "file", file) : NULL;
    if (!message) return -1; /* not written, or a name that is not UTF-8 */
    json_dumpf(message, eval->out, JSON_COMPACT);
    fputc('\n', eval->out);
    json_decref(message);
    return 0;
}

static int host_extra(hopt_eval *eval, const char *key, const char *json) {
    if (!key || !json || !*key || *key == '$' || strchr(key, '.') || !strcmp(key, "loss") ||
        !strncmp(key, "status", 6))
        return -1;
    json_t *value = json_loads(json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    return value ? json_object_set_new(eval->extras, key, value) : -1;
}

static void host_log(hopt_eval *eval, int level, const char *message) {
    (void)eval;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < HOPT_PLUGIN_DEBUG) level = HOPT_PLUGIN_DEBUG;
    if (level > HOPT_PLUGIN_BAD) level = HOPT_PLUGIN_BAD;
    fprintf(stderr, "%s: %s\n", names[level], message ? message : "");
}

void plugin_eval_result(hopt_eval *eval, const char *fail, double loss) {
    char text[NUMBER_TEXT];
    char *extras = json_dumps(eval->extras, JSON_COMPACT);
    fputs("{\"result\":{\"status\":", eval->out);
    if (fail)
        fprintf(eval->out, "\"fail\",\"status_fail\":\"%s\"", fail);
    else
        fprintf(eval->out, "\"ok\",\"loss\":%s", number(text, loss));
    if (extras && json_object_size(eval->extras)) {
        extras[strlen(extras) - 1] = '\0'; /* its members without the braces */
        fprintf(eval->out, ",%s", extras + 1);
    }
    fputs("}}\n", eval->out);
    fflush(eval->out);
    free(extras);
}

const hopt_host plugin_host = {.abi = HOPT_PLUGIN_ABI,
                               .size = sizeof(hopt_host),
                               .real = host_real,
                               .integer = host_integer,
                               .text = host_text,
                               .params_json = host_params_json,
                               .seed = host_seed,
                               .report = host_report,
                               .attach = host_attach,
                               .extra = host_extra,
                               .log = host_log};
