/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A program outside the project, built against an installed copy. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vitrail/constants.h>
#include <vitrail/mapfile.h>

int main(void)
{
    vtr_error err = {0};
    vtr_mapfile *map = NULL;
    if (vtr_mapfile_open(&map, "no-such-map.h5", &err) == VTR_OK || map != NULL) return 1;
    if (strstr(err.message, "no-such-map.h5") == NULL) return 1;
    printf("vitrail %s\n", vtr_version());
    return fabs(vtr_electron_wavelength_angstrom(300) - 0.019687) < 1e-6 ? 0 : 1;
}
