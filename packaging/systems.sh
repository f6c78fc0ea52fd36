# SPDX-License-Identifier: GPL-3.0-or-later
# Systems to build and to try packages in: bare Debian releases in folders, by debootstrap. Read by the scripts beside it.
systems=$PWD/build/systems
deb_release=bookworm
tarball_release=bullseye

need_root_and_debootstrap() {
  if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    echo "skipped: bare systems need root and debootstrap (tools/install-deps packages)"
    exit 77
  fi
}

# new_system RELEASE FOLDER: a fresh copy of a bare release, with this machine's way to the packages.
new_system() {
  local release=$1 folder=$2 bare=$systems/$1
  if [ ! -e "$bare/etc/debian_version" ] || [ -d "$bare/debootstrap" ]; then
    rm -rf "$bare"
    mkdir -p "$systems"
    # shellcheck disable=SC2086
    debootstrap --variant=minbase "$release" "$bare" ${VITRAIL_MIRROR:-} >"$systems/$release.log"
  fi
  rm -rf "$folder"
  cp -a "$bare" "$folder"
  cp -a /etc/apt/apt.conf.d/. "$folder/etc/apt/apt.conf.d/"
  cp /etc/resolv.conf /etc/hosts "$folder/etc/"
  printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
  chmod +x "$folder/usr/sbin/policy-rc.d"
}

# inside FOLDER COMMANDS: run in that system, with none of this machine's environment. /proc is there, because programs find the
# libraries beside them by it, and goes with the command.
inside() {
  # shellcheck disable=SC2016
  unshare --mount bash -ec 'mount -t proc proc "$1/proc"
    exec chroot "$1" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
      LC_ALL=C.UTF-8 bash -e -o pipefail -c "$2"' inside "$1" "$2"
}
