/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_MAGNETIC_H
#define VITRAIL_MAGNETIC_H

/* Magnetic induction (or electric field) from the deflection of the direct beam, and what it makes with strain.
 *
 * The Lorentz force of an induction B deflects an electron of wavelength lambda behind a film of thickness t by
 *
 *   beta = (e lambda t/h) (By, -Bx)        1 T, 100 nm, 300 kV: 47.6 microrad
 *
 * x and y in the scan frame, z = x cross y along the beam; an electric field by beta = -e lambda t E/(h v): an electron
 * is deflected against E. J. N. Chapman, J. Phys. D 17, 623 (1984). What the scan itself moves the beam on the detector
 * (descan) is taken out with a vacuum recording, with a surface through chosen regions, or with both. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/field.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/ring_map.h"

VTR_BEGIN_DECLS

/* --- the direct beam of every position ------------------------------------------------------------------------- */

/* Maps [n_y][n_x]; a position without a beam holds NAN. */
typedef struct vtr_beam_map {
    size_t n_y, n_x;
    double *x_px, *y_px;               /* detector frame */
    double *x_errors_px, *y_errors_px; /* standard deviations, taken as independent of each other */
    uint32_t *flags;                   /* vtr_flag bits */
    double w[3];                /* wxx, wyy, wxy: W (x - c) is free of the lens distortion; det W = 1 */
    double k_step_inv_angstrom; /* per px; NAN = not known, as below */
    double beam_energy_kev;
    double scan_step_nm[2];       /* y, x */
    double scan_rotation_degrees; /* detector = R(rotation) diag(1, flip ? -1 : 1) scan */
    bool is_flipped;
} vtr_beam_map;

/* NAN positions, no distortion, no rotation, nothing else known. Released with vtr_beam_map_release, which takes a
 * zeroed struct too. */
VTR_API vtr_status vtr_beam_map_init(vtr_beam_map *map, size_t n_y, size_t n_x, vtr_error *err);
VTR_API void vtr_beam_map_release(vtr_beam_map *map);

/* /entry/beam of a map file, with scale and distortion of its /entry/calibration and the frame of /entry/ring.
 * VTR_ERR_NOT_FOUND where the file has no beam; *map is untouched on failure. */
VTR_API vtr_status vtr_beam_map_read(vtr_beam_map *map, const vtr_mapfile *file, vtr_error *err);

/* --- settings -------------------------------------------------------------------------------------------------- */

typedef enum vtr_magnetic_descan {
    VTR_MAGNETIC_DESCAN_AUTO, /* none with a vacuum recording, else a plane */
    VTR_MAGNETIC_DESCAN_NONE, /* the vacuum recording alone */
    VTR_MAGNETIC_DESCAN_CONSTANT,
    VTR_MAGNETIC_DESCAN_PLANE,
    VTR_MAGNETIC_DESCAN_PARABOLOID,
} vtr_magnetic_descan;

typedef struct vtr_magnetic_params {
    const char *vacuum;           /* path of the vacuum recording's map file; for the caller to open */
    bool scale_vacuum;            /* take it though its camera length is another one */
    int descan;                   /* vtr_magnetic_descan */
    vtr_text_list regions;        /* definitions as of region.h; for the caller to read */
    const char *thickness;        /* nm, or the path of an image in nm; for vtr_thickness_read */
    double thickness_error_nm;    /* standard deviation, common to all positions */
    bool is_electric;             /* the deflection comes from an electric field */
    double young_gpa, poisson;    /* NAN: those of /entry/strain */
    double magnetostriction_ppm;  /* of saturation; NAN: no energy */
    double scan_rotation_degrees; /* NAN: as recorded */
    int flip;                     /* vtr_flip */
    double k_step_inv_angstrom;   /* per px; NAN: that of the calibration */
    double beam_energy_kev;       /* NAN: that of the calibration */
    double wall_scale_nm;         /* standard deviation of the kernel that finds walls; NAN: 1.5 positions */
    double wall_significance;     /* chance that noise alone shows a wall anywhere in the map */
    double wall_angle_degrees;    /* by which a wall turns the field at least */
} vtr_magnetic_params;

VTR_API extern const vtr_parameter_table vtr_magnetic_parameters;
VTR_API vtr_magnetic_params vtr_magnetic_default_params(void);

/* --- fields ---------------------------------------------------------------------------------------------------- */

/* What a computation starts from. */
typedef struct vtr_magnetic_input {
    const vtr_beam_map *beam;
    const vtr_beam_map
        *vacuum; /* NULL: none; over the same field, its positions at (i + 1/2) of its own steps */
    const unsigned char *region; /* [n_y][n_x], non-zero: where the surface is fitted; NULL: the whole map */
    const double *thickness_nm;  /* [n_y][n_x], NAN or not positive: not known there; NULL: none */
} vtr_magnetic_input;

