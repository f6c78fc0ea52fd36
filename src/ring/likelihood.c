/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/likelihood_state.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"

vtr_likelihood_params vtr_likelihood_default_params(void)
{
    return (vtr_likelihood_params){.harmonics = true,
                                   .background_order = 2,
                                   .is_far = false,
                                   .max_iterations = 20,
                                   .min_significance = 3.5};
}

void vtr_likelihood_free(vtr_likelihood *l)
{
    if (l == NULL) return;
    vtr_free(l->bins);
    vtr_free(l->plan);
    vtr_free(l->sectors);
    vtr_free(l->table);
    vtr_free(l);
}

static const fit_kernels *choose_kernels(void)
{
    switch (vtr_cpu_best()) {
    case VTR_CPU_AVX512:
        return &vtr_fit_kernels_avx512;
    case VTR_CPU_AVX2:
        return &vtr_fit_kernels_avx2;
    case VTR_CPU_PORTABLE:
        break;
    }
    return &vtr_fit_kernels_portable;
}

/* The plan's radii whose bins lie in the annulus. */
static vtr_status choose_radii(vtr_likelihood *l, const vtr_ring_bins *bins, const vtr_ring_template *ring,
                               vtr_error *err)
{
    size_t first = bins->n_radii, last = 0;
    for (size_t i = 0; i < bins->n_radii; i++)
        for (size_t j = 0; j < bins->n_sectors; j++) {
            size_t b = i * bins->n_sectors + j;
            if (bins->n_pixels[b] > 0 && bins->radius_px[b] >= ring->annulus_px[0] &&
                bins->radius_px[b] <= ring->annulus_px[1]) {
                if (i < first) first = i;
                last = i;
            }
        }
    if (first >= last)
        return vtr_fail(err, VTR_ERR_NO_DATA, "no usable pixels in the ring's annulus, %.1f to %.1f px",
                        ring->annulus_px[0], ring->annulus_px[1]);
    l->model.first_radius = first;
    l->model.n_radii = last - first + 1;
    l->model.n_sectors = bins->n_sectors;
    return VTR_OK;
}

static void fill_sectors(vtr_likelihood *l)
{
    for (size_t j = 0; j < l->model.n_sectors; j++) {
        double n = 0, c1 = 0, s1 = 0, c2 = 0, s2 = 0;
        for (size_t i = 0; i < l->model.n_radii; i++) {
            const fit_bin *b = &l->bins[j * l->model.n_radii + i];
            n += (double)b->n;
            c1 += (double)(b->n * b->cos1);
            s1 += (double)(b->n * b->sin1);
            c2 += (double)(b->n * b->cos2);
            s2 += (double)(b->n * b->sin2);
        }
        if (n > 0)
            l->sectors[j] = (fit_sector){(float)(c1 / n), (float)(s1 / n), (float)(c2 / n), (float)(s2 / n)};
    }
}

static void fill_bins(vtr_likelihood *l, const vtr_ring_bins *bins, const vtr_ring_template *ring,
                      const double *relative_variance)
{
    size_t used = 0;
    double pixels = 0;
    l->template_counts = 0;
    for (size_t j = 0; j < l->model.n_sectors; j++)
        for (size_t i = 0; i < l->model.n_radii; i++) {
            size_t from = (l->model.first_radius + i) * bins->n_sectors + j;
            fit_bin *b = &l->bins[j * l->model.n_radii + i];
            double r = bins->radius_px[from], n = bins->n_pixels[from];
            if (!(n > 0) || r < ring->annulus_px[0] || r > ring->annulus_px[1]) {
                *b = (fit_bin){.radius_px = 1};
                continue;
            }
            used++;
            pixels += n;
            double g = vtr_ring_template_background(ring, r);
            *b = (fit_bin){.n = (float)n,
                           .radius_px = (float)r,
                           .cos1 = (float)bins->cos1[from],
                           .sin1 = (float)bins->sin1[from],
                           .cos2 = (float)bins->cos2[from],
                           .sin2 = (float)bins->sin2[from],
                           .background = (float)g,
                           .t = (float)((r - ring->r0_px) / ring->half_width_px),
                           .speckle = relative_variance != NULL ? (float)relative_variance[from] : 0.0f};
            double expected = n * vtr_ring_template_counts(ring, r);
            b->expected = (float)fmax(expected, 0);
            l->template_counts += expected;
        }
    double low = ring->annulus_px[0], high = ring->annulus_px[1];
    double determinant = bins->wxx * bins->wyy - bins->wxy * bins->wxy;
    l->visible = pixels * determinant / (VTR_PI * (high * high - low * low));
    l->degrees_of_freedom = used;
}

