/**
 * The MongoDB driver: opening, closing and its table.
 *
 * Design notes. One mongoc_client_t a store, no pool, no thread of its own. Time-outs split
 * options.timeout_ms, so that selecting a server, connecting and waiting for one reply hold it
 * together; what the URI sets stays. libmongoc repeats a write by itself where the server has
 * sessions (retryWrites, replica sets only); elsewhere a lost reply is HOPT_ESTORE and the repeat
 * rules of store.h hold. Writes wait for majority and journal, reads go to the primary: DESIGN
 * §5.11.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/store/mongo/mongo_internal.h"
#include "common/store/uri.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

enum { TIMEOUT_MS = 10000, TIMEOUT_MS_MIN = 1000, TIMEOUT_MS_MAX = 60000 };
enum { PEM_FILE_MAX = 4 << 20 };

/* libmongoc prints warnings on standard error by itself; what matters comes back as an error, but
 * for one thing: an option that it does not know (a typo of tls=true, say) is passed over. */
static void on_log(HOPT_UNUSED mongoc_log_level_t level, HOPT_UNUSED const char *domain,
                   const char *message, HOPT_UNUSED void *context) {
    static atomic_int said; /* a URI is read again for every connection */
    if (strncmp(message, "Unsupported URI option", 22) == 0 && atomic_fetch_add(&said, 1) < 4)
        hopt_log_warn("the MongoDB URI: %s: it is ignored", message);
}

/* libmongoc counts in a file in /dev/shm, for its tool mongoc-stat, and removes it in
 * mongoc_cleanup(): each kill -9 would leave one for ever. It works as well without its name. The
 * file is made when the library is loaded, so in programs that never open a MongoDB, too. */
static __attribute__((constructor)) void drop_counters(void) {
    char name[32];
    snprintf(name, sizeof name, "/mongoc-%d", (int)getpid());
    shm_unlink(name);
}

/* No mongoc_cleanup(): nobody knows when the last store of the process is closed, and all that it
 * would free hangs on libmongoc's globals. */
static void start_library(void) {
    mongoc_init();
    mongoc_log_set_handler(on_log, NULL);
    drop_counters();
}

/* ---- the URI ---- */

static void set_default_ms(mongoc_uri_t *uri, const char *option, int ms) {
    if (!mongoc_uri_has_option(uri, option)) mongoc_uri_set_option_as_int32(uri, option, ms);
}

static void set_options(mongoc_uri_t *uri, int timeout_ms) {
    int total = timeout_ms ? timeout_ms : TIMEOUT_MS;
    if (total < TIMEOUT_MS_MIN) total = TIMEOUT_MS_MIN;
    if (total > TIMEOUT_MS_MAX) total = TIMEOUT_MS_MAX;
    int part = total / 20;
    set_default_ms(uri, MONGOC_URI_CONNECTTIMEOUTMS, 3 * part);
    set_default_ms(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 5 * part);
    set_default_ms(uri, MONGOC_URI_SOCKETTIMEOUTMS, 12 * part);
    /* A single-threaded client otherwise looks only once, and fails during any election. */
    if (!mongoc_uri_has_option(uri, MONGOC_URI_SERVERSELECTIONTRYONCE))
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_SERVERSELECTIONTRYONCE, false);
    if (!mongoc_uri_get_appname(uri)) mongoc_uri_set_appname(uri, "hopt");

    mongoc_write_concern_t *concern = mongoc_write_concern_new();
    mongoc_write_concern_set_w(concern, MONGOC_WRITE_CONCERN_W_MAJORITY);
    mongoc_write_concern_set_wtimeout_int64(concern, (int64_t)10 * part);
    mongoc_write_concern_set_journal(concern, true);
    mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);

    mongoc_read_prefs_t *primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    mongoc_uri_set_read_prefs_t(uri, primary);
    mongoc_read_prefs_destroy(primary);
}

