/*
 * Pages of section 3 from hopt.h: each declaration as it stands there, with the words of its
 * comment. A section of the header begins with a comment of the form "---- name ----" and goes to
 * the next one.
 */
#include <stdbool.h>
#include <string.h>

#include "docs/generate/generate.h"

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* The next line without its end; false at the end of the text. */
static bool next_line(const char **at, const char *end, hopt_buf *line) {
    hopt_buf_reset(line);
    if (*at >= end) return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    if (!stop) stop = end;
    hopt_buf_add(line, *at, (size_t)(stop - *at));
    *at = stop < end ? stop + 1 : end;
    return true;
}

static void add_text(hopt_buf *out, const char *text) {
    if (*text == '.' || *text == '\'') hopt_buf_text(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            hopt_buf_text(out, "\\e");
        else
            hopt_buf_char(out, *text);
    }
}

/* The words of a comment: finished mdoc, and the paragraph that is being collected. */
typedef struct comment_words {
    hopt_buf done, paragraph;
} comment_words;

static void end_paragraph(comment_words *words, const char *next) {
    if (words->paragraph.length) generate_text(&words->done, hopt_buf_string(&words->paragraph));
    bool any = words->paragraph.length > 0;
    hopt_buf_reset(&words->paragraph);
    if (any && next) hopt_buf_text(&words->done, next);
}

/* One line of a comment: its marks are dropped, @param and @return become words. */
static void add_comment_line(comment_words *words, const char *line) {
    hopt_buf *paragraph = &words->paragraph;
    char text[512];
    while (*line == ' ')
        line++;
    if (starts(line, "/**")) line += 3;
    if (*line == '*' && line[1] != '/') line++;
    while (*line == ' ')
        line++;
    snprintf(text, sizeof text, "%s", line);
    char *close = strstr(text, "*/");
    if (close) *close = '\0';
    size_t length = strlen(text);
    while (length && text[length - 1] == ' ')
        text[--length] = '\0';
    if (length == 0) {
        if (!close && paragraph->length) end_paragraph(words, ".Pp\n");
        return;
    }
    static const struct {
        const char *mark, *word;
    } marks[] = {
        {"@param[out] ", "Out: "}, {"@param ", "In: "}, {"@return ", "Returns: "}, {"- ", "- "}};
    const char *at = text;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (!starts(text, marks[i].mark)) continue;
        end_paragraph(words, ".br\n");
        hopt_buf_text(paragraph, marks[i].word);
        at += strlen(marks[i].mark);
    }
    if (paragraph->length && at == text) hopt_buf_char(paragraph, ' ');
    hopt_buf_text(paragraph, at);
}

/* A line of code; the inside of an inline function is left out. */
static void add_code_line(hopt_buf *code, const char *line, bool *body) {
    if (*body || *line == '#' || starts(line, "/*")) {
        *body = *body && *line != '}';
        return;
    }
    if (starts(line, "HOPT_API ")) line += 9;
    if (starts(line, "static inline ")) {
        const char *brace = strstr(line, " {");
        hopt_buf_add(code, line + 14, brace ? (size_t)(brace - line - 14) : strlen(line + 14));
        hopt_buf_text(code, ";\n");
        *body = true;
        return;
    }
    add_text(code, line);
    hopt_buf_char(code, '\n');
}

/* What was collected: the declaration, then its words. */
static void flush(hopt_buf *out, hopt_buf *code, comment_words *words) {
    end_paragraph(words, NULL);
    if (code->length) {
        hopt_buf_print(out, ".Bd -literal\n%s.Ed\n", hopt_buf_string(code));
        if (words->done.length)
            hopt_buf_print(out, ".Bd -filled -offset indent -compact\n%s.Ed\n",
                           hopt_buf_string(&words->done));
    }
    hopt_buf_reset(code);
    hopt_buf_reset(&words->done);
}

static void add_section(hopt_buf *out, const char *at, const char *end) {
    hopt_buf line = HOPT_BUF_INIT, code = HOPT_BUF_INIT;
    comment_words words = {HOPT_BUF_INIT, HOPT_BUF_INIT};
    bool comment = false, body = false, block = false;
    while (next_line(&at, end, &line)) {
        const char *text = hopt_buf_string(&line);
        if (!block && !comment && starts(text, "/**")) {
            flush(out, &code, &words);
            comment = true;
        }
        if (comment) {
            add_comment_line(&words, text);
            comment = strstr(text, "*/") == NULL;
            continue;
        }
        if (*text == '\0' && !block) {
            flush(out, &code, &words);
            continue;
        }
        add_code_line(&code, text, &body);
        /* Comments inside a structure stay where they are. */
        size_t length = strlen(text);
        if (!body && length && text[length - 1] == '{') block = true;
        if (*text == '}') block = false;
    }
    flush(out, &code, &words);
    hopt_buf_clear(&line);
    hopt_buf_clear(&code);
    hopt_buf_clear(&words.done);
    hopt_buf_clear(&words.paragraph);
}

/* What stands in the section's own comment after its name. */
static const char *add_intro(hopt_buf *out, const char *at, const char *end) {
    hopt_buf line = HOPT_BUF_INIT;
    comment_words words = {HOPT_BUF_INIT, HOPT_BUF_INIT};
    const char *close = strstr(at, "*/");
    next_line(&at, end, &line); /* the name */
    while (at < close && next_line(&at, end, &line))
        add_comment_line(&words, hopt_buf_string(&line));
    end_paragraph(&words, NULL);
    hopt_buf_text(out, hopt_buf_string(&words.done));
    hopt_buf_clear(&words.done);
    hopt_buf_clear(&words.paragraph);
    hopt_buf_clear(&line);
    return at;
}

bool generate_header(hopt_buf *out, const char *header, const char *section) {
    char mark[64];
    snprintf(mark, sizeof mark, "/* ---- %s ----", section);
    const char *at = strstr(header, mark);
    if (!at) return false;
    const char *end = strstr(at + strlen(mark), "/* ---- ");
    if (!end) end = strstr(at, "#ifdef __cplusplus");
    if (!end) end = at + strlen(at);
    at = add_intro(out, at, end);
    add_section(out, at, end);
    return true;
}
