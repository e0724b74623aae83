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

/* Who may write to a folder above may put another in this one's place; in a sticky one, as /tmp,
 * only its own. */
static hopt_status check_above(const char *folder, hopt_error *err) {
    char *path = hopt_strdup(folder);
    hopt_status status = HOPT_OK;
    for (char *slash; status == HOPT_OK && (slash = strrchr(path, '/')) && path[1];) {
        struct stat info;
        slash[slash == path] = '\0';
        if (stat(path, &info) != 0)
            status =
                hopt_error_set(err, HOPT_EINVAL, "plugin folder %s: %s", path, strerror(errno));
        else if ((info.st_uid != 0 && info.st_uid != geteuid()) ||
                 ((info.st_mode & (S_IWGRP | S_IWOTH)) && !(info.st_mode & S_ISVTX)))
            status = hopt_error_set(err, HOPT_EINVAL,
                                    "plugin folder %s: others may write to %s above it: not loaded",
                                    folder, path);
    }
    free(path);
    return status;
}

/* A link to another file of the folder is usual for libraries; out of it nothing was checked. */
static hopt_status check_inside(const char *folder, const char *path, hopt_error *err) {
    char *real = realpath(path, NULL);
    if (!real) return hopt_error_set(err, HOPT_EINVAL, "plugin %s: %s", path, strerror(errno));
    hopt_status status = HOPT_OK;
    size_t length = strlen(folder);
    if (strncmp(real, folder, length) != 0 || real[length] != '/' || strchr(real + length + 1, '/'))
        status =
            hopt_error_set(err, HOPT_EINVAL,
                           "plugin %s: is a link out of its folder, to %s: not loaded", path, real);
    free(real);
    return status;
}

hopt_status hopt_worker_plugin(char **out, const char *folder, const char *file, hopt_error *err) {
    *out = NULL;
    if (!file[0] || strchr(file, '/') || strcmp(file, "..") == 0 || strcmp(file, ".") == 0)
        return hopt_error_set(err, HOPT_EINVAL,
                              "plugin \"%s\": give a plain file name; its folder comes from "
                              "--plugin-dir or is the study file's",
                              file);
    char *real = realpath(folder, NULL);
    if (!real) return hopt_error_set(err, HOPT_EINVAL, "%s: %s", folder, strerror(errno));
    char *path = hopt_format("%s/%s", real, file);
    hopt_status status = check_trusted(real, true, err);
    if (status == HOPT_OK) status = check_above(real, err);
    if (status == HOPT_OK) status = check_inside(real, path, err);
    if (status == HOPT_OK) status = check_trusted(path, false, err);
    free(real);
    if (status == HOPT_OK)
        *out = path;
    else
        free(path);
    return status;
}
