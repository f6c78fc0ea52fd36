/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <math.h>
#include <string.h>

#include "twin/twin_internal.h"
#include "vitrail/constants.h"

/* After chapter 7 of S. Kang's dissertation (TU Darmstadt, 2023): a network of shear bands in Zr46Cu38Al8Ag8, as cast and
 * annealed for 20 h and 240 h. One family of bands, another that crosses it, and branches that begin at every second band of
 * the first. Annealing leaves a matrix of less and slightly longer waves, in which fewer bands form. Lengths are in nm, not in
 * parts of the field: a larger field holds more bands. */
enum { MOST_BANDS = 256, EACH_SIDE = 64 };

typedef struct state {
    double matrix_strain, matrix_length_nm, spacing; /* of the bands, relative to the state as cast */
} state;
static const state states[VTR_TWIN_STATES] = {
    {1.2e-3, 20, 1},
    {0.9e-3, 24, 1.3},
    {0.6e-3, 28, 1.7},
};
static const double spacing_nm[2] = {420, 800}; /* dense, sparse */

void vtr_twin_network_matrix(vtr_twin_params *params)
{
    const state *s = &states[params->annealing];
    if (isnan(params->matrix_strain)) params->matrix_strain = s->matrix_strain;
    if (isnan(params->matrix_length_nm)) params->matrix_length_nm = s->matrix_length_nm;
}

typedef struct network {
    vtr_twin *twin;
    vtr_random random;
    double middle_y_nm, middle_x_nm; /* of the field */
    size_t n;
    vtr_twin_band list[MOST_BANDS];
} network;

static vtr_twin_band draw_band(network *net, double angle_degrees, double scatter_degrees)
{
    double part = 0.9 + 0.2 * vtr_random_uniform(&net->random);
    vtr_twin_band band = {.angle_degrees = angle_degrees + scatter_degrees * vtr_random_normal(&net->random),
                          .curvature_inv_nm = 2e-4 * (2 * vtr_random_uniform(&net->random) - 1),
                          .first_nm = -INFINITY,
                          .last_nm = INFINITY,
                          .decay_nm = 40,
                          .width_nm = 8,
                          .deviatoric = 0.004 * part,
                          .volumetric = 0.008 * part};
    return band;
}

/* Less than this in view, some seven decay lengths, is a corner that a band touches. */
#define SHORTEST_NM 280.0

/* Those whose point is farther off than the field's corners are far from it, whatever an arc does far from its point. */
static void keep(network *net, const vtr_twin_band *band)
{
    double off = hypot(band->point_y_nm - net->middle_y_nm, band->point_x_nm - net->middle_x_nm);
    if (off > hypot(net->middle_y_nm, net->middle_x_nm)) return;
    if (net->n < MOST_BANDS && vtr_twin_band_length(net->twin, band) > SHORTEST_NM)
        net->list[net->n++] = *band;
}

/* From a place near the middle of its parent, at an acute angle to it, to the edge of the field. */
static void add_branch(network *net, const vtr_twin_band *parent, double spacing, int sign)
{
    double place[2], from = 0.25 * spacing * vtr_random_normal(&net->random);
    double turned = parent->angle_degrees + from * parent->curvature_inv_nm / VTR_RADIANS_PER_DEGREE;
    vtr_twin_band band = draw_band(net, turned + 30 * sign, 3);
    vtr_twin_band_place(parent, from, place);
    band.point_y_nm = place[0];
    band.point_x_nm = place[1];
    band.first_nm = 0;
    keep(net, &band);
}

/* One family: bands `spacing` apart, a little out of place, about the middle of the field. Every band draws its numbers
 * whether or not it is in the field, so that a larger field holds the same bands. */
static void add_family(network *net, double angle_degrees, double spacing, double phase, bool has_branches)
{
    double angle = angle_degrees * VTR_RADIANS_PER_DEGREE;
    for (int i = -EACH_SIDE; i <= EACH_SIDE; i++) {
        double offset = spacing * (i + phase + 0.1 * vtr_random_normal(&net->random));
        vtr_twin_band band = draw_band(net, angle_degrees, 3);
        band.point_y_nm = net->middle_y_nm + offset * cos(angle);
        band.point_x_nm = net->middle_x_nm - offset * sin(angle);
        keep(net, &band);
        if (has_branches && i % 2 == 0) add_branch(net, &band, spacing, i % 4 == 0 ? 1 : -1);
    }
}

vtr_status vtr_twin_build_network(vtr_twin *twin, vtr_error *err)
{
    const vtr_twin_params *p = &twin->params;
    double step = twin->info.scan_step_nm, spacing = spacing_nm[p->network] * states[p->annealing].spacing;
    network *net = vtr_calloc(1, sizeof *net);
    if (net == NULL) return vtr_fail(err, VTR_ERR_MEMORY, "out of memory for a network of bands");
    net->twin = twin;
    net->middle_y_nm = 0.5 * step * (double)(twin->info.shape[0] - 1);
    net->middle_x_nm = 0.5 * step * (double)(twin->info.shape[1] - 1);
    vtr_twin_random(&net->random, p, VTR_TWIN_FOR_NETWORK, 0);
    add_family(net, -55, spacing, 0.2, true);
    vtr_twin_random(&net->random, p, VTR_TWIN_FOR_NETWORK, 1);
    add_family(net, 30, 2.2 * spacing, 0.3, false);
    vtr_status status = VTR_OK;
    if (net->n > 0) status = vtr_twin_add_bands(twin, net->list, net->n, err);
    vtr_free(net);
    return status;
}
