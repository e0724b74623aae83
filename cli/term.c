#include "cli/term.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool hopt_term_is_tty(FILE *stream) {
    return isatty(fileno(stream));
}

int hopt_term_width(FILE *stream) {
    struct winsize size;
    int width = 80;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width = size.ws_col;
    return width < 20 ? 20 : width;
}

bool hopt_term_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < HOPT_COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value) continue;
        const char *set = strchr(value, '.');
        return set && (strncasecmp(set, ".utf-8", 6) == 0 || strncasecmp(set, ".utf8", 5) == 0);
    }
    return false;
}

const char *hopt_term_style(FILE *stream, hopt_style style) {
    static const char *const codes[] = {
        [HOPT_STYLE_PLAIN] = "\033[0m", [HOPT_STYLE_BOLD] = "\033[1m",
        [HOPT_STYLE_DIM] = "\033[2m",   [HOPT_STYLE_GOOD] = "\033[32m",
        [HOPT_STYLE_WARN] = "\033[33m", [HOPT_STYLE_BAD] = "\033[31m"};
    const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");
    if (!hopt_term_is_tty(stream) || (no_colour && *no_colour)) return "";
    if (!kind || strcmp(kind, "dumb") == 0) return "";
    return codes[style];
}

/* Length of the UTF-8 character at `text`, 0 when it is not valid (RFC 3629). */
static size_t character(const char *text, size_t left) {
    unsigned char a = (unsigned char)text[0];
    size_t need = a < 0x80 ? 1 : a >= 0xf0 && a < 0xf5 ? 4 : a >= 0xe0 ? 3 : a >= 0xc2 ? 2 : 0;
    if (a >= 0xf5 || need == 0 || need > left) return 0;
    for (size_t i = 1; i < need; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80) return 0;
    }
    unsigned char b = need > 1 ? (unsigned char)text[1] : 0;
    bool overlong = (a == 0xe0 && b < 0xa0) || (a == 0xf0 && b < 0x90);
    bool surrogate = a == 0xed && b >= 0xa0;
    bool beyond = a == 0xf4 && b >= 0x90;
    return overlong || surrogate || beyond ? 0 : need;
}

void hopt_term_clean(hopt_buf *out, const char *text, size_t length, const char *keep) {
    for (size_t i = 0; i < length;) {
        size_t n = character(text + i, length - i);
        unsigned char a = (unsigned char)text[i];
        bool control = (n == 1 && (a < 0x20 || a == 0x7f)) ||
                       (n == 2 && a == 0xc2 && (unsigned char)text[i + 1] < 0xa0);
        if (control && a && strchr(keep, a)) control = false;
        if (n == 0 || control)
            hopt_buf_char(out, '?');
        else
            hopt_buf_add(out, text + i, n);
        i += n ? n : 1;
    }
}

void hopt_term_print(FILE *stream, const char *text) {
    hopt_buf clean = HOPT_BUF_INIT;
    hopt_term_clean(&clean, text, strlen(text), "\n\t");
    fputs(hopt_buf_string(&clean), stream);
    hopt_buf_clear(&clean);
}

int hopt_term_columns(const char *text) {
    int columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

size_t hopt_term_cut(const char *text, int columns) {
    size_t length = 0;
    while (text[length]) {
        if (((unsigned char)text[length] & 0xc0) != 0x80 && columns-- == 0) break;
        length++;
    }
    return length;
}
