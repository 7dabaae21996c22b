#!/usr/bin/env bash
# Set up everything that latentvr needs below this directory: .venv (Python packages, and ROS 2 Jazzy where none is
# sourced) and install/ (the package, built). Safe to repeat; does nothing when nothing has changed.
#
# PYTHON=python3.12 tools/setup.sh   uses another Python (3.11 or 3.12); default: that of the environment that is there,
#                                    else python3.
set -euo pipefail
unset CDPATH
# Without symbolic links: one tree has one path, which the environment keeps.
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=.venv
COMMANDS=(cmake make g++ git) # Debian's packages have the same names.
LIBRARIES=(libusb-1.0-0 libegl1 libgl1 libgl1-mesa-dri libegl-mesa0 libx11-6 libudev1 libidn2-0 libgomp1)

say() { printf '[set-up] %s\n' "$*"; }
fail() { printf '[set-up] error: %s\n' "$*" >&2; exit 1; }

# One set-up at a time. What it started keeps the lock too: a pip that outlives a killed set-up is waited for.
take_lock() {
  local busy=75
  command -v flock >/dev/null || return 0
  exec {LOCK}< .
  flock --nonblock --conflict-exit-code $busy "$LOCK" && return 0
  # Some file systems have no locks.
  [ $? = $busy ] || return 0
  say "waiting: another set-up of this directory is running"
  flock "$LOCK"
}

# An installed ROS 2 has rclpy and is no virtual environment, as those are that tools/env.sh of any checkout puts there.
sourced_ros() {
  local prefixes prefix
  [ "${ROS_DISTRO:-}" = jazzy ] || return 1
  IFS=: read -ra prefixes <<< "${AMENT_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}"; do
    if [ -e "$prefix/share/ament_index/resource_index/packages/rclpy" ] && [ ! -e "$prefix/pyvenv.cfg" ]; then return 0; fi
  done
  return 1
}

kind_of_ros() { if sourced_ros; then echo sourced; else echo wheels; fi; }

is_supported() {
  command -v "$1" >/dev/null && "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null
}

choose_python() {
  [ -z "${PYTHON:-}" ] || return 0
  PYTHON=python3
  # That of the environment stays, unless it was made for another ROS 2, to which it need not fit.
  [ "$(cat $VENV/.ros 2>/dev/null)" = "$(kind_of_ros)" ] || return 0
  local known
  known=$(sed -n 's/^executable = //p' $VENV/pyvenv.cfg 2>/dev/null) || return 0
  if [ -n "$known" ] && is_supported "$known"; then PYTHON=$known; fi
}

ensure_python() {
  local version
  command -v "$PYTHON" >/dev/null || fail "$PYTHON is not on this machine; expected Python 3.11 or 3.12"
  version=$("$PYTHON" --version) || fail "$PYTHON does not run; expected Python 3.11 or 3.12"
  is_supported "$PYTHON" || fail "$version found, expected Python 3.11 or 3.12; name another with PYTHON=python3.12"
}

is_installed() {
  # A line for each architecture.
  # shellcheck disable=SC2016
  dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "$1" 2>/dev/null |
    grep -xE "($(dpkg --print-architecture)|all) installed" >/dev/null
}

# The names of Debian's packages, which say elsewhere too what is meant.
missing_system_packages() {
  local name
  if ! command -v "$PYTHON" >/dev/null; then
    echo python3-venv
  elif ! "$PYTHON" -c 'import ensurepip' 2>/dev/null; then
    # A Python of one's own brings its venv module along.
    "$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
  fi
  for name in "${COMMANDS[@]}"; do command -v "$name" >/dev/null || echo "$name"; done
  command -v dpkg-query >/dev/null || return 0
  for name in "${LIBRARIES[@]}"; do is_installed "$name" || echo "$name"; done
}

ensure_system_packages() {
  local missing
  missing=$(missing_system_packages | paste -sd ' ')
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || fail "missing on this machine: $missing; install them with its package manager"
  [ "$(id -u)" = 0 ] || fail "system packages are missing; install them with: sudo apt-get install $missing"
  say "installing system packages: $missing"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } >/dev/null ||
    fail "installing system packages failed; they are: $missing"
}

digest_of() { cat "$@" | sha256sum | cut -d' ' -f1; }

