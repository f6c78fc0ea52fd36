/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TWIN_H
#define VITRAIL_TWIN_H

/* Simulated specimens: recordings of a glass whose truth is known, frame by frame in memory or as a file.
 *
 * The expected electrons at the centre of detector pixel x (x column, y row) are, with v = x - c (c the
 * pattern's centre), u = W v (W symmetric, det W = 1: the inverse of the lens distortion), k = |u| k_step and
 * kappa = |(I + e) u| k_step (e the strain turned into the detector's frame, e_det = T e T^T with
 * T = R(scan_rotation) diag(1, flip ? -1 : 1)),
 *
 *   mu(x) = N [ (<f^2>(k) + <f>^2(k) s(kappa)) t(x) + g B(k) ] + M D(|u|).
 *
 * s is the structure function of the glass (S - 1; of two-phase (1 - x) s_0 + x s_1, x the solid-like fraction), B the smooth plural and inelastic background with its
 * thickness factor g, D the direct beam's disc, t the speckle (mean 1). The ring alone moves with strain: it
 * is the ellipse
 * |(I + e) u| = const, small along a direction in tension.
 *
 * Dose: `electrons` is the sum over all detector pixels of the bracket (elastic and background together,
 * without direct beam, beam stop and speckle) for an unstrained pattern centred at the nominal centre; it
 * fixes N, whatever g. The direct beam adds M = beam_ratio * electrons on top. A beam stop takes away what
 * falls on it.
 *
 * Speckle: t(x) = Gamma quantile(Phi(G(x))), G a Gaussian field of unit variance; the marginal of t is the
 * gamma distribution of mean 1 and variance `contrast`. With rho the correlation of G at a distance, rho(d) =
 * rho_half^((2 d / grain)^2), the normalised autocovariance of t is R(rho(d)), R(rho) = sum_n c_n^2 rho^n /
 * sum_n c_n^2 (c_n the Hermite coefficients of the map), and rho_half is such that R = 1/2 at d = grain/2:
 * `grain` is the full width at half maximum of t's autocovariance. `friedel` is the correlation of t at x and
 * 2c - x (c at the nearest eighth of a pixel; a quarter in patterns above 2000 px), everywhere but within about
 * a grain of the centre, where the two are the same speckle. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/parameters.h"
#include "vitrail/progress.h"
#include "vitrail/structure.h"
#include "vitrail/types.h"

VTR_BEGIN_DECLS

/* What covers the middle of the pattern. */
typedef enum vtr_twin_middle { VTR_TWIN_DIRECT_BEAM, VTR_TWIN_BEAM_STOP, VTR_TWIN_EMPTY } vtr_twin_middle;

enum { VTR_TWIN_STATES = 3 };

typedef struct vtr_twin_params {
    size_t scan[4];                 /* scan_y, scan_x; zeros: the preset's */
    size_t pattern[4];              /* det_y, det_x; zeros: 256 x 256 */
    int type;                       /* 0 u16, 1 u8, 2 u32, 3 f32 */
    const char *composition;        /* NULL: the preset's */
    const char *model;              /* atoms of the preset structure */
    vtr_structure_params structure; /* how to read them */
    bool is_magnetised;             /* lorentz: one domain */
    double thickness_nm;            /* lorentz: of the film; thickness: of the foil; NAN: 100, 300 */
    double shift_x_nm, shift_y_nm, turn_degrees; /* thickness: see vtr_twin_foil; NAN: drawn */
    double induction_t;                          /* lorentz: its size */
    int annealing;                               /* network: 0 as-cast, 1 20 h, 2 240 h */
    int network;                                 /* network: 0 dense, 1 sparse */
    bool annealed;             /* two-phase: solid-like 67.2 % with 5.7 nm for 46.8 % with 5.4 nm */
    double ring_k;             /* position of the first ring, 1/Å; NAN: the preset's */
    double k_step;             /* 1/Å per px; NAN: the ring at 0.47 of the half width */
    double electrons;          /* dose, see above */
    double background;         /* N B at the ring relative to N <f^2> there, at g = 1 */
    double wedge;              /* g runs from 1 - wedge/2 to 1 + wedge/2 along scan_x */
    double exx, eyy, exy;      /* added to the specimen's strain, fractions */
    double strain_scale;       /* of the bands and inclusions */
    double matrix_strain;      /* standard deviation of each component of the matrix's random strain; NAN: the
                                  preset's */
    double matrix_length_nm;   /* where its correlation falls to 1/e; NAN: the preset's */
    double centre_x, centre_y; /* nominal centre, px; NAN: the middle of the frame */
    double jitter_px;          /* standard deviation of the centre along x and along y */
    double descan_px;          /* the centre's linear path over the scan field; NAN: the preset's */
    double descan_bow_px;      /* and its parabolic part, from the middle to the corners */
    double distortion_percent,
        distortion_angle; /* long axis over short axis less 1; direction of the long axis */
    double scan_rotation; /* degrees */
    bool flip;
    int middle; /* vtr_twin_middle */
    double beam_radius_px, beam_ratio;
    double stop_radius_px,
        stop_angle; /* a bar of twice this width from the border, round end over the centre */
    double gain, offset, read_noise; /* recorded units per electron; recorded units */
    double saturation;               /* recorded units; NAN: the highest value of the type */
    size_t hot_pixels, dead_pixels;
    double contrast, grain_px, friedel;
    double scan_step_nm; /* NAN: the preset's */
    double beam_energy_kev;
    size_t seed;
} vtr_twin_params;

