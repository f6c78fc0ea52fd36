/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernels in plain C: what runs on any processor, and what the others are tested against. */

#include "polar/transpose_portable.h"

#define KERNELS vtr_polar_kernels_portable
#include "polar/kernel.h"
