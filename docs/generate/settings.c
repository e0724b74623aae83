/* The generated parts of hopt-space(5): settings and samplers. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/sampler/sampler.h"
#include "common/trial/study.h"
#include "docs/generate/generate.h"

void generate_settings(hopt_buf *out) {
    size_t count;
    const hopt_study_setting *settings = hopt_study_settings(&count);
    hopt_buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < count; i++) {
        hopt_buf text = HOPT_BUF_INIT;
        hopt_buf_print(&text, "%s.", settings[i].summary);
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
        hopt_buf_text(&text, " Takes ");
        hopt_study_setting_text(&settings[i], &text);
        hopt_buf_print(&text, "; default: %s.", settings[i].fallback);
        if (settings[i].changeable) hopt_buf_text(&text, " May be changed while the study lives.");
        hopt_buf_print(out, ".It Cm %s\n", settings[i].key);
        generate_text(out, text.data);
        hopt_buf_clear(&text);
    }
    hopt_buf_text(out, ".El\n");
}

static void shares_option(hopt_buf *text, const hopt_sampler_option *option) {
    json_t *shares = hopt_sampler_option_default(option);
    char *json = json_dumps(shares, JSON_COMPACT);
    hopt_buf_print(text, " Takes [[share, name], ...]; default: %s.", json);
    free(json);
    json_decref(shares);
}

static void sampler_option(hopt_buf *out, const hopt_sampler_option *option) {
    hopt_buf text = HOPT_BUF_INIT;
    hopt_buf_print(&text, "%s.", option->summary);
    text.data[0] = (char)toupper((unsigned char)text.data[0]);
    if (option->type == HOPT_OPTION_BOOL)
        hopt_buf_print(&text, " Takes true or false; default: %s.",
                       option->initial != 0 ? "true" : "false");
    else if (option->type == HOPT_OPTION_SHARES)
        shares_option(&text, option);
    else
        hopt_buf_print(&text, " Takes %s in %.10g .. %.10g; default: %.10g.",
                       option->type == HOPT_OPTION_INT ? "an integer" : "a number", option->low,
                       option->high, option->initial);
    hopt_buf_print(out, ".It Cm %s\n", option->name);
    generate_text(out, text.data);
    hopt_buf_clear(&text);
}

void generate_samplers(hopt_buf *out) {
    const hopt_sampler_kind *const *kinds = hopt_sampler_kinds();
    hopt_buf_text(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; kinds[i]; i++) {
        hopt_buf text = HOPT_BUF_INIT;
        hopt_buf_print(&text, "%s%s.", kinds[i]->summary, i == 0 ? " (the default)" : "");
        text.data[0] = (char)toupper((unsigned char)text.data[0]);
        hopt_buf_print(out, ".It Cm %s\n", kinds[i]->name);
        generate_text(out, text.data);
        hopt_buf_clear(&text);
        if (!kinds[i]->options || !kinds[i]->options->name) continue;
        hopt_buf_text(out, ".Bl -tag -width Ds\n");
        for (const hopt_sampler_option *o = kinds[i]->options; o->name; o++)
            sampler_option(out, o);
        hopt_buf_text(out, ".El\n");
    }
    hopt_buf_text(out, ".El\n");
}
