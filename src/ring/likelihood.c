/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/likelihood.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/likelihood_solve.h"
#include "vitrail/constants.h"

struct vtr_likelihood {
    fit_model model;
    fit_kernel *kernel;
    size_t plan_radii, first_radius;
    fit_bin *bins;
    fit_sector *sectors;
    float *table;
    double fixed[FIT_N], fixed_first[FIT_N]; /* 1 where a parameter is held at its start */
    double template_counts, background_level;
    double offset, gain;
    double visible; /* part of the annulus that is not masked */
    double annulus_width_px, radius_px, ring_width_px;
    bool has_excess;
    double excess[FIT_LEVELS][FIT_NORMAL_N];
    double centre_x_px, centre_y_px, w0[3];
    vtr_likelihood_params params;
    size_t degrees_of_freedom;
};

struct vtr_likelihood_work {
    float *data; /* [n_sectors][n_radii][16], offset subtracted */
    double total[VTR_FIT_LANES];
    double decrement[VTR_FIT_LANES]; /* of the step before */
    double damping[VTR_FIT_LANES];   /* part of a step that is taken */
    fit_normal normal;
};

/* The ring must be seen over this part of its annulus. */
static const double least_visible = 0.25;
/* Strains and shifts beyond which the geometry's series no longer hold. */
static const double largest_strain = 0.12, largest_shift = 0.22;
/* A step that lowers chi-squared by less is the last: spread over all parameters, what is left is below a fortieth of a
 * standard deviation. */
static const double final_decrement = 1e-2;
/* Part of the template's counts below which a bin's variance is not believed to fall. */
static const double least_expected = 0.1;
/* Electrons in the annulus at which a pattern's own heights count half in its weights. */
static const double own_weight_electrons = 1e4;

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
    vtr_free(l->sectors);
    vtr_free(l->table);
    vtr_free(l);
}

