#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a recording to maps, figures and a report in about a minute, with simulated specimens: an Fe-based metallic glass with
# two shear bands, and one of two structures. usage: examples/demo.sh [FOLDER]; vitrail has to be in the PATH (make demo sees to it).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-demo}
mkdir -p "$folder"
cd "$folder"
cp "$here/fe-band.yaml" "$here/two-phase.yaml" .

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
step "3. The recipe: one pass over the recording, then strain, a figure and a report." \
  grep -v '^#' fe-band.yaml
step "4. All of it." \
  vitrail run fe-band.yaml --force
step "5. Another glass, a mixture of two structures." \
  vitrail simulate two-phase -o glass.h5 --scan 64x64 --electrons 3e5 --force
step "6. Its recipe: the pair distribution function of every position, and of two regions; a figure of it." \
  vitrail run two-phase.yaml --force

cat <<TXT

Done. To look at it position by position, with the diffraction patterns: vitrail view map.h5 fe-band.h5

In $PWD:
  report.html         open this in a browser: every map, plot, number and setting
  strain.png          the strain maps as a figure
  pdf.png             nearest-neighbour distances and pair distribution functions
  map.h5              the map file; any HDF5 or NeXus viewer shows it
  fe-band.yaml        the recipe; vitrail run --again map.h5 does all of it again from the map file
  fe-band.h5          the recording, and fe-band_truth.h5 what was put into it
TXT
