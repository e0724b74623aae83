#include "common/sys/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double clock_s(clockid_t id) {
    struct timespec now = {0};
    clock_gettime(id, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The fields of /proc/self/stat behind the name, which may hold anything: field 3 is the first. */
static char *stat_fields(char *text, size_t size) {
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file) return NULL;
    size_t length = fread(text, 1, size - 1, file);
    fclose(file);
    text[length] = '\0';
    char *name_end = strrchr(text, ')');
    return name_end ? name_end + 1 : NULL;
}

/* proc(5): starttime is field 22, vsize 23, rss 24 (in pages). */
static void read_stat(hopt_process_stats *out) {
    enum { STATE = 3, STARTTIME = 22, VSIZE = 23, RSS = 24 };
    char text[2048], *save = NULL;
    char *fields = stat_fields(text, sizeof text);
    int number = STATE;
    for (char *one = fields ? strtok_r(fields, " ", &save) : NULL; one;
         one = strtok_r(NULL, " ", &save), number++) {
        double value = strtod(one, NULL);
        if (number == STARTTIME) {
            double up_s = clock_s(CLOCK_BOOTTIME) - value / (double)sysconf(_SC_CLK_TCK);
            out->start_s = clock_s(CLOCK_REALTIME) - up_s;
        }
        if (number == VSIZE) out->virtual_bytes = (int64_t)value;
        if (number == RSS) out->resident_bytes = (int64_t)value * sysconf(_SC_PAGESIZE);
    }
}

/* All but the one that looks. */
static int count_fds(void) {
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return -1;
    int count = -1;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

void hopt_process_read(hopt_process_stats *out) {
    struct rlimit limit;
    *out = (hopt_process_stats){.resident_bytes = -1, .virtual_bytes = -1, .max_fds = -1};
    out->cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    read_stat(out);
    out->open_fds = count_fds();
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        out->max_fds = (int64_t)limit.rlim_cur;
}
