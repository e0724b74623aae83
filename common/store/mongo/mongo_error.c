/* What libmongoc and servers say, in hopt's words. */
#include <string.h>

#include "common/store/mongo/mongo_internal.h"

/* Server codes that are told apart. */
enum {
    CODE_UNAUTHORIZED = 13,
    CODE_AUTHENTICATION_FAILED = 18,
    CODE_ATLAS_AUTHENTICATION = 8000,
    CODE_TOO_LARGE = 10334,
    CODE_TOO_LARGE_UPDATE = 17419,
    CODE_TOO_LARGE_INSERT = 17420,
    CODE_TOO_DEEP = 15
};

typedef enum failure {
    FAILED_SELECT,  /* no server to talk to */
    FAILED_CONNECT, /* a server, but no connection */
    FAILED_LOGIN,
    FAILED_DOCUMENT, /* the document can't be stored, ever */
    FAILED_OTHER     /* a connection lost, or the server's own error */
} failure;

static failure classify_server(uint32_t code) {
    switch (code) {
    case CODE_UNAUTHORIZED:
    case CODE_AUTHENTICATION_FAILED:
    case CODE_ATLAS_AUTHENTICATION:
        return FAILED_LOGIN;
    case CODE_TOO_LARGE:
    case CODE_TOO_LARGE_UPDATE:
    case CODE_TOO_LARGE_INSERT:
    case CODE_TOO_DEEP:
        return FAILED_DOCUMENT;
    default:
        return FAILED_OTHER;
    }
}

static failure classify(const bson_error_t *error) {
    switch (error->domain) {
    case MONGOC_ERROR_SERVER_SELECTION:
        return FAILED_SELECT;
    case MONGOC_ERROR_STREAM:
        return error->code == MONGOC_ERROR_STREAM_CONNECT ||
                       error->code == MONGOC_ERROR_STREAM_NAME_RESOLUTION ||
                       error->code == MONGOC_ERROR_STREAM_NOT_ESTABLISHED
                   ? FAILED_CONNECT
                   : FAILED_OTHER;
    case MONGOC_ERROR_CLIENT:
        return error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE ||
                       error->code == MONGOC_ERROR_CLIENT_GETNONCE
                   ? FAILED_LOGIN
                   : FAILED_OTHER;
    case MONGOC_ERROR_COMMAND: /* libmongoc's own check of a document, before anything is sent */
        return error->code == MONGOC_ERROR_COMMAND_INVALID_ARG ? FAILED_DOCUMENT : FAILED_OTHER;
    case MONGOC_ERROR_SASL:
    case MONGOC_ERROR_SCRAM:
        return FAILED_LOGIN;
    case MONGOC_ERROR_BSON:
        return FAILED_DOCUMENT;
    case MONGOC_ERROR_SERVER:
        return classify_server(error->code);
    default:
        return FAILED_OTHER;
    }
}

/* libmongoc: "No suitable servers found (...): [connection refused calling hello on 'h:1']". */
static const char *selection_reason(char *out, size_t size, const char *message) {
    const char *open = strchr(message, '['), *close = strrchr(message, ']');
    if (!open || !close || close < open) return message;
    snprintf(out, size, "%.*s", (int)(close - open - 1), open + 1);
    return out;
}

static const char *selection_hint(const char *message) {
    if (strstr(message, "certificate") || strstr(message, "TLS") || strstr(message, "SSL"))
        return "; look at tlsCAFile and the host's name in the URI";
    if (strstr(message, "socket timeout") || strstr(message, "Server closed connection") ||
        strstr(message, "connection closed"))
        return "; does the server want TLS (tls=true in the URI), or none?";
    return "";
}

static hopt_status unreachable(const hopt_mongo *self, const char *message, hopt_error *err) {
    char reason[HOPT_ERROR_MESSAGE_MAX];
    bool tls = strstr(message, "certificate") != NULL;
    return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s MongoDB at %s: %s%s",
                          tls ? "no TLS connection to" : "can't reach", self->hosts,
                          selection_reason(reason, sizeof reason, message),
                          selection_hint(message));
}

hopt_status hopt_mongo__failed(hopt_mongo *self, const bson_error_t *error, hopt_error *err) {
    self->refused = error->domain == MONGOC_ERROR_SERVER;
    self->refused_code = self->refused ? error->code : 0;
    switch (classify(error)) {
    case FAILED_SELECT:
        self->renew = true;
        return unreachable(self, error->message, err);
    case FAILED_CONNECT:
        return unreachable(self, error->message, err);
    case FAILED_LOGIN:
        self->renew = true;
        return hopt_error_set(err, HOPT_EUNAVAILABLE, "MongoDB at %s refuses the login: %s",
                              self->hosts, error->message);
    case FAILED_DOCUMENT:
        return hopt_error_set(err, HOPT_EINVAL, "MongoDB at %s can't store this: %s", self->hosts,
                              error->message);
    default:
        return hopt_error_set(err, HOPT_ESTORE, "MongoDB at %s: %s", self->hosts, error->message);
    }
}

hopt_status hopt_mongo__after_change(hopt_status status, hopt_error *err) {
    if (status != HOPT_EUNAVAILABLE) return status;
    if (err) err->code = HOPT_ESTORE;
    return HOPT_ESTORE;
}

bool hopt_mongo__duplicate(const bson_error_t *error) {
    return error->code == MONGOC_ERROR_DUPLICATE_KEY &&
           (error->domain == MONGOC_ERROR_SERVER || error->domain == MONGOC_ERROR_COLLECTION ||
            error->domain == MONGOC_ERROR_COMMAND || error->domain == MONGOC_ERROR_WRITE_CONCERN);
}
