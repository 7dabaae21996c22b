#!/usr/bin/env bash
# Set up everything that latentvr needs below this directory: .venv (Python packages, and ROS 2 Jazzy where none is
# sourced) and install/ (the package, built). Safe to repeat; does nothing when nothing has changed.
#
# PYTHON=python3.12 tools/setup.sh   uses another Python (3.11 or 3.12); default: python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON="${PYTHON:-python3}"
VENV=.venv
SYSTEM_PACKAGES=(python3-venv cmake make g++ git libusb-1.0-0 libegl1 libgl1 libgl1-mesa-dri libegl-mesa0 libx11-6
  libudev1 libidn2-0 libgomp1)

say() { printf '[set-up] %s\n' "$*"; }
fail() { printf '[set-up] error: %s\n' "$*" >&2; exit 1; }

sourced_ros() { [ "${ROS_DISTRO:-}" = jazzy ] && [ -n "${AMENT_PREFIX_PATH:-}" ] && [[ ":$AMENT_PREFIX_PATH:" != *":$PWD/$VENV:"* ]]; }

missing_system_packages() {
  command -v dpkg-query >/dev/null || return 0
  local name
  for name in "${SYSTEM_PACKAGES[@]}"; do
    # A Python of one's own brings its venv module along.
    if [ "$name" = python3-venv ] && "$PYTHON" -c 'import ensurepip' 2>/dev/null; then continue; fi
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" != installed ]; then echo "$name"; fi
  done
}

ensure_system_packages() {
  local missing
  missing=$(missing_system_packages | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing system packages: $missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >/dev/null
    # shellcheck disable=SC2086
    apt-get install -y -q --no-install-recommends $missing >/dev/null
  else
    fail "system packages are missing; install them with: sudo apt-get install $missing"
  fi
}

ensure_python() {
  command -v "$PYTHON" >/dev/null || fail "$PYTHON is not on this machine; expected Python 3.11 or 3.12"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' ||
    fail "$("$PYTHON" --version) found, expected Python 3.11 or 3.12; name another with PYTHON=python3.12"
}

digest_of() { cat "$@" | sha256sum | cut -d' ' -f1; }

ensure_environment() {
  local requirements=(requirements/run.txt requirements/dev.txt) options=() wanted
  if sourced_ros; then
    options=(--system-site-packages)
  else
    requirements+=(requirements/ros.txt)
  fi
  wanted="$("$PYTHON" --version) $(digest_of "${requirements[@]}" requirements/constraints.txt) ${options[*]-}"
  [ "$(cat $VENV/.ready 2>/dev/null)" != "$wanted" ] || return 0
  say "making the environment $VENV with $("$PYTHON" --version); this downloads about 1 GB and takes a few minutes"
  "$PYTHON" -m venv --clear "${options[@]}" $VENV
  mkdir -p build
  # shellcheck disable=SC2046
  $VENV/bin/python -m pip install --progress-bar off --disable-pip-version-check \
    $(printf -- '-r %s ' "${requirements[@]}") -c requirements/constraints.txt 2>&1 | tee build/pip.log |
    awk '/^Collecting/ { printf "."; fflush() } END { print "" }' ||
    { grep -i error build/pip.log >&2; fail "installing packages failed; all of pip's output is in build/pip.log"; }
  if sourced_ros; then
    touch $VENV/.uses_sourced_ros
  else
    $VENV/bin/python tools/fix_cmake_paths.py $VENV
  fi
  echo "$wanted" > $VENV/.ready
}

ensure_build() {
  local wanted
  # With links instead of copies a change of code needs no build; new files, messages and build rules do.
  wanted="$(cat $VENV/.ready) $PWD $(digest_of CMakeLists.txt package.xml msg/*.msg srv/*.srv) $(find src scripts launch config -type f ! -name '*.pyc' | LC_ALL=C sort | sha256sum)"
  [ "$(cat install/.ready 2>/dev/null)" != "$wanted" ] || return 0
  say "building"
  rm -f install/.ready
  # shellcheck disable=SC1091
  if [ -e $VENV/.uses_sourced_ros ]; then
    export PATH="$PWD/$VENV/bin:$PATH"
  else
    export PATH="$PWD/$VENV/bin:$PATH" AMENT_PREFIX_PATH="$PWD/$VENV" CMAKE_PREFIX_PATH="$PWD/$VENV"
  fi
  mkdir -p build
  colcon --log-base log build --base-paths . --packages-select latentvr --symlink-install \
    --cmake-args -DBUILD_TESTING=OFF "-DPython3_EXECUTABLE=$PWD/$VENV/bin/python" > build/colcon.log 2>&1 ||
    { tail -n 60 build/colcon.log >&2; fail "the build failed; all of its output is in build/colcon.log"; }
  echo "$wanted" > install/.ready
}

ensure_system_packages
ensure_python
ensure_environment
ensure_build
