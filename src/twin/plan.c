/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"

static const vtr_twin_preset presets[] = {
    {"fe-band",
     "an Fe-rich ribbon with two shear bands: one with Eshelby inclusions, one mature",
     "Fe85.2Si0.5B9.5P4Cu0.8",
     0.49,
     {125, 225},
     5.8,
     3e-4,
     25,
     .build = vtr_twin_build_fe_band},
    {"lorentz",
     "magnetic domains in the strain of two bands, with a vacuum recording",
     "Fe85.2Si0.5B9.5P4Cu0.8",
     0.49,
     {56, 155},
     15.8,
     3e-4,
     60,
     .descan_px = 3,
     .build = vtr_twin_build_lorentz},
    {"network",
     "a network of shear bands that cross and branch, in three states of annealing",
     "Zr46Cu38Al8Ag8",
     0.42,
     {160, 200},
     8,
     NAN,
     NAN,
     .build = vtr_twin_build_network},
    {"rings", "rings of one uniform strain", "Fe85.2Si0.5B9.5P4Cu0.8", 0.49, {32, 32}, 5.8, 0, 25},
    {"structure",
     "the atoms of a file, by Debye's sum",
     NULL,
     NAN,
     {16, 16},
     2,
     0,
     25,
     .half_width_Q = 18,
     .structures = vtr_twin_build_model},
    {"thickness",
     "one field of view in foils of several thicknesses, which relax and scatter plurally",
     "Fe85.2Si0.5B9.5P4Cu0.8",
     0.49,
     {60, 90},
     5.8,
     3e-4,
     25,
     .build = vtr_twin_build_thickness},
    {"two-phase",
     "a liquid-like and a solid-like structure mixed at random",
     "Fe85.2Si0.5B9.5P4Cu0.8",
     0.49,
     {128, 128},
     1.2,
     0,
     25,
     .half_width_Q = 18,
     .structures = vtr_twin_build_mixture},
    {"zr-band",
     "a Zr-Cu-Al-Ag glass: a weaker band on a more inhomogeneous matrix",
     "Zr46Cu38Al8Ag8",
     0.42,
     {135, 175},
     9.7,
     1e-3,
     40,
     .build = vtr_twin_build_zr_band},
};
enum { N_PRESETS = sizeof presets / sizeof *presets };

const vtr_twin_preset *vtr_twin_find_preset(const char *name)
{
    for (size_t i = 0; i < N_PRESETS; i++)
        if (name != NULL && strcmp(presets[i].name, name) == 0) return &presets[i];
    return NULL;
}

const char *vtr_twin_preset_name(size_t index)
{
    return index < N_PRESETS ? presets[index].name : NULL;
}

const char *vtr_twin_preset_summary(size_t index)
{
    return index < N_PRESETS ? presets[index].summary : NULL;
}

