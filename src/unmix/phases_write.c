/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /entry/phases of the map file. */
#include <stdio.h>

#include "unmix/phases_internal.h"
#include "vitrail/ring_map.h"

static const char group[] = "phases";
static const char *const methods[] = {"nmf", "pca", "ica", "mlls"};
static const char *const quantities[] = {"F", "S", "G", "I"};
static const char *const principles[] = {"smallest volume around the positions without their noise",
                                         "nearly pure positions", "none: the best of the starts"};

static vtr_status write(vtr_mapfile *file, const char *name, size_t rank, const size_t *shape,
                        const double *values, const char *unit, const char *long_name, vtr_error *err)
{
    if (values == NULL) return VTR_OK;
    return vtr_mapfile_write(file, group, name, VTR_TYPE_F64, rank, shape, values, unit, long_name, err);
}

static vtr_status write_axes(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    double number[VTR_UNMIX_COMPONENTS_MAX];
    bool is_r = p->quantity == VTR_PDF_QUANTITY_G;
    for (size_t j = 0; j < p->n_components; j++)
        number[j] = (double)(j + 1);
    vtr_status status = vtr_mapfile_write_scan_axes(file, group, p->n_y, p->n_x, p->step_nm, err);
    if (status == VTR_OK)
        status = write(file, "phase", 1, &p->n_components, number, NULL, "number of the component", err);
    if (status == VTR_OK) status = write(file, "r", 1, &p->n_r, p->r, "angstrom", "distance r (Å)", err);
    if (status == VTR_OK)
        status = write(file, "channel", 1, &p->n_channels, p->channel, is_r ? "angstrom" : "1/angstrom",
                       is_r ? "distance r (Å)" : "Q = 2 pi k = 4 pi sin(theta)/lambda (1/Å)", err);
    static const char *const axes[] = {"phase", "scan_y", "scan_x"};
    return status == VTR_OK ? vtr_mapfile_axes(file, group, 3, axes, err) : status;
}

static vtr_status write_components(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    const size_t over_r[2] = {p->n_components, p->n_r}, over_channel[2] = {p->n_components, p->n_channels};
    static const char *const units[] = {"1/angstrom", "", "1/angstrom^2", "counts/px"};
    bool is_change = p->params.method == VTR_PHASES_PCA || p->params.method == VTR_PHASES_ICA;
    vtr_status status =
        vtr_mapfile_write_quantity(file, group, "components", VTR_TYPE_F64, 2, over_r, p->components,
                                   p->component_errors, "1/angstrom^2",
                                   is_change ? "change of G(r) with one standard deviation of the map (1/Å^2)"
                                             : "G(r) = 4 pi r rho0 (g(r) - 1) of each component (1/Å^2)",
                                   err);
    if (status == VTR_OK && !is_change && p->params.method == VTR_PHASES_NMF) {
        status = write(file, "components_low", 2, over_r, p->component_low, "1/angstrom^2",
                       "lowest G of the mixtures that the data allow", err);
        if (status == VTR_OK)
            status = write(file, "components_high", 2, over_r, p->component_high, "1/angstrom^2",
                           "highest G of the mixtures that the data allow", err);
    }
    if (status == VTR_OK)
        status = write(file, "spectra", 2, over_channel, p->spectra, units[p->quantity],
                       "the components as they were found, over `channel`", err);
    return status;
}

