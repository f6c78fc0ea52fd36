/* SPDX-License-Identifier: GPL-3.0-or-later */
#define KERNELS vtr_centre_kernels_avx2
#include "beam/centre_kernel.h"
