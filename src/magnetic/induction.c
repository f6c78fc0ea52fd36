/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "magnetic/magnetic_internal.h"
#include "vitrail/constants.h"

/* Camera lengths whose pixels differ by less count as one: k scales from rings agree to better than that. */
static const double same_camera_length = 0.01;

/* The beam of every position less the descan, px, in the detector's frame. */
typedef struct offsets {
    double *x, *y, *x_variance, *y_variance;
} offsets;

static void fill_params(vtr_magnetic *m, const vtr_beam_map *beam)
{
    vtr_magnetic_params *p = &m->params;
    if (isnan(p->scan_rotation_degrees)) p->scan_rotation_degrees = beam->scan_rotation_degrees;
    if (p->flip == VTR_FLIP_RECORDED) p->flip = beam->is_flipped ? VTR_FLIP_YES : VTR_FLIP_NO;
    if (isnan(p->k_step_inv_angstrom)) p->k_step_inv_angstrom = beam->k_step_inv_angstrom;
    if (isnan(p->beam_energy_kev)) p->beam_energy_kev = beam->beam_energy_kev;
    memcpy(m->scan_step_nm, beam->scan_step_nm, sizeof m->scan_step_nm);
}

/* Glasses have 0.1 to 50 ppm: what is far below is a fraction, typed where ppm are wanted. */
static const double least_magnetostriction_ppm = 0.01;

static vtr_status check_params(const vtr_magnetic_params *p, vtr_error *err)
{
    double ppm = p->magnetostriction_ppm;
    if (ppm != 0 && fabs(ppm) < least_magnetostriction_ppm)
        return vtr_fail(err, VTR_ERR_ARGUMENT,
                        "a magnetostriction of %g ppm is next to none; it is given in ppm: %g for %g", ppm,
                        1e6 * ppm, ppm);
    if (!(p->k_step_inv_angstrom > 0))
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "the size of a pixel is not known, so the beam's path is no angle; calibrate the recording's k "
            "scale or give --k-step");
    if (!(p->beam_energy_kev > 0))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the beam energy is not known; give --beam-energy");
    return VTR_OK;
}

static vtr_status check_vacuum(vtr_magnetic *m, const vtr_magnetic_input *input, vtr_error *err)
{
    m->has_vacuum = input->vacuum != NULL;
    m->vacuum_k_ratio = m->vacuum_noise_px = NAN;
    if (m->params.descan == VTR_MAGNETIC_DESCAN_AUTO)
        m->params.descan = m->has_vacuum ? VTR_MAGNETIC_DESCAN_NONE : VTR_MAGNETIC_DESCAN_PLANE;
    if (!m->has_vacuum && m->params.descan == VTR_MAGNETIC_DESCAN_NONE)
        return vtr_fail(
            err, VTR_ERR_ARGUMENT,
            "nothing says where the beam would be without deflection; give --vacuum, or a surface with "
            "--descan and --region");
    if (!m->has_vacuum) return VTR_OK;
    m->vacuum_k_ratio = input->vacuum->k_step_inv_angstrom / input->beam->k_step_inv_angstrom;
    if (isnan(m->vacuum_k_ratio)) {
        vtr_magnetic_note(m,
                          "the camera lengths of recording and vacuum are not both known; taken as the same");
        m->vacuum_k_ratio = 1;
    } else if (fabs(m->vacuum_k_ratio - 1) <= same_camera_length) {
        m->vacuum_k_ratio = 1;
    } else if (!m->params.scale_vacuum) {
        return vtr_fail(
            err, VTR_ERR_RANGE,
            "the vacuum was recorded with %.5g 1/Å per px, the recording with %.5g: another camera length; "
            "--scale-vacuum takes its path all the same",
            input->vacuum->k_step_inv_angstrom, input->beam->k_step_inv_angstrom);
    } else {
        vtr_magnetic_note(
            m,
            "the vacuum's path is scaled by %.4f from another camera length, whose zero is another one: "
            "the mean deflection of the region is lost",
            m->vacuum_k_ratio);
        if (m->params.descan == VTR_MAGNETIC_DESCAN_NONE) m->params.descan = VTR_MAGNETIC_DESCAN_CONSTANT;
    }
    return VTR_OK;
}