VTR_API extern const vtr_parameter_table vtr_twin_parameters;
/* The table's defaults: a direct beam, contrast 0.04, grain 3 px, friedel 0.3, a counting camera. */
VTR_API vtr_twin_params vtr_twin_default_params(void);

/* The specimens by name, sorted, with a line on each; NULL at the end of the list. */
VTR_API const char *vtr_twin_preset_name(size_t index);
VTR_API const char *vtr_twin_preset_summary(size_t index);

/* Everything about one position's pattern that is not chance. */
typedef struct vtr_twin_position {
    double exx, eyy, exy;      /* scan frame, fractions, tension positive */
    double centre_x, centre_y; /* px */
    double electrons;          /* dose, see above */
    double background_factor;  /* g */
    double solid_fraction;     /* share of the second structure, of two-phase */
    double bx, by;             /* induction of lorentz, scan frame, T; the centre holds its deflection */
    bool is_vacuum;            /* no specimen: the direct beam alone, with the descan */
} vtr_twin_position;

/* What the thickness t of the preset thickness does (src/twin/foil.c has the formulas); 1, 1, 1, 1 and zeros otherwise. A
 * place r of the scan lies at m + shift + R(turn)(r - m) of the specimen's field of view, m the middle of the scan. */
typedef struct vtr_twin_foil {
    double thickness_nm;
    double relaxation; /* strain of bands, inclusions and matrix over that of the bulk */
    double plural;     /* what plural scattering adds to `background` */
    double scattered;  /* share of the electrons in rings and background together */
    double beam;       /* those of the direct beam over them */
    double contrast;   /* of the speckle, over that at 100 nm */
    double shift_x_nm, shift_y_nm, turn_degrees;
} vtr_twin_foil;

/* What the recording will be. */
typedef struct vtr_twin_info {
    char preset[16], composition[256];
    size_t shape[4]; /* scan_y, scan_x, det_y, det_x */
    vtr_type type;
    double ring_k, k_step;      /* 1/Å; 1/Å per px */
    double ring_radius_px;      /* ring_k / k_step */
    double centre_x, centre_y;  /* nominal, px */
    double w[3];                /* Wxx, Wyy, Wxy of the inverse lens distortion */
    double scan_to_detector[4]; /* T, row by row: [xx, xy, yx, yy] */
    double scan_step_nm, beam_energy_kev, saturation;
    vtr_twin_foil foil;
} vtr_twin_info;

typedef struct vtr_twin vtr_twin;

/* Plans a specimen: geometry, tables, speckle fields, the strain of every position. `preset` is one of
 * vtr_twin_preset_name; `params` may be NULL. The plan is only read afterwards, from any number of threads.
 */
VTR_API vtr_status vtr_twin_open(vtr_twin **out, const char *preset, const vtr_twin_params *params,
                                 vtr_error *err);
/* Frees and sets *twin to NULL; takes NULL. */
VTR_API void vtr_twin_close(vtr_twin **twin);
VTR_API const vtr_twin_info *vtr_twin_get_info(const vtr_twin *twin);

/* The specimen's own position (scan order); position < shape[0] * shape[1]. */
VTR_API void vtr_twin_get_position(const vtr_twin *twin, size_t position, vtr_twin_position *out);
/* The same place of the vacuum recording. */
VTR_API void vtr_twin_get_vacuum(const vtr_twin *twin, size_t position, vtr_twin_position *out);

/* The film of lorentz: what the truth's energy is made with. */
typedef struct vtr_twin_film {
    double young_gpa, poisson, magnetostriction_ppm, exchange_j_m;
} vtr_twin_film;
VTR_API vtr_twin_film vtr_twin_get_film(void);
/* Angle between the induction and e1 (0 to 90 degrees), and magnetoelastic energy in J/m^3, of a position of lorentz. */
VTR_API void vtr_twin_magnetoelastic(const vtr_twin_position *position, double *angle_degrees,
                                     double *energy);

/* mu of every pixel, [det_y][det_x], in electrons, without speckle, chance and camera; 0 behind the beam
 * stop. */
VTR_API void vtr_twin_expected(const vtr_twin *twin, const vtr_twin_position *position, double *expected);