/* libmongoc quotes parts of a URI that it can't read: not when they may be secret. */
static hopt_status bad_uri(const char *text, const char *reason, hopt_error *err) {
    bool secret = strchr(text, '@') || strstr(text, "assword") || strstr(text, "roperties");
    return hopt_error_set(err, HOPT_EINVAL, "malformed MongoDB URI%s%s", secret ? "" : ": ",
                          secret ? " (is every special character of user and password written as "
                                   "%XX?)"
                                 : reason);
}

static void list_hosts(hopt_mongo *self) {
    hopt_buf hosts = HOPT_BUF_INIT;
    const mongoc_host_list_t *host = mongoc_uri_get_hosts(self->uri);
    for (; host; host = host->next)
        hopt_buf_print(&hosts, "%s%s", hosts.length ? "," : "", host->host_and_port);
    snprintf(self->hosts, sizeof self->hosts, "%s",
             hosts.length ? hopt_buf_string(&hosts) : "(unknown)");
    hopt_buf_clear(&hosts);
}

/* Whether a PEM file has a part of this kind, e.g. "CERTIFICATE-----". */
static bool has_part(const char *text, const char *kind) {
    for (const char *at = text; (at = strstr(at, "-----BEGIN ")); at++) {
        const char *found = strstr(at, kind), *end = strchr(at, '\n');
        if (found && (!end || found < end)) return true;
    }
    return false;
}

/* OpenSSL's own words for a missing or empty file are "connection error". */
static hopt_status check_files(const mongoc_uri_t *uri, hopt_error *err) {
    static const struct {
        const char *option, *name, *parts[2];
    } files[] = {{MONGOC_URI_TLSCAFILE, "tlsCAFile", {"CERTIFICATE-----"}},
                 {MONGOC_URI_TLSCERTIFICATEKEYFILE,
                  "tlsCertificateKeyFile",
                  {"CERTIFICATE-----", "PRIVATE KEY-----"}}};
    for (size_t i = 0; i < HOPT_COUNT(files); i++) {
        const char *path = mongoc_uri_get_option_as_utf8(uri, files[i].option, NULL);
        char *text;
        size_t length;
        hopt_error why;
        if (!path) continue;
        if (hopt_file_read(&text, &length, path, PEM_FILE_MAX, &why) != HOPT_OK)
            return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s of the MongoDB URI: %s",
                                  files[i].name, why.message);
        const char *missing = NULL;
        for (size_t k = 0; k < 2 && files[i].parts[k] && !missing; k++)
            if (!has_part(text, files[i].parts[k])) missing = files[i].parts[k];
        explicit_bzero(text, length);
        free(text);
        if (missing)
            return hopt_error_set(err, HOPT_EUNAVAILABLE,
                                  "%s of the MongoDB URI: %s: holds no %.*s in PEM form",
                                  files[i].name, path, (int)strcspn(missing, "-"), missing);
    }
    return HOPT_OK;
}

static hopt_status parse_uri(hopt_mongo *self, const char *text, int timeout_ms, hopt_error *err) {
    hopt_store_uri parts;
    bson_error_t error;
    hopt_status status = hopt_store_uri_parse(&parts, text, err);
    if (status != HOPT_OK) return status;
    self->database = hopt_strdup(parts.database);
    self->uri = mongoc_uri_new_with_error(parts.mongo_uri, &error);
    if (!self->uri) {
        status = bad_uri(parts.mongo_uri, error.message, err);
    } else if ((status = check_files(self->uri, err)) == HOPT_OK) {
        set_options(self->uri, timeout_ms);
        list_hosts(self);
        self->client = mongoc_client_new_from_uri(self->uri);
        if (self->client)
            mongoc_client_set_error_api(self->client, MONGOC_ERROR_API_VERSION_2);
        else
            status = hopt_error_set(err, HOPT_EUNAVAILABLE,
                                    "can't use this MongoDB URI: its TLS options are wrong, or "
                                    "this libmongoc was built without TLS");
    }
    hopt_store_uri_clear(&parts);
    return status;
}

/* ---- open, close ---- */

static void mongo_close(void *store) {
    hopt_mongo *self = store;
    hopt_mongo__drop_client(self);
    if (self->uri) mongoc_uri_destroy(self->uri);
    free(self->database);
    free(self);
}

