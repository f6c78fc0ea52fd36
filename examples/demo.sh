#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a recording to maps, figures and a report in about a minute, with a simulated specimen: an Fe-based metallic
# glass with two shear bands. usage: examples/demo.sh [FOLDER]; vitrail has to be in the PATH (make demo sees to it).
set -euo pipefail

folder=${1:-demo}
mkdir -p "$folder"
cd "$folder"

step() {
  printf '\n%s\n' "$1"
  shift
  printf '  $'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

step "1. A recording of a glass with two shear bands, and the truth beside it." \
  vitrail simulate fe-band -o fe-band.h5 --pattern 128x128 --electrons 1e6 --contrast 0.01 --force
step "2. What the file holds." \
  vitrail info fe-band.h5
step "3. One pass over the recording: the ring of every pattern, with error bars." \
  vitrail map fe-band.h5 -o map.h5 --force
step "4. Strain, density and energy, from the map file alone." \
  vitrail strain map.h5
step "5. A figure of it." \
  vitrail figure map.h5 panel -o strain.png --force
step "6. Everything on one page." \
  vitrail report map.h5 -o report.html --force

cat <<TXT

Done. In $PWD:
  report.html         open this in a browser: every map, plot, number and setting
  strain.png          the strain maps as a figure
  map.h5              the map file; any HDF5 or NeXus viewer shows it
  fe-band.h5          the recording, and fe-band_truth.h5 what was put into it
TXT
