/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_CLI_PANELS_H
#define VITRAIL_CLI_PANELS_H

/* Panels of a figure from a map file, with the arrays that they show. */

#include "cli/quantity.h"

enum { CLI_MAX_OWNED = 8 * VTR_FIGURE_MAX_PANELS };

typedef struct cli_panels {
    const vtr_mapfile *file;
    const char *path;
    const cli_names *names;
    size_t n;
    vtr_figure_panel panel[VTR_FIGURE_MAX_PANELS];
    size_t n_owned;
    void *owned[CLI_MAX_OWNED];
} cli_panels;

void cli_panels_release(cli_panels *panels);
/* Memory that lives as long as the panels, zeroed; NULL with err filled. */
void *cli_panels_take(cli_panels *panels, size_t n, size_t size, vtr_error *err);
vtr_status cli_panels_append(cli_panels *panels, const vtr_figure_panel *panel, vtr_error *err);

/* Adds what `text` names: a quantity, "angle" (directions as colours, brightness the deviatoric strain), "ring"
 * (mean pattern, fitted ellipse, mask), "profile" (mean over the scan), "panel" (all strain quantities), or "regions" (the PDFs of
 * regions in one plot). */
vtr_status cli_panels_add(cli_panels *panels, const char *text, vtr_error *err);
vtr_status cli_panels_add_regions(cli_panels *panels, vtr_error *err);
/* Strain of the first shell against that of the ring, position by position: "shell-strain". */
vtr_status cli_panels_add_shell_strain(cli_panels *panels, vtr_error *err);

/* "field": the direction of B (or E) of vitrail magnetic as colours, its magnitude as brightness. */
vtr_status cli_panels_add_field(cli_panels *panels, vtr_error *err);
/* "walls": the same with the domain walls in black. */
vtr_status cli_panels_add_walls(cli_panels *panels, vtr_error *err);
/* "angles": how often the angle between the field and e1 takes a value; "joint": by deviatoric strain too. */
vtr_status cli_panels_add_angles(cli_panels *panels, vtr_error *err);
vtr_status cli_panels_add_joint(cli_panels *panels, vtr_error *err);
/* "inclusions": a component of the strain with the inclusions of vitrail inclusions, and what is left without them. */
vtr_status cli_panels_add_inclusions(cli_panels *panels, vtr_error *err);
/* "bands": the strain with the lines of vitrail bands, and the profile across each with its fit. */
vtr_status cli_panels_add_bands(cli_panels *panels, vtr_error *err);
/* "vortices": the deviatoric strain with its directions and the defects of vitrail vortices. */
vtr_status cli_panels_add_vortices(cli_panels *panels, vtr_error *err);
/* Directions of e1 (rad, in the scan's frame) and the deviatoric strain, which live as long as the panels. */
vtr_status cli_panels_read_directions(cli_quantity **angle, cli_quantity **amplitude, cli_panels *panels,
                                      vtr_error *err);
/* Reads a quantity that lives as long as the panels. */
vtr_status cli_panels_read(cli_quantity **out, cli_panels *panels, const char *group, const char *name,
                           vtr_error *err);

/* "phases", or one of "components", "mixture", "shares", "fractions", "lengths", "consensus", of what vitrail phases found. */
bool cli_is_phases(const char *text);
vtr_status cli_panels_add_phases(cli_panels *panels, const char *which, vtr_error *err);

/* Adds one diffraction pattern of a recording, or an image: `position` is "Y,X", NULL where there is only one. */
vtr_status cli_panels_add_pattern(cli_panels *panels, const char *path, const char *position, vtr_error *err);

/* The principal directions as sticks over every map. */
vtr_status cli_panels_add_directors(cli_panels *panels, vtr_error *err);
/* A vector quantity as arrows over every map: "B" for Bx and By, "deflection" for deflection_x and deflection_y. */
vtr_status cli_panels_add_vectors(cli_panels *panels, const char *text, vtr_error *err);
/* The reference region of the strain, on the first strain map; does nothing where the file names none. */
vtr_status cli_panels_add_reference(cli_panels *panels, vtr_error *err);

#endif
