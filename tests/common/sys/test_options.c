#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "common/sys/options.h"

typedef struct settings {
    const char *store, *format, *file, *second;
    int64_t slots, seed, grace_ms;
    double percent;
    bool quiet, verbose;
    hopt_texts sets, rest;
} settings;

#define AT(f) .offset = offsetof(settings, f)
static const hopt_option options[] = {
    {.name = "store",
     .type = HOPT_OPTION_STRING,
     .argument = "URI",
     .env = "HOPT_STORE",
     AT(store),
     .help = "where"},
    {.name = "slots",
     .letter = 'j',
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .min = 1,
     .max = 1024,
     .def = "2",
     .env = "SLOTS",
     AT(slots),
     .help = "how many"},
    {.name = "seed",
     .type = HOPT_OPTION_INTEGER,
     .argument = "N",
     .def = "-1",
     .def_text = "drawn",
     AT(seed),
     .help = "the seed"},
    {.name = "grace",
     .type = HOPT_OPTION_DURATION,
     .argument = "TIME",
     .min = 0,
     .max = 60000,
     .def = "1.5s",
     AT(grace_ms),
     .help = "patience"},
    {.name = "percent",
     .type = HOPT_OPTION_NUMBER,
     .argument = "P",
     .low = 0,
     .high = 100,
     AT(percent),
     .help = "part"},
    {.name = "format",
     .type = HOPT_OPTION_CHOICE,
     .argument = "FORM",
     .choices = "json|env|args",
     .def = "json",
     AT(format),
     .help = "form"},
    {.name = "quiet", .letter = 'q', .type = HOPT_OPTION_FLAG, AT(quiet), .help = "say less"},
    {.name = "verbose", .letter = 'v', .type = HOPT_OPTION_FLAG, AT(verbose), .help = "say more"},
    {.name = "set",
     .type = HOPT_OPTION_STRING,
     .argument = "K=V",
     .repeatable = true,
     AT(sets),
     .help = "settings"},
    {0}};
static const hopt_positional positionals[] = {
    {.name = "FILE", AT(file), .help = "the file"},
    {.name = "SECOND", .optional = true, AT(second), .help = "another"},
    {.name = "MORE", .optional = true, .rest = true, AT(rest), .help = "the rest"},
    {0}};
static const hopt_command command = {.path = "prog sub",
                                     .summary = "does things",
                                     .options = options,
                                     .positionals = positionals,
                                     .section = 1,
                                     .options_size = sizeof(settings)};

static const char *env_store, *env_slots;
static char *environment(const char *name) {
    if (strcmp(name, "HOPT_STORE") == 0) return (char *)env_store;
    if (strcmp(name, "SLOTS") == 0) return (char *)env_slots;
    return NULL;
}

