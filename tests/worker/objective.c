/* An objective that misbehaves on demand: the first argument says how. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char line[1 << 16];

static int read_line(void) {
    return fgets(line, sizeof line, stdin) != NULL;
}

static int trial_number(void) {
    const char *at = strstr(line, "\"trial\":");
    return at ? atoi(at + 8) : -1;
}

/* A pid goes to a file that is whole as soon as it is there. */
static void note(const char *dir, const char *name, pid_t pid) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.tmp", dir, name);
    FILE *file = fopen(path, "w");
    if (!file) exit(90);
    fprintf(file, "%d", (int)pid);
    fclose(file);
    char final[4096];
    snprintf(final, sizeof final, "%s/%s", dir, name);
    if (rename(path, final) != 0) exit(91);
}

static void note_pid(const char *dir, const char *name) {
    note(dir, name, getpid());
}

/* A child in the group, a child with a session of its own, and one forked twice that ignores all.
 */
static void leave_family(const char *dir) {
    if (fork() == 0) {
        note_pid(dir, "plain");
        for (;;)
            pause();
    }
    if (fork() == 0) {
        setsid();
        note_pid(dir, "session");
        for (;;)
            pause();
    }
    pid_t middle = fork();
    if (middle == 0) {
        setsid();
        if (fork() > 0) _exit(0);
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        note_pid(dir, "daemon");
        for (;;)
            pause();
    }
    waitpid(middle, NULL, 0);
    const char *names[] = {"plain", "session", "daemon"};
    for (int i = 0; i < 3; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        while (access(path, F_OK) != 0)
            usleep(1000);
    }
}

/* Somewhat slowly. */
static void eat_memory(int mb) {
    static char *blocks[4096]; /* reachable, so that a sanitizer sees no leak */
    for (int i = 0; i < mb && i < 4096; i++) {
        blocks[i] = malloc(1 << 20);
        if (!blocks[i]) _exit(1);
        memset(blocks[i], i | 1, 1 << 20);
        usleep(500);
    }
}

/* Every process of it starts others, until `most` have been started: a fork bomb with an end. All
 * are gone after a minute even where nobody stops them. */
static void fork_bomb(int most, int sessions) {
    atomic_int *started =
        mmap(NULL, sizeof *started, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (started == MAP_FAILED) exit(96);
    alarm(60);
    while (atomic_fetch_add(started, 1) < most) {
        if (fork() != 0) continue;
        alarm(60);
        if (sessions) setsid();
    }
    for (;;)
        pause();
}

/* Memory as fast as it can be had. */
static void gulp_memory(int mb) {
    static char *blocks[16384];
    for (int i = 0; i < mb && i < 16384; i++) {
        blocks[i] = malloc(1 << 20);
        if (!blocks[i]) exit(97);
        memset(blocks[i], i | 1, 1 << 20);
    }
    puts("1");
}

/* A file of `mb` MB, mostly a hole: it takes no room where no limit stops it. */
static int make_file(const char *path, int mb, int deaf) {
    if (deaf) signal(SIGXFSZ, SIG_IGN);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) exit(98);
    for (int at = 0; at <= mb; at += mb / 16 + 1) {
        if (pwrite(fd, "x", 1, (off_t)at << 20) < 0) {
            fprintf(stderr, "write: %s\n", strerror(errno));
            return 1;
        }
    }
    puts("1");
    return 0;
}

static void print_much(long mb, char end) {
    static char block[1 << 16];
    memset(block, 'x', sizeof block);
    block[sizeof block - 1] = end;
    for (long i = 0; i < mb * 16; i++)
        fwrite(block, 1, sizeof block, stdout);
    fflush(stdout);
}

/* Steps until stopped; the answer comes on standard input. */
static int report_steps(int steps) {
    read_line();
    for (int step = 1; step <= steps; step++) {
        printf("{\"report\":{\"step\":%d,\"loss\":%g}}\n", step, 10.0 / step);
        fflush(stdout);
        if (!read_line()) return 5;
        if (strstr(line, "true")) {
            printf("stopping after %d\n", step);
            return 0;
        }
    }
    printf("{\"result\":{\"loss\":1,\"steps\":%d}}\n", steps);
    return 0;
}

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    if (!file) exit(92);
    fputs(text, file);
    fclose(file);
}

/* A server that writes into its scratch folder now and then. @return the loss: how many files the
 * folder held. */
static int use_scratch(int num, int writes) {
    char path[4096];
    const char *at = strstr(line, "\"workdir\":\"");
    if (!at || sscanf(at + 11, "%4095[^\"]", path) != 1) exit(95);
    int held = 0;
    for (char letter = 'a'; letter <= 'c'; letter++) {
        char file[4200];
        snprintf(file, sizeof file, "%s/%c", path, letter);
        if (access(file, F_OK) == 0) {
            held++;
        } else if (writes) {
            write_file(file, "x");
            break;
        }
    }
    if (num == 5 && held == 0) exit(3);
    return held;
}

