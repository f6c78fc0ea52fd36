/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_INTERNAL_H
#define VITRAIL_PDF_INTERNAL_H

#include "base/base_internal.h"
#include "vitrail/pdf.h"

/* A number that is linear in a profile: row . I + per_scale N + offset. */
typedef struct pdf_functional {
    double *row; /* [n_q] */
    double per_scale, offset;
} pdf_functional;

/* The constant and the powers of Q that make the background. */
enum { PDF_MAX_PAIRS = VTR_COMPOSITION_MAX * (VTR_COMPOSITION_MAX + 1) / 2 };
enum { PDF_CONSTANT = 0, PDF_POLYNOMIAL = 1, PDF_MAX_TERMS = 2 + VTR_PDF_MAX_ORDER };

/* With D = Q/<f>^2, B = Q (<f^2> + incoherent)/<f>^2 and the columns C_t (D; Q, Q^2, ...) of the background,
 *
 *   F = (D I - sum_t C_t u_t)/N - B,   u_t = row_t . I + per_scale_t N + offset_t,   N = scale.row . I + scale.offset
 *   G = T F
 */
struct vtr_pdf_plan {
    vtr_pdf_params params; /* strings are NULL */
    vtr_pdf_normalisation normalisation;
    size_t n_data, first, n_q, n_transform; /* the first n_transform of the n_q points reach up to qmax */
    double *axis;                           /* [n_data], Q */
    double *q, *mean_f, *mean_f2;           /* [n_q] */
    double *atomic;                         /* <f^2> + incoherent */
    double *to_f;                           /* D */
    double *self;                           /* B */
    double *smooth;                         /* what the polynomial multiplies: Q, or B */
    bool is_alloy;                          /* metals for the greater part, all with known sizes */
    bool is_network;                        /* bonds between unlike atoms */
    size_t n_pairs;      /* of elements: in an alloy with known sizes, or in a network; 0 otherwise */
    double *pair_weight; /* [n_pairs][n_q] Faber-Ziman weights; of an alloy less those at half of qmaxinst */
    double *bond_weight; /* [n_q] of a network: of the pairs that bond, together */
    double size[PDF_MAX_PAIRS]; /* the pair's distance over the mean one */
    pdf_functional scale;
    size_t n_terms;
    double *column[PDF_MAX_TERMS];
    pdf_functional term[PDF_MAX_TERMS];
    bool is_density_found;
    pdf_functional line; /* N times the density, where the density is found */
    size_t n_r;
    double *structure, *mean_g; /* F [n_q] and G [n_r] of the mean profile */
    double *r, *transform;      /* [n_r], [n_r][n_q] */
    double *sensitivity;        /* K2 for the rows of a transform. */
    size_t n_lags;              /* 0: samples are independent */
    double *correlation;        /* [n_lags][n_q] of samples j and j + lag */
};

/* Generalised least squares: the functionals Z [m][n] = (X^T C^-1 X)^-1 X^T C^-1 that give the coefficients of the
 * columns X [m][n] from data with covariance C [n][n], which is overwritten. VTR_ERR_NUMERIC where the columns are not
 * independent. */
vtr_status pdf_least_squares(size_t n, size_t m, const double *columns, double *covariance,
                             double *functionals, vtr_error *err);

/* Indices [*first, *last) of the points of the fit window. */
void pdf_window_points(const vtr_pdf_plan *plan, size_t *first, size_t *last);
/* N and the constant from the window, the match or what is held; scale and the constant's term must be zero before. */
vtr_status pdf_scale_simply(vtr_pdf_plan *plan, vtr_error *err);
/* Fills scale, term, line and normalisation from the mean profile ([n_q], variance may be NULL). */
vtr_status pdf_normalise(vtr_pdf_plan *plan, const double *intensity, const double *variance, vtr_error *err);

/* Order of the polynomial; not a whole number with rpoly. */
double pdf_background_order(const vtr_pdf_params *params, double qmaxinst);
/* row . I + per_scale N + offset. */
double pdf_functional_value(const pdf_functional *functional, size_t n, const double *intensity,
                            double scale);
/* F [n_q] of one profile [n_q]; returns N. */
double pdf_structure(const vtr_pdf_plan *plan, const double *intensity, double *f);
/* d(u/N)/dI [n_q] of a functional u with value u/N = ratio, at scale N. */
void pdf_ratio_sensitivity(const vtr_pdf_plan *plan, const pdf_functional *functional, double ratio,
                           double scale, double *out);
/* Transform of the line: Int_0^rcut -4 pi r sin(Q r) dr, per density. */
double pdf_line(double q, double rcut);

/* Fills is_alloy, and pair_weight and size for an alloy of several elements whose atoms' sizes are known; leaves n_pairs 0 for other matter. */
vtr_status pdf_size_prepare(vtr_pdf_plan *plan, const vtr_scatterer *scatterer, vtr_error *err);
/* Fills is_network, pair_weight and bond_weight where the composition is one; after pdf_size_prepare. */
vtr_status pdf_network_prepare(vtr_pdf_plan *plan, const vtr_scatterer *scatterer, vtr_error *err);
/* What Faber-Ziman weights that change with Q add to the line below rcut: `leak` [n_q], in F. `scratch` [n_q]. */
void pdf_size_effect(const vtr_pdf_plan *plan, const double *f, double rcut, double *scratch, double *leak);

/* Value of the window of `params` at Q. */
double pdf_window(const vtr_pdf_params *params, double qmax, double q);
/* One row of the transform, [n_q] with zeros beyond n_transform. */
void pdf_transform_row(const vtr_pdf_plan *plan, double r, double *row);

/* R row: each sample and its neighbours by their correlation. `out` is another row. */
void pdf_correlate(const vtr_pdf_plan *plan, const double *row, double *out);

/* K2 for the rows of a transform. */
void pdf_sensitivity(const vtr_pdf_plan *plan, size_t n_r, const double *transform, double *k2);
/* dF [n_q] at point i of a profile with these F, N. */
void pdf_structure_sensitivity(const vtr_pdf_plan *plan, size_t i, double f, double scale, double *out);

/* Nodes and weights [n] of the Gauss-Legendre rule on [lo, hi]. */
void pdf_gauss_legendre(size_t n, double lo, double hi, double *node, double *weight);

#endif
