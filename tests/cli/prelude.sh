# SPDX-License-Identifier: GPL-3.0-or-later
# What every case has: bash reads this first (BASH_ENV). Sub-shells of a case need it once only.
unset BASH_ENV
set -u

# Runs a command whose failure is expected and prints its exit status, so that the case goes on.
status_of() {
  "$@"
  echo "status $?"
}

# A small recording with numbers that are known: recording FILE.npy SCAN_Y SCAN_X DET_Y DET_X [TYPE]
recording() {
  python3 "$CASES/make_recording.py" "$@"
}

# Files of the case's folder, one a line.
files() {
  find . -type f | LC_ALL=C sort
}

# Ends the case as one that cannot be run here.
skip() {
  echo "$*"
  exit 77
}
