/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "cli.h"

void cli_json_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

void cli_json_number(FILE *out, double value)
{
    if (isfinite(value))
        fprintf(out, "%.17g", value);
    else
        fputs("null", out);
}

void cli_json_member(const char *name, double value, const char *end)
{
    printf("\"%s\": ", name);
    cli_json_number(stdout, value);
    fputs(end, stdout);
}

void cli_json_array(const char *name, const double *values, size_t n, const char *end)
{
    printf("\"%s\": [", name);
    for (size_t i = 0; i < n; i++) {
        if (i > 0) fputs(", ", stdout);
        cli_json_number(stdout, values[i]);
    }
    printf("]%s", end);
}

void cli_json_text(const char *name, const char *text, const char *end)
{
    printf("\"%s\": ", name);
    cli_json_string(stdout, text);
    fputs(end, stdout);
}