static fit_kernel *choose_kernel(void)
{
    switch (vtr_cpu_best()) {
    case VTR_CPU_AVX512:
        return vtr_fit_kernel_avx512;
    case VTR_CPU_AVX2:
        return vtr_fit_kernel_avx2;
    case VTR_CPU_PORTABLE:
        break;
    }
    return vtr_fit_kernel_portable;
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
    l->first_radius = first;
    l->plan_radii = bins->n_radii;
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
            size_t from = (l->first_radius + i) * bins->n_sectors + j;
            fit_bin *b = &l->bins[j * l->model.n_radii + i];
            double r = bins->radius_px[from], n = bins->n_pixels[from];
            if (!(n > 0) || r < ring->annulus_px[0] || r > ring->annulus_px[1]) {
                *b = (fit_bin){.radius_px = 1, .inverse_radius = 1};
                continue;
            }
            used++;
            pixels += n;
            double g = vtr_ring_template_background(ring, r);
            *b = (fit_bin){.n = (float)n,
                           .radius_px = (float)r,
                           .inverse_radius = (float)(1 / r),
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
    size_t n_free = 0;
    for (int k = 0; k < FIT_N; k++)
        n_free += l->fixed[k] == 0;
    l->degrees_of_freedom = l->degrees_of_freedom > n_free ? l->degrees_of_freedom - n_free : 1;
}

static vtr_status allocate(vtr_likelihood *l, vtr_error *err)
{
    l->bins = vtr_calloc(l->model.n_sectors * l->model.n_radii, sizeof *l->bins);
    l->sectors = vtr_calloc(l->model.n_sectors, sizeof *l->sectors);
    l->table = vtr_calloc(2 * VTR_TEMPLATE_TABLE_CAPACITY, sizeof *l->table);
    if (l->bins == NULL || l->sectors == NULL || l->table == NULL)
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
    l->kernel = choose_kernel();
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
    choose_parameters(l);
    l->background_level = ring->level;
    l->offset = noise->offset;
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

/* Brings the sums into the kernel's order, less the camera's offset; adds them up. */
void vtr_likelihood_load(const vtr_likelihood *l, vtr_likelihood_work *work, const float *sums)
{
    float *data = work->data;
    memset(work->total, 0, sizeof work->total);
    for (size_t j = 0; j < l->model.n_sectors; j++)
        for (size_t i = 0; i < l->model.n_radii; i++) {
            const fit_bin *bin = &l->bins[j * l->model.n_radii + i];
            float *to = data + (j * l->model.n_radii + i) * VTR_FIT_LANES;
            const float *from = sums + ((l->first_radius + i) * l->model.n_sectors + j) * VTR_FIT_LANES;
            float offset = (float)l->offset * bin->n, is_used = bin->n > 0 ? 1.0f : 0.0f;
            if (is_used == 0) {
                memset(to, 0, VTR_FIT_LANES * sizeof *to);
                continue;
            }
            for (int lane = 0; lane < VTR_FIT_LANES; lane++) {
                to[lane] = from[lane] - offset;
                work->total[lane] += (double)to[lane];
            }
        }
}

static double own_part(double electrons)
{
    return electrons > 0 ? electrons / (electrons + own_weight_electrons) : 0;
}

/* Ring and background as in the template, at the lane's amplitude. */
static void start_heights(const vtr_likelihood *l, vtr_fit_batch *out, int lane)
{
    for (int k = FIT_A; k < FIT_N; k++)
        out->parameters[k][lane] = 0;
    out->parameters[FIT_A][lane] = (float)out->amplitude[lane];
    double level = out->amplitude[lane] * l->background_level;
    out->parameters[FIT_B0][lane] = (float)level;
    if (l->fixed[FIT_B1] == 0) out->parameters[FIT_B1][lane] = (float)(level * (double)l->model.bend[0]);
    if (l->fixed[FIT_B2] == 0) out->parameters[FIT_B2][lane] = (float)(level * (double)l->model.bend[1]);
}

static void start_lanes(const vtr_likelihood *l, vtr_fit_batch *out, const double total[VTR_FIT_LANES],
                        fit_weighting *weighting)
{
    memset(out, 0, sizeof *out);
    for (int lane = 0; lane < VTR_FIT_LANES; lane++) {
        double amplitude = total[lane] / l->template_counts;
        if (!isfinite(amplitude))
            out->flags[lane] = VTR_FLAG_INVALID;
        else if (!(amplitude > 0))
            out->flags[lane] = VTR_FLAG_EMPTY;
        if (l->visible < least_visible) out->flags[lane] |= VTR_FLAG_FEW_PIXELS;
        if (out->flags[lane] != 0) amplitude = 1;
        out->amplitude[lane] = amplitude;
        start_heights(l, out, lane);
        double own = own_part(total[lane] / l->gain);
        weighting->floor[lane] = (float)(least_expected * amplitude);
        weighting->own[lane] = (float)own;
        weighting->borrowed[lane] = (float)((1 - own) * amplitude);
    }
}

/* Takes the step in one lane, held to what the linearisation can bear. */
static void take_step(const vtr_likelihood *l, vtr_fit_batch *out, int lane, const double step[FIT_N])
{
    double shift = hypot(step[FIT_DX], step[FIT_DY]),
           strain = fmax(fabs(step[FIT_M]), hypot(step[FIT_P], step[FIT_Q]));
    double most_shift = l->annulus_width_px / 8, most_strain = l->annulus_width_px / 8 / l->radius_px;
    double factor = 1;
    if (shift > most_shift) factor = most_shift / shift;
    if (strain * factor > most_strain) factor = most_strain / strain;
    for (int k = 0; k < FIT_N; k++)
        out->parameters[k][lane] += (float)(factor * step[k]);
}

static bool is_out_of_range(const vtr_likelihood *l, const vtr_fit_batch *out, int lane)
{
    double shift = hypot((double)out->parameters[FIT_DX][lane], (double)out->parameters[FIT_DY][lane]);
    double m = (double)out->parameters[FIT_M][lane];
    double p = (double)out->parameters[FIT_P][lane], q = (double)out->parameters[FIT_Q][lane];
    return !(shift <= largest_shift * l->radius_px) || !(fabs(m) + hypot(p, q) <= largest_strain);
}

/* Height of the ring against its error, and the sizes of the other errors, decide whether there is a ring. */
static void judge_lane(const vtr_likelihood *l, vtr_fit_batch *out, int lane)
{
    double height = (double)out->parameters[FIT_A][lane];
    double strain_error = sqrt(out->covariance[FIT_P][FIT_P][lane] + out->covariance[FIT_Q][FIT_Q][lane]);
    double shift_error = sqrt(out->covariance[FIT_DX][FIT_DX][lane] + out->covariance[FIT_DY][FIT_DY][lane]);
    if (!(height > l->params.min_significance * out->height_error[lane]) ||
        !(strain_error < largest_strain) || !(sqrt(out->covariance[FIT_M][FIT_M][lane]) < largest_strain) ||
        !(shift_error < largest_shift * l->radius_px))
        out->flags[lane] |= VTR_FLAG_NO_RING;
    double spread = sqrt(2.0 / (double)l->degrees_of_freedom);
    if (out->chi2[lane] > 1.5 + 8 * spread) out->flags[lane] |= VTR_FLAG_POOR_FIT;
}

/* The excess of the scores' covariance at an amplitude, between the two nearest levels. */
static void excess_at(const vtr_likelihood *l, double amplitude, double excess[FIT_NORMAL_N])
{
    double position = log2(amplitude) + FIT_LEVELS / 2;
    if (!(position > 0)) position = 0;
    if (position > FIT_LEVELS - 1) position = FIT_LEVELS - 1;
    int i = (int)position;
    if (i > FIT_LEVELS - 2) i = FIT_LEVELS - 2;
    double part = position - i;
    int k = 0;
    for (int a = 0; a < FIT_N; a++)
        for (int b = 0; b <= a; b++, k++) {
            double scale = (a >= FIT_A ? amplitude : 1) * (b >= FIT_A ? amplitude : 1);
            excess[k] = ((1 - part) * l->excess[i][k] + part * l->excess[i + 1][k]) / scale;
        }
}

static void add_speckle(const vtr_likelihood *l, double inverse[FIT_N][FIT_N], vtr_fit_batch *out, int lane)
{
    double excess[FIT_NORMAL_N], product[FIT_N][5];
    excess_at(l, out->amplitude[lane], excess);
    for (size_t i = 0; i < FIT_N; i++)
        for (int j = 0; j < 5; j++) {
            double sum = 0;
            for (size_t k = 0; k < FIT_N; k++)
                sum += excess[fit_index(i, k)] * inverse[k][j];
            product[i][j] = sum;
        }
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            double sum = 0;
            for (int k = 0; k < FIT_N; k++)
                sum += inverse[k][i] * product[k][j];
            out->covariance[i][j][lane] += sum;
        }
}

/* Beyond the linear order: a pattern's own shifts and strains place its bins on the template only to within s, so the
 * slopes that they see are those of a ring blurred by s. For a Gaussian ring of standard deviation w the information,
 * the integral of slope squared, falls by (1 + s^2/w^2)^(3/2). It is a tenth at a thousand electrons, nothing above. */
static void add_second_order(const vtr_likelihood *l, vtr_fit_batch *out, int lane)
{
    double r2 = l->radius_px * l->radius_px, w = l->ring_width_px / 2.3548;
    double s2 = 0.5 * (out->covariance[FIT_DX][FIT_DX][lane] + out->covariance[FIT_DY][FIT_DY][lane]) +
                r2 * (out->covariance[FIT_M][FIT_M][lane] +
                      0.5 * (out->covariance[FIT_P][FIT_P][lane] + out->covariance[FIT_Q][FIT_Q][lane]));
    double factor = pow(1 + fmin(s2 / (w * w), 1), 1.5);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            out->covariance[i][j][lane] *= factor;
}

/* What is known before any count: heights that turn twice with the angle are a few per cent of the heights, and the
 * background bends by a part of itself. It decides only where the counts do not: at a thousand electrons. */
static const double prior_spread[FIT_N] = {
    [FIT_AC] = 0.06,  [FIT_AS] = 0.06,  [FIT_BC0] = 0.06, [FIT_BS0] = 0.06,
    [FIT_BC1] = 0.06, [FIT_BS1] = 0.06, [FIT_B1] = 0.3,   [FIT_B2] = 0.3};

/* Distance of a height from what the prior expects, and the prior's weight (0: none). */
static double prior_weight(const vtr_likelihood *l, const vtr_fit_batch *out, int lane, int k,
                           double *distance)
{
    if (prior_spread[k] == 0) return 0;
    double level = out->amplitude[lane] * l->background_level;
    double scale = prior_spread[k] * (k < FIT_B0 ? out->amplitude[lane] : level);
    double usual = k == FIT_B1 ? (double)l->model.bend[0] : k == FIT_B2 ? (double)l->model.bend[1] : 0;
    *distance = (double)out->parameters[k][lane] - usual * level;
    return 1 / (scale * scale);
}

static void add_prior(const vtr_likelihood *l, fit_normal *normal, const vtr_fit_batch *out, int lane)
{
    for (int k = FIT_AC; k < FIT_N; k++) {
        double distance = 0, weight = prior_weight(l, out, lane, k, &distance);
        normal->matrix[fit_index((size_t)k, (size_t)k)][lane] += weight;
        normal->gradient[k][lane] -= weight * distance;
    }
}

/* Takes from the covariance A^-1 what the prior saves of scatter, A^-1 P A^-1, as far as the heights are where the prior
 * expects them: those that are not pull the answer by as much as they save. */
static void take_prior_out(const vtr_likelihood *l, double inverse[FIT_N][FIT_N], vtr_fit_batch *out,
                           int lane)
{
    for (int k = FIT_AC; k < FIT_N; k++) {
        double distance = 0, weight = prior_weight(l, out, lane, k, &distance);
        double saved = weight * fmax(0, 1 - weight * distance * distance);
        for (int i = 0; i < 5; i++)
            for (int j = 0; j < 5; j++)
                out->covariance[i][j][lane] -= saved * inverse[k][i] * inverse[k][j];
    }
}

/* Covariance and verdict of a lane that has settled. */
static void finish_lane(const vtr_likelihood *l, const vtr_fit_factor *factor, vtr_fit_batch *out, int lane)
{
    double inverse[FIT_N][FIT_N];
    vtr_fit_inverse(factor, FIT_A + 1, inverse);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            out->covariance[i][j][lane] = inverse[i][j];
    out->height_error[lane] = sqrt(inverse[FIT_A][FIT_A]);
    take_prior_out(l, inverse, out, lane);
    if (l->has_excess) add_speckle(l, inverse, out, lane);
    add_second_order(l, out, lane);
    judge_lane(l, out, lane);
}

/* One lane after the kernel ran: solves, steps, and says whether the lane is settled. */
static bool advance_lane(const vtr_likelihood *l, vtr_likelihood_work *work, vtr_fit_batch *out, int lane,
                         bool is_first)
{
    double step[FIT_N];
    vtr_fit_factor factor;
    add_prior(l, &work->normal, out, lane);
    if (vtr_fit_factorise(&factor, &work->normal, lane, is_first ? l->fixed_first : l->fixed) != 0) {
        out->flags[lane] |= VTR_FLAG_NO_RING;
        return true;
    }
    double decrement = vtr_fit_step(&factor, &work->normal, lane, step);
    if (!isfinite(decrement)) {
        out->flags[lane] |= VTR_FLAG_NOT_CONVERGED;
        return true;
    }
    out->iterations[lane]++;
    /* steps that hardly shrink go to and fro between two sides of the answer: shorter ones arrive */
    if (!is_first && decrement > 0.5 * work->decrement[lane])
        work->damping[lane] = fmax(0.6 * work->damping[lane], 0.2);
    work->decrement[lane] = is_first ? INFINITY : decrement;
    for (int k = 0; k < FIT_N; k++)
        step[k] *= work->damping[lane];
    take_step(l, out, lane, step);
    if (is_out_of_range(l, out, lane)) {
        out->flags[lane] |= VTR_FLAG_OUT_OF_RANGE;
        return true;
    }
    if (is_first || !(decrement <= final_decrement)) return false;
    out->chi2[lane] = (work->normal.chi2[lane] - decrement) / (double)l->degrees_of_freedom;
    finish_lane(l, &factor, out, lane);
    return true;
}

void vtr_likelihood_fit(const vtr_likelihood *l, vtr_likelihood_work *work, const float *sums,
                        vtr_fit_batch *out)
{
    fit_weighting weighting;
    bool settled[VTR_FIT_LANES];
    vtr_likelihood_load(l, work, sums);
    start_lanes(l, out, work->total, &weighting);
    int n_first = l->params.is_far                                      ? 3
                  : l->template_counts / l->gain < own_weight_electrons ? 1
                                                                        : 0,
        n_left = VTR_FIT_LANES;
    for (int lane = 0; lane < VTR_FIT_LANES; lane++) {
        settled[lane] = out->flags[lane] != 0;
        work->decrement[lane] = INFINITY;
        work->damping[lane] = 1;
        n_left -= settled[lane];
    }
    for (int iteration = 0; iteration < l->params.max_iterations && n_left > 0; iteration++) {
        bool is_first = iteration < n_first;
        l->kernel(&work->normal, &l->model, work->data, &out->parameters[0][0], &weighting);
        for (int lane = 0; lane < VTR_FIT_LANES; lane++)
            if (!settled[lane]) {
                settled[lane] = advance_lane(l, work, out, lane, is_first);
                n_left -= settled[lane];
            }
    }
    for (int lane = 0; lane < VTR_FIT_LANES; lane++) {
        if (!settled[lane]) out->flags[lane] |= VTR_FLAG_NOT_CONVERGED;
    }
}

const fit_model *vtr_likelihood_model(const vtr_likelihood *l)
{
    return &l->model;
}

void vtr_likelihood_blend_heights(const vtr_likelihood *l, double amplitude, double parameters[FIT_N])
{
    double own = own_part(amplitude * l->template_counts / l->gain), level = amplitude * l->background_level;
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
    return l->first_radius;
}

/* W from the strain in circle coordinates: W = sqrt(W0 (I + e)^2 W0), symmetric. */
static void total_w(const double w0[3], double m, double p, double q, double w[3])
{
    double axx = 1 + m + p, ayy = 1 + m - p;
    double gxx = axx * axx + q * q, gyy = ayy * ayy + q * q, gxy = q * (axx + ayy);
    double hxx = gxx * w0[0] + gxy * w0[2], hxy = gxx * w0[2] + gxy * w0[1];
    double hyx = gxy * w0[0] + gyy * w0[2], hyy = gxy * w0[2] + gyy * w0[1];
    double sxx = w0[0] * hxx + w0[2] * hyx, sxy = w0[0] * hxy + w0[2] * hyy, syy = w0[2] * hxy + w0[1] * hyy;
    /* sqrt of a symmetric positive 2x2 matrix S: (S + sqrt(det S) I) / sqrt(tr S + 2 sqrt(det S)) */
    double root = sqrt(sxx * syy - sxy * sxy), scale = 1 / sqrt(sxx + syy + 2 * root);
    w[0] = (sxx + root) * scale;
    w[1] = (syy + root) * scale;
    w[2] = sxy * scale;
}

/* d(cx, cy, Wxx, Wyy, Wxy) / d(dx, dy, m, p, q). */
static void ellipse_jacobian(const vtr_likelihood *l, const double e[3], double jacobian[5][5])
{
    memset(jacobian, 0, 25 * sizeof(double));
    double determinant = l->w0[0] * l->w0[1] - l->w0[2] * l->w0[2];
    jacobian[0][0] = l->w0[1] / determinant;
    jacobian[0][1] = jacobian[1][0] = -l->w0[2] / determinant;
    jacobian[1][1] = l->w0[0] / determinant;
    const double h = 1e-5;
    for (int k = 0; k < 3; k++) {
        double up[3] = {e[0], e[1], e[2]}, down[3] = {e[0], e[1], e[2]}, wu[3], wd[3];
        up[k] += h;
        down[k] -= h;
        total_w(l->w0, up[0], up[1], up[2], wu);
        total_w(l->w0, down[0], down[1], down[2], wd);
        for (int i = 0; i < 3; i++)
            jacobian[2 + i][2 + k] = (wu[i] - wd[i]) / (2 * h);
    }
}

void vtr_likelihood_ellipse(const vtr_likelihood *l, const vtr_fit_batch *batch, int lane,
                            vtr_ring_ellipse *out)
{
    if (batch->flags[lane] & VTR_FLAGS_NO_RING_DATA) {
        vtr_ring_ellipse_none(out, batch->flags[lane]);
        return;
    }
    double dx = (double)batch->parameters[FIT_DX][lane], dy = (double)batch->parameters[FIT_DY][lane];
    double e[3] = {(double)batch->parameters[FIT_M][lane], (double)batch->parameters[FIT_P][lane],
                   (double)batch->parameters[FIT_Q][lane]};
    double w[3], jacobian[5][5];
    total_w(l->w0, e[0], e[1], e[2], w);
    ellipse_jacobian(l, e, jacobian);
    out->centre_x_px = l->centre_x_px + jacobian[0][0] * dx + jacobian[0][1] * dy;
    out->centre_y_px = l->centre_y_px + jacobian[1][0] * dx + jacobian[1][1] * dy;
    out->wxx = w[0];
    out->wyy = w[1];
    out->wxy = w[2];
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            double sum = 0;
            for (int a = 0; a < 5; a++)
                for (int b = 0; b < 5; b++)
                    sum += jacobian[i][a] * batch->covariance[a][b][lane] * jacobian[j][b];
            out->covariance[i][j] = sum;
        }
    double peak = vtr_fit_table_value(&l->model.table, l->radius_px);
    out->amplitude = (double)batch->parameters[FIT_A][lane] * peak;
    out->chi2 = batch->chi2[lane];
    out->flags = batch->flags[lane];
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
            double value = (double)work->data[(j * model->n_radii + i) * VTR_FIT_LANES + lane] -
                           (double)b->n * point.background;
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
