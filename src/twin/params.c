/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/twin_internal.h"

#define AT(member) offsetof(vtr_twin_params, member)
#define DOUBLE VTR_PARAMETER_DOUBLE

static const vtr_parameter parameters[] = {
    {"scan", NULL, VTR_PARAMETER_SHAPE, AT(scan), .metavar = "YxX",
     .help = "scan positions; default: the preset's"},
    {"pattern", "px", VTR_PARAMETER_SHAPE, AT(pattern), .metavar = "YxX",
     .help = "size of a pattern; default: 256x256"},
    {"type", NULL, VTR_PARAMETER_CHOICE, AT(type), 0, .choices = "u16|u8|u32|f32",
     .help = "number type of a pixel"},
    {"composition", NULL, VTR_PARAMETER_STRING, AT(composition), .metavar = "FORMULA",
     .help = "at.%, such as Zr46Cu38Al8Ag8; default: the preset's"},
    {"model", NULL, VTR_PARAMETER_STRING, AT(model), .metavar = "FILE",
     .help = "atoms of the preset structure; the same as naming the file after it"},
    {"magnetised", NULL, VTR_PARAMETER_BOOL, AT(is_magnetised), .help = "lorentz: the whole film one domain"},
    {"thickness", "nm", DOUBLE, AT(thickness_nm), NAN, 1, 1e4, .metavar = "NM",
     .help = "lorentz: of the film, by default 100; thickness: of the foil, by default 300"},
    {"shift-x", "nm", DOUBLE, AT(shift_x_nm), NAN, -1e4, 1e4, .metavar = "NM",
     .help =
         "thickness: where the scan lies in the field of view; drawn from seed and thickness unless given"},
    {"shift-y", "nm", DOUBLE, AT(shift_y_nm), NAN, -1e4, 1e4, .metavar = "NM", .help = "likewise"},
    {"turn", "degrees", DOUBLE, AT(turn_degrees), NAN, -90, 90, .metavar = "DEGREES",
     .help = "thickness: of the scan against the field of view, from +x towards +y; likewise"},
    {"induction", "T", DOUBLE, AT(induction_t), 1.4, 0, 10, .metavar = "T", .help = "lorentz: its size"},
    {"annealed", NULL, VTR_PARAMETER_BOOL, AT(annealed),
     .help = "two-phase: more of the solid-like structure (67.2 for 46.8 %), in larger regions"},
    {"annealing", NULL, VTR_PARAMETER_CHOICE, AT(annealing), 0, .choices = "as-cast|20h|240h",
     .help = "network: the state; the matrix becomes more even, the bands fewer"},
    {"network", NULL, VTR_PARAMETER_CHOICE, AT(network), 0, .choices = "dense|sparse",
     .help = "network: distance of the bands"},
    {"ring-k", "1/Å", DOUBLE, AT(ring_k), NAN, 0.01, 10, .metavar = "K",
     .help = "position of the first ring, k = 1/d; default: the preset's"},
    {"k-step", "1/Å per px", DOUBLE, AT(k_step), NAN, 1e-5, 1, .metavar = "K",
     .help =
         "size of a pixel; default: the ring at 0.47 of the half width; structure, two-phase: Q to 18 1/Å"},
    {"electrons", "electrons", DOUBLE, AT(electrons), 1e5, 0, 1e12, .metavar = "N",
     .help = "dose: electrons a pattern in rings and background together, without the direct beam; "
             "thickness: all that come"},
    {"background", NULL, DOUBLE, AT(background), 0.5, 0, 100, .metavar = "RATIO",
     .help = "plural and inelastic background at the ring relative to <f^2> there"},
    {"wedge", NULL, DOUBLE, AT(wedge), 0, 0, 1.9, .metavar = "PART",
     .help = "thickness wedge: relative change of the background from the first column to the last"},
    {"exx", NULL, DOUBLE, AT(exx), 0, -0.3, 0.3, .metavar = "STRAIN",
     .help = "strain added everywhere, a fraction"},
    {"eyy", NULL, DOUBLE, AT(eyy), 0, -0.3, 0.3, .metavar = "STRAIN", .help = "likewise"},
    {"exy", NULL, DOUBLE, AT(exy), 0, -0.3, 0.3, .metavar = "STRAIN",
     .help = "likewise (half the engineering shear)"},
    {"strain-scale", NULL, DOUBLE, AT(strain_scale), 1, 0, 100, .metavar = "FACTOR",
     .help = "multiplies the strain of bands and inclusions"},
    {"matrix-strain", NULL, DOUBLE, AT(matrix_strain), NAN, 0, 0.1, .metavar = "STRAIN",
     .help = "standard deviation of the matrix's random strain, each component; default: the preset's"},
    {"matrix-length", "nm", DOUBLE, AT(matrix_length_nm), NAN, 0.01, 1e6, .metavar = "NM",
     .help = "where that strain's correlation falls to 1/e; default: the preset's"},
    {"centre-x", "px", DOUBLE, AT(centre_x), NAN, -1e5, 1e5, .metavar = "PX",
     .help = "column of the pattern's centre; default: the middle"},
    {"centre-y", "px", DOUBLE, AT(centre_y), NAN, -1e5, 1e5, .metavar = "PX",
     .help = "row of the pattern's centre; default: the middle"},
    {"jitter", "px", DOUBLE, AT(jitter_px), 0, 0, 100, .metavar = "PX",
     .help = "standard deviation of the centre, along x and along y"},
    {"descan", "px", DOUBLE, AT(descan_px), NAN, 0, 1000, .metavar = "PX",
     .help = "the centre's path over the scan, linear part; default: 3 of lorentz, 0 of others"},
    {"descan-bow", "px", DOUBLE, AT(descan_bow_px), 0, -1000, 1000, .metavar = "PX",
     .help = "its parabolic part, from the middle to the corners"},
    {"distortion", "%", DOUBLE, AT(distortion_percent), 0, 0, 50, .metavar = "PERCENT",
     .help = "lens distortion: long axis over short axis of an unstrained ring, less 1"},
    {"distortion-angle", "degrees", DOUBLE, AT(distortion_angle), 0, -360, 360, .metavar = "DEGREES",
     .help = "direction of the long axis on the detector"},
    {"scan-rotation", "degrees", DOUBLE, AT(scan_rotation), 0, -360, 360, .metavar = "DEGREES",
     .help = "detector against scan, from +x towards +y"},
    {"flip", NULL, VTR_PARAMETER_BOOL, AT(flip), .help = "detector mirrored against the scan"},
    {"middle", NULL, VTR_PARAMETER_CHOICE, AT(middle), 0, .choices = "beam|stop|empty",
     .help = "direct beam, beam stop, or neither"},
    {"beam-radius", "px", DOUBLE, AT(beam_radius_px), 3, 0.5, 1000, .metavar = "PX",
     .help = "radius of the direct beam's disc"},
    {"beam-ratio", NULL, DOUBLE, AT(beam_ratio), 1, 0, 1e6, .metavar = "RATIO",
     .help = "electrons in the direct beam relative to --electrons"},
    {"stop-radius", "px", DOUBLE, AT(stop_radius_px), 10, 0.5, 1000, .metavar = "PX",
     .help = "half width of the beam stop"},
    {"stop-angle", "degrees", DOUBLE, AT(stop_angle), 160, -360, 360, .metavar = "DEGREES",
     .help = "direction from the centre in which the beam stop leaves the frame"},
    {"gain", NULL, DOUBLE, AT(gain), 1, 1e-6, 1e6, .metavar = "GAIN", .help = "recorded units per electron"},
    {"offset", NULL, DOUBLE, AT(offset), 0, -1e6, 1e6, .metavar = "UNITS",
     .help = "recorded without electrons"},
    {"read-noise", NULL, DOUBLE, AT(read_noise), 0, 0, 1e6, .metavar = "UNITS",
     .help = "standard deviation without electrons, recorded units"},
    {"saturation", NULL, DOUBLE, AT(saturation), NAN, 1, 1e12, .metavar = "UNITS",
     .help = "highest value; default: of the type"},
    {"hot", NULL, VTR_PARAMETER_SIZE, AT(hot_pixels), 0, .metavar = "N",
     .help = "pixels that count 1000 too many"},
    {"dead", NULL, VTR_PARAMETER_SIZE, AT(dead_pixels), 0, .metavar = "N", .help = "pixels that read 0"},
    {"contrast", NULL, DOUBLE, AT(contrast), 0.04, 0, 4, .metavar = "VARIANCE",
     .help = "speckle: normalised variance of the elastic part; 0: none"},
    {"grain", "px", DOUBLE, AT(grain_px), 3, 0.2, 60, .metavar = "PX",
     .help = "speckle: full width at half maximum of its autocorrelation"},
    {"friedel", NULL, DOUBLE, AT(friedel), 0.3, 0, 1, .metavar = "F",
     .help = "speckle: correlation of opposite pixels"},
    {"scan-step", "nm", DOUBLE, AT(scan_step_nm), NAN, 1e-3, 1e5, .metavar = "NM",
     .help = "distance of scan positions; default: the preset's"},
    {"beam-energy", "keV", DOUBLE, AT(beam_energy_kev), 300, 1, 3000, .metavar = "KEV",
     .help = "beam energy"},
    {"seed", NULL, VTR_PARAMETER_SIZE, AT(seed), 1, .metavar = "N", .help = "chooses the random numbers"},
};
const vtr_parameter_table vtr_twin_parameters = {"Specimen and camera", parameters,
                                                 sizeof parameters / sizeof *parameters};