# What an environment is made for: a line for each thing that asks for a new one when it changes.
description_of_environment() {
  "$PYTHON" --version
  echo "ROS 2: $(kind_of_ros)"
  # Scripts of the environment, and what was built with it, hold its path.
  echo "in $PWD"
  echo "requirements $(digest_of requirements/*.txt)"
}

# Lines of the text $1 that are not in the text $2, in one.
only_in() { grep -vxFf <(printf '%s\n' "$2") <<< "$1" | paste -sd ',' | sed 's/,/, /g'; }

ensure_environment() {
  local wanted found
  wanted=$(description_of_environment)
  found=$(cat $VENV/.ready 2>/dev/null) || true
  if [ "$found" = "$wanted" ] && $VENV/bin/python -c '' 2>/dev/null; then return 0; fi
  if [ -n "$found" ]; then
    say "clearing $VENV: it has \"$(only_in "$found" "$wanted")\", wanted is \"$(only_in "$wanted" "$found")\""
  fi
  say "making the environment $VENV with $("$PYTHON" --version); this takes minutes, and downloads about 1 GB where pip" \
    "finds a CPU build of PyTorch, several GB where it finds that for CUDA"
  # What was built holds paths and the Python of the environment that goes.
  rm -rf $VENV/.ready install/.ready build/latentvr install/latentvr
  make_environment
  printf '%s\n' "$wanted" > $VENV/.ready
}

make_environment() {
  local requirements=(requirements/run.txt requirements/dev.txt) options=()
  if sourced_ros; then options=(--system-site-packages); else requirements+=(requirements/ros.txt); fi
  "$PYTHON" -m venv --clear "${options[@]}" $VENV || fail "$PYTHON -m venv failed"
  kind_of_ros > $VENV/.ros
  mkdir -p build
  # shellcheck disable=SC2046
  $VENV/bin/python -m pip install --progress-bar off --disable-pip-version-check \
    $(printf -- '-r %s ' "${requirements[@]}") -c requirements/constraints.txt 2>&1 | tee build/pip.log |
    awk '/^Collecting/ { printf "."; fflush() } END { print "" }' || {
    { grep -i error build/pip.log || tail -n 20 build/pip.log; } | cut -c 1-300 >&2
    fail "installing packages failed; all of pip's output is in build/pip.log"
  }
  sourced_ros || $VENV/bin/python tools/fix_cmake_paths.py $VENV
}

# What is built. With links instead of copies a change of code needs no build; new files, messages and build rules do.
description_of_build() {
  echo "$(cat $VENV/.ready) $(digest_of CMakeLists.txt package.xml msg/*.msg srv/*.srv) $(find src scripts launch config -type f ! -name '*.pyc' | LC_ALL=C sort | sha256sum)"
}

ensure_build() {
  local wanted
  wanted=$(description_of_build)
  [ "$(cat install/.ready 2>/dev/null)" != "$wanted" ] || return 0
  say "building"
  # Half of a file may be where a build was cut off.
  if [ -e build/.building ]; then rm -rf build/latentvr install/latentvr; fi
  rm -f install/.ready
  mkdir -p build
  touch build/.building
  build || {
    rm -f build/.building
    tail -n 60 build/colcon.log >&2
    fail "the build failed; all of its output is in build/colcon.log"
  }
  rm -f build/.building
  printf '%s\n' "$wanted" > install/.ready
}

build() (
  export PATH="$PWD/$VENV/bin:$PATH"
  if ! sourced_ros; then export AMENT_PREFIX_PATH="$PWD/$VENV" CMAKE_PREFIX_PATH="$PWD/$VENV"; fi
  colcon --log-base log build --base-paths . --packages-select latentvr --symlink-install \
    --cmake-args -DBUILD_TESTING=OFF "-DPython3_EXECUTABLE=$PWD/$VENV/bin/python" > build/colcon.log 2>&1
)

main() {
  take_lock
  choose_python
  # Where there is one, whether it fits is said before anything is installed for it.
  if [ "$PYTHON" != python3 ] || command -v python3 >/dev/null; then ensure_python; fi
  ensure_system_packages
  ensure_python
  ensure_environment
  ensure_build
}

# Sourced, it only defines.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then main; fi
