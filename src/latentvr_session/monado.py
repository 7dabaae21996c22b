"""Monado, an OpenXR runtime that needs no headset: how its service and the programs that use it are run.

It runs from an unpacked prefix (debian_prefix.py), without a display and without a GPU. Its driver `remote` stands for
the headset and the hands: whoever connects to its port says where they are.
"""

import atexit
import json
import os
import shutil
import socket
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentvr_session.debian_prefix import Prefix, unpacked

_SUITE = "trixie"
_PACKAGES = (
    "monado-service",
    "libopenxr1-monado",
    "mesa-vulkan-drivers",
    "libegl1",
    "libegl-mesa0",
    "libgl1-mesa-dri",
    "libgl1",
    "libgles2",
)
_BARE = ("EGL", "GL", "GLX", "GLESv2")
STARTED = "The Monado service has started"
"""What the service says once it can be used."""


@dataclass(frozen=True)
class Monado:
    """A Monado of one's own."""

    prefix: Prefix
    directory: Path
    """Private to it: its socket, settings and manifest. Its path must be short, for the socket's sake."""
    port: int
    """TCP, of the driver `remote`."""

    def write_settings(self) -> None:
        """Write what the service and the programs that use it read."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {"active": "remote", "remote": {"version": 0, "port": self.port, "view_count": 2}}
        _write_json(self.directory / "monado" / "config_v0.json", settings)
        library = str(self.prefix.libraries / "libopenxr_monado.so")
        manifest = {"file_format_version": "1.0.0", "runtime": {"name": "Monado", "library_path": library}}
        _write_json(self._manifest, manifest)

    @property
    def _manifest(self) -> Path:
        return self.directory / "openxr.json"

    def environment(self) -> dict[str, str]:
        """Return the variables of the service, and of programs that use it."""
        root, libraries = self.prefix.root, self.prefix.libraries
        return {
            "XDG_RUNTIME_DIR": str(self.directory),
            "XDG_CONFIG_HOME": str(self.directory),
            "XR_RUNTIME_JSON": str(self._manifest),
            "XRT_NO_STDIN": "1",
            "XRT_COMPOSITOR_NULL": "1",
            "P_OVERRIDE_ACTIVE_CONFIG": "remote",
            # Also the compositor that shows nothing needs a Vulkan driver: Mesa's, which computes on the processor.
            "VK_DRIVER_FILES": str(root / "usr" / "share" / "vulkan" / "icd.d" / "lvp_icd.json"),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "EGL_PLATFORM": "surfaceless",
            "__EGL_VENDOR_LIBRARY_FILENAMES": str(root / "usr" / "share" / "glvnd" / "egl_vendor.d" / "50_mesa.json"),
            "LIBGL_DRIVERS_PATH": str(libraries / "dri"),
            "PYOPENGL_PLATFORM": "egl",
        }

    def service_command(self) -> list[str]:
        """Return the words that run the service."""
        return self.prefix.command(self.prefix.root / "usr" / "bin" / "monado-service")

    def client_command(self) -> list[str]:
        """Return the words that run Python for a program that uses the runtime, without the program's name."""
        real = Path(sys.executable).resolve()
        wheels = sorted(Path(sysconfig.get_paths()["platlib"]).glob("ros_*.libs"))
        # Its loader takes the path that it is given instead of the variable.
        given = [Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
        return self.prefix.command(real, sys.executable, (Path(sys.prefix) / "lib", *wheels, *given))

    def client_environment(self) -> dict[str, str]:
        """Return the variables of a program that uses the runtime, with those that ROS's wheels would set at start."""
        return {**self.environment(), "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1"}


def runtimes_folder() -> Path:
    """Return the folder in which runtimes are unpacked: safe to delete, kept because it takes time to make.

    The variable LATENTVR_RUNTIMES names another than `latentvr` in the user's cache directory.
    """
    named = os.environ.get("LATENTVR_RUNTIMES")
    return Path(named or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "latentvr")


def monado_of_a_session(on_progress: Callable[[str], None]) -> Monado:
    """Return a Monado of one's own, unpacked below `runtimes_folder` if it is not yet. Raises InputError."""
    prefix = monado_prefix(on_progress)
    directory = Path(tempfile.mkdtemp(prefix="latentvr-xr-"))
    # This process lives as long as the session does.
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    made = Monado(prefix, directory, free_port())
    made.write_settings()
    return made


def monado_prefix(on_progress: Callable[[str], None]) -> Prefix:
    """Return where Monado is unpacked, below `runtimes_folder`; made where it is missing. Raises InputError."""
    return unpacked(_PACKAGES, _SUITE, runtimes_folder(), on_progress, _BARE)


def free_port() -> int:
    """Return a TCP port that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_json(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".new")
    scratch.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(scratch, file)
