/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the truth file says of the structures: s(Q), G(r), densities, what was counted of a model, maps of a mixture. */
#include <math.h>
#include <string.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"

static const char group[] = "truth_structure";
enum { N_Q = 3000, N_R = 1000, MERGE = 10 /* bins of 0.002 Å */ };
static const double Q_step = 0.01, r_step = 0.02;
/* Q, 1/Å, at which the weights of g are taken */
static const double weights_Q = 10;

static vtr_status write_axis(vtr_mapfile *file, const char *name, size_t n, double first, double step,
                             const char *unit, double *values, vtr_error *err)
{
    for (size_t i = 0; i < n; i++)
        values[i] = first + step * (double)i;
    return vtr_mapfile_write(file, group, name, VTR_TYPE_F64, 1, &n, values, unit, NULL, err);
}

static vtr_status write_scattering(const vtr_twin *twin, vtr_mapfile *file, double *s, vtr_error *err)
{
    const size_t shape[2] = {twin->n_phases, N_Q};
    double *f2 = s + twin->n_phases * N_Q, *ff = f2 + N_Q;
    for (size_t q = 0; q < N_Q; q++) {
        double Q = Q_step * (double)(q + 1), f;
        vtr_electron_averages(&twin->composition, Q / (2 * VTR_PI), &f, &f2[q]);
        ff[q] = f * f;
        for (size_t p = 0; p < twin->n_phases; p++)
            s[p * N_Q + q] = vtr_twin_phase_structure(twin, p, Q);
    }
    vtr_status status = vtr_mapfile_write(file, group, "s", VTR_TYPE_F64, 2, shape, s, "", "S(Q) - 1", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "mean_f2", VTR_TYPE_F64, 1, shape + 1, f2, "angstrom^2",
                                   "<f^2>", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "mean_f_squared", VTR_TYPE_F64, 1, shape + 1, ff,
                                   "angstrom^2", "<f>^2", err);
    return status;
}

/* G of every structure: two-phase's own, or a model's through all Q that the pattern's half width reaches. */
static vtr_status write_G(const vtr_twin *twin, vtr_mapfile *file, const double *s, const double *r,
                          double *G, vtr_error *err)
{
    const size_t shape[2] = {twin->n_phases, N_R};
    double Q[N_Q], smaller = (double)twin->info.shape[twin->info.shape[2] < twin->info.shape[3] ? 2 : 3];
    double reach = VTR_PI * smaller * twin->info.k_step;
    size_t n_Q = 0;
    for (; n_Q < N_Q && Q_step * (double)(n_Q + 1) <= reach; n_Q++)
        Q[n_Q] = Q_step * (double)(n_Q + 1);
    bool is_closed = twin->n_phases > 1;
    for (size_t p = 0; p < twin->n_phases; p++) {
        for (size_t i = 0; i < N_R && is_closed; i++)
            G[p * N_R + i] = vtr_twin_phase_G(twin, p, r[i]);
        if (!is_closed) vtr_structure_truth_pdf(n_Q, Q, s + p * N_Q, NULL, N_R, r, G + p * N_R);
    }
    vtr_status status = vtr_mapfile_write(file, group, "G", VTR_TYPE_F64, 2, shape, G, "1/angstrom^2",
                                          "4 pi r rho0 (g(r) - 1)", err);
    const double window[2] = {is_closed ? 0 : Q_step, is_closed ? INFINITY : Q_step * (double)n_Q};
    if (status == VTR_OK) status = vtr_mapfile_write_numbers(file, group, "G", "Q_range", 2, window, err);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, group, "G", err);
    static const char *const axes[] = {".", "r"};
    if (status == VTR_OK) status = vtr_mapfile_axes(file, group, 2, axes, err);
    return status;
}

static vtr_status write_pair_names(const vtr_composition *c, vtr_mapfile *file, vtr_error *err)
{
    char text[4096] = "";
    size_t length = 0;
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = i; j < c->n; j++)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s-%s", length > 0 ? " " : "",
                                       vtr_element_symbol(c->number[i]), vtr_element_symbol(c->number[j]));
    return vtr_mapfile_write_text(file, group, "g_partial", "pairs", text, err);
}

