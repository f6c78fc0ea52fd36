#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The page's sources are right in the strict sense of tsconfig.json. usage: check_types.sh SOURCE BUILD_FOLDER
set -euo pipefail
compiler=$2/node_modules/typescript/bin/tsc
[ -f "$compiler" ] || { echo "no TypeScript here"; exit 77; }
node "$compiler" -p "$1"
