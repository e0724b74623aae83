/* The file's place: folder, permissions, file system. SQLite says less about them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/store/sqlite/sqlite_internal.h"

/* f_type of statfs(2); not all are in linux/magic.h. */
enum { FUSE_MAGIC = 0x65735546 };
static const struct {
    unsigned long magic;
    const char *name;
} networks[] = {
    {0x6969, "NFS"},          {0xff534d42, "CIFS"}, {0xfe534d42, "SMB"},    {0x517b, "SMB"},
    {0x0bd00bd0, "Lustre"},   {0x47504653, "GPFS"}, {0x19830326, "BeeGFS"}, {0x5346414f, "AFS"},
    {0x6b414653, "AFS"},      {0x01021997, "9p"},   {0x00c36400, "Ceph"},   {0x7461636f, "OCFS2"},
    {0x01161970, "GFS2"},     {0x73757245, "Coda"}, {0x564c, "NCP"},        {0xaad7aaea, "PanFS"},
    {0x20030528, "OrangeFS"}, {0xa501fcf5, "VxFS"},
};

const char *hopt_sqlite__network_name(unsigned long magic, const char *type) {
    /* What FUSE hides behind these is a disk of this machine; of others it is better not to
     * believe it. */
    static const char *const local_fuse[] = {
        "fuseblk",    "fuse.fuse-overlayfs", "fuse.bindfs",    "fuse.ntfs-3g", "fuse.ext2",
        "fuse.lxcfs", "fuse.mergerfs",       "fuse.gocryptfs", "fuse.encfs",   "virtiofs"};
    for (size_t i = 0; i < HOPT_COUNT(networks); i++) {
        if (magic == networks[i].magic) return networks[i].name;
    }
    if (magic != FUSE_MAGIC || !type[0]) return NULL;
    for (size_t i = 0; i < HOPT_COUNT(local_fuse); i++) {
        if (strcmp(type, local_fuse[i]) == 0) return NULL;
    }
    return type;
}

/* The file system's type from /proc/self/mountinfo, whose third field is the device and whose
 * first field after " - " is the type; "" when unknown. */
static void mount_type(char *out, size_t size, dev_t device) {
    char wanted[48], line[4096];
    out[0] = '\0';
    snprintf(wanted, sizeof wanted, "%u:%u", major(device), minor(device));
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        char number[48], type[64];
        const char *rest = strstr(line, " - ");
        if (rest && sscanf(line, "%*s %*s %47s", number) == 1 && strcmp(number, wanted) == 0 &&
            sscanf(rest + 3, "%63s", type) == 1)
            snprintf(out, size, "%s", type);
    }
    fclose(file);
}

void hopt_sqlite__file_system(char *out, size_t size, const char *path) {
    struct stat info;
    out[0] = '\0';
    if (stat(path, &info) == 0) mount_type(out, size, info.st_dev);
    if (!out[0]) snprintf(out, size, "unknown");
}

static hopt_status check_file_system(const char *path, const char *folder, hopt_error *err) {
    struct statfs system;
    struct stat info;
    char type[64] = "";
    if (statfs(folder, &system) != 0) return HOPT_OK; /* opening will tell */
    if ((unsigned long)system.f_type == FUSE_MAGIC && stat(folder, &info) == 0)
        mount_type(type, sizeof type, info.st_dev);
    const char *network =
        hopt_sqlite__network_name((unsigned long)system.f_type & 0xffffffff, type);
    if (!network) return HOPT_OK;
    return hopt_error_set(err, HOPT_EUNAVAILABLE,
                          "%s: on a network file system (%s), where SQLite's locks do not hold: "
                          "put it on a local disk, or use a mongodb:// store",
                          path, network);
}

/* The folder that holds the file, through a symbolic link of the file itself. */
static char *folder_of(const char *path) {
    char real[PATH_MAX];
    char *copy = hopt_strdup(realpath(path, real) ? real : path);
    char *slash = strrchr(copy, '/');
    if (!slash) {
        free(copy);
        return hopt_strdup(".");
    }
    slash[slash == copy ? 1 : 0] = '\0';
    return copy;
}

static hopt_status check_folder(const char *path, const char *folder, bool writes,
                                hopt_error *err) {
    struct stat info;
    if (stat(folder, &info) != 0)
        return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s: its folder %s: %s; make it first", path,
                              folder, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s: %s is no folder", path, folder);
    if (writes && access(folder, W_OK) != 0)
        return hopt_error_set(err, HOPT_EUNAVAILABLE,
                              "%s: its folder %s can't be written (%s); SQLite keeps -wal and "
                              "-shm files there",
                              path, folder, strerror(errno));
    return HOPT_OK;
}

static hopt_status check_file(const char *path, const hopt_store_options *options,
                              hopt_error *err) {
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno == ENOENT && options->create && !options->read_only) return HOPT_OK;
        return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s: %s", path, strerror(errno));
    }
    if (S_ISDIR(info.st_mode))
        return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s: a folder, not a file: name a file in it",
                              path);
    if (!S_ISREG(info.st_mode))
        return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s: not a regular file", path);
    if (access(path, R_OK) != 0)
        return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s: can't be read: %s", path,
                              strerror(errno));
    if (!options->read_only && access(path, W_OK) != 0)
        return hopt_error_set(err, HOPT_EUNAVAILABLE,
                              "%s: the file is read-only (%s): change its permissions", path,
                              strerror(errno));
    return HOPT_OK;
}

hopt_status hopt_sqlite__check_place(const char *path, const hopt_store_options *options,
                                     hopt_error *err) {
    char *folder = folder_of(path);
    hopt_status status = check_folder(path, folder, !options->read_only, err);
    if (!status) status = check_file_system(path, folder, err);
    if (!status) status = check_file(path, options, err);
    free(folder);
    return status;
}
