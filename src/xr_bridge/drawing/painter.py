"""Draws what the person sees. One OpenGL context, one thread."""

from collections.abc import Iterator
from dataclasses import dataclass

import moderngl
import numpy as np
import numpy.typing as npt

from latentvr_common import palette
from latentvr_common.beacon_lights import Light, lights
from latentvr_common.colors import split_rgb
from latentvr_common.hands import Hand
from latentvr_common.held import color_of_brush, held
from latentvr_common.palette import PalettePose, palette_pose
from latentvr_common.scene import Scene
from xr_bridge.drawing import shaders
from xr_bridge.drawing.arrow_lines import ArrowLines
from xr_bridge.drawing.beacon_columns import beacon_ribbons
from xr_bridge.drawing.cloud_points import CloudPoints
from xr_bridge.drawing.ghost import GhostPoints, change_ribbons
from xr_bridge.drawing.hand_balls import BALL, ball, hand_balls
from xr_bridge.drawing.panel_quads import PanelQuads
from xr_bridge.drawing.ribbons import Ribbons
from xr_bridge.drawing.tool_ribbons import box_ribbons, held_ribbons
from xr_bridge.hanging import Resting, above_brush, above_hands, facing, nearer, offer_place, on_palette, state_place
from xr_bridge.panels import Panels
from xr_bridge.sheet import Panel

FloatArray = npt.NDArray[np.floating]
_HungPanel = tuple[str, Panel, tuple[FloatArray, FloatArray]]
"""Its name, what it shows, its middle (3,) and its rotation (4,)."""
_HungPanels = list[_HungPanel]
Matrix = npt.NDArray[np.float32]
_QUAD = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], dtype=np.float32)
_MOST_BALLS = 1024
_LINE_M = 0.065
"""Lines below the state line are so far apart: which time is looked at, and what was cancelled."""


@dataclass(frozen=True)
class Eye:
    """From where a picture is seen. Matrices (4, 4) as in matrices.py."""

    view: Matrix
    projection: Matrix
    position: npt.NDArray[np.floating]
    """(3,), metres, frame stage."""


