/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "words.h"

#include <stdio.h>
#include <string.h>

#include "cli/markup.h"

/* --- groups -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *group, *title, *sentence;
} groups[] = {
    {"strain", "Strain",
     "In-plane strain of the specimen from the shape of the first diffraction ring, tension positive, with "
     "what "
     "follows from it. <i>ε</i><sub>xy</sub> is the tensor component, half the engineering shear."},
    {"bands", "Shear bands",
     "Straight lines across which the strain has a step, with the step, its width and how far it decays."},
    {"inclusions", "Inclusions",
     "Places whose strain is that of an Eshelby inclusion, with what is left of the strain without them."},
    {"pdf", "Pair distribution",
     "How the neighbours of an atom are distributed over the distance <i>r</i>: <i>G</i>(<i>r</i>) of every "
     "position, and "
     "what its first two shells say."},
    {"phases", "Phases",
     "Every position as a mixture of a few structures: their pair distribution functions, where they are, "
     "and how much "
     "there is of each."},
    {"magnetic", "Induction and magnetoelastic energy",
     "Fields within the specimen from the deflection of the direct beam, and how they lie to the strain."},
    {"energy", "Energy", ""},
    {"series", "Series", ""},
    {"fluctuation", "Fluctuations", ""},
    {"ring", "Fit of the ring", "The ellipse that was fitted to the first ring of every pattern."},
    {"beam", "Direct beam", "Where the direct beam fell on the detector."},
    {"virtual", "Virtual images",
     "Counts on parts of the detector, position by position, as a detector of that shape would have seen "
     "them."},
    {"profile", "Radial profiles", "The azimuthal mean of every pattern over the scattering vector."},
    {"sectors", "Profiles of sectors", "Azimuthal means of sectors of every pattern."},
    {"mean", "Mean pattern", "Mean, highest value and variance of all patterns, pixel by pixel."},
    {"calibration", "Calibration",
     "What a sample of the patterns said about centre, lenses, camera, ring and speckle before the pass."},
    {"truth", "Truth of the simulation", "What was put into the simulated specimen."},
};
enum { N_GROUPS = sizeof groups / sizeof *groups, UNKNOWN_PLACE = 9 };

void cli_words_of_group(char title[160], const char **sentence, const char *group)
{
    *sentence = "";
    cli_markup_escape(title, 160, group);
    for (size_t i = 0; i < N_GROUPS; i++)
        if (strcmp(groups[i].group, group) == 0) {
            snprintf(title, 160, "%s", groups[i].title);
            *sentence = groups[i].sentence;
        }
}

size_t cli_place_of_group(const char *group)
{
    for (size_t i = 0; i < N_GROUPS; i++)
        if (strcmp(groups[i].group, group) == 0) return i < UNKNOWN_PLACE ? i : i + 1;
    return UNKNOWN_PLACE;
}

/* --- attributes ---------------------------------------------------------------------------------------------- */

typedef struct words {
    const char *group, *attribute, *label, *unit;
    double factor;
    enum { NUMBER, BOOLEAN, BOX } kind;
} words;