static bool has_beam(const vtr_beam_map *map, size_t i)
{
    return isfinite(map->x_px[i]) && isfinite(map->y_px[i]);
}

/* The root mean square standard deviation of the vacuum as it is subtracted. */
static double noise_of(const double *x_variance, const double *y_variance, size_t n)
{
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x_variance[i] + y_variance[i])) continue;
        sum += 0.5 * (x_variance[i] + y_variance[i]);
        count++;
    }
    return count > 0 ? sqrt(sum / count) : NAN;
}

static void squares(double *variance, const double *errors, size_t n)
{
    for (size_t i = 0; i < n; i++)
        variance[i] = errors[i] * errors[i];
}

/* The vacuum's path at the recording's positions, with its variances. */
static vtr_status resample_vacuum(vtr_magnetic *m, offsets *out, const vtr_beam_map *vacuum, vtr_error *err)
{
    size_t n_old = vacuum->n_y * vacuum->n_x, n = m->n_y * m->n_x;
    vtr_stencil along_y = {0}, along_x = {0};
    double *variance = vtr_malloc(2 * n_old, sizeof *variance), ratio = m->vacuum_k_ratio;
    vtr_status status =
        variance != NULL ? VTR_OK : vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the vacuum");
    if (status == VTR_OK) status = vtr_stencil_create(&along_y, vacuum->n_y, m->n_y, err);
    if (status == VTR_OK) status = vtr_stencil_create(&along_x, vacuum->n_x, m->n_x, err);
    if (status == VTR_OK) {
        squares(variance, vacuum->x_errors_px, n_old);
        squares(variance + n_old, vacuum->y_errors_px, n_old);
    }
    const struct {
        double *to;
        const double *from;
        double factor;
        bool is_variance;
    } maps[4] = {{out->x, vacuum->x_px, ratio, false},
                 {out->y, vacuum->y_px, ratio, false},
                 {out->x_variance, variance, ratio * ratio, true},
                 {out->y_variance, variance + n_old, ratio * ratio, true}};
    for (size_t k = 0; k < 4 && status == VTR_OK; k++)
        for (size_t i = 0; i < n; i++)
            maps[k].to[i] = maps[k].factor * vtr_stencil_apply(&along_y, &along_x, maps[k].from, vacuum->n_x,
                                                               i / m->n_x, i % m->n_x, maps[k].is_variance);
    if (status == VTR_OK) m->vacuum_noise_px = noise_of(out->x_variance, out->y_variance, n);
    vtr_stencil_release(&along_y);
    vtr_stencil_release(&along_x);
    vtr_free(variance);
    return status;
}

/* The vacuum's noise, in steps wider by a ratio r, is common to r^2 neighbours: a sum over them has up to r^2 times the
 * variance of independent ones. */
static void set_sum_factor(vtr_magnetic *m, size_t i, double vacuum_variance, double variance,
                           const vtr_beam_map *vacuum)
{
    double ratio =
        fmax((double)m->n_y / (double)vacuum->n_y, 1) * fmax((double)m->n_x / (double)vacuum->n_x, 1);
    m->sum_factor[i] = variance > 0 ? 1 + vacuum_variance / variance * (ratio - 1) : 1;
}

/* The beam less the vacuum. */
static vtr_status set_offsets(vtr_magnetic *m, offsets *o, const vtr_magnetic_input *input, vtr_error *err)
{
    const vtr_beam_map *beam = input->beam;
    size_t n = m->n_y * m->n_x;
    vtr_status status = VTR_OK;
    if (m->has_vacuum) {
        status = resample_vacuum(m, o, input->vacuum, err);
    } else {
        for (size_t i = 0; i < n; i++)
            o->x[i] = o->y[i] = o->x_variance[i] = o->y_variance[i] = 0;
    }
    for (size_t i = 0; i < n && status == VTR_OK; i++) {
        o->x[i] = beam->x_px[i] - o->x[i];
        o->y[i] = beam->y_px[i] - o->y[i];
        double of_vacuum = o->x_variance[i] + o->y_variance[i];
        o->x_variance[i] += beam->x_errors_px[i] * beam->x_errors_px[i];
        o->y_variance[i] += beam->y_errors_px[i] * beam->y_errors_px[i];
        if (m->has_vacuum)
            set_sum_factor(m, i, of_vacuum, o->x_variance[i] + o->y_variance[i], input->vacuum);
        else
            m->sum_factor[i] = 1;
        bool is_there = isfinite(o->x[i]) && isfinite(o->y[i]);
        m->n_valid += is_there;
        if (!is_there) o->x[i] = o->y[i] = NAN;
    }
    m->n_lost = n - m->n_valid;
    if (status == VTR_OK && m->n_valid == 0)
        return vtr_fail(err, VTR_ERR_NO_DATA, "no position has a direct beam%s: there is nothing to deflect",
                        m->has_vacuum ? " here and in the vacuum" : "");
    return status;
}

