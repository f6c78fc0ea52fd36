/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>

#include "twin/diffraction_internal.h"

/* A rotation from a random unit quaternion: uniform over all orientations. */
static void random_rotation(vtr_random *random, double r[3][3])
{
    double q[4], norm = 0;
    for (int i = 0; i < 4; i++) {
        q[i] = vtr_random_normal(random);
        norm += q[i] * q[i];
    }
    for (int i = 0; i < 4; i++)
        q[i] /= sqrt(norm);
    double w = q[0], x = q[1], y = q[2], z = q[3];
    const double m[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)},
                            {2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)},
                            {2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)}};
    for (int i = 0; i < 9; i++)
        r[i / 3][i % 3] = m[i / 3][i % 3];
}

/* What tells whether an atom lies in the piece, in single precision. */
typedef struct piece_frame {
    float m[3][3]; /* rotation, then in-plane strain */
    float reach2, half_height, cut, k_step, slab;
} piece_frame;

static piece_frame make_frame(const vtr_diffraction *plan, vtr_random *random, const double strain[3])
{
    double r[3][3];
    random_rotation(random, r);
    piece_frame frame = {.reach2 = (float)(plan->reach * plan->reach),
                         .half_height = (float)(0.5 * plan->piece),
                         .cut = (float)plan->cut,
                         .k_step = (float)plan->params.k_step,
                         .slab = (float)plan->slab};
    for (int j = 0; j < 3; j++) {
        frame.m[0][j] = (float)((1 + strain[0]) * r[0][j] + strain[2] * r[1][j]);
        frame.m[1][j] = (float)(strain[2] * r[0][j] + (1 + strain[1]) * r[1][j]);
        frame.m[2][j] = (float)r[2][j];
    }
    return frame;
}

/* Distance of a box [low, low + box] from the origin, squared. */
static double box_distance2(const double low[3], const double box[3])
{
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double d = low[i] > 0 ? low[i] : low[i] + box[i] < 0 ? low[i] + box[i] : 0;
        sum += d * d;
    }
    return sum;
}

/* The atoms of one image of the box, whose corner is at `low`. */
static vtr_status collect_image(const vtr_diffraction *plan, const piece_frame *frame, const double low[3],
                                vtr_column_atom *found, size_t *n, double *sum, vtr_error *err)
{
    float lx = (float)low[0], ly = (float)low[1], lz = (float)low[2];
    uint32_t elements = (uint32_t)plan->atoms->composition.n;
    for (size_t a = 0; a < plan->atoms->n; a++) {
        float px = plan->position[a][0] + lx, py = plan->position[a][1] + ly, pz = plan->position[a][2] + lz;
        float z = frame->m[2][0] * px + frame->m[2][1] * py + frame->m[2][2] * pz;
        if (!(z >= -frame->half_height && z < frame->half_height)) continue;
        float x = frame->m[0][0] * px + frame->m[0][1] * py + frame->m[0][2] * pz;
        float y = frame->m[1][0] * px + frame->m[1][1] * py + frame->m[1][2] * pz;
        float r2 = x * x + y * y;
        if (r2 > frame->reach2) continue;
        if (*n == plan->most_atoms)
            return vtr_fail(err, VTR_ERR_NUMERIC,
                            "more than %zu atoms under the probe: the model is not homogeneous",
                            plan->most_atoms);
        uint32_t slab = (uint32_t)((z + frame->half_height) / frame->slab);
        if (slab >= plan->slabs_a_piece) slab = (uint32_t)plan->slabs_a_piece - 1;
        float weight = expf(-frame->cut * r2);
        *sum += (double)weight * (double)weight;
        found[(*n)++] = (vtr_column_atom){x * frame->k_step, y * frame->k_step, weight,
                                          slab * elements + plan->element[a]};
    }
    return VTR_OK;
}

vtr_status vtr_column_collect(const vtr_diffraction *plan, vtr_random *random, const double strain[3],
                              vtr_column_atom *found, size_t *n, double *sum, vtr_error *err)
{
    const double *box = plan->atoms->box;
    piece_frame frame = make_frame(plan, random, strain);
    double origin[3], largest = fmax(fabs(strain[0]), fabs(strain[1])) + fabs(strain[2]);
    for (int i = 0; i < 3; i++)
        origin[i] = box[i] * vtr_random_uniform(random);
    double radius = hypot(plan->reach, 0.5 * plan->piece) / (1 - largest);
    int most[3];
    for (int i = 0; i < 3; i++)
        most[i] = (int)ceil(radius / box[i]) + 1;
    *n = 0;
    for (int i = -most[0]; i <= most[0]; i++)
        for (int j = -most[1]; j <= most[1]; j++)
            for (int k = -most[2]; k <= most[2]; k++) {
                double low[3] = {i * box[0] - origin[0], j * box[1] - origin[1], k * box[2] - origin[2]};
                if (box_distance2(low, box) > radius * radius) continue;
                vtr_status status = collect_image(plan, &frame, low, found, n, sum, err);
                if (status != VTR_OK) return status;
            }
    return VTR_OK;
}
