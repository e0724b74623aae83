#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sys/clock.h"
#include "common/sys/file.h"
#include "common/sys/host.h"

Test(host, owner_of_a_dead_process_is_gone) {
    char owner[HOPT_OWNER_TEXT_MAX], boot[HOPT_BOOT_ID_MAX], host[HOPT_HOST_MAX];
    hopt_host_boot_id(boot);
    hopt_host_name(host);
    hopt_host_owner(owner);
    cr_assert_not(hopt_host_owner_gone(owner, boot), "we live");
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, NULL, 0);
    snprintf(owner, sizeof owner, "%s:%d:00000000", host, (int)child);
    cr_assert(hopt_host_owner_gone(owner, boot));
    cr_assert_not(hopt_host_owner_gone(owner, "another boot"));
    cr_assert_not(hopt_host_owner_gone(owner, ""));
    cr_assert_not(hopt_host_owner_gone("elsewhere:1:00000000", boot));
    cr_assert_not(hopt_host_owner_gone("hopt", boot));
}

Test(file, reads_whole_files_and_refuses_the_rest) {
    hopt_error err;
    char *data, path[] = "/tmp/hopt-test-XXXXXX";
    size_t length;
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, "abc\0d", 5), 5);
    close(fd);
    cr_assert_eq(hopt_file_read(&data, &length, path, 100, &err), HOPT_OK);
    cr_assert_eq(length, 5);
    cr_assert_eq(memcmp(data, "abc\0d", 6), 0);
    free(data);
    cr_assert_eq(hopt_file_read(&data, &length, path, 4, &err), HOPT_EINVAL);
    cr_assert_null(data);
    unlink(path);
    cr_assert_eq(hopt_file_read(&data, &length, path, 4, &err), HOPT_EFAILED);
    cr_assert_eq(hopt_file_read(&data, &length, "/tmp", 4, &err), HOPT_EINVAL);
    cr_assert_eq(hopt_file_read(&data, &length, "/dev/zero", 4, &err), HOPT_EINVAL);
}

Test(clock, goes_forward) {
    int64_t start = hopt_clock_mono_ns();
    hopt_clock_sleep_ms(2);
    cr_assert_geq(hopt_clock_mono_ns() - start, 2000000);
}