class Painter:
    """What is drawn is what `see` and `show_person` were last given."""

    def __init__(self, context: moderngl.Context, most_points: int, *, is_srgb: bool) -> None:
        """`is_srgb`: pictures take light, and the hardware makes sRGB of it."""
        self._context = context
        context.enable(moderngl.DEPTH_TEST | moderngl.PROGRAM_POINT_SIZE)
        context.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        self._cloud = CloudPoints(context, most_points)
        self._arrows = ArrowLines(context)
        self.corners = context.buffer(_QUAD.tobytes())
        """Of a quad over all of clip space, a strip of triangles."""
        self._balls = context.program(shaders.BALLS_VERTEX, shaders.BALLS_FRAGMENT)
        self._hands, self._brushes = (_Balls(context, self._balls, self.corners) for _ in range(2))
        self._around = context.program(shaders.SURROUNDINGS_VERTEX, shaders.SURROUNDINGS_FRAGMENT)
        self._around_shape = context.vertex_array(self._around, [(self.corners, "2f", "in_corner")])
        self._columns, self._box, self._held, self._moves = (Ribbons(context, self.corners) for _ in range(4))
        self._ghost = GhostPoints(context)
        self._lights: tuple[Light, ...] = ()
        self._quads = PanelQuads(context, self.corners)
        self._scene: Scene | None = None
        self._panels = Panels()
        self._palette: PalettePose | None = None
        self._strip_place: FloatArray = np.zeros(2)
        """(2,), in the palette's plane."""
        self._hands_now = Hand(), Hand()
        self._head: FloatArray = np.zeros(3)
        self._state_place, self._offer_place = Resting(), Resting()
        self._hung: _HungPanels | None = None
        """Of this frame; None: to be worked out."""
        drawn = (self._cloud.program, self._ghost.program, self._arrows.program, self._quads.program)
        for program in (*drawn, self._balls, self._around, *(part.program for part in self._ribbons)):
            program["gamma"].value = shaders.GAMMA if is_srgb else 1.0  # type: ignore[union-attr]

    def see(self, scene: Scene, panels: Panels, now_s: float) -> None:
        """Draw this from now on, `now_s` seconds that rise."""
        self._panels, self._hung = panels, None
        self._cloud.aim(scene, now_s)
        if scene.forces is not None or (self._scene is not None and self._scene.forces is not None):
            self._arrows.fill(scene)
        self._ghost.fill(scene)
        if self._scene is None or _differs(scene, self._scene):
            self._moves.fill(change_ribbons(scene))
        self._strip_place = palette.strip(scene.categories, scene.tool.page).center
        self._lights = lights(scene)
        self._columns.fill(beacon_ribbons(self._lights))
        self._box.fill(box_ribbons(scene))
        if self._scene is None or scene.brushes is not self._scene.brushes:
            balls = [
                ball(brush.position, brush.radius, split_rgb(color_of_brush(scene, brush)) / 255)
                for brush in scene.brushes
                if brush.is_ball
            ]
            self._brushes.fill(np.concatenate(balls) if balls else np.zeros(0, BALL))
        self._scene = scene

    def show_person(self, left: Hand, right: Hand, head: FloatArray) -> None:
        """Draw the hands here; words turn to `head` (3,), metres, whichever eye sees them."""
        self._hands_now, self._head, self._hung = (left, right), head, None
        self._hands.fill(np.concatenate([hand_balls(left), hand_balls(right)]))
        poses = [palette_pose(hand) for hand in (left, right) if hand.tracked]
        self._palette = next((pose for pose in poses if pose is not None), None)
        self._held.fill(held_ribbons(held(self._scene, left, right) if self._scene is not None else None, head))

    def paint(self, target: moderngl.Framebuffer, eye: Eye, now_s: float) -> None:
        """Draw into `target` what `eye` sees at `now_s`."""
        target.use()
        target.clear(depth=1.0)
        self._paint_surroundings(eye)
        self._cloud.paint(eye.view, eye.projection, target.height, now_s)
        self._ghost.paint(eye.view, eye.projection, target.height)
        self._arrows.paint(eye.view, eye.projection)
        for name, matrix in (("view", eye.view), ("projection", eye.projection)):
            self._balls[name].write(_columns(matrix))  # type: ignore[union-attr]
        self._balls["rim"].value = 0.0  # type: ignore[union-attr]
        self._hands.paint()
        self._context.enable(moderngl.BLEND)
        self._balls["rim"].value = 1.0  # type: ignore[union-attr]
        self._brushes.paint()
        for part in self._ribbons:
            part.paint(eye.view, eye.projection, target.height)
        if self._hung is None:
            # What is near is drawn over what is far, half transparent as it is.
            self._hung = sorted(self._hung_panels(self._head), key=lambda hung: -_away_m(hung[2][0], self._head))
        for name, panel, place in self._hung:
            self._quads.paint(name, panel, place, eye.view, eye.projection)
        self._context.disable(moderngl.BLEND)

    def _hung_panels(self, reader: FloatArray) -> Iterator[_HungPanel]:
        """Yield each panel with where it hangs."""
        if self._panels.palette is not None and self._palette is not None:
            yield "palette", self._panels.palette, on_palette(self._palette)
            if self._panels.strip is not None:
                yield "strip", self._panels.strip, on_palette(self._palette, self._strip_place)
        for name, panel, place in self._facing_panels(reader):
            yield name, panel, (place, facing(place, reader))

    def _facing_panels(self, reader: FloatArray) -> Iterator[tuple[str, Panel, FloatArray]]:
        """Yield those that face the reader, with their middles (3,)."""
        panels, scene = self._panels, self._scene
        if scene is None:
            return
        if panels.state is not None:
            place = self._state_place.follow(state_place(scene.placement, reader))
            yield "state", panels.state, place
            for name, line in (("then", panels.then), ("notice", panels.notice)):
                if line is not None:
                    place = place - _up(_LINE_M)
                    yield name, line, place
        for light in self._lights:
            panel = panels.beacons.get(light.beacon.number)
            if panel is not None:
                yield f"beacon {light.beacon.number}", panel, light.head + _up(panel.height_m / 2)
        if panels.offer is not None:
            yield "offer", panels.offer, self._offer_place.follow(offer_place(scene, reader, panels.offer.width_m))
        if panels.preview is not None:
            panel, near = panels.preview
            yield "preview", panel, nearer(near + _up(0.06 + panel.height_m / 2), reader)
        over_brush, over_hands = above_brush(scene), above_hands(self._hands_now)
        if panels.selection is not None and over_brush is not None:
            yield "selection", panels.selection, nearer(over_brush, reader)
        if panels.hint is not None and over_hands is not None:
            yield "hint", panels.hint, nearer(over_hands, reader)

    @property
    def _ribbons(self) -> tuple[Ribbons, ...]:
        return self._columns, self._box, self._held, self._moves

    def _paint_surroundings(self, eye: Eye) -> None:
        from_clip = np.linalg.inv(eye.projection @ eye.view)
        self._around["from_clip"].write(_columns(from_clip))  # type: ignore[union-attr]
        self._around["eye"].value = tuple(float(x) for x in eye.position)  # type: ignore[union-attr]
        self._context.disable(moderngl.DEPTH_TEST)
        self._around_shape.render(moderngl.TRIANGLE_STRIP)
        self._context.enable(moderngl.DEPTH_TEST)


class _Balls:
    """Balls that all face the eye."""

    def __init__(self, context: moderngl.Context, program: moderngl.Program, corners: moderngl.Buffer) -> None:
        self._buffer = context.buffer(reserve=_MOST_BALLS * BALL.itemsize, dynamic=True)
        self._count = 0
        self._shape = context.vertex_array(
            program,
            [(corners, "2f", "in_corner"), (self._buffer, "3f 1f 3f/i", "in_center", "in_radius", "in_color")],
        )

    def fill(self, balls: npt.NDArray[np.void]) -> None:
        """Draw these (K,), BALL, from now on; the first 1,024 where there are more."""
        self._count = min(len(balls), _MOST_BALLS)
        if self._count:
            self._buffer.write(balls[: self._count].tobytes())

    def paint(self) -> None:
        """Draw them."""
        if self._count:
            self._shape.render(moderngl.TRIANGLE_STRIP, instances=self._count)


def _differs(scene: Scene, before: Scene) -> bool:
    """Tell whether what has changed since the ghost is to be worked out anew."""
    if scene.ghost is None and before.ghost is None:
        return False
    same = all(getattr(scene, name) is getattr(before, name) for name in ("ghost", "cloud", "placement"))
    return not same or scene.categories != before.categories


def _columns(matrix: npt.NDArray[np.floating]) -> bytes:
    return np.ascontiguousarray(matrix.T, dtype=np.float32).tobytes()


def _away_m(place: FloatArray, reader: FloatArray) -> float:
    return float(np.linalg.norm(place - reader))


def _up(metres: float) -> FloatArray:
    return np.array([0.0, metres, 0.0])
