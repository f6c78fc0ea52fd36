/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "band/band_internal.h"
#include "base/fourier.h"

/* The matched filter: for an inclusion at every position and of every radius, weighted least squares of its amplitudes
 * (c, s, d) to all components of strain at once.
 *
 *   score_k(x) = sum_pj  T_jk(p - x) w_j(p) v_j(p),     F_kl(x) = sum_pj  T_jk(p - x) w_j(p) U_jl(p - x),
 *   chi^2 = score . F^-1 score,   3 degrees of freedom where there is none,
 *
 * U the field of an inclusion and T the same whitened by the matrix: in Fourier space T = U s/(s + P), s the noise of
 * the error bars and P the power of the matrix's random strain. Without matrix T = U. Missing positions have w = 0. */
enum { N_AMPLITUDES = 3, N_PAIRS = 6 };
static const int pair_first[N_PAIRS] = {0, 1, 2, 0, 0, 1}, pair_second[N_PAIRS] = {0, 1, 2, 1, 2, 2};

/* What of one radius stays over all residuals. */
typedef struct bank {
    fftw_complex *kernel[VTR_TCS][N_AMPLITUDES]; /* conjugated transforms of T */
    double *inverse;                             /* [n][N_PAIRS] F^-1; 0 where too little is in view */
    double *score[N_AMPLITUDES];                 /* [n] of the last residual */
} bank;

struct vtr_band_filter {
    const vtr_band_maps *maps;
    size_t n_y, n_x, n_half; /* padded */
    size_t n_banks, n_trials;
    bank *banks;
    double *plane;
    fftw_complex *data[VTR_TCS], *sum;
    vtr_fourier fourier;
};

static void release_bank(bank *b)
{
    for (int k = 0; k < N_AMPLITUDES; k++) {
        for (int j = 0; j < VTR_TCS; j++)
            vtr_free(b->kernel[j][k]);
        vtr_free(b->score[k]);
    }
    vtr_free(b->inverse);
}

void vtr_band_filter_free(vtr_band_filter *f)
{
    if (f == NULL) return;
    for (size_t r = 0; f->banks != NULL && r < f->n_banks; r++)
        release_bank(&f->banks[r]);
    vtr_free(f->banks);
    vtr_free(f->plane);
    for (int j = 0; j < VTR_TCS; j++)
        vtr_free(f->data[j]);
    vtr_free(f->sum);
    vtr_fourier_release(&f->fourier);
    vtr_free(f);
}

static bool allocate_bank(bank *b, size_t n, size_t n_spectrum)
{
    bool is_short = false;
    for (int k = 0; k < N_AMPLITUDES; k++) {
        for (int j = 0; j < VTR_TCS; j++) {
            b->kernel[j][k] = vtr_malloc(n_spectrum, sizeof(fftw_complex));
            is_short = is_short || b->kernel[j][k] == NULL;
        }
        b->score[k] = vtr_malloc(n, sizeof(double));
        is_short = is_short || b->score[k] == NULL;
    }
    b->inverse = vtr_calloc(n * N_PAIRS, sizeof(double));
    return !is_short && b->inverse != NULL;
}

static vtr_status allocate(vtr_band_filter *f, vtr_error *err)
{
    size_t n_spectrum = f->n_y * f->n_half;
    bool is_short = false;
    f->banks = vtr_calloc(f->n_banks, sizeof *f->banks);
    f->plane = vtr_malloc(f->n_y * f->n_x, sizeof(double));
    f->sum = vtr_malloc(n_spectrum, sizeof(fftw_complex));
    for (int j = 0; j < VTR_TCS; j++) {
        f->data[j] = vtr_malloc(n_spectrum, sizeof(fftw_complex));
        is_short = is_short || f->data[j] == NULL;
    }
    is_short = is_short || f->banks == NULL || f->plane == NULL || f->sum == NULL;
    for (size_t r = 0; !is_short && r < f->n_banks; r++)
        is_short = !allocate_bank(&f->banks[r], f->maps->n, n_spectrum);
    if (is_short) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the filter of inclusions");
    if (!vtr_fourier_create(&f->fourier, f->n_y, f->n_x, f->plane, f->sum, FFTW_ESTIMATE | FFTW_UNALIGNED))
        return vtr_fail(err, VTR_ERR_NUMERIC, "no Fourier transform of %zu x %zu", f->n_y, f->n_x);
    return VTR_OK;
}

