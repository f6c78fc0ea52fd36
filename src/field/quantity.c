/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "field/field_internal.h"
#include "vitrail/constants.h"

/* To add a map quantity: one function here and one entry in the table at the end.
 *
 * Standard deviations are first-order propagation of the covariance of (exx, eyy, exy), except where the first order
 * fails: the energy is quadratic (second-order terms are in), and near e1 = e2 the direction of e1 means nothing (its
 * error saturates at that of a uniform distribution, 180/sqrt(12) = 52 degrees). There e1, e2 and the deviatoric
 * strain are biased apart by about their error, as the length of any noisy vector is, and scatter a little less than
 * the error says. */

static double quadratic_form(const double g[3], const double c[3][3])
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            sum += g[i] * c[i][j] * g[j];
    return sum > 0 ? sum : sum < 0 ? 0 : sum; /* rounding may leave a zero variance negative; NAN stays */
}

static void linear(double *value, double *error, const double g[3], const vtr_field_point *p)
{
    *value = g[0] * p->e[0] + g[1] * p->e[1] + g[2] * p->e[2];
    *error = sqrt(quadratic_form(g, p->covariance));
}

static void exx(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    (void)params;
    linear(value, error, (const double[3]){1, 0, 0}, p);
}

static void eyy(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    (void)params;
    linear(value, error, (const double[3]){0, 1, 0}, p);
}

static void exy(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    (void)params;
    linear(value, error, (const double[3]){0, 0, 1}, p);
}

/* e = m I + r (cos 2t, sin 2t; sin 2t, -cos 2t): half the difference of the eigenvalues, and cosine and sine of twice
 * the angle of e1. */
static double deviator(double *cosine, double *sine, const double e[3])
{
    double a = (e[0] - e[1]) / 2, b = e[2], r = hypot(a, b);
    *cosine = r > 0 ? a / r : 1;
    *sine = r > 0 ? b / r : 0;
    return r;
}

/* (e1 + e2)/2 * trace + sign * (e1 - e2)/2: the gradient of r is that along the measured direction. */
static void along_direction(double *value, double *error, double trace, double sign, const vtr_field_point *p)
{
    double cosine, sine, r = deviator(&cosine, &sine, p->e);
    const double g[3] = {(trace + sign * cosine) / 2, (trace - sign * cosine) / 2, sign * sine};
    *value = trace * (p->e[0] + p->e[1]) / 2 + sign * r;
    *error = sqrt(quadratic_form(g, p->covariance));
}

static void e1(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    (void)params;
    along_direction(value, error, 1, 1, p);
}

static void e2(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    (void)params;
    along_direction(value, error, 1, -1, p);
}

static void deviatoric(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    (void)params;
    along_direction(value, error, 0, 1, p);
}

static void angle(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    (void)params;
    double cosine, sine, r = deviator(&cosine, &sine, p->e);
    const double along[3] = {cosine / 2, -cosine / 2, sine};
    const double across[3] = {-sine / 2, sine / 2, cosine}; /* gradient of r times twice the angle */
    double variance = quadratic_form(across, p->covariance), uniform = VTR_PI / sqrt(12);
    double degrees = atan2(sine, cosine) / 2 / VTR_RADIANS_PER_DEGREE;
    *value = degrees > -90 ? degrees : 90;
    /* Noise makes r^2 larger by the sum of the variances of its two components. */
    double r_squared = r * r - variance - quadratic_form(along, p->covariance);
    if (r_squared < 0) r_squared = 0;
    /* 1/sqrt(1/linear^2 + 1/uniform^2) with linear^2 = variance/(4 r^2), finite where r is zero */
    double saturating = variance > 0    ? sqrt(variance / (variance + 4 * r_squared * uniform * uniform))
                        : variance == 0 ? (r > 0 ? 0 : 1)
                                        : NAN;
    *error = saturating * uniform / VTR_RADIANS_PER_DEGREE;
}

static void volumetric(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    double g = params->is_mean ? 0.5 : 1;
    linear(value, error, (const double[3]){g, g, 0}, p);
}

/* 1 - k0^2/(k_max k_min) = 1 - det(I + e): a ring of a smaller area belongs to a thinner packing. From the
 * first-order strain, I + e is (I - e)^-1. */
