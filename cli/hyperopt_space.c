/*
 * Design notes. The canonical text of a space has every label spelled out, a shared parameter in
 * full where it first occurs and later by its label alone; so walking that text is all that is
 * needed. hyperopt evaluates a list to a tuple, hence Literal() around constants that hold lists
 * and a call of `list` where a list holds parameters; and its quantised values are reals, hence
 * scope.int() where the objective of hopt gets integers.
 */
#include "cli/hyperopt_space.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/store/uri.h"

typedef struct writer {
    hopt_buf *out;
    json_t *shared;  /* label -> the variable that holds the parameter */
    json_t *defined; /* label -> its definition, of those that occur more than once */
    int n_shared;
} writer;

static void write_node(writer *w, const json_t *node, int indent);

/* ---- constants ---- */

static void new_line(writer *w, int indent) {
    hopt_buf_print(w->out, "\n%*s", 4 * indent, "");
}

static void write_text(writer *w, const char *text) {
    hopt_json_print_string(w->out, text, strlen(text)); /* its escapes are Python's too */
}

static void write_constant(writer *w, const json_t *value) {
    const char *key, *before = "{";
    json_t *member;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, member) {
            hopt_buf_text(w->out, before);
            write_text(w, key);
            hopt_buf_text(w->out, ": ");
            write_constant(w, member);
            before = ", ";
        }
        hopt_buf_text(w->out, json_object_size(value) ? "}" : "{}");
    } else if (json_is_array(value)) {
        hopt_buf_char(w->out, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (i) hopt_buf_text(w->out, ", ");
            write_constant(w, json_array_get(value, i));
        }
        hopt_buf_char(w->out, ']');
    } else if (json_is_boolean(value)) {
        hopt_buf_text(w->out, json_is_true(value) ? "True" : "False");
    } else if (json_is_null(value)) {
        hopt_buf_text(w->out, "None");
    } else {
        hopt_json_print(w->out, value);
    }
}

static bool holds_list(const json_t *value) {
    const char *key;
    json_t *member;
    if (json_is_array(value)) return true;
    json_object_foreach((json_t *)value, key, member) {
        if (holds_list(member)) return true;
    }
    return false;
}

static bool is_param(const json_t *value) {
    return json_object_get(value, "_label") != NULL;
}

static bool holds_param(const json_t *value) {
    const char *key;
    json_t *member;
    if (is_param(value)) return true;
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (holds_param(json_array_get(value, i))) return true;
    }
    json_object_foreach((json_t *)value, key, member) {
        if (holds_param(member)) return true;
    }
    return false;
}

/* ---- parameters ---- */

static void write_number(writer *w, double value) {
    char number[HOPT_JSON_NUMBER];
    hopt_json_number(number, value);
    hopt_buf_text(w->out, number);
}

static void write_options(writer *w, const json_t *options, bool weighted, int indent) {
    hopt_buf_char(w->out, '[');
    for (size_t i = 0; i < json_array_size(options); i++) {
        const json_t *option = json_array_get(options, i);
        new_line(w, indent + 1);
        if (weighted) {
            hopt_buf_char(w->out, '(');
            write_number(w, json_number_value(json_array_get(option, 0)));
            hopt_buf_text(w->out, ", ");
            option = json_array_get(option, 1);
        }
        write_node(w, option, indent + 1);
        hopt_buf_text(w->out, weighted ? ")," : ",");
    }
    new_line(w, indent);
    hopt_buf_char(w->out, ']');
}

/* The numbers of a distribution; bounds of logarithmic ones are logarithms in hyperopt. */
static void write_numbers(writer *w, const json_t *values, bool bounds_are_logs) {
    for (size_t i = 0; i < json_array_size(values); i++) {
        bool log = bounds_are_logs && i < 2;
        hopt_buf_text(w->out, log ? ", log(" : ", ");
        write_number(w, json_number_value(json_array_get(values, i)));
        if (log) hopt_buf_char(w->out, ')');
    }
}

static void write_definition(writer *w, const json_t *param, int indent) {
    const char *type = hopt_json_string_of(param, "_type");
    const json_t *values = json_object_get(param, "_value");
    double q = json_number_value(json_array_get(values, 2));
    bool weighted = strcmp(type, "pchoice") == 0, whole = q > 0 && rint(q) == q;
    bool options = weighted || strcmp(type, "choice") == 0;
    if (whole && !options) hopt_buf_text(w->out, "scope.int(");
    hopt_buf_print(w->out, "hp.%s(", type);
    write_text(w, hopt_json_string_of(param, "_label"));
    if (options) {
        hopt_buf_text(w->out, ", ");
        write_options(w, values, weighted, indent);
    } else {
        write_numbers(w, values, strstr(type, "loguniform") != NULL);
    }
    hopt_buf_text(w->out, whole && !options ? "))" : ")");
}

static void write_param(writer *w, const json_t *param, int indent) {
    const char *variable = hopt_json_string_of(w->shared, hopt_json_string_of(param, "_label"));
    if (variable)
        hopt_buf_text(w->out, variable);
    else
        write_definition(w, param, indent);
}

