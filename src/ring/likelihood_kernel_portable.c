/* SPDX-License-Identifier: GPL-3.0-or-later */
#define FIT_KERNEL vtr_fit_kernel_portable
#include "ring/likelihood_kernel.h"
