/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PDF_H
#define VITRAIL_PDF_H

/* Structure functions and pair distribution functions on an absolute scale, with error bars.
 *
 *   I(Q) = N [<f^2> + incoherent + <f>^2 s(Q)] + constant + ...,   s = S - 1 (Faber-Ziman),   F = Q s
 *   G(r) = (2/pi) Int_qmin^qmax F(Q) w(Q) sin(Q r) dQ = 4 pi r rho0 (g(r) - 1)
 *
 * Q = 2 pi k in 1/Å, r in Å, F in 1/Å, G in 1/Å^2, rho0 in atoms/Å^3. N, the constant and the polynomial that takes
 * out the rest of the background are linear in I once the weights are chosen from a mean profile: a plan is made
 * once, every profile of a cube is then one matrix product, and the error bars are linear propagation from the
 * counts, those of N and of the background included. docs/methods/pdf.md derives it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitrail/error.h"
#include "vitrail/parameters.h"
#include "vitrail/scattering.h"

VTR_BEGIN_DECLS

typedef enum vtr_pdf_window {
    VTR_PDF_WINDOW_NONE,
    VTR_PDF_WINDOW_LORCH,    /* sin(x)/x, x = pi Q/qmax */
    VTR_PDF_WINDOW_GAUSSIAN, /* exp(-Q^2/(2 width^2)), width in 1/Å; NAN: qmax/2 */
    VTR_PDF_WINDOW_EXPONENTIAL, /* exp(-width Q^2), width in Å^2: the "exponential damping" of electron PDF programs;
                                   NAN: 0.1 at qmax */
    VTR_PDF_WINDOW_COSINE, /* 1 up to width (1/Å; NAN: 0.8 qmax), then half a cosine down to 0 at qmax */
} vtr_pdf_window;

typedef enum vtr_pdf_kernel {
    VTR_PDF_KERNEL_SINE, /* G as above */
    VTR_PDF_KERNEL_PLAIN, /* Int s w sin(2 pi k r) dk in 1/Å, k = Q/(2 pi): relative, without R, g and density */
} vtr_pdf_kernel;

/* What set the scale N. */
typedef enum vtr_pdf_scale {
    VTR_PDF_SCALE_WINDOW,  /* least squares over the fit window */
    VTR_PDF_SCALE_DENSITY, /* the given density, through the line -4 pi rho0 r below the first neighbour */
    VTR_PDF_SCALE_GAP, /* the same in a network, where the line runs on through the gap behind the first shell */
    VTR_PDF_SCALE_GIVEN,
    VTR_PDF_SCALE_MATCHED, /* the intensity at one Q */
} vtr_pdf_scale;

/* What the background's polynomial multiplies. In F it is Q, or Q (<f^2> + incoherent)/<f>^2: in the intensity
 * <f>^2, or the atoms' own scattering, as plural and thermal scattering have it. */
typedef enum vtr_pdf_background {
    VTR_PDF_BACKGROUND_AUTO, /* the second for electrons and a network (oxides and the like), where the two differ */
    VTR_PDF_BACKGROUND_STRUCTURE,
    VTR_PDF_BACKGROUND_ATOMS,
} vtr_pdf_background;

/* In what the profile's axis is given; all results are in Q, 1/Å. */
typedef enum vtr_pdf_axis {
    VTR_PDF_AXIS_Q_INV_ANGSTROM,
    VTR_PDF_AXIS_Q_INV_NM,
    VTR_PDF_AXIS_K_INV_ANGSTROM, /* k = 1/d, without 2 pi */
    VTR_PDF_AXIS_K_INV_NM,
} vtr_pdf_axis;
#define VTR_PDF_AXIS_CHOICES "Q-1/A|Q-1/nm|k-1/A|k-1/nm"
/* Q in 1/Å of one unit of the axis. */
VTR_API double vtr_pdf_axis_scale(vtr_pdf_axis axis);

enum { VTR_PDF_MAX_ORDER = 12 };

