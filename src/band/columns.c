/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "band/band_internal.h"

/* The catalogue's columns; angles and places in the scan's frame. */
#define AT(member) offsetof(vtr_inclusion, member)
static const vtr_inclusion_column columns[] = {
    {"y", "nm", "row of the centre", AT(y_nm), AT(y_error_nm)},
    {"x", "nm", "column of the centre", AT(x_nm), AT(x_error_nm)},
    {"radius", "nm", "radius of the core", AT(radius_nm), AT(radius_error_nm)},
    {"shear", "", "shear eigenstrain", AT(shear), AT(shear_error)},
    {"angle", "degrees", "direction of its tension", AT(angle_degrees), AT(angle_error_degrees)},
    {"dilation", "", "dilation eigenstrain", AT(dilation), AT(dilation_error)},
    {"aspect", "", "half axes a/b, 1 of a disc", AT(aspect), AT(aspect_error)},
    {"long_axis", "degrees", "direction of the long axis of an ellipse", AT(long_axis_degrees),
     AT(long_axis_error_degrees)},
    {"ellipse_chi2", "", "chi^2 that an ellipse takes out more than a disc", AT(ellipse_chi2), 0},
    {"volumetric", "", "mean volumetric strain at the core", AT(volumetric), AT(volumetric_error)},
    {"deviatoric", "", "deviatoric strain of the mean at the core", AT(deviatoric), AT(deviatoric_error)},
    {"along", "nm", "place along its band", AT(along_nm), 0},
    {"chi2", "", "chi^2 that it takes out of the maps", AT(chi2), 0},
};
const vtr_inclusion_column *const vtr_inclusion_columns = columns;
const size_t vtr_inclusion_n_columns = sizeof columns / sizeof *columns;

double vtr_inclusion_get(const vtr_inclusion *inclusion, size_t offset)
{
    return *(const double *)((const char *)inclusion + offset);
}
