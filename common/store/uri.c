#include "common/store/uri.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"

enum { DATABASE_MAX = 63 }; /* of MongoDB, in bytes */

static const char *after(const char *text, const char *prefix) {
    size_t length = strlen(prefix);
    return strncasecmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* ---- sqlite ---- */

static hopt_status parse_sqlite_options(hopt_store_uri *out, const char *options, hopt_error *err) {
    if (strcmp(options, "sync=full") == 0)
        out->sync_full = true;
    else if (strcmp(options, "sync=normal") != 0)
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: the only option of sqlite: is ?sync=full or ?sync=normal "
                              "(a path can't hold a '?')");
    return HOPT_OK;
}

static hopt_status parse_sqlite(hopt_store_uri *out, const char *rest, hopt_error *err) {
    out->kind = HOPT_STORE_KIND_SQLITE;
    if (strncmp(rest, "//", 2) == 0)
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: write sqlite:PATH, as sqlite:/folder/study.db or "
                              "sqlite:study.db, without \"//\"");
    size_t length = strcspn(rest, "?");
    if (length == 0)
        return hopt_error_set(err, HOPT_EINVAL, "store URI: no file name after \"sqlite:\"");
    if (rest[length]) {
        hopt_status status = parse_sqlite_options(out, rest + length + 1, err);
        if (status) return status;
    }
    if (length == strlen(":memory:") && strncmp(rest, ":memory:", length) == 0)
        out->memory = true;
    else
        out->path = hopt_strndup(rest, length);
    return HOPT_OK;
}

/* ---- mongodb ---- */

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static char *percent_decode(const char *text, size_t length) {
    hopt_buf buf = HOPT_BUF_INIT;
    for (size_t i = 0; i < length; i++) {
        int high, low;
        if (text[i] == '%' && i + 2 < length && (high = hex(text[i + 1])) >= 0 &&
            (low = hex(text[i + 2])) >= 0) {
            int byte = high * 16 + low;
            hopt_buf_char(&buf, (char)(byte ? byte : 1)); /* NUL stays a control character */
            i += 2;
        } else {
            hopt_buf_char(&buf, text[i]);
        }
    }
    return hopt_buf_take(&buf);
}

static void percent_encode(hopt_buf *out, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isalnum(c) || strchr("-._~", c))
            hopt_buf_char(out, (char)c);
        else
            hopt_buf_print(out, "%%%02X", c);
    }
}

/* MongoDB's own rules for names of databases, so that the message comes before a connection. */
static hopt_status check_database(const char *name, hopt_error *err) {
    if (!name[0] || strlen(name) > DATABASE_MAX || strpbrk(name, "/\\. \"$*<>:|?"))
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: the database's name must be 1 to 63 bytes without "
                              "/ \\ . \" $ * < > : | ? and blanks");
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return hopt_error_set(err, HOPT_EINVAL,
                                  "store URI: the database's name holds a control character");
    }
    return HOPT_OK;
}

/* The authority ends at the first '/' or '?' after the last '@' that is before them: the C driver
 * wants such characters in a password percent-encoded, so a plain search is right. */
static hopt_status parse_mongodb(hopt_store_uri *out, const char *text, const char *rest,
                                 hopt_error *err) {
    out->kind = HOPT_STORE_KIND_MONGODB;
    size_t authority = strcspn(rest, "/?");
    if (authority == 0 || rest[authority - 1] == '@')
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: no host; write mongodb://host:port/database");
    const char *name = rest + authority;
    if (*name == '/') name++;
    size_t length = strcspn(name, "?");
    out->database = length ? percent_decode(name, length) : hopt_strdup("hopt");
    out->mongo_uri = hopt_strdup(text);
    return check_database(out->database, err);
}

/* Pieces of hyperopt's URI, not terminated. */
typedef struct hyperopt_uri {
    const char *user, *password, *host, *port, *database, *auth_source;
    size_t user_length, password_length, host_length, port_length, database_length,
        auth_source_length;
} hyperopt_uri;

static hopt_status split_hyperopt_login(hyperopt_uri *u, const char *rest, size_t length,
                                        hopt_error *err) {
    u->user = rest;
    u->user_length = length;
    const char *colon = memchr(rest, ':', length);
    if (!colon || colon == rest)
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: give the user and the password, as "
                              "mongo://user:password@host:port/db/jobs (~/.hyperopt is not read)");
    u->user_length = (size_t)(colon - rest);
    u->password = colon + 1;
    u->password_length = length - u->user_length - 1;
    return HOPT_OK;
}

