/**
 * hopt_plugin.h: objectives as shared objects (C ABI, version 1). C99 and C++.
 *
 * A plugin exports one function, hopt_plugin_get(). hopt-runner, a process of its own for every
 * slot of a worker, loads the file, opens the plugin once and then calls evaluate() for one trial
 * after the other, always from the same thread. A crash, an abort or a leak is the trial's or the
 * process's, never the worker's.
 *
 *     #include <hopt_plugin.h>
 *     static const hopt_host *host;
 *     static int my_open(void **self, const hopt_host *h, const char *config) {
 *         host = h;
 *         return 0;
 *     }
 *     static int my_evaluate(void *self, hopt_eval *eval, double *loss) {
 *         double x;
 *         if (host->real(eval, "x", &x) != 0) return HOPT_PLUGIN_ERROR;
 *         *loss = (x - 1) * (x - 1);
 *         return HOPT_PLUGIN_OK;
 *     }
 *     static const hopt_plugin plugin = {HOPT_PLUGIN_ABI, sizeof(hopt_plugin), "square", "(x -
 * 1)^2", my_open, my_evaluate, 0}; const hopt_plugin *hopt_plugin_get(uint32_t host_abi) { return
 * host_abi >= HOPT_PLUGIN_ABI ? &plugin : 0;
 *     }
 *
 *     cc -shared -fPIC -o square.so square.c
 *
 * What a plugin prints to standard output or error is the trial's log. Standard input is empty.
 */
#ifndef HOPT_PLUGIN_H
#define HOPT_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this ABI. It rises only when old plugins can't work any more. */
#define HOPT_PLUGIN_ABI 1u

#if defined(__GNUC__)
#define HOPT_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define HOPT_PLUGIN_EXPORT
#endif

/** What evaluate() returns; any number below 0 is an error. */
enum {
    HOPT_PLUGIN_OK = 0,      /**< *loss is the result; NaN or infinite counts as a fail */
    HOPT_PLUGIN_FAIL = 1,    /**< these parameters have no result (status fail); *loss is ignored */
    HOPT_PLUGIN_STOPPED = 2, /**< report() asked to stop, and so it did */
    HOPT_PLUGIN_ERROR = -1   /**< something broke: the trial becomes an error */
};

/** What real() and integer() return. */
enum {
    HOPT_PLUGIN_INACTIVE = -1, /**< the parameter's condition does not hold in this trial */
    HOPT_PLUGIN_UNKNOWN = -2   /**< no such parameter, or its value is of another type */
};

/** Levels of log(). */
enum { HOPT_PLUGIN_DEBUG = 0, HOPT_PLUGIN_INFO = 1, HOPT_PLUGIN_WARN = 2, HOPT_PLUGIN_BAD = 3 };

/** One evaluation; the host's, valid until evaluate() returns. */
#ifndef HOPT_EVAL_DECLARED /* hopt.h names the same handle */
#define HOPT_EVAL_DECLARED
typedef struct hopt_eval hopt_eval;
#endif

/**
 * What the host offers. Valid from open() until the process ends. Call it only from the thread that
 * runs open() or evaluate(). Fields are only ever appended: check `size` before using one that is
 * newer than the ABI's first version.
 *
 * A label is a parameter's slash path in the resolved parameters ("model/svm/C"; an unnamed branch
 * by its index) or its `_label`.
 */
typedef struct hopt_host {
    uint32_t abi;  /**< the host's HOPT_PLUGIN_ABI */
    uint32_t size; /**< the host's sizeof(hopt_host) */

    /** A number (integers too). @return 0, HOPT_PLUGIN_INACTIVE or HOPT_PLUGIN_UNKNOWN. */
    int (*real)(hopt_eval *eval, const char *label, double *out);
    /** An integer (a whole real counts). @return as real(). */
    int (*integer)(hopt_eval *eval, const char *label, int64_t *out);
    /** A choice's _name or string value, valid until evaluate() returns; NULL when inactive,
     * unknown or no text. */
    const char *(*text)(hopt_eval *eval, const char *label);
    /** All parameters, resolved, as one JSON text; valid until evaluate() returns. */
    const char *(*params_json)(hopt_eval *eval);
    /** The trial's seed, the same when it is evaluated again. */
    uint64_t (*seed)(hopt_eval *eval);
    /** Report an intermediate loss; steps should rise. Waits for the answer.
     * @return 1: please stop (then return HOPT_PLUGIN_STOPPED soon), 0: go on. */
    int (*report)(hopt_eval *eval, int64_t step, double loss);
    /** Keep `size` bytes with the trial under a name (1..255 bytes, no control characters; 64 MB at
     * most). @return 0, or -1 when it can't be kept. */
    int (*attach)(hopt_eval *eval, const char *name, const void *data, size_t size);
    /** Store a further key of the result; `json` is its value as JSON text ("0.97", "\"text\"").
     * Not "loss" or "status". @return 0, or -1 when it is not JSON or such a key. */
    int (*extra)(hopt_eval *eval, const char *key, const char *json);
    /** A line of the trial's log. */
    void (*log)(hopt_eval *eval, int level, const char *message);
} hopt_host;

/** What the plugin offers. Static storage: it must stay valid as long as the process lives. */
typedef struct hopt_plugin {
    uint32_t abi;     /**< HOPT_PLUGIN_ABI of the header it was compiled with */
    uint32_t size;    /**< sizeof(hopt_plugin) of that header */
    const char *name; /**< for messages; may be NULL */
    const char *doc;  /**< one line; may be NULL */

    /**
     * Once, before the first trial: load data here. May be NULL.
     * @param[out] self     the plugin's own pointer, given to the other calls.
     * @param config_json   the study's objective.config as JSON text, "null" when there is none;
     *                      valid during the call.
     * @return 0; anything else: the objective can't be started.
     */
    int (*open)(void **self, const hopt_host *host, const char *config_json);
    /** One trial; sets *loss when it returns HOPT_PLUGIN_OK. Must not be NULL. */
    int (*evaluate)(void *self, hopt_eval *eval, double *loss);
    /** Before an orderly end of the process; not after a kill. May be NULL. */
    void (*close)(void *self);
} hopt_plugin;

/**
 * The one symbol a plugin exports.
 * @param host_abi  the host's HOPT_PLUGIN_ABI.
 * @return the plugin, or NULL when it can't work with that host.
 */
HOPT_PLUGIN_EXPORT const hopt_plugin *hopt_plugin_get(uint32_t host_abi);

#ifdef __cplusplus
}
#endif

#endif