typedef struct vtr_pdf_params {
    const char *composition; /* "Zr46Cu38Al8Ag8" */
    int radiation;           /* vtr_radiation */
    int factors;             /* vtr_electron_table */
    int xray_factors;        /* vtr_xray_table */
    int compton;             /* vtr_compton_table */
    double xray_energy_kev;  /* NAN: neither dispersion nor recoil */
    size_t recoil_power;     /* 0, 2 or 3 */
    bool with_dispersion;    /* f' and f'' at that energy */
    double density;          /* atoms/Å^3; NAN: not given */
    double mass_density;     /* g/cm^3, in place of `density`; NAN: not given */
    double qmin, qmax;       /* of the transform; NAN: where the data begin; qmaxinst */
    double qmaxinst;         /* end of the data used for scale and background; NAN: all that is there */
    double fit[2];           /* window of N and constant; NAN: the upper 40 % of the range up to qmaxinst */
    bool scale_from_window;  /* N from the window even where a density is given */
    bool
        equal_sizes; /* all pairs of elements share one g(r): no allowance for the sizes of an alloy's atoms */
    double scale, constant;  /* held; NAN: found */
    double match;            /* Q at which N <f^2> + constant equals the intensity; NAN: not so */
    size_t background_order; /* of P_n in the background Q P_n(Q) of F */
    int background_shape;    /* vtr_pdf_background */
    double rpoly; /* Å: the order is rpoly qmaxinst/pi - 1 instead, between whole numbers a mean of
                                     two fits; NAN: not given */
    bool
        plain_polynomial; /* the polynomial by unweighted least squares to all of F, as PDFgetX3 does: it takes part of
                              the line at low r, and the scale is arbitrary then */
    bool no_background, no_constant;
    const char *polynomial; /* held coefficients "p0,p1,..." of F's background sum p_k Q^(k+1); NULL: found */
    double rcut; /* Å; below it there are no neighbours; NAN: a part of the first peak's distance */
    int window;  /* vtr_pdf_window */
    double window_width;
    int kernel;               /* vtr_pdf_kernel */
    double rmin, rmax, rstep; /* Å */
    bool extrapolate;         /* below qmin F goes to zero in a straight line instead of being left out */
} vtr_pdf_params;

VTR_API extern const vtr_parameter_table vtr_pdf_parameters; /* of vtr_pdf_params */
VTR_API vtr_pdf_params vtr_pdf_default_params(void);

/* One azimuthal mean. Points with NAN intensity carry no data (beam stop, corners); between qmin and qmaxinst there
 * may be none. Samples count as independent (see vtr_pdf_plan_correlate). */
typedef struct vtr_pdf_profile {
    size_t n;
    const double *axis;      /* [n], increasing */
    const double *intensity; /* [n], any unit */
    const double *variance;  /* [n], that unit squared; NULL: errors are not known */
    vtr_pdf_axis axis_kind;
} vtr_pdf_profile;

/* What is worth a warning, as bits; vtr_pdf_note_text puts each in words. */
enum {
    VTR_PDF_NOTE_SHORT_WINDOW = 1, /* the window of N and constant holds less than two oscillations of F */
    VTR_PDF_NOTE_AXIS = 2,     /* no first neighbour where atoms have one: k given for Q, or the reverse? */
    VTR_PDF_NOTE_NEGATIVE = 4, /* zero or negative intensities in the range */
    VTR_PDF_NOTE_DENSITY = 8,  /* the density estimated is not positive */
    VTR_PDF_NOTE_ORDER =
        16, /* the polynomial reaches the first neighbour: a density cannot set the scale or be found */
    VTR_PDF_NOTE_SCALE =
        32, /* the scale from the density is below half of the window's, or above 1.2 times it */
};
VTR_API const char *vtr_pdf_note_text(uint32_t note);

