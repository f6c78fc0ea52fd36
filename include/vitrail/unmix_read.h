/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_UNMIX_READ_H
#define VITRAIL_UNMIX_READ_H

/* What a factorisation says: correlation lengths of the maps, peaks of the components, fractions over a region, which
 * component is noise, and how the components of two specimens differ. docs/methods/phases.md has the mathematics. */

#include "vitrail/pdf.h"
#include "vitrail/unmix_simplex.h"

VTR_BEGIN_DECLS

/* A map over a scan. Nothing here is owned or changed. */
typedef struct vtr_unmix_map {
    size_t n_y, n_x;
    double step_nm[2];   /* y, x */
    const float *values; /* [n_y][n_x], NAN = left out */
    const float
        *errors; /* [n_y][n_x], standard deviations of noise that positions do not share; NULL: not known */
    const uint8_t *used; /* [n_y][n_x], 0 = left out; NULL: all are used */
} vtr_unmix_map;

/* How a map's values are alike over a distance. With R the autocovariance of the mean-free map without its noise, the
 * length is where the mean of R over all directions has fallen to 1/e of R(0). All lengths are NAN where the map has no
 * structure beyond noise (`signal` within three of its errors of zero), or none that ends within half the map. */
typedef struct vtr_correlation {
    size_t n_used;
    double length_nm, length_error_nm; /* of the measured radial autocorrelation */
    /* R(h) = R(0) exp(-(|h|/model_length)^exponent), fitted: exponent 1 is an exponential, 2 a Gaussian */
    double model_length_nm, model_length_error_nm;
    double exponent, exponent_error;
    /* the same with an ellipse for the circle: 1/e lengths along x and y, and along the ellipse's axes */
    double length_x_nm, length_x_error_nm, length_y_nm, length_y_error_nm;
    double long_nm, long_error_nm, short_nm, short_error_nm;
    double angle_degrees; /* of the long axis, from +x towards +y, (-90, 90] */
    double ellipse[3];    /* Mxx, Myy, Mxy in 1/nm^2: R falls to 1/e where h.M h = 1 */
    double ellipse_covariance[3][3];
    double signal, signal_error; /* R(0), variance of the map without its noise */
    double noise;                /* variance taken out at lag zero */
    bool is_noise_given;         /* by the errors of the map; else extrapolated from the other lags */
    double n_independent; /* regions as good as independent: R(0) over the variance of the map's mean */
    double mean_error;    /* of the map's mean as a sample of an endless specimen, noise included */
    size_t n_lags;
    double *lag_nm; /* [n_lags], mean distance of a ring of lags; the first is 0 */
    double *radial; /* [n_lags], R/R(0), noise taken out */
    double *model;  /* [n_lags], of the fit with a circle */
    size_t n_x, n_y;
    double *along_x, *along_y; /* [n_x], [n_y] R/R(0) along the two directions, in steps of the map */
} vtr_correlation;

/* Autocovariance by the Fourier transform of the padded map over that of the padded mask. Subtracting the map's own mean
 * lowers all of it by the mean's variance, which follows from R itself and is added again. Errors are those of the sample
 * autocovariance of a normal field of that R (M. S. Bartlett, J. R. Stat. Soc. Suppl. 8, 27, 1946), through the linearised
 * estimate. VTR_ERR_ARGUMENT: a step that is not positive; VTR_ERR_NO_DATA: fewer than 100 positions, or a constant map.
 * `out` is untouched on failure and released with vtr_correlation_release. */
VTR_API vtr_status vtr_correlation_compute(vtr_correlation *out, const vtr_unmix_map *map, vtr_error *err);
VTR_API void vtr_correlation_release(vtr_correlation *correlation);
/* The ellipse's 1/e length along an angle in degrees from +x towards +y; `error` may be NULL. */
VTR_API double vtr_correlation_along(const vtr_correlation *correlation, double angle_degrees, double *error);

