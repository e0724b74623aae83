/*
 * What a program costs that waits: bench_idle URI SECONDS COMMAND... starts the command with
 * HOPT_STORE=URI, lets it settle (SETTLE_S in the environment, 8), and prints its CPU time and its
 * store commands per minute. MongoDB's commands are counted on the wire, by a relay between the
 * two, so drivers' own ones are seen too; SQLite's by the locks that strace sees (a read or a write
 * transaction each), where it is installed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINKS_MAX = 64, NAMES_MAX = 64, SETTLE_S = 8, HEAD = 21 + 64 };

/* A connection of the command, the one to the server, and where in its messages we are. */
typedef struct relay {
    int client, server;
    unsigned char head[HEAD];
    size_t have; /* bytes of head */
    size_t left; /* bytes of the message beyond `have` */
} relay;

typedef struct counter {
    char name[40];
    long count;
} counter;

static relay links[LINKS_MAX];
static int n_links;
static counter counters[NAMES_MAX];
static int n_counters;
static bool counting;
static struct sockaddr_in server;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint32_t little(const unsigned char *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* OP_MSG: header 16, flags 4, kind 1, then a document whose first key is the command's name. */
static void count_message(const relay *link) {
    char name[40] = "other";
    if (little(link->head + 12) == 2013 && link->have > 27)
        snprintf(name, sizeof name, "%.*s", (int)(link->have - 26), (const char *)link->head + 26);
    if (!counting) return;
    int i = 0;
    while (i < n_counters && strcmp(counters[i].name, name) != 0)
        i++;
    if (i == NAMES_MAX) return;
    if (i == n_counters) {
        memcpy(counters[i].name, name, sizeof name);
        counters[n_counters++].count = 0;
    }
    counters[i].count++;
}

/* Requests are pipelined: one read may hold parts of several. */
static void follow(relay *link, const unsigned char *data, size_t length) {
    while (length > 0) {
        if (link->left == 0 && link->have < 16) {
            link->head[link->have++] = *data++;
            length--;
            if (link->have == 16) link->left = little(link->head) - 16;
            continue;
        }
        size_t n = length < link->left ? length : link->left;
        for (size_t i = 0; i < n && link->have < HEAD - 1; i++)
            link->head[link->have++] = data[i];
        data += n;
        length -= n;
        link->left -= n;
        if (link->left > 0) continue;
        link->head[link->have] = 0;
        count_message(link);
        link->have = 0;
    }
}

static bool pass(int from, int to, relay *link) {
    unsigned char data[65536];
    ssize_t got = read(from, data, sizeof data);
    if (got <= 0) return false;
    if (link) follow(link, data, (size_t)got);
    for (ssize_t sent = 0; sent < got;) {
        ssize_t n = write(to, data + sent, (size_t)(got - sent));
        if (n <= 0) return false;
        sent += n;
    }
    return true;
}

static void accept_one(int listener) {
    int client = accept(listener, NULL, NULL),
        other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0 || n_links == LINKS_MAX) return;
    if (connect(other, (struct sockaddr *)&server, sizeof server) != 0) die("connect");
    links[n_links++] = (relay){.client = client, .server = other};
}

static void serve(int listener, double until_s) {
    for (double left_s; (left_s = until_s - now_s()) > 0;) {
        struct pollfd fds[1 + 2 * LINKS_MAX];
        fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        int shown = n_links;
        for (int i = 0; i < shown; i++) {
            fds[1 + 2 * i] = (struct pollfd){.fd = links[i].client, .events = POLLIN};
            fds[2 + 2 * i] = (struct pollfd){.fd = links[i].server, .events = POLLIN};
        }
        poll(fds, 1 + 2 * (nfds_t)shown, (int)(left_s * 1000) + 1);
        for (int i = 0; i < shown; i++) {
            bool alive = true;
            if (fds[1 + 2 * i].revents) alive = pass(links[i].client, links[i].server, &links[i]);
            if (alive && fds[2 + 2 * i].revents)
                alive = pass(links[i].server, links[i].client, NULL);
            if (alive) continue;
            close(links[i].client);
            close(links[i].server);
            links[i].client = links[i].server = -1; /* poll passes over it */
        }
        if (fds[0].revents) accept_one(listener);
    }
}