static const words known[] = {
    {"strain", "axis", "Direction of <i>x</i>, from +<i>x</i> of the scan towards +<i>y</i>", "°", 1, NUMBER},
    {NULL, "scan_rotation", "Detector turned against the scan by", "°", 1, NUMBER},
    {NULL, "flip", "Detector mirrored against the scan", "", 1, BOOLEAN},
    {"strain", "first_order", "First-order definition", "", 1, BOOLEAN},
    {"strain", "mean", "Volumetric strain is the mean in place of the sum", "", 1, BOOLEAN},
    {NULL, "young_gpa", "Young's modulus", "GPa", 1, NUMBER},
    {NULL, "poisson", "Poisson's ratio", "", 1, NUMBER},
    {"strain", "reference", "Reference region", "", 1, BOX},
    {"strain", "reference_found", "Reference region found as the most homogeneous one", "", 1, BOOLEAN},
    {"strain", "reference_positions", "Positions in it with a value", "", 1, NUMBER},
    {"strain", "reference_w",
     "Its mean ring: <i>W</i><sub>xx</sub>, <i>W</i><sub>yy</sub>, <i>W</i><sub>xy</sub>", "", 1, NUMBER},
    {"strain", "reference_w_errors", "Their standard deviations", "", 1, NUMBER},
    {"strain", "reference_spread", "Strain left in it (rms)", "%", 100, NUMBER},
    {"strain", "reference_radius", "Radius of its ring", "px", 1, NUMBER},
    {"strain", "distortion",
     "Lens distortion taken out: <i>D</i><sub>xx</sub>, <i>D</i><sub>yy</sub>, <i>D</i><sub>xy</sub>", "", 1,
     NUMBER},
    {NULL, "k0", "Ring without strain, <i>k</i><sub>0</sub> = 1/<i>d</i>", "1/Å", 1, NUMBER},
    {NULL, "descan_x", "Path of the centre along <i>x</i>, coefficients", "px", 1, NUMBER},
    {NULL, "descan_y", "Path of the centre along <i>y</i>, coefficients", "px", 1, NUMBER},
    {NULL, "descan_residual", "What that path leaves along <i>x</i>, <i>y</i> (rms)", "px", 1, NUMBER},
    {"ring", "radius", "Radius of a ring with <i>W</i> = 1", "px", 1, NUMBER},
    {NULL, "scan_step_nm", "Step of the scan along <i>y</i>, <i>x</i>", "nm", 1, NUMBER},
    {"ring", "fit", "Fit", "", 1, NUMBER},
    {"bands", "count", "Shear bands", "", 1, NUMBER},
    {"bands", "density_inv_nm", "Length of bands per area of the map", "1/nm", 1, NUMBER},
    {"bands", "density_error_inv_nm", "Its standard deviation", "1/nm", 1, NUMBER},
    {"bands", "direction_degrees", "Mean direction of the bands", "°", 1, NUMBER},
    {"bands", "direction_spread_degrees", "Scatter of their directions", "°", 1, NUMBER},
    {"bands", "direction_length_nm", "Length of bands in each 10° from −90°", "nm", 1, NUMBER},
    {"bands", "spacing_nm", "Spacing of neighbours across the mean direction", "nm", 1, NUMBER},
    {"bands", "spacing_error_nm", "Standard deviation of that mean", "nm", 1, NUMBER},
    {"bands", "spacing_scatter_nm", "Scatter of the spacings", "nm", 1, NUMBER},
    {"bands", "matrix_strain", "Random strain of the matrix, each component", "%", 100, NUMBER},
    {"bands", "matrix_strain_error", "Its standard deviation", "%", 100, NUMBER},
    {"bands", "matrix_length_nm", "Correlation length of that strain", "nm", 1, NUMBER},
    {"bands", "matrix_length_error_nm", "Its standard deviation", "nm", 1, NUMBER},
    {NULL, "false_alarms", "False alarms expected", "", 1, NUMBER},
    {NULL, "error_factor", "Errors enlarged by (the matrix's own strain)", "", 1, NUMBER},
    {"inclusions", "count", "Inclusions", "", 1, NUMBER},
    {"inclusions", "radius_range_nm", "Radii looked for", "nm", 1, NUMBER},
    {"inclusions", "significance", "Kept from so many standard deviations of the eigenstrain", "", 1, NUMBER},
    {"inclusions", "threshold_chi2", "Threshold of <i>χ</i><sup>2</sup>", "", 1, NUMBER},
    {"inclusions", "trials", "Places and radii tried", "", 1, NUMBER},
    {"inclusions", "axis", "Direction of <i>x</i> of the residual maps", "°", 1, NUMBER},
    {"inclusions", "matrix_strain",
     "Random strain of the matrix: <i>ε</i><sub>xx</sub> + <i>ε</i><sub>yy</sub>, its deviator", "%", 100,
     NUMBER},
    {"inclusions", "matrix_length_nm", "Correlation length of that strain", "nm", 1, NUMBER},
    {"pdf", "qmin", "<i>Q</i><sub>min</sub> of the transform", "1/Å", 1, NUMBER},
    {"pdf", "qmax", "<i>Q</i><sub>max</sub> of the transform", "1/Å", 1, NUMBER},
    {"pdf", "qmaxinst", "<i>Q</i><sub>max</sub> of the data used for scale and background", "1/Å", 1, NUMBER},
    {"pdf", "fit_range", "Range in which <i>I</i> is matched to the atoms' scattering", "1/Å", 1, NUMBER},
    {"pdf", "density", "Number density", "atoms/Å³", 1, NUMBER},
    {"pdf", "density_given", "Number density given", "", 1, BOOLEAN},
    {"pdf", "rcut", "No neighbours below", "Å", 1, NUMBER},
    {"pdf", "background_terms", "Terms of the background polynomial", "", 1, NUMBER},
    {"pdf", "scale", "Scale <i>N</i> of the mean, and its standard deviation", "counts/px", 1, NUMBER},
    {"pdf", "constant", "Constant under the intensity, and its standard deviation", "counts/px", 1, NUMBER},
    {NULL, "first_shell", "First shell", "Å", 1, NUMBER},
    {NULL, "second_shell", "Second shell", "Å", 1, NUMBER},
    {NULL, "positions", "Positions", "", 1, NUMBER},
    {"pdf", "composition", "Composition (at.%)", "", 1, NUMBER},
    {"pdf", "window_width", "Width of the window", "", 1, NUMBER},
    {"pdf", "scale_from", "What set the scale", "", 1, NUMBER},
    {"pdf/strain", "distance", "First distance in the reference", "Å", 1, NUMBER},
    {"phases", "invalid", "Positions left out for their values", "", 1, NUMBER},
    {"phases", "density", "Number density", "atoms/Å³", 1, NUMBER},
    {"phases", "condition", "Condition of the references (how alike they are)", "", 1, NUMBER},
    {"phases", "extent", "Extent of the cloud of positions over its noise", "", 1, NUMBER},
    {"phases", "on", "What was divided", "", 1, NUMBER},
    {"phases", "noise_singular", "Largest singular value of noise", "", 1, NUMBER},
    {"phases", "significant", "Components that stand out of the noise", "", 1, NUMBER},
    {"magnetic", "rad_per_px", "Deflection of a pixel", "µrad", 1e6, NUMBER},
    {NULL, "k_step_inv_angstrom", "Pixel of the detector, <i>k</i> = 1/<i>d</i>", "1/Å", 1, NUMBER},
    {NULL, "beam_energy_kev", "Beam energy", "keV", 1, NUMBER},
    {"magnetic", "vacuum_k_ratio", "Camera length of the vacuum over that of the recording", "", 1, NUMBER},
    {"magnetic", "vacuum_noise_px", "Noise of the vacuum's path", "px", 1, NUMBER},
    {"magnetic", "thickness", "Thickness (nm, or a map)", "", 1, NUMBER},
    {"magnetic", "thickness_error_nm", "Standard deviation of the thickness", "nm", 1, NUMBER},
    {"magnetic", "magnetostriction_ppm", "Magnetostriction of saturation", "ppm", 1, NUMBER},
    {"magnetic", "wall_angle", "A wall turns the field by at least", "°", 1, NUMBER},
    {"magnetic", "wall_length_nm", "Length of all domain walls", "nm", 1, NUMBER},
    {"magnetic", "wall_scale_nm", "Kernel of the wall detector", "nm", 1, NUMBER},
    {"magnetic", "wall_significance", "Chance that noise shows a wall", "", 1, NUMBER},
    {"magnetic", "area_nm2", "Area with a field", "nm²", 1, NUMBER},
    {"magnetic", "descan_positions", "Positions the surface was fitted to", "", 1, NUMBER},
    {"magnetic", "descan_is_whole_map", "Surface fitted to the whole map", "", 1, BOOLEAN},
    {"calibration", "n_sampled", "Patterns sampled", "", 1, NUMBER},
    {"calibration", "n_fitted", "of which with a fitted ring", "", 1, NUMBER},
    {"calibration", "centre_error_px", "Standard deviation of the centre along <i>x</i>, <i>y</i>", "px", 1,
     NUMBER},
    {"calibration", "wxx", "<i>W</i><sub>xx</sub> that makes the mean ring round", "", 1, NUMBER},
    {"calibration", "wyy", "<i>W</i><sub>yy</sub>", "", 1, NUMBER},
    {"calibration", "wxy", "<i>W</i><sub>xy</sub>", "", 1, NUMBER},
    {"calibration", "electrons", "Electrons in the ring's annulus, a pattern", "", 1, NUMBER},
    {"calibration", "saturation", "Saturation of the camera", "counts", 1, NUMBER},
    {"calibration", "noise.gain", "Camera gain", "counts per electron", 1, NUMBER},
    {"calibration", "noise.gain_error", "Camera gain, standard deviation", "counts per electron", 1, NUMBER},
    {"calibration", "noise.offset", "Camera offset", "counts", 1, NUMBER},
    {"calibration", "noise.read_noise", "Read-out noise", "counts", 1, NUMBER},
    {"calibration", "noise.read_noise_error", "Read-out noise, standard deviation", "counts", 1, NUMBER},
    {"calibration", "noise.is_measured", "Camera noise measured from the recording", "", 1, BOOLEAN},
    {"calibration", "noise.is_counting", "Camera counts electrons", "", 1, BOOLEAN},
    {"calibration", "ring.annulus_px", "Annulus of the ring", "px", 1, NUMBER},
    {"calibration", "ring.radius_px", "Radius of the ring", "px", 1, NUMBER},
    {"calibration", "ring.width_px", "Width of the ring", "px", 1, NUMBER},
    {"calibration", "speckle.contrast", "Speckle: normalised variance", "", 1, NUMBER},
    {"calibration", "speckle.contrast_error", "Speckle: its standard deviation", "", 1, NUMBER},
    {"calibration", "speckle.grain_px", "Speckle: size of a grain", "px", 1, NUMBER},
    {"calibration", "speckle.friedel", "Speckle: correlation of opposite ones", "", 1, NUMBER},
    {"calibration", "is_far", "Ring beyond the edge of the detector", "", 1, BOOLEAN},
    {"calibration", "harmonics", "Ring and background may turn with the angle", "", 1, BOOLEAN},
    {"calibration", "chi2", "Reduced <i>χ</i><sup>2</sup> of the sample", "", 1, NUMBER},
    {"virtual", "annulus_px", "Inner and outer radius of the detector", "px", 1, NUMBER},
};