static bool port_valid(const char *text, size_t length) {
    if (length < 1 || length > 5) return false;
    long port = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i])) return false;
        port = port * 10 + (text[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

static hopt_status split_hyperopt_host(hyperopt_uri *u, const char *host, size_t length,
                                       hopt_error *err) {
    const char *colon = memrchr(host, ':', length);
    u->host = host;
    u->host_length = colon ? (size_t)(colon - host) : length;
    u->port = colon ? colon + 1 : host + length;
    u->port_length = length - (size_t)(u->port - host);
    if (!port_valid(u->port, u->port_length))
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: hyperopt's form wants a port from 1 to 65535: "
                              "mongo://host:port/db/jobs");
    if (u->host_length == 0 || memchr(host, ',', length))
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: hyperopt's form wants one host; write mongodb:// for a "
                              "replica set");
    return HOPT_OK;
}

static hopt_status split_hyperopt_path(hyperopt_uri *u, const char *path, hopt_error *err) {
    const char *query = path + strcspn(path, "?");
    const char *slash = memchr(path + 1, '/', (size_t)(query - path - 1));
    if (!slash || (size_t)(query - slash) != strlen("/jobs") || strncmp(slash, "/jobs", 5) != 0)
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: hyperopt's form is mongo://host:port/db/jobs; the "
                              "collection must be \"jobs\"");
    u->database = path + 1;
    u->database_length = (size_t)(slash - u->database);
    if (!*query) return HOPT_OK;
    const char *source = after(query, "?authSource=");
    if (!source || !*source || strpbrk(source, "&=?/@"))
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: the only option of hyperopt's form is ?authSource=DB; "
                              "write mongodb:// for others");
    u->auth_source = source;
    u->auth_source_length = strlen(source);
    return HOPT_OK;
}

static hopt_status split_hyperopt(hyperopt_uri *u, const char *rest, hopt_error *err) {
    /* hyperopt reads it as Python's urlparse does: nothing is percent-decoded, the last '@' before
     * the first '/' ends the login. */
    size_t authority = strcspn(rest, "/");
    const char *at = memrchr(rest, '@', authority);
    hopt_status status = HOPT_OK;
    if (at) status = split_hyperopt_login(u, rest, (size_t)(at - rest), err);
    const char *host = at ? at + 1 : rest;
    if (!status) status = split_hyperopt_host(u, host, (size_t)(rest + authority - host), err);
    if (!status && !rest[authority])
        status = hopt_error_set(err, HOPT_EINVAL,
                                "store URI: hyperopt's form is mongo://host:port/db/jobs");
    if (!status) status = split_hyperopt_path(u, rest + authority, err);
    return status;
}

static hopt_status parse_hyperopt(hopt_store_uri *out, const char *rest, hopt_error *err) {
    hyperopt_uri u = {0};
    hopt_status status = split_hyperopt(&u, rest, err);
    if (status) return status;
    out->kind = HOPT_STORE_KIND_MONGODB;
    out->hyperopt = true;
    out->database = hopt_strndup(u.database, u.database_length);
    hopt_buf buf = HOPT_BUF_INIT;
    hopt_buf_text(&buf, "mongodb://");
    if (u.user) {
        percent_encode(&buf, u.user, u.user_length);
        hopt_buf_char(&buf, ':');
        percent_encode(&buf, u.password, u.password_length);
        hopt_buf_char(&buf, '@');
    }
    hopt_buf_add(&buf, u.host, u.host_length);
    hopt_buf_char(&buf, ':');
    hopt_buf_add(&buf, u.port, u.port_length);
    hopt_buf_char(&buf, '/');
    percent_encode(&buf, out->database, strlen(out->database));
    if (u.auth_source) {
        hopt_buf_text(&buf, "?authSource=");
        percent_encode(&buf, u.auth_source, u.auth_source_length);
    } else if (u.user && u.user_length == 8 && strncmp(u.user, "hyperopt", 8) == 0) {
        hopt_buf_text(&buf, "?authSource=admin"); /* hyperopt's special case */
    }
    out->mongo_uri = hopt_buf_take(&buf);
    return check_database(out->database, err);
}

/* ---- all ---- */

static hopt_status parse(hopt_store_uri *out, const char *text, hopt_error *err) {
    const char *rest;
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return hopt_error_set(err, HOPT_EINVAL, "store URI: it holds a control character");
    }
    if ((rest = after(text, "sqlite:"))) return parse_sqlite(out, rest, err);
    if ((rest = after(text, "mongodb://"))) return parse_mongodb(out, text, rest, err);
    if ((rest = after(text, "mongodb+srv://"))) return parse_mongodb(out, text, rest, err);
    if ((rest = after(text, "mongo://"))) return parse_hyperopt(out, rest, err);
    if (after(text, "mongo+ssh://") || after(text, "ssh+mongo://"))
        return hopt_error_set(err, HOPT_EINVAL,
                              "store URI: no tunnels; start `ssh -L port:host:port` yourself and "
                              "write mongo://localhost:port/db/jobs");
    return hopt_error_set(err, HOPT_EINVAL,
                          "store URI: write sqlite:PATH, sqlite::memory:, mongodb://host:port/db "
                          "or mongo://host:port/db/jobs");
}

