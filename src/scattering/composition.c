/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/base_internal.h"
#include "scattering/lobato_internal.h"
#include "vitrail/scattering.h"

int vtr_element_number(const char *symbol)
{
    for (int i = 0; i < VTR_LOBATO_N; i++)
        if (strcmp(vtr_lobato_elements[i].symbol, symbol) == 0) return i + 1;
    return 0;
}

const char *vtr_element_symbol(int number)
{
    return number >= 1 && number <= VTR_LOBATO_N ? vtr_lobato_elements[number - 1].symbol : NULL;
}

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
    bool is_unit = is_whole && sum <= 30;
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