static void write_object(writer *w, const json_t *object, int indent) {
    const char *key;
    json_t *member;
    hopt_buf_char(w->out, '{');
    json_object_foreach((json_t *)object, key, member) {
        new_line(w, indent + 1);
        write_text(w, key);
        hopt_buf_text(w->out, ": ");
        write_node(w, member, indent + 1);
        hopt_buf_char(w->out, ',');
    }
    new_line(w, indent);
    hopt_buf_char(w->out, '}');
}

static void write_node(writer *w, const json_t *node, int indent) {
    if (is_param(node)) {
        write_param(w, node, indent);
    } else if (!holds_param(node)) {
        bool list = holds_list(node);
        if (list) hopt_buf_text(w->out, "Literal(");
        write_constant(w, node);
        if (list) hopt_buf_char(w->out, ')');
    } else if (json_is_object(node)) {
        write_object(w, node, indent);
    } else {
        hopt_buf_text(w->out, "scope.call(list, [[");
        for (size_t i = 0; i < json_array_size(node); i++) {
            new_line(w, indent + 1);
            write_node(w, json_array_get(node, i), indent + 1);
            hopt_buf_char(w->out, ',');
        }
        new_line(w, indent);
        hopt_buf_text(w->out, "]])");
    }
}

/* ---- shared parameters ---- */

/* Note the labels that stand alone somewhere: those parameters occur again. */
static void find_shared(writer *w, const json_t *node) {
    const char *key;
    json_t *member;
    if (is_param(node) && !json_object_get(node, "_type"))
        json_object_set_new(w->defined, hopt_json_string_of(node, "_label"), json_null());
    for (size_t i = 0; i < json_array_size(node); i++)
        find_shared(w, json_array_get(node, i));
    json_object_foreach((json_t *)node, key, member) find_shared(w, member);
}

/* A variable for each shared parameter, those that it holds before it. */
static void define_shared(writer *w, const json_t *node) {
    const char *key, *label = is_param(node) ? hopt_json_string_of(node, "_label") : NULL;
    json_t *member;
    for (size_t i = 0; i < json_array_size(node); i++)
        define_shared(w, json_array_get(node, i));
    json_object_foreach((json_t *)node, key, member) define_shared(w, member);
    if (!label || !json_object_get(node, "_type") || !json_object_get(w->defined, label)) return;
    hopt_buf_print(w->out, "shared_%d = ", ++w->n_shared);
    write_definition(w, node, 0);
    hopt_buf_char(w->out, '\n');
    json_object_set_new(w->shared, label, json_sprintf("shared_%d", w->n_shared));
}

static void write_space(writer *w, const hopt_space *space) {
    char *text = hopt_space_canonical(space);
    json_t *root;
    hopt_status status = hopt_json_parse(&root, text, strlen(text), 0, NULL);
    HOPT_ASSERT(status == HOPT_OK); /* it is our own printer's */
    w->shared = json_object();
    w->defined = json_object();
    find_shared(w, root);
    define_shared(w, root);
    hopt_buf_text(w->out, "space = ");
    write_node(w, root, 0);
    hopt_buf_text(w->out, "\n\n\n");
    json_decref(w->shared);
    json_decref(w->defined);
    json_decref(root);
    free(text);
}

/* ---- trials ---- */

/* The value of an option in a URI's query, as it stands there, or NULL; the caller's. */
static char *query_option(const char *query, const char *name) {
    size_t length = strlen(name);
    for (const char *at = query; at && *at; at = strpbrk(at, "&;")) {
        at += strspn(at, "?&;");
        if (strncasecmp(at, name, length) == 0 && at[length] == '=')
            return hopt_strndup(at + length + 1, strcspn(at + length + 1, "&;"));
    }
    return NULL;
}

/* hyperopt's form of a MongoDB URI, its password masked; *remark says what that form lacks. */
static char *hyperopt_url(const hopt_store_uri *uri, const char **remark) {
    char masked[1024];
    hopt_store_uri_mask(masked, sizeof masked, uri->mongo_uri);
    const char *rest = strstr(masked, "://") + 3;
    size_t authority = strcspn(rest, "/?");
    const char *query = strchr(rest, '?');
    const char *host = rest;
    for (const char *at = rest; at < rest + authority; at++)
        if (*at == '@') host = at + 1;
    size_t length = (size_t)(rest + authority - host), first = strcspn(host, ",/?");
    size_t bracket = host[0] == '[' ? strcspn(host, "]") : 0;
    bool port = memchr(host + bracket, ':', first > bracket ? first - bracket : 0) != NULL;
    *remark = NULL;
    if (strncasecmp(uri->mongo_uri, "mongodb+srv", 11) == 0)
        *remark = "hyperopt looks up no SRV records: write a host's name and port";
    else if (first < length)
        *remark = "hyperopt knows one host: this is the first";
    char *tls = query_option(query, "tls"), *ssl = query_option(query, "ssl");
    if ((tls && strcmp(tls, "true") == 0) || (ssl && strcmp(ssl, "true") == 0))
        *remark = "hyperopt connects without TLS, which this server may refuse";
    char *source = query_option(query, "authSource");
    /* Where the URI names no database, MongoDB looks for the user in "admin". */
    bool named = rest[authority] == '/' && !strchr("?", rest[authority + 1]);
    if (!source && host > rest) source = hopt_strdup(named ? uri->database : "admin");
    char *out = hopt_format("mongo://%.*s%.*s%s/%s/jobs%s%s", (int)(host - rest), rest, (int)first,
                            host, port ? "" : ":27017", uri->database, source ? "?authSource=" : "",
                            source ? source : "");
    free(source);
    free(tls);
    free(ssl);
    return out;
}

