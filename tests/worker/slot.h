/** A slot under test: study text, loop, sandbox, and what came of one trial after the other. */
#ifndef HOPT_TESTS_WORKER_SLOT_H
#define HOPT_TESTS_WORKER_SLOT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "common/base/buf.h"
#include "common/trial/study.h"
#include "worker/sandbox.h"

/** A check that stops the program with file and line. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                        \
            fprintf(stderr, __VA_ARGS__);                                                          \
            fputc('\n', stderr);                                                                   \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

enum { SLOT_PATIENCE_MS = 120000 };

typedef struct slot {
    uv_loop_t loop;
    hopt_study_spec *spec;
    hopt_sandbox *sandbox;
    char dir[256]; /**< fresh folder, removed at the end */
    char *workdir;
    int ended;
    hopt_result result; /**< of the last trial */
    hopt_buf head, tail;
    uint64_t printed;
    int reports;
    int64_t last_step;
    double last_loss;
    int64_t stop_at_step; /**< on_report says stop from this step on; 0: never */
    hopt_buf attached;    /**< content of the last attachment */
    char attached_name[256];
    bool closed;
} slot;

/**
 * Open a slot for a study of one parameter x in [0, 10].
 * @param objective  the value of "objective", with %O for the misbehaving objective's path, %D for
 *                   the slot's folder, %P for the folder of the test plugins.
 * @param rules      the value of "trial", or NULL.
 */
void slot_open(slot *s, const char *objective, const char *rules);
/** Evaluate trial `num` with x = 2.5 and wait for its end. @return the result. */
const hopt_result *slot_run(slot *s, int num);
/** Begin it without waiting. */
void slot_begin(slot *s, int num);
/** Turn the loop until the trial has ended; fails after SLOT_PATIENCE_MS. */
void slot_wait(slot *s);
/** Turn the loop for about `ms`: where nothing can be waited for. */
void slot_turn(slot *s, int ms);
/** Turn the loop until a condition holds; fails after SLOT_PATIENCE_MS. A machine may be busy: no
 * test takes it that something has happened after so many ms. */
#define SLOT_UNTIL(s, condition)                                                                   \
    do {                                                                                           \
        int64_t slot_end = slot_now_ms() + SLOT_PATIENCE_MS;                                       \
        while (!(condition)) {                                                                     \
            CHECK(slot_now_ms() < slot_end, "not after %d s", SLOT_PATIENCE_MS / 1000);            \
            slot_turn((s), 5);                                                                     \
        }                                                                                          \
    } while (0)
/** Monotonic time. */
int64_t slot_now_ms(void);
/** Close, and check that nothing is left of it: handles, processes, memory. */
void slot_close(slot *s);

/** One trial of an objective, checked: state, word (status_fail, error type or stop) and a part of
 * the error message; NULL: not looked at. */
void slot_expect(const char *objective, const char *rules, hopt_state state, const char *word,
                 const char *message);

/** Whether an objective has written the file of this name. */
bool slot_noted(const char *dir, const char *name);
/** The parent of a process; -1: there is no such process. */
int slot_parent(int pid);
/** The pid in a file that an objective writes; waits for it, without turning the loop. */
int slot_pid(const char *dir, const char *name);
/** Remove such a file, so that the next one is the next objective's. */
void slot_forget(const char *dir, const char *name);
/** Whether a process exists (a zombie counts as gone). */
bool slot_alive(int pid);
/** Wait until it is gone. @return the ms it took, -1 if it was still there after `limit_ms` and
 * after as many looks, about one a ms: a machine that stands still or is slow gets longer. */
int slot_gone(int pid, int limit_ms);

#endif