static settings s;
static hopt_asked asked;
static hopt_error err;
static hopt_status parse(const char *line) {
    static char copy[1024];
    char *argv[32] = {(char *)"prog"};
    int argc = 1;
    strcpy(copy, line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    memset(&err, 0, sizeof err);
    return hopt_options_parse(&command, &s, argc, argv, environment, &asked, &err);
}
static void done(void) {
    hopt_command_clear(&command, &s);
}

Test(options, defaults_hold_when_nothing_is_given) {
    cr_assert_eq(parse("a.json"), HOPT_OK);
    cr_assert_str_eq(s.file, "a.json");
    cr_assert_null(s.second);
    cr_assert_null(s.store);
    cr_assert_eq(s.slots, 2);
    cr_assert_eq(s.seed, -1);
    cr_assert_eq(s.grace_ms, 1500);
    cr_assert_str_eq(s.format, "json");
    cr_assert_not(s.quiet);
    done();
}

Test(options, every_spelling_is_read) {
    cr_assert_eq(parse("--store=x --slots 7 -q a.json --set k=1 --set=j=2 b c d"), HOPT_OK);
    cr_assert_str_eq(s.store, "x");
    cr_assert_eq(s.slots, 7);
    cr_assert(s.quiet);
    cr_assert_eq(s.sets.count, 2);
    cr_assert_str_eq(s.sets.list[1], "j=2");
    cr_assert_str_eq(s.second, "b");
    cr_assert_eq(s.rest.count, 2);
    cr_assert_str_eq(s.rest.list[1], "d");
    done();
    cr_assert_eq(parse("-qvj8 a"), HOPT_OK);
    cr_assert(s.quiet && s.verbose);
    cr_assert_eq(s.slots, 8);
    done();
    cr_assert_eq(parse("-j 9 -- --store -q"), HOPT_OK);
    cr_assert_eq(s.slots, 9);
    cr_assert_str_eq(s.file, "--store");
    cr_assert_str_eq(s.second, "-q");
    cr_assert_not(s.quiet);
    done();
}

Test(options, flag_beats_environment_beats_default) {
    env_slots = "5";
    env_store = "fromenv";
    cr_assert_eq(parse("a"), HOPT_OK);
    cr_assert_eq(s.slots, 5);
    cr_assert_str_eq(s.store, "fromenv");
    done();
    cr_assert_eq(parse("a -j3 --store=flag"), HOPT_OK);
    cr_assert_eq(s.slots, 3);
    cr_assert_str_eq(s.store, "flag");
    done();
    env_slots = "many";
    cr_assert_eq(parse("a"), HOPT_EINVAL);
    cr_assert(strstr(err.message, "SLOTS") && strstr(err.message, "1 to 1024"), "%s", err.message);
    env_slots = ""; /* empty counts as unset */
    cr_assert_eq(parse("a"), HOPT_OK);
    cr_assert_eq(s.slots, 2);
    done();
}

Test(options, negative_numbers_are_arguments) {
    cr_assert_eq(parse("a -0.5 -.5 -7"), HOPT_OK);
    cr_assert_str_eq(s.second, "-0.5");
    cr_assert_eq(s.rest.count, 2);
    done();
    cr_assert_eq(parse("a --seed -7"), HOPT_OK);
    cr_assert_eq(s.seed, -7);
    done();
}

Test(options, bad_values_name_the_option_and_what_is_allowed) {
    static const struct {
        const char *line, *option, *hint;
    } cases[] = {
        {"a -j 0", "-j", "1 to 1024"},
        {"a --slots=1025", "--slots", "1 to 1024"},
        {"a --slots=ten", "--slots", "1 to 1024"},
        {"a --slots=", "--slots", "1 to 1024"},
        {"a --slots=1.5", "--slots", "whole number"},
        {"a --slots=99999999999999999999", "--slots", "1 to 1024"},
        {"a --grace 2m", "--grace", "0 s to 60 s"},
        {"a --grace -1", "--grace", "90s"},
        {"a --grace nan", "--grace", "90s"},
        {"a --percent 100.5", "--percent", "from 0 to 100"},
        {"a --percent nan", "--percent", "from 0 to 100"},
        {"a --percent 1e999", "--percent", "from 0 to 100"},
        {"a --format xml", "--format", "json, env, args"},
        {"a --format js", "--format", "json, env, args"},
        {"a --quiet=1", "--quiet", "no argument"},
        {"a --store", "--store", "URI"},
        {"a -j", "-j", "N"},
        {"a --slosts 3", "--slosts", "did you mean --slots?"},
        {"a --stroe x", "--stroe", "did you mean --store?"},
        {"a --xyzzy", "--xyzzy", "prog sub --help"},
        {"a -x", "-x", "prog sub --help"},
        {"", "FILE", "usage: prog sub [OPTIONS] FILE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(parse(cases[i].line), HOPT_EINVAL, "%s", cases[i].line);
        cr_expect(strstr(err.message, cases[i].option), "%s: %s", cases[i].line, err.message);
        cr_expect(strstr(err.message, cases[i].hint), "%s: %s", cases[i].line, err.message);
    }
}

Test(options, too_many_arguments_are_an_error_without_rest) {
    hopt_positional one[] = {{.name = "FILE", AT(file), .help = "the file"}, {0}};
    hopt_command narrow = command;
    narrow.positionals = one;
    char *argv[] = {(char *)"prog", (char *)"a", (char *)"b"};
    cr_assert_eq(hopt_options_parse(&narrow, &s, 3, argv, NULL, &asked, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "\"b\""), "%s", err.message);
}

Test(options, a_leading_optional_argument_is_filled_only_when_there_is_enough) {
    hopt_positional list[] = {{.name = "STUDY", .optional = true, AT(file), .help = "study"},
                              {.name = "NUM", AT(second), .help = "number"},
                              {0}};
    hopt_command led = command;
    led.positionals = list;
    char *argv[] = {(char *)"prog", (char *)"a", (char *)"b"};
    cr_assert_eq(hopt_options_parse(&led, &s, 2, argv, NULL, &asked, &err), HOPT_OK);
    cr_assert_null(s.file);
    cr_assert_str_eq(s.second, "a");
    cr_assert_eq(hopt_options_parse(&led, &s, 3, argv, NULL, &asked, &err), HOPT_OK);
    cr_assert_str_eq(s.file, "a");
    cr_assert_str_eq(s.second, "b");
    cr_assert_eq(hopt_options_parse(&led, &s, 1, argv, NULL, &asked, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "NUM is missing"), "%s", err.message);
}

Test(options, help_wins_over_missing_arguments_and_a_bad_environment) {
    env_slots = "many";
    cr_assert_eq(parse("--help"), HOPT_OK);
    cr_assert_eq(asked, HOPT_ASKED_HELP);
    cr_assert_eq(parse("-qh"), HOPT_OK);
    cr_assert_eq(asked, HOPT_ASKED_HELP);
    cr_assert_eq(parse("--version"), HOPT_OK);
    cr_assert_eq(asked, HOPT_ASKED_VERSION);
}

Test(options, durations) {
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"90", 90000},     {"90s", 90000},    {"500ms", 500}, {"5m", 300000},
                {"1.5h", 5400000}, {"2d", 172800000}, {"0", 0},       {"1e3", 1000000}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ms = -1;
        cr_expect(hopt_duration_parse(&ms, good[i].text), "%s", good[i].text);
        cr_expect_eq(ms, good[i].ms, "%s: %lld", good[i].text, (long long)ms);
    }
    static const char *const bad[] = {"",    "-1",  "s",     "1 s",  "1w",
                                      "nan", "inf", "1e99d", "0x10", " 1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms;
        cr_expect_not(hopt_duration_parse(&ms, bad[i]), "%s", bad[i]);
    }
}