/* The surface c = a0 (+ a1 u + a2 v (+ a3 u^2 + a4 u v + a5 v^2)) that was taken out beside the vacuum, u and v from
 * the middle of the scan in positions, c in px. */
typedef struct vtr_magnetic_surface {
    size_t n_coefficients; /* 0: none; 1, 3 or 6 */
    double cx[6], cy[6];
    double cx_covariance[6][6],
        cy_covariance[6][6];   /* px^2, enlarged where the residuals are larger than the errors */
    double rms_x_px, rms_y_px; /* of the residuals in the region */
    size_t n_used;
    bool is_whole_map;
} vtr_magnetic_surface;

enum {
    VTR_MAGNETIC_NOTES = 12,
    VTR_MAGNETIC_NOTE = 240,
    VTR_MAGNETIC_ANGLES = 18,
    VTR_MAGNETIC_STRAINS = 20
};

/* How often the angle between field and strain takes a value, over the positions where both are known. */
typedef struct vtr_magnetic_statistics {
    size_t n;
    double angle_count
        [VTR_MAGNETIC_ANGLES]; /* bins of 5 degrees from 0 to 90: flat where the two are independent */
    double strain_top;         /* deviatoric strain at the upper end of the last bin; the first is at 0 */
    double joint[VTR_MAGNETIC_STRAINS][VTR_MAGNETIC_ANGLES]; /* counts */
} vtr_magnetic_statistics;

/* A wall between two domains: where the field changes fastest along a line. */
typedef struct vtr_magnetic_wall {
    uint32_t domain[2];                /* at its sides; the same one twice where it ends within it */
    size_t n;                          /* positions */
    double length_nm;                  /* lengths are in positions where the scan's step is not known */
    double angle_degrees, angle_error; /* between the fields on both sides, 0 to 180; mean along the wall */
    double width_nm,
        width_error; /* the field's jump over its fastest change, less the kernel's share; NAN: narrower
                                     than the kernel lets one tell */
    double direction_degrees; /* of the wall, (-90, 90] */
    double y_nm, x_nm;        /* its middle */
} vtr_magnetic_wall;

/* A region between walls. */
typedef struct vtr_magnetic_domain {
    size_t n;                 /* positions */
    double area_nm2, size_nm; /* size: diameter of the circle of this area */
    bool is_cut;              /* by the edge of the map or by missing data: larger than seen */
    double direction_degrees, direction_error; /* of the mean field */
    double spread_degrees;     /* circular standard deviation of the direction, the noise's share taken out */
    double field, field_error; /* root mean square, the noise's share taken out; as the field's map */
    double y_nm, x_nm;         /* centroid */
} vtr_magnetic_domain;

enum { VTR_MAGNETIC_DIRECTIONS = 36, VTR_MAGNETIC_SIZES = 40 };

typedef struct vtr_magnetic_domains {
    double scale_nm;           /* of the kernel, as used */
    size_t n_walls, n_domains; /* walls by length, domains by area: largest first, numbered from 1 */
    vtr_magnetic_wall *walls;
    vtr_magnetic_domain *domains;
    uint32_t *wall, *domain; /* [n_y][n_x] numbers; 0: none */
    double area_nm2, wall_length_nm;
    double
        direction_count[VTR_MAGNETIC_DIRECTIONS]; /* positions by direction, bins of 10 degrees from -180 */
    double size_top;                              /* upper end of the last bin; the first is at 0 */
    double size_count[VTR_MAGNETIC_SIZES];        /* positions by magnitude */
} vtr_magnetic_domains;

typedef struct vtr_magnetic {
    size_t n_y, n_x, n_valid, n_lost; /* n_lost: no direct beam there, or none in the vacuum */
    bool has_thickness, is_electric, has_vacuum, has_strain, has_energy;
    size_t n_maps;
    vtr_field_map *maps; /* each with standard deviations; see docs/methods/magnetic.md */
    double *field; /* [n_y][n_x][2] its components as in the maps: of B, or of B t without a thickness */
    double *
        covariance; /* [n_y][n_x][3] of them: xx, yy, xy; without the thickness's error, which turns nothing */
    double *
        sum_factor; /* [n_y][n_x] by which the variance of a mean over neighbours is larger than that of independent
                           ones: a vacuum in wider steps is shared by them; NULL: 1 */
    double rad_per_px;     /* of the deflection */
    double vacuum_k_ratio; /* k step of the vacuum over that of the recording; NAN: no vacuum, or not known */
    double
        vacuum_noise_px; /* root mean square standard deviation of the vacuum as subtracted; NAN: no vacuum */
    vtr_magnetic_surface surface;
    vtr_magnetic_statistics statistics;
    bool has_domains;
    vtr_magnetic_domains domains;
    vtr_magnetic_params
        params;             /* as used: rotation, flip, k step, energy, moduli filled in; texts not owned */
    double scan_step_nm[2]; /* y, x; NAN = not known */
    size_t n_notes;         /* what the user has to know to read the result */
    char notes[VTR_MAGNETIC_NOTES][VTR_MAGNETIC_NOTE];
} vtr_magnetic;

