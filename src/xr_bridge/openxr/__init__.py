"""OpenXR itself, by pyopenxr. Everything here is for one thread.

pyopenxr raises on results that are successes with a remark, such as "the session will be lost soon", and what the call
returns is lost then. Events tell the same: such results do not raise here.
"""

import os

# Else pyopenxr has PyOpenGL use GLX, which needs a display.
os.environ.setdefault("PYOPENGL_PLATFORM", "egl")

import xr

xr.exception.raise_on_qualified_success = False