Test(options, commands_are_found_and_typos_answered) {
    static const hopt_command create = {.path = "p study create", .summary = "c"};
    static const hopt_command list = {.path = "p study list", .summary = "l"};
    static const hopt_command *const inner[] = {&create, &list, NULL};
    static const hopt_command study = {.path = "p study", .summary = "s", .commands = inner};
    static const hopt_command run = {.path = "p run", .summary = "r"};
    static const hopt_command *const outer[] = {&run, &study, NULL};
    static const hopt_command root = {.path = "p", .summary = "root", .commands = outer};
    const hopt_command *found;
    int words;
    char *deep[] = {(char *)"p", (char *)"study", (char *)"list", (char *)"run"};
    cr_assert_eq(hopt_command_find(&found, &words, &root, 4, deep, &err), HOPT_OK);
    cr_assert_eq(found, &list);
    cr_assert_eq(words, 2);
    char *help[] = {(char *)"p", (char *)"study", (char *)"--help"};
    cr_assert_eq(hopt_command_find(&found, &words, &root, 3, help, &err), HOPT_OK);
    cr_assert_eq(found, &study);
    char *typo[] = {(char *)"p", (char *)"study", (char *)"craete"};
    cr_assert_eq(hopt_command_find(&found, &words, &root, 3, typo, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "did you mean \"p study create\"?"), "%s", err.message);
    char *far[] = {(char *)"p", (char *)"frobnicate"};
    cr_assert_eq(hopt_command_find(&found, &words, &root, 2, far, &err), HOPT_EINVAL);
    cr_assert(strstr(err.message, "p --help"), "%s", err.message);
}

Test(options, help_lists_every_option_within_the_width) {
    hopt_buf out = HOPT_BUF_INIT;
    hopt_command_help(&command, &out, 60);
    for (const hopt_option *o = options; o->name; o++) {
        char word[32];
        snprintf(word, sizeof word, "--%s", o->name);
        cr_expect(strstr(out.data, word), "%s", word);
    }
    cr_expect(strstr(out.data, "HOPT_STORE"));
    for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"))
        cr_expect_leq(strlen(line), 60, "%s", line);
    hopt_buf_clear(&out);
}