/* All maps as one stack, and each by itself for what takes one map. */
static vtr_status write_maps(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    const size_t shape[3] = {p->n_components, p->n_y, p->n_x};
    size_t n = p->n_positions;
    vtr_status status = vtr_mapfile_write_quantity(file, group, "maps", VTR_TYPE_F32, 3, shape, p->maps,
                                                   p->map_errors, NULL, "weight of each component", err);
    if (status == VTR_OK) status = vtr_mapfile_signal(file, group, "maps", err);
    for (size_t j = 0; status == VTR_OK && j < p->n_components; j++) {
        char name[32], long_name[128];
        snprintf(name, sizeof name, "phase_%zu", j + 1);
        snprintf(long_name, sizeof long_name, "weight of %s", p->names[j]);
        status = vtr_mapfile_write_quantity(file, group, name, VTR_TYPE_F32, 2, shape + 1, p->maps + j * n,
                                            p->map_errors + j * n, NULL, long_name, err);
    }
    if (status == VTR_OK && p->mlls.residual != NULL)
        status = vtr_mapfile_write(file, group, "residual", VTR_TYPE_F32, 2, shape + 1, p->mlls.residual,
                                   NULL, "rms residual in standard deviations of the noise", err);
    return status;
}

static vtr_status write_fractions(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    static const struct {
        const char *name, *unit, *long_name;
    } columns[] = {{"fractions", NULL, "mean of each map; of references the share of the sum"},
                   {"fractions_errors", NULL, "standard deviation by the noise of the positions"},
                   {"fractions_sample_errors", NULL, "the same as a sample of an endless specimen"},
                   {"fractions_low", NULL, "lowest fraction that the data allow"},
                   {"fractions_high", NULL, "highest fraction that the data allow"},
                   {"length", "nm", "1/e length of the autocorrelation of each map"},
                   {"length_errors", "nm", "standard deviation of the length"}};
    enum { N = sizeof columns / sizeof *columns };
    double rows[N][VTR_UNMIX_COMPONENTS_MAX];
    for (size_t j = 0; j < p->n_components; j++) {
        const vtr_unmix_fraction *f = &p->fractions[j];
        const vtr_correlation *c = &p->correlations[j];
        const double column[N] = {f->value,
                                  f->error,
                                  f->sample_error,
                                  f->is_bounded ? fmin(f->allowed[0], f->range[0]) : f->range[0],
                                  f->is_bounded ? fmax(f->allowed[1], f->range[1]) : f->range[1],
                                  c->length_nm,
                                  c->length_error_nm};
        for (size_t i = 0; i < N; i++)
            rows[i][j] = column[i];
    }
    bool is_change = p->params.method == VTR_PHASES_PCA || p->params.method == VTR_PHASES_ICA;
    vtr_status status = VTR_OK;
    for (size_t i = is_change ? 5 : 0; status == VTR_OK && i < N; i++)
        status = write(file, columns[i].name, 1, &p->n_components, rows[i],
                       isfinite(p->step_nm[0]) ? columns[i].unit : NULL, columns[i].long_name, err);
    return status;
}

