/* `hopt doctor`: what is wrong with a store and what to do about it. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/doctor.h"
#include "cli/term.h"
#include "common/base/alloc.h"

typedef struct settings {
    hopt_cli_common common;
} settings;

static const hopt_option options[] = {HOPT_CLI_STORE(settings, HOPT_CLI_STORE_FOUND),
                                      HOPT_CLI_JSON(settings),
                                      HOPT_CLI_QUIET(settings),
                                      {0}};

static const char *const words[] = {
    [HOPT_FINDING_OK] = "OK", [HOPT_FINDING_WARN] = "WARN", [HOPT_FINDING_FAIL] = "FAIL"};

static void print_json(const hopt_finding *finding) {
    hopt_cli_json(json_pack("{s:s, s:s, s:s, s:s?}", "level", words[finding->level], "what",
                            finding->what, "says", finding->says, "todo", finding->todo));
}

static void print_people(const hopt_finding *finding) {
    static const hopt_style styles[] = {HOPT_STYLE_GOOD, HOPT_STYLE_WARN, HOPT_STYLE_BAD};
    printf("%s%-4s%s  %-12s ", hopt_term_style(stdout, styles[finding->level]),
           words[finding->level], hopt_term_style(stdout, HOPT_STYLE_PLAIN), finding->what);
    hopt_term_print(stdout, finding->says);
    putchar('\n');
    if (!finding->todo) return;
    printf("%20s", "");
    hopt_term_print(stdout, finding->todo);
    putchar('\n');
}

static int doctor(const hopt_command *self, void *given) {
    const settings *s = given;
    hopt_context context;
    hopt_findings findings = {0};
    int code = hopt_context_open(&context, self, &s->common, NULL, HOPT_CONTEXT_WRITE);
    if (code != HOPT_EXIT_OK) {
        hopt_context_close(&context);
        return code;
    }
    hopt_doctor_examine(&findings, &context);
    for (size_t i = 0; i < findings.count; i++) {
        const hopt_finding *finding = &findings.list[i];
        if (finding->level == HOPT_FINDING_FAIL) code = HOPT_EXIT_FAILED;
        if (s->common.quiet && finding->level == HOPT_FINDING_OK) continue;
        if (s->common.json)
            print_json(finding);
        else
            print_people(finding);
    }
    hopt_findings_clear(&findings);
    hopt_context_close(&context);
    return code;
}

static const char *const description[] = {
    "Looks at a store: can it be reached and written, how fast is it, do its clock and indexes "
    "agree, is there space, does somebody look after each active study, are there workers and "
    "trials that nobody works on any more. Every finding is a line OK, WARN or FAIL, with what to "
    "do about it.",
    NULL};
static const hopt_exit_note exits[] = {{HOPT_EXIT_OK, "nothing is broken; there may be warnings"},
                                       {HOPT_EXIT_FAILED, "something is: a line says FAIL"},
                                       {HOPT_EXIT_STORE, "the store can't be reached or opened"},
                                       {0}};

const hopt_command hopt_cmd_doctor = {.path = "hopt doctor",
                                      .summary = "look for what is wrong with a store",
                                      .description = description,
                                      .options = options,
                                      .exits = exits,
                                      .section = 1,
                                      .options_size = sizeof(settings),
                                      .run = doctor};
