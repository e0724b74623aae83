/* One source, several test plugins by PLUGIN_KIND: what a plugin may do well and badly. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/plugin/hopt_plugin.h"

static const hopt_host *host;
static int opened;

static int plugin_open(void **self, const hopt_host *given, const char *config) {
    host = given;
    *self = &opened;
    opened++;
    printf("opened with %s\n", config);
    if (!strcmp(PLUGIN_KIND, "refuses")) return 5;
    return given->abi == HOPT_PLUGIN_ABI && given->size >= sizeof(hopt_host) ? 0 : 1;
}

/* Every function of the host; the result is a sum that only right answers give. */
static int use_all(hopt_eval *eval, double *loss) {
    double x = 0, real = 0;
    int64_t k = 0, whole = 0;
    if (host->real(eval, "x", &x) != 0 || x != 2.5) return -10;
    if (host->integer(eval, "m/a/k", &k) != 0 || k != 4) return -11;
    if (host->real(eval, "m/a/k", &real) != 0 || real != 4) return -12;
    if (host->integer(eval, "x", &whole) != HOPT_PLUGIN_UNKNOWN) return -13;
    if (host->real(eval, "m", &real) != HOPT_PLUGIN_UNKNOWN) return -14;
    if (host->real(eval, "nothing", &real) != HOPT_PLUGIN_UNKNOWN) return -15;
    if (host->real(eval, "m/b/z", &real) != HOPT_PLUGIN_INACTIVE) return -16;
    const char *text = host->text(eval, "m");
    if (!text || strcmp(text, "a") != 0 || host->text(eval, "m/b/z")) return -17;
    if (!strstr(host->params_json(eval), "\"x\":2.5")) return -18;
    if (host->seed(eval) != 99) return -19;
    if (host->attach(eval, "model", "content", 7) != 0) return -20;
    if (host->attach(eval, "bad\nname", "content", 7) != -1) return -21;
    if (host->extra(eval, "accuracy", "0.97") != 0) return -22;
    if (host->extra(eval, "nested", "{\"a\":[1,2]}") != 0) return -23;
    if (host->extra(eval, "broken", "{") != -1 || host->extra(eval, "loss", "1") != -1) return -24;
    host->log(eval, HOPT_PLUGIN_WARN, "a warning");
    printf("{\"result\":{\"loss\":-1}}\nprinted %d\n", opened);
    if (host->report(eval, 1, 0.5) != 0) return -25;
    *loss = x + (double)k;
    return HOPT_PLUGIN_OK;
}

static int stop_when_told(hopt_eval *eval, double *loss) {
    for (int step = 1; step <= 1000; step++)
        if (host->report(eval, step, 1.0 / step)) return HOPT_PLUGIN_STOPPED;
    *loss = 0;
    return HOPT_PLUGIN_OK;
}

static int plugin_evaluate(void *self, hopt_eval *eval, double *loss) {
    if (self != &opened) return -1;
    if (!strcmp(PLUGIN_KIND, "fail")) {
        host->extra(eval, "why", "\"no data\"");
        return HOPT_PLUGIN_FAIL;
    }
    if (!strcmp(PLUGIN_KIND, "stop")) return stop_when_told(eval, loss);
    if (!strcmp(PLUGIN_KIND, "crash")) abort();
    if (!strcmp(PLUGIN_KIND, "error")) {
        fprintf(stderr, "out of data\n");
        return -7;
    }
    if (!strcmp(PLUGIN_KIND, "nan")) {
        *loss = NAN;
        return HOPT_PLUGIN_OK;
    }
    if (!strcmp(PLUGIN_KIND, "quick")) return host->real(eval, "x", loss);
    return use_all(eval, loss);
}

static void plugin_close(void *self) {
    (void)self;
    fprintf(stderr, "closed\n");
}

static const hopt_plugin plugin = {
#ifdef PLUGIN_OLD
    .abi = HOPT_PLUGIN_ABI + 1,
#else
    .abi = HOPT_PLUGIN_ABI,
#endif
#ifdef PLUGIN_SMALL
    .size = 8,
#else
    .size = sizeof(hopt_plugin),
#endif
    .name = "test",
    .doc = "what a plugin may do",
    .open = plugin_open,
    .evaluate = plugin_evaluate,
    .close = plugin_close};

#ifdef PLUGIN_NO_SYMBOL
HOPT_PLUGIN_EXPORT const hopt_plugin *another_name(uint32_t host_abi);
const hopt_plugin *another_name(uint32_t host_abi) {
#else
const hopt_plugin *hopt_plugin_get(uint32_t host_abi) {
#endif
#ifdef PLUGIN_NULL
    return host_abi > 1000 ? &plugin : NULL;
#else
    return host_abi >= HOPT_PLUGIN_ABI ? &plugin : NULL;
#endif
}