static double given_or(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

static void fill_params(vtr_twin_params *p, const vtr_twin_preset *preset)
{
    if (p->scan[0] == 0) memcpy(p->scan, preset->scan, sizeof preset->scan);
    if (p->pattern[0] == 0) p->pattern[0] = p->pattern[1] = 256;
    if (p->composition == NULL) p->composition = preset->composition;
    p->ring_k = given_or(p->ring_k, preset->ring_k);
    p->scan_step_nm = given_or(p->scan_step_nm, preset->scan_step_nm);
    if (preset->build == vtr_twin_build_network) vtr_twin_network_matrix(p);
    p->matrix_strain = given_or(p->matrix_strain, preset->matrix_strain);
    p->matrix_length_nm = given_or(p->matrix_length_nm, preset->matrix_length_nm);
    p->descan_px = given_or(p->descan_px, preset->descan_px);
    p->thickness_nm = given_or(p->thickness_nm, preset->build == vtr_twin_build_thickness ? 300 : 100);
    p->centre_y = given_or(p->centre_y, 0.5 * ((double)p->pattern[0] - 1));
    p->centre_x = given_or(p->centre_x, 0.5 * ((double)p->pattern[1] - 1));
    double smaller = (double)(p->pattern[0] < p->pattern[1] ? p->pattern[0] : p->pattern[1]);
    double half_width_k = preset->half_width_Q > 0 ? preset->half_width_Q / (2 * VTR_PI) : p->ring_k / 0.47;
    p->k_step = given_or(p->k_step, half_width_k / (0.5 * smaller));
    const double highest[] = {65535, 255, 4294967295.0, INFINITY};
    p->saturation = fmin(given_or(p->saturation, INFINITY), highest[p->type]);
}

/* W of a ring that is `percent` longer along `angle` than across. */
static void lens_matrix(double w[3], double percent, double angle_degrees)
{
    double q = sqrt(1 + percent / 100), c = cos(angle_degrees * VTR_RADIANS_PER_DEGREE),
           s = sin(angle_degrees * VTR_RADIANS_PER_DEGREE);
    double along = 1 / q, across = q;
    w[0] = along * c * c + across * s * s;
    w[1] = along * s * s + across * c * c;
    w[2] = (along - across) * c * s;
}

static void fill_info(vtr_twin *twin, const char *preset)
{
    const vtr_twin_params *p = &twin->params;
    vtr_twin_info *info = &twin->info;
    const vtr_type types[] = {VTR_TYPE_U16, VTR_TYPE_U8, VTR_TYPE_U32, VTR_TYPE_F32};
    snprintf(info->preset, sizeof info->preset, "%s", preset);
    snprintf(info->composition, sizeof info->composition, "%s", p->composition);
    memcpy(info->shape, p->scan, 2 * sizeof(size_t));
    memcpy(info->shape + 2, p->pattern, 2 * sizeof(size_t));
    info->type = types[p->type];
    info->ring_k = p->ring_k;
    info->k_step = p->k_step;
    info->ring_radius_px = p->ring_k / p->k_step;
    info->centre_x = p->centre_x;
    info->centre_y = p->centre_y;
    lens_matrix(info->w, p->distortion_percent, p->distortion_angle);
    double c = cos(p->scan_rotation * VTR_RADIANS_PER_DEGREE),
           s = sin(p->scan_rotation * VTR_RADIANS_PER_DEGREE);
    double sign = p->flip ? -1 : 1;
    const double turn[4] = {c, -s * sign, s, c * sign};
    memcpy(info->scan_to_detector, turn, sizeof turn);
    info->scan_step_nm = p->scan_step_nm;
    info->beam_energy_kev = p->beam_energy_kev;
    info->saturation = p->saturation;
    bool is_foil = vtr_twin_find_preset(preset)->build == vtr_twin_build_thickness;
    info->foil = is_foil ? vtr_twin_thin_foil(p) : vtr_twin_bulk();
    if (is_foil) twin->first_stream = (uint64_t)llround(1000 * p->thickness_nm) << 32;
    twin->n_positions = info->shape[0] * info->shape[1];
    twin->n_pixels = info->shape[2] * info->shape[3];
}

static vtr_status build_speckle(vtr_twin *twin, vtr_error *err)
{
    const vtr_twin_params *p = &twin->params;
    if (p->contrast <= 0) return VTR_OK;
    vtr_speckle_params speckle = {.contrast = p->contrast * twin->info.foil.contrast,
                                  .grain_px = p->grain_px,
                                  .friedel = p->friedel,
                                  .det_y = twin->info.shape[2],
                                  .det_x = twin->info.shape[3],
                                  .seed = (uint64_t)p->seed + ((uint64_t)VTR_TWIN_FOR_SPECKLE << 56)};
    return vtr_speckle_create(&twin->speckle, &speckle, err);
}

static vtr_status no_preset(const char *name, vtr_error *err)
{
    char list[256] = "";
    for (size_t i = 0, length = 0; i < N_PRESETS; i++)
        length +=
            (size_t)snprintf(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "", presets[i].name);
    return vtr_fail(err, VTR_ERR_ARGUMENT, "no preset '%s'; there are %s", name != NULL ? name : "", list);
}

vtr_status vtr_twin_keep_text(vtr_twin *twin, const char **member, const char *text, vtr_error *err)
{
    size_t i = 0;
    while (twin->kept_text[i] != NULL)
        i++;
    twin->kept_text[i] = vtr_strdup(text);
    *member = twin->kept_text[i];
    return *member != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a simulated specimen");
}

/* The parameters' strings may go before the plan does. */
static vtr_status keep_strings(vtr_twin *twin, vtr_error *err)
{
    const char **strings[] = {&twin->params.model, &twin->params.structure.elements,
                              &twin->params.structure.cell};
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < 3 && status == VTR_OK; i++)
        if (*strings[i] != NULL) status = vtr_twin_keep_text(twin, strings[i], *strings[i], err);
    return status;
}

