/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/diffraction_internal.h"

static size_t batches(const vtr_diffraction *plan)
{
    return plan->slabs_a_piece * plan->atoms->composition.n;
}

vtr_status vtr_diffraction_scratch_new(vtr_diffraction_scratch **out, const vtr_diffraction *plan,
                                       vtr_error *err)
{
    size_t n_pixels = plan->params.n_px * plan->params.n_px, n_grid = plan->n_grid;
    vtr_diffraction_scratch *s = vtr_calloc(1, sizeof *s);
    if (s != NULL) {
        s->found = vtr_malloc(plan->most_atoms, sizeof *s->found);
        s->sorted = vtr_malloc(plan->most_atoms, sizeof *s->sorted);
        s->first = vtr_malloc(batches(plan) + 1, sizeof *s->first);
        s->grid = vtr_malloc(n_grid * n_grid, sizeof(float));
        s->spectrum = vtr_malloc(n_grid * (n_grid / 2 + 1), sizeof(fftwf_complex));
        s->amplitude = vtr_malloc(2 * n_pixels, sizeof(float));
        s->phase = vtr_malloc(2 * n_pixels, sizeof(float));
        s->intensity = vtr_malloc(n_pixels, sizeof(float));
    }
    if (s == NULL || s->found == NULL || s->sorted == NULL || s->first == NULL || s->grid == NULL ||
        s->spectrum == NULL || s->amplitude == NULL || s->phase == NULL || s->intensity == NULL) {
        vtr_diffraction_scratch_free(&s);
        return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for patterns from atoms");
    }
    *out = s;
    return VTR_OK;
}

void vtr_diffraction_scratch_free(vtr_diffraction_scratch **scratch)
{
    if (scratch == NULL || *scratch == NULL) return;
    vtr_diffraction_scratch *s = *scratch;
    vtr_free(s->found);
    vtr_free(s->sorted);
    vtr_free(s->first);
    vtr_free(s->grid);
    vtr_free(s->spectrum);
    vtr_free(s->amplitude);
    vtr_free(s->phase);
    vtr_free(s->intensity);
    vtr_free(s);
    *scratch = NULL;
}

/* Sorts found atoms by batch; first[b] ... first[b + 1] - 1 are batch b. */
static void sort_by_batch(vtr_diffraction_scratch *s, size_t n, size_t n_batches)
{
    memset(s->first, 0, (n_batches + 1) * sizeof *s->first);
    for (size_t i = 0; i < n; i++)
        s->first[s->found[i].batch + 1]++;
    for (size_t b = 0; b < n_batches; b++)
        s->first[b + 1] += s->first[b];
    for (size_t i = 0; i < n; i++)
        s->sorted[s->first[s->found[i].batch]++] = s->found[i];
    for (size_t b = n_batches; b > 0; b--)
        s->first[b] = s->first[b - 1];
    s->first[0] = 0;
}

/* amplitude += phase * factor * spectrum; the spectrum of a real grid holds half, the rest is its conjugate. */
static void add_spectrum(const vtr_diffraction *plan, vtr_diffraction_scratch *s, const float *factor)
{
    size_t n = plan->params.n_px, n_grid = plan->n_grid, n_half = n_grid / 2 + 1;
    for (size_t y = 0; y < n; y++) {
        /* frequency y - n/2 >= 0 is row y - n/2, below 0 it is counted from the end; -x turns both signs */
        size_t forth = (y + n_grid - n / 2) % n_grid, back = (n_grid + n / 2 - y) % n_grid;
        const fftwf_complex *right = s->spectrum + forth * n_half, *left = s->spectrum + back * n_half;
        for (size_t x = 0; x < n; x++) {
            size_t i = y * n + x;
            bool is_right = x >= n / 2;
            const float *value = is_right ? right[x - n / 2] : left[n / 2 - x];
            float re = factor[i] * value[0], im = factor[i] * (is_right ? value[1] : -value[1]);
            float c = s->phase[2 * i], d = s->phase[2 * i + 1];
            s->amplitude[2 * i] += re * c - im * d;
            s->amplitude[2 * i + 1] += re * d + im * c;
        }
    }
}

