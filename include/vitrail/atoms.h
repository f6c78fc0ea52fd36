/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_ATOMS_H
#define VITRAIL_ATOMS_H

/* Atomic models of a glass, and the diffraction patterns that a small probe gets from them: the speckle of real atoms,
 * for tests whose truth must not come from the same model as the fit. */

#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/scattering.h"

VTR_BEGIN_DECLS

/* A model in a rectangular box with periodic boundaries. */
typedef struct vtr_atoms {
    size_t n;
    int *number;           /* [n], atomic numbers */
    double (*position)[3]; /* [n], x, y, z in Å, inside 0 <= position < box */
    double box[3]; /* Å; zeros where the file names none: open boundaries, positions as in the file */
    vtr_composition composition;
} vtr_atoms;

/* Reads a model as vtr_structure_read does (structure.h). The box is that of `box` where not NULL, else the file's, which
 * must be rectangular. On success the caller releases *atoms. */
VTR_API vtr_status vtr_atoms_read(vtr_atoms *atoms, const char *path, const double box[3], vtr_error *err);
/* Frees and zeroes. */
VTR_API void vtr_atoms_release(vtr_atoms *atoms);

/* Coherent kinematic diffraction of a column of the glass under a probe:
 *
 *   I(k) = |sum_j f_j(|k|) P(x_j) exp(-2 pi i (k.x_j + (lambda |k|^2 / 2) z_j))|^2,
 *
 * x_j in the plane, z_j along the beam, P = exp(-2 ln 2 |x|^2 / fwhm^2), so that |P|^2 has the given full width at half
 * maximum, cut where P falls to 0.01. The column is a stack of pieces at most as high as the box, each the periodic
 * model turned and shifted at random: patterns of different streams are independent, and any strain is the strain of a
 * random glass. z is rounded to the middle of slabs (`slab_nm`). Pixel (row y, column x) has k = (x - n/2, y - n/2)
 * k_step. About k = 0 stands the probe's own disc, diffracted by the mean density. */
typedef struct vtr_diffraction_params {
    size_t n_px;   /* patterns are n_px x n_px, even */
    double k_step; /* 1/Å per px */
    double probe_fwhm_nm, thickness_nm, slab_nm;
    double beam_energy_kev;
    double ring_k;     /* 1/Å, sets the form of the background */
    double background; /* smooth background at ring_k relative to n <f^2> there */
    double electrons;  /* sum over all pixels of n <f^2> + background: the dose without interference */
    uint64_t seed;
} vtr_diffraction_params;

/* 128 px with the ring (0.42 1/Å) at 29 px, 2 nm probe, 20 nm thick in slabs of 1.5 nm, 300 keV, background 0.5, 1e5
 * electrons. */
VTR_API vtr_diffraction_params vtr_diffraction_default_params(void);

typedef struct vtr_diffraction vtr_diffraction;
typedef struct vtr_diffraction_scratch vtr_diffraction_scratch;

/* Plans patterns of a model, which must live as long as the plan. `params` may be NULL. */
VTR_API vtr_status vtr_diffraction_open(vtr_diffraction **out, const vtr_atoms *atoms,
                                        const vtr_diffraction_params *params, vtr_error *err);
VTR_API void vtr_diffraction_close(vtr_diffraction **plan);
/* What one thread works in. */
VTR_API vtr_status vtr_diffraction_scratch_new(vtr_diffraction_scratch **out, const vtr_diffraction *plan,
                                               vtr_error *err);
VTR_API void vtr_diffraction_scratch_free(vtr_diffraction_scratch **scratch);

/* I(k) in Å^2, [n_px][n_px], of the column number `stream`, its atoms moved by x -> (I + e) x with strain = {exx, eyy,
 * exy} (NULL: none). *n_atoms, where not NULL, becomes sum_j P_j^2, so that I -> *n_atoms <f^2> without interference.
 * Threads may share the plan. */
VTR_API vtr_status vtr_diffraction_intensity(const vtr_diffraction *plan, uint64_t stream,
                                             const double strain[3], vtr_diffraction_scratch *scratch,
                                             float *intensity, double *n_atoms, vtr_error *err);
/* The same as Poisson counts at the plan's dose with its background; values above 65535 are cut. */
VTR_API vtr_status vtr_diffraction_frame(const vtr_diffraction *plan, uint64_t stream, const double strain[3],
                                         vtr_diffraction_scratch *scratch, uint16_t *counts, vtr_error *err);

VTR_END_DECLS

#endif
