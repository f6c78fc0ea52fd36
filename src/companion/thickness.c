/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "base/base_internal.h"
#include "vitrail/thickness.h"

#define AT(member) offsetof(vtr_thickness_params, member)

static const vtr_parameter parameters[] = {
    {"energy", "keV", VTR_PARAMETER_DOUBLE, AT(beam_energy_kev), NAN, 10, 3000, .metavar = "KEV",
     .help = "of the beam"},
    {"mean-free-path", "nm", VTR_PARAMETER_DOUBLE, AT(mean_free_path_nm), NAN, 1e-3, 1e6, .metavar = "NM",
     .help = "between two losses, where it is known; in place of a model"},
    {"mean-free-path-error", NULL, VTR_PARAMETER_DOUBLE, AT(mean_free_path_error), NAN, 0, 1,
     .metavar = "SHARE",
     .help = "its relative standard deviation; 0.1 and 0.2 of the models, 0 of a given one unless said"},
    {"model", NULL, VTR_PARAMETER_CHOICE, AT(model), .choices = "iakoubovskii|malis",
     .help = "of the mean free path: from the density, or from the composition"},
    {"density", "g/cm^3", VTR_PARAMETER_DOUBLE, AT(density_g_per_cm3), NAN, 1e-3, 30, .metavar = "DENSITY",
     .help = "of the specimen, for iakoubovskii"},
    {"composition", NULL, VTR_PARAMETER_STRING, AT(composition), .metavar = "FORMULA",
     .help = "of the specimen, for malis: Fe85.2Si0.5B9.5P4Cu0.8"},
    {"convergence", "mrad", VTR_PARAMETER_DOUBLE, AT(convergence_mrad), 0, 0, 200, .metavar = "MRAD",
     .help = "half-angle of the probe"},
    {"collection", "mrad", VTR_PARAMETER_DOUBLE, AT(collection_mrad), NAN, 0.1, 500, .metavar = "MRAD",
     .help = "half-angle of what enters the spectrometer; iakoubovskii: all unless given"},
    {"vacuum", NULL, VTR_PARAMETER_STRING, AT(vacuum), .metavar = "REGION",
     .help = "where there is no specimen: Y0:Y1,X0:X1; sets the ratio of exposures"},
    {"exposure-ratio", NULL, VTR_PARAMETER_DOUBLE, AT(exposure_ratio), NAN, 1e-6, 1e6, .metavar = "RATIO",
     .help = "exposure of the unfiltered image over that of the zero-loss image [1]"},
    {"unfiltered-background", "counts", VTR_PARAMETER_DOUBLE, AT(background[0]), 0, -1e9, 1e9,
     .metavar = "COUNTS", .help = "of a pixel without electrons in the unfiltered image"},
    {"zero-loss-background", "counts", VTR_PARAMETER_DOUBLE, AT(background[1]), 0, -1e9, 1e9,
     .metavar = "COUNTS", .help = "of a pixel without electrons in the zero-loss image"},
    {"counts-per-electron", NULL, VTR_PARAMETER_DOUBLE, AT(counts_per_electron), NAN, 1e-9, 1e9,
     .metavar = "COUNTS", .help = "of both images; default: from what neighbouring pixels differ by"},
    {"region", NULL, VTR_PARAMETER_LIST, AT(regions), .metavar = "NAME=REGION",
     .help = "mean thickness of a region: film=20:60,0:100; may be repeated"},
};
const vtr_parameter_table vtr_thickness_parameters = {"Thickness", parameters,
                                                      sizeof parameters / sizeof *parameters};

vtr_thickness_params vtr_thickness_default_params(void)
{
    vtr_thickness_params params = {0};
    vtr_parameters_default(&vtr_thickness_parameters, &params);
    return params;
}

/* --- the mean free path ------------------------------------------------------------------------------------- */

static double model_path_nm(const vtr_thickness_params *p, const vtr_composition *composition)
{
    if (p->model == VTR_MEAN_FREE_PATH_MALIS)
        return vtr_mean_free_path_malis_nm(p->beam_energy_kev, vtr_effective_atomic_number(composition),
                                           p->collection_mrad);
    return vtr_mean_free_path_iakoubovskii_nm(p->beam_energy_kev, p->density_g_per_cm3, p->convergence_mrad,
                                              isnan(p->collection_mrad) ? INFINITY : p->collection_mrad);
}

