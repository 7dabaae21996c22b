"""Open3D: loaded when it is first needed, and kept away from displays that it cannot use."""

import os
import tempfile
from typing import Any


class DrawError(Exception):
    """Nothing can be drawn here; the text says why and what would help."""


def load_open3d(*, windows: bool) -> Any:
    """Return the module; only the first call decides whether it may open `windows`. Raises DrawError.

    Open3D 0.20 ends the process with a segmentation fault where it finds a Wayland display, so it gets none to see;
    Wayland desktops show its windows by X11. Without windows it draws with EGL, for which it must find no display.
    """
    os.environ["WAYLAND_DISPLAY"] = ""
    os.environ["XDG_SESSION_TYPE"] = "x11"
    # Mesa looks for Wayland even so, and complains on stderr where there is no such directory.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    if not windows:
        os.environ.pop("DISPLAY", None)
    try:
        import open3d
    except (ImportError, OSError) as error:
        raise DrawError(f"Open3D does not load: {error}; expected the packages that tools/setup.sh names") from error
    open3d.utility.set_verbosity_level(open3d.utility.VerbosityLevel.Error)
    return open3d
