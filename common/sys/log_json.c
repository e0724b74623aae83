/*
 * The keys are found in the format, which is the program's own text, and never in what is printed:
 * a message of an objective that reads "x state=done" stays a message. So the format is walked one
 * conversion at a time, as printf does.
 */
#include "common/sys/log_json.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"

enum { SPEC_MAX = 32, VALUE_MAX = 2048, NUMBER_MAX = 400 };

typedef enum spec_length { PLAIN, LONG, LONG_LONG, SIZE } spec_length;

/* One conversion of a format: "%-5.3lld". */
typedef struct spec {
    char text[SPEC_MAX];
    size_t used; /* characters of the format */
    spec_length length;
    char conversion;
} spec;

/* ---- strings ---- */

void hopt_log_json_string(hopt_buf *out, const char *text) {
    hopt_buf_char(out, '"');
    for (const char *at = text; *at;) {
        size_t n = hopt_utf8_length(at);
        if (*at == '"' || *at == '\\')
            hopt_buf_print(out, "\\%c", *at);
        else if (*at == '\n' || *at == '\t' || *at == '\r')
            hopt_buf_print(out, "\\%c", *at == '\n' ? 'n' : *at == '\t' ? 't' : 'r');
        else if ((unsigned char)*at < 0x20 || *at == 0x7f)
            hopt_buf_print(out, "\\u%04x", *at);
        else if (n == 0)
            hopt_buf_text(out, "\\ufffd");
        else
            hopt_buf_add(out, at, n);
        at += n ? n : 1;
    }
    hopt_buf_char(out, '"');
}

/* ---- conversions ---- */

static spec read_spec(const char *at) {
    spec one = {.length = PLAIN};
    size_t n = 1;
    n += strspn(at + n, "-+ #0");
    n += strspn(at + n, "0123456789*.");
    for (; at[n] && strchr("hljzt", at[n]); n++) {
        if (at[n] == 'l') one.length = one.length == LONG ? LONG_LONG : LONG;
        if (strchr("jzt", at[n])) one.length = SIZE;
    }
    one.conversion = at[n];
    one.used = n + (at[n] != '\0');
    if (one.used < sizeof one.text) snprintf(one.text, sizeof one.text, "%.*s", (int)one.used, at);
    return one;
}

/* Widths and precisions among the arguments go into the text. */
static void fill_stars(spec *one, va_list *args) {
    char *star;
    while ((star = strchr(one->text, '*'))) {
        char filled[SPEC_MAX * 2];
        snprintf(filled, sizeof filled, "%.*s%d%s", (int)(star - one->text), one->text,
                 va_arg(*args, int), star + 1);
        snprintf(one->text, sizeof one->text, "%.*s", SPEC_MAX - 1, filled);
    }
}

/* The text of the next argument. Whole numbers are passed alike, signed or not. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void print_spec(char *out, size_t size, spec *one, va_list *args) {
    fill_stars(one, args);
    if (one->conversion == '%') {
        snprintf(out, size, "%%");
    } else if (one->conversion == 's') {
        const char *text = va_arg(*args, const char *);
        snprintf(out, size, one->text, text);
    } else if (one->conversion == 'p') {
        const void *pointer = va_arg(*args, void *);
        snprintf(out, size, one->text, pointer);
    } else if (strchr("gfe", one->conversion)) {
        double real = va_arg(*args, double);
        snprintf(out, size, one->text, real);
    } else if (one->length == LONG_LONG) {
        long long widest = va_arg(*args, long long);
        snprintf(out, size, one->text, widest);
    } else if (one->length == LONG) {
        long wide = va_arg(*args, long);
        snprintf(out, size, one->text, wide);
    } else if (one->length == SIZE) {
        size_t sized = va_arg(*args, size_t);
        snprintf(out, size, one->text, sized);
    } else {
        int number = va_arg(*args, int);
        snprintf(out, size, one->text, number);
    }
}
#pragma GCC diagnostic pop

/* With flags or a width it may not read as JSON's. */
static bool is_number(const spec *one, const char *text) {
    if (strchr("-+ #0123456789*", one->text[1])) return false;
    if (strchr("diu", one->conversion)) return true;
    return strchr("gfe", one->conversion) && isfinite(strtod(text, NULL));
}

/* ---- members ---- */

/* Whether ` key=` stands here with a conversion behind it, quoted or not. @return its characters up
 * to the conversion, 0: no. */
static size_t key_at(const char *at, bool *quoted) {
    size_t n = 1;
    if (at[0] != ' ') return 0;
    while (islower((unsigned char)at[n]) || at[n] == '_')
        n++;
    if (n == 1 || at[n] != '=') return 0;
    *quoted = at[n + 1] == '"';
    n += 1 + *quoted;
    return at[n] == '%' && at[n + 1] != '%' ? n : 0;
}

static void add_member(hopt_buf *members, const char *key, size_t key_length, const spec *one,
                       const char *value) {
    hopt_buf_print(members, ",\"%.*s\":", (int)key_length, key);
    if (is_number(one, value))
        hopt_buf_text(members, value);
    else
        hopt_log_json_string(members, value);
}

void hopt_log_json(hopt_buf *out, const char *format, va_list given) {
    hopt_buf message = HOPT_BUF_INIT, members = HOPT_BUF_INIT;
    char value[VALUE_MAX];
    va_list args;
    va_copy(args, given);
    for (const char *at = format; *at;) {
        bool quoted = false;
        size_t key = key_at(at, &quoted);
        if (!key && *at != '%') {
            hopt_buf_char(&message, *at++);
            continue;
        }
        const char *name = at + 1;
        at += key;
        spec one = read_spec(at);
        if (!one.text[0] || !one.conversion) break; /* not a format of ours */
        print_spec(value, sizeof value, &one, &args);
        at += one.used;
        if (!key) {
            hopt_buf_text(&message, value);
            continue;
        }
        add_member(&members, name, key - 2 - quoted, &one, value);
        if (quoted && *at == '"') at++;
    }
    va_end(args);
    hopt_buf_text(out, "\"msg\":");
    hopt_log_json_string(out, hopt_buf_string(&message));
    hopt_buf_text(out, hopt_buf_string(&members));
    hopt_buf_clear(&message);
    hopt_buf_clear(&members);
}
