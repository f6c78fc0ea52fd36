#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An installed copy: a program outside the project compiles and runs against it, the library exports its own names
# only, and the installed vitrail runs.
# usage: check_install.sh BUILD_FOLDER C_COMPILER [SANITIZERS]
set -euo pipefail
build=$1 cc=$2 sanitize=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --prefix "$prefix" >/dev/null
library=$(find "$prefix" -name libvitrail.so)

foreign=$(nm -D --defined-only "$library" | awk '$2 ~ /[TDBRV]/ && $3 !~ /^vtr_/ {print $3}' | grep -v '^[_.]' || true)
[ -z "$foreign" ] || { echo "exported without the prefix vtr_: $foreign"; exit 1; }

export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name vitrail.pc)")
read -r -a flags <<<"$(pkg-config --cflags --libs vitrail)"
[ -z "$sanitize" ] || flags+=("-fsanitize=$sanitize")
"$cc" -std=c17 -Wall -Wextra -Werror "$here/outside.c" "${flags[@]}" -lm -o "$prefix/outside"
LD_LIBRARY_PATH=$(dirname "$library") "$prefix/outside"

mkdir "$prefix/project"
cp "$here/outside.c" "$here/../../packaging/outside/CMakeLists.txt" "$prefix/project"
cmake -S "$prefix/project" -B "$prefix/project/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
  -DCMAKE_C_FLAGS="${sanitize:+-fsanitize=$sanitize}" >/dev/null
cmake --build "$prefix/project/build" >/dev/null
"$prefix/project/build/outside"
"$prefix/bin/vitrail" --version
