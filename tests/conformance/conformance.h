/**
 * The conformance suite: what store.h promises, held against a driver. Every case is a process of
 * its own on a database of its own; a failed check ends the process. A case that needs several
 * processes forks them before it opens a store, since no connection survives a fork.
 */
#ifndef HOPT_TESTS_CONFORMANCE_H
#define HOPT_TESTS_CONFORMANCE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/store.h"

/** What differs between the kinds of stores, besides the URI. */
typedef struct backend {
    const char *kind; /**< "sqlite" or "mongo" */
    /** Make the URI of a fresh database. @return false when no server is named. */
    bool (*fresh)(char *uri, size_t size, int number);
    /** Remove that database. */
    void (*drop)(const char *uri);
    /** Overwrite the stored form of a trial (num >= 0) or a study (num < 0) with something that no
     * hopt wrote: kind 0 a wrong type, 1 a missing part, 2 garbage. */
    void (*damage)(const char *uri, const char *study, int num, int kind);
    /** Mark a study as of a newer format. */
    void (*future)(const char *uri, const char *study);
    /** Kill and restart the server. @return 0, or 77 when it is not ours. */
    int (*kill_server)(void);
    int (*restart_server)(void);
    /* Of other programs' documents; NULL where there can't be any. Texts are extended JSON. */
    void (*insert)(const char *uri, const char *collection, const char *document);
    void (*change)(const char *uri, const char *collection, const char *filter,
                   const char *update); /**< one, which must be there */
    int64_t (*count)(const char *uri, const char *collection, const char *filter);
} backend;

extern const backend sqlite_backend;
extern const backend mongo_backend;

/** Of the case that runs. */
extern const backend *BACKEND;
extern char URI[1024];
extern hopt_error E; /**< of the last call */
extern uint64_t SEED;

typedef struct test_case {
    const char *name;
    void (*run)(void);
} test_case;

/** The cases of each file, ended by a NULL name. */
extern const test_case study_cases[], queue_cases[], master_cases[], read_cases[], extra_cases[],
    race_cases[], crash_cases[], model_cases[], driven_cases[], sampler_cases[], sink_cases[];

enum { SKIPPED = 77 };
/** End the case as skipped. */
HOPT_NORETURN void skip(const char *why);

HOPT_NORETURN void failed(const char *file, int line, const char *what);
void expected(const char *file, int line, const char *call, hopt_status got, hopt_status wanted);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) failed(__FILE__, __LINE__, #condition);                                  \
    } while (0)
/** The call's status is as wanted. Clears E before it. */
#define EXPECT(wanted, call)                                                                       \
    do {                                                                                           \
        memset(&E, 0, sizeof E);                                                                   \
        hopt_status got_ = (call);                                                                 \
        expected(__FILE__, __LINE__, #call, got_, wanted);                                         \
    } while (0)
#define MUST(call) EXPECT(HOPT_OK, call)

/* ---- processes ---- */

/** Fork `n` processes that run `work(i)` at the same time and wait for them; any failure fails the
 * case. */
void together(int n, void (*work)(int index));
/** Zeroed memory that is shared with processes forked later. */
void *shared(size_t size);
void sleep_ms(int ms);
double now_s(void);
/** A random number from the case's seed. */
uint64_t draw(uint64_t below);

/* ---- stores and records ---- */

hopt_store *open_store(void);
/** A study's record, not stored. */
hopt_study_record *new_study(const char *name);
/** Store a study and read it back; the caller's. */
hopt_study_record *make_study(hopt_store *store, const char *name);
/** A NEW trial with values of several types, not stored. */
hopt_trial *new_trial(const hopt_study_record *study, int num, int64_t tid);
/** Queue trials `from` .. `from + n - 1`, with fresh tids. */
void queue_trials(hopt_store *store, const hopt_study_record *study, int from, int n);
/** Claim one; fails the case when there is none. */
hopt_trial *claim(hopt_store *store, const char *study, const char *owner);
hopt_lease lease_of(const hopt_trial *trial);
/** Read one trial; the caller's. */
hopt_trial *read_trial(hopt_store *store, const char *study, int num);
hopt_result ok_result(double loss);
/** Whether the parts that say how far a trial is are these. */
void check_trial(hopt_store *store, const char *study, int num, hopt_state state, int lease,
                 int lost, int version);

#endif
