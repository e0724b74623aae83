/* Which scratch folder a trial gets.
 *
 * Each has `<base>/<study>/<num>`, made before and removed after. On a journaling disk that costs
 * more than a quick server's whole trial, so a slot whose server leaves nothing in its folders
 * keeps one empty folder, the spare, and gives it to trial after trial. The first file that is
 * found in it ends that for good: the folder is renamed to the trial's own (after an error) or
 * removed. What can be lost: the first files a server ever writes, when its worker is killed in
 * that very trial; it then begins that trial anew. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "worker/sandbox_slot.h"

/* Whether the spare still is what it was: there, and empty. */
static bool spare_empty(const sandbox_scratch *scratch) {
    DIR *dir = opendir(scratch->spare);
    if (!dir) return false;
    int entries = 0;
    while (entries < 3 && readdir(dir))
        entries++;
    closedir(dir);
    return entries == 2; /* itself and its parent */
}

static bool make_spare(hopt_sandbox *sandbox) {
    sandbox_scratch *scratch = &sandbox->scratch;
    char name[64];
    snprintf(name, sizeof name, "slot-%d-%d", sandbox->options.slot, (int)getpid());
    char *path =
        hopt_sandbox__workdir_path(sandbox->options.workdir, sandbox->options.spec->name, name);
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        scratch->spare = path;
        if (spare_empty(scratch)) return true;
        scratch->spare = NULL;
    }
    free(path);
    return false;
}

char *hopt_sandbox__scratch_begin(hopt_sandbox *sandbox, int num, hopt_error *err) {
    sandbox_scratch *scratch = &sandbox->scratch;
    char name[16];
    snprintf(name, sizeof name, "%d", num);
    char *own =
        hopt_sandbox__workdir_path(sandbox->options.workdir, sandbox->options.spec->name, name);
    scratch->lent = false;
    if (scratch->use == SANDBOX_SCRATCH_UNUSED && access(own, F_OK) != 0 &&
        (scratch->spare || make_spare(sandbox))) {
        scratch->lent = true;
        scratch->own = own;
        return hopt_strdup(scratch->spare);
    }
    if (hopt_sandbox__workdir_make(own, err)) return own;
    free(own);
    return NULL;
}

/* The spare comes back. */
static void end_spare(hopt_sandbox *sandbox, bool error) {
    sandbox_scratch *scratch = &sandbox->scratch;
    if (!spare_empty(scratch)) {
        scratch->use = SANDBOX_SCRATCH_USED;
        if (error && rename(scratch->spare, scratch->own) == 0)
            free(scratch->spare);
        else
            hopt_sandbox__remove_later(sandbox, scratch->spare);
        scratch->spare = NULL;
    }
    free(scratch->own);
    scratch->own = NULL;
}

void hopt_sandbox__scratch_end(hopt_sandbox *sandbox, bool error) {
    sandbox_scratch *scratch = &sandbox->scratch;
    char *workdir = sandbox->workdir;
    sandbox->workdir = NULL;
    if (!workdir) return;
    bool server = hopt_sandbox__is_server(sandbox);
    if (scratch->lent) {
        end_spare(sandbox, error);
    } else if (server && rmdir(workdir) == 0) {
        if (scratch->use == SANDBOX_SCRATCH_UNKNOWN) scratch->use = SANDBOX_SCRATCH_UNUSED;
    } else {
        if (server) scratch->use = SANDBOX_SCRATCH_USED;
        /* An error keeps it, for the next attempt and for people. */
        if (!error && !hopt_sandbox__workdir_drop(workdir)) {
            hopt_sandbox__remove_later(sandbox, workdir);
            return;
        }
    }
    free(workdir);
}

void hopt_sandbox__scratch_close(hopt_sandbox *sandbox) {
    if (sandbox->scratch.spare) rmdir(sandbox->scratch.spare);
    free(sandbox->scratch.spare);
}