/* A component: a G(r) in 1/Å^2. Nothing here is owned or changed. */
typedef struct vtr_unmix_pdf {
    size_t n_r;
    const double *r;      /* [n_r] Å, increasing; to at least twice the first distance for the second peak */
    const double *G;      /* [n_r]; NAN = left out, at the ends only */
    const double *errors; /* [n_r], standard deviations; NULL: not known */
    /* of the transform that made it: range in 1/Å (NAN: not known; qmin 0 where F was continued to zero) and window */
    double qmin, qmax;
    int window; /* vtr_pdf_window */
    double window_width;
    double density; /* atoms/Å^3; NAN: not known */
} vtr_unmix_pdf;

typedef struct vtr_unmix_peak {
    double position, position_error; /* Å */
    double height, height_error;     /* of G, 1/Å^2 */
    double fwhm,
        fwhm_error; /* Å; NAN of the second peak where it does not fall to half, and of the shoulder */
    double position_range[2],
        fwhm_range[2]; /* over the mixtures that the data allow; the value itself without them */
} vtr_unmix_peak;

/* first      highest maximum of G between 1.2 and 3.4 Å; its full width is that of G itself at half of its height above zero
 * second     highest maximum between 1.35 and 2.05 times the first distance
 * shoulder   where, 0.3 to 1.2 Å beyond the second peak, G is curved downwards most: the lowest minimum of its second
 *            derivative; its height is that of G there
 * All as seen through the transform's range and window. `intrinsic` is the first peak of the G of an endless range: the
 * window is taken out, what is missing below qmin is that of a dense disordered solid, S(Q) = 0, and the widening by the end
 * of the range is that of a Gaussian peak. It is left out where that end makes up most of the width. */
typedef struct vtr_unmix_peaks {
    vtr_unmix_peak first, second, shoulder, intrinsic;
    bool has_second, has_shoulder, has_intrinsic;
    double expected[3]; /* where the second peak is expected for clusters sharing 1, 2, 3 atoms */
} vtr_unmix_peaks;

/* Errors propagate those of G, neighbouring distances being correlated as the range in Q makes them (independent where qmax
 * is not known). VTR_ERR_NOT_FOUND: no first peak; VTR_ERR_ARGUMENT: fewer than 10 distances or not increasing. */
VTR_API vtr_status vtr_unmix_peaks_read(vtr_unmix_peaks *out, const vtr_unmix_pdf *pdf, vtr_error *err);
/* Ranges of the peaks of component `which` [0, k) of a simplex whose channels are pdf->r (pdf->G is not looked at): over the
 * mixtures between component_low and component_high, the allowed ones where it is bounded and `allowed` is set. Another
 * component is given or taken away from it until the limits are met. */
VTR_API vtr_status vtr_unmix_peaks_range(vtr_unmix_peaks *peaks, const vtr_unmix_pdf *pdf,
                                         const vtr_simplex_result *simplex, size_t which, bool allowed,
                                         vtr_error *err);

/* Mean of a map over a region. */
typedef struct vtr_unmix_fraction {
    size_t n;     /* positions */
    double value; /* mean */
    double error; /* by the errors of the positions, independent of each other; NAN where not known */
    double
        sample_error; /* as a sample of an endless specimen, by the map's correlation; NAN where not known */
    double range[2];  /* over the corners' statistical uncertainty, and two errors more */
    double
        allowed[2]; /* over every mixture that fits, and two errors more; 0 and 1 where nothing bounds it */
    bool is_bounded;
} vtr_unmix_fraction;

/* `region` [n_y][n_x], 0 = outside; NULL: the whole map. `correlation` of the whole map, or NULL. VTR_ERR_NO_DATA: no used
 * position in the region. The ranges are those of the value with its error. */
VTR_API vtr_status vtr_unmix_map_mean(vtr_unmix_fraction *out, const vtr_unmix_map *map,
                                      const uint8_t *region, const vtr_correlation *correlation,
                                      vtr_error *err);
/* Fractions out[k] of a simplex over a region [n_positions] (NULL: all). Corners that move change the shares of every
 * position alike, so the range of the whole map gives that of the region: exactly for k = 2; for k = 3 over moves of the
 * corners that keep the whole map's fractions in their range. `correlations` [k] of the maps, or NULL; used where the
 * region is the whole map. */
VTR_API vtr_status vtr_unmix_fractions(vtr_unmix_fraction *out, const vtr_simplex_result *simplex,
                                       const uint8_t *region, const vtr_correlation *correlations,
                                       vtr_error *err);

