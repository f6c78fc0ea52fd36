/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "base/base_internal.h"
#include "ring/fit_internal.h"
#include "vitrail/constants.h"

vtr_status vtr_ring_scratch_create(vtr_ring_scratch **out, size_t det_y, size_t det_x, vtr_error *err)
{
    size_t n = 0;
    vtr_ring_scratch *scratch = vtr_calloc(1, sizeof *scratch);
    if (!scratch || !vtr_multiply_size(det_y, det_x, &n)) goto failed;
    scratch->det_y = det_y;
    scratch->det_x = det_x;
    scratch->image = vtr_malloc(n, sizeof(double));
    scratch->rows = vtr_malloc(n, sizeof(double));
    scratch->weight = vtr_malloc(n, sizeof(double));
    scratch->x_px = vtr_malloc(n, sizeof(double));
    scratch->y_px = vtr_malloc(n, sizeof(double));
    if (!scratch->image || !scratch->rows || !scratch->weight || !scratch->x_px || !scratch->y_px)
        goto failed;
    *out = scratch;
    return VTR_OK;

failed:
    vtr_ring_scratch_free(scratch);
    return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for ring fits of %zu x %zu pixels", det_y, det_x);
}

void vtr_ring_scratch_free(vtr_ring_scratch *scratch)
{
    if (!scratch) return;
    vtr_free(scratch->image);
    vtr_free(scratch->rows);
    vtr_free(scratch->weight);
    vtr_free(scratch->x_px);
    vtr_free(scratch->y_px);
    vtr_free(scratch);
}

vtr_status vtr_ring_check_frame(const vtr_ring_frame *frame, const vtr_ring_scratch *scratch, vtr_error *err)
{
    if (scratch && (scratch->det_y != frame->det_y || scratch->det_x != frame->det_x))
        return vtr_fail(err, VTR_ERR_SHAPE, "frame is %zu x %zu, scratch is for %zu x %zu", frame->det_y,
                        frame->det_x, scratch->det_y, scratch->det_x);
    if (!(frame->annulus_px[0] >= 0 && frame->annulus_px[1] > frame->annulus_px[0] &&
          isfinite(frame->annulus_px[1])))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "annulus %g:%g px is not LO:HI with 0 <= LO < HI",
                        frame->annulus_px[0], frame->annulus_px[1]);
    if (!(frame->radius_px > frame->annulus_px[0] && frame->radius_px < frame->annulus_px[1]))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "ring radius %g px lies outside its annulus %g:%g px",
                        frame->radius_px, frame->annulus_px[0], frame->annulus_px[1]);
    if (!isfinite(frame->centre_x_px) || !isfinite(frame->centre_y_px))
        return vtr_fail(err, VTR_ERR_ARGUMENT, "the expected centre is not a number");
    return VTR_OK;
}

static size_t clip(double value, size_t n)
{
    return value <= 0 ? 0 : value >= (double)n ? n : (size_t)value;
}

vtr_box vtr_ring_annulus_box(const vtr_ring_frame *frame, double margin_px)
{
    double reach = frame->annulus_px[1] + margin_px;
    return (vtr_box){clip(floor(frame->centre_y_px - reach), frame->det_y),
                     clip(ceil(frame->centre_y_px + reach) + 1, frame->det_y),
                     clip(floor(frame->centre_x_px - reach), frame->det_x),
                     clip(ceil(frame->centre_x_px + reach) + 1, frame->det_x)};
}

/* An ellipse wants to be seen all around: at least this part of 72 directions, each counting when half of its
 * annulus is used. */
enum { DIRECTIONS = 72 };
static const double least_seen = 0.4;

uint32_t vtr_ring_check_data(const vtr_ring_frame *frame)
{
    double seen[DIRECTIONS] = {0}, n_unmasked = 0, n_used = 0;
    bool has_signal = false;
    vtr_box box = vtr_ring_annulus_box(frame, 0);
    for (size_t y = box.y0; y < box.y1; y++) {
        for (size_t x = box.x0; x < box.x1; x++) {
            double u = (double)x - frame->centre_x_px, v = (double)y - frame->centre_y_px, r2 = u * u + v * v;
            if (r2 < frame->annulus_px[0] * frame->annulus_px[0] ||
                r2 > frame->annulus_px[1] * frame->annulus_px[1])
                continue;
            size_t p = y * frame->det_x + x;
            n_unmasked += !frame->used || frame->used[p];
            if (!vtr_ring_is_used(frame, p)) continue;
            n_used++;
            has_signal = has_signal || (double)frame->frame[p] > frame->noise.offset;
            int direction = (int)((atan2(v, u) / (2 * VTR_PI) + 1) * DIRECTIONS + 0.5) % DIRECTIONS;
            seen[direction]++;
        }
    }
    if (n_unmasked > 0 && n_used == 0) return VTR_FLAG_INVALID;
    double lo2 = frame->annulus_px[0] * frame->annulus_px[0],
           hi2 = frame->annulus_px[1] * frame->annulus_px[1];
    double expected = VTR_PI * (hi2 - lo2) / DIRECTIONS;
    int n_seen = 0;
    for (int i = 0; i < DIRECTIONS; i++)
        n_seen += seen[i] >= 0.5 * expected;
    if (n_seen < least_seen * DIRECTIONS) return VTR_FLAG_FEW_PIXELS;
    return has_signal ? 0 : VTR_FLAG_EMPTY;
}
