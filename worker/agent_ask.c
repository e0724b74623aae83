/* What the objective of a Python driver asks of the store while it runs: ctrl.checkpoint() and
 * ctrl.attachments. It waits for the answer, so there is one question a slot. The store's part runs
 * on the queue's thread; what the store can't do now is asked again, the objective waits.
 *
 *   {"checkpoint": {["document": TEXT | "file": F]}}            → {"ok": true}
 *   {"attach": {"name": N, "file": F, "of": "trial"|"experiment"}} → {"ok": true}
 *   {"fetch": {"name": N, "file": F, "of": ...}}                → {"found": true|false}
 *   {"list": {"of": ...}}                                       → {"names": [N...]}
 *   {"result": {"file": F}}                                     → {"ok": true}
 *
 * or → {"error": TEXT}. F is a file in the trial's folder: documents as text are short, others and
 * all contents are files. "result" only keeps the document for the result that follows. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "worker/agent_internal.h"

typedef enum ask_kind { ASK_CHECKPOINT, ASK_ATTACH, ASK_FETCH, ASK_LIST, ASK_RESULT } ask_kind;
static const char *const kind_names[] = {"checkpoint", "attach", "fetch", "list", "result"};

struct hopt_ask {
    hopt_agent *agent;
    hopt_slot *slot; /* NULL: nobody waits any more */
    bool submitted;
    ask_kind kind;
    hopt_trial_id id;
    char study[HOPT_STUDY_NAME_MAX];
    int lease;
    const char *exp_key;
    bool experiment;
    char *name, *file; /* fetch: the file's name to be */
    char *data;        /* attach: contents; checkpoint: the document or NULL */
    size_t length;
    char *path; /* fetch: where it was put */
    char **names;
    size_t n_names;
    hopt_status status;
    hopt_error err;
};

static void free_ask(hopt_ask *ask) {
    if (ask->path) {
        unlink(ask->path); /* nobody took it */
        free(ask->path);
    }
    free(ask->name);
    free(ask->file);
    free(ask->data);
    hopt_names_free(ask->names);
    free(ask);
}

/* ---- on the queue's thread ---- */

static hopt_status fetch_to(hopt_ask *ask, hopt_store *store, int fd) {
    if (ask->experiment) {
        char id[HOPT_FILE_ID_SIZE];
        hopt_status status = hopt_driven_file(store, ask->exp_key, ask->name, id, &ask->err);
        return status ? status : hopt_driven_download(store, id, fd, &ask->err);
    }
    void *data;
    size_t length;
    hopt_status status =
        hopt_store_attachment(store, &data, &length, &ask->id, ask->name, &ask->err);
    if (status != HOPT_OK) return status;
    for (size_t done = 0; done < length && status == HOPT_OK;) {
        ssize_t wrote = write(fd, (char *)data + done, length - done);
        if (wrote <= 0)
            status = hopt_error_set(&ask->err, HOPT_EFAILED, "can't write an attachment's file");
        else
            done += (size_t)wrote;
    }
    free(data);
    return status;
}

static hopt_status fetch(hopt_ask *ask, hopt_store *store) {
    if (!ask->path)
        ask->path = hopt_format("%s/fetch-XXXXXX", ask->agent->options.workdir);
    else
        memcpy(ask->path + strlen(ask->path) - 6, "XXXXXX", 6);
    int fd = mkostemp(ask->path, O_CLOEXEC);
    if (fd < 0)
        return hopt_error_set(&ask->err, HOPT_EFAILED, "can't make a file in %s",
                              ask->agent->options.workdir);
    hopt_status status = fetch_to(ask, store, fd);
    close(fd);
    if (status != HOPT_OK) unlink(ask->path);
    return status;
}

static hopt_status do_ask(hopt_ask *ask, hopt_store *store) {
    hopt_lease lease = {ask->id, ask->study, ask->agent->owner, ask->lease};
    switch (ask->kind) {
    case ASK_CHECKPOINT:
        return hopt_driven_checkpoint(store, &lease, ask->data, &ask->err);
    case ASK_ATTACH:
        return ask->experiment ? hopt_driven_put(store, ask->exp_key, ask->name, ask->data,
                                                 ask->length, &ask->err)
                               : hopt_driven_attach(store, &lease, ask->name, ask->data,
                                                    ask->length, &ask->err);
    case ASK_FETCH:
        return fetch(ask, store);
    case ASK_LIST:
        return ask->experiment
                   ? hopt_driven_files(store, ask->exp_key, &ask->names, &ask->n_names, &ask->err)
                   : hopt_store_attachments(store, &ask->names, &ask->n_names, &ask->id, &ask->err);
    default:
        return HOPT_OK;
    }
}

static void ask_work(void *context, void *data) {
    hopt_ask *ask = data;
    hopt_store **store = context;
    ask->status = hopt_agent__open_store(ask->agent, store, &ask->err);
    if (ask->status == HOPT_OK) ask->status = do_ask(ask, *store);
}

/* ---- on the loop thread ---- */

/* Takes `value`; NULL: a text that is not UTF-8. */
static void answer(hopt_slot *slot, json_t *value) {
    if (!value) value = json_pack("{s:s}", "error", "it failed");
    hopt_sandbox_answer(slot->sandbox, value);
    json_decref(value);
}

static json_t *names_answer(const hopt_ask *ask) {
    json_t *names = json_array();
    for (size_t i = 0; i < ask->n_names; i++)
        json_array_append_new(names, json_string(ask->names[i]));
    return json_pack("{s:o}", "names", names);
}

