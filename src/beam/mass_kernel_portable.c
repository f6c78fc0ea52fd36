/* SPDX-License-Identifier: GPL-3.0-or-later */
#define KERNELS vtr_mass_kernels_portable
#define LANES 4
#include "beam/mass_kernel.h"