vtr_twin_params vtr_twin_default_params(void)
{
    vtr_twin_params params = {0};
    vtr_parameters_default(&vtr_twin_parameters, &params);
    return params;
}

static bool inside(const vtr_parameter *p, double value)
{
    bool has_limits = p->minimum != 0 || p->maximum != 0;
    if (isnan(value)) return isnan(p->default_value);
    return !has_limits || (value >= p->minimum && value <= p->maximum);
}

/* The table's ranges once more, for callers that fill the struct themselves. */
static vtr_status check_ranges(const vtr_twin_params *params, vtr_error *err)
{
    for (size_t i = 0; i < vtr_twin_parameters.n; i++) {
        const vtr_parameter *p = &parameters[i];
        if (p->type != VTR_PARAMETER_DOUBLE) continue;
        double value = *(const double *)((const char *)params + p->offset);
        if (!inside(p, value))
            return vtr_fail(err, VTR_ERR_RANGE, "--%s: %g is outside %g to %g", p->name, value, p->minimum,
                            p->maximum);
    }
    return VTR_OK;
}

static vtr_status check_shape(const char *name, const size_t shape[4], size_t least, size_t most,
                              vtr_error *err)
{
    if (shape[0] == 0) return VTR_OK;
    if (shape[1] == 0 || shape[2] != 0)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--%s takes two numbers, rows and columns, such as 128x256",
                        name);
    for (int i = 0; i < 2; i++)
        if (shape[i] < least || shape[i] > most)
            return vtr_fail(err, VTR_ERR_RANGE, "--%s: %zu is outside %zu to %zu", name, shape[i], least,
                            most);
    return VTR_OK;
}

