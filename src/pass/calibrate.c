/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base_internal.h"
#include "pass/calibrate_internal.h"

static const vtr_parameter parameters[] = {
    {"centre-x", "px", VTR_PARAMETER_DOUBLE, offsetof(vtr_calibrate_params, centre_x), .default_value = NAN,
     .metavar = "X", .help = "centre of the pattern along the columns; found unless given"},
    {"centre-y", "px", VTR_PARAMETER_DOUBLE, offsetof(vtr_calibrate_params, centre_y), .default_value = NAN,
     .metavar = "Y", .help = "centre of the pattern along the rows"},
    {"ring", "px", VTR_PARAMETER_RANGE, offsetof(vtr_calibrate_params, ring), .metavar = "LO:HI",
     .help = "annulus about the centre that holds the ring with both feet; found unless given"},
    {"mask", NULL, VTR_PARAMETER_STRING, offsetof(vtr_calibrate_params, mask), .metavar = "IMAGE",
     .help = "image of the pixels to use: non-zero = used; added to what is found"},
    {"noise", NULL, VTR_PARAMETER_STRING, offsetof(vtr_calibrate_params, noise),
     .metavar = "GAIN,OFFSET,READ",
     .help =
         "camera: recorded units per electron, offset, read-out noise; or 'counting'; measured unless given"},
    {"no-beam-stop", NULL, VTR_PARAMETER_BOOL, offsetof(vtr_calibrate_params, no_beam_stop),
     .help = "look for no beam stop"},
    {"standard", NULL, VTR_PARAMETER_STRING, offsetof(vtr_calibrate_params, standard), .metavar = "NAME",
     .help = "the file is a polycrystalline standard (gold, aluminium, ...): k scale and distortion from its "
             "rings"},
    {"ring-k", "1/Å", VTR_PARAMETER_DOUBLE, offsetof(vtr_calibrate_params, ring_k), .default_value = NAN,
     .minimum = 0.001, .maximum = 10, .metavar = "K", .help = "known k = 1/d of the ring: sets the k scale"},
    {"k-scale", NULL, VTR_PARAMETER_STRING, offsetof(vtr_calibrate_params, k_scale), .metavar = "FILE",
     .help =
         "take the k scale of this stored calibration, e.g. that of a standard at the same camera length"},
    {"sample", NULL, VTR_PARAMETER_SIZE, offsetof(vtr_calibrate_params, sample), .default_value = 2048,
     .minimum = 16, .maximum = 65536, .metavar = "N", .help = "patterns to sample"},
    {"harmonics", NULL, VTR_PARAMETER_CHOICE, offsetof(vtr_calibrate_params, harmonics), .default_value = 1,
     .choices = "no|yes", .help = "let ring and background have amplitudes that turn twice with the angle"},
    {"background-order", NULL, VTR_PARAMETER_SIZE, offsetof(vtr_calibrate_params, background_order),
     .default_value = 2, .maximum = 2, .metavar = "N",
     .help = "powers of the radius in the smooth background; 2 lets its slope turn with the angle too"},
    {"fit-sectors", NULL, VTR_PARAMETER_SIZE, offsetof(vtr_calibrate_params, sectors), .default_value = 16,
     .minimum = 8, .maximum = 128, .metavar = "N", .help = "azimuthal sectors of the fit"},
};
const vtr_parameter_table vtr_calibrate_parameters = {"Calibration", parameters,
                                                      sizeof parameters / sizeof *parameters};

/* The sample stays below this, so that a pass stays below 2 GiB. */
static const size_t sample_bytes = (size_t)384 << 20;

void vtr_calibration_free(vtr_calibration *c)
{
    if (c == NULL) return;
    vtr_free(c->mask);
    vtr_free(c->mean);
    vtr_free(c->maximum);
    vtr_free(c);
}

unsigned char *vtr_calibration_used(const vtr_calibration *c)
{
    size_t n = c->det_y * c->det_x;
    unsigned char *used = vtr_malloc(n, 1);
    for (size_t i = 0; used != NULL && i < n; i++)
        used[i] = c->mask[i] == 0;
    return used;
}

static vtr_calibration *new_calibration(const vtr_dataset_info *info, const vtr_calibrate_params *params)
{
    vtr_calibration *c = vtr_calloc(1, sizeof *c);
    if (c == NULL) return NULL;
    c->det_y = info->shape[2];
    c->det_x = info->shape[3];
    size_t n = c->det_y * c->det_x;
    c->mask = vtr_calloc(n, 1);
    c->mean = vtr_calloc(n, sizeof *c->mean);
    c->maximum = vtr_calloc(n, sizeof *c->maximum);
    if (c->mask == NULL || c->mean == NULL || c->maximum == NULL) {
        vtr_calibration_free(c);
        return NULL;
    }
    c->wxx = c->wyy = 1;
    c->scan_step_nm[0] = info->scan_step_nm[0];
    c->scan_step_nm[1] = info->scan_step_nm[1];
    c->beam_energy_kev = info->beam_energy_kev;
    c->saturation = info->saturation;
    c->k_step_inv_angstrom = 0.5 * (info->k_step_inv_angstrom[0] + info->k_step_inv_angstrom[1]);
    c->harmonics = params->harmonics == 1;
    c->background_order = params->background_order;
    c->sectors = params->sectors;
    c->centre_x_px = params->centre_x;
    c->centre_y_px = params->centre_y;
    return c;
}

