/*
 * Evaluations in child processes. The child is a fork of the host: it runs the function and says
 * what it has to say over a socket, one message after the other: a kind, a length, the bytes. A
 * single byte the other way asks it to stop. It leaves by _exit(), so nothing of the host's (atexit
 * handlers, buffers) is run twice.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/sys/clock.h"
#include "libhopt/libhopt_internal.h"

/* Of every message; the body follows. */
typedef struct header {
    char kind; /* r report, a attachment, x extra, l log, t type, m message, R result */
    uint32_t size;
} header;

typedef struct ending {
    int returned;
    double loss;
} ending;

struct hopt_lib_pipe {
    int fd;
    bool stop;
};

#define BODY_MAX (HOPT_ATTACHMENT_MAX + 4096)

/* ---- the child ---- */

static bool send_all(int fd, const void *data, size_t size) {
    const char *at = data;
    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

bool hopt_lib__pipe_send(hopt_lib_pipe *pipe, char kind, const void *a, size_t a_size,
                         const void *b, size_t b_size) {
    header head;
    if (a_size + b_size > BODY_MAX) return false;
    memset(&head, 0, sizeof head);
    head.kind = kind;
    head.size = (uint32_t)(a_size + b_size);
    return send_all(pipe->fd, &head, sizeof head) && send_all(pipe->fd, a, a_size) &&
           (b_size == 0 || send_all(pipe->fd, b, b_size));
}

bool hopt_lib__pipe_stops(hopt_lib_pipe *pipe) {
    char byte;
    if (!pipe->stop && recv(pipe->fd, &byte, 1, MSG_DONTWAIT) == 1) pipe->stop = true;
    return pipe->stop;
}

static void run_child(hopt_lib_slot *slot, int fd, pid_t parent) {
    hopt_lib_pipe pipe = {.fd = fd};
    ending end = {.returned = HOPT_EVAL_ERROR};
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a killed host leaves nothing behind */
    if (getppid() != parent) _exit(1);
    for (int i = 0; i < slot->run->n_slots; i++)
        if (slot->run->slots[i].fd >= 0) close(slot->run->slots[i].fd);
    slot->eval->pipe = &pipe;
    end.returned = slot->run->function(slot->eval, &end.loss, slot->run->context);
    bool sent = hopt_lib__pipe_send(&pipe, 'R', &end, sizeof end, NULL, 0);
    fflush(stdout);
    fflush(stderr);
    _exit(sent ? 0 : 1);
}

/* ---- the host ---- */

hopt_status hopt_lib__child_start(hopt_lib_slot *slot, hopt_error *err) {
    hopt_study *study = slot->run->study;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return hopt_error_set(err, HOPT_EFAILED, "a child's socket: %s", strerror(errno));
    fflush(stdout); /* or the child would print it once more */
    fflush(stderr);
    pid_t parent = getpid();
    /* With the mutex held no thread of ours is in the middle of an allocation or a call. */
    pthread_mutex_lock(&study->mutex);
    pid_t pid = fork();
    if (pid == 0) run_child(slot, fds[1], parent);
    int code = errno;
    pthread_mutex_unlock(&study->mutex);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return hopt_error_set(err, HOPT_EFAILED, "a child can't be started: %s", strerror(code));
    }
    double limit_s = study->spec->trial.timeout_s;
    slot->pid = (int)pid;
    slot->fd = fds[0];
    slot->told_to_stop = slot->timed_out = false;
    slot->kill_ms = 0;
    slot->limit_ms = limit_s > 0 ? hopt_clock_mono_ms() + (int64_t)(limit_s * 1000) : 0;
    return HOPT_OK;
}

/* The two NUL-terminated texts of a body; false when it is no such body. */
static bool two_texts(const char *body, size_t size, const char **a, const char **b) {
    size_t first = strnlen(body, size);
    *a = body;
    *b = body + first + 1;
    return first + 1 < size && body[size - 1] == '\0';
}

static void take_report(hopt_eval *eval, const char *body, size_t size) {
    int64_t step;
    double loss;
    if (size != sizeof step + sizeof loss) return;
    memcpy(&step, body, sizeof step);
    memcpy(&loss, body + sizeof step, sizeof loss);
    hopt_eval_report(eval, step, loss);
}

