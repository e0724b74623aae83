#include "common/sys/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* ---- values ---- */

bool hopt_duration_parse(int64_t *ms, const char *text) {
    static const struct {
        const char *suffix;
        double ms;
    } units[] = {{"", 1e3},    {"ms", 1},     {"s", 1e3},  {"m", 6e4},
                 {"h", 3.6e6}, {"d", 8.64e7}, {"min", 6e4}};
    if (*text < '0' || *text > '9') return false; /* strtod takes blanks, signs, nan, 0x too */
    char *end;
    double value = strtod(text, &end);
    if (strcspn(text, "xX") < (size_t)(end - text)) return false;
    for (size_t i = 0; i < HOPT_COUNT(units); i++) {
        if (strcmp(end, units[i].suffix) != 0) continue;
        value *= units[i].ms;
        if (!(value <= 9007199254740992.0)) return false;
        *ms = (int64_t)llround(value);
        return true;
    }
    return false;
}

static bool parse_integer(int64_t *out, const char *text) {
    const char *digits = text + (*text == '-' || *text == '+');
    if (!*digits || digits[strspn(digits, "0123456789")]) return false;
    errno = 0;
    *out = strtoll(text, NULL, 10);
    return errno == 0;
}

static bool parse_number(double *out, const char *text) {
    if (!*text || text[strspn(text, "+-.eE0123456789")]) return false;
    char *end;
    *out = strtod(text, &end);
    return *end == '\0' && end != text && isfinite(*out);
}

static bool is_choice(const char *choices, const char *text) {
    size_t length = strlen(text);
    while (*choices) {
        size_t part = strcspn(choices, "|");
        if (part == length && memcmp(choices, text, part) == 0) return true;
        choices += part + (choices[part] == '|');
    }
    return false;
}

static void texts_add(hopt_texts *texts, const char *text) {
    texts->list = hopt_grow(texts->list, texts->count, &texts->capacity, sizeof *texts->list);
    texts->list[texts->count++] = text;
}

static bool in_range(const hopt_option *option, double value) {
    if (option->type == HOPT_OPTION_NUMBER)
        return option->low >= option->high || (value >= option->low && value <= option->high);
    return true;
}

/* Read `text` as the option's type; false: not such a value, or outside its bounds. */
static bool read_value(const hopt_option *option, void *at, const char *text) {
    int64_t whole = 0;
    double number = 0;
    switch (option->type) {
    case HOPT_OPTION_FLAG:
        if (!is_choice("1|true|yes|on|0|false|no|off|", text) && *text) return false;
        *(bool *)at = is_choice("1|true|yes|on", text);
        return true;
    case HOPT_OPTION_STRING:
        if (option->repeatable)
            texts_add(at, text);
        else
            *(const char **)at = text;
        return true;
    case HOPT_OPTION_CHOICE:
        if (!is_choice(option->choices, text)) return false;
        *(const char **)at = text;
        return true;
    case HOPT_OPTION_NUMBER:
        if (!parse_number(&number, text) || !in_range(option, number)) return false;
        *(double *)at = number;
        return true;
    case HOPT_OPTION_INTEGER:
    case HOPT_OPTION_DURATION:
        if (option->type == HOPT_OPTION_INTEGER ? !parse_integer(&whole, text)
                                                : !hopt_duration_parse(&whole, text))
            return false;
        if (option->min < option->max && (whole < option->min || whole > option->max)) return false;
        *(int64_t *)at = whole;
        return true;
    }
    return false;
}

static hopt_status bad_value(const hopt_option *option, const char *source, const char *text,
                             hopt_error *err) {
    hopt_buf range = HOPT_BUF_INIT;
    hopt_option_range(option, &range);
    hopt_status status = hopt_error_set(err, HOPT_EINVAL, "%s: \"%.100s\" is not valid; give %s",
                                        source, text, hopt_buf_string(&range));
    hopt_buf_clear(&range);
    return status;
}

static void *field(void *options, size_t offset) {
    return (char *)options + offset;
}