/* What only some presets take. */
static vtr_status check_for_preset(const vtr_twin_preset *preset, const vtr_twin_params *p, vtr_error *err)
{
    const vtr_structure_params *s = &p->structure;
    bool has_model = p->model != NULL || s->elements != NULL || s->cell != NULL || s->is_particle;
    if (has_model && preset->structures != vtr_twin_build_model)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "a file with atoms and how to read it is for the preset structure");
    if (p->annealed && preset->structures != vtr_twin_build_mixture)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--annealed is for the preset two-phase");
    if ((p->annealing != 0 || p->network != 0) && preset->build != vtr_twin_build_network)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--annealing and --network are for the preset network");
    if (p->is_magnetised && preset->build != vtr_twin_build_lorentz)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--magnetised is for the preset lorentz");
    bool is_placed = !isnan(p->shift_y_nm) || !isnan(p->shift_x_nm) || !isnan(p->turn_degrees);
    if (is_placed && preset->build != vtr_twin_build_thickness)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "--shift-x, --shift-y and --turn are for the preset thickness");
    return VTR_OK;
}

static vtr_status build(vtr_twin *twin, const vtr_twin_preset *preset, vtr_error *err)
{
    vtr_status status = keep_strings(twin, err);
    if (status == VTR_OK && preset->structures != NULL) status = preset->structures(twin, err);
    if (status != VTR_OK) return status;
    fill_params(&twin->params, preset);
    fill_info(twin, preset->name);
    /* the parameters' string may go before the plan does */
    twin->params.composition = twin->info.composition;
    status = vtr_composition_parse(&twin->composition, twin->info.composition, err);
    if (status == VTR_OK) status = vtr_twin_build_tables(twin, err);
    if (status == VTR_OK) status = vtr_twin_build_mask(twin, err);
    if (status == VTR_OK) status = build_speckle(twin, err);
    if (status == VTR_OK && preset->build != NULL) status = preset->build(twin, err);
    if (status == VTR_OK) status = vtr_twin_build_strain(twin, err);
    if (status == VTR_OK && twin->n_phases > 1) status = vtr_twin_build_fraction(twin, err);
    if (status == VTR_OK && preset->build == vtr_twin_build_lorentz)
        status = vtr_twin_build_domains(twin, err);
    return status;
}

