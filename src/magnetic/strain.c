/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "field/field_internal.h"
#include "magnetic/magnetic_internal.h"
#include "vitrail/constants.h"

/* Plane stress of an isotropic plate, Pa: sigma = Y/(1 - nu^2) ((1 - nu) e + nu tr(e) I). */
typedef struct moduli {
    double stiffness, poisson; /* Y/(1 - nu^2) */
} moduli;

/* What of the strain belongs to one direction at angle a: the mean (exx + eyy)/2 and the part along it,
 * (exx - eyy)/2 cos 2a + exy sin 2a, with the gradients of both by (exx, eyy, exy). */
static double along(double gradient[3], const double e[3], double angle)
{
    gradient[0] = 0.5 * cos(2 * angle);
    gradient[1] = -gradient[0];
    gradient[2] = sin(2 * angle);
    return gradient[0] * e[0] + gradient[1] * e[1] + gradient[2] * e[2];
}

static double variance_of(const double g[3], const double c[3][3])
{
    double sum = 0;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            sum += g[i] * c[i][j] * g[j];
    return sum > 0 ? sum : sum < 0 ? 0 : sum;
}

/* Direction of e1 and its standard deviation, degrees, as in /entry/strain. */
static void principal(double *degrees, double *error, const vtr_field_point *point)
{
    const vtr_field_params none = {0};
    vtr_field_quantity_find("angle")->point(degrees, error, point, &none);
}

/* The angle between a vector and a director, 0 to 90 degrees. Its error saturates at that of any angle from 0 to 90. */
static void between(double *value, double *error, double vector_degrees, double vector_error,
                    double director_degrees, double director_error)
{
    double turn = fmod(fabs(vector_degrees - director_degrees), 180), uniform = 90 / sqrt(12);
    double variance = vector_error * vector_error + director_error * director_error;
    *value = turn > 90 ? 180 - turn : turn;
    *error = sqrt(variance / (1 + variance / (uniform * uniform)));
}

/* sigma1 or sigma2: Y/(1 - nu^2) ((1 + nu) mean +- (1 - nu) deviatoric). */
static void stress(double *value, double *error, double sign, const vtr_field_point *p, double degrees,
                   const moduli *elastic)
{
    double g[3], radial = along(g, p->e, degrees * VTR_RADIANS_PER_DEGREE);
    double mean = 0.5 * elastic->stiffness * (1 + elastic->poisson);
    double deviatoric = sign * elastic->stiffness * (1 - elastic->poisson);
    const double gradient[3] = {mean + deviatoric * g[0], mean + deviatoric * g[1], deviatoric * g[2]};
    *value = mean * (p->e[0] + p->e[1]) + deviatoric * radial;
    *error = sqrt(variance_of(gradient, p->covariance));
}

/* E = -(3/2) lambda_s b^T sigma b, which is the sum over the principal stresses: b the direction of B at angle a,
 *
 *   b^T sigma b = Y/(1 - nu^2) ((1 + nu) (exx + eyy)/2 + (1 - nu) d),   d = (exx - eyy)/2 cos 2a + exy sin 2a.
 *
 * It is linear in e. From B it varies with cos 2(a - a1), whose variance about the measured angle, of normal error s, is
 * (1 + cos(4 delta) exp(-8 s^2))/2 - cos^2(2 delta) exp(-4 s^2) times the square of the deviatoric strain: right for
 * small s, and bounded where B has no direction. */
static void energy(double *value, double *error, const vtr_field_point *p, double field_degrees,
                   double field_error, double strain_degrees, const moduli *elastic, double magnetostriction)
{
    double a = field_degrees * VTR_RADIANS_PER_DEGREE, s = field_error * VTR_RADIANS_PER_DEGREE, g[3],
           unused[3];
    double factor = -1.5 * magnetostriction * elastic->stiffness, nu = elastic->poisson;
    double d = along(g, p->e, a), r = along(unused, p->e, strain_degrees * VTR_RADIANS_PER_DEGREE);
    const double gradient[3] = {factor * (0.5 * (1 + nu) + (1 - nu) * g[0]),
                                factor * (0.5 * (1 + nu) + (1 - nu) * g[1]), factor * (1 - nu) * g[2]};
    double delta = a - strain_degrees * VTR_RADIANS_PER_DEGREE, c = cos(2 * delta);
    double turning = 0.5 * (1 + cos(4 * delta) * exp(-8 * s * s)) - c * c * exp(-4 * s * s);
    double by_field = factor * (1 - nu) * r;
    *value = factor * (0.5 * (1 + nu) * (p->e[0] + p->e[1]) + (1 - nu) * d);
    *error = sqrt(variance_of(gradient, p->covariance) + by_field * by_field * fmax(turning, 0));
}