static int compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Takes out of the sample the frames that are broken: more than a hundredth of their pixels beyond what the median frame
 * has are no numbers. A pixel that is no number in any other frame is not used, so one lost frame would cost them all. */
static vtr_status drop_broken_frames(vtr_sample *sample, vtr_error *err)
{
    size_t n = sample->det_y * sample->det_x, kept = 0;
    size_t *missing = vtr_calloc(2 * sample->n, sizeof *missing);
    if (missing == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the sample");
    size_t *sorted = missing + sample->n;
    for (size_t f = 0; f < sample->n; f++)
        for (size_t i = 0; i < n; i++)
            missing[f] += !isfinite(sample->frames[f * n + i]);
    memcpy(sorted, missing, sample->n * sizeof *sorted);
    qsort(sorted, sample->n, sizeof *sorted, compare_sizes);
    size_t most = sorted[sample->n / 2] + n / 100;
    for (size_t f = 0; f < sample->n; f++) {
        if (missing[f] > most) continue;
        if (kept < f) memcpy(sample->frames + kept * n, sample->frames + f * n, n * sizeof *sample->frames);
        sample->position[kept++] = sample->position[f];
    }
    sample->n = kept;
    vtr_free(missing);
    return VTR_OK;
}

/* Mean and maximum over the sample's finite pixels. */
static void average_sample(vtr_calibration *c, const vtr_sample *sample)
{
    size_t n = c->det_y * c->det_x;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) {
        double sum = 0, most = -INFINITY, count = 0;
        for (size_t f = 0; f < sample->n; f++) {
            double v = (double)sample->frames[f * n + i];
            if (!isfinite(v)) continue;
            sum += v;
            count++;
            if (v > most) most = v;
        }
        c->mean[i] = count > 0 ? sum / count : NAN;
        c->maximum[i] = count > 0 ? most : NAN;
    }
}

static vtr_status find_mask(vtr_calibration *c, const vtr_sample *sample, const vtr_calibrate_params *params,
                            const vtr_dataset_info *info, vtr_error *err)
{
    vtr_mask_params mask = vtr_mask_default_params();
    mask.find_beam_stop = !params->no_beam_stop;
    mask.saturation = info->type == VTR_TYPE_F32 || info->type == VTR_TYPE_F64 ? NAN : info->saturation;
    float *user = NULL;
    size_t height = 0, width = 0;
    if (params->mask != NULL) {
        vtr_status status = vtr_image_read(&user, &height, &width, params->mask, err);
        if (status != VTR_OK) return status;
        if (height != c->det_y || width != c->det_x) {
            vtr_image_free(user);
            return vtr_fail(err, VTR_ERR_SHAPE, "mask '%s' is %zu x %zu, the patterns are %zu x %zu",
                            params->mask, height, width, c->det_y, c->det_x);
        }
        mask.user = user;
    }
    vtr_status status = vtr_mask_find(c->mask, sample, &mask, err);
    vtr_image_free(user);
    return status;
}

static vtr_status find_noise(vtr_calibration *c, const vtr_sample *sample, const vtr_calibrate_params *params,
                             const unsigned char *used, const vtr_progress *progress, vtr_error *err)
{
    if (params->noise != NULL) return vtr_noise_parse(&c->noise, params->noise, err);
    vtr_error local;
    vtr_status status = vtr_noise_measure(&c->noise, sample, used, &local);
    if (status != VTR_ERR_NO_DATA)
        return status == VTR_OK ? VTR_OK : vtr_fail(err, status, "%s", local.message);
    c->noise = (vtr_noise){.gain = 1, .is_counting = true};
    vtr_progress_warn(progress, "%s; taking the camera as counting single electrons (--noise sets it)",
                      local.message);
    return VTR_OK;
}

/* Radius of the disc at which the azimuthal mean falls to half of its plateau about the centre. */
double vtr_beam_radius(const vtr_calibration *c)
{
    enum { N = 512 };
    double sum[N] = {0}, number[N] = {0};
    for (size_t y = 0; y < c->det_y; y++)
        for (size_t x = 0; x < c->det_x; x++) {
            size_t i = y * c->det_x + x;
            double r = hypot((double)x - c->centre_x_px, (double)y - c->centre_y_px);
            if (r >= N || c->mask[i] != 0 || !isfinite(c->mean[i])) continue;
            sum[(size_t)r] += c->mean[i] - c->noise.offset;
            number[(size_t)r]++;
        }
    /* a disc outshines the ring's inner foot and falls before it */
    size_t foot = (size_t)c->ring.annulus_px[0];
    if (foot < 4 || foot >= N || number[0] == 0 || number[foot] == 0) return NAN;
    double plateau = (sum[0] + sum[1]) / (number[0] + number[1]), outside = sum[foot] / number[foot];
    if (!(plateau > 3 * outside)) return NAN;
    for (size_t r = 1; r < foot; r++)
        if (number[r] > 0 && sum[r] / number[r] < 0.5 * (plateau + outside)) return (double)r;
    return NAN;
}