static vtr_status write_correlations(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    size_t n = p->correlations[0].n_lags;
    const size_t shape[2] = {p->n_components, n};
    bool is_whole = n > 0;
    for (size_t j = 1; j < p->n_components; j++)
        is_whole &= p->correlations[j].n_lags == n;
    if (!is_whole) return VTR_OK;
    double *rows = vtr_malloc(p->n_components * n, sizeof *rows);
    if (rows == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the autocorrelation");
    for (size_t j = 0; j < p->n_components; j++)
        memcpy(rows + j * n, p->correlations[j].radial, n * sizeof *rows);
    vtr_status status = write(file, "lag", 1, &n, p->correlations[0].lag_nm,
                              isfinite(p->step_nm[0]) ? "nm" : NULL, "distance of positions", err);
    if (status == VTR_OK)
        status = write(file, "autocorrelation", 2, shape, rows, NULL,
                       "autocorrelation of each map over the distance, noise taken out", err);
    vtr_free(rows);
    return status;
}

/* One row of a peak: what is not there is NAN. */
static void fill_peak(double row[10], const vtr_unmix_peak *k, bool is_there)
{
    const double values[10] = {
        k->position,     k->position_error, k->position_range[0], k->position_range[1], k->height,
        k->height_error, k->fwhm,           k->fwhm_error,        k->fwhm_range[0],     k->fwhm_range[1]};
    for (size_t i = 0; i < 10; i++)
        row[i] = is_there ? values[i] : NAN;
}

static vtr_status write_peaks(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    enum { N = 10, PEAKS = 4 };
    const size_t shape[3] = {p->n_components, PEAKS, N}, expected_shape[2] = {p->n_components, 3};
    if (p->peaks == NULL) return VTR_OK;
    double *rows = vtr_malloc(PEAKS * p->n_components * N, sizeof *rows);
    double expected[VTR_UNMIX_COMPONENTS_MAX * 3];
    if (rows == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the peaks");
    for (size_t j = 0; j < p->n_components; j++) {
        const vtr_unmix_peaks *k = &p->peaks[j];
        double(*row)[N] = (double(*)[N])(rows + j * PEAKS * N);
        bool is_there = isfinite(k->first.position);
        fill_peak(row[0], &k->first, is_there);
        fill_peak(row[1], &k->second, is_there && k->has_second);
        fill_peak(row[2], &k->shoulder, is_there && k->has_shoulder);
        fill_peak(row[3], &k->intrinsic, is_there && k->has_intrinsic);
        for (size_t i = 0; i < 3; i++)
            expected[j * 3 + i] = is_there ? k->expected[i] : NAN;
    }
    vtr_status status =
        write(file, "peaks", 3, shape, rows, NULL,
              "first peak, second peak, shoulder, and the first peak without termination", err);
    vtr_free(rows);
    if (status == VTR_OK)
        status =
            vtr_mapfile_write_text(file, group, "peaks", "columns",
                                   "position (Å), its error, lowest, highest, height (1/Å^2), its error, "
                                   "fwhm (Å), its error, lowest, highest",
                                   err);
    if (status == VTR_OK && p->is_windowed)
        status = vtr_mapfile_write_text(file, group, "peaks", "window",
                                        "Lorch's for second peak and shoulder, none for the first", err);
    if (status != VTR_OK) return status;
    return write(file, "second_expected", 2, expected_shape, expected, "angstrom",
                 "second peak of clusters that share 1, 2, 3 atoms", err);
}

static vtr_status write_verdicts(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    double is_noise[VTR_UNMIX_COMPONENTS_MAX];
    if (p->verdicts == NULL) return VTR_OK;
    for (size_t j = 0; j < p->n_components; j++)
        is_noise[j] = p->verdicts[j].is_noise;
    vtr_status status = write(file, "is_noise", 1, &p->n_components, is_noise, NULL,
                              "1: a component that is noise, see the attributes of this dataset", err);
    for (size_t j = 0; status == VTR_OK && j < p->n_components; j++) {
        char name[32];
        snprintf(name, sizeof name, "reason_%zu", j + 1);
        status = vtr_mapfile_write_text(file, group, "is_noise", name, p->verdicts[j].reason, err);
    }
    return status;
}

static vtr_status write_nmf(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    const vtr_nmf_consensus *c = &p->nmf.consensus;
    const size_t over_r[2] = {p->n_components, p->n_r}, *n = &p->n_components;
    double rows[4][VTR_UNMIX_COMPONENTS_MAX];
    if (p->nmf_order == NULL) return VTR_OK;
    for (size_t j = 0; j < *n; j++) {
        size_t at = p->nmf_order[j];
        rows[0][j] = p->nmf.fractions[at];
        rows[1][j] = c->n_starts > 0 ? c->returns[at] : NAN;
        rows[2][j] = c->n_starts > 0 ? c->fraction_low[at] : NAN;
        rows[3][j] = c->n_starts > 0 ? c->fraction_high[at] : NAN;
    }
    vtr_status status = write(file, "nmf_components", 2, over_r, p->nmf_components, "1/angstrom^2",
                              "G of the factorisation's components, not chosen by a principle", err);
    if (status == VTR_OK)
        status = write(file, "nmf_fractions", 1, n, rows[0], NULL, "fractions of the factorisation", err);
    if (status != VTR_OK || c->n_starts == 0) return status;
    status = write(file, "consensus", 1, n, rows[1], NULL,
                   "share of other starts of the factorisation in which the component came back", err);
    if (status == VTR_OK)
        status = write(file, "consensus_fractions_low", 1, n, rows[2], NULL, "lowest over the starts", err);
    if (status == VTR_OK)
        status = write(file, "consensus_fractions_high", 1, n, rows[3], NULL, "highest over the starts", err);
    return status;
}

static vtr_status write_scree(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    const size_t n = p->pca.n_components;
    if (n == 0) return VTR_OK;
    vtr_status status = write(file, "singular_values", 1, &n, p->pca.singular, NULL,
                              "singular values of the weighted data less their mean", err);
    if (status == VTR_OK)
        status = write(file, "explained", 1, &n, p->pca.explained, NULL, "share of the variance", err);
    const vtr_mapfile_attribute numbers[] = {{"noise_singular", 1, {p->pca.noise_singular}},
                                             {"significant", 1, {(double)p->pca.n_significant}}};
    return status == VTR_OK ? vtr_mapfile_write_attributes(file, group, numbers, 2, err) : status;
}

static vtr_status write_attributes(vtr_mapfile *file, const vtr_phases *p, vtr_error *err)
{
    char names[VTR_UNMIX_COMPONENTS_MAX * VTR_PHASES_NAME] = "";
    bool has_principle = p->params.method == VTR_PHASES_NMF;
    for (size_t j = 0; j < p->n_components; j++) {
        strcat(names, j > 0 ? ";" : "");
        strcat(names, p->names[j]);
    }
    const vtr_mapfile_attribute numbers[] = {
        {"positions", 1, {(double)p->n_used}},
        {"invalid", 1, {(double)p->n_invalid}},
        {"density", 1, {p->density}},
        {"extent", 1, {p->mixture.n_components > 0 ? p->mixture.extent : NAN}},
        {"condition", 1, {p->mlls.condition}}};
    const struct {
        const char *name, *text;
    } texts[] = {{"method", methods[p->params.method]},
                 {"on", quantities[p->quantity]},
                 {"principle", has_principle ? principles[p->params.principle] : "none"},
                 {"names", names},
                 {"weights", p->params.method == VTR_PHASES_NMF ? "those of a position sum to one" : "free"}};
    vtr_status status =
        vtr_mapfile_write_attributes(file, group, numbers, sizeof numbers / sizeof *numbers, err);
    for (size_t i = 0; status == VTR_OK && i < sizeof texts / sizeof *texts; i++)
        status = vtr_mapfile_write_text(file, group, NULL, texts[i].name, texts[i].text, err);
    for (size_t i = 0; status == VTR_OK && i < p->n_notes; i++) {
        char name[32];
        snprintf(name, sizeof name, "note_%zu", i + 1);
        status = vtr_mapfile_write_text(file, group, NULL, name, p->notes[i], err);
    }
    return status;
}

vtr_status vtr_phases_write(vtr_mapfile *file, const vtr_phases *phases, vtr_error *err)
{
    vtr_status status = vtr_mapfile_group(file, group, err);
    if (status == VTR_OK) status = write_axes(file, phases, err);
    if (status == VTR_OK) status = write_components(file, phases, err);
    if (status == VTR_OK) status = write_maps(file, phases, err);
    if (status == VTR_OK) status = write_fractions(file, phases, err);
    if (status == VTR_OK) status = write_correlations(file, phases, err);
    if (status == VTR_OK) status = write_peaks(file, phases, err);
    if (status == VTR_OK) status = write_verdicts(file, phases, err);
    if (status == VTR_OK) status = write_nmf(file, phases, err);
    if (status == VTR_OK) status = write_scree(file, phases, err);
    return status == VTR_OK ? write_attributes(file, phases, err) : status;
}
