#include "worker/setup.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"

static hopt_status check_private(const char *path, hopt_error *err) {
    struct stat info;
    if (lstat(path, &info) != 0)
        return hopt_error_set(err, HOPT_EINVAL, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return hopt_error_set(err, HOPT_EINVAL, "%s: is not a folder", path);
    if (info.st_uid != geteuid())
        return hopt_error_set(err, HOPT_EINVAL,
                              "%s: belongs to another user; name another folder (--workdir)", path);
    return HOPT_OK;
}

hopt_status hopt_worker_workdir(char **out, const char *given, hopt_error *err) {
    *out = NULL;
    const char *tmp = getenv("TMPDIR");
    char *path =
        given ? hopt_strdup(given)
              : hopt_format("%s/hopt-%d", tmp && tmp[0] == '/' ? tmp : "/tmp", (int)geteuid());
    hopt_status status = HOPT_OK;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        status = hopt_error_set(err, HOPT_EINVAL, "%s: can't make it: %s", path, strerror(errno));
    else
        status = check_private(path, err);
    if (status == HOPT_OK) {
        *out = realpath(path, NULL);
        if (!*out) status = hopt_error_set(err, HOPT_EINVAL, "%s: %s", path, strerror(errno));
    }
    free(path);
    return status;
}

static hopt_status check_trusted(const char *path, bool folder, hopt_error *err) {
    struct stat info;
    if (stat(path, &info) != 0)
        return hopt_error_set(err, HOPT_EINVAL, "plugin %s: %s", path, strerror(errno));
    if (folder ? !S_ISDIR(info.st_mode) : !S_ISREG(info.st_mode))
        return hopt_error_set(err, HOPT_EINVAL, "plugin %s: is not a %s", path,
                              folder ? "folder" : "regular file");
    if (info.st_uid != 0 && info.st_uid != geteuid())
        return hopt_error_set(err, HOPT_EINVAL,
                              "plugin %s: owned by neither root nor this user: not loaded", path);
    if (info.st_mode & (S_IWGRP | S_IWOTH))
        return hopt_error_set(err, HOPT_EINVAL,
                              "plugin %s: writable by group or others: not loaded; chmod go-w it",
                              path);
    return HOPT_OK;
}

hopt_status hopt_worker_plugin(char **out, const char *folder, const char *file, hopt_error *err) {
    *out = NULL;
    if (!file[0] || strchr(file, '/') || strcmp(file, "..") == 0)
        return hopt_error_set(err, HOPT_EINVAL,
                              "plugin \"%s\": give a plain file name; its folder comes from "
                              "--plugin-dir or is the study file's",
                              file);
    char *real = realpath(folder, NULL);
    if (!real) return hopt_error_set(err, HOPT_EINVAL, "%s: %s", folder, strerror(errno));
    char *path = hopt_format("%s/%s", real, file);
    hopt_status status = check_trusted(real, true, err);
    if (status == HOPT_OK) status = check_trusted(path, false, err);
    free(real);
    if (status == HOPT_OK)
        *out = path;
    else
        free(path);
    return status;
}
