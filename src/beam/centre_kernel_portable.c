/* SPDX-License-Identifier: GPL-3.0-or-later */
#define KERNELS vtr_centre_kernels_portable
#include "beam/centre_kernel.h"
