/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef VITRAIL_PROFILE_AXIS_H
#define VITRAIL_PROFILE_AXIS_H

#include "vitrail/pdf_text.h"

/* Sets axis, is_axis_assumed and wavelength from the parameters, the names, the header and the path's ending. */
void vtr_profile_axis_find(vtr_profile_text *p, const char *path, bool is_single_column,
                           const vtr_profile_text_params *params);

/* Whether `part` stands in `text`, without regard to case. */
bool vtr_text_holds_nocase(const char *text, const char *part);

#endif