static hopt_status read_defaults(const hopt_command *command, void *options,
                                 char *(*environment)(const char *), hopt_error *err) {
    for (const hopt_option *o = command->options; o && o->name; o++) {
        void *at = field(options, o->offset);
        if (o->def) HOPT_ASSERT(read_value(o, at, o->def));
        const char *text = o->env && environment ? environment(o->env) : NULL;
        if (!text || !*text) continue;
        if (!read_value(o, at, text)) {
            char source[80];
            snprintf(source, sizeof source, "environment variable %s", o->env);
            return bad_value(o, source, text, err);
        }
    }
    return HOPT_OK;
}

/* ---- names ---- */

static const hopt_option help_option = {
    .name = "help", .letter = 'h', .type = HOPT_OPTION_FLAG, .help = "print this help"};
static const hopt_option version_option = {
    .name = "version", .type = HOPT_OPTION_FLAG, .help = "print the version"};

static const hopt_option *find_long(const hopt_command *command, const char *name, size_t length) {
    for (const hopt_option *o = command->options; o && o->name; o++) {
        if (strlen(o->name) == length && memcmp(o->name, name, length) == 0) return o;
    }
    if (length == 4 && memcmp(name, "help", 4) == 0) return &help_option;
    if (length == 7 && memcmp(name, "version", 7) == 0) return &version_option;
    return NULL;
}

static const hopt_option *find_letter(const hopt_command *command, char letter) {
    for (const hopt_option *o = command->options; o && o->name; o++) {
        if (o->letter == letter) return o;
    }
    return letter == 'h' ? &help_option : NULL;
}

static hopt_status unknown_option(const hopt_command *command, const char *argument, size_t length,
                                  hopt_error *err) {
    enum { MOST = 64 };
    const char *names[MOST];
    size_t n = 0;
    for (const hopt_option *o = command->options; o && o->name && n < MOST; o++)
        names[n++] = o->name;
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), argument);
    const char *near =
        word[0] == '-' && word[1] == '-' ? hopt_options_nearest(word + 2, names, n) : NULL;
    if (near)
        return hopt_error_set(err, HOPT_EINVAL, "unknown option %s; did you mean --%s?", word,
                              near);
    return hopt_error_set(err, HOPT_EINVAL, "unknown option %s; \"%s --help\" lists them", word,
                          command->path);
}

/* ---- parsing ---- */

typedef struct parser {
    const hopt_command *command;
    void *options;
    int argc, i; /* argv[i] is being read */
    char **argv;
    hopt_texts words; /* not options */
    hopt_asked asked;
} parser;

static hopt_status take(parser *p, const hopt_option *o, const char *shown, const char *text,
                        hopt_error *err) {
    if (o == &help_option || o == &version_option) {
        if (p->asked != HOPT_ASKED_HELP)
            p->asked = o == &help_option ? HOPT_ASKED_HELP : HOPT_ASKED_VERSION;
        return HOPT_OK;
    }
    if (read_value(o, field(p->options, o->offset), text)) return HOPT_OK;
    char source[80];
    snprintf(source, sizeof source, "option %.60s", shown);
    return bad_value(o, source, text, err);
}

/* The argument of option `o`, which is the rest of this word or the next word. */
static hopt_status need_argument(parser *p, const hopt_option *o, const char *shown,
                                 const char *rest, hopt_error *err) {
    if (!rest) {
        if (p->i + 1 >= p->argc)
            return hopt_error_set(err, HOPT_EINVAL, "option %s needs an argument: %s %s", shown,
                                  shown, o->argument ? o->argument : "VALUE");
        rest = p->argv[++p->i];
    }
    return take(p, o, shown, rest, err);
}

static hopt_status read_long(parser *p, const char *word, hopt_error *err) {
    size_t length = strcspn(word + 2, "=");
    const hopt_option *o = find_long(p->command, word + 2, length);
    if (!o) return unknown_option(p->command, word, length + 2, err);
    const char *rest = word[2 + length] == '=' ? word + 3 + length : NULL;
    char shown[64];
    snprintf(shown, sizeof shown, "--%s", o->name);
    if (o->type != HOPT_OPTION_FLAG) return need_argument(p, o, shown, rest, err);
    if (rest) return hopt_error_set(err, HOPT_EINVAL, "option %s takes no argument", shown);
    return take(p, o, shown, "1", err);
}