/* The normalisation of a profile: what was found, or held, and what a series may hold for the next one. */
typedef struct vtr_pdf_normalisation {
    vtr_pdf_scale source;
    double scale, scale_error;
    double window_scale;             /* what the window alone gives; NAN where it was not asked */
    double constant, constant_error; /* in units of the intensity */
    bool is_density_given;
    double density, density_error; /* atoms/Å^3: given (error 0), or from the line at low r; NAN: not known */
    size_t n_polynomial;
    double polynomial[VTR_PDF_MAX_ORDER + 1]; /* p_k of F's background sum p_k Q^(k+1), in Å^k (see
                                                   vtr_pdf_background) */
    double qmin, qmax, qmaxinst;              /* of the data used, 1/Å */
    double fit[2];                            /* 1/Å */
    double rcut, first_peak;                  /* Å */
    uint32_t notes;
} vtr_pdf_normalisation;

/* Writes the polynomial as vtr_pdf_params.polynomial takes it; returns the length it needs, like snprintf. */
VTR_API size_t vtr_pdf_polynomial_text(const vtr_pdf_normalisation *normalisation, char *text, size_t size);

/* The bare transforms by the trapezoidal rule, without window or normalisation; the points need not be evenly spaced,
 * and nothing is added beyond their ends. G(r) = (2/pi) Int F sin(Q r) dQ and F(Q) = Int G sin(Q r) dr. */
VTR_API void vtr_pdf_transform(size_t n_q, const double *q, const double *F, size_t n_r, const double *r,
                               double *G);
VTR_API void vtr_pdf_transform_back(size_t n_r, const double *r, const double *G, size_t n_q, const double *q,
                                    double *F);

typedef struct vtr_pdf_plan vtr_pdf_plan;

/* Made from a mean profile: its grid, the weights, and with a given density the structure that the scale is found
 * with. Keeps nothing of its inputs. Without a variance, counts are assumed for the weights alone. VTR_ERR_RANGE
 * for a range beyond the data, VTR_ERR_NO_DATA for a NAN inside it, VTR_ERR_NUMERIC for a scale that is not
 * positive. A plan is read-only: any number of threads may use it. */
VTR_API vtr_status vtr_pdf_plan_create(vtr_pdf_plan **out, const vtr_pdf_profile *mean,
                                       const vtr_pdf_params *params, vtr_error *err);
VTR_API void vtr_pdf_plan_free(vtr_pdf_plan **plan);
/* Samples of the profiles that share noise with their neighbours, as those of a map file do: `correlation` [n_lags][n_data] of
 * sample j with j + lag (1 at lag 0), the same for all profiles. It goes into the errors of vtr_pdf_apply and vtr_pdf_peaks;
 * without it samples count as independent. VTR_ERR_ARGUMENT for no lags or more than samples. */
VTR_API vtr_status vtr_pdf_plan_correlate(vtr_pdf_plan *plan, size_t n_lags, const double *correlation,
                                          vtr_error *err);

/* The data grid [n_data] is that of the profiles; of it, the run of n_q points from `first` on, between qmin and
 * qmaxinst, is used and carries F; G has n_r points. Arrays belong to the plan. */
VTR_API size_t vtr_pdf_plan_n_data(const vtr_pdf_plan *plan);
VTR_API size_t vtr_pdf_plan_first(const vtr_pdf_plan *plan);
VTR_API size_t vtr_pdf_plan_n_q(const vtr_pdf_plan *plan);
VTR_API size_t vtr_pdf_plan_n_r(const vtr_pdf_plan *plan);
VTR_API const double *vtr_pdf_plan_q(const vtr_pdf_plan *plan);
VTR_API const double *vtr_pdf_plan_r(const vtr_pdf_plan *plan);
VTR_API const double *vtr_pdf_plan_mean_f(const vtr_pdf_plan *plan);  /* [n_q] */
VTR_API const double *vtr_pdf_plan_mean_f2(const vtr_pdf_plan *plan); /* [n_q], without the incoherent part */
/* Of the mean profile. */
VTR_API const vtr_pdf_normalisation *vtr_pdf_plan_normalisation(const vtr_pdf_plan *plan);

/* Results of many profiles, C order; each pointer may be NULL. */
typedef struct vtr_pdf_block {
    float *G, *G_error;          /* [n][n_r] */
    float *F, *F_error;          /* [n][n_q] */
    double *scale, *scale_error; /* [n] */
} vtr_pdf_block;

