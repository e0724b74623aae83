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

typedef struct hint {
    const char *part; /* of the driver's or OpenSSL's words */
    const char *text;
} hint;

static const char *find_hint(const hint *hints, const char *message) {
    for (; hints->part; hints++) {
        if (strcasestr(message, hints->part)) return hints->text;
    }
    return "";
}

/* With tls=true in the URI. A refused connection reads "connection closed" there, too. */
static const hint tls_hints[] = {
    {"certificate has expired", "; the server's certificate must be renewed, or a clock is wrong"},
    {"not yet valid", "; is the clock of this machine right?"},
    {"mismatch", "; the server's certificate is for other names than the host's in the URI"},
    {"certificate verify failed",
     "; the server's certificate is not from the CA of tlsCAFile in the URI (without one: of this "
     "system)"},
    {"certificate required",
     "; the server asks for a client certificate: tlsCertificateKeyFile in the URI"},
    {"bad certificate", "; the server refuses the certificate of tlsCertificateKeyFile"},
    {"unknown ca", "; the server does not know the CA of tlsCertificateKeyFile's certificate"},
    {"socket timeout", "; does the server speak TLS on this port? If not, leave out tls=true"},
    {"connection closed",
     "; is a server there, and does it ask for a client certificate (tlsCertificateKeyFile)?"},
    {"length header",
     "; is a server there, and does it ask for a client certificate (tlsCertificateKeyFile)?"},
    {"closed connection",
     "; is a server there, and does it ask for a client certificate (tlsCertificateKeyFile)?"},
    {"connection error", "; look at the files of tlsCAFile and tlsCertificateKeyFile in the URI"},
    {NULL, NULL}};

static const hint plain_hints[] = {
    {"socket timeout", "; does the server want TLS (tls=true in the URI)?"},
    {"connection closed", "; does the server want TLS? Then tls=true in the URI"},
    {"length header", "; does the server want TLS? Then tls=true in the URI"},
    {"closed connection", "; does the server want TLS? Then tls=true in the URI"},
    {NULL, NULL}};

static const hint login_hints[] = {
    {"requires authentication",
     "; put user and password into the store's URI: mongodb://USER:PASSWORD@HOST/DATABASE"},
    {"mechanism", "; look at authMechanism in the store's URI"},
    {"authoriz", "; the user needs the role readWrite for this database"},
    {"", "; look at user, password and authSource in the store's URI"},
    {NULL, NULL}};

static hopt_status unreachable(const hopt_mongo *self, const char *message, hopt_error *err) {
    char reason[HOPT_ERROR_MESSAGE_MAX];
    bool certificate = strstr(message, "certificate") != NULL;
    bool tls = certificate || (self->uri && mongoc_uri_get_tls(self->uri));
    const char *why = selection_reason(reason, sizeof reason, message);
    return hopt_error_set(err, HOPT_EUNAVAILABLE, "%s MongoDB at %s: %s%s",
                          certificate ? "no TLS connection to" : "can't reach", self->hosts, why,
                          find_hint(tls ? tls_hints : plain_hints, why));
}

static hopt_status refused(const hopt_mongo *self, const char *message, hopt_error *err) {
    size_t length = strlen(message);
    if (length && message[length - 1] == '.') length--;
    return hopt_error_set(err, HOPT_EUNAVAILABLE, "MongoDB at %s refuses the login: %.*s%s",
                          self->hosts, (int)length, message, find_hint(login_hints, message));
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
        return refused(self, error->message, err);
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
