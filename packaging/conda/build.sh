#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What conda-build runs: its compilers and libraries stand in the environment.
set -euo pipefail
# shellcheck disable=SC2086
cmake -S . -B build/conda -G Ninja ${CMAKE_ARGS:-} -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$PREFIX" \
  -DCMAKE_INSTALL_LIBDIR=lib -DVITRAIL_TESTS=OFF -DVITRAIL_BENCH=OFF -DVITRAIL_MPI=OFF
cmake --build build/conda -j "${CPU_COUNT:-2}"
cmake --install build/conda