/* A command that needs the login, so that a wrong one is told at once. */
static hopt_status look(hopt_mongo *self, hopt_error *err) {
    bson_t *found = NULL;
    hopt_status status = hopt_mongo__find_one(self, HOPT_MONGO_STUDIES,
                                              BCON_NEW("_id", BCON_UTF8("")), NULL, &found, err);
    if (found) bson_destroy(found);
    return status == HOPT_ENOTFOUND ? HOPT_OK : status;
}

static hopt_status mongo_open(void **out, const char *uri, const hopt_store_options *options,
                              hopt_error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_library);
    hopt_mongo *self = hopt_zalloc(1, sizeof *self);
    *out = NULL;
    self->read_only = options && options->read_only;
    hopt_status status = parse_uri(self, uri, options ? options->timeout_ms : 0, err);
    if (status == HOPT_OK) status = look(self, err);
    if (status == HOPT_OK && options && options->create && !options->read_only)
        status = hopt_mongo__create_indexes(self, err);
    if (status == HOPT_ESTORE) { /* it isn't open: nothing that matters changed */
        status = HOPT_EUNAVAILABLE;
        if (err) err->code = status;
    }
    if (status == HOPT_OK)
        *out = self;
    else
        mongo_close(self);
    return status;
}

/* Nothing cheap tells of another connection's change: poll. */
static hopt_status mongo_version(HOPT_UNUSED void *self, int64_t *token,
                                 HOPT_UNUSED hopt_error *err) {
    *token = 0;
    return HOPT_OK;
}

/* Every write is firm by itself. */
static hopt_status mongo_visit(HOPT_UNUSED void *self, HOPT_UNUSED hopt_error *err) {
    return HOPT_OK;
}

const hopt_store_driver_ops hopt_store_mongo = {
    .name = "mongodb",
    .open = mongo_open,
    .close = mongo_close,
    .study_create = hopt_mongo__study_create,
    .study = hopt_mongo__study,
    .studies = hopt_mongo__studies,
    .study_update = hopt_mongo__study_update,
    .study_delete = hopt_mongo__study_delete,
    .visit_begin = mongo_visit,
    .visit_end = mongo_visit,
    .lead = hopt_mongo__lead,
    .renew = hopt_mongo__renew,
    .abdicate = hopt_mongo__abdicate,
    .tids = hopt_mongo__tids,
    .enqueue = hopt_mongo__enqueue,
    .claim_many = hopt_mongo__claim_many,
    .mine = hopt_mongo__mine,
    .beat = hopt_mongo__beat,
    .beat_many = hopt_mongo__beat_many,
    .finish_many = hopt_mongo__finish_many,
    .release = hopt_mongo__release,
    .open_set = hopt_mongo__open_set,
    .expire = hopt_mongo__expire,
    .cancel_new = hopt_mongo__cancel_new,
    .stop_running = hopt_mongo__stop_running,
    .retry = hopt_mongo__retry,
    .trials = hopt_mongo__trials,
    .trials_by_num = hopt_mongo__trials_by_num,
    .counts = hopt_mongo__counts,
    .best = hopt_mongo__best,
    .import_trials = hopt_mongo__import,
    .foreign = hopt_mongo__foreign,
    .report = hopt_mongo__report,
    .reports = hopt_mongo__reports,
    .put_log = hopt_mongo__put_log,
    .log = hopt_mongo__log,
    .attach = hopt_mongo__attach,
    .attachments = hopt_mongo__attachments,
    .attachment = hopt_mongo__attachment,
    .worker_put = hopt_mongo__worker_put,
    .worker_remove = hopt_mongo__worker_remove,
    .workers = hopt_mongo__workers,
    .sink_study = hopt_mongo__sink_study,
    .sink_study_put = hopt_mongo__sink_study_put,
    .sink_pending = hopt_mongo__sink_pending,
    .sink_put = hopt_mongo__sink_put,
    .version = mongo_version,
    .health = hopt_mongo__health,
    .driven = &hopt_mongo__driven,
};