/* The strain of one position in the scan's frame; false where there is none. */
static bool read_point(vtr_field_point *point, const vtr_ring_map *rings, size_t i,
                       const vtr_strain_frame *frame)
{
    double w[3], covariance[3][3];
    if (!vtr_field_is_valid(rings, i)) return false;
    bool is_known = vtr_field_w(w, covariance, rings, i);
    vtr_strain_point(point->e, point->covariance, w, covariance, frame);
    for (size_t k = 0; k < 9 && !is_known; k++)
        point->covariance[k / 3][k % 3] = NAN;
    return true;
}

/* The maps that are added; NULL where the settings do not give them. */
typedef struct strain_maps {
    vtr_field_map *angle, *stress[2], *energy;
} strain_maps;

static vtr_status add_maps(strain_maps *maps, vtr_magnetic *m, vtr_error *err)
{
    const vtr_magnetic_params *p = &m->params;
    bool has_moduli = !isnan(p->young_gpa) && !isnan(p->poisson);
    *maps = (strain_maps){NULL, {NULL, NULL}, NULL};
    maps->angle = vtr_magnetic_add_map(m, "angle_to_strain", "degrees",
                                       m->is_electric ? "angle between E and e1" : "angle between B and e1",
                                       false, err);
    if (maps->angle == NULL) return VTR_ERR_MEMORY;
    if (!has_moduli) {
        vtr_magnetic_note(m,
                          "without Young's modulus and Poisson's ratio there are no stresses and no energy");
        return VTR_OK;
    }
    maps->stress[0] =
        vtr_magnetic_add_map(m, "sigma1", "Pa", "principal stress along e1, plane stress", true, err);
    if (maps->stress[0] != NULL)
        maps->stress[1] =
            vtr_magnetic_add_map(m, "sigma2", "Pa", "principal stress along e2, plane stress", true, err);
    if (maps->stress[1] == NULL) return VTR_ERR_MEMORY;
    m->has_energy = !isnan(p->magnetostriction_ppm) && !m->is_electric;
    if (!m->has_energy) return VTR_OK;
    maps->energy = vtr_magnetic_add_map(m, "energy", "J/m^3", "magnetoelastic energy density", true, err);
    return maps->energy != NULL ? VTR_OK : VTR_ERR_MEMORY;
}

/* Everything of one position; `deviatoric` is kept for the statistics. */
static void set_point(const strain_maps *maps, const vtr_magnetic *m, size_t i, const vtr_field_point *p,
                      const moduli *elastic, float *deviatoric)
{
    double e1, e1_error, field = NAN, field_error = NAN, value, error;
    principal(&e1, &e1_error, p);
    bool has_field = isfinite(m->field[2 * i]) && isfinite(m->field[2 * i + 1]);
    for (size_t k = 0; k < 2 && maps->stress[0] != NULL; k++) {
        stress(&value, &error, k == 0 ? 1 : -1, p, e1, elastic);
        maps->stress[k]->values[i] = (float)value;
        maps->stress[k]->errors[i] = (float)error;
    }
    if (!has_field) return;
    vtr_magnetic_direction(&field, &field_error, m->field + 2 * i, m->covariance + 3 * i);
    between(&value, &error, field, field_error, e1, e1_error);
    maps->angle->values[i] = (float)value;
    maps->angle->errors[i] = (float)error;
    deviatoric[i] = (float)hypot(0.5 * (p->e[0] - p->e[1]), p->e[2]);
    if (maps->energy == NULL) return;
    energy(&value, &error, p, field, field_error, e1, elastic, 1e-6 * m->params.magnetostriction_ppm);
    maps->energy->values[i] = (float)value;
    maps->energy->errors[i] = (float)error;
}

static size_t bin_of(double value, double top, size_t n)
{
    double bin = value / top * (double)n;
    return bin >= (double)n ? n - 1 : bin > 0 ? (size_t)bin : 0;
}