/* mongodb://127.0.0.1:PORT/DATABASE: listen, and name ourselves instead. */
static int listen_for(const char *uri, char *out, size_t size) {
    unsigned port;
    char host[64], rest[256] = "";
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    snprintf(out, size, "%s", uri);
    if (strncmp(uri, "mongodb://", 10) != 0) return listener;
    if (sscanf(uri, "mongodb://%63[0-9.]:%u%255s", host, &port, rest) < 2) {
        fprintf(stderr, "bench_idle: give mongodb://ADDRESS:PORT/DATABASE\n");
        exit(2);
    }
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, host, &server.sin_addr);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 16) != 0)
        die("listen");
    getsockname(listener, (struct sockaddr *)&here, &length);
    snprintf(out, size, "mongodb://127.0.0.1:%u%s", ntohs(here.sin_port), rest);
    return listener;
}

static double cpu_s(pid_t pid) {
    char path[64], text[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    const char *after = got > 0 ? strrchr(text, ')') : NULL;
    if (!after || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                         &system) != 2)
        return -1;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Transactions on SQLite in some seconds, by the locks that strace sees; -1: no strace. */
static void count_locks(pid_t pid, double seconds, long *reads, long *writes) {
    char command[200], line[512];
    *reads = *writes = -1;
    snprintf(command, sizeof command,
             "timeout %.0f strace -f -qq -e trace=fcntl -p %d 2>&1 >/dev/null", seconds, (int)pid);
    if (system("command -v strace >/dev/null 2>&1") != 0) return;
    FILE *pipe = popen(command, "re");
    if (!pipe) return;
    *reads = *writes = 0;
    while (fgets(line, sizeof line, pipe)) {
        if (strstr(line, "F_RDLCK") && strstr(line, "l_start=12")) ++*reads;
        if (strstr(line, "F_WRLCK") && strstr(line, "l_start=120,")) ++*writes;
    }
    pclose(pipe);
}

int main(int argc, char **argv) {
    char uri[400];
    if (argc < 4) {
        fprintf(stderr, "usage: bench_idle URI SECONDS COMMAND...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    double seconds = atof(argv[2]);
    bool mongo = strncmp(argv[1], "mongodb://", 10) == 0;
    int listener = listen_for(argv[1], uri, sizeof uri);
    setenv("HOPT_STORE", uri, 1);
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    const char *settle = getenv("SETTLE_S");
    serve(mongo ? listener : -1, now_s() + (settle ? atof(settle) : SETTLE_S));
    double began = cpu_s(pid);
    counting = true;
    serve(mongo ? listener : -1, now_s() + seconds);
    double cpu = cpu_s(pid) - began;
    if (began < 0 || cpu < 0) {
        fprintf(stderr, "bench_idle: %s has ended\n", argv[3]);
        return 1;
    }
    printf("%.0f ms CPU a minute", cpu * 1000 * 60 / seconds);
    long total = 0;
    for (int i = 0; i < n_counters; i++)
        total += counters[i].count;
    if (mongo) {
        printf("; %.0f commands a minute:", (double)total * 60 / seconds);
        for (int i = 0; i < n_counters; i++)
            printf(" %s %.0f", counters[i].name, (double)counters[i].count * 60 / seconds);
    } else {
        long reads, writes;
        count_locks(pid, seconds / 2, &reads, &writes);
        if (reads >= 0)
            printf("; a minute: %.0f looks and reads, %.0f writes", (double)reads * 120 / seconds,
                   (double)writes * 120 / seconds);
    }
    printf("\n");
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    return 0;
}
