/* Store URIs: any bytes are parsed and masked without harm, and a password in its place, in
 * whatever frame, is in neither the mask nor a message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/store/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "S3CRET";

static void check(const char *text, int hides) {
    hopt_store_uri uri;
    hopt_error err = {0};
    char out[4096];
    hopt_store_uri_mask(out, sizeof out, text);
    HOPT_ASSERT(strlen(out) < sizeof out);
    for (const char *c = out; *c; c++)
        HOPT_ASSERT((unsigned char)*c >= 0x20 && *c != 0x7f);
    HOPT_ASSERT(!hides || !strstr(out, secret));
    hopt_status status = hopt_store_uri_parse(&uri, text, &err);
    HOPT_ASSERT(status == HOPT_OK || (status == HOPT_EINVAL && err.message[0]));
    HOPT_ASSERT(!strstr(err.message, secret));
    if (status) return;
    HOPT_ASSERT(uri.kind == HOPT_STORE_KIND_SQLITE ? uri.memory == !uri.path
                                                   : uri.mongo_uri && uri.database[0]);
    hopt_store_uri_clear(&uri);
}

/* The first byte says where the secret goes: the input is cut there. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 1500 || memmem(data, size, secret, sizeof secret - 1)) return 0;
    char *text = hopt_strndup((const char *)data, size);
    check(text, 0);
    if (size > 0) {
        size_t length = strlen(text), at = length ? data[0] % length : 0;
        char *framed = hopt_format("mongodb://%.*s:%s@%s", (int)at, text, secret, text + at);
        check(framed, 1);
        free(framed);
        framed = hopt_format("%.*s?password=%s&%s", (int)at, text, secret, text + at);
        char out[4096];
        /* With no '@' behind it and no scheme of a path before it, an option is an option. */
        if (strncasecmp(text, "sqlite:", at < 7 ? at : 7) != 0) {
            hopt_store_uri_mask(out, sizeof out, framed);
            HOPT_ASSERT(!strstr(out, secret));
        }
        free(framed);
    }
    free(text);
    return 0;
}
