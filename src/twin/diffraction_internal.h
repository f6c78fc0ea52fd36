/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TWIN_DIFFRACTION_INTERNAL_H
#define VITRAIL_TWIN_DIFFRACTION_INTERNAL_H

#include "base/base_internal.h"
#include "base/fourier.h"
#include "vitrail/atoms.h"

/* One atom under the probe: place in periods of the pattern's k step, P, and its batch (slab, element). */
typedef struct vtr_column_atom {
    float x, y, weight;
    uint32_t batch;
} vtr_column_atom;

enum { VTR_SPREAD_WIDTH = 6, VTR_SPREAD_STEPS = 1024 };

struct vtr_diffraction {
    vtr_diffraction_params params;
    const vtr_atoms *atoms;
    float (*position)[3];          /* [atoms->n], Å */
    uint8_t *element;              /* [atoms->n], index into the composition */
    double wavelength, reach, cut; /* Å; reach: radius of the column; cut = 2 ln 2 / fwhm^2 in 1/Å^2 */
    double piece, slab;            /* heights of pieces and slabs, Å */
    size_t n_pieces, slabs_a_piece, most_atoms, n_grid;
    double scale;      /* electrons per Å^2 of intensity */
    float *factor;     /* [elements][n_px][n_px], f over the spreading's own transform */
    float *phase_step; /* [n_px][n_px][2], exp(-pi i lambda k^2 slab) */
    float *background; /* [n_px][n_px], electrons */
    float kernel[VTR_SPREAD_STEPS + 1][VTR_SPREAD_WIDTH];
    vtr_fourier_float fourier;
};

struct vtr_diffraction_scratch {
    vtr_column_atom *found, *sorted; /* [most_atoms] */
    size_t *first;                   /* [batches + 1] */
    float *grid;                     /* [n_grid][n_grid] */
    fftwf_complex *spectrum;         /* [n_grid][n_grid/2 + 1] */
    float *amplitude, *phase;        /* [n_px][n_px][2] */
    float *intensity;                /* [n_px][n_px] */
};

/* The spreading kernel's table and its Fourier transform at whole frequency m of a grid of n. */
void vtr_spread_table(float kernel[VTR_SPREAD_STEPS + 1][VTR_SPREAD_WIDTH]);
double vtr_spread_transform(double m, size_t n);
/* Adds atoms to the periodic grid [n][n]; n a power of two is not needed. */
void vtr_spread(const float kernel[VTR_SPREAD_STEPS + 1][VTR_SPREAD_WIDTH], const vtr_column_atom *atoms,
                size_t n_atoms, float *grid, size_t n);

/* The atoms of one piece of a column: found[...] in batches of slab * elements + element; *n of them; *sum grows by the
 * sum of P^2. VTR_ERR_NUMERIC where there are more than most_atoms. */
vtr_status vtr_column_collect(const vtr_diffraction *plan, vtr_random *random, const double strain[3],
                              vtr_column_atom *found, size_t *n, double *sum, vtr_error *err);

#endif