static void count(vtr_magnetic_statistics *s, const float *angle, const float *deviatoric, size_t n)
{
    double top = 0;
    for (size_t i = 0; i < n; i++)
        if (isfinite(deviatoric[i])) top = fmax(top, (double)deviatoric[i]);
    memset(s, 0, sizeof *s);
    s->strain_top = top;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(angle[i]) || !isfinite(deviatoric[i])) continue;
        size_t a = bin_of((double)angle[i], 90, VTR_MAGNETIC_ANGLES);
        s->angle_count[a]++;
        s->joint[top > 0 ? bin_of((double)deviatoric[i], top, VTR_MAGNETIC_STRAINS) : 0][a]++;
        s->n++;
    }
}

static void fill_moduli(vtr_magnetic_params *p, const vtr_field_params *strain)
{
    if (isnan(p->young_gpa)) p->young_gpa = strain->young_gpa;
    if (isnan(p->poisson)) p->poisson = strain->poisson;
}

vtr_status vtr_magnetic_add_strain(vtr_magnetic *m, const vtr_ring_map *rings, const vtr_field_params *given,
                                   vtr_error *err)
{
    vtr_field_params strain = given != NULL ? *given : vtr_field_default_params();
    size_t n = m->n_y * m->n_x;
    vtr_field_reference reference;
    vtr_strain_frame frame;
    strain_maps maps;
    if (rings->n_y != m->n_y || rings->n_x != m->n_x)
        return vtr_fail(err, VTR_ERR_SHAPE,
                        "the rings are of %zu x %zu positions, the direct beam of %zu x %zu", rings->n_y,
                        rings->n_x, m->n_y, m->n_x);
    fill_moduli(&m->params, &strain);
    if (isnan(m->params.young_gpa) != isnan(m->params.poisson))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "Young's modulus and Poisson's ratio are needed together");
    strain.axis_degrees = 0;
    strain.scan_rotation_degrees = m->params.scan_rotation_degrees;
    strain.flip = m->params.flip;
    vtr_status status = vtr_field_reference_set(&reference, rings, &strain, err);
    if (status != VTR_OK) return status;
    float *deviatoric = vtr_malloc(n, sizeof *deviatoric);
    if (deviatoric == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the strain's statistics");
    status = add_maps(&maps, m, err);
    if (status == VTR_OK) {
        double nu = m->params.poisson;
        const moduli elastic = {1e9 * m->params.young_gpa / (1 - nu * nu), nu};
        vtr_strain_frame_set(&frame, &reference, &strain);
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < n; i++) {
            vtr_field_point point;
            deviatoric[i] = NAN;
            if (read_point(&point, rings, i, &frame)) set_point(&maps, m, i, &point, &elastic, deviatoric);
        }
        count(&m->statistics, maps.angle->values, deviatoric, n);
        m->has_strain = true;
    }
    vtr_free(deviatoric);
    return status;
}

vtr_status vtr_magnetic_strain_settings(vtr_field_params *out, const vtr_mapfile *file, vtr_error *err)
{
    vtr_field_params strain = vtr_field_default_params();
    double first_order = 0, mean = 0, flip = 0, box[4] = {0};
    if (!vtr_mapfile_has(file, "strain", "exx"))
        return vtr_fail(err, VTR_ERR_NOT_FOUND, "the map file has no strain; make it with vitrail strain");
    const struct {
        const char *name;
        double *values;
        size_t n;
    } numbers[] = {{"scan_rotation", &strain.scan_rotation_degrees, 1},
                   {"flip", &flip, 1},
                   {"first_order", &first_order, 1},
                   {"mean", &mean, 1},
                   {"young_gpa", &strain.young_gpa, 1},
                   {"poisson", &strain.poisson, 1},
                   {"reference", box, 4}};
    vtr_status status = VTR_OK;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && status == VTR_OK; i++)
        status = vtr_mapfile_read_numbers(file, "strain", NULL, numbers[i].name, numbers[i].n,
                                          numbers[i].values, err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < 4; i++)
        if (!(box[i] >= 0 && box[i] < 1e15))
            return vtr_fail(err, VTR_ERR_FORMAT, "the strain's reference region is not one");
    strain.reference = (vtr_box){(size_t)box[0], (size_t)box[1], (size_t)box[2], (size_t)box[3]};
    strain.is_first_order = first_order != 0;
    strain.is_mean = mean != 0;
    strain.flip = flip != 0 ? VTR_FLIP_YES : VTR_FLIP_NO;
    *out = strain;
    return VTR_OK;
}