vtr_status vtr_twin_check_params(const vtr_twin_params *params, vtr_error *err)
{
    vtr_status status = check_ranges(params, err);
    if (status == VTR_OK) status = check_shape("scan", params->scan, 1, 100000, err);
    if (status == VTR_OK) status = check_shape("pattern", params->pattern, 8, 4096, err);
    if (status != VTR_OK) return status;
    if (params->type < 0 || params->type > 3 || params->middle < 0 || params->middle > VTR_TWIN_EMPTY)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--type or --middle is none of its choices");
    if (params->annealing < 0 || params->annealing >= VTR_TWIN_STATES || params->network < 0 ||
        params->network > 1)
        return vtr_fail(err, VTR_ERR_ARGUMENT, "--annealing or --network is none of its choices");
    double determinant = (1 + params->exx) * (1 + params->eyy) - params->exy * params->exy;
    if (!(determinant > 0.2))
        return vtr_fail(err, VTR_ERR_RANGE, "the strain --exx, --eyy, --exy is too large");
    return VTR_OK;
}

void vtr_twin_random(vtr_random *random, const vtr_twin_params *params, vtr_twin_purpose purpose,
                     uint64_t stream)
{
    vtr_random_start(random, (uint64_t)params->seed + ((uint64_t)purpose << 56), stream);
}
