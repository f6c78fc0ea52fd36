/* SPDX-License-Identifier: GPL-3.0-or-later */
#define KERNELS vtr_match_kernels_avx2
#include "beam/match_kernel.h"
