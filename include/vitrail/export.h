/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_EXPORT_H
#define VITRAIL_EXPORT_H

/* What a map file holds, written for other programs: ImageJ and DigitalMicrograph (.tif), Gwyddion (.gsf), tables (.csv),
 * NumPy (.npy), HyperSpy (.hspy), py4DSTEM and emdfile (.emd). Values are those of the map file, in its units; no data
 * is NaN. */

#include <stdbool.h>
#include <stddef.h>

#include "vitrail/error.h"
#include "vitrail/mapfile.h"

VTR_BEGIN_DECLS

/* A map over the scan, or a curve at every position of it. */
typedef struct vtr_export_item {
    char group[64], name[64], unit[32]; /* unit as in the file, "" where it has none */
    size_t n_y, n_x, n_z;               /* n_z: points of a curve; 1: a map */
    double step_nm[2];                  /* y, x; NAN: not known */
    char axis[16], axis_unit[32];       /* of the curves: "k", "r", ... */
    double axis_first, axis_step;
    float *values; /* [n_y][n_x][n_z] */
    float *errors; /* the same of NAME_errors; NULL: none */
} vtr_export_item;

/* Reads GROUP/NAME of a map file. VTR_ERR_SHAPE: neither a map nor curves over the scan; VTR_ERR_NOT_FOUND. Released
 * with vtr_export_release; `item` is untouched on failure. */
VTR_API vtr_status vtr_export_read(vtr_export_item *item, const vtr_mapfile *file, const char *group,
                                   const char *name, vtr_error *err);
VTR_API void vtr_export_release(vtr_export_item *item);

typedef struct vtr_export_params {
    bool
        with_errors; /* .tif, .npy: every map is followed by its standard deviations, NaN where it has none */
    bool force;      /* replace a file of this name */
} vtr_export_params;

/* Writes n items to `path`, whose ending names the format; nothing stands there until the file is complete.
 *   .tif .tiff  float32, one page a map, with ImageJ's scale in nm and labels "strain/exx (1)"
 *   .gsf        one map; sizes in m, values in the map's unit
 *   .csv        a row a position: y, x in nm (positions where the step is not known), then value and error of each map
 *   .npy        float32: [y][x], or [map][y][x] of several
 *   .hspy       a signal each, its squared errors as HyperSpy's variance; of curves x and y are navigation axes
 *   .emd        EMD 1.0, an array each, errors as arrays of their own
 * Curves go into .hspy, .emd and .npy (one of them). VTR_ERR_ARGUMENT: an ending or a combination that no format takes;
 * VTR_ERR_SHAPE: items of different sizes where they share a file of one; VTR_ERR_EXISTS, VTR_ERR_IO. */
VTR_API vtr_status vtr_export_write(const char *path, const vtr_export_item *items, size_t n,
                                    const vtr_export_params *params, vtr_error *err);

/* The endings that vtr_export_write knows, as "tif|tiff|gsf|...". */
#define VTR_EXPORT_ENDINGS "tif|gsf|csv|npy|hspy|emd"

VTR_END_DECLS

#endif
