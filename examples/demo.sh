#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a recording to maps, figures and a report in about a minute, with simulated specimens: an Fe-based metallic glass with
# two shear bands, and one of two structures. usage: examples/demo.sh [FOLDER]; vitrail has to be in the PATH (make demo sees to it).
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

alloy=(--composition Fe85.2Si0.5B9.5P4Cu0.8 --density 0.0872 --qmax 14 --peak 1.6:3.4)
step "7. Another glass, a mixture of two structures, and its map file." \
  vitrail simulate two-phase -o glass.h5 --scan 64x64 --electrons 3e5 --force
step "" vitrail map glass.h5 -o glass-map.h5 --force
step "8. The pair distribution function of every position." \
  vitrail pdf glass-map.h5 "${alloy[@]}" --equal-sizes
step "9. That of the places where neighbours are close, and of those where they are wide apart." \
  vitrail pdf glass-map.h5 "${alloy[@]}" --equal-sizes --region 'close=nearest<2.49' --region 'wide=nearest>2.55'
step "10. A figure of it." \
  vitrail figure glass-map.h5 pdf/nearest,pdf/first_height,regions -o pdf.png --columns 3 --width 255 --force

cat <<TXT

Done. To look at it position by position, with the diffraction patterns: vitrail view map.h5 fe-band.h5

In $PWD:
  report.html         open this in a browser: every map, plot, number and setting
  strain.png          the strain maps as a figure
  pdf.png             nearest-neighbour distances and pair distribution functions
  map.h5              the map file; any HDF5 or NeXus viewer shows it
  fe-band.h5          the recording, and fe-band_truth.h5 what was put into it
TXT
