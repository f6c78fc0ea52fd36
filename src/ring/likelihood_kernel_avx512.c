/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ring/likelihood_kernel.h"
#include "ring/likelihood_solve_kernel.h"

const fit_kernels vtr_fit_kernels_avx512 = {load_sums, equations, add_prior, factorise, solve, covariance};
