/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_STRUCTURE_H
#define VITRAIL_STRUCTURE_H

/* Atomic models: read from the files of simulation programs, counted pair by pair, and what they scatter (Debye). It
 * is the truth that a pair distribution function is held to. Q = 2 pi k = 4 pi sin(theta)/lambda in 1/Å, r in Å. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/parameters.h"
#include "vitrail/scattering.h"

VTR_BEGIN_DECLS

/* A model: a periodic cell of any shape, or a particle. */
typedef struct vtr_structure {
    size_t n;
    int *number;           /* [n], atomic numbers */
    double (*position)[3]; /* [n], x, y, z in Å as in the file, not wrapped into the cell */
    bool is_periodic;
    double cell[3][3];                        /* rows a, b, c in Å; zeros for a particle */
    vtr_composition composition;              /* elements by rising atomic number */
    size_t n_of_element[VTR_COMPOSITION_MAX]; /* atoms of each of them */
} vtr_structure;

typedef struct vtr_structure_params {
    const char *elements; /* "Cu,Zr": of the types 1, 2, ... of files that only number them */
    const char *cell;     /* "A,B,C", "A,B,C,alpha,beta,gamma" or nine numbers; replaces the file's */
    bool is_particle;     /* open boundaries, whatever the file says */
} vtr_structure_params;

VTR_API extern const vtr_parameter_table vtr_structure_parameters;

/* Reads a model from an XYZ file (plain, with three lengths in the comment, or extended), a table of columns Z x y z,
 * a LAMMPS data file or dump, a CIF in P1, or a POSCAR; which one, is seen from the content. Of several snapshots the
 * first is read. Plain XYZ without a cell is a particle. `params` may be NULL. VTR_ERR_FORMAT names file and line. On
 * success the caller releases *structure. */
VTR_API vtr_status vtr_structure_read(vtr_structure *structure, const char *path,
                                      const vtr_structure_params *params, vtr_error *err);
/* Frees and zeroes. */
VTR_API void vtr_structure_release(vtr_structure *structure);
/* Volume of the cell in Å^3 and atoms per Å^3; NAN for a particle. */
VTR_API double vtr_structure_volume(const vtr_structure *structure);
VTR_API double vtr_structure_number_density(const vtr_structure *structure);

/* Distances between atoms, counted by pair of elements. The pairs of elements (i <= j) are in the order (0,0) (0,1)
 * ... (0,n-1) (1,1) ...; bin b holds b r_step <= r < (b + 1) r_step. Each pair of atoms is counted once, an atom and
 * its own images too. `moment` is the sum of the pairs' distances from the middle of their bin, in units of r_step /
 * 2^24: what makes a Debye sum over bins as good as one over pairs. */
typedef struct vtr_pairs {
    size_t n_bins, n_pairs, n_atoms;
    double r_step;
    uint64_t *count; /* [n_pairs][n_bins] */
    int64_t *moment; /* [n_pairs][n_bins] */
    vtr_composition composition;
    size_t n_of_element[VTR_COMPOSITION_MAX];
    double number_density;    /* atoms per Å^3; NAN for a particle */
    double shortest_angstrom; /* distance; infinite where no pair is within reach */
} vtr_pairs;

typedef struct vtr_pairs_params {
    double
        r_max; /* Å; NAN: half the shortest width of the cell, or all of the particle. Larger than that is right too */
    double r_step; /* Å; r_max is rounded up to a whole number of steps */
    int threads;   /* 0: all */
} vtr_pairs_params;

/* r_max NAN, r_step 0.001 Å, all threads. */
VTR_API vtr_pairs_params vtr_pairs_default_params(void);
/* Counts. `params` may be NULL. The same counts for any number of threads. On success the caller releases *pairs. */
VTR_API vtr_status vtr_structure_pairs(vtr_pairs *pairs, const vtr_structure *structure,
                                       const vtr_pairs_params *params, vtr_error *err);