/* One trial a line. Trial numbers of special meaning come as the second argument's letters. */
static int serve(const char *kind) {
    printf("{\"ready\":true}\n");
    fflush(stdout);
    while (read_line()) {
        int num = trial_number();
        if (!strcmp(kind, "crash5") && num == 5) {
            fprintf(stderr, "about to crash\n");
            abort();
        }
        if (!strcmp(kind, "exit5") && num == 5) return 0;
        if (!strcmp(kind, "hang5") && num == 5)
            for (;;)
                pause();
        if (!strcmp(kind, "mute5") && num == 5) {
            close(1);
            for (;;)
                pause();
        }
        if (!strcmp(kind, "scratch")) {
            printf("{\"result\":{\"loss\":%d}}\n", use_scratch(num, num == 5 || num == 7));
        } else if (!strcmp(kind, "bad5") && num == 5) {
            printf("{\"result\":{\"los\":1}}\n");
        } else if (!strcmp(kind, "pid")) {
            printf("{\"result\":{\"loss\":%d,\"pid\":%d}}\n", num, (int)getpid());
        } else {
            printf("{\"result\":{\"loss\":%d}}\n", num);
        }
        if (!strcmp(kind, "twice")) printf("{\"result\":{\"loss\":-1}}\n");
        if (!strcmp(kind, "log")) fprintf(stderr, "served %d\n", num);
        fflush(stdout);
        if (!strcmp(kind, "dieafter")) {
            note(getenv("TEST_DIR"), "runner", getppid());
            note_pid(getenv("TEST_DIR"), "server");
            usleep(20000);
            return 7;
        }
    }
    return 0;
}

static int attach(const char *file) {
    const char *workdir = getenv("HOPT_WORKDIR");
    if (!workdir || chdir(workdir) != 0) return 93;
    write_file("good.bin", "content");
    if (symlink("/etc/passwd", "link") != 0 || mkfifo("fifo", 0600) != 0) return 94;
    if (symlink("/etc", "dir") != 0) return 94;
    printf("{\"attach\":{\"name\":\"model\",\"file\":\"%s\"}}\n0.5\n", file);
    return 0;
}

/* The same file five times. */
static int attach_much(int mb) {
    const char *workdir = getenv("HOPT_WORKDIR");
    if (!workdir || chdir(workdir) != 0) return 93;
    write_file("f", "content");
    if (truncate("f", (off_t)mb << 20) != 0) return 94;
    for (int i = 0; i < 5; i++)
        printf("{\"attach\":{\"name\":\"%d\",\"file\":\"f\"}}\n", i);
    puts("0.5");
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "", *more = argc > 2 ? argv[2] : "";
    if (!strcmp(what, "print")) {
        puts(more);
        return argc > 3 ? atoi(argv[3]) : 0;
    }
    if (!strcmp(what, "exit")) {
        fprintf(stderr, "first line\nbroken: no data\n\n");
        return atoi(more);
    }
    if (!strcmp(what, "signal")) {
        signal(atoi(more), SIG_DFL); /* a sanitizer catches some */
        raise(atoi(more));
    }
    if (!strcmp(what, "sleep")) sleep((unsigned)atoi(more));
    if (!strcmp(what, "stubborn")) {
        signal(SIGTERM, SIG_IGN);
        puts("ignoring");
        fflush(stdout);
        if (*more) note_pid(more, "ignores");
        for (;;)
            pause();
    }
    if (!strcmp(what, "memory")) {
        eat_memory(atoi(more));
        if (argc > 3) { /* and stays */
            for (;;)
                pause();
        }
    }
    if (!strcmp(what, "gulp")) gulp_memory(atoi(more));
    if (!strcmp(what, "bomb") || !strcmp(what, "storm"))
        fork_bomb(atoi(more), !strcmp(what, "storm"));
    if (!strcmp(what, "file")) return make_file(more, atoi(argv[3]), argc > 4);
    if (!strcmp(what, "much")) print_much(atol(more), '\n');
    if (!strcmp(what, "endless")) print_much(atol(more), 'x');
    if (!strcmp(what, "family") || !strcmp(what, "familyhang")) {
        leave_family(more);
        note_pid(more, "main");
        puts("0.25");
        fflush(stdout);
        while (!strcmp(what, "familyhang"))
            pause();
    }
    if (!strcmp(what, "report")) return report_steps(atoi(more));
    if (!strcmp(what, "serve")) return serve(more);
    if (!strcmp(what, "attach")) return attach(more);
    if (!strcmp(what, "attachmuch")) return attach_much(atoi(more));
    if (!strcmp(what, "notready")) sleep(100);
    return 0;
}
