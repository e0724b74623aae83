/* Scratch folders. The objective may have put anything into them, links to elsewhere included, so
 * nothing here follows a link below the base. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "worker/sandbox_internal.h"

enum { REMOVE_DEPTH_MAX = 256 };

/* ---- make ---- */

static int make_all(const char *path) {
    char *copy = hopt_strdup(path);
    int failed = 0;
    for (char *at = strchr(copy + 1, '/'); at && !failed; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(copy, 0700) < 0 && errno != EEXIST) failed = errno;
        *at = '/';
    }
    free(copy);
    if (!failed && mkdir(path, 0700) < 0) failed = errno;
    return failed;
}

char *hopt_sandbox__workdir_path(const char *base, const char *study, const char *name) {
    /* A study may be named "." or "..". */
    const char *mark = study[strspn(study, ".")] ? "" : "_";
    return hopt_format("%s/%s%s/%s", base, mark, study, name);
}

bool hopt_sandbox__workdir_make(const char *path, hopt_error *err) {
    int failed = mkdir(path, 0700) < 0 ? errno : 0;
    if (failed == ENOENT) failed = make_all(path);
    struct stat found;
    if (failed == EEXIST && lstat(path, &found) == 0)
        failed = S_ISDIR(found.st_mode) ? 0 : ENOTDIR; /* a former attempt's */
    if (!failed) return true;
    hopt_error_set(err, HOPT_EFAILED, "can't make the scratch folder %s: %s", path,
                   strerror(failed));
    return false;
}

hopt_status hopt_sandbox__params_write(const char *workdir, const json_t *params, hopt_error *err) {
    char *path = hopt_format("%s/params.json", workdir);
    hopt_buf text = HOPT_BUF_INIT;
    if (params)
        hopt_json_print(&text, params);
    else
        hopt_buf_text(&text, "{}");
    hopt_buf_char(&text, '\n');
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    ssize_t wrote = fd < 0 ? -1 : write(fd, text.data, text.length);
    hopt_status status = HOPT_OK;
    if (wrote != (ssize_t)text.length)
        status = hopt_error_set(err, HOPT_EFAILED, "can't write %s: %s", path,
                                wrote < 0 ? strerror(errno) : "no space left");
    if (fd >= 0) close(fd);
    hopt_buf_clear(&text);
    free(path);
    return status;
}

/* ---- attachments ---- */

/* One component after the other without following links, for kernels without openat2. */
static int open_slowly(int dir, const char *file, int flags) {
    char *copy = hopt_strdup(file), *save = NULL;
    int at = dup(dir);
    char *part = strtok_r(copy, "/", &save);
    while (part && at >= 0) {
        char *next = strtok_r(NULL, "/", &save);
        int fd = -1;
        if (strcmp(part, "..") == 0)
            errno = EXDEV;
        else
            fd = openat(at, part, (next ? O_PATH | O_DIRECTORY | O_CLOEXEC : flags) | O_NOFOLLOW);
        int failed = errno;
        close(at);
        errno = failed;
        at = fd;
        part = next;
    }
    free(copy);
    return at;
}

static int open_beneath(int dir, const char *file) {
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC; /* a FIFO must not block */
    struct open_how how = {.flags = (uint64_t)flags,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, dir, file, &how, sizeof how);
    /* EPERM: filters of older container programs refuse calls that they don't know. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) fd = open_slowly(dir, file, flags);
    return fd;
}

int hopt_sandbox__attach_open(const char *workdir, const char *file, int64_t *size,
                              hopt_error *err) {
    size_t prefix = strlen(workdir);
    const char *inside = file;
    if (strncmp(file, workdir, prefix) == 0 && file[prefix] == '/') inside += prefix + 1;
    int dir = open(workdir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd = dir < 0 ? -1 : open_beneath(dir, inside);
    int failed = errno;
    if (dir >= 0) close(dir);
    struct stat found = {0};
    const char *why = NULL;
    if (fd < 0)
        why = failed == ELOOP   ? "is a link"
              : failed == EXDEV ? "is outside HOPT_WORKDIR"
                                : strerror(failed);
    else if (fstat(fd, &found) < 0 || !S_ISREG(found.st_mode))
        why = "is no regular file";
    else if (found.st_size > HOPT_SANDBOX_ATTACHMENT_MAX)
        why = "is larger than 64 MB";
    if (!why) {
        *size = found.st_size;
        return fd;
    }
    if (fd >= 0) close(fd);
    hopt_error_set(err, HOPT_EINVAL, "attach.file \"%.200s\": %s", file, why);
    return -1;
}

/* ---- remove ---- */

static bool remove_inside(int dir, int depth);

static bool remove_entry(int dir, const char *name, int depth) {
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT) return true;
    if (errno != EISDIR && errno != EPERM) return false;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES) { /* a folder the objective took its own rights from */
        fchmodat(dir, name, 0700, 0);
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0 || !remove_inside(fd, depth + 1)) return false;
    return unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

/* Takes `dir`. */
static bool remove_inside(int dir, int depth) {
    bool all = depth < REMOVE_DEPTH_MAX;
    fchmod(dir, 0700);
    DIR *list = fdopendir(dir);
    if (!list) {
        close(dir);
        return false;
    }
    struct dirent *entry;
    while (all && (entry = readdir(list)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            all = remove_entry(dirfd(list), entry->d_name, depth);
    closedir(list);
    return all;
}

bool hopt_sandbox_remove(const char *path) {
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return errno == ENOENT;
    return remove_inside(dir, 0) && rmdir(path) == 0;
}

bool hopt_sandbox__workdir_drop(const char *workdir) {
    if (rmdir(workdir) == 0) return true;
    char *params = hopt_format("%s/params.json", workdir);
    unlink(params);
    free(params);
    return rmdir(workdir) == 0;
}
