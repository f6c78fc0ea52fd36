/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/diffraction_internal.h"
#include "twin/twin_internal.h"
#include "vitrail/constants.h"

vtr_diffraction_params vtr_diffraction_default_params(void)
{
    return (vtr_diffraction_params){.n_px = 128,
                                    .k_step = 0.42 / 29,
                                    .probe_fwhm_nm = 2,
                                    .thickness_nm = 20,
                                    .slab_nm = 1.5,
                                    .beam_energy_kev = 300,
                                    .ring_k = 0.42,
                                    .background = 0.5,
                                    .electrons = 1e5,
                                    .seed = 1};
}

static vtr_status check(const vtr_atoms *atoms, const vtr_diffraction_params *p, vtr_error *err)
{
    if (!(atoms->box[0] > 0 && atoms->box[1] > 0 && atoms->box[2] > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the atomic model has open boundaries; a periodic box is needed");
    if (p->n_px < 8 || p->n_px > 4096 || p->n_px % 2 != 0)
        return vtr_fail(err, VTR_ERR_RANGE, "patterns of %zu px: an even number from 8 to 4096 is needed",
                        p->n_px);
    if (!(p->k_step > 0 && p->probe_fwhm_nm > 0 && p->thickness_nm > 0 && p->slab_nm > 0 && p->ring_k > 0 &&
          p->beam_energy_kev > 0 && p->electrons >= 0 && p->background >= 0))
        return vtr_fail(err, VTR_ERR_RANGE,
                        "k step, probe, thickness, slab, ring and beam energy must be positive");
    if (p->probe_fwhm_nm > 50 || p->thickness_nm > 1000)
        return vtr_fail(err, VTR_ERR_RANGE, "a probe of %g nm or a thickness of %g nm is too large",
                        p->probe_fwhm_nm, p->thickness_nm);
    return VTR_OK;
}

static void plan_column(vtr_diffraction *plan)
{
    const vtr_diffraction_params *p = &plan->params;
    const double *box = plan->atoms->box;
    double fwhm = 10 * p->probe_fwhm_nm, thickness = 10 * p->thickness_nm;
    plan->cut = 2 * log(2.0) / (fwhm * fwhm);
    plan->reach = sqrt(log(100.0) / plan->cut);
    plan->n_pieces = (size_t)ceil(thickness / fmin(box[0], fmin(box[1], box[2])));
    plan->piece = thickness / (double)plan->n_pieces;
    plan->slabs_a_piece = (size_t)ceil(plan->piece / (10 * p->slab_nm));
    plan->slab = plan->piece / (double)plan->slabs_a_piece;
    double density = (double)plan->atoms->n / (box[0] * box[1] * box[2]);
    plan->most_atoms = (size_t)(1.3 * density * VTR_PI * plan->reach * plan->reach * plan->piece) + 1000;
}

/* k in 1/Å of a pixel. */
static double k_of(const vtr_diffraction *plan, size_t pixel)
{
    size_t n = plan->params.n_px;
    double x = (double)(pixel % n) - (double)(n / 2), y = (double)(pixel / n) - (double)(n / 2);
    return plan->params.k_step * hypot(x, y);
}

static void fill_factors(vtr_diffraction *plan, const double *spread)
{
    size_t n = plan->params.n_px, n_pixels = n * n;
    for (size_t e = 0; e < plan->atoms->composition.n; e++)
        for (size_t i = 0; i < n_pixels; i++)
            plan->factor[e * n_pixels + i] =
                (float)(vtr_electron_factor(plan->atoms->composition.number[e], k_of(plan, i)) /
                        (spread[i % n] * spread[i / n]));
    for (size_t i = 0; i < n_pixels; i++) {
        double k = k_of(plan, i), phase = -VTR_PI * plan->wavelength * k * k * plan->slab;
        plan->phase_step[2 * i] = (float)cos(phase);
        plan->phase_step[2 * i + 1] = (float)sin(phase);
    }
}

/* Electrons per Å^2 from the dose, and the background in electrons. */
static void fill_background(vtr_diffraction *plan)
{
    const vtr_diffraction_params *p = &plan->params;
    const double *box = plan->atoms->box;
    size_t n_pixels = p->n_px * p->n_px;
    double density = (double)plan->atoms->n / (box[0] * box[1] * box[2]), ring_f2, sum = 0;
    /* the integral of P^2 over the plane is pi / (2 cut) */
    double n_atoms = density * 10 * p->thickness_nm * VTR_PI / (2 * plan->cut);
    vtr_electron_averages(&plan->atoms->composition, p->ring_k, NULL, &ring_f2);
    for (size_t i = 0; i < n_pixels; i++) {
        double f2, k = k_of(plan, i);
        vtr_electron_averages(&plan->atoms->composition, k, NULL, &f2);
        double background = n_atoms * p->background * ring_f2 * vtr_twin_background_form(k / p->ring_k);
        plan->background[i] = (float)background;
        sum += n_atoms * f2 + background;
    }
    plan->scale = p->electrons / sum;
    for (size_t i = 0; i < n_pixels; i++)
        plan->background[i] *= (float)plan->scale;
}

static vtr_status allocate_plan(vtr_diffraction *plan, vtr_error *err)
{
    size_t n_pixels = plan->params.n_px * plan->params.n_px, n_grid = plan->n_grid;
    plan->position = vtr_malloc(plan->atoms->n, sizeof *plan->position);
    plan->element = vtr_malloc(plan->atoms->n, sizeof *plan->element);
    plan->factor = vtr_malloc(plan->atoms->composition.n * n_pixels, sizeof(float));
    plan->phase_step = vtr_malloc(2 * n_pixels, sizeof(float));
    plan->background = vtr_malloc(n_pixels, sizeof(float));
    float *grid = vtr_malloc(n_grid * n_grid, sizeof(float));
    fftwf_complex *spectrum = vtr_malloc(n_grid * (n_grid / 2 + 1), sizeof(fftwf_complex));
    bool has_memory = plan->position != NULL && plan->element != NULL && plan->factor != NULL &&
                      plan->phase_step != NULL && plan->background != NULL && grid != NULL &&
                      spectrum != NULL;
    bool is_made = has_memory && vtr_fourier_float_create(&plan->fourier, n_grid, n_grid, grid, spectrum,
                                                          FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
    vtr_free(grid);
    vtr_free(spectrum);
    if (!is_made)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for patterns of %zu px from atoms",
                        plan->params.n_px);
    return VTR_OK;
}

static vtr_status fill_plan(vtr_diffraction *plan, vtr_error *err)
{
    size_t n = plan->params.n_px;
    double *spread = vtr_malloc(n, sizeof *spread);
    if (spread == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for patterns of %zu px from atoms", n);
    for (size_t i = 0; i < n; i++)
        spread[i] = vtr_spread_transform((double)i - (double)(n / 2), plan->n_grid);
    vtr_spread_table(plan->kernel);
    fill_factors(plan, spread);
    fill_background(plan);
    vtr_free(spread);
    const vtr_composition *c = &plan->atoms->composition;
    for (size_t i = 0; i < plan->atoms->n; i++) {
        uint8_t e = 0;
        while (c->number[e] != plan->atoms->number[i])
            e++;
        plan->element[i] = e;
        for (int j = 0; j < 3; j++)
            plan->position[i][j] = (float)plan->atoms->position[i][j];
    }
    return VTR_OK;
}

vtr_status vtr_diffraction_open(vtr_diffraction **out, const vtr_atoms *atoms,
                                const vtr_diffraction_params *params, vtr_error *err)
{
    vtr_diffraction_params given = params != NULL ? *params : vtr_diffraction_default_params();
    vtr_status status = check(atoms, &given, err);
    if (status != VTR_OK) return status;
    vtr_diffraction *plan = vtr_calloc(1, sizeof *plan);
    if (plan == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for patterns from atoms");
    plan->params = given;
    plan->atoms = atoms;
    plan->wavelength = vtr_electron_wavelength_angstrom(given.beam_energy_kev);
    plan->n_grid = 2 * given.n_px;
    plan_column(plan);
    status = allocate_plan(plan, err);
    if (status == VTR_OK) status = fill_plan(plan, err);
    if (status != VTR_OK) {
        vtr_diffraction_close(&plan);
        return status;
    }
    *out = plan;
    return VTR_OK;
}

void vtr_diffraction_close(vtr_diffraction **plan)
{
    if (plan == NULL || *plan == NULL) return;
    vtr_diffraction *p = *plan;
    vtr_fourier_float_release(&p->fourier);
    vtr_free(p->position);
    vtr_free(p->element);
    vtr_free(p->factor);
    vtr_free(p->phase_step);
    vtr_free(p->background);
    vtr_free(p);
    *plan = NULL;
}
