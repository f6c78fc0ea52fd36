/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"

/* Chapter 8 of S. Kang's dissertation (TU Darmstadt, 2023): Fe85.2Si0.5B9.5P4Cu0.8, Young's modulus as-spun. */
vtr_twin_film vtr_twin_get_film(void)
{
    return (vtr_twin_film){
        .young_gpa = 140.1, .poisson = 0.3, .magnetostriction_ppm = 25, .exchange_j_m = 1e-11};
}

/* The part of the magnetoelastic energy that turns: K per deviatoric strain, in E = ... - K cos 2(angle to e1). */
static double anisotropy_per_strain(const vtr_twin_film *film)
{
    return 1.5e-6 * film->magnetostriction_ppm * 1e9 * film->young_gpa / (1 + film->poisson);
}

void vtr_twin_magnetoelastic(const vtr_twin_position *p, double *angle_degrees, double *energy)
{
    const vtr_twin_film film = vtr_twin_get_film();
    double b = atan2(p->by, p->bx), e1 = 0.5 * atan2(p->exy, 0.5 * (p->exx - p->eyy));
    double turn = fmod(fabs(b - e1) / VTR_RADIANS_PER_DEGREE, 180);
    double c = cos(b), s = sin(b), factor = 1e9 * film.young_gpa / (1 - film.poisson * film.poisson);
    /* b^T sigma b, sigma = Y/(1 - nu^2) ((1 - nu) e + nu tr(e) I) */
    double strain = c * c * p->exx + s * s * p->eyy + 2 * c * s * p->exy;
    double stress = factor * ((1 - film.poisson) * strain + film.poisson * (p->exx + p->eyy));
    *angle_degrees = turn > 90 ? 180 - turn : turn;
    *energy = -1.5e-6 * film.magnetostriction_ppm * stress;
}

/* One position of the relaxation: the angle with the lowest energy -K cos 2(a - a1) - (2 A/h^2) sum cos(a - a_j) by a
 * Newton step that never climbs and never turns by more than half a radian. Returns how far it turned. */
static double relax(const vtr_twin *twin, float *angle, size_t i, double exchange, double per_strain)
{
    size_t n_y = twin->info.shape[0], n_x = twin->info.shape[1], y = i / n_x, x = i % n_x;
    double half = 0.5 * ((double)twin->strain[0][i] - (double)twin->strain[1][i]),
           shear = (double)twin->strain[2][i];
    double k = per_strain * hypot(half, shear), a = (double)angle[i], twice = 2 * a - atan2(shear, half);
    double slope = 2 * k * sin(twice), curvature = 4 * k * cos(twice);
    const size_t neighbours[4] = {i - 1, i + 1, i - n_x, i + n_x};
    const bool is_there[4] = {x > 0, x + 1 < n_x, y > 0, y + 1 < n_y};
    for (int j = 0; j < 4; j++) {
        if (!is_there[j]) continue;
        double turn = a - (double)angle[neighbours[j]];
        slope += exchange * sin(turn);
        curvature += exchange * cos(turn);
    }
    double stiffness = fmax(fabs(curvature), 0.5 * exchange);
    double step = fmax(fmin(-slope / stiffness, 0.5), -0.5);
    angle[i] = (float)(a + step);
    return fabs(step);
}

/* Where the relaxation starts: along e1 in the sense of stripes of 900 nm whose magnetisation alternates, so that there
 * are domains to be kept apart by the strain. */
static float start_angle(const vtr_twin *twin, size_t i)
{
    double step = twin->info.scan_step_nm;
    double y_nm = step * (double)(i / twin->info.shape[1]), x_nm = step * (double)(i % twin->info.shape[1]);
    double half = 0.5 * ((double)twin->strain[0][i] - (double)twin->strain[1][i]);
    double angle = 0.5 * atan2((double)twin->strain[2][i], half);
    bool is_odd = ((long)floor((y_nm + 0.3 * x_nm) / 900) & 1) != 0;
    bool is_along = cos(angle - 0.4) >= 0;
    return (float)(is_along != is_odd ? angle : angle + VTR_PI);
}

enum { MOST_SWEEPS = 2000 };
static const double settled_rad = 1e-4;

/* Domains that lower magnetoelastic and exchange energy: sweeps over the positions of even, then of odd row + column, which
 * have no neighbours among themselves, until none turns by more than 1e-4 rad. Magnetostatic energy is left out, as in an
 * ideally soft film whose flux closes outside of the field of view. */