hopt_status hopt_store_uri_parse(hopt_store_uri *out, const char *text, hopt_error *err) {
    *out = (hopt_store_uri){0};
    hopt_status status = parse(out, text, err);
    if (status) hopt_store_uri_clear(out);
    return status;
}

void hopt_store_uri_clear(hopt_store_uri *uri) {
    free(uri->path);
    free(uri->mongo_uri);
    free(uri->database);
    *uri = (hopt_store_uri){0};
}

/* ---- masking ---- */

/* Where the text after scheme and slashes begins. A "://" may also stand in a password or behind
 * an option, so what is before it must look like a scheme. */
static const char *skip_scheme(const char *text) {
    const char *end = text;
    while (isalnum((unsigned char)*end) || (*end && strchr("+.-", *end)))
        end++;
    return end > text && strncmp(end, "://", 3) == 0 ? end + 3 : text;
}

static bool secret_option(const char *key, size_t length) {
    static const char *const words[] = {"pass", "pwd", "secret", "token", "properties"};
    for (size_t w = 0; w < HOPT_COUNT(words); w++) {
        size_t size = strlen(words[w]);
        for (size_t i = 0; i + size <= length; i++) {
            if (strncasecmp(key + i, words[w], size) == 0) return true;
        }
    }
    return false;
}

/* Copies the part behind the login, hiding values of options that carry secrets. */
static void mask_options(hopt_buf *out, const char *text) {
    /* Also '&' and ';': the '?' may stand before an '@', which is hidden already. */
    const char *option = strpbrk(text, "?&;");
    if (!option) {
        hopt_buf_text(out, text);
        return;
    }
    hopt_buf_add(out, text, (size_t)(option + 1 - text));
    for (option++; *option;) {
        size_t length = strcspn(option, "?&;"), key = strcspn(option, "=?&;");
        if (key < length && secret_option(option, key)) {
            hopt_buf_add(out, option, key);
            hopt_buf_text(out, "=***");
        } else {
            hopt_buf_add(out, option, length);
        }
        option += length;
        if (*option) hopt_buf_char(out, *option++);
    }
}

/* The length of an IPv6 address in brackets at the start of `text`, or 0. */
static size_t bracket_length(const char *text) {
    if (*text != '[') return 0;
    size_t length = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
    return text[length] == ']' ? length + 1 : 0;
}

/* With no '@': "host:27017,host2:27018/..." may stay, "user:password" without a host may not. */
static void mask_authority(hopt_buf *out, const char *text) {
    const char *end = text + strcspn(text, "/?"), *host = text;
    while (host < end) {
        const char *colon = host + bracket_length(host);
        colon += strcspn(colon, ":,/?");
        const char *next = colon;
        if (*colon == ':') {
            size_t digits = strspn(colon + 1, "0123456789");
            next = colon + 1 + digits;
            if (!port_valid(colon + 1, digits) || (next < end && *next != ',')) {
                hopt_buf_add(out, text, (size_t)(colon + 1 - text));
                hopt_buf_text(out, "***");
                return;
            }
        }
        host = next < end ? next + 1 : end;
    }
    mask_options(out, text);
}

void hopt_store_uri_mask(char *out, size_t size, const char *text) {
    if (size == 0) return;
    hopt_buf buf = HOPT_BUF_INIT;
    const char *rest = skip_scheme(text), *at = strrchr(rest, '@');
    hopt_buf_add(&buf, text, (size_t)(rest - text));
    const char *colon = at ? memchr(rest, ':', (size_t)(at - rest)) : NULL;
    if (after(text, "sqlite:") && rest == text) {
        hopt_buf_text(&buf, text); /* a path; no login can be in it */
    } else if (colon) {
        char *user = hopt_strndup(rest, (size_t)(colon - rest));
        mask_options(&buf, user); /* a malformed one may have options there */
        free(user);
        hopt_buf_text(&buf, ":***");
        mask_options(&buf, at);
    } else if (at) {
        mask_options(&buf, rest);
    } else {
        mask_authority(&buf, rest);
    }
    const char *masked = hopt_buf_string(&buf);
    size_t length = buf.length < size - 1 ? buf.length : size - 1;
    for (size_t i = 0; i < length; i++)
        out[i] = (unsigned char)masked[i] < 0x20 || masked[i] == 0x7f ? '?' : masked[i];
    out[length] = '\0';
    hopt_buf_clear(&buf);
}
