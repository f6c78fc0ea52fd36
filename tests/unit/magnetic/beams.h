/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_MAGNETIC_BEAMS_H
#define VITRAIL_TEST_MAGNETIC_BEAMS_H

/* Maps of the direct beam for tests, and small helpers. */

#include <math.h>
#include <string.h>

#include "base/base_internal.h"
#include "magnetic/magnetic_internal.h"
#include "support.h"
#include "vitrail/constants.h"

/* A beam at rest in the middle of its detector, 300 kV, a pixel of 1e-4 1/Å (2 microrad), steps of 5 nm. */
static inline void beams_make(vtr_beam_map *map, size_t n_y, size_t n_x, double error_px)
{
    vtr_error err;
    assert_ok(vtr_beam_map_init(map, n_y, n_x, &err));
    for (size_t i = 0; i < n_y * n_x; i++) {
        map->x_px[i] = 127.25;
        map->y_px[i] = 130.75;
        map->x_errors_px[i] = map->y_errors_px[i] = error_px;
    }
    map->k_step_inv_angstrom = 1e-4;
    map->beam_energy_kev = 300;
    map->scan_step_nm[0] = map->scan_step_nm[1] = 5;
}

/* e lambda/h in rad per T nm, from the constants alone: 300 kV: 4.76e-7. */
static inline double beams_rad_per_t_nm(double kev)
{
    double rest = 510.99895,
           momentum = sqrt(kev * (kev + 2 * rest)) * 1e3 * VTR_ELEMENTARY_CHARGE_C / 299792458.0;
    return VTR_ELEMENTARY_CHARGE_C * 1e-9 / momentum;
}

static inline double beams_rad_per_px(const vtr_beam_map *map)
{
    return map->k_step_inv_angstrom * vtr_electron_wavelength_angstrom(map->beam_energy_kev);
}

/* Moves the beam of a position as an induction times thickness (T nm) does, the detector as the scan. */
static inline void beams_deflect(vtr_beam_map *map, size_t i, double btx, double bty)
{
    double factor = beams_rad_per_t_nm(map->beam_energy_kev) / beams_rad_per_px(map);
    map->x_px[i] += factor * bty;
    map->y_px[i] -= factor * btx;
}

static inline void beams_noise(vtr_beam_map *map, vtr_random *random)
{
    for (size_t i = 0; i < map->n_y * map->n_x; i++) {
        map->x_px[i] += map->x_errors_px[i] * vtr_random_normal(random);
        map->y_px[i] += map->y_errors_px[i] * vtr_random_normal(random);
    }
}

static inline const vtr_field_map *beams_find(const vtr_magnetic *m, const char *name)
{
    const vtr_field_map *map = vtr_magnetic_find(m, name);
    if (map == NULL) fail_msg("no map '%s'", name);
    return map;
}

/* Sums of pulls (value - truth)/error. */
typedef struct beams_pulls {
    double n, sum, square;
} beams_pulls;

static inline void beams_pull(beams_pulls *p, double value, double error, double truth)
{
    double pull = (value - truth) / error;
    p->n++;
    p->sum += pull;
    p->square += pull * pull;
}

/* Mean 0 and variance 1 within four of their own standard errors for n independent pulls, given as `scatter` = 4/sqrt(n)
 * or more where pulls are correlated. */
static inline void beams_check_pulls(const beams_pulls *p, double scatter, int line)
{
    test_assert_near(p->sum / p->n, 0, scatter, "mean of the pulls", line);
    test_assert_near(p->square / p->n, 1, 1.5 * scatter, "variance of the pulls", line);
}

#endif
