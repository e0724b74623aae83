/* `hopt workers`. */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/table.h"
#include "cli/view.h"
#include "master/as_json.h"
#include "master/workers_seen.h"

typedef struct settings {
    hopt_cli_common common;
} settings;

static const hopt_option options[] = {HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
                                      HOPT_CLI_JSON(settings),
                                      HOPT_CLI_QUIET(settings),
                                      {0}};

static void add_row(hopt_table *table, const hopt_worker_record *worker) {
    hopt_buf ago = HOPT_BUF_INIT;
    hopt_view_ago(&ago, worker->age_ms);
    hopt_table_styled(table, HOPT_STYLE_PLAIN, worker->owner);
    hopt_table_cell(table, "%d/%d", worker->running, worker->slots);
    hopt_table_styled(table, hopt_worker_silent(worker) ? HOPT_STYLE_BAD : HOPT_STYLE_GOOD,
                      hopt_worker_silent(worker) ? "silent" : "alive");
    hopt_table_styled(table, HOPT_STYLE_PLAIN, hopt_buf_string(&ago));
    hopt_table_styled(table, HOPT_STYLE_PLAIN, worker->studies ? worker->studies : "");
    hopt_buf_clear(&ago);
}

static int workers(const hopt_command *self, void *given) {
    static const char *const headings[] = {"WORKER", "RUNNING", "STATE", "SEEN", "STUDIES"};
    const settings *s = given;
    hopt_context context;
    hopt_worker_record *list;
    size_t count;
    hopt_error err;
    int code = hopt_context_open(&context, self, &s->common, NULL, HOPT_CONTEXT_READ);
    if (code == HOPT_EXIT_OK && hopt_workers_seen(context.store, &list, &count, &err) != HOPT_OK)
        code = hopt_cli_fail(self, &err);
    else if (code == HOPT_EXIT_OK) {
        hopt_table *table = s->common.json ? NULL : hopt_table_new(headings, "lrlrl");
        for (size_t i = 0; i < count; i++) {
            if (table)
                add_row(table, &list[i]);
            else
                hopt_cli_json(hopt_worker_json(&list[i]));
        }
        if (table) hopt_table_print(table, stdout);
        if (count == 0)
            hopt_cli_note(&s->common, "no worker in %s", hopt_store_name(context.store));
        hopt_worker_records_free(list, count);
    }
    hopt_context_close(&context);
    return code;
}

static const char *const description[] = {
    "Lists the workers of a store: who they are (host, process, a random part), how many of their "
    "slots are busy, when they were last heard, and which studies they work for. A silent one is "
    "dead or cut off; a master takes its trials back.",
    NULL};

const hopt_command hopt_cmd_workers = {.path = "hopt workers",
                                       .summary = "list the workers of a store",
                                       .description = description,
                                       .options = options,
                                       .section = 1,
                                       .options_size = sizeof(settings),
                                       .run = workers};
