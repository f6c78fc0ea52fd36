/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pdf/profile_axis.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/base_internal.h"
#include "vitrail/constants.h"

bool vtr_text_holds_nocase(const char *text, const char *part)
{
    size_t n = strlen(part);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, part, n) == 0) return true;
    return false;
}

static bool holds_any(const char *text, const char *const *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (vtr_text_holds_nocase(text, parts[i])) return true;
    return false;
}
#define HOLDS(text, ...)                                                                                     \
    holds_any(text, (const char *const[]){__VA_ARGS__},                                                      \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* What a column's name says: "Q (Inverse Nanometres)", "q_A^-1", "2th_deg", "r(Å)". */
static vtr_profile_axis axis_of_name(const char *name)
{
    if (HOLDS(name, "2th", "2-th", "twoth", "two th", "two-th", "tth")) return VTR_PROFILE_AXIS_TWO_THETA;
    bool is_per_nm = HOLDS(name, "nm", "nanomet");
    switch (name[0]) {
    case 'q':
    case 'Q':
        return is_per_nm ? VTR_PROFILE_AXIS_Q_INV_NM : VTR_PROFILE_AXIS_Q;
    case 'k':
    case 's':
        return is_per_nm ? VTR_PROFILE_AXIS_K_INV_NM : VTR_PROFILE_AXIS_K;
    case 'r':
    case 'R':
        return name[1] == '\0' || strchr("( [_", name[1]) != NULL ? VTR_PROFILE_AXIS_R
                                                                  : VTR_PROFILE_AXIS_UNKNOWN;
    default:
        return VTR_PROFILE_AXIS_UNKNOWN;
    }
}

/* `dataformat` in the header of a measured profile; in the header of a result it speaks of the input. */
static vtr_profile_axis axis_of_header(const vtr_profile_text *p)
{
    const char *output = vtr_profile_text_find(p, "outputtype");
    const char *format = vtr_profile_text_find(p, "dataformat"),
               *space = vtr_profile_text_find(p, "integrationspace");
    if (output != NULL) return strcmp(output, "gr") == 0 ? VTR_PROFILE_AXIS_R : VTR_PROFILE_AXIS_Q;
    if (format == NULL && space != NULL)
        return strcmp(space, "qspace") == 0 ? VTR_PROFILE_AXIS_Q : VTR_PROFILE_AXIS_TWO_THETA;
    if (format == NULL) return VTR_PROFILE_AXIS_UNKNOWN;
    return strcmp(format, "QA") == 0         ? VTR_PROFILE_AXIS_Q
           : strcmp(format, "Qnm") == 0      ? VTR_PROFILE_AXIS_Q_INV_NM
           : strcmp(format, "twotheta") == 0 ? VTR_PROFILE_AXIS_TWO_THETA
                                             : VTR_PROFILE_AXIS_UNKNOWN;
}

/* pyFAI writes metres, the others Å. */
static double wavelength_of_header(const vtr_profile_text *p)
{
    const char *text = vtr_profile_text_find(p, "wavelength");
    double value;
    if (text == NULL || vtr_parse_double(text, &value) != 0 || !(value > 0)) return NAN;
    return value < 1e-6 ? value * 1e10 : value;
}

void vtr_profile_axis_find(vtr_profile_text *p, const char *path, bool is_single_column,
                           const vtr_profile_text_params *params)
{
    p->wavelength_angstrom =
        isfinite(params->wavelength_angstrom) ? params->wavelength_angstrom : wavelength_of_header(p);
    p->axis = (vtr_profile_axis)params->axis;
    if (is_single_column) p->axis = VTR_PROFILE_AXIS_K;
    if (p->axis == VTR_PROFILE_AXIS_UNKNOWN) p->axis = axis_of_name(p->x_name);
    if (p->axis == VTR_PROFILE_AXIS_UNKNOWN) p->axis = axis_of_header(p);
    if (p->axis == VTR_PROFILE_AXIS_UNKNOWN && vtr_text_ends_with_nocase(path, ".xye"))
        p->axis = VTR_PROFILE_AXIS_TWO_THETA;
    if (p->axis == VTR_PROFILE_AXIS_UNKNOWN &&
        (vtr_text_ends_with_nocase(path, ".gr") || vtr_text_ends_with_nocase(path, ".gofr")))
        p->axis = VTR_PROFILE_AXIS_R;
    p->is_axis_assumed = p->axis == VTR_PROFILE_AXIS_UNKNOWN;
    if (p->is_axis_assumed) p->axis = VTR_PROFILE_AXIS_Q;
}

static double factor_to_Q(vtr_profile_axis axis)
{
    return axis == VTR_PROFILE_AXIS_Q_INV_NM   ? 0.1
           : axis == VTR_PROFILE_AXIS_K        ? 2 * VTR_PI
           : axis == VTR_PROFILE_AXIS_K_INV_NM ? 0.2 * VTR_PI
                                               : 1;
}

static void blank_ends(vtr_profile_text *p)
{
    for (size_t i = 0; i < p->n && (p->y[i] == 0 || isnan(p->y[i])); i++)
        p->y[i] = NAN;
    for (size_t i = p->n; i-- > 0 && (p->y[i] == 0 || isnan(p->y[i]));)
        p->y[i] = NAN;
}

vtr_status vtr_profile_text_to_Q(vtr_profile_text *p, const char *path, vtr_error *err)
{
    bool is_angle = p->axis == VTR_PROFILE_AXIS_TWO_THETA;
    if (p->axis == VTR_PROFILE_AXIS_R)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' holds a function of r, not a diffraction profile (--q-unit says what x is)",
                        path);
    if (is_angle && !(p->wavelength_angstrom > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "'%s' is over two theta and names no wavelength; give --wavelength", path);
    if (is_angle && !(p->x[p->n - 1] <= 180))
        return vtr_fail(err, VTR_ERR_RANGE, "'%s': two theta ends at %g degrees, beyond 180", path,
                        p->x[p->n - 1]);
    double factor = factor_to_Q(p->axis);
    for (size_t i = 0; i < p->n; i++)
        p->x[i] =
            is_angle ? 4 * VTR_PI * sin(p->x[i] * VTR_PI / 360) / p->wavelength_angstrom : p->x[i] * factor;
    p->axis = VTR_PROFILE_AXIS_Q;
    blank_ends(p);
    return VTR_OK;
}
