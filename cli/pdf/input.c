/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "run.h"
#include "vitrail/constants.h"
#include "vitrail/input.h"
#include "vitrail/pdf_pattern.h"
#include "vitrail/ring.h"

static vtr_status read_head(unsigned char *head, size_t size, size_t *n, const char *path, vtr_error *err)
{
    FILE *file = NULL;
    vtr_status status = vtr_input_open(&file, path, err);
    if (status != VTR_OK) return status;
    do {
        clearerr(file);
        *n += fread(head + *n, 1, size - *n, file);
    } while (ferror(file) && errno == EINTR);
    if (ferror(file)) status = vtr_fail(err, VTR_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
    fclose(file);
    return status;
}

vtr_status cli_pdf_kind_of(cli_pdf_kind *kind, const char *path, vtr_error *err)
{
    unsigned char head[4096];
    size_t n = 0;
    vtr_status status = read_head(head, sizeof head, &n, path, err);
    if (status != VTR_OK) return status;
    if (n < 4 || memcmp(head, "\x89HDF", 4) != 0) {
        *kind = memchr(head, '\0', n) == NULL ? CLI_PDF_TEXT : CLI_PDF_PATTERN;
        return VTR_OK;
    }
    vtr_mapfile *map = NULL;
    bool is_map = false;
    status = vtr_mapfile_open(&map, path, err);
    if (status == VTR_OK) status = vtr_mapfile_find(&is_map, map, "profile", "intensity", err);
    vtr_mapfile_close(&map);
    if (status == VTR_ERR_FORMAT) status = VTR_OK; /* a recording in HDF5 */
    if (status == VTR_OK) *kind = is_map ? CLI_PDF_MAP : CLI_PDF_PATTERN;
    return status;
}

static const char *axis_words(const vtr_profile_text *p)
{
    static const char *const words[] = {
        "", "Q in 1/Å", "Q in 1/nm", "k = 1/d in 1/Å", "k = 1/d in 1/nm", "two theta", "r in Å"};
    return words[p->axis];
}

static vtr_status read_text(vtr_profile_text *profile, char *description, size_t size,
                            const cli_pdf_options *options, const char *path, vtr_error *err)
{
    vtr_profile_text_params params = options->text;
    params.k_step_inv_angstrom = options->recording.k_step;
    vtr_status status = vtr_profile_text_read(profile, path, &params, err);
    if (status != VTR_OK) return status;
    snprintf(description, size, "text over %s%s, %zu points%s", axis_words(profile),
             profile->is_axis_assumed ? " (assumed; --q-unit says)" : "", profile->n,
             profile->error != NULL ? " with errors" : "");
    status = vtr_profile_text_to_Q(profile, path, err);
    if (status != VTR_OK) vtr_profile_text_release(profile);
    return status;
}

/* Centre, ellipse, mask and k scale: stored, or found on this pattern. */
static vtr_status get_calibration(vtr_calibration **out, vtr_dataset *dataset, const cli_pdf_options *options,
                                  const cli_run *run, vtr_error *err)
{
    if (options->files.calibration == NULL)
        return vtr_calibrate(out, dataset, &options->calibrate, run->common.threads, &run->progress, err);
    vtr_mapfile *file = NULL;
    vtr_status status = vtr_mapfile_open(&file, options->files.calibration, err);
    if (status == VTR_OK) status = vtr_calibration_read(out, file, err);
    vtr_mapfile_close(&file);
    return status;
}

static void describe_pattern(cli_pdf_input *input, const vtr_calibration *c, const vtr_pattern_profile *p)
{
    double a, b, angle;
    vtr_ring_ellipse ellipse = {.wxx = c->wxx, .wyy = c->wyy, .wxy = c->wxy};
    vtr_ring_ellipse_axes(&ellipse, 1, &a, &b, &angle);
    snprintf(input->description, sizeof input->description,
             "pattern about (%.2f, %.2f) px, axis ratio %.4f at %.1f degrees, %.6g 1/Å per px, what "
             "neighbouring rings "
             "share: %.1f",
             c->centre_x_px, c->centre_y_px, a / b, angle, c->k_step_inv_angstrom, p->correlation_rings);
}

static vtr_status read_image(cli_pdf_input *input, cli_pdf_options *options, vtr_dataset *dataset,
                             const cli_run *run, vtr_error *err)
{
    vtr_calibration *c = NULL;
    vtr_pattern_profile profile = {0};
    vtr_status status = get_calibration(&c, dataset, options, run, err);
    if (status == VTR_OK && isfinite(options->recording.k_step))
        c->k_step_inv_angstrom = options->recording.k_step;
    if (status == VTR_OK) status = vtr_pattern_profile_compute(&profile, dataset, c, err);
    if (status == VTR_OK)
        status = vtr_pattern_profile_to_text(&input->profile, &profile, c->k_step_inv_angstrom, err);
    if (status == VTR_OK) {
        describe_pattern(input, c, &profile);
        if (c->ring.radius_px > 0) input->qmin = 2 * VTR_PI * c->k_step_inv_angstrom * c->ring.annulus_px[0];
        if (isfinite(options->calibrate.ring_k)) { /* in a series the ring moves, the scale does not */
            options->recording.k_step = c->k_step_inv_angstrom;
            options->calibrate.ring_k = NAN;
        }
    }
    vtr_pattern_profile_release(&profile);
    vtr_calibration_free(c);
    return status;
}

/* What a file of arrays is, and its x as Q. */
static vtr_status take_array(cli_pdf_input *input, const char *path, vtr_error *err)
{
    const vtr_profile_text *p = &input->profile;
    snprintf(input->description, sizeof input->description, "array over %s%s, %zu points", axis_words(p),
             p->is_axis_assumed ? " (assumed; --q-unit says)" : "", p->n);
    return vtr_profile_text_to_Q(&input->profile, path, err);
}

static vtr_status read_pattern(cli_pdf_input *input, cli_pdf_options *options, const char *path,
                               const cli_run *run, vtr_error *err)
{
    vtr_dataset *dataset = NULL;
    vtr_profile_text_params text = options->text;
    text.k_step_inv_angstrom = options->recording.k_step;
    vtr_status hspy = vtr_profile_hspy_read(&input->profile, path, &text, err);
    if (hspy != VTR_ERR_NOT_FOUND) return hspy == VTR_OK ? take_array(input, path, err) : hspy;
    vtr_status status = vtr_dataset_open(&dataset, path, &options->recording, err);
    if (status != VTR_OK) return status;
    const vtr_dataset_info *info = vtr_dataset_get_info(dataset);
    size_t least = info->shape[2] < info->shape[3] ? info->shape[2] : info->shape[3];
    if (least <= 3 && info->shape[0] * info->shape[1] == 1) {
        status = vtr_profile_array_read(&input->profile, dataset, &options->text, err);
        if (status == VTR_OK) status = take_array(input, path, err);
    } else {
        status = read_image(input, options, dataset, run, err);
    }
    vtr_dataset_close(&dataset);
    return status;
}

/* Of X-rays, Å: from the file or --wavelength, else from the energy. */
static double wavelength_of(const cli_pdf_input *input, const cli_pdf_options *options)
{
    double known = input->profile.wavelength_angstrom, energy = options->pdf.xray_energy_kev;
    return isfinite(known) && known > 0 ? known
           : isfinite(energy)           ? vtr_xray_wavelength_angstrom(energy)
                                        : NAN;
}

static vtr_status correct(cli_pdf_input *input, cli_pdf_options *options, vtr_error *err)
{
    const vtr_profile_correct_params *c = &options->correct;
    vtr_status status = VTR_OK;
    if (isfinite(c->q_step)) status = vtr_profile_text_rebin(&input->profile, c->q_step, err);
    if (status == VTR_OK)
        status = vtr_profile_correct(&input->profile, wavelength_of(input, options), c, err);
    if (status == VTR_OK)
        status =
            vtr_profile_from_structure(&input->profile, (vtr_profile_content)c->content, &options->pdf, err);
    return status;
}

static vtr_status subtract_background(cli_pdf_input *input, cli_pdf_options *options, const cli_run *run,
                                      vtr_error *err)
{
    cli_pdf_input background = {.qmin = NAN};
    const char *path = options->files.background;
    cli_pdf_kind kind;
    vtr_status status = cli_pdf_kind_of(&kind, path, err);
    if (status == VTR_OK)
        status = kind == CLI_PDF_TEXT ? read_text(&background.profile, background.description,
                                                  sizeof background.description, options, path, err)
                                      : read_pattern(&background, options, path, run, err);
    if (status == VTR_OK)
        status = vtr_profile_correct_background(&background.profile, wavelength_of(&background, options),
                                                &options->correct, err);
    if (status == VTR_OK)
        status = vtr_profile_text_subtract(&input->profile, &background.profile, options->files.bgscale, err);
    cli_pdf_input_release(&background);
    return status;
}

vtr_status cli_pdf_input_read(cli_pdf_input *out, cli_pdf_options *options, const char *path,
                              const cli_run *run, vtr_error *err)
{
    cli_pdf_input input = {.qmin = NAN};
    cli_pdf_kind kind;
    vtr_status status = cli_pdf_kind_of(&kind, path, err);
    if (status != VTR_OK) return status;
    switch (kind) {
    case CLI_PDF_MAP:
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' is a map file, which cannot stand in a series of single patterns", path);
    case CLI_PDF_PATTERN:
        status = read_pattern(&input, options, path, run, err);
        break;
    case CLI_PDF_TEXT:
        status = read_text(&input.profile, input.description, sizeof input.description, options, path, err);
        break;
    }
    if (status == VTR_OK && options->files.background != NULL)
        status = subtract_background(&input, options, run, err);
    if (status == VTR_OK) status = correct(&input, options, err);
    if (status == VTR_OK)
        *out = input;
    else
        cli_pdf_input_release(&input);
    return status;
}

void cli_pdf_input_release(cli_pdf_input *input)
{
    vtr_profile_text_release(&input->profile);
}
