/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "pdf/pdf_internal.h"

void pdf_window_points(const vtr_pdf_plan *plan, size_t *first, size_t *last)
{
    const double *range = plan->normalisation.fit;
    *first = *last = 0;
    while (*first < plan->n_q && plan->q[*first] < range[0])
        ++*first;
    for (*last = *first; *last < plan->n_q && plan->q[*last] <= range[1];)
        ++*last;
}

/* N and the constant by least squares of I on (<f^2> + incoherent, 1) over the window; what is held is taken out.
 * Points count alike in s(Q): their weights are 1/<f>^4. */
static vtr_status scale_by_window(vtr_pdf_plan *plan, vtr_error *err)
{
    const vtr_pdf_params *p = &plan->params;
    bool finds_scale = isnan(p->scale), finds_constant = isnan(p->constant);
    size_t first, last;
    pdf_window_points(plan, &first, &last);
    if (last < first + 4)
        return vtr_fail(err, VTR_ERR_RANGE, "fit range %g to %g 1/Å holds %zu points; four are needed",
                        plan->normalisation.fit[0], plan->normalisation.fit[1], last - first);
    double ww = 0, wa = 0, waa = 0;
    for (size_t j = first; j < last; j++) {
        double w = 1 / (plan->mean_f[j] * plan->mean_f[j]), a = plan->atomic[j];
        ww += w * w, wa += w * w * a, waa += w * w * a * a;
    }
    double determinant = ww * waa - wa * wa;
    if (finds_scale && finds_constant && !(determinant > 1e-9 * ww * waa))
        return vtr_fail(
            err, VTR_ERR_NUMERIC,
            "fit range %g to %g 1/Å: the scale cannot be told from the constant there; widen it or hold "
            "one of them",
            plan->normalisation.fit[0], plan->normalisation.fit[1]);
    pdf_functional *n = &plan->scale, *c = &plan->term[PDF_CONSTANT];
    for (size_t j = first; j < last; j++) {
        double w = 1 / (plan->mean_f[j] * plan->mean_f[j]), a = plan->atomic[j];
        if (finds_scale && finds_constant) {
            n->row[j] = w * w * (ww * a - wa) / determinant;
            c->row[j] = w * w * (waa - wa * a) / determinant;
        } else if (finds_scale)
            n->row[j] = w * w * a / waa;
        else if (finds_constant)
            c->row[j] = w * w / ww;
    }
    if (finds_scale && !finds_constant) n->offset = -p->constant * wa / waa;
    if (!finds_scale && finds_constant) c->per_scale = -wa / ww;
    return VTR_OK;
}

/* N or the constant such that N <f^2> + constant is the intensity at one Q. */
static vtr_status scale_by_match(vtr_pdf_plan *plan, vtr_error *err)
{
    const vtr_pdf_params *p = &plan->params;
    const double *q = plan->q;
    size_t j = 0;
    if (p->match < q[0] || p->match > q[plan->n_q - 1])
        return vtr_fail(err, VTR_ERR_RANGE, "match at %g 1/Å lies outside the data used, %g to %g 1/Å",
                        p->match, q[0], q[plan->n_q - 1]);
    if (isnan(p->scale) && isnan(p->constant))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "match sets the scale or the constant: hold the other one");
    while (j + 2 < plan->n_q && q[j + 1] < p->match)
        j++;
    double t = (p->match - q[j]) / (q[j + 1] - q[j]);
    double atomic = (1 - t) * plan->atomic[j] + t * plan->atomic[j + 1];
    bool finds_scale = isnan(p->scale);
    pdf_functional *found = finds_scale ? &plan->scale : &plan->term[PDF_CONSTANT];
    found->row[j] = (1 - t) / (finds_scale ? atomic : 1);
    found->row[j + 1] = t / (finds_scale ? atomic : 1);
    if (finds_scale)
        found->offset = -p->constant / atomic;
    else
        found->per_scale = -atomic;
    return VTR_OK;
}

vtr_status pdf_scale_simply(vtr_pdf_plan *plan, vtr_error *err)
{
    const vtr_pdf_params *p = &plan->params;
    if (!isnan(p->scale)) plan->scale.offset = p->scale;
    if (!isnan(p->constant)) plan->term[PDF_CONSTANT].offset = p->constant;
    plan->normalisation.source = !isnan(p->scale) ? VTR_PDF_SCALE_GIVEN : VTR_PDF_SCALE_WINDOW;
    if (!isnan(p->match)) {
        if (isnan(p->scale)) plan->normalisation.source = VTR_PDF_SCALE_MATCHED;
        return scale_by_match(plan, err);
    }
    return !isnan(p->scale) && !isnan(p->constant) ? VTR_OK : scale_by_window(plan, err);
}
