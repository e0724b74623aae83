#include "cli/svg.h"

#include <string.h>

#include "cli/term.h"

void hopt_svg_begin(hopt_buf *out, double width, double height) {
    hopt_buf_print(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                   "viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"12\">\n",
                   width, height, width, height);
    hopt_svg_rect(out, 0, 0, width, height, "fill:#fff");
}

void hopt_svg_end(hopt_buf *out) {
    hopt_buf_text(out, "</svg>\n");
}

static void escape(hopt_buf *out, const char *text) {
    hopt_buf clean = HOPT_BUF_INIT;
    hopt_term_clean(&clean, text, strlen(text), "");
    for (const char *c = hopt_buf_string(&clean); *c; c++) {
        if (*c == '&')
            hopt_buf_text(out, "&amp;");
        else if (*c == '<')
            hopt_buf_text(out, "&lt;");
        else if (*c == '>')
            hopt_buf_text(out, "&gt;");
        else
            hopt_buf_char(out, *c);
    }
    hopt_buf_clear(&clean);
}

void hopt_svg_text(hopt_buf *out, double x, double y, hopt_anchor anchor, const char *style,
                   const char *text) {
    static const char *const anchors[] = {"start", "middle", "end"};
    hopt_buf_print(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" style=\"%s\">", x, y,
                   anchors[anchor], style);
    escape(out, text);
    hopt_buf_text(out, "</text>\n");
}

void hopt_svg_rect(hopt_buf *out, double x, double y, double width, double height,
                   const char *style) {
    hopt_buf_print(out,
                   "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" style=\"%s\"/>\n", x,
                   y, width, height, style);
}

void hopt_svg_line(hopt_buf *out, double x1, double y1, double x2, double y2, const char *style) {
    hopt_buf_print(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" style=\"%s\"/>\n",
                   x1, y1, x2, y2, style);
}

void hopt_svg_path(hopt_buf *out, const double *x, const double *y, size_t count,
                   const char *style) {
    hopt_buf_print(out, "<polyline style=\"fill:none;%s\" points=\"", style);
    for (size_t i = 0; i < count; i++)
        hopt_buf_print(out, "%s%.1f,%.1f", i ? " " : "", x[i], y[i]);
    hopt_buf_text(out, "\"/>\n");
}
