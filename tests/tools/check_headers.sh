#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Each public header compiles with nothing included before it, twice, as C17 and as C++17.
# usage: check_headers.sh INCLUDE_FOLDER C_COMPILER [CXX_COMPILER]
set -uo pipefail
include=$1 cc=$2 cxx=${3:-}
warnings=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only "-I$include")
failed=0
for header in "$include"/vitrail/*.h; do
  name=vitrail/$(basename "$header")
  twice=$(printf '#include "%s"\n#include "%s"\n' "$name" "$name")
  "$cc" -std=c17 "${warnings[@]}" -x c - <<<"$twice" || { echo "$name does not compile alone as C17"; failed=1; }
  [ -z "$cxx" ] || "$cxx" -std=c++17 "${warnings[@]}" -x c++ - <<<"$twice" ||
    { echo "$name does not compile alone as C++17"; failed=1; }
done
exit "$failed"