static vtr_status set_mean_free_path(vtr_thickness_map *map, const vtr_thickness_params *p, vtr_error *err)
{
    vtr_composition composition = {0};
    bool is_malis = p->model == VTR_MEAN_FREE_PATH_MALIS, is_given = !isnan(p->mean_free_path_nm);
    double error = p->mean_free_path_error;
    if (isnan(error)) error = is_given ? 0 : is_malis ? 0.2 : 0.1;
    map->mean_free_path_nm = p->mean_free_path_nm;
    if (!is_given) {
        if (isnan(p->beam_energy_kev))
            return vtr_fail(err, VTR_ERR_ARGUMENT,
                            "the mean free path needs the beam's energy: --energy 300, or --mean-free-path");
        if (!is_malis && isnan(p->density_g_per_cm3))
            return vtr_fail(err, VTR_ERR_ARGUMENT,
                            "the mean free path needs the specimen's density: --density 7.2, or "
                            "--mean-free-path");
        if (is_malis && (p->composition == NULL || isnan(p->collection_mrad)))
            return vtr_fail(err, VTR_ERR_ARGUMENT, "--model malis needs --composition and --collection");
        vtr_status status = is_malis ? vtr_composition_parse(&composition, p->composition, err) : VTR_OK;
        if (status != VTR_OK) return status;
        map->mean_free_path_nm = model_path_nm(p, &composition);
        if (!isfinite(map->mean_free_path_nm))
            return vtr_fail(err, VTR_ERR_RANGE,
                            "there is no mean free path at a collection angle of %g mrad; give "
                            "--mean-free-path",
                            p->collection_mrad);
    }
    map->mean_free_path_error_nm = error * map->mean_free_path_nm;
    return VTR_OK;
}

/* --- noise -------------------------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Counts per electron from D = a - b - c + d of four pixels in a square, in which every sum of a function of y and one of
 * x cancels: Var D = g (a + b + c + d) when a pixel's variance is g times its counts. The median of a chi-squared of one
 * degree of freedom is 0.4549. NAN where fewer than 30 squares have counts. */
static double counts_per_electron(const float *image, double background, size_t n_y, size_t n_x,
                                  double *scratch)
{
    static const double median_chi2 = 0.45493642311957;
    size_t n = 0;
    for (size_t y = 0; y + 1 < n_y; y += 2)
        for (size_t x = 0; x + 1 < n_x; x += 2) {
            const float *at = image + y * n_x + x;
            double a = (double)at[0], b = (double)at[1], c = (double)at[n_x], d = (double)at[n_x + 1];
            double sum = a + b + c + d - 4 * background, difference = a - b - c + d;
            if (isfinite(sum) && sum > 0) scratch[n++] = difference * difference / sum;
        }
    if (n < 30) return NAN;
    qsort(scratch, n, sizeof *scratch, ascending);
    return 0.5 * (scratch[(n - 1) / 2] + scratch[n / 2]) / median_chi2;
}

static vtr_status set_noise(vtr_thickness_map *map, const vtr_thickness_images *images,
                            const vtr_thickness_params *p, vtr_error *err)
{
    const float *of[2] = {images->unfiltered, images->zero_loss};
    static const char *const names[2] = {"unfiltered", "zero-loss"};
    double *scratch = vtr_malloc(images->n_y * images->n_x / 4 + 1, sizeof *scratch);
    if (scratch == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a thickness map");
    vtr_status status = VTR_OK;
    for (int i = 0; i < 2 && status == VTR_OK; i++) {
        map->counts_per_electron[i] = p->counts_per_electron;
        if (!isnan(p->counts_per_electron)) continue;
        map->counts_per_electron[i] =
            counts_per_electron(of[i], p->background[i], images->n_y, images->n_x, scratch);
        if (!(map->counts_per_electron[i] > 0))
            status = vtr_fail(err, VTR_ERR_NO_DATA,
                              "the %s image is too small or too smooth to tell its noise; give "
                              "--counts-per-electron",
                              names[i]);
    }
    vtr_free(scratch);
    return status;
}

/* --- t/lambda ----------------------------------------------------------------------------------------------- */

/* The logarithm of n electrons is too small by 1/2n on average, and has the variance 1/n. */
static void compute_ratios(vtr_thickness_map *map, const vtr_thickness_images *images,
                           const vtr_thickness_params *p)
{
    double log_exposure = isnan(p->exposure_ratio) ? 0 : log(p->exposure_ratio);
    for (size_t i = 0; i < map->n_y * map->n_x; i++) {
        double all = ((double)images->unfiltered[i] - p->background[0]) / map->counts_per_electron[0];
        double none = ((double)images->zero_loss[i] - p->background[1]) / map->counts_per_electron[1];
        bool has_both = all > 0 && none > 0 && isfinite(all) && isfinite(none);
        double gain = map->counts_per_electron[0] / map->counts_per_electron[1];
        double ratio = log(gain * all / none) - log_exposure + 0.5 / all - 0.5 / none;
        map->ratio[i] = has_both ? (float)ratio : NAN;
        map->ratio_errors[i] = has_both ? (float)sqrt(1 / all + 1 / none) : NAN;
        map->n_valid += has_both;
    }
}

typedef struct mean {
    size_t n;
    double value, variance, scatter; /* of the mean, of a position */
} mean;

static mean mean_of(const float *values, const float *errors, const vtr_region *region)
{
    mean m = {0};
    double square = 0, variance = 0;
    for (size_t i = 0; i < region->n_y * region->n_x; i++) {
        if (!region->member[i] || !isfinite(values[i])) continue;
        m.n++;
        m.value += (double)values[i];
        variance += (double)errors[i] * (double)errors[i];
    }
    double n = (double)m.n;
    m.value /= n;
    m.variance = variance / (n * n);
    for (size_t i = 0; i < region->n_y * region->n_x; i++) {
        double off = (double)values[i] - m.value;
        if (region->member[i] && isfinite(off)) square += off * off;
    }
    m.scatter = square / (n - 1) - variance / n;
    return m;
}

/* Where there is no specimen t is zero, whatever the exposures were. */
static vtr_status subtract_vacuum(vtr_thickness_map *map, const vtr_thickness_params *p, vtr_error *err)
{
    map->exposure_ratio = isnan(p->exposure_ratio) ? 1 : p->exposure_ratio;
    if (p->vacuum == NULL) return VTR_OK;
    if (!isnan(p->exposure_ratio))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "the vacuum gives the ratio of exposures; leave out --vacuum or --exposure-ratio");
    vtr_region region = {0};
    char text[300];
    snprintf(text, sizeof text, "vacuum=%s", p->vacuum);
    vtr_status status = vtr_region_parse(&region, text, NULL, map->n_y, map->n_x, err);
    if (status != VTR_OK) return status;
    mean m = mean_of(map->ratio, map->ratio_errors, &region);
    vtr_region_release(&region);
    if (m.n == 0) return vtr_fail(err, VTR_ERR_NO_DATA, "the vacuum %s holds no data", p->vacuum);
    map->exposure_ratio = exp(m.value);
    map->ratio_error = sqrt(m.variance);
    for (size_t i = 0; i < map->n_y * map->n_x; i++)
        map->ratio[i] = (float)((double)map->ratio[i] - m.value);
    return VTR_OK;
}

