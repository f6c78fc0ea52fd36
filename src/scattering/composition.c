/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/scattering.h"

/* Atoms in a formula unit, at most: more are taken for at.%. */
enum { FORMULA_UNIT_MAX = 30 };

/* Copies `text` without spaces and underscores; false where it does not fit. */
static bool squeeze(char *out, size_t size, const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        if (isspace((unsigned char)*text) || *text == '_') continue;
        if (n + 1 == size) return false;
        out[n++] = *text;
    }
    out[n] = '\0';
    return true;
}

/* One element with its amount from *text, which moves on. */
static vtr_status parse_term(vtr_composition *out, const char *whole, const char **text, vtr_error *err)
{
    const char *at = *text;
    bool has_second = at[0] != '\0' && islower((unsigned char)at[1]);
    char symbol[3] = {at[0], has_second ? at[1] : '\0', '\0'};
    int number = vtr_element_number(symbol);
    if (number == 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "composition '%s': '%.8s' does not begin with a chemical element", whole, at);
    at += strlen(symbol);
    size_t length = strspn(at, "0123456789.");
    char digits[32] = "1";
    if (length >= sizeof digits)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': the amount of %s is too long", whole,
                        symbol);
    if (length > 0) {
        memcpy(digits, at, length);
        digits[length] = '\0';
    }
    double amount;
    if (vtr_parse_double(digits, &amount) != 0 || !(amount > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': '%s' after %s is not a positive number",
                        whole, digits, symbol);
    for (size_t i = 0; i < out->n; i++)
        if (out->number[i] == number)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': %s is named twice", whole, symbol);
    if (out->n == VTR_COMPOSITION_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': more than %d elements", whole,
                        VTR_COMPOSITION_MAX);
    out->number[out->n] = number;
    out->fraction[out->n++] = amount;
    *text = at + length;
    return VTR_OK;
}

vtr_status vtr_composition_parse(vtr_composition *composition, const char *text, vtr_error *err)
{
    char squeezed[256];
    if (text == NULL || !squeeze(squeezed, sizeof squeezed, text))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "a composition has 1 to 255 characters, such as Zr46Cu38Al8Ag8");
    if (squeezed[0] == '\0')
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the composition is empty; give one such as Zr46Cu38Al8Ag8");
    vtr_composition parsed = {0};
    for (const char *at = squeezed; *at != '\0';) {
        vtr_status status = parse_term(&parsed, text, &at, err);
        if (status != VTR_OK) return status;
    }
    double sum = 0;
    bool is_whole = true;
    for (size_t i = 0; i < parsed.n; i++) {
        sum += parsed.fraction[i];
        is_whole = is_whole && parsed.fraction[i] == floor(parsed.fraction[i]);
    }
    bool is_unit = is_whole && sum <= FORMULA_UNIT_MAX;
    if (!is_unit && fabs(sum - 100) > 0.5 && fabs(sum - 1) > 0.005)
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "composition '%s': the amounts add to %g; give at.%% that add to 100 or fractions that add to 1",
            text, sum);
    for (size_t i = 0; i < parsed.n; i++)
        parsed.fraction[i] /= sum;
    *composition = parsed;
    return VTR_OK;
}

/* Whether all fractions times `scale` are whole numbers, but for the rounding of the quotients that they
 * are. */
static bool are_whole(const vtr_composition *composition, double scale)
{
    for (size_t i = 0; i < composition->n; i++) {
        double amount = composition->fraction[i] * scale;
        if (round(amount) < 1 || fabs(amount - round(amount)) > 1e-12 * scale) return false;
    }
    return true;
}

/* What the fractions are multiplied with to be written: 100, or the atoms of a formula unit. */
static int text_scale(const vtr_composition *composition)
{
    if (composition->n > 1 && are_whole(composition, 1e4)) return 100;
    for (int atoms = 1; atoms <= FORMULA_UNIT_MAX; atoms++)
        if (are_whole(composition, atoms)) return atoms;
    return 100;
}

size_t vtr_composition_text(const vtr_composition *composition, char *text, size_t size)
{
    int scale = text_scale(composition);
    size_t used = 0;
    if (size > 0) text[0] = '\0';
    for (size_t i = 0; i < composition->n; i++) {
        const char *symbol = vtr_element_symbol(composition->number[i]);
        double amount = scale * composition->fraction[i];
        char number[32] = "";
        if (scale == 100 || round(amount) != 1) snprintf(number, sizeof number, "%.8g", amount);
        used += (size_t)snprintf(used < size ? text + used : NULL, used < size ? size - used : 0, "%s%s",
                                 symbol != NULL ? symbol : "?", number);
    }
    return used;
}