/* One recorded frame [det_y][det_x] of info.type: speckle, Poisson counts, camera. `stream` chooses the
 * random numbers (the position in a recording); the same stream gives the same frame. Returned values are
 * those of min(saturation, offset + gain n + read_noise z), rounded for whole-number types. */
VTR_API void vtr_twin_frame(const vtr_twin *twin, const vtr_twin_position *position, uint64_t stream,
                            void *scratch, void *frame);
/* Bytes of `scratch`, one for each thread; aligned as malloc does. */
VTR_API size_t vtr_twin_scratch_size(const vtr_twin *twin);

/* Reasons (vtr_mask_reason bits of detector.h: beam stop, dead, hot) for which a pixel holds no pattern,
 * [det_y][det_x], at the nominal centre. */
VTR_API void vtr_twin_mask(const vtr_twin *twin, unsigned char *reasons);

/* s(k) of the specimen (of its first structure), and <f^2>, <f>^2 in Å^2 and B in Å^2 (g = 1) at k in 1/Å. Any pointer may be NULL. */
VTR_API void vtr_twin_profile(const vtr_twin *twin, double k_inv_angstrom, double *s, double *mean_f2,
                              double *mean_f_squared, double *background);

/* How many structures the specimen mixes: 2 for two-phase (0 liquid-like, 1 solid-like), 1 for structure, 0 where s is
 * the closed form of rings. */
VTR_API size_t vtr_twin_phases(const vtr_twin *twin);
/* s(Q) of one of them; 0 beyond 60 1/Å. */
VTR_API double vtr_twin_phase_structure(const vtr_twin *twin, size_t phase, double Q_inv_angstrom);
/* G(r) of one of two-phase's in 1/Å^2, through no window; NAN of other presets. */
VTR_API double vtr_twin_phase_G(const vtr_twin *twin, size_t phase, double r_angstrom);
/* Place (Å, to 0.002 Å) and height (1/Å^2) of the first maximum of two-phase's mixed G; NAN of other presets. */
VTR_API void vtr_twin_first_peak(const vtr_twin *twin, double solid_fraction, double *place, double *height);

/* The exact normalised autocovariance of the speckle t at a distance in px: 1 at 0, 0.5 at grain/2. */
VTR_API double vtr_twin_speckle_autocorrelation(const vtr_twin *twin, double distance_px);

/* An Eshelby inclusion of the specimen. */
typedef struct vtr_twin_inclusion {
    double centre_y_nm, centre_x_nm; /* position 0, 0 is at (0, 0) */
    double radius_nm;
    double shear, angle_degrees; /* eigenstrain shear (2 n n^T - I), n at this angle */
    double dilation;             /* plus eigenstrain dilation I */
    double poisson;              /* Poisson's ratio of the matrix */
} vtr_twin_inclusion;
VTR_API size_t vtr_twin_inclusions(const vtr_twin *twin, const vtr_twin_inclusion **list);

/* A shear band of the specimen: an arc through a point, straight where its curvature is 0. */
typedef struct vtr_twin_band {
    double point_y_nm, point_x_nm; /* on the line */
    double angle_degrees;          /* of the line at its point, from +x towards +y */
    double curvature_inv_nm;       /* by which that angle, in rad, grows along the line */
    double first_nm, last_nm;      /* its ends, along it from the point; infinite: beyond the field */
    double decay_nm, width_nm;     /* of the step across it, see vtr_twin_params */
    double deviatoric, volumetric; /* amplitudes of the antisymmetric step */
} vtr_twin_band;
VTR_API size_t vtr_twin_bands(const vtr_twin *twin, const vtr_twin_band **list);
/* Length of all bands within the field over the area of its positions. */
VTR_API double vtr_twin_band_density(const vtr_twin *twin);

/* Where two bands meet within the field. */
typedef struct vtr_twin_point {
    double y_nm, x_nm;
    bool is_branch;       /* the first begins there; else they cross */
    size_t first, second; /* indices of the bands */
} vtr_twin_point;
/* At most `room` of them; returns how many. */
VTR_API size_t vtr_twin_points(const vtr_twin *twin, vtr_twin_point *out, size_t room);

typedef struct vtr_twin_write_params {
    int threads;         /* 0: all processors */
    bool force;          /* replace files that exist */
    const char *command; /* for the truth's provenance; may be NULL */
} vtr_twin_write_params;

/* Writes the recording to `path` (format by its ending, see dataset.h) and its truth beside it: the ending of
 * `path` replaced by "_truth.h5", a map file with the group "truth". Of lorentz also a vacuum recording over the same
 * positions, "_vacuum" before the ending. `params` and `progress` may be NULL. */
VTR_API vtr_status vtr_twin_write(const vtr_twin *twin, const char *path, const vtr_twin_write_params *params,
                                  const vtr_progress *progress, vtr_error *err);

VTR_END_DECLS

#endif
