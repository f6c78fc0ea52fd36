/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/speckle_field.h"

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "ring/likelihood_model.h"
#include "vitrail/constants.h"

static void fill_pixel(ring_pixel *p, const vtr_ring_template *ring, const vtr_ring_pixels *pixels, double ux,
                       double uy)
{
    double r = hypot(ux, uy), c = r > 0 ? ux / r : 1, s = r > 0 ? uy / r : 0;
    p->bin_like = (fit_bin){.n = 1,
                            .radius_px = (float)r,
                            .cos1 = (float)c,
                            .sin1 = (float)s,
                            .cos2 = (float)(c * c - s * s),
                            .sin2 = (float)(2 * c * s),
                            .background = (float)vtr_ring_template_background(ring, r),
                            .t = (float)((r - ring->r0_px) / ring->half_width_px)};
    double turn = (atan2(uy, ux) - pixels->sector_start_rad) / (2 * VTR_PI);
    turn -= floor(turn);
    size_t sector = (size_t)(turn * (double)pixels->bins.n_sectors);
    if (sector >= pixels->bins.n_sectors) sector = pixels->bins.n_sectors - 1;
    p->bin = (size_t)(r / pixels->r_step_px) * pixels->bins.n_sectors + sector;
}

vtr_status ring_field_create(ring_field *field, const vtr_ring_template *ring, const vtr_ring_pixels *pixels,
                             size_t max_lag_px, vtr_error *err)
{
    memset(field, 0, sizeof *field);
    const vtr_ring_bins *b = &pixels->bins;
    size_t x_low = pixels->det_x, x_high = 0, y_low = pixels->det_y, y_high = 0, n = 0;
    for (int round = 0; round < 2; round++) {
        n = 0;
        for (size_t y = 0; y < pixels->det_y; y++)
            for (size_t x = 0; x < pixels->det_x; x++) {
                if (!pixels->used[y * pixels->det_x + x]) continue;
                double vx = (double)x - b->centre_x_px, vy = (double)y - b->centre_y_px;
                double ux = b->wxx * vx + b->wxy * vy, uy = b->wxy * vx + b->wyy * vy, r = hypot(ux, uy);
                if (r < ring->annulus_px[0] || r > ring->annulus_px[1]) continue;
                if (round == 1) {
                    ring_pixel *p = &field->pixels[n];
                    fill_pixel(p, ring, pixels, ux, uy);
                    p->detector = y * pixels->det_x + x;
                    p->at = (y - y_low) * field->width + (x - x_low);
                }
                n++;
                if (x < x_low) x_low = x;
                if (x > x_high) x_high = x;
                if (y < y_low) y_low = y;
                if (y > y_high) y_high = y;
            }
        if (n < 64) return vtr_fail(err, VTR_ERR_NO_DATA, "no usable pixels in the ring's annulus");
        if (round == 1) break;
        field->height = vtr_fourier_size(y_high - y_low + 1 + max_lag_px + 1);
        field->width = vtr_fourier_size(x_high - x_low + 1 + max_lag_px + 1);
        field->n_spectrum = field->height * (field->width / 2 + 1);
        field->pixels = vtr_calloc(n, sizeof *field->pixels);
        if (field->pixels == NULL)
            return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    field->n_pixels = n;
    field->origin_x = (double)x_low;
    field->origin_y = (double)y_low;
    field->centre_x = b->centre_x_px - (double)x_low;
    field->centre_y = b->centre_y_px - (double)y_low;
    double *image = ring_field_image(field);
    fftw_complex *spectrum = ring_field_spectrum(field);
    bool is_made =
        image != NULL && spectrum != NULL &&
        vtr_fourier_create(&field->fourier, field->height, field->width, image, spectrum, FFTW_ESTIMATE);
    fftw_free(image);
    fftw_free(spectrum);
    if (!is_made) {
        ring_field_release(field);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the speckle statistics");
    }
    return VTR_OK;
}

void ring_field_release(ring_field *field)
{
    vtr_free(field->pixels);
    vtr_fourier_release(&field->fourier);
    memset(field, 0, sizeof *field);
}

double *ring_field_image(const ring_field *field)
{
    double *image = fftw_malloc(field->height * field->width * sizeof *image);
    if (image != NULL) memset(image, 0, field->height * field->width * sizeof *image);
    return image;
}

fftw_complex *ring_field_spectrum(const ring_field *field)
{
    fftw_complex *spectrum = fftw_malloc(field->n_spectrum * sizeof *spectrum);
    if (spectrum != NULL) memset(spectrum, 0, field->n_spectrum * sizeof *spectrum);
    return spectrum;
}

void ring_field_transform(const ring_field *field, double *image, fftw_complex *spectrum)
{
    fftw_execute_dft_r2c(field->fourier.forward, image, spectrum);
}

void ring_field_transform_back(const ring_field *field, fftw_complex *spectrum, double *image)
{
    fftw_execute_dft_c2r(field->fourier.backward, spectrum, image);
    double scale = 1.0 / (double)(field->height * field->width);
    for (size_t i = 0; i < field->height * field->width; i++)
        image[i] *= scale;
}

void ring_field_add_pair(const ring_field *field, const fftw_complex *a, const fftw_complex *b, double factor,
                         double sx, double sy, fftw_complex *power, fftw_complex *folded)
{
    size_t columns = field->width / 2 + 1;
    double step = 2 * VTR_PI * sx / (double)field->width, step_c = cos(step), step_s = sin(step);
    for (size_t y = 0; y < field->height; y++) {
        double ky = y <= field->height / 2 ? (double)y : (double)y - (double)field->height;
        double phase = 2 * VTR_PI * ky * sy / (double)field->height, c = cos(phase), s = sin(phase);
        for (size_t x = 0; x < columns; x++) {
            size_t i = y * columns + x;
            double ar = a[i][0], ai = a[i][1], br = b[i][0], bi = b[i][1];
            power[i][0] += factor * (ar * br + ai * bi);
            power[i][1] += factor * (ar * bi - ai * br);
            double pr = ar * br - ai * bi, pi = ar * bi + ai * br;
            folded[i][0] += factor * (pr * c - pi * s);
            folded[i][1] += factor * (pr * s + pi * c);
            double next = c * step_c - s * step_s;
            s = c * step_s + s * step_c;
            c = next;
        }
    }
}

static size_t wrapped(const ring_field *field, long y, long x)
{
    long height = (long)field->height, width = (long)field->width;
    return (size_t)((y + height) % height) * field->width + (size_t)((x + width) % width);
}

void ring_field_lags(const ring_field *field, const double *image, size_t max_lag, double *lags)
{
    long reach = (long)max_lag;
    for (long y = -reach; y <= reach; y++)
        for (long x = -reach; x <= reach; x++)
            *lags++ = image[wrapped(field, y, x)];
}

void ring_field_from_lags(const ring_field *field, const double *lags, size_t max_lag, double *image)
{
    memset(image, 0, field->height * field->width * sizeof *image);
    long reach = (long)max_lag;
    for (long y = -reach; y <= reach; y++)
        for (long x = -reach; x <= reach; x++)
            image[wrapped(field, y, x)] = *lags++;
}

static void derivatives_at_pixels(const ring_field *field, const vtr_likelihood *likelihood,
                                  const vtr_ring_template *ring, double (*derivatives)[FIT_N], double *counts)
{
    const fit_model *model = vtr_likelihood_model(likelihood);
    for (size_t i = 0; i < field->n_pixels; i++) {
        const fit_bin *b = &field->pixels[i].bin_like;
        double r = (double)b->radius_px, g = (double)b->background, t = (double)b->t, slope;
        double c2 = (double)b->cos2, s2 = (double)b->sin2;
        double e = vtr_ring_template_value(ring, r, &slope), level = ring->level;
        double moved = slope, back_slope = -(double)model->kappa * g * level;
        double *d = derivatives[i];
        d[FIT_DX] = -(double)b->cos1 * (moved + back_slope);
        d[FIT_DY] = -(double)b->sin1 * (moved + back_slope);
        d[FIT_M] = moved * r;
        d[FIT_P] = moved * r * c2;
        d[FIT_Q] = moved * r * s2;
        d[FIT_A] = e;
        d[FIT_AC] = e * c2;
        d[FIT_AS] = e * s2;
        d[FIT_B0] = g;
        d[FIT_BC0] = g * c2;
        d[FIT_BS0] = g * s2;
        d[FIT_B1] = g * t;
        d[FIT_BC1] = g * t * c2;
        d[FIT_BS1] = g * t * s2;
        d[FIT_B2] = g * t * t;
        counts[i] = vtr_ring_template_counts(ring, r);
    }
}

/* Replaces each pixel's derivatives by their mean over the pixels of its bin: within a sector the fit sees no angle. */
static vtr_status average_over_bins(const ring_field *field, double (*derivatives)[FIT_N])
{
    size_t n_bins = 0;
    for (size_t i = 0; i < field->n_pixels; i++)
        if (field->pixels[i].bin >= n_bins) n_bins = field->pixels[i].bin + 1;
    double(*sum)[FIT_N] = vtr_calloc(n_bins, sizeof *sum), *n = vtr_calloc(n_bins, sizeof *n);
    vtr_status status = sum == NULL || n == NULL ? VTR_ERR_MEMORY : VTR_OK;
    for (size_t i = 0; status == VTR_OK && i < field->n_pixels; i++) {
        n[field->pixels[i].bin]++;
        for (int k = 0; k < FIT_N; k++)
            sum[field->pixels[i].bin][k] += derivatives[i][k];
    }
    for (size_t i = 0; status == VTR_OK && i < field->n_pixels; i++)
        for (int k = 0; k < FIT_N; k++)
            derivatives[i][k] = sum[field->pixels[i].bin][k] / n[field->pixels[i].bin];
    vtr_free(sum);
    vtr_free(n);
    return status;
}

vtr_status ring_field_derivatives(const ring_field *field, const vtr_likelihood *likelihood,
                                  const vtr_ring_template *ring, double (*derivatives)[FIT_N], double *counts)
{
    derivatives_at_pixels(field, likelihood, ring, derivatives, counts);
    return average_over_bins(field, derivatives);
}
