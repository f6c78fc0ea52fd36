/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/pdf_result.h"

enum { MAX_ENTRIES = 96, VALUE_BYTES = 512 };

typedef struct header {
    size_t n;
    vtr_text_entry entries[MAX_ENTRIES];
    char values[MAX_ENTRIES][VALUE_BYTES];
} header;

/* The value's place; a heading has none. */
static char *add(header *h, const char *key)
{
    if (h->n == MAX_ENTRIES) return NULL;
    h->entries[h->n] = (vtr_text_entry){key, h->values[h->n]};
    return h->values[h->n++];
}

static void add_heading(header *h, const char *text)
{
    if (add(h, text) != NULL) h->entries[h->n - 1].value = NULL;
}

static void add_number(header *h, const char *key, double value)
{
    char *text = isfinite(value) ? add(h, key) : NULL;
    if (text != NULL) snprintf(text, VALUE_BYTES, "%.10g", value);
}

/* Parameters that are not given are left out, except those that a PDF program looks for. */
static void add_parameters(header *h, const vtr_pdf_params *params)
{
    for (size_t i = 0; i < vtr_pdf_parameters.n; i++) {
        const vtr_parameter *p = &vtr_pdf_parameters.parameters[i];
        char text[VALUE_BYTES];
        vtr_parameters_format(p, params, text, sizeof text);
        if (*text == '\0') continue;
        char *value = add(h, strcmp(p->name, "radiation") == 0 ? "mode" : p->name);
        if (value != NULL) memcpy(value, text, sizeof text);
    }
}

static const char *scale_name(vtr_pdf_scale source)
{
    switch (source) {
    case VTR_PDF_SCALE_WINDOW:
        return "window";
    case VTR_PDF_SCALE_DENSITY:
        return "density";
    case VTR_PDF_SCALE_GAP:
        return "density-gap";
    case VTR_PDF_SCALE_GIVEN:
        return "given";
    case VTR_PDF_SCALE_MATCHED:
        return "matched";
    }
    return "";
}

static void add_normalisation(header *h, const vtr_pdf_normalisation *n)
{
    char *text = add(h, "scale_from");
    if (text != NULL) snprintf(text, VALUE_BYTES, "%s", scale_name(n->source));
    add_number(h, "found_scale", n->scale);
    add_number(h, "found_scale_error", n->scale_error);
    add_number(h, "found_constant", n->constant);
    add_number(h, "found_constant_error", n->constant_error);
    add_number(h, n->is_density_given ? "given_density" : "found_density", n->density);
    add_number(h, "found_density_error", n->is_density_given ? NAN : n->density_error);
    text = n->n_polynomial > 0 ? add(h, "found_polynomial") : NULL;
    if (text != NULL) vtr_pdf_polynomial_text(n, text, VALUE_BYTES);
}

static vtr_pdf_text table_of(vtr_pdf_text_kind kind, const vtr_pdf *pdf)
{
    const double *y[] = {pdf->intensity, pdf->S, pdf->F, pdf->G};
    const double *error[] = {pdf->intensity_error, pdf->S_error, pdf->F_error, pdf->G_error};
    bool is_real_space = kind == VTR_PDF_TEXT_GR;
    return (vtr_pdf_text){.kind = kind,
                          .n = is_real_space ? pdf->n_r : pdf->n_q,
                          .x = is_real_space ? pdf->r : pdf->q,
                          .y = y[kind],
                          .error = error[kind]};
}

vtr_status vtr_pdf_result_write(const char *path, vtr_pdf_text_kind kind, const vtr_pdf *pdf,
                                const vtr_pdf_params *params, const vtr_text_entry *source, size_t n_source,
                                bool force, vtr_error *err)
{
    header *h = vtr_calloc(1, sizeof *h);
    if (h == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory writing '%s'", path);
    vtr_pdf_params resolved = *params;
    vtr_pdf_params_lock(&resolved, &pdf->normalisation);
    add_heading(h, "input and output");
    for (size_t i = 0; i < n_source; i++) {
        char *value = add(h, source[i].key);
        if (value != NULL) snprintf(value, VALUE_BYTES, "%s", source[i].value);
    }
    add_heading(h, "settings");
    add_parameters(h, &resolved);
    add_heading(h, "normalisation");
    add_normalisation(h, &pdf->normalisation);
    vtr_pdf_text table = table_of(kind, pdf);
    table.entries = h->entries;
    table.n_entries = h->n;
    vtr_status status = vtr_pdf_text_write(path, &table, force, err);
    vtr_free(h);
    return status;
}

void vtr_pdf_params_lock(vtr_pdf_params *params, const vtr_pdf_normalisation *n)
{
    if (isnan(params->qmin)) params->qmin = n->qmin;
    if (isnan(params->qmax)) params->qmax = n->qmax;
    if (isnan(params->qmaxinst))
        params->qmaxinst = fmax(n->qmaxinst, params->qmax); /* a point may lie below qmax */
    if (isnan(params->fit[0])) memcpy(params->fit, n->fit, sizeof params->fit);
    if (isnan(params->rcut)) params->rcut = n->rcut;
}

double vtr_pdf_r_factor(size_t n, const double *x, const double *y, size_t n_reference,
                        const double *x_reference, const double *y_reference, double lo, double hi)
{
    double difference = 0, sum = 0;
    size_t n_used = 0, j = 0;
    for (size_t i = 0; i < n; i++) {
        if (x[i] < lo || x[i] > hi || n_reference < 2 || x[i] < x_reference[0]) continue;
        while (j + 2 < n_reference && x_reference[j + 1] < x[i])
            j++;
        double t = (x[i] - x_reference[j]) / (x_reference[j + 1] - x_reference[j]);
        double reference = (1 - t) * y_reference[j] + t * y_reference[j + 1];
        if (t > 1 + 1e-9 || !isfinite(reference) || !isfinite(y[i])) continue;
        difference += (y[i] - reference) * (y[i] - reference);
        sum += reference * reference;
        n_used++;
    }
    return n_used >= 2 && sum > 0 ? sqrt(difference / sum) : NAN;
}
