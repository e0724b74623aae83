/* The text of --help. */
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/time.h"
#include "common/sys/options.h"

enum { COLUMN = 26 }; /* where the second column of a list begins */

static void duration_text(hopt_buf *out, int64_t ms) {
    char text[32];
    if (ms % 1000 == 0 && ms < 120000)
        snprintf(text, sizeof text, "%lld s", (long long)(ms / 1000));
    else
        hopt_time_duration(text, sizeof text, ms);
    hopt_buf_text(out, text);
}

static void integer_range(const hopt_option *option, hopt_buf *out) {
    bool time = option->type == HOPT_OPTION_DURATION;
    if (time) hopt_buf_text(out, "a time such as 90s, 5m or 1.5h");
    if (option->min >= option->max) {
        if (!time) hopt_buf_text(out, "a whole number");
        return;
    }
    hopt_buf_text(out, time ? ", " : "a whole number from ");
    if (time) {
        duration_text(out, option->min);
        hopt_buf_text(out, " to ");
        duration_text(out, option->max);
    } else if (option->max >= INT64_C(1) << 62) {
        hopt_buf_print(out, "%lld to 2^63 - 1", (long long)option->min);
    } else {
        hopt_buf_print(out, "%lld to %lld", (long long)option->min, (long long)option->max);
    }
    if (!time && option->unit) hopt_buf_print(out, " %s", option->unit);
}

void hopt_option_range(const hopt_option *option, hopt_buf *out) {
    switch (option->type) {
    case HOPT_OPTION_FLAG:
        hopt_buf_text(out, "1 or 0");
        break;
    case HOPT_OPTION_STRING:
        hopt_buf_text(out, "a text");
        break;
    case HOPT_OPTION_INTEGER:
    case HOPT_OPTION_DURATION:
        integer_range(option, out);
        break;
    case HOPT_OPTION_NUMBER:
        hopt_buf_text(out, "a number");
        if (option->low < option->high)
            hopt_buf_print(out, " from %g to %g", option->low, option->high);
        if (option->unit) hopt_buf_print(out, " %s", option->unit);
        break;
    case HOPT_OPTION_CHOICE:
        hopt_buf_text(out, "one of ");
        for (const char *c = option->choices; *c; c++) {
            if (*c == '|')
                hopt_buf_text(out, ", ");
            else
                hopt_buf_char(out, *c);
        }
        break;
    }
}

void hopt_command_synopsis(const hopt_command *command, hopt_buf *out) {
    hopt_buf_text(out, command->path);
    if (command->commands) {
        hopt_buf_text(out, " COMMAND [ARGUMENTS]");
        return;
    }
    if (command->options) hopt_buf_text(out, " [OPTIONS]");
    for (const hopt_positional *p = command->positionals; p && p->name; p++)
        hopt_buf_print(out, p->optional ? " [%s]%s" : " %s%s", p->name,
                       p->rest && !strchr(p->name, ' ') ? "..." : "");
}

/* Wrap `text` between `indent` and `width`; `column` is where the line is now. */
static void wrap(hopt_buf *out, const char *text, int column, int indent, int width) {
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column > indent && column + 1 + (int)word > width) {
            hopt_buf_print(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            hopt_buf_char(out, ' ');
            column++;
        } else if (column < indent) {
            hopt_buf_print(out, "%*s", indent - column, "");
            column = indent;
        }
        hopt_buf_add(out, text, word);
        column += (int)word;
        text += word;
        text += strspn(text, " ");
    }
    hopt_buf_char(out, '\n');
}

/* One row of a list: the term at column 2, its help wrapped beside or below it. */
static void row(hopt_buf *out, const char *term, const char *help, int width) {
    int column = 2 + (int)strlen(term);
    hopt_buf_print(out, "  %s", term);
    if (column + 2 > COLUMN) {
        hopt_buf_char(out, '\n');
        column = 0;
    }
    wrap(out, help, column, COLUMN, width);
}

static void option_row(hopt_buf *out, const hopt_option *o, int width) {
    hopt_buf term = HOPT_BUF_INIT, help = HOPT_BUF_INIT;
    if (o->letter)
        hopt_buf_print(&term, "-%c, ", o->letter);
    else
        hopt_buf_text(&term, "    ");
    hopt_buf_print(&term, "--%s", o->name);
    if (o->argument) hopt_buf_print(&term, " %s", o->argument);
    hopt_buf_text(&help, o->help);
    if (o->type == HOPT_OPTION_CHOICE || (o->type == HOPT_OPTION_INTEGER && o->min < o->max)) {
        hopt_buf_text(&help, "; ");
        hopt_option_range(o, &help);
    }
    if (o->repeatable) hopt_buf_text(&help, "; may be repeated");
    const char *def = o->def_text ? o->def_text : o->def;
    if (def || o->env) {
        hopt_buf_text(&help, " [");
        if (o->env) hopt_buf_print(&help, "%s%s", o->env, def ? ", " : "");
        if (def) hopt_buf_print(&help, "default: %s", def);
        hopt_buf_char(&help, ']');
    }
    row(out, hopt_buf_string(&term), hopt_buf_string(&help), width);
    hopt_buf_clear(&term);
    hopt_buf_clear(&help);
}

static void command_rows(hopt_buf *out, const hopt_command *command, int width) {
    hopt_buf_text(out, "\nCommands:\n");
    size_t skip = strlen(command->path) + 1;
    for (size_t i = 0; command->commands[i]; i++)
        row(out, command->commands[i]->path + skip, command->commands[i]->summary, width);
    hopt_buf_print(out, "\n\"%s COMMAND --help\" says more about one.\n", command->path);
}

static void example_rows(hopt_buf *out, const hopt_command *command, int width) {
    hopt_buf_text(out, "\nExamples:\n");
    for (const hopt_example *e = command->examples; e->command; e++) {
        hopt_buf_print(out, "  %s\n", e->command);
        wrap(out, e->help, 0, 6, width);
    }
}

void hopt_command_help(const hopt_command *command, hopt_buf *out, int width) {
    static const hopt_option help = {
        .name = "help", .letter = 'h', .type = HOPT_OPTION_FLAG, .help = "print this help"};
    static const hopt_option version = {
        .name = "version", .type = HOPT_OPTION_FLAG, .help = "print the version"};
    if (width < 40) width = 40;
    hopt_buf_text(out, "Usage: ");
    hopt_command_synopsis(command, out);
    hopt_buf_text(out, "\n\n");
    hopt_buf summary = HOPT_BUF_INIT;
    hopt_buf_print(&summary, "%s.", command->summary);
    if (summary.data[0] >= 'a' && summary.data[0] <= 'z') summary.data[0] -= 'a' - 'A';
    wrap(out, hopt_buf_string(&summary), 0, 0, width);
    hopt_buf_clear(&summary);
    for (size_t i = 0; command->description && command->description[i]; i++) {
        hopt_buf_char(out, '\n');
        wrap(out, command->description[i], 0, 0, width);
    }
    if (command->commands) command_rows(out, command, width);
    if (command->positionals && command->positionals->name) hopt_buf_text(out, "\nArguments:\n");
    for (const hopt_positional *p = command->positionals; p && p->name; p++)
        row(out, p->name, p->help, width);
    hopt_buf_text(out, "\nOptions:\n");
    for (const hopt_option *o = command->options; o && o->name; o++)
        option_row(out, o, width);
    option_row(out, &help, width);
    option_row(out, &version, width);
    if (command->examples) example_rows(out, command, width);
}
