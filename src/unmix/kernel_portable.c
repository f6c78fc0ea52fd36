/* SPDX-License-Identifier: GPL-3.0-or-later */
#define KERNELS vtr_unmix_kernels_portable
#include "unmix/kernel.h"