static size_t terms_of(int descan)
{
    return descan == VTR_MAGNETIC_DESCAN_CONSTANT ? 1
           : descan == VTR_MAGNETIC_DESCAN_PLANE  ? 3
           : descan == VTR_MAGNETIC_DESCAN_NONE   ? 0
                                                  : 6;
}

static double quadratic_form(const double t[6], const double c[6][6], size_t n)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++)
        for (size_t k = 0; k < n; k++)
            sum += t[j] * c[j][k] * t[k];
    return sum;
}

/* What a surface takes away with the descan cannot be known from it: the note says so. */
static void note_surface(vtr_magnetic *m)
{
    const vtr_magnetic_surface *s = &m->surface;
    static const char *const lost[] = {"the mean field", "the mean field and its gradients",
                                       "the mean field, its gradients and curvatures"};
    if (s->is_whole_map)
        vtr_magnetic_note(
            m, "the descan surface is fitted to the whole map and takes out real long-range fields; choose "
               "regions without field with --region, or record a vacuum");
    vtr_magnetic_note(
        m, "the descan surface sets %s of the region (%zu positions) to zero: the field is relative to that",
        lost[s->n_coefficients == 1   ? 0
             : s->n_coefficients == 3 ? 1
                                      : 2],
        s->n_used);
}

static vtr_status take_surface(vtr_magnetic *m, offsets *o, const unsigned char *region, vtr_error *err)
{
    size_t n_terms = terms_of(m->params.descan);
    if (n_terms == 0) return VTR_OK;
    vtr_magnetic_surface *s = &m->surface;
    vtr_status status =
        vtr_surface_fit(s, n_terms, m->n_y, m->n_x, o->x, o->y, o->x_variance, o->y_variance, region, err);
    if (status != VTR_OK) return status;
    for (size_t i = 0; i < m->n_y * m->n_x; i++) {
        double t[6];
        vtr_surface_terms(t, m->n_y, m->n_x, i);
        for (size_t j = 0; j < n_terms; j++) {
            o->x[i] -= s->cx[j] * t[j];
            o->y[i] -= s->cy[j] * t[j];
        }
        o->x_variance[i] += quadratic_form(t, s->cx_covariance, n_terms);
        o->y_variance[i] += quadratic_form(t, s->cy_covariance, n_terms);
    }
    note_surface(m);
    return VTR_OK;
}

/* px on the detector to rad in the scan's frame: lambda k_step T^-1 W, T = R(rotation) diag(1, -1 if flip). */
static void set_matrix(double matrix[2][2], const vtr_magnetic *m, const double w[3])
{
    double angle = m->params.scan_rotation_degrees * VTR_RADIANS_PER_DEGREE, c = cos(angle), s = sin(angle);
    double sign = m->params.flip == VTR_FLIP_YES ? -1 : 1, f = m->rad_per_px;
    const double inverse[2][2] = {{c, s}, {-sign * s, sign * c}};
    for (size_t i = 0; i < 2; i++) {
        matrix[i][0] = f * (inverse[i][0] * w[0] + inverse[i][1] * w[2]);
        matrix[i][1] = f * (inverse[i][0] * w[2] + inverse[i][1] * w[1]);
    }
}

