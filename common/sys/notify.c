#include "common/sys/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or with '@' in front a name that is not in the file system (unix(7), "abstract"). */
static bool address(struct sockaddr_un *to, socklen_t *size, const char *name) {
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof to->sun_path)
        return false;
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, name, length);
    if (name[0] == '@') to->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

bool hopt_notify(const char *lines) {
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to;
    socklen_t size;
    if (!name || !address(&to, &size, name)) return false;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    ssize_t sent;
    do
        sent = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&to, size);
    while (sent < 0 && errno == EINTR);
    close(fd);
    return sent >= 0;
}

/* A whole number above 0, or 0. */
static int64_t number(const char *name) {
    const char *text = getenv(name);
    char *end;
    if (!text || *text < '0' || *text > '9') return 0;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' ? value : 0;
}

int64_t hopt_notify_watchdog_ms(void) {
    int64_t us = number("WATCHDOG_USEC");
    if (getenv("WATCHDOG_PID") && number("WATCHDOG_PID") != getpid()) return 0;
    return us > 0 && us < 1000 ? 1 : us / 1000;
}
