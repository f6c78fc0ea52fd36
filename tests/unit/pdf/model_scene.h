/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_TEST_MODEL_SCENE_H
#define VITRAIL_TEST_MODEL_SCENE_H

/* Atomic models as specimens: Debye intensities with real scattering factors on a background, counting noise, and the
 * model's own G through the same window of Q as the truth. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/pdf.h"

enum { MODEL_MOST = 660 };

typedef struct model_specimen {
    size_t n_q;
    double q[MODEL_MOST], s[MODEL_MOST], intensity[MODEL_MOST], atomic[MODEL_MOST];
    double density; /* of a particle: what its atoms find around them at short distances */
    char composition[128];
    double patterns; /* of 1e6 counts, whose mean model_compare takes: 400 unless set after loading */
} model_specimen;

/* Reads structures/NAME and scatters from it, Q 0.8 to 20 1/Å; pairs up to r_max (NAN: as far as the cell allows). `line` is
 * how far the line of G is read, over the first distance (for the density of a particle). False without the data. */
bool model_load(model_specimen *model, const char *name, const char *elements, double r_max, double line);

/* Backgrounds, in units of <f^2>: none, a constant, a parabola, and one that levels off and is no polynomial. */
enum { MODEL_NONE, MODEL_CONSTANT, MODEL_PARABOLA, MODEL_LEVELS_OFF };

/* The intensity up to qmax on a background, and the variance of the mean of `patterns` of 1e6 counts each. Returns the
 * number of points. */
size_t model_record(const model_specimen *model, double qmax, int background, double patterns,
                    double *intensity, double *variance);

typedef struct model_figures {
    vtr_pdf_scale source;
    double scale, density; /* N, and the density over the model's */
    double position;       /* Å, first peak less the model's */
    double height;         /* over the model's */
    double r_factor;       /* of G from `foot` to 15 Å */
} model_figures;

/* The PDF of the mean of patterns beside the model's own; `reach` about the first distance for the peak. `params` holds
 * composition and density. */
model_figures model_compare(const model_specimen *model, double qmax, int background,
                            const vtr_pdf_params *params, double foot, double reach);

/* Constant none, G to 15 Å. */
vtr_pdf_params model_params(const model_specimen *model);

#endif