/* Intensity and variance (NULL: no errors, whose outputs then must be NULL) [n][n_data]. A profile with a NAN in the
 * range, or whose scale is not positive, gives NAN in all of its outputs. `threads` 0: all processors; results do
 * not depend on it. */
VTR_API vtr_status vtr_pdf_apply(const vtr_pdf_plan *plan, size_t n, const float *intensity,
                                 const float *variance, const vtr_pdf_block *out, int threads,
                                 vtr_error *err);

/* One profile with everything. Released with vtr_pdf_release. Errors are NULL where the variance is not known; R, g
 * and their errors are NULL where the density is not known, and with the plain kernel. */
typedef struct vtr_pdf {
    size_t n_q, n_r;
    double *q; /* 1/Å */
    double *intensity, *intensity_error;
    double *atomic;     /* N (<f^2> + incoherent) */
    double *background; /* constant and polynomial, in units of the intensity */
    double *S, *S_error;
    double *F, *F_error; /* 1/Å */
    double *r;           /* Å */
    double *G, *G_error; /* 1/Å^2 */
    double *R, *R_error; /* 4 pi r^2 rho0 g, atoms/Å */
    double *g, *g_error;
    double *sensitivity;         /* [n_r][n_q] dG(r)/dI(Q) times sigma_I(Q): the covariance of G at two points
                                           is the sum of the products of their rows */
    double *density_sensitivity; /* [n_q] the same of the density; zeros where it is given */
    vtr_pdf_normalisation normalisation;
} vtr_pdf;

VTR_API vtr_status vtr_pdf_compute(vtr_pdf *out, const vtr_pdf_profile *profile, const vtr_pdf_params *params,
                                   vtr_error *err);
VTR_API void vtr_pdf_release(vtr_pdf *pdf);

/* A maximum of G as a Gaussian on the line -4 pi rho0 r (on zero where the density is not known), by least squares
 * over the points above half of its height. Errors hold the correlation of G's neighbouring points. */
typedef struct vtr_pdf_peak {
    double position, position_error; /* Å */
    double height, height_error;     /* of G there, in G's unit */
    double fwhm, fwhm_error;         /* Å, of the Gaussian */
} vtr_pdf_peak;

/* The highest maximum of G in [lo, hi]; VTR_ERR_NOT_FOUND where there is none. Errors are NAN without a variance. */
VTR_API vtr_status vtr_pdf_peak_fit(vtr_pdf_peak *out, const vtr_pdf *pdf, double lo, double hi,
                                    vtr_error *err);
/* The same for many profiles: `results` of vtr_pdf_apply with G and scale, variance [n][n_data] or NULL, out [n]; NAN
 * where a profile has no maximum. */
VTR_API vtr_status vtr_pdf_peaks(const vtr_pdf_plan *plan, size_t n, const vtr_pdf_block *results,
                                 const float *variance, double lo, double hi, vtr_pdf_peak *out, int threads,
                                 vtr_error *err);

/* Finds up to n_shells maxima of G [n_r], from the one nearest to `first_peak` outwards, that stand out of their
 * surroundings by a tenth of the first one's height; each range [lo, hi] runs between the minima beside it. Returns
 * how many there are. */
VTR_API size_t vtr_pdf_find_shells(size_t n_r, const double *r, const double *G, double first_peak,
                                   size_t n_shells, double (*ranges)[2]);

/* Coordination number: the integral of R over [lo, hi], and its error (NAN without a variance). VTR_ERR_NO_DATA where
 * the density is not known. For an alloy it counts neighbours with the Faber-Ziman weights of the radiation. */
VTR_API vtr_status vtr_pdf_coordination(const vtr_pdf *pdf, double lo, double hi, double *number,
                                        double *error, vtr_error *err);

/* Where the second peak is expected for neighbouring clusters that share 1, 2 or 3 atoms: 2, sqrt(3) and sqrt(8/3)
 * times the first distance; NAN for another number. */
VTR_API double vtr_pdf_shared_atoms_distance(double first_peak, int n_shared);

VTR_END_DECLS

#endif
