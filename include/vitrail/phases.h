/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PHASES_H
#define VITRAIL_PHASES_H

/* The positions of a map file as mixtures of a few structures: spectra F(Q), S(Q), G(r) or I(k) of every position are
 * divided (unmix.h and its sisters), and every component is given as a pair distribution function G on the absolute
 * scale, with its map, its fraction and how far the data let them vary. docs/methods/phases.md says why so. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"
#include "vitrail/parameters.h"
#include "vitrail/pdf.h"
#include "vitrail/pdf_positions.h"
#include "vitrail/progress.h"
#include "vitrail/ranks.h"
#include "vitrail/region.h"
#include "vitrail/unmix.h"
#include "vitrail/unmix_mlls.h"
#include "vitrail/unmix_pca.h"
#include "vitrail/unmix_read.h"
#include "vitrail/unmix_simplex.h"

VTR_BEGIN_DECLS

typedef enum vtr_phases_method {
    VTR_PHASES_NMF,  /* a non-negative mixture, chosen by `principle` */
    VTR_PHASES_PCA,  /* principal components */
    VTR_PHASES_ICA,  /* independent components */
    VTR_PHASES_MLLS, /* given references */
} vtr_phases_method;

/* What chooses among mixtures that fit alike. */
typedef enum vtr_phases_principle {
    VTR_PHASES_VOLUME, /* the smallest simplex around the positions without their noise */
    VTR_PHASES_PURE,   /* nearly pure positions */
    VTR_PHASES_LUCK,   /* nothing: the best of the starts of the factorisation */
} vtr_phases_principle;

typedef struct vtr_phases_params {
    size_t n_components;   /* 0: as many as stand out of the noise */
    int method, on;        /* vtr_phases_method; 0: chosen, else vtr_pdf_quantity + 1 */
    double range[2];       /* of the channels used, in 1/Å or Å; NAN: all */
    const char *mask;      /* the positions used: an image, or a region (vtr_region_parse); NULL: all */
    vtr_text_list regions; /* whose fractions are wanted, NAME=REGION */
    int principle;         /* vtr_phases_principle */
    size_t n_pure;
    double wide;
    int algorithm, loss, negative, start; /* of vtr_nmf */
    size_t n_starts, n_consensus, n_parallel;
    vtr_text_list references; /* of MLLS: FILE.gr, MAP.h5 (its components), or NAME=REGION */
    bool is_free, sum_to_one;
    size_t seed;
    vtr_ranks
        *ranks; /* that share the positions, all of which get the result; NULL: none; not in the table */
} vtr_phases_params;

VTR_API extern const vtr_parameter_table vtr_phases_parameters; /* of vtr_phases_params */
VTR_API vtr_phases_params vtr_phases_default_params(void);

typedef struct vtr_phases_region {
    char name[VTR_REGION_NAME], definition[256];
    vtr_unmix_fraction *fractions; /* [n_components] */
} vtr_phases_region;

enum { VTR_PHASES_NOTES = 8, VTR_PHASES_NAME = 64 };

typedef struct vtr_phases {
    vtr_phases_params params; /* n_components as it was used; texts are the caller's */
    vtr_pdf_quantity quantity;
    bool is_counted; /* n_components was not given */
    /* what is counted, by parallel analysis and by what neighbours share, one more than principal components; 0: not
     * done */
    size_t n_by_parallel, n_by_neighbours;
    double density; /* atoms/Å^3; NAN: not known */
    size_t n_y, n_x, n_positions, n_used, n_invalid;
    double step_nm[2]; /* y, x; NAN: not known */
    size_t n_components;
    char (*names)[VTR_PHASES_NAME]; /* [n_components] */
    size_t n_channels;
    double *channel;             /* [n_channels], Q (1/Å) or r (Å) */
    unsigned char *channel_used; /* [n_channels] */
    double *spectra;             /* [k][n_channels], of the quantity; NAN where not used */
    size_t n_r;
    double *r;                              /* [n_r], Å */
    double *components, *component_errors;  /* [k][n_r], G in 1/Å^2, its standard deviation by noise */
    double *component_low, *component_high; /* [k][n_r], with the range of the mixture */
    float *maps, *map_errors;               /* [k][n_positions]; NAN: not used */
    vtr_unmix_fraction *fractions;          /* [k], of the whole map */
    vtr_correlation *correlations;          /* [k], of the maps; n_lags 0: none was found */
    /* Of mixtures and references, whose components are PDFs; else NULL. No first peak: its position is NAN. */
    vtr_unmix_pdf *pdfs;    /* [k], the components */
    vtr_unmix_peaks *peaks; /* [k] */
    bool
        is_windowed; /* second peaks and shoulders are those of G through Lorch's window, as the PDFs have none */
    vtr_unmix_verdict *verdicts; /* [k], of mixtures: which is noise */
    size_t n_regions;
    vtr_phases_region *regions;
    /* What the method found; n_components 0 where it was not asked. */
    vtr_simplex_result mixture;
    vtr_nmf_result nmf;
    double *nmf_components;  /* [k][n_r], G of the factorisation's, in the order of the mixture's */
    double *nmf_correlation; /* [k], of its spectra with those of the mixture */
    size_t *nmf_order;       /* [k], which of `nmf` belongs to a component */
    vtr_pca_result pca;
    vtr_ica_result ica;
    vtr_mlls_result mlls;
    size_t n_notes;
    char notes[VTR_PHASES_NOTES][256]; /* what is worth a warning, each one sentence */
} vtr_phases;

/* Divides the positions of a map file. NMF: the mixture of two or three components is that of vtr_simplex, and a
 * factorisation (vtr_nmf) from many starts stands beside it; with principle LUCK the factorisation is the result. PCA and
 * ICA: components are changes of G with one standard deviation of their maps. MLLS: components are the references.
 *
 * Errors are those of vtr_pdf_positions_open, vtr_simplex, vtr_nmf, vtr_pca, vtr_ica, vtr_mlls and vtr_region_parse;
 * VTR_ERR_ARGUMENT: MLLS without references, a range without channels; VTR_ERR_SHAPE: references over another r.
 * `out` is untouched on failure and released with vtr_phases_release. */
VTR_API vtr_status vtr_phases_compute(vtr_phases *out, const vtr_mapfile *file,
                                      const vtr_phases_params *params, int threads,
                                      const vtr_progress *progress, vtr_error *err);
VTR_API void vtr_phases_release(vtr_phases *phases);

/* Components of two specimens, matched, with what differs; as vtr_unmix_compare. */
VTR_API vtr_status vtr_phases_compare(vtr_unmix_comparison *out, const vtr_phases *a, const vtr_phases *b,
                                      vtr_error *err);

/* Replaces /entry/phases of a map file that is open to be edited. */
VTR_API vtr_status vtr_phases_write(vtr_mapfile *file, const vtr_phases *phases, vtr_error *err);

VTR_END_DECLS

#endif