vtr_status vtr_twin_build_domains(vtr_twin *twin, vtr_error *err)
{
    const vtr_twin_film film = vtr_twin_get_film();
    double step_m = 1e-9 * twin->info.scan_step_nm, exchange = 2 * film.exchange_j_m / (step_m * step_m);
    double per_strain = anisotropy_per_strain(&film);
    float *angle = vtr_malloc(twin->n_positions, sizeof *angle);
    if (angle == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for magnetic domains");
    for (size_t i = 0; i < twin->n_positions; i++)
        angle[i] = twin->params.is_magnetised ? (float)(30 * VTR_RADIANS_PER_DEGREE) : start_angle(twin, i);
    double largest = twin->params.is_magnetised ? 0 : 1;
    for (int sweep = 0; sweep < MOST_SWEEPS && largest > settled_rad; sweep++) {
        largest = 0;
        for (size_t colour = 0; colour < 2; colour++)
            for (size_t i = 0; i < twin->n_positions; i++)
                if ((i / twin->info.shape[1] + i % twin->info.shape[1]) % 2 == colour)
                    largest = fmax(largest, relax(twin, angle, i, exchange, per_strain));
    }
    twin->induction_angle = angle;
    return VTR_OK;
}

/* The deflection (e lambda t/h) (By, -Bx) as a shift of the whole pattern: W^-1 T beta/(lambda k_step). */
void vtr_twin_deflect(const vtr_twin *twin, size_t index, vtr_twin_position *p)
{
    const vtr_twin_info *info = &twin->info;
    const double *t = info->scan_to_detector, *w = info->w;
    double angle = (double)twin->induction_angle[index];
    p->bx = twin->params.induction_t * cos(angle);
    p->by = twin->params.induction_t * sin(angle);
    /* e t/h, in 1/Å of deflection per tesla: lambda falls out */
    double k_per_t = VTR_ELEMENTARY_CHARGE_C * 1e-9 * twin->params.thickness_nm / VTR_PLANCK_J_S * 1e-10;
    double kx = k_per_t * p->by, ky = -k_per_t * p->bx, determinant = w[0] * w[1] - w[2] * w[2];
    double vx = (t[0] * kx + t[1] * ky) / info->k_step, vy = (t[2] * kx + t[3] * ky) / info->k_step;
    p->centre_x += (w[1] * vx - w[2] * vy) / determinant;
    p->centre_y += (w[0] * vy - w[2] * vx) / determinant;
}

vtr_status vtr_twin_write_induction(const vtr_twin *twin, vtr_mapfile *file, vtr_error *err)
{
    static const char *const names[] = {"Bx", "By", "angle_to_strain", "energy"};
    static const char *const units[] = {"T", "T", "degrees", "J/m^3"};
    static const char *const texts[] = {"induction along x, scan frame", "induction along y, scan frame",
                                        "angle between B and e1", "magnetoelastic energy density"};
    const vtr_twin_film film = vtr_twin_get_film();
    const double numbers[4] = {twin->params.thickness_nm, film.young_gpa, film.poisson,
                               film.magnetostriction_ppm};
    static const char *const attributes[] = {"thickness_nm", "young_gpa", "poisson", "magnetostriction_ppm"};
    size_t n = twin->n_positions;
    float *values = vtr_malloc(4 * n, sizeof *values);
    if (values == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the truth's induction");
    for (size_t i = 0; i < n; i++) {
        vtr_twin_position p;
        double angle, energy;
        vtr_twin_get_position(twin, i, &p);
        vtr_twin_magnetoelastic(&p, &angle, &energy);
        values[i] = (float)p.bx;
        values[n + i] = (float)p.by;
        values[2 * n + i] = (float)angle;
        values[3 * n + i] = (float)energy;
    }
    vtr_status status = VTR_OK;
    for (size_t m = 0; m < 4 && status == VTR_OK; m++) {
        status = vtr_mapfile_write(file, "truth", names[m], VTR_TYPE_F32, 2, twin->info.shape, values + m * n,
                                   units[m], texts[m], err);
        if (status == VTR_OK) status = vtr_mapfile_signal(file, "truth", names[m], err);
        if (status == VTR_OK)
            status = vtr_mapfile_write_numbers(file, "truth", NULL, attributes[m], 1, &numbers[m], err);
    }
    vtr_free(values);
    return status;
}
