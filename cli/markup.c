/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "markup.h"

#include <stdint.h>
#include <string.h>

static const char replacement[] = "\xEF\xBF\xBD";

/* Length of the well-formed UTF-8 sequence at `bytes` with its code point; 0 where it is none. */
static size_t decode(uint32_t *code, const unsigned char *bytes)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = bytes[0] < 0x80                       ? 1
               : bytes[0] >= 0xC2 && bytes[0] < 0xE0 ? 2
               : bytes[0] >= 0xE0 && bytes[0] < 0xF0 ? 3
               : bytes[0] >= 0xF0 && bytes[0] < 0xF5 ? 4
                                                     : 0;
    if (n == 0) return 0;
    *code = n == 1 ? bytes[0] : bytes[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((bytes[i] & 0xC0) != 0x80) return 0;
        *code = *code << 6 | (bytes[i] & 0x3Fu);
    }
    return n > 1 && *code < lowest[n] ? 0 : n;
}

static int may_be_on_a_page(uint32_t code)
{
    if (code < 0x20) return code == '\t' || code == '\n';
    return !(code >= 0x7F && code < 0xA0) && !(code >= 0xD800 && code < 0xE000) &&
           !(code >= 0xFDD0 && code < 0xFDF0) && (code & 0xFFFE) != 0xFFFE && code <= 0x10FFFF;
}

void cli_markup_character(char out[8], const char **text)
{
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;"};
    static const char special[] = "&<>\"";
    const unsigned char *bytes = (const unsigned char *)*text;
    uint32_t code = 0;
    size_t n = decode(&code, bytes);
    const char *found = n == 1 && code != 0 ? strchr(special, (int)code) : NULL;
    *text += n > 0 ? n : 1;
    if (found != NULL) {
        strcpy(out, entities[found - special]);
    } else if (n == 0 || !may_be_on_a_page(code)) {
        strcpy(out, replacement);
    } else {
        memcpy(out, bytes, n);
        out[n] = '\0';
    }
}

void cli_markup_escape(char *out, size_t size, const char *text)
{
    size_t used = 0;
    char next[8];
    out[0] = '\0';
    while (*text != '\0') {
        cli_markup_character(next, &text);
        if (used + strlen(next) + 1 > size) return;
        strcpy(out + used, next);
        used += strlen(next);
    }
}