/* Frees and zeroes. */
VTR_API void vtr_pairs_release(vtr_pairs *pairs);

/* Place of the pair of elements (i, j) in the order above; i and j either way round. */
VTR_API size_t vtr_pairs_index(size_t n_elements, size_t i, size_t j);

/* g(r) over bins of `merge` counted bins each: n_bins / merge values, value m the mean over (m to m + 1) merge r_step.
 * Of a periodic model only: VTR_ERR_ARGUMENT for a particle, whose density has no one value.
 *   vtr_pairs_partial    g_ij of elements i and j of the composition
 *   vtr_pairs_total      sum over i <= j of weights[pair] g_ij; NULL: every atom counts alike, (2 - delta_ij) c_i c_j */
VTR_API vtr_status vtr_pairs_partial(const vtr_pairs *pairs, size_t i, size_t j, size_t merge, double *g,
                                     vtr_error *err);
VTR_API vtr_status vtr_pairs_total(const vtr_pairs *pairs, const double *weights, size_t merge, double *g,
                                   vtr_error *err);
/* Mean number of atoms of element j around one of element i at r_lo <= r < r_hi (edges at the nearest bin's). */
VTR_API double vtr_pairs_coordination(const vtr_pairs *pairs, size_t i, size_t j, double r_lo, double r_hi);
/* Where the density of pairs (their number over the volume of the shell), in bins of 0.02 Å smoothed over five, is
 * highest below 8 Å: the nearest-neighbour distance of a glass. NAN where nothing was counted. */
VTR_API double vtr_pairs_nearest_neighbour(const vtr_pairs *pairs);

/* The partial structure factors, [n_pairs][n_Q]: with H_ij(r) the ordered pairs (j around i) counted at r,
 *
 *   S_ij(Q) - 1 = N/(N_i N_j) sum_r H_ij(r) sin(Qr)/(Qr) - 4 pi rho (sin(QR) - QR cos(QR))/Q^3,
 *
 * which for a periodic model is exactly 4 pi rho / Q times the integral from 0 to R of r (g_ij - 1) sin(Qr): the
 * model's own g up to R = n_bins r_step, and 1 beyond. R cuts sharply, so features are smeared with the width pi/R.
 * For a particle, counted to its diameter, the second term is absent: Debye's sum with nothing left out, small angles
 * too (Ann. Phys. 351, 809, 1915). Bins are read with the first moment of their pairs: what is left is Q^2
 * r_step^2/24 of the pairs' part. Q > 0. */
VTR_API vtr_status vtr_pairs_structure_factors(const vtr_pairs *pairs, size_t n_Q,
                                               const double *Q_inv_angstrom, int threads, double *partial,
                                               vtr_error *err);

/* What the model scatters per atom, at each Q:
 *
 *   s = sum over i <= j of w_ij(Q) (S_ij - 1),  intensity = <f^2> + <f>^2 s,
 *
 * w_ij the Faber-Ziman weights of `radiation` (NULL: electrons) at that Q, so that a particle's N intensity is
 * sum_ij f_i f_j sin(Qr_ij)/(Qr_ij). s and intensity [n_Q]; either may be NULL. */
VTR_API vtr_status vtr_structure_debye(const vtr_pairs *pairs, const vtr_scatterer_params *radiation,
                                       size_t n_Q, const double *Q_inv_angstrom, int threads, double *s,
                                       double *intensity, vtr_error *err);

/* G(r) = (2/pi) times the integral over the Q given of Q s(Q) w(Q) sin(Qr), in 1/Å^2 (trapezium rule; for s of a model
 * the step must be well below pi/(r + R)): the model seen through the window [Q[0], Q[n_Q - 1]] and w. `window` [n_Q]
 * NULL: 1. Nothing is put in below Q[0]. */
VTR_API void vtr_structure_truth_pdf(size_t n_Q, const double *Q_inv_angstrom, const double *s,
                                     const double *window, size_t n_r, const double *r_angstrom, double *G);

VTR_END_DECLS

#endif