/* What the child keeps is kept here: the same calls, on this side. */
static void take_message(hopt_lib_slot *slot, char kind, const char *body, size_t size) {
    hopt_eval *eval = slot->eval;
    const char *a, *b;
    ending end;
    bool text = size > 0 && body[size - 1] == '\0';
    size_t name = strnlen(body, size);
    if (kind == 'r') {
        take_report(eval, body, size);
    } else if (kind == 'a' && name < size) {
        if (hopt_eval_attach(eval, body, body + name + 1, size - name - 1) != 0)
            hopt_eval_log(eval, "hopt: an attachment could not be kept");
    } else if (kind == 'x' && two_texts(body, size, &a, &b)) {
        hopt_eval_extra(eval, a, b);
    } else if (kind == 'l' && text) {
        hopt_eval_log(eval, body);
    } else if ((kind == 't' || kind == 'm') && text) {
        hopt_eval_because(eval, kind == 't' ? body : NULL, kind == 'm' ? body : NULL);
    } else if (kind == 'R' && size == sizeof end) {
        memcpy(&end, body, sizeof end);
        slot->has_result = true;
        slot->returned = end.returned;
        slot->loss = end.loss;
    }
}

/* @return false: a child that speaks another language. */
static bool take_messages(hopt_lib_slot *slot) {
    header head;
    size_t at = 0;
    while (slot->input.length - at >= sizeof head) {
        memcpy(&head, slot->input.data + at, sizeof head);
        if (head.size > BODY_MAX) return false;
        if (slot->input.length - at - sizeof head < head.size) break;
        take_message(slot, head.kind, slot->input.data + at + sizeof head, head.size);
        at += sizeof head + head.size;
    }
    if (at) hopt_buf_consume(&slot->input, at);
    return true;
}

/* @return whether the socket is at its end. */
static bool read_child(hopt_lib_slot *slot) {
    static const size_t piece = 65536;
    char *block = hopt_alloc(piece);
    bool ended = false;
    for (;;) {
        ssize_t n = recv(slot->fd, block, piece, MSG_DONTWAIT);
        if (n > 0) {
            hopt_buf_add(&slot->input, block, (size_t)n);
            if (take_messages(slot)) continue;
            kill(slot->pid, SIGKILL);
            ended = true;
        }
        if (n < 0 && errno == EINTR) continue;
        ended = ended || n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
        break;
    }
    free(block);
    return ended;
}

/* A child of the child may hold the socket open: who ended is asked, too. */
static bool reap(hopt_lib_slot *slot, bool wait) {
    for (;;) {
        pid_t pid = waitpid(slot->pid, &slot->wait_status, wait ? 0 : WNOHANG);
        if (pid < 0 && errno == EINTR) continue;
        if (pid < 0) slot->wait_status = 0; /* the host ignores SIGCHLD: nobody knows */
        return pid != 0;
    }
}

static void stop_child(hopt_lib_slot *slot, int64_t now_ms) {
    hopt_study *study = slot->run->study;
    if (slot->limit_ms && now_ms >= slot->limit_ms && !slot->timed_out) {
        slot->timed_out = true;
        kill(slot->pid, SIGKILL);
    }
    if (atomic_load(&slot->eval->stop) && !slot->told_to_stop) {
        slot->told_to_stop = true;
        send_all(slot->fd, "s", 1);
        pthread_mutex_lock(&study->mutex);
        /* At a time-out what runs may end; else it has the grace time. */
        if (strcmp(slot->eval->why, "timeout") != 0 || !slot->eval->wanted_here)
            slot->kill_ms = now_ms + (int64_t)(study->spec->trial.grace_s * 1000) + 1;
        pthread_mutex_unlock(&study->mutex);
    }
    if (slot->kill_ms && now_ms >= slot->kill_ms) {
        slot->kill_ms = 0;
        kill(slot->pid, SIGKILL);
    }
}

void hopt_lib__child_look(hopt_lib_slot *slot) {
    bool closed = read_child(slot), gone = reap(slot, closed);
    if (!gone) {
        stop_child(slot, hopt_clock_mono_ms());
        return;
    }
    if (!closed) read_child(slot); /* what it said before it went */
    close(slot->fd);
    slot->fd = -1;
    slot->pid = 0;
    hopt_buf_clear(&slot->input);
    slot->ended = true;
}

void hopt_lib__child_result(hopt_lib_slot *slot, hopt_result *result) {
    hopt_eval *eval = slot->eval;
    char text[128];
    int status = slot->wait_status;
    if (slot->has_result) {
        hopt_lib__result(eval, result, slot->returned, slot->loss);
        return;
    }
    if (slot->timed_out) {
        snprintf(text, sizeof text, "not done within %g s",
                 slot->run->study->spec->trial.timeout_s);
        hopt_eval_because(eval, "Timeout", text);
    } else if (slot->told_to_stop) {
        hopt_lib__result(eval, result, HOPT_EVAL_STOPPED, 0);
        return;
    } else if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
        hopt_eval_because(eval, "Signal", text);
    } else if (WEXITSTATUS(status)) {
        snprintf(text, sizeof text, "exit code %d", WEXITSTATUS(status));
        hopt_eval_because(eval, "Exit", text);
    } else {
        hopt_eval_because(eval, "NoResult", "the child ended without a result");
    }
    hopt_lib__result(eval, result, HOPT_EVAL_ERROR, 0);
}
