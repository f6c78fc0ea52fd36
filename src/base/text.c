/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* newlocale, strtod_l: numbers are parsed in the C locale whatever the caller's */
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

int vtr_parse_double(const char *text, double *value)
{
    pthread_once(&c_locale_once, make_c_locale);
    if (text == NULL || *text == '\0' || isspace((unsigned char)*text)) return -1;
    char *end;
    double parsed = c_locale != (locale_t)0 ? strtod_l(text, &end, c_locale) : strtod(text, &end);
    if (end == text || *end != '\0') return -1;
    *value = parsed;
    return 0;
}

int vtr_parse_size(const char *text, size_t *value)
{
    if (text == NULL || !isdigit((unsigned char)*text)) return -1;
    char *end;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || parsed > SIZE_MAX) return -1;
    *value = (size_t)parsed;
    return 0;
}

bool vtr_text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool vtr_text_ends_with_nocase(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    if (m > n) return false;
    for (size_t i = 0; i < m; i++)
        if (tolower((unsigned char)text[n - m + i]) != tolower((unsigned char)suffix[i])) return false;
    return true;
}
