/* bash completion: one function for all programs. */
#include <string.h>

#include "docs/generate/generate.h"

static const char head[] =
    "# bash completion of hopt, hopt-master and hopt-worker.\n"
    "# Made from the programs' own tables of options: do not edit.\n"
    "\n"
    "_hopt_studies() { hopt study list -q 2>/dev/null | sed 1d | cut -f1; }\n"
    "\n"
    "_hopt() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} i word\n"
    "    local path=${COMP_WORDS[0]##*/} commands='' options='' files=''\n"
    "    COMPREPLY=()\n";

static const char *last_word(const hopt_command *command) {
    const char *space = strrchr(command->path, ' ');
    return space ? space + 1 : command->path;
}

/* case "$path $word": the words that lead one level down. */
static void descend(hopt_buf *out, const hopt_command *command, bool *first) {
    for (size_t i = 0; command->commands && command->commands[i]; i++) {
        hopt_buf_print(out, "%s'%s'", *first ? "" : "|", command->commands[i]->path);
        *first = false;
        descend(out, command->commands[i], first);
    }
}

static void value_case(hopt_buf *out, const hopt_command *command, const hopt_option *o) {
    if (!o->argument) return;
    hopt_buf_print(out, "        '%s --%s'", command->path, o->name);
    if (o->letter) hopt_buf_print(out, "|'%s -%c'", command->path, o->letter);
    hopt_buf_text(out, ")\n            ");
    if (o->choices) {
        hopt_buf_text(out, "COMPREPLY=($(compgen -W '");
        for (const char *c = o->choices; *c; c++)
            hopt_buf_char(out, *c == '|' ? ' ' : *c);
        hopt_buf_text(out, "' -- \"$cur\")); ");
    } else if (o->file) {
        hopt_buf_text(out, "compopt -o filenames 2>/dev/null; "
                           "COMPREPLY=($(compgen -f -- \"$cur\")); ");
    }
    hopt_buf_text(out, "return ;;\n");
}

static void value_cases(hopt_buf *out, const hopt_command *command) {
    for (const hopt_option *o = command->options; o && o->name; o++)
        value_case(out, command, o);
    for (size_t i = 0; command->commands && command->commands[i]; i++)
        value_cases(out, command->commands[i]);
}

static void command_case(hopt_buf *out, const hopt_command *command) {
    hopt_buf_print(out, "        '%s')\n            commands='", command->path);
    for (size_t i = 0; command->commands && command->commands[i]; i++)
        hopt_buf_print(out, "%s%s", i ? " " : "", last_word(command->commands[i]));
    hopt_buf_text(out, "'\n            options='");
    for (const hopt_option *o = command->options; o && o->name; o++)
        hopt_buf_print(out, "--%s ", o->name);
    hopt_buf_text(out, "--help --version'\n");
    const char *files = NULL;
    bool study = false;
    for (const hopt_positional *p = command->positionals; p && p->name; p++) {
        if (p->file) files = p->file;
        if (strstr(p->name, "STUDY") && !strstr(p->name, ".json")) study = true;
    }
    if (study) hopt_buf_text(out, "            commands=$(_hopt_studies)\n");
    if (files) hopt_buf_print(out, "            files='%s'\n", *files ? files : "*");
    hopt_buf_text(out, "            ;;\n");
    for (size_t i = 0; command->commands && command->commands[i]; i++)
        command_case(out, command->commands[i]);
}

void generate_bash(hopt_buf *out, const hopt_command *const *programs, size_t n) {
    bool first = true;
    hopt_buf_text(out, head);
    hopt_buf_text(out, "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                       "        word=${COMP_WORDS[i]}\n"
                       "        case \"$path $word\" in\n            ");
    for (size_t i = 0; i < n; i++)
        descend(out, programs[i], &first);
    hopt_buf_text(out, ") path=\"$path $word\" ;;\n        esac\n    done\n"
                       "    case \"$path $prev\" in\n");
    for (size_t i = 0; i < n; i++)
        value_cases(out, programs[i]);
    hopt_buf_text(out, "    esac\n    case \"$path\" in\n");
    for (size_t i = 0; i < n; i++)
        command_case(out, programs[i]);
    hopt_buf_text(out, "    esac\n"
                       "    if [[ $cur == -* ]]; then\n"
                       "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                       "        return\n"
                       "    fi\n"
                       "    COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\"))\n"
                       "    if [[ -n $files ]]; then\n"
                       "        compopt -o filenames 2>/dev/null\n"
                       "        COMPREPLY+=($(compgen -d -- \"$cur\"))\n"
                       "        if [[ $files == '*' ]]; then\n"
                       "            COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
                       "        else\n"
                       "            COMPREPLY+=($(compgen -f -X \"!*.$files\" -- \"$cur\"))\n"
                       "        fi\n"
                       "    fi\n"
                       "}\n\n"
                       "complete -F _hopt hopt hopt-master hopt-worker\n");
}