/* Deflection, field, magnitude, direction, divergence and curl of every position. Standard deviations propagate those
 * of the beam's position, of the vacuum's, and of the surface.
 * Errors: VTR_ERR_ARGUMENT: no k step or beam energy is known, neither vacuum nor surface; VTR_ERR_RANGE: the vacuum was
 * recorded at another camera length; VTR_ERR_NO_DATA: no position with a beam, or none in the region.
 * `out` is untouched on failure, and released with vtr_magnetic_release. */
VTR_API vtr_status vtr_magnetic_compute(vtr_magnetic *out, const vtr_magnetic_input *input,
                                        const vtr_magnetic_params *params, vtr_error *err);
VTR_API void vtr_magnetic_release(vtr_magnetic *magnetic);

/* Adds what needs the strain: the angle between field and e1 (0 to 90 degrees) with its statistics, and, with elastic
 * constants, the principal stresses (plane stress, Pa) and, with a magnetostriction, the magnetoelastic energy
 *
 *   E = -(3/2) lambda_s sum_i sigma_i gamma_i^2                     J/m^3
 *
 * sigma_i the principal stresses, gamma_i the cosines between B and their directions; S. Pascarelli et al., J. Phys.:
 * Condens. Matter 22 (2010). Strain as by vtr_field_compute with `strain`, whose frame is the scan's here.
 * VTR_ERR_SHAPE: the rings are of another scan; VTR_ERR_ARGUMENT: one elastic constant without the other. */
VTR_API vtr_status vtr_magnetic_add_strain(vtr_magnetic *magnetic, const vtr_ring_map *rings,
                                           const vtr_field_params *strain, vtr_error *err);
/* Adds domain walls and domains, and the map `turning_rate` of how fast the field's direction turns, degrees/nm.
 *
 * The field is smoothed by a Gaussian kernel of `wall_scale_nm` (a linear fit with its weights, which holds at edges too).
 * A position lies on a wall where the field changes fastest along the direction of its change; where the four slopes
 * exceed their noise by a chi-squared that noise reaches anywhere in the map with a chance of `wall_significance`
 * (continued down to 1e-4 a position along a wall once found); and where the fields on both sides differ by
 * `wall_angle_degrees`. Domains are the connected regions between walls, gaps of two positions closed. So noise of the
 * stated errors makes no walls, a slow rotation none either, and of what is too weak to be told nothing is said.
 * VTR_ERR_RANGE: a kernel that is far too wide. */
VTR_API vtr_status vtr_magnetic_add_domains(vtr_magnetic *magnetic, vtr_error *err);

/* The settings with which /entry/strain was made. VTR_ERR_NOT_FOUND where the file has none. */
VTR_API vtr_status vtr_magnetic_strain_settings(vtr_field_params *strain, const vtr_mapfile *file,
                                                vtr_error *err);

/* A thickness map [n_y][n_x] in nm from a number or the path of an image, which is brought to the scan's size over the
 * same field. To be freed with vtr_thickness_free. VTR_ERR_RANGE: a number that is not positive. */
VTR_API vtr_status vtr_thickness_read(double **thickness_nm, const char *text, size_t n_y, size_t n_x,
                                      vtr_error *err);
VTR_API void vtr_thickness_free(double *thickness_nm);

/* One more note for the reader of the result; beyond VTR_MAGNETIC_NOTES it is dropped. */
VTR_API void vtr_magnetic_add_note(vtr_magnetic *magnetic, const char *text);

/* The map of this name, or NULL. */
VTR_API const vtr_field_map *vtr_magnetic_find(const vtr_magnetic *magnetic, const char *name);
VTR_API vtr_status vtr_magnetic_summarise(vtr_field_summary *summary, const vtr_magnetic *magnetic,
                                          const vtr_field_map *map, vtr_error *err);

/* /entry/magnetic, replaced if there is one: every quantity with NAME_errors, axes, statistics, attributes. */
VTR_API vtr_status vtr_magnetic_write(vtr_mapfile *file, const vtr_magnetic *magnetic, vtr_error *err);

VTR_END_DECLS

#endif
