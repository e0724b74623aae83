/* Manual pages in mdoc(7). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "docs/generate/generate.h"

/* ---- text ---- */

static bool sentence_ends(const char *text, size_t i) {
    if (text[i] != '.' || text[i + 1] != ' ' || i == 0) return false;
    bool abbreviation = i >= 3 && strncmp(text + i - 3, "e.g", 3) == 0;
    return !abbreviation && (isupper((unsigned char)text[i + 2]) || text[i + 2] == '"');
}

void generate_text(hopt_buf *out, const char *text) {
    bool line_start = true;
    for (size_t i = 0; text[i]; i++) {
        char c = text[i];
        bool word_start = i == 0 || strchr(" \"(=[", text[i - 1]) || text[i - 1] == '-';
        if (line_start && (c == '.' || c == '\'')) hopt_buf_text(out, "\\&");
        line_start = false;
        if (c == '\\') {
            hopt_buf_text(out, "\\e");
        } else if (c == '-' && word_start) {
            hopt_buf_text(out, "\\-");
        } else if (sentence_ends(text, i)) {
            hopt_buf_text(out, ".\n");
            line_start = true;
            i++;
        } else {
            hopt_buf_char(out, c);
        }
    }
    hopt_buf_char(out, '\n');
}

void generate_page_name(char out[128], const hopt_command *command) {
    snprintf(out, 128, "%s", command->path);
    for (char *c = out; *c; c++) {
        if (*c == ' ') *c = '-';
    }
}

/* ---- options ---- */

static void option_words(hopt_buf *out, const hopt_option *o) {
    if (o->letter)
        hopt_buf_print(out, "Fl %c", o->letter);
    else
        hopt_buf_print(out, "Fl Fl %s", o->name);
    if (o->argument) hopt_buf_print(out, " Ar %s", o->argument);
}

static void option_item(hopt_buf *out, const hopt_option *o) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_text(out, ".It ");
    if (o->letter) hopt_buf_print(out, "Fl %c , ", o->letter);
    hopt_buf_print(out, "Fl Fl %s", o->name);
    if (o->argument) hopt_buf_print(out, " Ar %s", o->argument);
    hopt_buf_char(out, '\n');
    hopt_buf_text(&text, o->help);
    text.data[0] = (char)toupper((unsigned char)text.data[0]);
    hopt_buf_text(&text, ".");
    bool bounded = o->min < o->max || o->low < o->high || o->type == HOPT_OPTION_CHOICE;
    if (bounded) {
        hopt_buf_text(&text, " It takes ");
        hopt_option_range(o, &text);
        hopt_buf_char(&text, '.');
    }
    if (o->repeatable) hopt_buf_text(&text, " It may be repeated.");
    const char *def = o->def_text ? o->def_text : o->def;
    if (def) hopt_buf_print(&text, " Default: %s.", def);
    generate_text(out, text.data);
    if (o->env) hopt_buf_print(out, "Environment variable:\n.Ev %s .\n", o->env);
    hopt_buf_clear(&text);
}

static void options_list(hopt_buf *out, const hopt_command *command) {
    static const hopt_option common[] = {
        {.name = "help", .letter = 'h', .type = HOPT_OPTION_FLAG, .help = "print the help"},
        {.name = "version", .type = HOPT_OPTION_FLAG, .help = "print the version"},
        {0}};
    hopt_buf_text(out, ".Pp\nThe options are as follows:\n.Bl -tag -width Ds\n");
    for (const hopt_option *o = command->options; o && o->name; o++)
        option_item(out, o);
    for (const hopt_option *o = common; o->name; o++)
        option_item(out, o);
    hopt_buf_text(out, ".El\n");
}

static void positionals_list(hopt_buf *out, const hopt_command *command) {
    const hopt_positional *p = command->positionals;
    if (!p || !p->name) return;
    hopt_buf_text(out, ".Pp\nThe arguments are as follows:\n.Bl -tag -width Ds\n");
    for (; p->name; p++) {
        hopt_buf text = HOPT_BUF_INIT;
        hopt_buf_print(&text, "%s.", p->help);
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
        hopt_buf_print(out, ".It Ar %s\n", p->name);
        generate_text(out, text.data);
        hopt_buf_clear(&text);
    }
    hopt_buf_text(out, ".El\n");
}

static void commands_list(hopt_buf *out, const hopt_command *command) {
    if (!command->commands) return;
    hopt_buf_text(out, ".Pp\nThe commands are as follows:\n.Bl -tag -width Ds\n");
    for (size_t i = 0; command->commands[i]; i++) {
        char name[128];
        hopt_buf text = HOPT_BUF_INIT;
        generate_page_name(name, command->commands[i]);
        hopt_buf_print(&text, "%s.", command->commands[i]->summary);
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
        hopt_buf_print(out, ".It Xr %s %d\n", name, command->commands[i]->section);
        generate_text(out, text.data);
        hopt_buf_clear(&text);
    }
    hopt_buf_text(out, ".El\n");
}

/* ---- sections ---- */

