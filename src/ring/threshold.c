/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "ring/fit_internal.h"

static const vtr_parameter parameters[] = {
    {"threshold", NULL, VTR_PARAMETER_DOUBLE, offsetof(vtr_ring_threshold_params, fraction), 0.95, 0.01,
     0.9999, .metavar = "FRACTION",
     .help = "threshold fit: pixels above this part of the maximum make the ring"},
    {"blur", "px", VTR_PARAMETER_DOUBLE, offsetof(vtr_ring_threshold_params, blur_px), 0, 0, 20,
     .metavar = "PX", .help = "threshold fit: standard deviation of a Gaussian blur before"},
};
const vtr_parameter_table vtr_ring_threshold_parameters = {"Threshold fit", parameters,
                                                           sizeof parameters / sizeof *parameters};

enum { KERNEL_MAX = 128 };
static const double significant = 4; /* standard errors by which the ring must stand above the rest */

static bool is_in_annulus(const vtr_ring_frame *frame, size_t x, size_t y)
{
    double u = (double)x - frame->centre_x_px, v = (double)y - frame->centre_y_px, r2 = u * u + v * v;
    return r2 >= frame->annulus_px[0] * frame->annulus_px[0] &&
           r2 <= frame->annulus_px[1] * frame->annulus_px[1];
}

static void copy_used(vtr_ring_scratch *s, const vtr_ring_frame *frame, vtr_box box)
{
    for (size_t y = box.y0; y < box.y1; y++) {
        for (size_t x = box.x0; x < box.x1; x++) {
            size_t p = y * frame->det_x + x;
            bool is_used = vtr_ring_is_used(frame, p);
            s->image[p] = is_used ? (double)frame->frame[p] - frame->noise.offset : NAN;
        }
    }
}

/* One value of the blur along `step` (1: the row, det_x: the column) from `room_before` pixels before to `room_after`
 * after; opposite pixels are added first, so that the result mirrors exactly. */
static double along(const double *at, ptrdiff_t step, size_t room_before, size_t room_after,
                    const double *kernel, size_t reach)
{
    double sum = kernel[0] * *at;
    for (size_t k = 1; k <= reach; k++) {
        double before = k <= room_before ? at[-(ptrdiff_t)k * step] : 0;
        double after = k <= room_after ? at[(ptrdiff_t)k * step] : 0;
        sum += kernel[k] * (before + after);
    }
    return sum;
}

/* Blurs one image of the scratch in place over the box, by way of s->rows. */
static void blur_image(double *image, double *rows, size_t det_x, vtr_box box, const double *kernel,
                       size_t reach)
{
    for (size_t y = box.y0; y < box.y1; y++)
        for (size_t x = box.x0; x < box.x1; x++)
            rows[y * det_x + x] = along(image + y * det_x + x, 1, x - box.x0, box.x1 - 1 - x, kernel, reach);
    for (size_t y = box.y0; y < box.y1; y++)
        for (size_t x = box.x0; x < box.x1; x++)
            image[y * det_x + x] =
                along(rows + y * det_x + x, (ptrdiff_t)det_x, y - box.y0, box.y1 - 1 - y, kernel, reach);
}

/* Gaussian mean over used pixels; masked ones stay masked. */
static void blur(vtr_ring_scratch *s, const vtr_ring_frame *frame, vtr_box box, double sigma_px)
{
    double kernel[KERNEL_MAX];
    size_t reach = (size_t)ceil(4 * sigma_px);
    if (reach >= KERNEL_MAX) reach = KERNEL_MAX - 1;
    for (size_t k = 0; k <= reach; k++)
        kernel[k] = exp(-0.5 * (double)(k * k) / (sigma_px * sigma_px));
    for (size_t y = box.y0; y < box.y1; y++) {
        for (size_t x = box.x0; x < box.x1; x++) {
            size_t p = y * frame->det_x + x;
            s->weight[p] = isfinite(s->image[p]);
            if (!isfinite(s->image[p])) s->image[p] = 0;
        }
    }
    blur_image(s->image, s->rows, frame->det_x, box, kernel, reach);
    blur_image(s->weight, s->rows, frame->det_x, box, kernel, reach);
    for (size_t y = box.y0; y < box.y1; y++) {
        for (size_t x = box.x0; x < box.x1; x++) {
            size_t p = y * frame->det_x + x;
            s->image[p] = vtr_ring_is_used(frame, p) ? s->image[p] / s->weight[p] : NAN;
        }
    }
}

