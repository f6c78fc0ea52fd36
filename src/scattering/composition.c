/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/scattering.h"

enum {
    FORMULA_UNIT_MAX = 30, /* atoms; more are taken for at.% */
    DEPTH_MAX = 8,
};

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

/* The text, without spaces, and how far it is read. */
typedef struct reader {
    const char *whole, *at;
    int depth;
} reader;

static bool is_end(const reader *r)
{
    return *r->at == '\0' || strchr(")]-", *r->at) != NULL;
}

/* A number, or 1 where there is none. */
static vtr_status read_amount(reader *r, const char *of_what, double *amount, vtr_error *err)
{
    size_t length = strspn(r->at, "0123456789.");
    char digits[32] = "1";
    if (length >= sizeof digits)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': the amount of %s is too long", r->whole,
                        of_what);
    if (length > 0) {
        memcpy(digits, r->at, length);
        digits[length] = '\0';
    }
    if (vtr_parse_double(digits, amount) != 0 || !(*amount > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': '%s' after %s is not a positive number",
                        r->whole, digits, of_what);
    r->at += length;
    return VTR_OK;
}

static vtr_status read_element(reader *r, vtr_composition *out, char symbol[3], vtr_error *err)
{
    bool has_second = r->at[0] != '\0' && islower((unsigned char)r->at[1]);
    symbol[0] = r->at[0];
    symbol[1] = has_second ? r->at[1] : '\0';
    symbol[2] = '\0';
    int number = strcmp(symbol, "D") == 0 ? VTR_DEUTERIUM : vtr_element_number(symbol);
    if (number == 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "composition '%s': '%.8s' does not begin with a chemical element", r->whole, r->at);
    r->at += strlen(symbol);
    *out = (vtr_composition){.n = 1, .number = {number}, .fraction = {1}};
    return VTR_OK;
}

static vtr_status add(vtr_composition *sum, const vtr_composition *term, double amount, const char *whole,
                      vtr_error *err)
{
    for (size_t j = 0; j < term->n; j++) {
        size_t i = 0;
        while (i < sum->n && sum->number[i] != term->number[j])
            i++;
        if (i == VTR_COMPOSITION_MAX)
            return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': more than %d elements", whole,
                            VTR_COMPOSITION_MAX);
        sum->number[i] = term->number[j];
        sum->fraction[i] += amount * term->fraction[j];
        if (i == sum->n) sum->n++;
    }
    return VTR_OK;
}

/* The amounts of a list, added up as they are read. */
typedef struct tally {
    double sum;
    bool has_parts; /* not only whole numbers */
} tally;

static void count(tally *t, double amount)
{
    t->sum += amount;
    t->has_parts = t->has_parts || amount != floor(amount);
}

/* Whole numbers of a formula unit stay counts of atoms; per cent and fractions become parts of one. */
static vtr_status settle(vtr_composition *list, const tally *t, const char *whole, vtr_error *err)
{
    if (!t->has_parts && t->sum <= FORMULA_UNIT_MAX) return VTR_OK;
    if (fabs(t->sum - 100) > 0.5 && fabs(t->sum - 1) > 0.005)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "composition '%s': the amounts add to %g; give at.%% that add to 100, fractions that "
                        "add to 1, or the whole numbers of a formula unit",
                        whole, t->sum);
    for (size_t i = 0; i < list->n; i++)
        list->fraction[i] /= t->sum;
    return VTR_OK;
}

static vtr_status read_list(reader *r, vtr_composition *out, vtr_error *err);

/* "(Fe0.5Co0.5)", round or square. */
static vtr_status read_group(reader *r, vtr_composition *out, vtr_error *err)
{
    char close = *r->at++ == '(' ? ')' : ']';
    if (++r->depth > DEPTH_MAX)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': brackets are nested more than %d deep",
                        r->whole, DEPTH_MAX);
    vtr_status status = read_list(r, out, err);
    if (status != VTR_OK) return status;
    r->depth--;
    if (*r->at != close)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': a bracket is not closed by '%c'", r->whole,
                        close);
    r->at++;
    return VTR_OK;
}

/* Elements and groups, each followed by its amount. */
static vtr_status read_list(reader *r, vtr_composition *out, vtr_error *err)
{
    vtr_composition list = {0}, named = {0};
    tally amounts = {0};
    do {
        vtr_composition term;
        char symbol[3] = ")";
        bool is_group = *r->at == '(' || *r->at == '[';
        vtr_status status = is_group ? read_group(r, &term, err) : read_element(r, &term, symbol, err);
        if (status != VTR_OK) return status;
        for (size_t i = 0; i < named.n && !is_group; i++)
            if (named.number[i] == term.number[0])
                return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': %s is named twice", r->whole,
                                symbol);
        double amount = 1;
        status = read_amount(r, symbol, &amount, err);
        if (status == VTR_OK && !is_group) status = add(&named, &term, 1, r->whole, err);
        if (status == VTR_OK) status = add(&list, &term, amount, r->whole, err);
        if (status != VTR_OK) return status;
        count(&amounts, amount);
    } while (!is_end(r));
    vtr_status status = settle(&list, &amounts, r->whole, err);
    if (status == VTR_OK) *out = list;
    return status;
}

/* "20Na2O-80SiO2": lists with dashes between, each after its amount; or one list. */
static vtr_status read_mixture(reader *r, vtr_composition *out, vtr_error *err)
{
    if (strchr(r->at, '-') == NULL) return read_list(r, out, err);
    vtr_composition mixture = {0};
    tally amounts = {0};
    for (;;) {
        vtr_composition list;
        double amount = 1;
        vtr_status status = read_amount(r, "a dash", &amount, err);
        if (status == VTR_OK) status = read_list(r, &list, err);
        if (status == VTR_OK) status = add(&mixture, &list, amount, r->whole, err);
        if (status != VTR_OK) return status;
        count(&amounts, amount);
        if (*r->at != '-') break;
        r->at++;
    }
    vtr_status status = settle(&mixture, &amounts, r->whole, err);
    if (status == VTR_OK) *out = mixture;
    return status;
}

vtr_status vtr_composition_parse(vtr_composition *composition, const char *text, vtr_error *err)
{
    char squeezed[256];
    if (text == NULL || !squeeze(squeezed, sizeof squeezed, text))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "a composition has 1 to 255 characters, such as Zr46Cu38Al8Ag8");
    if (squeezed[0] == '\0')
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the composition is empty; give one such as Zr46Cu38Al8Ag8");
    vtr_composition parsed;
    reader r = {.whole = text, .at = squeezed};
    vtr_status status = read_mixture(&r, &parsed, err);
    if (status != VTR_OK) return status;
    if (*r.at != '\0')
        return vtr_fail(err, VTR_ERR_ARGUMENT, "composition '%s': '%c' closes no bracket", text, *r.at);
    double sum = 0;
    for (size_t i = 0; i < parsed.n; i++)
        sum += parsed.fraction[i];
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