static void density(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    const double *e = p->e;
    if (!params->is_first_order) {
        const double g[3] = {-(1 + e[1]), -(1 + e[0]), 2 * e[2]};
        *value = -(e[0] + e[1] + e[0] * e[1] - e[2] * e[2]);
        *error = sqrt(quadratic_form(g, p->covariance));
    } else {
        double determinant = (1 - e[0]) * (1 - e[1]) - e[2] * e[2], square = determinant * determinant;
        const double g[3] = {-(1 - e[1]) / square, -(1 - e[0]) / square, -2 * e[2] / square};
        *value = (e[0] * e[1] - e[2] * e[2] - e[0] - e[1]) / determinant;
        *error = sqrt(quadratic_form(g, p->covariance));
    }
}

/* e^T M e of a vector with covariance C: variance 4 m^T M C M m + 2 tr(M C M C) about the true m; the measured e
 * holds 4 tr(M C M C) too much of the first term on average. */
static void quadratic(double *value, double *error, double m[3][3], const vtr_field_point *p)
{
    double me[3] = {0}, mc[3][3] = {{0}}, trace = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            me[i] += m[i][j] * p->e[j];
            for (int k = 0; k < 3; k++)
                mc[i][j] += m[i][k] * p->covariance[k][j];
        }
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            trace += mc[i][j] * mc[j][i];
    *value = me[0] * p->e[0] + me[1] * p->e[1] + me[2] * p->e[2];
    double first = 4 * (quadratic_form(me, p->covariance) - trace);
    *error = sqrt((first > 0 ? first : 0) + 2 * trace);
}

static bool has_moduli(const vtr_field_params *params)
{
    return !isnan(params->young_gpa) && !isnan(params->poisson);
}

/* (e1 + e2)^2/2, or of a plate in plane stress E/(2 (1 - nu^2)) (e1^2 + e2^2 + 2 nu e1 e2), where e1^2 + e2^2 =
 * exx^2 + eyy^2 + 2 exy^2 and e1 e2 = exx eyy - exy^2. */
static void energy(double *value, double *error, const vtr_field_point *p, const vtr_field_params *params)
{
    double m[3][3] = {{0.5, 0.5, 0}, {0.5, 0.5, 0}, {0, 0, 0}};
    if (has_moduli(params)) {
        double nu = params->poisson, stiffness = params->young_gpa * 1e9 / (2 * (1 - nu * nu));
        m[0][0] = m[1][1] = stiffness;
        m[0][1] = m[1][0] = stiffness * nu;
        m[2][2] = stiffness * 2 * (1 - nu);
    }
    quadratic(value, error, m, p);
}

static void describe_volumetric(const char **unit, const char **long_name, const vtr_field *field)
{
    (void)unit;
    if (field->params.is_mean) *long_name = "mean in-plane strain (e1 + e2)/2";
}

static void describe_energy(const char **unit, const char **long_name, const vtr_field *field)
{
    if (!has_moduli(&field->params)) return;
    *unit = "J/m^3";
    *long_name = "elastic energy density, plane stress";
}

static void describe_curl(const char **unit, const char **long_name, const vtr_field *field)
{
    (void)long_name;
    if (!(field->scan_step_nm[0] > 0 && field->scan_step_nm[1] > 0)) *unit = "1/position";
}

const vtr_field_quantity vtr_field_quantities[] = {
    {"exx", "", "strain exx", true, .point = exx},
    {"eyy", "", "strain eyy", true, .point = eyy},
    {"exy", "", "shear strain exy (tensor component)", true, .point = exy},
    {"e1", "", "principal strain e1, the most tensile", true, .point = e1},
    {"e2", "", "principal strain e2, the least tensile", true, .point = e2},
    {"angle", "degrees", "direction of e1, from +x towards +y", false, .point = angle},
    {"volumetric", "", "volumetric strain e1 + e2", true, .point = volumetric,
     .describe = describe_volumetric},
    {"deviatoric", "", "maximum shear (e1 - e2)/2", false, .point = deviatoric},
    {"density", "", "relative packing density 1 - k0^2/(k_max k_min)", true, .point = density},
    {"energy", "", "(e1 + e2)^2/2", false, .point = energy, .describe = describe_energy},
    {"curl", "1/nm", "magnitude of the curl of the direction of e1", false, .map = vtr_field_curl,
     .describe = describe_curl},
};
const size_t vtr_field_n_quantities = sizeof vtr_field_quantities / sizeof *vtr_field_quantities;

const vtr_field_quantity *vtr_field_quantity_find(const char *name)
{
    for (size_t i = 0; i < vtr_field_n_quantities; i++)
        if (strcmp(vtr_field_quantities[i].name, name) == 0) return &vtr_field_quantities[i];
    return NULL;
}