static void write_mongo_trials(writer *w, const hopt_study_spec *spec, const hopt_store_uri *uri) {
    const char *remark;
    char *url = hyperopt_url(uri, &remark);
    if (strstr(url, "***")) hopt_buf_text(w->out, "# The password goes in place of the ***.\n");
    if (remark) hopt_buf_print(w->out, "# %s.\n", remark);
    hopt_buf_text(w->out, "def open_trials(url=");
    write_text(w, url);
    hopt_buf_print(w->out,
                   "):\n    from hyperopt.mongoexp import MongoTrials\n\n"
                   "    return MongoTrials(url, exp_key=\"%s\")\n",
                   spec->name);
    free(url);
}

static void write_file_trials(writer *w, const hopt_study_spec *spec) {
    hopt_buf_print(
        w->out,
        "# The study is in a SQLite store: its trials come from a file, which\n"
        "#     hopt export %s -o %s.jsonl\n"
        "# writes. (\"hopt copy\" moves a study to MongoDB, where hyperopt reads it at first "
        "hand.)\n"
        "def open_trials(path=\"%s.jsonl\"):\n"
        "    import json\n\n"
        "    from hyperopt import trials_from_docs\n\n"
        "    states = [\"new\", \"running\", \"done\", \"error\", \"cancel\"]\n"
        "    docs = []\n"
        "    for line in map(json.loads, open(path, encoding=\"utf-8\")):\n"
        "        tid, result = line[\"num\"], dict(line[\"extras\"] or {}, "
        "status=line[\"status\"])\n"
        "        if line[\"loss\"] is not None:\n"
        "            result[\"loss\"] = %sline[\"loss\"]\n"
        "        idxs = {label: [tid] * len(v) for label, v in line[\"vals\"].items()}\n"
        "        misc = dict(tid=tid, cmd=[\"hopt\"], idxs=idxs, vals=line[\"vals\"])\n"
        "        docs.append(dict(\n"
        "            tid=tid, state=states.index(line[\"state\"]), spec=None, result=result, "
        "misc=misc,\n"
        "            exp_key=None, owner=None, version=0, book_time=None, refresh_time=None))\n"
        "    return trials_from_docs(docs)\n",
        spec->name, spec->name, spec->name, spec->maximize ? "-" : "");
}

static void write_main(writer *w) {
    hopt_buf_text(w->out, "\n\nif __name__ == \"__main__\":\n"
                          "    from hyperopt import space_eval\n\n"
                          "    trials = open_trials()\n"
                          "    print(len(trials), \"trials; the best loss is\", "
                          "trials.best_trial[\"result\"][\"loss\"])\n"
                          "    print(space_eval(space, trials.argmin))\n");
}

static void write_imports(hopt_buf *out, const char *space) {
    hopt_buf_text(out, strstr(space, "log(") ? "from math import log\n\n" : "");
    hopt_buf_text(out, "from hyperopt import hp\n");
    if (strstr(space, "scope.")) hopt_buf_text(out, "from hyperopt.pyll import scope\n");
    if (strstr(space, "Literal(")) hopt_buf_text(out, "from hyperopt.pyll.base import Literal\n");
    hopt_buf_char(out, '\n');
}

void hopt_hyperopt_module(hopt_buf *out, const hopt_study_spec *spec, const char *store_uri) {
    writer w = {.out = out};
    hopt_store_uri uri;
    hopt_buf_print(out,
                   "# The space and the trials of hopt's study \"%s\", for Python's hyperopt.\n"
                   "# Written by: hopt export %s --format hyperopt-space\n",
                   spec->name, spec->name);
    if (spec->maximize)
        hopt_buf_text(out, "# The study is maximized; hyperopt minimizes: losses are negated.\n");
    hopt_buf_char(out, '\n');
    hopt_buf space = HOPT_BUF_INIT;
    w.out = &space;
    write_space(&w, spec->space);
    write_imports(out, hopt_buf_string(&space));
    hopt_buf_add(out, space.data, space.length);
    hopt_buf_clear(&space);
    w.out = out;
    bool known = hopt_store_uri_parse(&uri, store_uri, NULL) == HOPT_OK;
    if (known && uri.kind == HOPT_STORE_KIND_MONGODB)
        write_mongo_trials(&w, spec, &uri);
    else
        write_file_trials(&w, spec);
    if (known) hopt_store_uri_clear(&uri);
    write_main(&w);
}