/* Field per rad of deflection as the matrix of (Fx, Fy): T nm of B t, V of E t. */
static void set_field_matrix(double field[2][2], const vtr_magnetic *m)
{
    double lambda_m = 1e-10 * vtr_electron_wavelength_angstrom(m->params.beam_energy_kev);
    double momentum_per_charge = VTR_PLANCK_J_S / (VTR_ELEMENTARY_CHARGE_C * lambda_m); /* T m */
    memset(field, 0, 4 * sizeof(double));
    if (m->is_electric) {
        field[0][0] = field[1][1] = -momentum_per_charge * vtr_electron_speed_m_s(m->params.beam_energy_kev);
    } else {
        field[0][1] = -1e9 * momentum_per_charge;
        field[1][0] = 1e9 * momentum_per_charge;
    }
}

/* v' = M v, C' = M C M^T of a covariance (xx, yy, xy). */
static void transform(double vector[2], double covariance[3], const double m[2][2], const double v[2],
                      const double c[3])
{
    const double in[2] = {v[0], v[1]}, cin[3] = {c[0], c[1], c[2]};
    double mc[2][2];
    for (size_t i = 0; i < 2; i++) {
        vector[i] = m[i][0] * in[0] + m[i][1] * in[1];
        mc[i][0] = m[i][0] * cin[0] + m[i][1] * cin[2];
        mc[i][1] = m[i][0] * cin[2] + m[i][1] * cin[1];
    }
    covariance[0] = mc[0][0] * m[0][0] + mc[0][1] * m[0][1];
    covariance[1] = mc[1][0] * m[1][0] + mc[1][1] * m[1][1];
    covariance[2] = mc[0][0] * m[1][0] + mc[0][1] * m[1][1];
}

static vtr_status add_pair(vtr_field_map *pair[2], vtr_magnetic *m, const char *const names[2],
                           const char *unit, const char *const texts[2], vtr_error *err)
{
    for (size_t k = 0; k < 2; k++) {
        pair[k] = vtr_magnetic_add_map(m, names[k], unit, texts[k], true, err);
        if (pair[k] == NULL) return VTR_ERR_MEMORY;
    }
    return VTR_OK;
}

static void store(vtr_field_map *pair[2], size_t i, const double vector[2], const double covariance[3])
{
    for (size_t k = 0; k < 2; k++) {
        pair[k]->values[i] = (float)vector[k];
        pair[k]->errors[i] = (float)sqrt(covariance[k]);
    }
}

/* Deflection in rad in the scan's frame; `projected` and `covariance` become those of B t or E t. */
static vtr_status set_projected(vtr_magnetic *m, double *projected, double *covariance, const offsets *o,
                                const double w[3], vtr_error *err)
{
    static const char *const names[2] = {"deflection_x", "deflection_y"};
    static const char *const texts[2] = {"deflection along x of the scan", "deflection along y of the scan"};
    vtr_field_map *deflection[2];
    double to_scan[2][2], to_field[2][2];
    vtr_status status = add_pair(deflection, m, names, "rad", texts, err);
    if (status != VTR_OK) return status;
    set_matrix(to_scan, m, w);
    set_field_matrix(to_field, m);
    for (size_t i = 0; i < m->n_y * m->n_x; i++) {
        const double v[2] = {o->x[i], o->y[i]}, c[3] = {o->x_variance[i], o->y_variance[i], 0};
        transform(projected + 2 * i, covariance + 3 * i, to_scan, v, c);
        store(deflection, i, projected + 2 * i, covariance + 3 * i);
        transform(projected + 2 * i, covariance + 3 * i, to_field, projected + 2 * i, covariance + 3 * i);
    }
    return VTR_OK;
}

void vtr_magnetic_direction(double *degrees, double *error, const double vector[2], const double c[3])
{
    double length2 = vector[0] * vector[0] + vector[1] * vector[1], uniform = 2 * VTR_PI / sqrt(12);
    double across = length2 > 0 ? (vector[1] * vector[1] * c[0] + vector[0] * vector[0] * c[1] -
                                   2 * vector[0] * vector[1] * c[2]) /
                                      length2
                                : 0.5 * (c[0] + c[1]);
    double true_length2 = fmax(length2 - c[0] - c[1], 0); /* noise makes a vector longer */
    double angle = atan2(vector[1], vector[0]) / VTR_RADIANS_PER_DEGREE;
    *degrees = angle > -180 ? angle : 180;
    /* 1/sqrt(1/linear^2 + 1/uniform^2), linear^2 = across/length^2 */
    double part = across > 0    ? sqrt(across / (across + true_length2 * uniform * uniform))
                  : length2 > 0 ? 0
                                : 1;
    *error = isfinite(across) ? part * uniform / VTR_RADIANS_PER_DEGREE : NAN;
}