/* What is looked at to tell noise from a phase; NAN where it is not known. */
typedef struct vtr_unmix_evidence {
    vtr_unmix_pdf pdf;
    const vtr_correlation *correlation; /* of its map, or NULL */
    double extent;                      /* of the simplex, for its last component; vtr_simplex_result */
    double returns;                     /* vtr_nmf_consensus */
} vtr_unmix_evidence;

enum {
    VTR_UNMIX_NOISE_FAST = 1,     /* G oscillates faster than shells of neighbours do */
    VTR_UNMIX_NOISE_LOW_R = 2,    /* structure where no atom can be */
    VTR_UNMIX_NOISE_NO_PEAK = 4,  /* no first neighbour where atoms have one */
    VTR_UNMIX_NOISE_EXTENT = 8,   /* positions spread along it as noise alone does */
    VTR_UNMIX_NOISE_RETURNS = 16, /* other starts do not find it */
    VTR_UNMIX_NOISE_MAP = 32,     /* neighbours in its map are not alike */
};

/* Each figure and what it says; a verdict, never a reason to leave the component out. */
typedef struct vtr_unmix_verdict {
    double fast; /* share of F's squares in the upper half of [qmin, qmax] */
    double
        low_r; /* rms of G less its line below 0.7 of the first distance, over the height of the first peak */
    double extent, returns;
    double structure; /* share of the map's variance that is not noise */
    unsigned against; /* bits above */
    bool is_noise;
    char reason[400]; /* plain words */
} vtr_unmix_verdict;

/* out[k]. A component is noise where its extent or its map says so, or two other figures do. */
VTR_API vtr_status vtr_unmix_judge(vtr_unmix_verdict *out, size_t k, const vtr_unmix_evidence *evidence,
                                   vtr_error *err);

/* What is compared of two specimens. */
typedef enum vtr_unmix_quantity {
    VTR_UNMIX_FIRST_PEAK,
    VTR_UNMIX_FIRST_FWHM,
    VTR_UNMIX_SECOND_PEAK,
    VTR_UNMIX_SHOULDER,
    VTR_UNMIX_FRACTION,
    VTR_UNMIX_LENGTH,
    VTR_UNMIX_QUANTITIES
} vtr_unmix_quantity;
VTR_API const char *vtr_unmix_quantity_name(vtr_unmix_quantity quantity); /* "first_peak" ... */
VTR_API const char *vtr_unmix_quantity_unit(vtr_unmix_quantity quantity); /* "angstrom", "1", "nm" */

/* One specimen as it was read; each pointer [k], fractions and correlations may be NULL. All components have the same
 * distances. */
typedef struct vtr_unmix_specimen {
    size_t k;
    const vtr_unmix_pdf *pdfs;
    const vtr_unmix_peaks *peaks;
    const vtr_unmix_fraction *fractions;
    const vtr_correlation *correlations;
} vtr_unmix_specimen;

typedef struct vtr_unmix_difference {
    double a, b, difference; /* b - a */
    double error;            /* of both, independent of each other; NAN where one is not known */
    double significance;     /* |difference|/error */
    double range[2];         /* over the ranges of both; the difference and two errors where they have none */
    bool is_certain;         /* the range is on one side of zero */
} vtr_unmix_difference;

typedef struct vtr_unmix_comparison {
    size_t k;
    size_t match[VTR_UNMIX_COMPONENTS_MAX];       /* component i of a is match[i] of b */
    double correlation[VTR_UNMIX_COMPONENTS_MAX]; /* of the two G */
    vtr_unmix_difference difference[VTR_UNMIX_COMPONENTS_MAX][VTR_UNMIX_QUANTITIES];
} vtr_unmix_comparison;

/* VTR_ERR_ARGUMENT: another number of components; VTR_ERR_SHAPE: no common distances. Of the first peak the intrinsic one is
 * compared where both have it. The fraction's error is that of a sample where it is known. */
VTR_API vtr_status vtr_unmix_compare(vtr_unmix_comparison *out, const vtr_unmix_specimen *a,
                                     const vtr_unmix_specimen *b, vtr_error *err);

VTR_END_DECLS

#endif