/* The bins as the kernels compute with them. */
static void fill_plan(vtr_likelihood *l, double offset)
{
    const fit_table *table = &l->model.table;
    for (size_t i = 0; i < l->model.n_sectors * l->model.n_radii; i++) {
        const fit_bin *b = &l->bins[i];
        double n = (double)b->n, r = (double)b->radius_px;
        if (!(n > 0)) continue;
        l->plan[i] =
            (fit_bin_plan){.pixels = b->n,
                           .inverse_pixels = (float)(1 / n),
                           .offset = (float)(offset * n),
                           .cos2 = b->cos2,
                           .sin2 = b->sin2,
                           .cos1_r = (float)((double)b->cos1 / r),
                           .sin1_r = (float)((double)b->sin1 / r),
                           .inverse_r2 = (float)(1 / (r * r)),
                           .radius_px = b->radius_px,
                           .position = (float)((r - (double)table->rho_first_px) / (double)table->step_px),
                           .position_slope = (float)(r / (double)table->step_px),
                           .t = b->t,
                           .t_slope = (float)(r * (double)l->model.inverse_half_width),
                           .decay = (float)(-(double)l->model.kappa * r),
                           .background = b->background,
                           .expected = (float)((double)b->expected / n),
                           .speckle = (float)((double)b->speckle * n)};
    }
}

static void choose_parameters(vtr_likelihood *l)
{
    static const int harmonics[] = {FIT_AC, FIT_AS, FIT_BC0, FIT_BS0, FIT_BC1, FIT_BS1};
    if (!l->params.harmonics)
        for (size_t k = 0; k < sizeof harmonics / sizeof *harmonics; k++)
            l->fixed[harmonics[k]] = 1;
    /* a slope that turns with the angle comes with the second order: it costs a tenth of the precision */
    if (l->params.background_order < 2) l->fixed[FIT_B2] = l->fixed[FIT_BC1] = l->fixed[FIT_BS1] = 1;
    if (l->params.background_order < 1) l->fixed[FIT_B1] = 1;
    /* far from the answer what could bend to the difference is held */
    for (int k = FIT_AC; k < FIT_N; k++)
        l->fixed_first[k] = k != FIT_B0;
    l->n_first = l->params.is_far ? 3 : vtr_likelihood_own_part(l->template_counts / l->gain) < 0.5 ? 1 : 0;
    size_t n_free = 0;
    for (int k = 0; k < FIT_N; k++)
        n_free += l->fixed[k] == 0;
    l->degrees_of_freedom = l->degrees_of_freedom > n_free ? l->degrees_of_freedom - n_free : 1;
}

static vtr_status allocate(vtr_likelihood *l, vtr_error *err)
{
    size_t n_bins = l->model.n_sectors * l->model.n_radii;
    l->bins = vtr_calloc(n_bins, sizeof *l->bins);
    l->plan = vtr_calloc(n_bins, sizeof *l->plan);
    l->sectors = vtr_calloc(l->model.n_sectors, sizeof *l->sectors);
    l->table = vtr_calloc(2 * VTR_TEMPLATE_TABLE_CAPACITY, sizeof *l->table);
    if (l->bins == NULL || l->plan == NULL || l->sectors == NULL || l->table == NULL)
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ring fit");
    return VTR_OK;
}

