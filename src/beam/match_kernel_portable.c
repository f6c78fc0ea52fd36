/* SPDX-License-Identifier: GPL-3.0-or-later */
#define KERNELS vtr_match_kernels_portable
#include "beam/match_kernel.h"
