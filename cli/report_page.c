/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report_page.h"

#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1d1f23;--soft:#5d636e;--paper:#fbfaf8;--card:#fff;--line:#dcd9d3;"
    "--accent:#1f5fa8}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e7e5e1;--soft:#a3a8b1;--paper:#17191c;--card:#1f2226;"
    "--line:#353a41;--accent:#86b6ea}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:64rem;padding:2.5rem 1.25rem 4rem;background:var(--paper);color:var(--ink);"
    "font:16px/1.55 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}\n"
    "h1{font-size:1.7rem;font-weight:600;letter-spacing:-.01em;margin:0;overflow-wrap:anywhere}\n"
    "h2{font-size:1.15rem;font-weight:600;margin:2.8rem 0 .8rem;padding-bottom:.3rem;border-bottom:1px solid "
    "var(--line)}\n"
    "h3{font-size:1rem;font-weight:600;margin:1.8rem 0 .5rem}\n"
    "p{margin:.4rem 0;max-width:46rem}.soft{color:var(--soft)}\n"
    "a{color:var(--accent)}nav{margin:1rem 0 0}nav a{margin-right:1.1rem;text-decoration:none}\n"
    ".row{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:1rem;align-items:start;"
    "margin:0 0 1rem}\n"
    "figure{margin:0;padding:.8rem;background:#fff;border:1px solid var(--line);border-radius:6px;"
    "break-inside:avoid}\n"
    "figure img{display:block;width:100%;max-width:42rem;height:auto;margin:0 auto}\n"
    "figcaption{color:#5d636e;font-size:.85rem;margin-top:.5rem}\n"
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem;margin:.4rem 0 1rem}\n"
    "th,td{text-align:left;padding:.28rem 1.6rem .28rem 0;border-bottom:1px solid "
    "var(--line);vertical-align:top}\n"
    "th{font-weight:600;color:var(--soft)}td.n,th.n{text-align:right}\n"
    "td code,p code{overflow-wrap:anywhere}\n"
    "pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.7rem .9rem;"
    "overflow-x:auto;font-size:.82rem;line-height:1.45;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "code,pre{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,monospace}code{font-size:.86em}\n"
    "@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--card:#fff;--line:#bbb}"
    "body{max-width:none;padding:0;font-size:10pt}nav{display:none}h2,h3{break-after:avoid}"
    ".row{grid-template-columns:1fr 1fr}figure{border:0;padding:0}}\n";

void cli_page_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&')
            fputs("&amp;", out);
        else if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '"')
            fputs("&quot;", out);
        else
            fputc(*text, out);
    }
}

void cli_page_start(FILE *out, const char *title, const char *subtitle)
{
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          out);
    cli_page_text(out, title);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<h1>", style);
    cli_page_text(out, title);
    fputs("</h1>\n<p class=\"soft\">", out);
    cli_page_text(out, subtitle);
    fputs("</p>\n", out);
}

void cli_page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

static void write_base64(FILE *out, const unsigned char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned b = i + 1 < n ? bytes[i + 1] : 0u, c = i + 2 < n ? bytes[i + 2] : 0u;
        unsigned group = (unsigned)bytes[i] << 16 | b << 8 | c;
        char four[4] = {digits[group >> 18 & 63], digits[group >> 12 & 63],
                        i + 1 < n ? digits[group >> 6 & 63] : '=', i + 2 < n ? digits[group & 63] : '='};
        fwrite(four, 1, 4, out);
    }
}

vtr_status cli_page_figure(FILE *out, const vtr_figure_panel *panels, size_t n, const char *alt,
                           const char *caption, vtr_error *err)
{
    vtr_figure_page page = vtr_figure_default_page(n);
    page.dpi = 220;
    unsigned char *bytes;
    size_t n_bytes;
    vtr_status status = vtr_figure_encode(&bytes, &n_bytes, VTR_FIGURE_PNG, panels, n, &page, err);
    if (status != VTR_OK) return status;
    fputs("<figure><img alt=\"", out);
    cli_page_text(out, alt);
    fputs("\" src=\"data:image/png;base64,", out);
    write_base64(out, bytes, n_bytes);
    fputs("\">", out);
    if (caption != NULL) fprintf(out, "<figcaption>%s</figcaption>", caption);
    fputs("</figure>\n", out);
    vtr_figure_free(bytes);
    return VTR_OK;
}