static void fill_tables(vtr_likelihood *l, const vtr_ring_template *ring)
{
    fit_table *table = &l->model.table;
    table->n = vtr_ring_template_table(ring, l->table, VTR_TEMPLATE_TABLE_CAPACITY, &table->rho_first_px,
                                       &table->step_px);
    table->values = l->table;
    l->model.bins = l->bins;
    l->model.plan = l->plan;
    l->model.sectors = l->sectors;
}

vtr_status vtr_likelihood_create(vtr_likelihood **out, const vtr_ring_bins *bins,
                                 const vtr_ring_template *ring, const vtr_noise *noise,
                                 const vtr_fit_speckle *speckle, const vtr_likelihood_params *params,
                                 vtr_error *err)
{
    vtr_likelihood *l = vtr_calloc(1, sizeof *l);
    if (l == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the ring fit");
    l->params = params != NULL ? *params : vtr_likelihood_default_params();
    vtr_status status = choose_radii(l, bins, ring, err);
    if (status == VTR_OK) status = allocate(l, err);
    if (status != VTR_OK) {
        vtr_likelihood_free(l);
        return status;
    }
    l->kernels = choose_kernels();
    fill_bins(l, bins, ring, speckle != NULL ? speckle->relative_variance : NULL);
    fill_sectors(l);
    l->model.kappa = (float)ring->kappa_per_px;
    l->model.level = (float)ring->level;
    l->model.bend[0] = (float)ring->bend[0];
    l->model.bend[1] = (float)ring->bend[1];
    l->model.inverse_half_width = (float)(1 / ring->half_width_px);
    l->model.gain = (float)noise->gain;
    l->model.read_variance = (float)(noise->read_noise * noise->read_noise);
    fill_tables(l, ring);
    l->background_level = ring->level;
    l->gain = noise->gain;
    l->radius_px = ring->radius_px;
    l->ring_width_px = ring->width_px;
    l->annulus_width_px = ring->annulus_px[1] - ring->annulus_px[0];
    l->centre_x_px = bins->centre_x_px;
    l->centre_y_px = bins->centre_y_px;
    l->w0[0] = bins->wxx;
    l->w0[1] = bins->wyy;
    l->w0[2] = bins->wxy;
    l->has_excess = speckle != NULL && speckle->relative_variance != NULL;
    if (l->has_excess) memcpy(l->excess, speckle->excess, sizeof l->excess);
    fill_plan(l, noise->offset);
    choose_parameters(l);
    vtr_likelihood_start_create(l);
    *out = l;
    return VTR_OK;
}

vtr_likelihood_work *vtr_likelihood_work_new(const vtr_likelihood *l)
{
    vtr_likelihood_work *work = vtr_calloc(1, sizeof *work);
    if (work == NULL) return NULL;
    work->data = vtr_calloc(l->model.n_sectors * l->model.n_radii, VTR_FIT_LANES * sizeof *work->data);
    if (work->data == NULL) {
        vtr_free(work);
        return NULL;
    }
    return work;
}

void vtr_likelihood_work_free(vtr_likelihood_work *work)
{
    if (work == NULL) return;
    vtr_free(work->data);
    vtr_free(work);
}

const fit_model *vtr_likelihood_model(const vtr_likelihood *l)
{
    return &l->model;
}

void vtr_likelihood_blend_heights(const vtr_likelihood *l, double amplitude, double parameters[FIT_N])
{
    double own = vtr_likelihood_own_part(amplitude * l->template_counts / l->gain),
           level = amplitude * l->background_level;
    const double usual[FIT_N] = {[FIT_A] = amplitude,
                                 [FIT_B0] = level,
                                 [FIT_B1] = l->fixed[FIT_B1] == 0 ? level * (double)l->model.bend[0] : 0,
                                 [FIT_B2] = l->fixed[FIT_B2] == 0 ? level * (double)l->model.bend[1] : 0};
    for (int k = FIT_A; k < FIT_N; k++)
        parameters[k] = own * parameters[k] + (1 - own) * usual[k];
}

const double *vtr_likelihood_fixed(const vtr_likelihood *l)
{
    return l->fixed;
}

size_t vtr_likelihood_first_radius(const vtr_likelihood *l)
{
    return l->model.first_radius;
}