/* Names, unit and texts of the field: magnetic or electric, with a thickness or times it. */
static const struct field_words {
    const char *pair[2], *length, *angle, *unit, *pair_text[2], *length_text, *angle_text;
} words[2][2] = {
    {{{"Btx", "Bty"},
      "Bt",
      "B_angle",
      "T nm",
      {"Bx times thickness", "By times thickness"},
      "in-plane induction times thickness",
      "direction of B, from +x towards +y"},
     {{"Bx", "By"},
      "B",
      "B_angle",
      "T",
      {"induction along x", "induction along y"},
      "in-plane induction",
      "direction of B, from +x towards +y"}},
    {{{"Etx", "Ety"},
      "Et",
      "E_angle",
      "V",
      {"Ex times thickness", "Ey times thickness"},
      "in-plane electric field times thickness",
      "direction of E, from +x towards +y"},
     {{"Ex", "Ey"},
      "E",
      "E_angle",
      "V/m",
      {"electric field along x", "electric field along y"},
      "in-plane electric field",
      "direction of E, from +x towards +y"}},
};

/* Divides by the thickness; its own error is that of every length, the same for all positions. */
static void divide(double vector[2], double covariance[3], double common[3], const vtr_magnetic *m,
                   double thickness_nm)
{
    double unit = m->is_electric ? 1e9 : 1, factor = thickness_nm > 0 ? unit / thickness_nm : NAN;
    for (size_t k = 0; k < 2; k++)
        vector[k] *= factor;
    for (size_t k = 0; k < 3; k++)
        covariance[k] *= factor * factor;
    double relative = m->params.thickness_error_nm / thickness_nm, square = relative * relative;
    common[0] = square * vector[0] * vector[0];
    common[1] = square * vector[1] * vector[1];
    common[2] = square * vector[0] * vector[1];
}

static vtr_status set_field(vtr_magnetic *m, const double *thickness_nm, vtr_error *err)
{
    const struct field_words *w = &words[m->is_electric][m->has_thickness];
    vtr_field_map *pair[2], *length = NULL, *angle = NULL;
    vtr_status status = add_pair(pair, m, w->pair, w->unit, w->pair_text, err);
    if (status == VTR_OK) length = vtr_magnetic_add_map(m, w->length, w->unit, w->length_text, false, err);
    if (length != NULL) angle = vtr_magnetic_add_map(m, w->angle, "degrees", w->angle_text, false, err);
    if (angle == NULL) return VTR_ERR_MEMORY;
    for (size_t i = 0; i < m->n_y * m->n_x; i++) {
        double *v = m->field + 2 * i, *c = m->covariance + 3 * i, common[3] = {0}, degrees, error;
        if (m->has_thickness) divide(v, c, common, m, thickness_nm[i]);
        if (!isfinite(v[0])) continue;
        double size = hypot(v[0], v[1]), ux = size > 0 ? v[0] / size : 1, uy = size > 0 ? v[1] / size : 0;
        const double all[3] = {c[0] + common[0], c[1] + common[1], c[2] + common[2]};
        store(pair, i, v, all);
        length->values[i] = (float)size;
        length->errors[i] = (float)sqrt(ux * ux * all[0] + uy * uy * all[1] + 2 * ux * uy * all[2]);
        vtr_magnetic_direction(&degrees, &error, v, c); /* a common length turns nothing */
        angle->values[i] = (float)degrees;
        angle->errors[i] = (float)error;
    }
    return VTR_OK;
}

/* Where the thickness is not known there is no field, and the result says where. */
static vtr_status check_thickness(vtr_magnetic *m, const double *thickness_nm, vtr_error *err)
{
    size_t n = m->n_y * m->n_x, n_missing = 0;
    for (size_t i = 0; i < n && thickness_nm != NULL; i++)
        n_missing += !(thickness_nm[i] > 0);
    if (n_missing == n)
        return vtr_fail(
            err, VTR_ERR_NO_DATA,
            "the thickness is nowhere above zero; without --thickness the result is %s times thickness",
            m->is_electric ? "E" : "B");
    if (n_missing > 0)
        vtr_magnetic_note(m, "at %zu positions the thickness is zero or missing: no %s there", n_missing,
                          m->is_electric ? "E" : "B");
    return VTR_OK;
}