/* Distance of an index of the periodic plane from 0, in steps, with its sign. */
static double signed_index(size_t i, size_t n)
{
    return i <= n / 2 ? (double)i : (double)i - (double)n;
}

/* U_jk over the plane, cut off at four radii (and four steps), as wide as the padding allows. */
static void draw_template(vtr_band_filter *f, const vtr_core *core, int j, int k)
{
    double reach = 4 * core->radius_nm + 4 * f->maps->step;
    for (size_t y = 0; y < f->n_y; y++)
        for (size_t x = 0; x < f->n_x; x++) {
            double dy = f->maps->step_y * signed_index(y, f->n_y);
            double dx = f->maps->step_x * signed_index(x, f->n_x), basis[VTR_TCS][3];
            bool is_inside = dy * dy + dx * dx <= reach * reach;
            if (is_inside) vtr_core_strain(basis, core, dy, dx);
            f->plane[y * f->n_x + x] = is_inside ? basis[j][k] : 0;
        }
}

/* s/(s + P) of every wave of a component, on the half plane. */
static void whitening(double *factor, vtr_band_filter *f, const vtr_matrix_strain *matrix, int j)
{
    double noise = 0;
    for (size_t i = 0; i < f->maps->n; i++)
        if (vtr_band_is_valid(f->maps, i)) noise += 1 / f->maps->weight[j][i];
    noise /= (double)f->maps->n_valid;
    for (size_t y = 0; y < f->n_y; y++)
        for (size_t x = 0; x < f->n_x; x++)
            f->plane[y * f->n_x + x] =
                matrix->variance[j] *
                vtr_matrix_correlation(matrix, hypot(f->maps->step_y * signed_index(y, f->n_y),
                                                     f->maps->step_x * signed_index(x, f->n_x)));
    fftw_execute_dft_r2c(f->fourier.forward, f->plane, f->sum);
    for (size_t i = 0; i < f->n_y * f->n_half; i++)
        factor[i] = noise / (noise + fmax(0, f->sum[i][0]));
}

static void multiply_conjugated(fftw_complex *sum, const fftw_complex *a, const fftw_complex *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sum[i][0] += a[i][0] * b[i][0] + a[i][1] * b[i][1];
        sum[i][1] += a[i][0] * b[i][1] - a[i][1] * b[i][0];
    }
}

/* The part of the plane that is the map, over the transform's scale. */
static void take_map(double *out, size_t stride, const vtr_band_filter *f)
{
    double scale = 1 / (double)(f->n_y * f->n_x);
    for (size_t y = 0; y < f->maps->n_y; y++)
        for (size_t x = 0; x < f->maps->n_x; x++)
            out[(y * f->maps->n_x + x) * stride] = f->plane[y * f->n_x + x] * scale;
}

/* Spectrum of a map times its weights; of the weights alone where `map` is NULL. */
static void transform_map(fftw_complex *out, vtr_band_filter *f, int j, const double *map)
{
    const vtr_band_maps *m = f->maps;
    memset(f->plane, 0, f->n_y * f->n_x * sizeof(double));
    for (size_t y = 0; y < m->n_y; y++)
        for (size_t x = 0; x < m->n_x; x++) {
            size_t i = y * m->n_x + x;
            f->plane[y * f->n_x + x] = m->weight[j][i] * (map != NULL ? map[i] : 1);
        }
    fftw_execute_dft_r2c(f->fourier.forward, f->plane, out);
}

