#include "common/sys/host.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/base/attr.h"
#include "common/base/hash.h"

void hopt_host_name(char out[HOPT_HOST_MAX]) {
    if (gethostname(out, HOPT_HOST_MAX) != 0 || !out[0]) snprintf(out, HOPT_HOST_MAX, "localhost");
    out[HOPT_HOST_MAX - 1] = '\0';
}

/* Neither changes while a process lives, and a master asks for each running trial. */
static char boot_id[HOPT_BOOT_ID_MAX];
static pthread_once_t boot_id_once = PTHREAD_ONCE_INIT;

static void read_boot_id(void) {
    char boot[64] = "", namespace[64] = "";
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t got = read(fd, boot, sizeof boot - 1);
    close(fd);
    ssize_t length = readlink("/proc/self/ns/pid", namespace, sizeof namespace - 1);
    if (got <= 0 || length <= 0) return;
    uint64_t hash = hopt_hash_fnv1a(HOPT_FNV_START, boot, (size_t)got);
    hash = hopt_hash_fnv1a(hash, namespace, (size_t)length);
    snprintf(boot_id, HOPT_BOOT_ID_MAX, "%016llx", (unsigned long long)hash);
}

void hopt_host_boot_id(char out[HOPT_BOOT_ID_MAX]) {
    pthread_once(&boot_id_once, read_boot_id);
    memcpy(out, boot_id, HOPT_BOOT_ID_MAX);
}

void hopt_host_random(void *out, size_t size) {
    unsigned char *bytes = out;
    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);
        if (got < 0 && errno == EINTR) continue;
        HOPT_ASSERT(got > 0);
        bytes += got;
        size -= (size_t)got;
    }
}

uint64_t hopt_host_random_u63(void) {
    uint64_t value;
    hopt_host_random(&value, sizeof value);
    return value >> 1;
}

void hopt_host_owner(char out[HOPT_OWNER_TEXT_MAX]) {
    char host[HOPT_HOST_MAX];
    uint32_t token;
    hopt_host_name(host);
    hopt_host_random(&token, sizeof token);
    snprintf(out, HOPT_OWNER_TEXT_MAX, "%s:%d:%08x", host, (int)getpid(), (unsigned)token);
}

bool hopt_host_owner_gone(const char *owner, const char *its_boot_id) {
    char host[HOPT_HOST_MAX], boot[HOPT_BOOT_ID_MAX];
    hopt_host_name(host);
    hopt_host_boot_id(boot);
    size_t length = strlen(host);
    if (strncmp(owner, host, length) != 0 || owner[length] != ':') return false;
    /* Containers share a host name now and then: only the same boot and pid namespace can tell. */
    if (!its_boot_id[0] || strcmp(boot, its_boot_id) != 0) return false;
    char *end;
    long pid = strtol(owner + length + 1, &end, 10);
    if (pid <= 0 || *end != ':') return false;
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}
