/** Where a server listens, and which hosts it answers for. */
#ifndef HOPT_HTTP_ADDRESS_H
#define HOPT_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "common/base/error.h"

enum { HOPT_HTTP_NAME_MAX = 64 };

typedef struct hopt_http_address {
    struct sockaddr_storage socket;
    socklen_t length;
    bool loopback; /**< reached from this machine only */
} hopt_http_address;

/**
 * "[ADDR:]PORT": ADDR is a numeric IPv4 address, an IPv6 one in brackets, or localhost; without it
 * 127.0.0.1. Port 0: a free one. No name is looked up.
 * @return HOPT_OK; HOPT_EINVAL with what was expected.
 */
HOPT_MUST_CHECK hopt_status hopt_http_address_parse(hopt_http_address *out, const char *text,
                                                    hopt_error *err);
/**
 * A listening socket there, which children don't inherit.
 * @param[out] fd  the caller's; -1 on failure.
 * @param[out] name  "127.0.0.1:9620", with the port that was taken.
 * @return HOPT_OK; HOPT_EFAILED with the reason: port in use, no such address here, not allowed.
 */
HOPT_MUST_CHECK hopt_status hopt_http_listen(int *fd, char name[HOPT_HTTP_NAME_MAX],
                                             const hopt_http_address *address, hopt_error *err);

/**
 * Whether a request with this Host header is answered: for localhost, for any numeric address, and
 * for the names that are allowed, or "*" among them. A page of another site that has its own name
 * point at this machine (DNS rebinding) can't send any of these; a numeric address needs no such
 * protection, as no name is looked up for it.
 * @param host  the header, a port included or not; NULL: there was none.
 */
bool hopt_http_host_allowed(const char *host, const char *const *names, size_t n_names);

#endif