/* Lists the annulus' pixels above `fraction` of its maximum; returns their number. */
static size_t select_pixels(vtr_ring_scratch *s, const vtr_ring_frame *frame, vtr_box box, double fraction,
                            double *level)
{
    double most = -INFINITY;
    size_t n = 0;
    for (size_t y = box.y0; y < box.y1; y++)
        for (size_t x = box.x0; x < box.x1; x++)
            if (is_in_annulus(frame, x, y)) most = fmax(most, s->image[y * frame->det_x + x]);
    *level = fraction * most;
    for (size_t y = box.y0; y < box.y1; y++) {
        for (size_t x = box.x0; x < box.x1; x++) {
            if (!is_in_annulus(frame, x, y) || !(s->image[y * frame->det_x + x] > *level)) continue;
            s->x_px[n] = (double)x;
            s->y_px[n++] = (double)y;
        }
    }
    return n;
}

/* Whether the annulus is brighter near the ellipse than away from it, without the pixels that made the ellipse; sets
 * the amplitude. Near: within a twelfth of the annulus' width. */
static bool is_ring(vtr_ring_ellipse *fit, const vtr_ring_scratch *s, const vtr_ring_frame *frame,
                    vtr_box box, double level)
{
    double n[2] = {0}, mean[2] = {0}, squares[2] = {0};
    double near = fmax((frame->annulus_px[1] - frame->annulus_px[0]) / 12, 0.75);
    for (size_t y = box.y0; y < box.y1; y++) {
        for (size_t x = box.x0; x < box.x1; x++) {
            double value = s->image[y * frame->det_x + x];
            if (!is_in_annulus(frame, x, y) || !isfinite(value) || value > level) continue;
            double distance = fabs(vtr_ellipse_radius(fit, (double)x, (double)y) - frame->radius_px);
            if (distance > near && distance < 3 * near) continue;
            int away = distance > near;
            double step = value - mean[away];
            n[away]++;
            mean[away] += step / n[away];
            squares[away] += step * (value - mean[away]);
        }
    }
    fit->amplitude = (n[0] > 0 ? fmax(mean[0], level) : level) - (n[1] > 0 ? mean[1] : 0);
    if (n[0] < 4 || n[1] < 4) return true; /* all near is above the threshold: as clear as can be */
    double error = sqrt(squares[0] / (n[0] * (n[0] - 1)) + squares[1] / (n[1] * (n[1] - 1)));
    return mean[0] - mean[1] > significant * error;
}

vtr_status vtr_ring_fit_threshold(vtr_ring_ellipse *out, const vtr_ring_frame *frame,
                                  const vtr_ring_threshold_params *params, vtr_ring_scratch *scratch,
                                  vtr_error *err)
{
    vtr_ring_threshold_params p;
    vtr_parameters_default(&vtr_ring_threshold_parameters, &p);
    if (params) p = *params;
    vtr_status status = vtr_ring_check_frame(frame, scratch, err);
    if (status) return status;
    uint32_t flags = vtr_ring_check_data(frame);
    if (flags) {
        vtr_ring_ellipse_none(out, flags);
        return VTR_OK;
    }
    vtr_box box = vtr_ring_annulus_box(frame, 4 * p.blur_px);
    copy_used(scratch, frame, box);
    if (p.blur_px > 0) blur(scratch, frame, box, p.blur_px);

    double level;
    vtr_ring_ellipse fit;
    size_t n = select_pixels(scratch, frame, box, p.fraction, &level);
    if (n < VTR_ELLIPSE_N + 1)
        flags = VTR_FLAG_FEW_PIXELS;
    else if (vtr_ellipse_fit_direct(&fit, scratch->x_px, scratch->y_px, n, frame->radius_px, NULL))
        flags = VTR_FLAG_NOT_CONVERGED;
    else
        flags = vtr_ellipse_check_range(&fit, frame);
    if (!flags && !is_ring(&fit, scratch, frame, box, level)) flags = VTR_FLAG_NO_RING;
    if (flags)
        vtr_ring_ellipse_none(out, flags);
    else
        *out = fit;
    return VTR_OK;
}
