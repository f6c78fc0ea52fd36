/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "page.h"

#include <math.h>
#include <string.h>

#include "cli/markup.h"

/* --- text ---------------------------------------------------------------------------------------------------- */

void cli_page_text(FILE *out, const char *text)
{
    char next[8];
    while (*text != '\0') {
        cli_markup_character(next, &text);
        fputs(next, out);
    }
}

void cli_page_plain(FILE *out, const char *markup)
{
    for (bool is_tag = false; *markup != '\0'; markup++) {
        if (*markup == '<')
            is_tag = true;
        else if (*markup == '>')
            is_tag = false;
        else if (!is_tag)
            fputc(*markup, out);
    }
}

void cli_page_start(FILE *out, const char *title, const char *subtitle)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
          out);
    cli_page_text(out, title);
    fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>\n<h1>", cli_page_style);
    cli_page_text(out, title);
    fputs("</h1>\n<p class=\"soft\">", out);
    cli_page_text(out, subtitle);
    fputs("</p>\n", out);
}

void cli_page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

/* --- values -------------------------------------------------------------------------------------------------- */

void cli_page_open(FILE *out, const char *tag, const char *class_name, const cli_source *source)
{
    fprintf(out, "<%s", tag);
    if (class_name != NULL) fprintf(out, " class=\"%s\"", class_name);
    fputs(" data-path=\"", out);
    cli_page_text(out, source->group);
    if (source->name != NULL) {
        fputc('/', out);
        cli_page_text(out, source->name);
    }
    fputc('"', out);
    if (source->attribute != NULL) {
        fputs(" data-attribute=\"", out);
        cli_page_text(out, source->attribute);
        fputc('"', out);
    }
    if (source->take != NULL)
        fprintf(out, " data-take=\"%s\"", source->take);
    else if (source->index > 0)
        fprintf(out, " data-index=\"%zu\"", source->index);
    if (source->factor != 0 && source->factor != 1) fprintf(out, " data-factor=\"%.17g\"", source->factor);
    fputc('>', out);
}

/* Digits with a true minus sign, which is none where all digits are 0. */
static void put_digits(FILE *out, const char *plain)
{
    bool has_sign = plain[0] == '-';
    const char *digits = plain + has_sign;
    if (has_sign && digits[strspn(digits, "0.")] != '\0') fputs("\u2212", out);
    fputs(digits, out);
}

static void put_exponent(FILE *out, int exponent)
{
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char digits[16];
    snprintf(digits, sizeof digits, "%d", exponent < 0 ? -exponent : exponent);
    fputs(exponent < 0 ? "·10⁻" : "·10", out);
    for (const char *c = digits; *c != '\0'; c++)
        fputs(raised[*c - '0'], out);
}

void cli_page_number(FILE *out, double value)
{
    char plain[48];
    double size = fabs(value);
    if (!isfinite(value)) {
        fputs("–", out);
    } else if (size < 1e9 && value == floor(value)) {
        snprintf(plain, sizeof plain, "%.0f", value);
        put_digits(out, plain);
    } else if (size >= 1e-4 && size < 1e7) {
        snprintf(plain, sizeof plain, size >= 1e4 ? "%.0f" : "%.4g", value);
        put_digits(out, plain);
    } else {
        snprintf(plain, sizeof plain, "%.3e", value);
        char *e = strchr(plain, 'e');
        int exponent = 0;
        sscanf(e + 1, "%d", &exponent);
        *e = '\0';
        put_digits(out, plain);
        put_exponent(out, exponent);
    }
}

void cli_page_value(FILE *out, const char *tag, double value, int decimals, const cli_source *source)
{
    char plain[400];
    cli_page_open(out, tag, strcmp(tag, "td") == 0 ? "n" : NULL, source);
    if (decimals < 0 || !isfinite(value) || fabs(value) >= 1e7) {
        cli_page_number(out, value);
    } else {
        snprintf(plain, sizeof plain, "%.*f", decimals, value);
        put_digits(out, plain);
    }
    fprintf(out, "</%s>", tag);
}

int cli_page_decimals(double a, double b)
{
    double largest = fmax(fabs(a), fabs(b));
    if (!(largest > 0) || !isfinite(largest)) return 2;
    double wanted = 2 - floor(log10(largest));
    return wanted > 6 ? -1 : (int)fmax(wanted, 0);
}

/* --- figures ------------------------------------------------------------------------------------------------- */

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

vtr_status cli_page_figure(FILE *out, const vtr_figure_panel *panels, size_t n, double dpi, const char *alt,
                           const char *caption, vtr_error *err)
{
    vtr_figure_page page = vtr_figure_default_page(n);
    page.dpi = dpi;
    unsigned char *bytes;
    size_t n_bytes;
    vtr_status status = vtr_figure_encode(&bytes, &n_bytes, VTR_FIGURE_PNG, panels, n, &page, err);
    if (status != VTR_OK) return status;
    fprintf(out, "<figure%s><img alt=\"%s\" src=\"data:image/png;base64,", n > 1 ? " class=\"wide\"" : "",
            alt);
    write_base64(out, bytes, n_bytes);
    fputs("\">", out);
    if (caption != NULL) fprintf(out, "<figcaption>%s</figcaption>", caption);
    fputs("</figure>\n", out);
    vtr_figure_free(bytes);
    return VTR_OK;
}
