/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "panels.h"
#include "vitrail/constants.h"

/* What vitrail magnetic may have written, in the order of preference. */
static const struct {
    const char *size, *angle, *title;
} fields[] = {{"B", "B_angle", "direction of <i>B</i>"},
              {"Bt", "B_angle", "direction of <i>B</i>"},
              {"E", "E_angle", "direction of <i>E</i>"},
              {"Et", "E_angle", "direction of <i>E</i>"}};

vtr_status cli_panels_add_field(cli_panels *panels, vtr_error *err)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        cli_quantity *size = NULL, *angle = NULL;
        if (!cli_names_has(panels->names, "magnetic", fields[i].size)) continue;
        vtr_status status = cli_panels_read(&size, panels, "magnetic", fields[i].size, err);
        if (status == VTR_OK) status = cli_panels_read(&angle, panels, "magnetic", fields[i].angle, err);
        if (status != VTR_OK) return status;
        for (size_t k = 0; k < angle->n_y * angle->n_x; k++)
            angle->values[k] *= (float)VTR_RADIANS_PER_DEGREE;
        vtr_figure_panel panel = cli_quantity_panel(size);
        panel.map.angle_rad = angle->values;
        panel.map.fold = 1;
        panel.title = fields[i].title;
        return cli_panels_append(panels, &panel, err);
    }
    return vtr_fail(err, VTR_ERR_NOT_FOUND, "'%s' has no field; make it with vitrail magnetic", panels->path);
}
