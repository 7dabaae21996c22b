"""An OpenGL context by EGL, with no window and no display, bound to a session by XR_MNDX_egl_enable.

EGL is called by itself: pyopenxr has PyOpenGL take its functions from GLX, where EGL's newer ones are not.
"""

import ctypes
from ctypes import addressof, byref, c_char_p, c_int, c_int32, c_uint, c_void_p
from typing import Any

import xr

from xr_bridge.openxr import current
from xr_bridge.openxr.results import MissingError

EXTENSIONS = ("XR_MNDX_egl_enable", "XR_KHR_opengl_enable")
_LIBRARY = "libEGL.so.1"
_PLATFORM_SURFACELESS_MESA, _OPENGL_API, _NONE = 0x31DD, 0x30A2, 0x3038
_RENDERABLE_TYPE, _OPENGL_BIT, _SURFACE_TYPE = 0x3040, 0x0008, 0x3033
_MAJOR_VERSION, _MINOR_VERSION, _PROFILE_MASK, _CORE_PROFILE_BIT = 0x3098, 0x30FB, 0x30FD, 0x0001
_ANY_SURFACE = (_RENDERABLE_TYPE, _OPENGL_BIT, _SURFACE_TYPE, 0, _NONE)
_CORE_3_3 = (_MAJOR_VERSION, 3, _MINOR_VERSION, 3, _PROFILE_MASK, _CORE_PROFILE_BIT, _NONE)
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "eglGetPlatformDisplay": (c_void_p, [c_uint, c_void_p, c_void_p]),
    "eglInitialize": (c_uint, [c_void_p, c_void_p, c_void_p]),
    "eglBindAPI": (c_uint, [c_uint]),
    "eglChooseConfig": (c_uint, [c_void_p, c_void_p, c_void_p, c_int32, c_void_p]),
    "eglCreateContext": (c_void_p, [c_void_p, c_void_p, c_void_p, c_void_p]),
    "eglMakeCurrent": (c_uint, [c_void_p, c_void_p, c_void_p, c_void_p]),
    "eglDestroyContext": (c_uint, [c_void_p, c_void_p]),
    "eglGetProcAddress": (c_void_p, [c_char_p]),
    "eglGetError": (c_int, []),
}


def _library() -> Any:
    try:
        library = ctypes.CDLL(_LIBRARY)
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise MissingError(f"EGL 1.5 is not on this machine: {error}") from error
    return library


def _words(values: tuple[int, ...]) -> Any:
    return (c_int32 * len(values))(*values)


class EglContext:
    """A context that is current on the thread that made it, until `close`."""

    def __init__(self) -> None:
        """Make it. Raises MissingError."""
        self._egl = egl = _library()
        self._display = egl.eglGetPlatformDisplay(_PLATFORM_SURFACELESS_MESA, None, None)
        self._check(self._display and egl.eglInitialize(self._display, None, None), "has no display without a screen")
        self._check(egl.eglBindAPI(_OPENGL_API), "has no OpenGL")
        config, count = c_void_p(), c_int32()
        egl.eglChooseConfig(self._display, _words(_ANY_SURFACE), byref(config), 1, byref(count))
        self._check(count.value, "has no configuration for OpenGL")
        self._config = config.value
        self._context = egl.eglCreateContext(self._display, self._config, None, _words(_CORE_3_3))
        self._check(self._context, "makes no context of OpenGL 3.3")
        try:
            self._check(self._make_current(self._context), "does not take its own context")
            self.gl = current.context(lambda name: egl.eglGetProcAddress(name.encode()))
        except Exception:
            self._give_back()
            raise

    def _check(self, good: object, otherwise: str) -> None:
        if not good:
            raise MissingError(f"EGL {otherwise} (error {self._egl.eglGetError():#x})")

    def _make_current(self, context: int | None) -> bool:
        return bool(self._egl.eglMakeCurrent(self._display, None, None, context))

    def binding(self) -> object:
        """Return the structure that binds a session to this context."""
        binding = xr.GraphicsBindingEGLMNDX()
        values = {
            "get_proc_address": ctypes.cast(self._egl.eglGetProcAddress, c_void_p).value,
            "display": self._display,
            "config": self._config,
            "context": self._context,
        }
        for name, value in values.items():
            # pyopenxr has these fields as pointers to what it does not know.
            field = getattr(type(binding), name)
            c_void_p.from_address(addressof(binding) + field.offset).value = value
        return binding

    def close(self) -> None:
        """Give it back."""
        self.gl.release()
        self._give_back()

    def _give_back(self) -> None:
        self._make_current(None)
        self._egl.eglDestroyContext(self._display, self._context)