vtr_status vtr_twin_open(vtr_twin **out, const char *preset, const vtr_twin_params *params, vtr_error *err)
{
    const vtr_twin_preset *found = vtr_twin_find_preset(preset);
    if (found == NULL) return no_preset(preset, err);
    vtr_twin_params given = params != NULL ? *params : vtr_twin_default_params();
    vtr_status status = vtr_twin_check_params(&given, err);
    if (status == VTR_OK) status = check_for_preset(found, &given, err);
    if (status != VTR_OK) return status;
    vtr_twin *twin = vtr_calloc(1, sizeof *twin);
    if (twin == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a simulated specimen");
    twin->params = given;
    status = build(twin, found, err);
    if (status != VTR_OK) {
        vtr_twin_close(&twin);
        return status;
    }
    *out = twin;
    return VTR_OK;
}

void vtr_twin_close(vtr_twin **twin)
{
    if (twin == NULL || *twin == NULL) return;
    vtr_twin *t = *twin;
    vtr_free(t->radial);
    vtr_free(t->structure);
    vtr_free(t->structure_change);
    vtr_free(t->solid_fraction);
    vtr_free(t->induction_angle);
    for (size_t i = 0; i < VTR_TWIN_PHASES_MAX; i++) {
        vtr_free(t->phase[i].s);
        vtr_pairs_release(&t->phase[i].pairs);
    }
    for (size_t i = 0; i < sizeof t->kept_text / sizeof *t->kept_text; i++)
        vtr_free(t->kept_text[i]);
    vtr_free(t->reasons);
    vtr_speckle_free(t->speckle);
    for (int i = 0; i < 3; i++)
        vtr_free(t->strain[i]);
    vtr_free(t->inclusions);
    vtr_free(t->bands);
    vtr_free(t);
    *twin = NULL;
}

const vtr_twin_info *vtr_twin_get_info(const vtr_twin *twin)
{
    return &twin->info;
}

size_t vtr_twin_inclusions(const vtr_twin *twin, const vtr_twin_inclusion **list)
{
    *list = twin->inclusions;
    return twin->n_inclusions;
}

size_t vtr_twin_bands(const vtr_twin *twin, const vtr_twin_band **list)
{
    *list = twin->bands;
    return twin->n_bands;
}

/* Where a position lies in the scan, -1 to 1; 0 in a scan of one. */
static double across_scan(size_t index, size_t n)
{
    return n > 1 ? 2 * (double)index / (double)(n - 1) - 1 : 0;
}

void vtr_twin_get_position(const vtr_twin *twin, size_t position, vtr_twin_position *out)
{
    const vtr_twin_params *p = &twin->params;
    size_t n_y = twin->info.shape[0], n_x = twin->info.shape[1];
    double y = across_scan(position / n_x, n_y), x = across_scan(position % n_x, n_x);
    vtr_random random;
    vtr_twin_random(&random, p, VTR_TWIN_FOR_CENTRES, position + twin->first_stream);
    double jitter_x = p->jitter_px * vtr_random_normal(&random);
    double jitter_y = p->jitter_px * vtr_random_normal(&random);
    double line = 0.5 * p->descan_px, bow = 0.5 * p->descan_bow_px * (x * x + y * y);
    /* the linear path runs mostly along the scan's own axes, with a little crosstalk, as misaligned coils
     * give */
    *out = (vtr_twin_position){.exx = (double)twin->strain[0][position],
                               .eyy = (double)twin->strain[1][position],
                               .exy = (double)twin->strain[2][position],
                               .centre_x = p->centre_x + line * (x + 0.2 * y) + bow + jitter_x,
                               .centre_y = p->centre_y + line * (0.7 * y - 0.2 * x) + 0.5 * bow + jitter_y,
                               .electrons = p->electrons * twin->info.foil.scattered,
                               .background_factor = 1 + 0.5 * p->wedge * x,
                               .solid_fraction =
                                   twin->solid_fraction != NULL ? (double)twin->solid_fraction[position] : 0};
    if (twin->induction_angle != NULL) vtr_twin_deflect(twin, position, out);
}

void vtr_twin_get_vacuum(const vtr_twin *twin, size_t position, vtr_twin_position *out)
{
    vtr_twin empty = *twin;
    empty.induction_angle = NULL;
    vtr_twin_get_position(&empty, position, out);
    out->exx = out->eyy = out->exy = 0;
    out->is_vacuum = true;
}
