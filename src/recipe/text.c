/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>

#include "recipe/recipe_internal.h"

static bool is_continuation(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

recipe_mark vtr_recipe_mark_of(const char *text, size_t offset)
{
    recipe_mark mark = {1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n')
            mark = (recipe_mark){mark.line + 1, 1};
        else if (!is_continuation((unsigned char)text[i]))
            mark.column++;
    }
    return mark;
}

char vtr_recipe_byte_at(const char *text, size_t size, recipe_mark at)
{
    size_t i = 0;
    for (size_t line = 1; line < at.line && i < size; i++)
        line += text[i] == '\n';
    for (size_t column = 1; i < size && text[i] != '\n'; i++) {
        if (is_continuation((unsigned char)text[i])) continue;
        if (column++ == at.column) return text[i];
    }
    return '\0';
}

/* Length of the UTF-8 sequence at the beginning of n > 0 bytes and its code point; 0 where there is none (Unicode 15,
 * table 3-7). */
static size_t sequence(const unsigned char *c, size_t n, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = c[0] < 0x80             ? 1
                    : (c[0] & 0xe0) == 0xc0 ? 2
                    : (c[0] & 0xf0) == 0xe0 ? 3
                    : (c[0] & 0xf8) == 0xf0 ? 4
                                            : 0;
    if (length == 0 || length > n) return 0;
    *code = length == 1 ? c[0] : c[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(c[i])) return 0;
        *code = *code << 6 | (c[i] & 0x3f);
    }
    bool is_surrogate = *code >= 0xd800 && *code < 0xe000;
    return *code >= least[length] && *code <= 0x10ffff && !is_surrogate ? length : 0;
}

static bool is_control(uint32_t code)
{
    if (code == '\t' || code == '\n' || code == '\r') return false;
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

vtr_status vtr_recipe_check_text(const char *name, const char *text, size_t size, vtr_error *err)
{
    if (size > VTR_RECIPE_MAX_BYTES)
        return vtr_fail(err, VTR_ERR_FORMAT, "%s: %zu bytes are no recipe; at most %d are read", name, size,
                        VTR_RECIPE_MAX_BYTES);
    for (size_t i = 0; i < size;) {
        uint32_t code = 0;
        size_t length = sequence((const unsigned char *)text + i, size - i, &code);
        recipe_mark at = length == 0 || is_control(code) ? vtr_recipe_mark_of(text, i) : (recipe_mark){0, 0};
        if (length == 0)
            return vtr_fail(err, VTR_ERR_FORMAT,
                            "%s:%zu:%zu: not UTF-8 (byte 0x%02x); save the file as UTF-8", name, at.line,
                            at.column, (unsigned char)text[i]);
        if (at.line > 0)
            return vtr_fail(err, VTR_ERR_FORMAT,
                            "%s:%zu:%zu: a control character (U+%04X), which no recipe holds", name, at.line,
                            at.column, (unsigned)code);
        i += length;
    }
    return VTR_OK;
}