static void note_beam(vtr_magnetic *m, const vtr_beam_map *beam)
{
    size_t n_ring = 0, n_saturated = 0;
    for (size_t i = 0; i < m->n_y * m->n_x; i++) {
        bool is_there = has_beam(beam, i);
        n_ring += is_there && (beam->flags[i] & VTR_FLAG_BEAM_IS_RING_CENTRE) != 0;
        n_saturated += is_there && (beam->flags[i] & VTR_FLAG_SATURATED) != 0;
    }
    if (n_ring > 0)
        vtr_magnetic_note(m, "at %zu positions the centre of the ring stands for the direct beam", n_ring);
    if (n_saturated > 0) vtr_magnetic_note(m, "at %zu positions the direct beam is saturated", n_saturated);
    if (m->n_lost > 0)
        vtr_magnetic_note(m, "%zu of %zu positions have no direct beam", m->n_lost, m->n_y * m->n_x);
    if (!m->has_thickness)
        vtr_magnetic_note(m, "without a thickness the field is %s times thickness",
                          m->is_electric ? "E" : "B");
}

/* `memory` has room for 5 numbers a position: first the offsets, later the field times thickness. */
static vtr_status compute(vtr_magnetic *m, double *memory, const vtr_magnetic_input *input, vtr_error *err)
{
    size_t n = m->n_y * m->n_x;
    double *projected = memory;
    offsets offset = {memory, memory + n, memory + 2 * n, memory + 3 * n}, *o = &offset;
    vtr_status status = set_offsets(m, o, input, err);
    if (status == VTR_OK) status = take_surface(m, o, input->region, err);
    if (status == VTR_OK) status = set_projected(m, m->field, m->covariance, o, input->beam->w, err);
    if (status == VTR_OK) {
        memcpy(projected, m->field, 2 * n * sizeof *projected);
        memcpy(projected + 2 * n, m->covariance, 3 * n * sizeof *projected);
        status = check_thickness(m, input->thickness_nm, err);
        if (status == VTR_OK) status = set_field(m, input->thickness_nm, err);
    }
    if (status == VTR_OK) status = vtr_magnetic_add_differences(m, projected, projected + 2 * n, err);
    if (status == VTR_OK) note_beam(m, input->beam);
    return status;
}

vtr_status vtr_magnetic_compute(vtr_magnetic *out, const vtr_magnetic_input *input,
                                const vtr_magnetic_params *params, vtr_error *err)
{
    size_t n = input->beam->n_y * input->beam->n_x;
    vtr_magnetic m = {
        .n_y = input->beam->n_y, .n_x = input->beam->n_x, .has_thickness = input->thickness_nm != NULL};
    m.params = params != NULL ? *params : vtr_magnetic_default_params();
    m.is_electric = m.params.is_electric;
    fill_params(&m, input->beam);
    vtr_status status = check_params(&m.params, err);
    if (status == VTR_OK) status = check_vacuum(&m, input, err);
    if (status != VTR_OK) return status;
    m.rad_per_px = m.params.k_step_inv_angstrom * vtr_electron_wavelength_angstrom(m.params.beam_energy_kev);
    double *memory = vtr_malloc(n, 5 * sizeof *memory);
    m.field = vtr_malloc(n, 2 * sizeof *m.field);
    m.covariance = vtr_malloc(n, 3 * sizeof *m.covariance);
    m.sum_factor = vtr_malloc(n, sizeof *m.sum_factor);
    if (memory == NULL || m.field == NULL || m.covariance == NULL || m.sum_factor == NULL)
        status = vtr_fail(err, VTR_ERR_MEMORY, "out of memory for the deflection of %zu positions", n);
    else
        status = compute(&m, memory, input, err);
    vtr_free(memory);
    if (status == VTR_OK)
        *out = m;
    else
        vtr_magnetic_release(&m);
    return status;
}
