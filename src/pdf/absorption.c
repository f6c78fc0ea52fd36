/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "pdf/pdf_internal.h"
#include "vitrail/constants.h"
#include "vitrail/pdf_correct.h"

double vtr_plate_absorption(vtr_absorption geometry, double mu_t, double two_theta_rad)
{
    double along = cos(two_theta_rad / 2), above = sin(two_theta_rad / 2), c = cos(two_theta_rad), x;
    switch (geometry) {
    case VTR_ABSORPTION_TRANSMISSION: /* the plate shows the beam more of itself as it turns */
        return along > 0 ? exp(-mu_t / along) / along : NAN;
    case VTR_ABSORPTION_REFLECTION:
        if (!(above > 0)) return NAN;
        return isnan(mu_t) ? 1 : -expm1(-2 * mu_t / above);
    case VTR_ABSORPTION_PLATE: /* mean of exp(-mu z - mu (t - z)/cos 2theta) over the depth z */
        if (!(c > 0)) return NAN;
        x = mu_t * (1 / c - 1);
        return exp(-mu_t) * (x > 1e-9 ? -expm1(-x) / x : 1);
    default:
        return 1;
    }
}

/* Points of the cross-section with their weights, and the way of the incident beam to each. */
enum { N_RADII = 48, N_AZIMUTHS = 192, N_POINTS = N_RADII * N_AZIMUTHS };
typedef struct section {
    double x[N_POINTS], y[N_POINTS], weight[N_POINTS]; /* weights add to 1 */
    double in_sample[N_POINTS], in_wall[N_POINTS];
} section;

/* Length inside a circle about the origin of the ray from (x, y) along the unit vector (u, v). */
static double inside(double radius, double x, double y, double u, double v)
{
    double b = x * u + y * v, discriminant = b * b - (x * x + y * y - radius * radius);
    if (discriminant <= 0) return 0;
    double root = sqrt(discriminant);
    return fmax(0, -b + root) - fmax(0, -b - root);
}

static void fill_section(section *s, double inner, double outer, double wall_ratio)
{
    double radius[N_RADII], weight[N_RADII];
    pdf_gauss_legendre(N_RADII, inner, outer, radius, weight);
    for (int i = 0; i < N_RADII; i++)
        for (int k = 0; k < N_AZIMUTHS; k++) {
            int p = i * N_AZIMUTHS + k;
            double azimuth = 2 * VTR_PI * (k + 0.5) / N_AZIMUTHS;
            s->x[p] = radius[i] * cos(azimuth);
            s->y[p] = radius[i] * sin(azimuth);
            s->weight[p] = 2 * radius[i] * weight[i] / (outer * outer - inner * inner) / N_AZIMUTHS;
            s->in_sample[p] = inside(1, s->x[p], s->y[p], -1, 0);
            s->in_wall[p] = inside(wall_ratio, s->x[p], s->y[p], -1, 0) - s->in_sample[p];
        }
}

static double mean_transmission(const section *s, double mu, double wall_mu, double wall_ratio,
                                double two_theta_rad)
{
    double u = cos(two_theta_rad), v = sin(two_theta_rad), sum = 0;
    for (int p = 0; p < N_POINTS; p++) {
        double sample = inside(1, s->x[p], s->y[p], u, v);
        double wall = inside(wall_ratio, s->x[p], s->y[p], u, v) - sample;
        sum += s->weight[p] * exp(-mu * (s->in_sample[p] + sample) - wall_mu * (s->in_wall[p] + wall));
    }
    return sum;
}

vtr_status vtr_cylinder_absorption(size_t n, const double *two_theta_rad, double mu_r, double wall_mu_r,
                                   double wall_ratio, double *sample, double *wall, double *empty,
                                   vtr_error *err)
{
    section *s = vtr_malloc(1, sizeof *s);
    bool has_wall = wall_ratio > 1;
    if (s == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory");
    fill_section(s, 0, 1, wall_ratio);
    for (size_t i = 0; sample != NULL && i < n; i++)
        sample[i] = mean_transmission(s, mu_r, wall_mu_r, wall_ratio, two_theta_rad[i]);
    if (has_wall && (wall != NULL || empty != NULL)) fill_section(s, 1, wall_ratio, wall_ratio);
    for (size_t i = 0; wall != NULL && i < n; i++)
        wall[i] = has_wall ? mean_transmission(s, mu_r, wall_mu_r, wall_ratio, two_theta_rad[i]) : NAN;
    for (size_t i = 0; empty != NULL && i < n; i++)
        empty[i] = has_wall ? mean_transmission(s, 0, wall_mu_r, wall_ratio, two_theta_rad[i]) : NAN;
    vtr_free(s);
    return VTR_OK;
}