static void advance_phase(const vtr_diffraction *plan, float *phase)
{
    for (size_t i = 0; i < plan->params.n_px * plan->params.n_px; i++) {
        float c = plan->phase_step[2 * i], d = plan->phase_step[2 * i + 1], re = phase[2 * i],
              im = phase[2 * i + 1];
        phase[2 * i] = re * c - im * d;
        phase[2 * i + 1] = re * d + im * c;
    }
}

static vtr_status add_piece(const vtr_diffraction *plan, vtr_random *random, const double strain[3],
                            vtr_diffraction_scratch *s, double *sum, vtr_error *err)
{
    size_t n, elements = plan->atoms->composition.n, n_pixels = plan->params.n_px * plan->params.n_px;
    vtr_status status = vtr_column_collect(plan, random, strain, s->found, &n, sum, err);
    if (status != VTR_OK) return status;
    sort_by_batch(s, n, batches(plan));
    for (size_t slab = 0; slab < plan->slabs_a_piece; slab++) {
        for (size_t e = 0; e < elements; e++) {
            size_t b = slab * elements + e;
            memset(s->grid, 0, plan->n_grid * plan->n_grid * sizeof(float));
            vtr_spread(plan->kernel, s->sorted + s->first[b], s->first[b + 1] - s->first[b], s->grid,
                       plan->n_grid);
            fftwf_execute_dft_r2c(plan->fourier.forward, s->grid, s->spectrum);
            add_spectrum(plan, s, plan->factor + e * n_pixels);
        }
        advance_phase(plan, s->phase);
    }
    return VTR_OK;
}

vtr_status vtr_diffraction_intensity(const vtr_diffraction *plan, uint64_t stream, const double strain[3],
                                     vtr_diffraction_scratch *scratch, float *intensity, double *n_atoms,
                                     vtr_error *err)
{
    static const double none[3] = {0, 0, 0};
    size_t n_pixels = plan->params.n_px * plan->params.n_px;
    const double *e = strain != NULL ? strain : none;
    if (!(fabs(e[0]) + fabs(e[2]) < 0.3 && fabs(e[1]) + fabs(e[2]) < 0.3))
        return vtr_fail(err, VTR_ERR_RANGE, "the strain (%g, %g, %g) is too large", e[0], e[1], e[2]);
    vtr_random random;
    vtr_random_start(&random, plan->params.seed, stream);
    memset(scratch->amplitude, 0, 2 * n_pixels * sizeof(float));
    for (size_t i = 0; i < n_pixels; i++) {
        scratch->phase[2 * i] = 1;
        scratch->phase[2 * i + 1] = 0;
    }
    double sum = 0;
    for (size_t piece = 0; piece < plan->n_pieces; piece++) {
        vtr_status status = add_piece(plan, &random, e, scratch, &sum, err);
        if (status != VTR_OK) return status;
    }
    for (size_t i = 0; i < n_pixels; i++) {
        float re = scratch->amplitude[2 * i], im = scratch->amplitude[2 * i + 1];
        intensity[i] = re * re + im * im;
    }
    if (n_atoms != NULL) *n_atoms = sum;
    return VTR_OK;
}

vtr_status vtr_diffraction_frame(const vtr_diffraction *plan, uint64_t stream, const double strain[3],
                                 vtr_diffraction_scratch *scratch, uint16_t *counts, vtr_error *err)
{
    vtr_status status =
        vtr_diffraction_intensity(plan, stream, strain, scratch, scratch->intensity, NULL, err);
    if (status != VTR_OK) return status;
    vtr_random random;
    vtr_random_start(&random, plan->params.seed + ((uint64_t)1 << 56), stream);
    for (size_t i = 0; i < plan->params.n_px * plan->params.n_px; i++) {
        double mean = plan->scale * (double)scratch->intensity[i] + (double)plan->background[i];
        uint64_t n = vtr_random_poisson(&random, mean);
        counts[i] = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
    }
    return VTR_OK;
}
