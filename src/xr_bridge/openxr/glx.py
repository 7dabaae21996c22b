"""An OpenGL context by GLX, of a window that nobody sees, bound to a session by XR_KHR_opengl_enable.

What most runtimes on a desktop want, SteamVR among them.
"""

from ctypes import c_void_p, cast

import glfw
import xr
from OpenGL import GLX

from xr_bridge.openxr import current
from xr_bridge.openxr.results import MissingError

EXTENSIONS = ("XR_KHR_opengl_enable",)
_HINTS = (
    (glfw.VISIBLE, glfw.FALSE),
    (glfw.CONTEXT_VERSION_MAJOR, 3),
    (glfw.CONTEXT_VERSION_MINOR, 3),
    (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE),
    (glfw.DOUBLEBUFFER, glfw.FALSE),
)


class GlxContext:
    """A context that is current on the thread that made it, until `close`."""

    def __init__(self) -> None:
        """Make it. Raises MissingError."""
        # Also where the desktop is Wayland's: bindings are for X11, which XWayland gives.
        glfw.init_hint(glfw.PLATFORM, glfw.PLATFORM_X11)
        if not glfw.init():
            raise MissingError("there is no display of X11")
        for hint, value in _HINTS:
            glfw.window_hint(hint, value)
        self._window = glfw.create_window(64, 64, "latentvr", None, None)
        if not self._window:
            raise MissingError("X11 makes no window with OpenGL 3.3")
        glfw.make_context_current(self._window)
        # The compositor keeps the beat.
        glfw.swap_interval(0)
        try:
            self.gl = current.context(lambda name: cast(glfw.get_proc_address(name), c_void_p).value)
        except Exception:
            self._give_back()
            raise

    def binding(self) -> object:
        """Return the structure that binds a session to this context."""
        return xr.GraphicsBindingOpenGLXlibKHR(
            x_display=GLX.glXGetCurrentDisplay(),
            glx_drawable=GLX.glXGetCurrentDrawable(),
            glx_context=GLX.glXGetCurrentContext(),
        )

    def close(self) -> None:
        """Give it back."""
        self.gl.release()
        self._give_back()

    def _give_back(self) -> None:
        glfw.make_context_current(None)  # type: ignore[arg-type]
        glfw.destroy_window(self._window)
