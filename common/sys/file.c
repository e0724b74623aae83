#include "common/sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"

static hopt_status read_all(hopt_buf *buf, int fd, const char *path, size_t max, hopt_error *err) {
    char block[65536];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return hopt_error_set(err, HOPT_EFAILED, "%s: can't read: %s", path, strerror(errno));
        if (got == 0) return HOPT_OK;
        hopt_buf_add(buf, block, (size_t)got);
        if (buf->length > max)
            return hopt_error_set(err, HOPT_EINVAL, "%s: larger than %zu MiB", path, max >> 20);
    }
}

hopt_status hopt_file_read(char **data, size_t *length, const char *path, size_t max,
                           hopt_error *err) {
    *data = NULL;
    *length = 0;
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return hopt_error_set(err, HOPT_EFAILED, "%s: %s", path, strerror(errno));
    struct stat info;
    hopt_status status = HOPT_OK;
    hopt_buf buf = HOPT_BUF_INIT;
    if (fstat(fd, &info) != 0)
        status = hopt_error_set(err, HOPT_EFAILED, "%s: %s", path, strerror(errno));
    else if (S_ISDIR(info.st_mode))
        status = hopt_error_set(err, HOPT_EINVAL, "%s: is a folder, not a file", path);
    else if (!is_stdin && !S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode))
        status = hopt_error_set(err, HOPT_EINVAL, "%s: is not a regular file", path);
    else if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > max)
        status = hopt_error_set(err, HOPT_EINVAL, "%s: is larger than %zu MiB", path, max >> 20);
    if (status == HOPT_OK) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
        status = read_all(&buf, fd, path, max, err);
    }
    close(fd);
    if (status != HOPT_OK) {
        hopt_buf_clear(&buf);
        return status;
    }
    *length = buf.length;
    *data = hopt_buf_take(&buf);
    return HOPT_OK;
}

char *hopt_path_folder(const char *path) {
    char *copy = hopt_strdup(path);
    char *absolute = realpath(dirname(copy), NULL);
    free(copy);
    if (absolute) return absolute;
    return hopt_strdup(".");
}

char *hopt_path_program(const char *name) {
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) {
        self[length] = '\0';
        char *folder = dirname(self);
        static const char *const places[] = {"", "/../libexec/hopt"};
        for (size_t i = 0; i < HOPT_COUNT(places); i++) {
            char *path = hopt_format("%s%s/%s", folder, places[i], name);
            if (access(path, X_OK) == 0) return path;
            free(path);
        }
    }
    const char *search = getenv("PATH");
    while (search && *search) {
        size_t part = strcspn(search, ":");
        char *path = hopt_format("%.*s/%s", (int)part, search, name);
        if (part && access(path, X_OK) == 0) return path;
        free(path);
        search += part + (search[part] == ':');
    }
    return NULL;
}
