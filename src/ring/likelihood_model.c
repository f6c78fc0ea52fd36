/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/likelihood_model.h"

#include <math.h>

#include "ring/likelihood_state.h"

double vtr_fit_table_value(const fit_table *table, double rho_px)
{
    double position = (rho_px - (double)table->rho_first_px) / (double)table->step_px;
    if (!(position > 0)) position = 0;
    if (position > table->n - 1) position = table->n - 1;
    int i = (int)(position + 0.5);
    return (double)table->values[2 * i] +
           (double)table->values[2 * i + 1] * (position - i) * (double)table->step_px;
}

void vtr_fit_evaluate(const fit_model *model, const fit_bin *bin, const double x[FIT_N], vtr_fit_point *out)
{
    double exx = x[FIT_M] + x[FIT_P], eyy = x[FIT_M] - x[FIT_P], exy = x[FIT_Q];
    double gxx = 2 * exx + exx * exx + exy * exy, gyy = 2 * eyy + eyy * eyy + exy * exy,
           gxy = exy * (2 + exx + eyy);
    double dx = x[FIT_DX], dy = x[FIT_DY], r = (double)bin->radius_px;
    double c1 = (double)bin->cos1, s1 = (double)bin->sin1, c2 = (double)bin->cos2, s2 = (double)bin->sin2;
    double mdx = dx + gxx * dx + gxy * dy, mdy = dy + gxy * dx + gyy * dy;
    double eps = (gxx + gyy) / 2 + (gxx - gyy) / 2 * c2 + gxy * s2 - 2 * (mdx * c1 + mdy * s1) / r +
                 (dx * mdx + dy * mdy) / (r * r);
    double eps_r = -2 * (dx * c1 + dy * s1) / r + (dx * dx + dy * dy) / (r * r);
    double dr = r * (sqrt(1 + eps_r) - 1), t = (double)bin->t + dr * (double)model->inverse_half_width;
    double b0 = x[FIT_B0] + x[FIT_BC0] * c2 + x[FIT_BS0] * s2,
           b1 = x[FIT_B1] + x[FIT_BC1] * c2 + x[FIT_BS1] * s2;
    out->rho_px = r * sqrt(1 + eps);
    out->height = x[FIT_A] + x[FIT_AC] * c2 + x[FIT_AS] * s2;
    out->ring = vtr_fit_table_value(&model->table, out->rho_px);
    out->background =
        (double)bin->background * exp(-(double)model->kappa * dr) * (b0 + t * (b1 + t * x[FIT_B2]));
}

void vtr_likelihood_add_to_template(const vtr_likelihood *l, const vtr_likelihood_work *work, int lane,
                                    const double *parameters, const double posterior[5],
                                    const vtr_ring_template *ring, vtr_template_equations *equations)
{
    const fit_model *model = &l->model;
    for (size_t j = 0; j < model->n_sectors; j++)
        for (size_t i = 0; i < model->n_radii; i++) {
            const fit_bin *b = &model->bins[j * model->n_radii + i];
            if (!(b->n > 0)) continue;
            vtr_fit_point point;
            vtr_fit_evaluate(model, b, parameters, &point);
            double scale = (double)b->n * point.height;
            double per_pixel = (double)work->data[(j * model->n_radii + i) * VTR_FIT_LANES + lane];
            double value = (double)b->n * (per_pixel - point.background);
            double expected = fmax(scale * point.ring + (double)b->n * point.background, 1e-6 * (double)b->n);
            double variance = (double)model->gain * expected + (double)b->speckle * expected * expected +
                              (double)(b->n * model->read_variance);
            double c1 = (double)b->cos1, s1 = (double)b->sin1, c2 = (double)b->cos2, s2 = (double)b->sin2;
            double r2 = (double)b->radius_px * (double)b->radius_px;
            double reach =
                sqrt(3 * (c1 * c1 * posterior[FIT_DX] + s1 * s1 * posterior[FIT_DY] +
                          r2 * (posterior[FIT_M] + c2 * c2 * posterior[FIT_P] + s2 * s2 * posterior[FIT_Q])));
            /* Gauss-Hermite, three points */
            vtr_template_equations_add(equations, ring, point.rho_px, scale, value, 2 / (3 * variance));
            vtr_template_equations_add(equations, ring, point.rho_px - reach, scale, value,
                                       1 / (6 * variance));
            vtr_template_equations_add(equations, ring, point.rho_px + reach, scale, value,
                                       1 / (6 * variance));
        }
}
