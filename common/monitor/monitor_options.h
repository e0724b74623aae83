/** The options of a program that shows itself and logs for machines: rows of its option table. */
#ifndef HOPT_MONITOR_MONITOR_OPTIONS_H
#define HOPT_MONITOR_MONITOR_OPTIONS_H

#include <stddef.h>

#include "common/sys/options.h"

/** `of`: the settings' structure, with `const char *http`, `hopt_texts http_allow_hosts` and
 * `const char *log_format`. */
#define HOPT_MONITOR_OPTIONS(of)                                                                   \
    {.name = "http",                                                                               \
     .type = HOPT_OPTION_STRING,                                                                   \
     .argument = "[ADDR:]PORT",                                                                    \
     .env = "HOPT_HTTP",                                                                           \
     .offset = offsetof(of, http),                                                                 \
     .help =                                                                                       \
         "serve /healthz, /readyz and /metrics there; without ADDR on 127.0.0.1 only; port 0: "    \
         "a free one, which the log names"},                                                       \
        {.name = "http-allow-host",                                                                \
         .type = HOPT_OPTION_STRING,                                                               \
         .argument = "NAME",                                                                       \
         .repeatable = true,                                                                       \
         .offset = offsetof(of, http_allow_hosts),                                                 \
         .help = "answer requests for this host name too, where otherwise only localhost and "     \
                 "numeric addresses will do; * for any"},                                          \
    {                                                                                              \
        .name = "log-format", .type = HOPT_OPTION_CHOICE, .argument = "FORMAT",                    \
        .choices = "text|json", .env = "HOPT_LOG_FORMAT", .def = "text",                           \
        .offset = offsetof(of, log_format),                                                        \
        .help = "how the log is written; json: one object a line"                                  \
    }

#endif
