/**
 * hopt-runner: the parent of one objective. It owns what a worker can't safely do itself, because a
 * worker may be killed at any moment: the process group, the death signal, the memory limit and the
 * end of everything the objective left behind.
 *
 * Design notes
 * - One thread, one poll(): signals come through a signalfd, so nothing runs in signal handlers.
 * - It never touches the objective's data: standard input, output and error are inherited, and the
 *   runner closes its own copies, so that end of file means what it says.
 * - It is a subreaper: whatever the objective forks, even with setsid() and a double fork, comes
 *   back to it, and the final line is written only after all of them are gone.
 * - The worker tells its own pid, so a worker that died before the death signal was armed is seen.
 */
#ifndef HOPT_RUNNER_RUNNER_H
#define HOPT_RUNNER_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** How many processes of an objective are looked at. */
enum { RUNNER_DESCENDANTS_MAX = 16384 };

typedef struct runner_options {
    pid_t parent;     /**< 0: not told */
    long memory_mb;   /**< 0: no limit */
    long file_mb;     /**< of each file written, 0: no limit */
    long processes;   /**< at a time, 0: no limit */
    long grace_ms;    /**< between SIGTERM and SIGKILL */
    int control_fd;   /**< where the two control lines go */
    bool watch_stdin; /**< say when the objective waits for more input */
    int report_fd;    /**< kept open for the objective (HOPT_REPORT_FD), -1: none */
    const char *cwd;  /**< NULL: as is */
    const char *plugin, *config;
    char **argv; /**< NULL with a plugin */
} runner_options;

/** Why the objective ended, as the final line says it. */
typedef enum runner_reason {
    RUNNER_NONE,      /**< by itself */
    RUNNER_MEMORY,    /**< above memory_mb */
    RUNNER_PROCESSES, /**< more of them than allowed */
    RUNNER_STOPPED,   /**< SIGTERM or SIGINT to the runner, or the worker died */
    RUNNER_START      /**< it never ran */
} runner_reason;

/** The objective, forked. */
typedef struct runner_child {
    pid_t pid;    /**< also its process group */
    int start_fd; /**< says why it could not start; end of file without a word: it runs */
} runner_child;

/* ---- spawn.c ---- */

/**
 * Fork the objective into its own process group and exec it (or serve the plugin in it).
 * @return false with errno when the fork failed.
 */
bool runner_spawn(runner_child *child, const runner_options *options);

/* ---- processes.c ---- */

/** Every descendant of the calling process, found through /proc. @return how many of `max`. */
size_t runner_descendants(pid_t *out, size_t max);
/** SIGKILL to every descendant as soon as it is found: one that is dead starts no more, and its
 * children become ours. */
void runner_kill_descendants(void);
/** Memory of these processes in bytes: resident sets added up; `exact`: shared pages counted once
 * (proportional sets), where the kernel tells. */
uint64_t runner_memory(const pid_t *pids, size_t count, bool exact);
/**
 * Whether one of these processes is blocked reading its standard input, and that is the pipe of
 * inode `pipe`. False where the kernel does not tell.
 */
bool runner_reading(const pid_t *pids, size_t count, uint64_t pipe);
/** Kill the group and every descendant and reap them all. @return false when some would not die. */
bool runner_sweep(pid_t group);

/* ---- supervise.c ---- */

/** Watch the objective to its end, then write the final line. @return the exit code. */
int runner_supervise(const runner_options *options);

/* ---- plugin_host.c ---- */

/**
 * Serve the child protocol for a plugin; never returns.
 * @param start_fd  receives the reason when the plugin can't be loaded; closed once it is ready.
 */
void plugin_serve(const char *file, const char *config, int start_fd) __attribute__((noreturn));

#endif
