/* Where a server listens, and which Host it answers for. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "common/http/address.h"

Test(address, good) {
    static const struct {
        const char *text, *address;
        int port;
        bool loopback;
    } cases[] = {
        {"9620", "127.0.0.1", 9620, true},          {"0", "127.0.0.1", 0, true},
        {"127.0.0.1:80", "127.0.0.1", 80, true},    {"localhost:65535", "127.0.0.1", 65535, true},
        {"LOCALHOST:1", "127.0.0.1", 1, true},      {"0.0.0.0:9620", "0.0.0.0", 9620, false},
        {"10.1.2.3:9620", "10.1.2.3", 9620, false}, {"127.9.9.9:9", "127.9.9.9", 9, true},
        {"[::1]:9620", "::1", 9620, true},          {"[::]:9620", "::", 9620, false},
        {"[fe80::1]:1", "fe80::1", 1, false},
    };
    for (size_t i = 0; i < HOPT_COUNT(cases); i++) {
        hopt_http_address address;
        hopt_error err;
        char text[INET6_ADDRSTRLEN];
        cr_assert_eq(hopt_http_address_parse(&address, cases[i].text, &err), HOPT_OK, "%s: %s",
                     cases[i].text, err.message);
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address.socket;
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address.socket;
        bool v6 = address.socket.ss_family == AF_INET6;
        inet_ntop(v6 ? AF_INET6 : AF_INET, v6 ? (void *)&in6->sin6_addr : (void *)&in->sin_addr,
                  text, sizeof text);
        cr_expect_str_eq(text, cases[i].address);
        cr_expect_eq(ntohs(v6 ? in6->sin6_port : in->sin_port), cases[i].port);
        cr_expect_eq(address.loopback, cases[i].loopback, "%s", cases[i].text);
    }
}

Test(address, bad) {
    static const char *const cases[] = {
        "",
        ":",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "1:2:3",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[]:80",
        "[127.0.0.1]:80",
        "host:80",
        "127.1:80",
        "1.2.3.4:-1",
        "1.2.3.4: 80",
        "1.2.3.4:8o",
        "0x7f.0.0.1:80",
        "-1",
        " 80",
        "80 ",
        "123456",
        "*:80",
        "http://127.0.0.1:80",
        "[::1%lo]:80",
        "00000000000000000000000000000000000000000000000000000000000000000000000000000000:80"};
    for (size_t i = 0; i < HOPT_COUNT(cases); i++) {
        hopt_http_address address;
        hopt_error err = {0};
        cr_expect_eq(hopt_http_address_parse(&address, cases[i], &err), HOPT_EINVAL, "%s",
                     cases[i]);
        cr_expect(strstr(err.message, "[ADDR:]PORT"), "%s: %s", cases[i], err.message);
    }
}

Test(address, a_port_in_use_is_said) {
    hopt_http_address address;
    hopt_error err;
    char name[HOPT_HTTP_NAME_MAX], again[HOPT_HTTP_NAME_MAX];
    int fd, second;
    cr_assert_eq(hopt_http_address_parse(&address, "0", &err), HOPT_OK);
    cr_assert_eq(hopt_http_listen(&fd, name, &address, &err), HOPT_OK);
    cr_assert(strncmp(name, "127.0.0.1:", 10) == 0 && strcmp(name, "127.0.0.1:0") != 0);
    cr_assert_eq(hopt_http_address_parse(&address, name, &err), HOPT_OK);
    cr_expect_eq(hopt_http_listen(&second, again, &address, &err), HOPT_EFAILED);
    cr_expect_eq(second, -1);
    cr_expect(strstr(err.message, "in use") && strstr(err.message, name), "%s", err.message);
    close(fd);
    cr_assert_eq(hopt_http_address_parse(&address, "192.0.2.1:0", &err), HOPT_OK);
    cr_expect_eq(hopt_http_listen(&second, again, &address, &err), HOPT_EFAILED, "not ours");
}

Test(host, allowed) {
    static const char *const names[] = {"hopt.example", "master"};
    static const char *const good[] = {"localhost",    "localhost:9620",    "LocalHost",
                                       "127.0.0.1",    "127.0.0.1:9620",    "10.0.0.7:80",
                                       "[::1]",        "[::1]:9620",        "[2001:db8::7]",
                                       "hopt.example", "HOPT.example:9620", "master:9620"};
    static const char *const bad[] = {"",
                                      ":80",
                                      "evil.example",
                                      "localhost.evil",
                                      "localhost:",
                                      "localhost:8x",
                                      "localhost:1:2",
                                      "127.0.0.1.evil",
                                      "127.1",
                                      "2130706433",
                                      "[::1",
                                      "[::1]x",
                                      "::1",
                                      "[localhost]",
                                      "[127.0.0.1]",
                                      "hopt.example.",
                                      "master.evil",
                                      "127.0.0.1 ",
                                      "localhost/",
                                      "a@localhost",
                                      "0x7f.0.0.1"};
    for (size_t i = 0; i < HOPT_COUNT(good); i++)
        cr_expect(hopt_http_host_allowed(good[i], names, 2), "%s", good[i]);
    for (size_t i = 0; i < HOPT_COUNT(bad); i++)
        cr_expect_not(hopt_http_host_allowed(bad[i], names, 2), "%s", bad[i]);
    cr_expect_not(hopt_http_host_allowed(NULL, names, 2));
    cr_expect_not(hopt_http_host_allowed("master", NULL, 0));
}

Test(host, any) {
    static const char *const names[] = {"x", "*"};
    cr_expect(hopt_http_host_allowed("evil.example", names, 2));
    cr_expect(hopt_http_host_allowed(NULL, names, 2));
}