static void set_thickness(vtr_thickness_map *map)
{
    for (size_t i = 0; i < map->n_y * map->n_x; i++) {
        map->thickness_nm[i] = (float)(map->mean_free_path_nm * (double)map->ratio[i]);
        map->thickness_errors[i] = (float)(map->mean_free_path_nm * (double)map->ratio_errors[i]);
    }
}

static vtr_status add_regions(vtr_thickness_map *map, const vtr_thickness_params *p, vtr_error *err)
{
    vtr_status status = VTR_OK;
    if (p->regions.n == 0) return VTR_OK;
    map->regions = vtr_calloc(p->regions.n, sizeof *map->regions);
    if (map->regions == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the regions");
    for (size_t i = 0; i < p->regions.n && status == VTR_OK; i++) {
        vtr_region region = {0};
        status = vtr_region_parse(&region, p->regions.text[i], NULL, map->n_y, map->n_x, err);
        if (status != VTR_OK) break;
        vtr_thickness_region *r = &map->regions[map->n_regions++];
        mean m = mean_of(map->thickness_nm, map->thickness_errors, &region);
        snprintf(r->name, sizeof r->name, "%s", region.name);
        r->n = m.n;
        double of_path = map->mean_free_path_error_nm / map->mean_free_path_nm * m.value;
        double of_vacuum = map->ratio_error * map->mean_free_path_nm;
        r->mean_nm = m.n > 0 ? m.value : NAN;
        r->error_nm = m.n > 0 ? sqrt(m.variance + of_path * of_path + of_vacuum * of_vacuum) : NAN;
        r->spread_nm = m.n > 1 && m.scatter > 0 ? sqrt(m.scatter) : NAN;
        vtr_region_release(&region);
    }
    return status;
}

void vtr_thickness_map_release(vtr_thickness_map *map)
{
    if (map == NULL) return;
    vtr_free(map->ratio);
    vtr_free(map->ratio_errors);
    vtr_free(map->thickness_nm);
    vtr_free(map->thickness_errors);
    vtr_free(map->regions);
    *map = (vtr_thickness_map){0};
}

static vtr_status allocate(vtr_thickness_map *map, const vtr_thickness_images *images, vtr_error *err)
{
    float **arrays[] = {&map->ratio, &map->ratio_errors, &map->thickness_nm, &map->thickness_errors};
    map->n_y = images->n_y;
    map->n_x = images->n_x;
    for (int i = 0; i < 4; i++) {
        *arrays[i] = vtr_malloc(map->n_y * map->n_x, sizeof(float));
        if (*arrays[i] == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a thickness map");
    }
    return VTR_OK;
}

vtr_status vtr_thickness_compute(vtr_thickness_map *out, const vtr_thickness_images *images,
                                 const vtr_thickness_params *params, vtr_error *err)
{
    vtr_thickness_map map = {0};
    vtr_status status = set_mean_free_path(&map, params, err);
    if (status == VTR_OK) status = set_noise(&map, images, params, err);
    if (status == VTR_OK) status = allocate(&map, images, err);
    if (status == VTR_OK) {
        compute_ratios(&map, images, params);
        if (map.n_valid == 0)
            status = vtr_fail(err, VTR_ERR_NO_DATA, "no pixel has electrons in both images");
    }
    if (status == VTR_OK) status = subtract_vacuum(&map, params, err);
    if (status == VTR_OK) {
        set_thickness(&map);
        status = add_regions(&map, params, err);
    }
    if (status == VTR_OK)
        *out = map;
    else
        vtr_thickness_map_release(&map);
    return status;
}
