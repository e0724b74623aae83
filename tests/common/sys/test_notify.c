#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/sys/notify.h"

/* A socket of the service manager's kind at `name` ('@' first: not in the file system). */
static int listener(const char *name) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    size_t length = strlen(name);
    memcpy(at.sun_path, name, length);
    if (name[0] == '@') at.sun_path[0] = '\0';
    cr_assert_eq(bind(fd, (struct sockaddr *)&at,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void hears(int fd, const char *wanted) {
    char text[256];
    ssize_t size = recv(fd, text, sizeof text - 1, 0);
    cr_assert(size >= 0, "nothing came");
    text[size] = '\0';
    cr_expect_str_eq(text, wanted);
}

Test(notify, path) {
    char folder[] = "/tmp/hopt-notify-XXXXXX";
    cr_assert(mkdtemp(folder));
    char *path = hopt_format("%s/socket", folder);
    int fd = listener(path);
    cr_expect(hopt_notify("READY=1\nSTATUS=well"));
    hears(fd, "READY=1\nSTATUS=well");
    cr_expect(hopt_notify("STOPPING=1"));
    hears(fd, "STOPPING=1");
    close(fd);
    cr_expect_not(hopt_notify("READY=1"), "nobody listens");
    unlink(path);
    cr_expect_not(hopt_notify("READY=1"), "nothing is there");
    rmdir(folder);
    free(path);
}

Test(notify, abstract) {
    char *name = hopt_format("@hopt-notify-%d", (int)getpid());
    int fd = listener(name);
    cr_expect(hopt_notify("WATCHDOG=1"));
    hears(fd, "WATCHDOG=1");
    close(fd);
    free(name);
}

/* A full queue must not hold us up. */
Test(notify, never_blocks) {
    char *name = hopt_format("@hopt-notify-full-%d", (int)getpid());
    int fd = listener(name), sent = 0;
    while (sent < 100000 && hopt_notify("WATCHDOG=1"))
        sent++;
    cr_expect(sent > 0 && sent < 100000, "%d were taken", sent);
    hears(fd, "WATCHDOG=1");
    cr_expect(hopt_notify("WATCHDOG=1"), "there is room again");
    close(fd);
    free(name);
}

Test(notify, nobody_asked) {
    unsetenv("NOTIFY_SOCKET");
    cr_expect_not(hopt_notify("READY=1"));
    static const char *const bad[] = {"", "@", "/", "relative/socket", "vsock:2:1234"};
    for (size_t i = 0; i < HOPT_COUNT(bad); i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        cr_expect_not(hopt_notify("READY=1"), "%s", bad[i]);
    }
    char longest[300];
    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    setenv("NOTIFY_SOCKET", longest, 1);
    cr_expect_not(hopt_notify("READY=1"));
}

static void watches(const char *us, const char *pid, int64_t wanted) {
    if (us)
        setenv("WATCHDOG_USEC", us, 1);
    else
        unsetenv("WATCHDOG_USEC");
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    else
        unsetenv("WATCHDOG_PID");
    cr_expect_eq(hopt_notify_watchdog_ms(), wanted, "%s of %s", us ? us : "unset",
                 pid ? pid : "unset");
}

Test(notify, watchdog) {
    char *me = hopt_format("%d", (int)getpid());
    watches(NULL, NULL, 0);
    watches("30000000", NULL, 30000);
    watches("30000000", me, 30000);
    watches("30000000", "1", 0);
    watches("1", me, 1);
    watches("0", me, 0);
    watches("-5", me, 0);
    watches("", me, 0);
    watches("5s", me, 0);
    watches("99999999999999999999", me, 0);
    free(me);
}
