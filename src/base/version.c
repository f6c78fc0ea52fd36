/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vitrail/api.h"

const char *vtr_version(void)
{
    return VITRAIL_VERSION;
}
