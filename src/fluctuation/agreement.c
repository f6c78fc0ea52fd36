/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measured and published curves, and how well others agree with them. */
#include <math.h>
#include <string.h>

#include "fluctuation/fluctuation_internal.h"
#include "pdf/pdf_text_internal.h"

static vtr_status allocate(vtr_fluctuation_table *t, size_t n, vtr_error *err)
{
    t->k_inv_angstrom = vtr_malloc(n, sizeof *t->k_inv_angstrom);
    t->value = vtr_malloc(n, sizeof *t->value);
    t->error = vtr_malloc(n, sizeof *t->error);
    if (t->k_inv_angstrom == NULL || t->value == NULL || t->error == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for %zu values", n);
    return VTR_OK;
}

/* Lines of one number end lists; k must rise. */
static vtr_status take_lines(vtr_fluctuation_table *t, const vtr_text_lines *lines, vtr_error *err)
{
    for (size_t i = 0; i < lines->n; i++) {
        double field[TEXT_MAX_FIELDS];
        if (lines->lines[i].kind != VTR_LINE_NUMBERS || lines->lines[i].n_fields < 2) continue;
        size_t n = vtr_text_numbers(lines->lines[i].text, field, NULL);
        if (!isfinite(field[0]) || !isfinite(field[1]) ||
            (t->n > 0 && field[0] <= t->k_inv_angstrom[t->n - 1]))
            return vtr_fail(err, VTR_ERR_FORMAT, "line %zu is no k above the one before with its V", i + 1);
        t->k_inv_angstrom[t->n] = field[0];
        t->value[t->n] = field[1];
        t->error[t->n++] = n > 2 ? field[2] : NAN;
    }
    return t->n > 0 ? VTR_OK : vtr_fail(err, VTR_ERR_NO_DATA, "no line has two numbers, k and V");
}

vtr_status vtr_fluctuation_table_read(vtr_fluctuation_table *out, const char *path, vtr_error *err)
{
    vtr_text_lines lines = {0};
    vtr_fluctuation_table table = {0};
    vtr_status status = vtr_text_lines_read(&lines, path, err);
    if (status != VTR_OK) return status;
    status = allocate(&table, lines.n, err);
    if (status == VTR_OK) status = take_lines(&table, &lines, err);
    vtr_text_lines_release(&lines);
    if (status == VTR_OK) {
        *out = table;
        return VTR_OK;
    }
    vtr_fluctuation_table_release(&table);
    return vtr_fail_context(err, status, "'%s'", path);
}

void vtr_fluctuation_table_release(vtr_fluctuation_table *table)
{
    vtr_free(table->k_inv_angstrom);
    vtr_free(table->value);
    vtr_free(table->error);
    memset(table, 0, sizeof *table);
}

/* Between the two points beside k; NAN outside. */
static double interpolate(size_t n, const double *k, const double *value, double at)
{
    if (n < 2 || !(at >= k[0]) || !(at <= k[n - 1])) return NAN;
    size_t i = 0;
    while (i + 2 < n && k[i + 1] < at)
        i++;
    return value[i] + (at - k[i]) / (k[i + 1] - k[i]) * (value[i + 1] - value[i]);
}

vtr_status vtr_fluctuation_compare(vtr_fluctuation_agreement *out, const vtr_fluctuation_table *table,
                                   size_t n, const double *k_inv_angstrom, const double *value,
                                   vtr_error *err)
{
    vtr_fluctuation_agreement a = {.scale = 1};
    double off[2] = {0}, norm = 0, cross = 0, square = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < table->n; i++) {
            double v = interpolate(n, k_inv_angstrom, value, table->k_inv_angstrom[i]), t = table->value[i];
            if (!isfinite(v)) continue;
            off[round] += fabs(a.scale * v - t);
            if (round > 0) continue;
            a.n++;
            norm += fabs(t);
            cross += v * t;
            square += v * v;
        }
        if (round == 0) a.scale = cross / square;
    }
    if (a.n < 2 || !(square > 0) || !(norm > 0))
        return vtr_fail(err, VTR_ERR_NO_DATA,
                        "the curves have %zu values of k in common; a comparison needs two", a.n);
    a.r_factor = off[0] / norm;
    a.r_scaled = off[1] / norm;
    *out = a;
    return VTR_OK;
}
