"""A session that draws: waits for the compositor's beat, draws a picture for each eye, hands both over."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from ctypes import byref
from typing import Any, Protocol

import moderngl
import numpy as np
import xr

from latentvr_common.scene import Scene
from xr_bridge.drawing.mirror import Mirror
from xr_bridge.drawing.painter import Eye, Painter
from xr_bridge.openxr import eyes
from xr_bridge.openxr.eyes import EyeChain
from xr_bridge.openxr.runtime import LocateHands
from xr_bridge.panels import Panels
from xr_bridge.show import Show

_FRAMEBUFFER_SRGB = 0x8DB9


class Context(Protocol):
    """An OpenGL context that a session can be bound to."""

    gl: moderngl.Context

    def binding(self) -> object:
        """Return the structure that binds a session to it."""

    def close(self) -> None:
        """Give it back."""


class Pictures:
    """Draws what `show` says."""

    def __init__(self, extensions: tuple[str, ...], make_context: Callable[[], Context], show: Show) -> None:
        self.extensions = extensions
        self._make_context = make_context
        self._show = show
        self._context: Context | None = None
        self._painter: Painter | None = None
        self._mirror: Mirror | None = None
        self._chains: list[EyeChain] = []
        self._mirror_due_s = -math.inf

    def binding(self, instance: xr.Instance, system: xr.SystemId) -> object:
        """Make a context and return what binds a session to it. Raises MissingError."""
        # The runtime wants to have been asked.
        xr.get_opengl_graphics_requirements_khr(instance, system)
        self._context = self._make_context()
        return self._context.binding()

    def open(self, instance: xr.Instance, system: xr.SystemId, session: xr.Session) -> None:
        """Make what a new session draws into."""
        assert self._context is not None
        gl = self._context.gl
        for size in eyes.sizes(instance, system, self._show.resolution):
            self._chains.append(EyeChain(gl, session, size))
        is_srgb = all(chain.is_srgb for chain in self._chains)
        if is_srgb:
            gl.enable_direct(_FRAMEBUFFER_SRGB)
        self._painter = Painter(gl, self._show.most_points, is_srgb=is_srgb)
        self._mirror = Mirror(gl, self._painter.corners, is_srgb)
        self._show.again()

    def frame(self, session: xr.Session, space: xr.Space, draws: bool, locate_hands: LocateHands) -> float:
        """Wait until it is time for the next frame, and draw it; return the seconds until the one after that.

        A frame that was begun is ended, whatever happens.
        """
        state = xr.wait_frame(session, xr.FrameWaitInfo())
        began_s = time.monotonic()
        xr.begin_frame(session, xr.FrameBeginInfo())
        layers: list[Any] = []
        try:
            if draws and state.should_render:
                layers = self._draw(session, space, state.predicted_display_time, locate_hands)
        finally:
            xr.end_frame(
                session,
                xr.FrameEndInfo(
                    display_time=state.predicted_display_time,
                    environment_blend_mode=xr.EnvironmentBlendMode.OPAQUE,
                    layers=layers,
                ),
            )
        took_s = time.monotonic() - began_s
        if layers:
            self._show.note_picture(took_s)
        return float(state.predicted_display_period) / 1e9 - took_s

    def _draw(self, session: xr.Session, space: xr.Space, xr_time: int, locate_hands: LocateHands) -> list[Any]:
        views = eyes.located(session, space, xr_time)
        if not views:
            return []
        assert self._painter is not None
        now_s = time.monotonic()
        seen = self._show.take()
        if seen is not None:
            self._see(self._painter, *seen, now_s)
        seeing = [eyes.eye_of(view) for view in views]
        head = np.mean([eye.position for eye in seeing], axis=0)
        self._painter.show_person(*locate_hands(xr_time), head)
        for i, eye in enumerate(seeing):
            self._draw_eye(i, eye, now_s)
        drawn = [chain.layer_view(view) for chain, view in zip(self._chains, views, strict=True)]
        return [byref(xr.CompositionLayerProjection(space=space, views=drawn))]

    def _see(self, painter: Painter, scene: Scene, panels: Panels, now_s: float) -> None:
        try:
            painter.see(scene, panels, now_s)
        except Exception:
            self._show.forget()
            raise

    def _draw_eye(self, index: int, eye: Eye, now_s: float) -> None:
        assert self._painter is not None
        chain = self._chains[index]
        target = chain.acquire()
        try:
            self._painter.paint(target, eye, now_s)
            if index == 0:
                self._reflect(target, now_s)
        finally:
            chain.release()

    def _reflect(self, target: moderngl.Framebuffer, now_s: float) -> None:
        """Give a picture of what the person sees to those who watch, now and then."""
        rate_hz = self._show.mirror_rate_hz
        if rate_hz > 0 and now_s >= self._mirror_due_s and self._mirror is not None:
            self._mirror_due_s = now_s + 1.0 / rate_hz
            self._show.on_mirror(self._mirror.picture(target, self._show.mirror_width))

    def close(self) -> None:
        """Give back what a session drew into; the session is still there."""
        for chain in self._chains:
            with suppress(moderngl.Error):
                chain.close()
        self._chains, self._painter, self._mirror = [], None, None
        self._show.picture_s = 0.0

    def close_context(self) -> None:
        """Give back the context, once the session that was bound to it is gone."""
        if self._context is not None:
            self._context.close()
        self._context = None