static void synopsis(hopt_buf *out, const hopt_command *command) {
    hopt_buf_print(out, ".Sh SYNOPSIS\n.Nm %s\n", command->path);
    for (const hopt_option *o = command->options; o && o->name; o++) {
        hopt_buf_text(out, ".Op ");
        option_words(out, o);
        hopt_buf_text(out, o->repeatable ? " ...\n" : "\n");
    }
    if (command->commands) hopt_buf_text(out, ".Ar COMMAND\n.Op Ar ARGUMENTS\n");
    for (const hopt_positional *p = command->positionals; p && p->name; p++) {
        bool several = p->rest && !strchr(p->name, ' ');
        hopt_buf_print(out, p->optional ? ".Op Ar %s%s\n" : ".Ar %s%s\n", p->name,
                       several ? " ..." : "");
    }
}

static void description(hopt_buf *out, const hopt_command *command) {
    hopt_buf_text(out, ".Sh DESCRIPTION\n");
    if (!command->description) {
        hopt_buf text = HOPT_BUF_INIT;
        hopt_buf_print(&text, "%s.", command->summary);
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
        generate_text(out, text.data);
        hopt_buf_clear(&text);
    }
    for (size_t i = 0; command->description && command->description[i]; i++) {
        if (i) hopt_buf_text(out, ".Pp\n");
        generate_text(out, command->description[i]);
    }
}

static void environment(hopt_buf *out, const hopt_command *command) {
    bool head = false;
    for (const hopt_option *o = command->options; o && o->name; o++) {
        if (!o->env) continue;
        if (!head) hopt_buf_text(out, ".Sh ENVIRONMENT\n.Bl -tag -width HOPT_STORE\n");
        head = true;
        hopt_buf_print(out, ".It Ev %s\nAs\n.Fl Fl %s ,\nwhich beats it.\n", o->env, o->name);
    }
    if (head) hopt_buf_text(out, ".El\n");
}

static void exits(hopt_buf *out, const hopt_command *command) {
    static const hopt_exit_note usual[] = {{HOPT_EXIT_OK, "all went well"},
                                           {HOPT_EXIT_FAILED, "something failed"},
                                           {HOPT_EXIT_USAGE, "bad usage"},
                                           {HOPT_EXIT_STORE, "the store can't be reached"},
                                           {HOPT_EXIT_NOTFOUND, "no such study or trial"},
                                           {0}};
    hopt_buf_text(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (const hopt_exit_note *e = command->exits ? command->exits : usual; e->when; e++) {
        hopt_buf text = HOPT_BUF_INIT;
        hopt_buf_print(&text, "%s.", e->when);
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
        hopt_buf_print(out, ".It %d\n", e->code);
        generate_text(out, text.data);
        hopt_buf_clear(&text);
    }
    hopt_buf_text(out, ".El\n");
}

static void examples(hopt_buf *out, const hopt_command *command) {
    if (!command->examples) return;
    hopt_buf_text(out, ".Sh EXAMPLES\n");
    for (const hopt_example *e = command->examples; e->command; e++) {
        hopt_buf text = HOPT_BUF_INIT;
        hopt_buf_print(&text, "%s:", e->help);
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
        if (e != command->examples) hopt_buf_text(out, ".Pp\n");
        generate_text(out, text.data);
        hopt_buf_text(out, ".Bd -literal -offset indent\n");
        for (const char *c = e->command; *c; c++) {
            if (*c == '\\')
                hopt_buf_text(out, "\\e");
            else if (*c == '-')
                hopt_buf_text(out, "\\-");
            else if (*c == '\'')
                hopt_buf_text(out, "\\(aq");
            else
                hopt_buf_char(out, *c);
        }
        hopt_buf_text(out, "\n.Ed\n");
        hopt_buf_clear(&text);
    }
}

/* By section, then by name, as mdoc(7) wants it. */
static int page_order(const void *left, const void *right) {
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    int section = strchr(a, '(')[1] - strchr(b, '(')[1];
    return section ? section : strcmp(a, b);
}

static void see_also(hopt_buf *out, const hopt_command *command) {
    enum { MOST = 16 };
    static const char *const usual[] = {"hopt(1)", NULL};
    const char *const *list = command->see_also ? command->see_also : usual;
    const char *sorted[MOST];
    size_t n = 0;
    while (list[n] && n < MOST) {
        sorted[n] = list[n];
        n++;
    }
    qsort(sorted, n, sizeof sorted[0], page_order);
    hopt_buf_text(out, ".Sh SEE ALSO\n");
    for (size_t i = 0; i < n; i++) {
        size_t name = strcspn(sorted[i], "(");
        hopt_buf_print(out, ".Xr %.*s %c%s\n", (int)name, sorted[i], sorted[i][name + 1],
                       i + 1 < n ? " ," : "");
    }
}

void generate_man(hopt_buf *out, const hopt_command *command, const char *date) {
    char name[128];
    generate_page_name(name, command);
    hopt_buf_print(out, ".\\\" Made from the program's own table of options: do not edit.\n");
    hopt_buf_print(out, ".Dd %s\n.Dt ", date);
    for (const char *c = name; *c; c++)
        hopt_buf_char(out, (char)toupper((unsigned char)*c));
    hopt_buf_print(out, " %d\n.Os hopt %s\n.Sh NAME\n.Nm %s\n.Nd %s\n", command->section,
                   HOPT_VERSION, name, command->summary);
    synopsis(out, command);
    description(out, command);
    commands_list(out, command);
    positionals_list(out, command);
    options_list(out, command);
    environment(out, command);
    exits(out, command);
    examples(out, command);
    see_also(out, command);
}