static hopt_status read_short(parser *p, const char *word, hopt_error *err) {
    for (const char *c = word + 1; *c; c++) {
        char shown[3] = {'-', *c, '\0'};
        const hopt_option *o = find_letter(p->command, *c);
        if (!o) return unknown_option(p->command, c == word + 1 ? word : shown, 60, err);
        if (o->type != HOPT_OPTION_FLAG) {
            const char *rest = c[1] ? c + 1 + (c[1] == '=') : NULL;
            return need_argument(p, o, shown, rest, err);
        }
        hopt_status status = take(p, o, shown, "1", err);
        if (status != HOPT_OK) return status;
    }
    return HOPT_OK;
}

static hopt_status missing_positional(const hopt_command *command, const hopt_positional *to,
                                      hopt_error *err) {
    hopt_buf synopsis = HOPT_BUF_INIT;
    hopt_command_synopsis(command, &synopsis);
    hopt_status status = hopt_error_set(err, HOPT_EINVAL, "%s is missing (%s); usage: %s", to->name,
                                        to->help, hopt_buf_string(&synopsis));
    hopt_buf_clear(&synopsis);
    return status;
}

/* Share out the words: what is required comes first, then optional ones from the left, so that
 * "[STUDY] NUM" takes one word as NUM. */
static hopt_status assign_positionals(parser *p, hopt_error *err) {
    const hopt_positional *list = p->command->positionals;
    size_t required = 0, i = 0;
    for (const hopt_positional *to = list; to && to->name; to++)
        required += !to->optional;
    size_t spare = p->words.count > required ? p->words.count - required : 0;
    for (const hopt_positional *to = list; to && to->name; to++) {
        bool here = to->optional ? spare > 0 : i < p->words.count;
        if (!here && !to->optional) return missing_positional(p->command, to, err);
        if (!here) continue;
        if (to->optional) spare--;
        if (to->rest) {
            while (i < p->words.count)
                texts_add(field(p->options, to->offset), p->words.list[i++]);
        } else {
            *(const char **)field(p->options, to->offset) = p->words.list[i++];
        }
    }
    if (i == p->words.count) return HOPT_OK;
    return hopt_error_set(err, HOPT_EINVAL, "unexpected argument \"%.100s\"; see \"%s --help\"",
                          p->words.list[i], p->command->path);
}

static bool is_option(const char *word) {
    if (word[0] != '-' || word[1] == '\0') return false;
    bool number =
        (word[1] >= '0' && word[1] <= '9') || (word[1] == '.' && word[2] >= '0' && word[2] <= '9');
    return !number;
}

hopt_status hopt_options_parse(const hopt_command *command, void *options, int argc, char **argv,
                               char *(*environment)(const char *name), hopt_asked *asked,
                               hopt_error *err) {
    memset(options, 0, command->options_size);
    *asked = HOPT_ASKED_RUN;
    parser p = {.command = command, .options = options, .argc = argc, .argv = argv};
    hopt_status status = HOPT_OK;
    hopt_error env_error;
    hopt_status env_status = read_defaults(command, options, environment, &env_error);
    bool only_positionals = false;
    for (p.i = 1; p.i < argc && status == HOPT_OK; p.i++) {
        const char *word = argv[p.i];
        if (only_positionals || !is_option(word))
            texts_add(&p.words, word);
        else if (strcmp(word, "--") == 0)
            only_positionals = true;
        else
            status = word[1] == '-' ? read_long(&p, word, err) : read_short(&p, word, err);
    }
    *asked = p.asked;
    if (p.asked == HOPT_ASKED_RUN && status == HOPT_OK) status = assign_positionals(&p, err);
    free(p.words.list);
    if (p.asked == HOPT_ASKED_RUN && status == HOPT_OK && env_status != HOPT_OK) {
        if (err) *err = env_error;
        status = env_status;
    }
    if (p.asked != HOPT_ASKED_RUN) status = HOPT_OK;
    if (status != HOPT_OK || p.asked != HOPT_ASKED_RUN) hopt_command_clear(command, options);
    return status;
}

void hopt_command_clear(const hopt_command *command, void *options) {
    for (const hopt_option *o = command->options; o && o->name; o++) {
        if (!o->repeatable) continue;
        hopt_texts *texts = field(options, o->offset);
        free(texts->list);
        *texts = (hopt_texts){0};
    }
    for (const hopt_positional *to = command->positionals; to && to->name; to++) {
        if (!to->rest) continue;
        hopt_texts *texts = field(options, to->offset);
        free(texts->list);
        *texts = (hopt_texts){0};
    }
}
