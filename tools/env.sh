# Sourced, in bash, zsh or another POSIX shell: puts this tree's environment and build in front, on top of a sourced ROS 2
# where there is one. What you have set yourself stays.
_latentvr_top="${BASH_SOURCE:-$0}"
case "$_latentvr_top" in
  env.sh | */env.sh) _latentvr_top="$(CDPATH='' cd -P -- "$(dirname -- "$_latentvr_top")/.." >/dev/null && pwd -P)" ;;
  # The shell does not say where this file is.
  *) _latentvr_top="$(pwd -P)" ;;
esac
_latentvr_venv="$_latentvr_top/.venv"
_latentvr_install="$_latentvr_top/install/latentvr"
if [ ! -e "$_latentvr_top/tools/env.sh" ]; then
  echo "env.sh: this shell does not say where env.sh is: go to the directory of latentvr first, then: . tools/env.sh" >&2
  return 1
fi
if [ ! -e "$_latentvr_venv/.ready" ]; then
  echo "env.sh: nothing is set up in $_latentvr_top: run make setup there first" >&2
  return 1
fi
if [ "$(cat "$_latentvr_venv/.ros" 2>/dev/null)" != sourced ]; then
  # The ROS 2 wheels make the environment itself the ROS 2 installation.
  export ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3
  export AMENT_PREFIX_PATH="$_latentvr_venv" CMAKE_PREFIX_PATH="$_latentvr_venv"
elif [ -z "${AMENT_PREFIX_PATH:-}" ]; then
  echo "env.sh: $_latentvr_top is set up for an installed ROS 2 Jazzy: source that first" >&2
  return 1
fi
_latentvr_site="$("$_latentvr_venv/bin/python" -c 'import sys; print("lib/python%d.%d/site-packages" % sys.version_info[:2])')"
export PATH="$_latentvr_venv/bin:$PATH"
export AMENT_PREFIX_PATH="$_latentvr_install:$AMENT_PREFIX_PATH"
export LD_LIBRARY_PATH="$_latentvr_install/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PYTHONPATH="$_latentvr_install/$_latentvr_site${PYTHONPATH:+:$PYTHONPATH}"
# As the processes of a session: not to be heard all over the network by accident. Their profile of Fast DDS stays theirs:
# it takes 64 MiB of shared memory for each process, for clouds, which a node of one's own only hears.
export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE-LOCALHOST}"
