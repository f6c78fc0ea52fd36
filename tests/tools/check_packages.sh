#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every package that tools/install-deps installs by apt has its partner among Fedora's, and the other way round nothing is left
# over.
# usage: check_packages.sh SOURCE_FOLDER
set -euo pipefail
tool=$1/tools/install-deps
system=$(mktemp -d)
trap 'rm -rf "$system"' EXIT
echo 'ID=fedora' >"$system/fedora"
echo 'ID=debian' >"$system/debian"

for kind in build all docs fuzz valgrind peers packages; do
  INSTALL_DEPS_OS_RELEASE=$system/debian "$tool" --print "$kind" >"$system/apt"
  INSTALL_DEPS_OS_RELEASE=$system/fedora "$tool" --print "$kind" >"$system/dnf"
  echo "$kind: $(wc -l <"$system/apt") packages of apt, $(wc -l <"$system/dnf") of dnf"
  sort "$system/apt" >>"$system/wanted"
done
printf 'nodejs\nnpm\n' >>"$system/wanted"
sed -n '/^declare -A fedora/,/^)/p' "$tool" | grep -o '\[[^]]*\]=' | tr -d '[]=' | sort >"$system/named"
over=$(comm -13 <(sort -u "$system/wanted") "$system/named")
[ -z "$over" ] || { echo "in the table of Fedora's names, but never installed: $over"; exit 1; }