/* Endings of names that tell the unit; the longer one first. */
static const char *const endings[][2] = {
    {"_inv_angstrom", "1/Å"}, {"_angstrom", "Å"}, {"_inv_nm", "1/nm"}, {"_nm2", "nm²"}, {"_nm", "nm"},
    {"_per_px", "1/px"},      {"_px", "px"},      {"_kev", "keV"},     {"_gpa", "GPa"}, {"_degrees", "°"},
    {"_ppm", "ppm"},          {"_percent", "%"},  {"_rad", "rad"},
};

/* "centre_x_px" is "Centre x" in px. */
static void read_name(cli_words *out, const char *attribute)
{
    char name[128];
    size_t n = (size_t)snprintf(name, sizeof name, "%s", attribute);
    if (n >= sizeof name) n = sizeof name - 1;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i][0]);
        if (n <= length || strcmp(name + n - length, endings[i][0]) != 0) continue;
        snprintf(out->unit, sizeof out->unit, "%s", endings[i][1]);
        name[n - length] = '\0';
        break;
    }
    for (char *c = name; *c != '\0'; c++)
        if (*c == '_' || *c == '.') *c = ' ';
    if (name[0] >= 'a' && name[0] <= 'z' && name[1] != ' ' && name[1] != '\0')
        name[0] = (char)(name[0] - 'a' + 'A');
    cli_markup_escape(out->label, sizeof out->label, name);
}