/* Templates of one radius: U and T as planes in `room` [2][j][k], T's spectra in the bank. */
static void fill_kernels(vtr_band_filter *f, bank *b, double *room, const vtr_core *core,
                         double *const factor[VTR_TCS])
{
    size_t n = f->n_y * f->n_x, n_spectrum = f->n_y * f->n_half;
    for (int j = 0; j < VTR_TCS; j++)
        for (int k = 0; k < N_AMPLITUDES; k++) {
            double *u = room + (size_t)(j * N_AMPLITUDES + k) * n, *t = u + VTR_TCS * N_AMPLITUDES * n;
            fftw_complex *kernel = b->kernel[j][k];
            draw_template(f, core, j, k);
            memcpy(u, f->plane, n * sizeof *u);
            fftw_execute_dft_r2c(f->fourier.forward, f->plane, kernel);
            for (size_t i = 0; i < n_spectrum; i++) {
                kernel[i][0] *= factor[j][i];
                kernel[i][1] *= factor[j][i];
            }
            memcpy(f->sum, kernel, n_spectrum * sizeof *f->sum);
            fftw_execute_dft_c2r(f->fourier.backward, f->sum, f->plane);
            for (size_t i = 0; i < n; i++)
                t[i] = f->plane[i] / (double)n;
        }
}

/* F of every position into bank->inverse, before it is inverted. */
static void fill_information(vtr_band_filter *f, bank *b, const double *room,
                             fftw_complex *const weights[VTR_TCS], fftw_complex *spectrum)
{
    size_t n = f->n_y * f->n_x, n_spectrum = f->n_y * f->n_half;
    for (int q = 0; q < N_PAIRS; q++) {
        memset(f->sum, 0, n_spectrum * sizeof *f->sum);
        for (int j = 0; j < VTR_TCS; j++) {
            const double *uk = room + (size_t)(j * N_AMPLITUDES + pair_first[q]) * n,
                         *ul = room + (size_t)(j * N_AMPLITUDES + pair_second[q]) * n;
            const double *tk = uk + VTR_TCS * N_AMPLITUDES * n, *tl = ul + VTR_TCS * N_AMPLITUDES * n;
            for (size_t i = 0; i < n; i++)
                f->plane[i] = 0.5 * (tk[i] * ul[i] + tl[i] * uk[i]);
            fftw_execute_dft_r2c(f->fourier.forward, f->plane, spectrum);
            multiply_conjugated(f->sum, spectrum, weights[j], n_spectrum);
        }
        fftw_execute_dft_c2r(f->fourier.backward, f->sum, f->plane);
        take_map(b->inverse + q, N_PAIRS, f);
    }
}

/* Inverse of a symmetric 3 x 3 matrix packed by pairs; false where it is not positive. */
static bool invert(double a[N_PAIRS])
{
    double xx = a[0], yy = a[1], zz = a[2], xy = a[3], xz = a[4], yz = a[5];
    double cxx = yy * zz - yz * yz, cxy = xz * yz - xy * zz, cxz = xy * yz - xz * yy;
    double det = xx * cxx + xy * cxy + xz * cxz;
    if (!(xx > 0 && yy > 0 && zz > 0 && det > 1e-9 * xx * yy * zz)) return false;
    const double out[N_PAIRS] = {cxx / det, (xx * zz - xz * xz) / det, (xx * yy - xy * xy) / det, cxy / det,
                                 cxz / det, (xy * xz - xx * yz) / det};
    memcpy(a, out, sizeof out);
    return true;
}

/* Positions with too little in view, at edges and holes, are left out: a third of the largest information. */
static void invert_information(vtr_band_filter *f, bank *b)
{
    double largest[N_AMPLITUDES] = {0};
    size_t n = f->maps->n;
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < N_AMPLITUDES; k++)
            largest[k] = fmax(largest[k], b->inverse[i * N_PAIRS + (size_t)k]);
    for (size_t i = 0; i < n; i++) {
        double *a = b->inverse + i * N_PAIRS;
        bool is_seen = true;
        for (int k = 0; k < N_AMPLITUDES; k++)
            is_seen = is_seen && a[k] > largest[k] / 3;
        if (is_seen && invert(a))
            f->n_trials++;
        else
            memset(a, 0, N_PAIRS * sizeof *a);
    }
}