/* A k scale that puts the ring where no glass has one is a file's mistake. */
static const double ring_k_range[2] = {0.01, 10};

static vtr_status find_k_scale(vtr_calibration *c, const vtr_calibrate_params *params,
                               const vtr_progress *progress, vtr_error *err)
{
    if (isfinite(params->ring_k)) {
        c->k_step_inv_angstrom = params->ring_k / c->ring.radius_px;
        return VTR_OK;
    }
    if (params->k_scale != NULL) {
        vtr_status status = vtr_k_scale_read(&c->k_step_inv_angstrom, params->k_scale, err);
        if (status != VTR_OK) return status;
    }
    double k = c->k_step_inv_angstrom * c->ring.radius_px;
    if (k < ring_k_range[0] || k > ring_k_range[1]) {
        vtr_progress_warn(progress,
                          "the k scale of %.3g 1/Å per px puts the ring at %.3g 1/Å, where no glass has one: "
                          "not used (--k-step, --ring-k or --k-scale sets it)",
                          c->k_step_inv_angstrom, k);
        c->k_step_inv_angstrom = NAN;
    }
    return VTR_OK;
}

/* What of the centre is not given. */
static vtr_status find_centre(vtr_calibration *c, const unsigned char *used, vtr_error *err)
{
    double x, y;
    vtr_error local;
    vtr_status status = vtr_centre_find(&x, &y, c->mean, used, c->det_y, c->det_x, &local);
    if (status != VTR_OK)
        return vtr_fail(err, status, "%s (--centre-x and --centre-y, --mask)", local.message);
    if (isnan(c->centre_x_px)) c->centre_x_px = x;
    if (isnan(c->centre_y_px)) c->centre_y_px = y;
    return VTR_OK;
}

static vtr_status calibrate(vtr_calibration *c, const vtr_sample *sample, const vtr_calibrate_params *params,
                            int threads, const vtr_progress *progress, vtr_error *err)
{
    unsigned char *used = vtr_calibration_used(c);
    if (used == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the mask");
    vtr_status status = find_noise(c, sample, params, used, progress, err);
    if (status == VTR_OK && isnan(c->centre_x_px + c->centre_y_px)) status = find_centre(c, used, err);
    bool annulus_given = !isnan(params->ring[0]);
    if (annulus_given) memcpy(c->ring.annulus_px, params->ring, sizeof c->ring.annulus_px);
    if (status == VTR_OK) status = vtr_calibrate_mean(c, used, annulus_given, err);
    if (status == VTR_OK) status = vtr_calibrate_mean_errors(c, used, err);
    if (status == VTR_OK) status = vtr_calibrate_sample(c, used, sample, threads, progress, err);
    if (status == VTR_OK) status = find_k_scale(c, params, progress, err);
    if (status == VTR_OK) c->beam_radius_px = vtr_beam_radius(c);
    vtr_free(used);
    return status;
}

vtr_status vtr_calibrate_begin(vtr_calibration **out, vtr_sample *sample, vtr_dataset *dataset,
                               const vtr_calibrate_params *params, const vtr_progress *progress,
                               vtr_error *err)
{
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    vtr_calibration *c = new_calibration(info, params);
    if (c == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the calibration");
    vtr_status status = vtr_sample_read(sample, dataset, params->sample, sample_bytes, progress, err);
    if (status != VTR_OK) {
        vtr_calibration_free(c);
        return status;
    }
    if (info->type == VTR_TYPE_F32 || info->type == VTR_TYPE_F64) status = drop_broken_frames(sample, err);
    c->n_sampled = sample->n;
    if (status == VTR_OK) {
        average_sample(c, sample);
        status = find_mask(c, sample, params, info, err);
    }
    if (status != VTR_OK) {
        vtr_sample_release(sample);
        vtr_calibration_free(c);
        return status;
    }
    *out = c;
    return VTR_OK;
}

vtr_status vtr_calibrate(vtr_calibration **out, vtr_dataset *dataset, const vtr_calibrate_params *given,
                         int threads, const vtr_progress *progress, vtr_error *err)
{
    vtr_calibrate_params params;
    vtr_parameters_default(&vtr_calibrate_parameters, &params);
    if (given != NULL) params = *given;
    if (params.standard != NULL)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--standard says that the file is a standard, not a glass; calibrate the standard by "
                        "itself and give what it stores with --k-scale FILE");
    vtr_calibration *c = NULL;
    vtr_sample sample = {0};
    vtr_status status = vtr_calibrate_begin(&c, &sample, dataset, &params, progress, err);
    if (status != VTR_OK) return status;
    status = calibrate(c, &sample, &params, threads, progress, err);
    vtr_sample_release(&sample);
    if (status != VTR_OK) {
        vtr_calibration_free(c);
        return status;
    }
    *out = c;
    return VTR_OK;
}
