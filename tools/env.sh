# Sourced: puts this tree's environment and build in front, on top of a sourced ROS 2 where there is one.
_latentvr_top="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
_latentvr_venv="$_latentvr_top/.venv"
_latentvr_install="$_latentvr_top/install/latentvr"
if [ ! -e "$_latentvr_venv/.uses_sourced_ros" ]; then
  # The ROS 2 wheels make the environment itself the ROS 2 installation.
  export ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3
  export AMENT_PREFIX_PATH="$_latentvr_venv" CMAKE_PREFIX_PATH="$_latentvr_venv"
fi
_latentvr_site="$("$_latentvr_venv/bin/python" -c 'import sys; print(f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")')"
export PATH="$_latentvr_venv/bin:$PATH"
export AMENT_PREFIX_PATH="$_latentvr_install:$AMENT_PREFIX_PATH"
export LD_LIBRARY_PATH="$_latentvr_install/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PYTHONPATH="$_latentvr_install/$_latentvr_site${PYTHONPATH:+:$PYTHONPATH}"