/* g_ij and their sum with electrons' weights, as counted. */
static vtr_status write_counted(const vtr_twin *twin, vtr_mapfile *file, vtr_error *err)
{
    const vtr_pairs *pairs = &twin->phase[0].pairs;
    size_t n = pairs->n_bins / MERGE, shape[2] = {pairs->n_pairs, n};
    double weights[VTR_COMPOSITION_MAX * (VTR_COMPOSITION_MAX + 1) / 2];
    vtr_scatterer electrons;
    double *g = vtr_malloc((pairs->n_pairs + 2) * n, sizeof *g);
    if (g == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the model's g(r)");
    double *total = g + pairs->n_pairs * n, *r = total + n;
    vtr_status status = vtr_scatterer_init(&electrons, &pairs->composition, NULL, err);
    if (status == VTR_OK) vtr_scatterer_pair_weights(&electrons, weights_Q, weights);
    if (status == VTR_OK) status = vtr_pairs_total(pairs, weights, MERGE, total, err);
    for (size_t i = 0, pair = 0; i < pairs->composition.n; i++)
        for (size_t j = i; j < pairs->composition.n && status == VTR_OK; j++, pair++)
            status = vtr_pairs_partial(pairs, i, j, MERGE, g + pair * n, err);
    if (status == VTR_OK) status = write_axis(file, "r_g", n, 0.5 * r_step, r_step, "angstrom", r, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "g_partial", VTR_TYPE_F64, 2, shape, g, "", "g_ij(r)", err);
    if (status == VTR_OK) status = write_pair_names(&pairs->composition, file, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write(file, group, "g", VTR_TYPE_F64, 1, &n, total, "",
                                   "sum of w_ij g_ij(r), weights of electrons at Q = 10 1/Angstrom", err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(file, group, "g", "weights", pairs->n_pairs, weights, err);
    vtr_free(g);
    return status;
}

static vtr_status write_map(const vtr_twin *twin, vtr_mapfile *file, const char *name, const float *map,
                            const char *unit, const char *long_name, vtr_error *err)
{
    vtr_status status =
        vtr_mapfile_write(file, "truth", name, VTR_TYPE_F32, 2, twin->info.shape, map, unit, long_name, err);
    return status == VTR_OK ? vtr_mapfile_signal(file, "truth", name, err) : status;
}

/* The first peak of the mixed G changes little from share to share: a table of a thousand shares is enough. */
static vtr_status write_mixture(const vtr_twin *twin, vtr_mapfile *file, vtr_error *err)
{
    enum { SHARES = 1000 };
    float *place = vtr_malloc(2 * twin->n_positions, sizeof *place), *height = place + twin->n_positions;
    if (place == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the truth of the mixture");
    double places[SHARES + 1], heights[SHARES + 1];
    for (int i = 0; i <= SHARES; i++)
        vtr_twin_first_peak(twin, (double)i / SHARES, &places[i], &heights[i]);
    for (size_t p = 0; p < twin->n_positions; p++) {
        long i = lround((double)twin->solid_fraction[p] * SHARES);
        place[p] = (float)places[i];
        height[p] = (float)heights[i];
    }
    vtr_status status = write_map(twin, file, "solid_fraction", twin->solid_fraction, "",
                                  "share of the solid-like structure", err);
    if (status == VTR_OK)
        status = write_map(twin, file, "nearest_neighbour", place, "angstrom",
                           "place of the first peak of G(r)", err);
    if (status == VTR_OK)
        status = write_map(twin, file, "first_peak", height, "1/angstrom^2",
                           "height of the first peak of G(r)", err);
    vtr_free(place);
    return status;
}

vtr_status vtr_twin_write_phases(const vtr_twin *twin, vtr_mapfile *file, vtr_error *err)
{
    if (twin->n_phases == 0) return VTR_OK;
    double *work = vtr_malloc((twin->n_phases + 2) * N_Q + twin->n_phases * N_R + N_R + N_Q, sizeof *work);
    if (work == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the truth of the structures");
    double *G = work + (twin->n_phases + 2) * N_Q, *r = G + twin->n_phases * N_R, *Q = r + N_R,
           density[VTR_TWIN_PHASES_MAX];
    for (size_t p = 0; p < twin->n_phases; p++)
        density[p] = twin->phase[p].number_density;
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK) status = write_axis(file, "Q", N_Q, Q_step, Q_step, "1/angstrom", Q, err);
    if (status == VTR_OK) status = write_axis(file, "r", N_R, r_step, r_step, "angstrom", r, err);
    if (status == VTR_OK) status = write_scattering(twin, file, work, err);
    if (status == VTR_OK) status = write_G(twin, file, work, r, G, err);
    if (status == VTR_OK)
        status = vtr_mapfile_write_numbers(file, group, NULL, "number_density", twin->n_phases, density, err);
    if (status == VTR_OK && twin->phase[0].pairs.n_bins > 0 && !isnan(density[0]))
        status = write_counted(twin, file, err);
    if (status == VTR_OK && twin->solid_fraction != NULL) status = write_mixture(twin, file, err);
    vtr_free(work);
    return status;
}
