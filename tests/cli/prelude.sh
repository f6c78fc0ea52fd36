# SPDX-License-Identifier: GPL-3.0-or-later
# What every case has: bash reads this first (BASH_ENV). Sub-shells of a case need it once only.
unset BASH_ENV
set -u

# Runs a command whose failure is expected and prints its exit status, so that the case goes on.
status_of() {
  "$@"
  echo "status $?"
}

# The same without what the command prints before it fails.
quiet_status_of() {
  "$@" >/dev/null
  echo "status $?"
}

# A small recording with numbers that are known: recording FILE.npy SCAN_Y SCAN_X DET_Y DET_X [TYPE]
recording() {
  "$PYTHON" "$CASES/make_recording.py" "$@"
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

# The commands that there are, one a line.
commands() {
  vitrail help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

has_command() {
  commands | grep -qx "$1"
}

# What else a command needs to read a file: arguments_for COMMAND FILE OUT_STEM sets `line`.
arguments_for() {
  case $1 in
    bands | info | calibrate | compare | fluctuation | inclusions | magnetic | phases | run | strain | view | vortices) line=("$1" "$2") ;;
    energy) line=("$1" "$2" --young 90 --poisson 0.36) ;;
    export) line=("$1" "$2" exx -o "$3.tif") ;;
    series) line=("$1" "$2" "$2" --json) ;;
    thickness) line=("$1" "$2" "$2" --mean-free-path 100) ;;
    convert) line=("$1" "$2" "$3.npy") ;;
    map) line=("$1" "$2" -o "$3.h5") ;;
    pdf) line=("$1" "$2" --composition SiO2 -o "$3") ;;
    figure) line=("$1" "$2" exx -o "$3.png") ;;
    profile) line=("$1" "$2" --line 0,0,9,9 --quantity exx -o "$3.csv") ;;
    report) line=("$1" "$2" -o "$3.html") ;;
    *) line=() ;;
  esac
}

# Runs the command in `line`, which has to fail with one sentence on stderr that holds $2, and nothing on stdout.
# fails STATUS PART
fails() {
  local status
  vitrail "${line[@]}" >out 2>err
  status=$?
  [ "$status" -eq "$1" ] || echo "vitrail ${line[*]}: status $status, expected $1"
  [ ! -s out ] || echo "vitrail ${line[*]}: prints to stdout though it fails"
  [ "$(wc -l <err)" -eq 1 ] || echo "vitrail ${line[*]}: $(wc -l <err) lines on stderr"
  grep -q "^vitrail ${line[0]}: " err || echo "vitrail ${line[*]}: does not say who failed"
  grep -qF -e "$2" err || echo "vitrail ${line[*]}: '$(cat err)' lacks '$2'"
  rm -f out err
}

# Starts a command, sends it a signal once it is writing, and prints what it says and its exit status:
# interrupted SIGNAL COMMAND ...
interrupted() {
  local signal=$1 pid tries=0
  shift
  vitrail "$@" >out 2>err &
  pid=$!
  until compgen -G '*.partial' >/dev/null || [ "$tries" -ge 600 ] || ! kill -0 "$pid" 2>/dev/null; do
    sleep 0.05
    tries=$((tries + 1))
  done
  kill -s "$signal" "$pid"
  wait "$pid"
  echo "status $?"
  cat out err
  rm -f out err
}