static vtr_status fill(vtr_band_filter *f, const vtr_matrix_strain *matrix, const vtr_core *core,
                       const double *radii_nm, vtr_error *err)
{
    size_t n = f->n_y * f->n_x, n_spectrum = f->n_y * f->n_half;
    double *room = vtr_malloc(2 * VTR_TCS * N_AMPLITUDES * n, sizeof *room), *factor[VTR_TCS] = {NULL};
    fftw_complex *spectrum = vtr_malloc(n_spectrum, sizeof *spectrum);
    bool is_short = room == NULL || spectrum == NULL;
    for (int j = 0; j < VTR_TCS; j++) {
        factor[j] = vtr_malloc(n_spectrum, sizeof(double));
        is_short = is_short || factor[j] == NULL;
    }
    if (!is_short) {
        for (int j = 0; j < VTR_TCS; j++) {
            whitening(factor[j], f, matrix, j);
            transform_map(f->data[j], f, j, NULL);
        }
        for (size_t r = 0; r < f->n_banks; r++) {
            vtr_core at = *core;
            at.radius_nm = radii_nm[r];
            fill_kernels(f, &f->banks[r], room, &at, factor);
            fill_information(f, &f->banks[r], room, f->data, spectrum);
            invert_information(f, &f->banks[r]);
        }
    }
    for (int j = 0; j < VTR_TCS; j++)
        vtr_free(factor[j]);
    vtr_free(spectrum);
    vtr_free(room);
    return is_short ? vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the filter of inclusions") : VTR_OK;
}

vtr_status vtr_band_filter_create(vtr_band_filter **out, const vtr_band_maps *maps,
                                  const vtr_matrix_strain *matrix, const vtr_core *core,
                                  const double *radii_nm, size_t n_radii, vtr_error *err)
{
    vtr_band_filter *f = vtr_calloc(1, sizeof *f);
    if (f == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the filter of inclusions");
    double reach = 4 * radii_nm[n_radii - 1] + 4 * maps->step;
    f->maps = maps;
    f->n_y = vtr_fourier_size(maps->n_y + (size_t)(reach / maps->step_y) + 1);
    f->n_x = vtr_fourier_size(maps->n_x + (size_t)(reach / maps->step_x) + 1);
    f->n_half = f->n_x / 2 + 1;
    f->n_banks = n_radii;
    vtr_status status = allocate(f, err);
    if (status == VTR_OK) status = fill(f, matrix, core, radii_nm, err);
    if (status != VTR_OK) {
        vtr_band_filter_free(f);
        return status;
    }
    *out = f;
    return VTR_OK;
}

void vtr_band_filter_amplitude(const vtr_band_filter *f, double amplitude[3], size_t position, size_t radius)
{
    const bank *b = &f->banks[radius];
    const double *a = b->inverse + position * N_PAIRS;
    double s[3] = {b->score[0][position], b->score[1][position], b->score[2][position]};
    amplitude[0] = a[0] * s[0] + a[3] * s[1] + a[4] * s[2];
    amplitude[1] = a[3] * s[0] + a[1] * s[1] + a[5] * s[2];
    amplitude[2] = a[4] * s[0] + a[5] * s[1] + a[2] * s[2];
}

void vtr_band_filter_apply(vtr_band_filter *f, double *chi2, unsigned char *radius,
                           double *const residual[VTR_TCS])
{
    size_t n_spectrum = f->n_y * f->n_half;
    for (int j = 0; j < VTR_TCS; j++)
        transform_map(f->data[j], f, j, residual[j]);
    memset(chi2, 0, f->maps->n * sizeof *chi2);
    memset(radius, 0, f->maps->n);
    for (size_t r = 0; r < f->n_banks; r++) {
        bank *b = &f->banks[r];
        for (int k = 0; k < N_AMPLITUDES; k++) {
            memset(f->sum, 0, n_spectrum * sizeof *f->sum);
            for (int j = 0; j < VTR_TCS; j++)
                multiply_conjugated(f->sum, b->kernel[j][k], f->data[j], n_spectrum);
            fftw_execute_dft_c2r(f->fourier.backward, f->sum, f->plane);
            take_map(b->score[k], 1, f);
        }
        for (size_t i = 0; i < f->maps->n; i++) {
            double a[3], sum = 0;
            vtr_band_filter_amplitude(f, a, i, r);
            for (int k = 0; k < N_AMPLITUDES; k++)
                sum += a[k] * b->score[k][i];
            if (sum <= chi2[i]) continue;
            chi2[i] = sum;
            radius[i] = (unsigned char)r;
        }
    }
}

size_t vtr_band_filter_trials(const vtr_band_filter *f)
{
    return f->n_trials;
}