static json_t *good_answer(hopt_ask *ask) {
    if (ask->kind == ASK_LIST) return names_answer(ask);
    if (ask->kind != ASK_FETCH) return json_pack("{s:b}", "ok", 1);
    if (hopt_sandbox_give(ask->slot->sandbox, ask->path, ask->file, &ask->err) != HOPT_OK)
        return json_pack("{s:s}", "error", ask->err.message);
    free(ask->path);
    ask->path = NULL;
    return json_pack("{s:b}", "found", 1);
}

static void submit(hopt_ask *ask);

static void ask_done(void *data, bool ran) {
    hopt_ask *ask = data;
    hopt_slot *slot = ask->slot;
    ask->submitted = false;
    if (!slot || !ran) {
        if (slot) slot->ask = NULL;
        free_ask(ask);
        return;
    }
    if (ask->status == HOPT_ESTORE || ask->status == HOPT_EUNAVAILABLE) return; /* asked again */
    slot->ask = NULL;
    if (ask->status == HOPT_ECONFLICT) {
        slot->lost = true;
        hopt_sandbox_kill(slot->sandbox, "lost");
    } else if (ask->status == HOPT_OK) {
        answer(slot, good_answer(ask));
    } else if (ask->status == HOPT_ENOTFOUND && ask->kind == ASK_FETCH) {
        answer(slot, json_pack("{s:b}", "found", 0));
    } else {
        answer(slot, json_pack("{s:s}", "error", ask->err.message));
    }
    free_ask(ask);
}

static void submit(hopt_ask *ask) {
    ask->submitted = true;
    hopt_offload_submit(ask->agent->queue, ask_work, ask_done, ask);
}

void hopt_slot__ask_again(hopt_slot *slot) {
    if (slot->ask && !slot->ask->submitted && slot->state == HOPT_SLOT_BUSY) submit(slot->ask);
}

void hopt_slot__drop_ask(hopt_slot *slot) {
    hopt_ask *ask = slot->ask;
    slot->ask = NULL;
    if (!ask) return;
    ask->slot = NULL;
    if (!ask->submitted) free_ask(ask);
}

/* ---- questions ---- */

static char *read_file(hopt_slot *slot, const char *file, size_t *length, hopt_error *err) {
    int64_t size = 0;
    int fd = hopt_sandbox_open(slot->sandbox, file, &size, err);
    if (fd < 0) return NULL;
    char *data = hopt_alloc((size_t)size + 1);
    *length = 0;
    while (*length < (size_t)size) {
        ssize_t got = read(fd, data + *length, (size_t)size - *length);
        if (got <= 0) break;
        *length += (size_t)got;
    }
    data[*length] = '\0';
    close(fd);
    return data;
}

static hopt_status read_contents(hopt_ask *ask, const json_t *question) {
    const char *text = hopt_json_string_of(question, "document");
    const char *file = hopt_json_string_of(question, "file");
    if (ask->kind == ASK_FETCH) {
        ask->file = hopt_strdup(file ? file : "");
        return HOPT_OK;
    }
    if (text) {
        ask->data = hopt_strdup(text);
    } else if (file) {
        ask->data = read_file(ask->slot, file, &ask->length, &ask->err);
        if (!ask->data) return HOPT_EINVAL;
    }
    return HOPT_OK;
}

static hopt_status read_question(hopt_ask *ask, const json_t *question) {
    json_t *value = (json_t *)question;
    const char *key = json_object_iter_key(json_object_iter(value));
    size_t kind = 0;
    while (kind < HOPT_COUNT(kind_names) && strcmp(kind_names[kind], key) != 0)
        kind++;
    if (kind == HOPT_COUNT(kind_names))
        return hopt_error_set(&ask->err, HOPT_EINVAL, "there is no question \"%.40s\"", key);
    ask->kind = (ask_kind)kind;
    value = json_object_get(value, key);
    const char *of = hopt_json_string_of(value, "of");
    ask->experiment = of && strcmp(of, "experiment") == 0;
    ask->name = hopt_strdup(hopt_json_string_of(value, "name"));
    hopt_status status = read_contents(ask, value);
    if (status != HOPT_OK) return status;
    bool named = ask->kind == ASK_ATTACH || ask->kind == ASK_FETCH;
    bool filled = ask->kind == ASK_ATTACH || ask->kind == ASK_RESULT;
    if ((named && !ask->name) || (filled && !ask->data))
        return hopt_error_set(&ask->err, HOPT_EINVAL, "\"%s\": \"name\" or \"file\" is missing",
                              key);
    return HOPT_OK;
}

void hopt_slot__on_ask(void *data, const json_t *question) {
    hopt_slot *slot = data;
    if (slot->ask) {
        answer(slot, json_pack("{s:s}", "error", "one question at a time"));
        return;
    }
    hopt_ask *ask = hopt_zalloc(1, sizeof *ask);
    ask->agent = slot->agent;
    ask->slot = slot;
    ask->id = slot->trial->id;
    ask->lease = slot->trial->lease;
    ask->exp_key = slot->exp_key;
    memcpy(ask->study, slot->trial->study, sizeof ask->study);
    if (read_question(ask, question) != HOPT_OK) {
        answer(slot, json_pack("{s:s}", "error", ask->err.message));
        free_ask(ask);
        return;
    }
    if (ask->kind == ASK_RESULT) {
        free(slot->document);
        slot->document = ask->data;
        ask->data = NULL;
        answer(slot, json_pack("{s:b}", "ok", 1));
        free_ask(ask);
        return;
    }
    slot->ask = ask;
    submit(ask);
}
