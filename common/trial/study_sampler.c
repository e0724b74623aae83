/*
 * A study that names no sampler. In a file that is given for a new study that means the default; in
 * a stored text it means `tpe`, which was the default when such texts were stored. So the name is
 * put into every text that is to be stored (docs/adr/0023).
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/json/json.h"
#include "common/trial/study_internal.h"

static const char UNNAMED[] = "tpe";

hopt_status hopt_study_spec_parse_stored(hopt_study_spec **out, const char *text, const char *name,
                                         hopt_errors *errors) {
    hopt_status status = hopt_study_spec_parse(out, text, strlen(text), name, NULL, 0, errors);
    if (status != HOPT_OK || (*out)->has_sampler) return status;
    free((*out)->sampler);
    (*out)->sampler = hopt_strdup(UNNAMED);
    return HOPT_OK;
}

/* The offset after the `{` of the object at a path that is there. */
static size_t inside(const char *text, const char *path) {
    int line, column;
    bool found = hopt_json_locate(&line, &column, text, strlen(text), path, false);
    const char *at = text;
    for (; line > 1; line--)
        at = strchr(at, '\n') + 1;
    HOPT_ASSERT(found && at[column - 1] == '{');
    return (size_t)(at - text) + (size_t)column;
}

char *hopt_study_spec_text_naming(const hopt_study_spec *spec, const char *sampler) {
    const char *text = spec->text;
    if (spec->has_sampler) return hopt_strdup(text);
    json_t *root, *quoted = json_string(sampler);
    hopt_status status = hopt_json_parse(&root, text, strlen(text), HOPT_JSON_COMMENTS, NULL);
    HOPT_ASSERT(status == HOPT_OK); /* it was parsed before */
    const json_t *object = json_object_get(root, "sampler");
    size_t at = inside(text, object ? "sampler" : "");
    /* What lies before the first member is repeated, so that the new one looks like the others. */
    int blank = (int)strspn(text + at, " \t\r\n");
    char *name = hopt_json_text(quoted);
    hopt_buf out = HOPT_BUF_INIT;
    hopt_buf_add(&out, text, at);
    if (!object)
        hopt_buf_print(&out, "%.*s\"sampler\": {\"name\": %s},", blank, text + at, name);
    else if (json_object_size(object) == 0)
        hopt_buf_print(&out, "\"name\": %s", name);
    else
        hopt_buf_print(&out, "%.*s\"name\": %s,%s", blank, text + at, name, blank ? "" : " ");
    hopt_buf_text(&out, text + at);
    free(name);
    json_decref(quoted);
    json_decref(root);
    return hopt_buf_take(&out);
}
