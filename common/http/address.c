#include "common/http/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { BACKLOG = 64, PORT_MAX = 65535 };

/* ---- the address ---- */

static bool read_port(long *port, const char *text) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits]) return false;
    *port = strtol(text, NULL, 10);
    return *port <= PORT_MAX;
}

static void set_ipv4(hopt_http_address *out, struct in_addr address, long port) {
    struct sockaddr_in *in = (struct sockaddr_in *)&out->socket;
    in->sin_family = AF_INET;
    in->sin_addr = address;
    in->sin_port = htons((uint16_t)port);
    out->length = sizeof *in;
    out->loopback = ntohl(address.s_addr) >> 24 == 127;
}

static void set_ipv6(hopt_http_address *out, struct in6_addr address, long port) {
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&out->socket;
    in->sin6_family = AF_INET6;
    in->sin6_addr = address;
    in->sin6_port = htons((uint16_t)port);
    out->length = sizeof *in;
    out->loopback = IN6_IS_ADDR_LOOPBACK(&address);
}

static bool set_address(hopt_http_address *out, const char *text, bool brackets, long port) {
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (brackets) {
        if (inet_pton(AF_INET6, text, &ipv6) != 1) return false;
        set_ipv6(out, ipv6, port);
        return true;
    }
    if (strcasecmp(text, "localhost") == 0) text = "127.0.0.1";
    if (inet_pton(AF_INET, text, &ipv4) != 1) return false;
    set_ipv4(out, ipv4, port);
    return true;
}

hopt_status hopt_http_address_parse(hopt_http_address *out, const char *text, hopt_error *err) {
    char address[HOPT_HTTP_NAME_MAX] = "127.0.0.1";
    const char *colon = strrchr(text, ':');
    const char *end = colon;
    long port = 0;
    bool good = read_port(&port, colon ? colon + 1 : text), brackets = false;
    memset(out, 0, sizeof *out);
    if (colon && good) {
        brackets = text[0] == '[' && end > text + 1 && end[-1] == ']';
        if (brackets) text++, end--;
        good = (size_t)(end - text) < sizeof address;
        if (good) snprintf(address, sizeof address, "%.*s", (int)(end - text), text);
    }
    if (good && set_address(out, address, brackets, port)) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL,
                          "an address to listen on is [ADDR:]PORT, where ADDR is numeric or "
                          "localhost: 9620, 0.0.0.0:9620, [::1]:9620");
}

/* ---- the socket ---- */

static void name_of(char name[HOPT_HTTP_NAME_MAX], const struct sockaddr_storage *socket) {
    char text[INET6_ADDRSTRLEN];
    if (socket->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, socket, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
        snprintf(name, HOPT_HTTP_NAME_MAX, "%s:%d", text, ntohs(in.sin_port));
    } else {
        struct sockaddr_in6 in;
        memcpy(&in, socket, sizeof in);
        inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
        snprintf(name, HOPT_HTTP_NAME_MAX, "[%s]:%d", text, ntohs(in.sin6_port));
    }
}

static hopt_status fail(int fd, const char *name, hopt_error *err) {
    int code = errno;
    if (fd >= 0) close(fd);
    return hopt_error_set(err, HOPT_EFAILED, "can't listen on %s: %s", name,
                          code == EADDRINUSE ? "the port is in use" : strerror(code));
}

hopt_status hopt_http_listen(int *fd, char name[HOPT_HTTP_NAME_MAX],
                             const hopt_http_address *address, hopt_error *err) {
    int family = address->socket.ss_family, on = 1;
    struct sockaddr_storage bound = {0};
    socklen_t length = sizeof bound;
    *fd = -1;
    name_of(name, &address->socket);
    int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(made, (const struct sockaddr *)&address->socket, address->length) != 0 ||
        listen(made, BACKLOG) != 0 || getsockname(made, (struct sockaddr *)&bound, &length) != 0)
        return fail(made, name, err);
    name_of(name, &bound);
    *fd = made;
    return HOPT_OK;
}

/* ---- the Host header ---- */

/* The host without its port; false: no host at all. */
static bool split(char *out, size_t size, bool *brackets, const char *host) {
    long port;
    *brackets = host[0] == '[';
    const char *start = *brackets ? host + 1 : host;
    size_t length = strcspn(start, *brackets ? "]" : ":");
    const char *end = start + length;
    if (length == 0 || length >= size) return false;
    if (*brackets && *end++ != ']') return false;
    if (*end == ':' ? !read_port(&port, end + 1) : *end != '\0') return false;
    snprintf(out, size, "%.*s", (int)length, start);
    return true;
}

bool hopt_http_host_allowed(const char *host, const char *const *names, size_t n_names) {
    char text[256];
    bool brackets;
    struct in6_addr address;
    for (size_t i = 0; i < n_names; i++)
        if (strcmp(names[i], "*") == 0) return true;
    if (!host || !split(text, sizeof text, &brackets, host)) return false;
    if (inet_pton(brackets ? AF_INET6 : AF_INET, text, &address) == 1) return true;
    if (brackets) return false;
    if (strcasecmp(text, "localhost") == 0) return true;
    for (size_t i = 0; i < n_names; i++)
        if (strcasecmp(names[i], text) == 0) return true;
    return false;
}