enum { N_KNOWN = sizeof known / sizeof *known };

size_t cli_place_of(const char *group, const char *attribute)
{
    for (size_t i = 0; i < N_KNOWN; i++)
        if ((known[i].group == NULL || strcmp(known[i].group, group) == 0) &&
            strcmp(known[i].attribute, attribute) == 0)
            return i;
    return N_KNOWN;
}

void cli_words_of(cli_words *out, const char *group, const char *attribute)
{
    size_t place = cli_place_of(group, attribute);
    *out = (cli_words){.factor = 1};
    if (place == N_KNOWN) {
        read_name(out, attribute);
        return;
    }
    const words *w = &known[place];
    snprintf(out->label, sizeof out->label, "%s", w->label);
    snprintf(out->unit, sizeof out->unit, "%s", w->unit);
    out->factor = w->factor;
    out->is_boolean = w->kind == BOOLEAN;
    out->is_box = w->kind == BOX;
}

bool cli_is_fraction(const char *group, const char *name)
{
    static const char *const names[][2] = {
        {"bands", "volumetric"},
        {"bands", "normal"},
        {"bands", "shear"},
        {"bands", "other_volumetric"},
        {"bands", "other_normal"},
        {"bands", "other_shear"},
        {"bands", "amplitude_volumetric"},
        {"bands", "amplitude_deviatoric"},
        {"inclusions/catalogue", "shear"},
        {"inclusions/catalogue", "dilation"},
        {"inclusions/catalogue", "volumetric"},
        {"inclusions/catalogue", "deviatoric"},
        {"phases", "fractions"},
        {"phases", "fractions_low"},
        {"phases", "fractions_high"},
        {"phases", "fractions_sample_errors"},
        {"phases", "nmf_fractions"},
        {"phases", "consensus"},
        {"phases", "consensus_fractions_low"},
        {"phases", "consensus_fractions_high"},
        {"phases", "explained"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i][0], group) == 0 && strcmp(names[i][1], name) == 0) return true;
    return false;
}

bool cli_is_nexus(const char *attribute)
{
    static const char *const names[] = {"NX_class", "signal", "auxiliary_signals", "axes",
                                        "default",  "units",  "long_name",         "target"};
    size_t n = strlen(attribute);
    if (n > 8 && strcmp(attribute + n - 8, "_indices") == 0) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], attribute) == 0) return true;
    return false;
}
