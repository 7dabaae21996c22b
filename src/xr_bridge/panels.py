"""What is written in the room: pictures of words, and where they hang. Pillow and NumPy; no OpenGL, no OpenXR.

Lengths are metres, frame stage. A panel's own x runs to the right of who reads it, y up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from latentvr_common import palette, rotations
from latentvr_common.beacons import COLORS, Beacon
from latentvr_common.cloud import NONE
from latentvr_common.fonts import font_for
from latentvr_common.scene import Scene, Selection, State

FloatArray = npt.NDArray[np.floating]
Rgba = tuple[int, int, int, int]

PIXELS_A_M = 4000.0
_BRIGHT, _SOFT = (236, 239, 244, 255), (170, 178, 192, 255)
_PLATE: Rgba = (24, 28, 36, 235)
_TOOL = 0x5C6576
_TOOL_WORDS = {palette.LARGER: "+", palette.SMALLER: "-"}
_DARK: Rgba = (12, 14, 18, 255)
_LIGHT_SUM = 380
"""Of red, green and blue: from there on dark words can be read better."""
_MARGIN_M = 0.008
_LONGEST_NAME = 9
_LOOK_M = 0.06
_LONGEST_WORDS = 14
_MOST_NAMED = 4


@dataclass(frozen=True)
class Panel:
    """A picture of words."""

    pixels: npt.NDArray[np.uint8]
    """(H, W, 4), red, green, blue, opacity; the top row first."""
    width_m: float

    @property
    def height_m(self) -> float:
        """As wide a picture is so high."""
        return float(self.width_m * self.pixels.shape[0] / self.pixels.shape[1])


@dataclass(frozen=True)
class _Face:
    """What a button of the palette shows."""

    center: tuple[float, float]
    """From the palette's origin, metres."""
    name: str
    tool: str
    """A tool's sign; empty: it is a category's button."""
    color: int
    count: int
    """Items with this label."""
    is_active: bool


@dataclass(frozen=True)
class Panels:
    """All of them. None: there is nothing to say."""

    state: Panel | None = None
    """In front of the cloud, above the floor."""
    palette: Panel | None = None
    """At the open palm. Its middle is the palette's origin."""
    selection: Panel | None = None
    """Beside the brush: what a stroke would mark."""
    preview: tuple[Panel, FloatArray] | None = None
    """What the items at a finger tip look like, and where that tip is (3,)."""
    beacons: Mapping[int, Panel] = field(default_factory=dict)
    """By the number of a beacon: what stands at its head."""


class _Sheet:
    """A transparent picture, in metres from its upper left corner."""

    def __init__(self, width_m: float, height_m: float) -> None:
        self.image = Image.new("RGBA", (_px(width_m), _px(height_m)), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)
        self._width_m = width_m

    def box(self, left: float, top: float, width: float, height: float, corner: float, color: Rgba) -> None:
        where = (_px(left), _px(top), _px(left + width) - 1, _px(top + height) - 1)
        self._draw.rounded_rectangle(where, _px(corner), fill=color)

    def words(self, x: float, y: float, text: str, height: float, color: Rgba, anchor: str = "mm") -> None:
        self._draw.text((_px(x), _px(y)), text, color, font_for(text, _px(height)), anchor)

    def picture(self, left: float, top: float, size: float, picture: Image.Image) -> None:
        """Show `picture` as large as fits into a square. Few pixels stay squares: blurred, they would tell less."""
        scale = _px(size) / max(picture.size)
        shape = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        shown = picture.convert("RGB").resize(shape, Image.Resampling.NEAREST)
        self.image.paste(shown, (_px(left) + (_px(size) - shape[0]) // 2, _px(top) + (_px(size) - shape[1]) // 2))

    def panel(self) -> Panel:
        return Panel(np.asarray(self.image), self._width_m)


def _px(length_m: float) -> int:
    return max(1, round(length_m * PIXELS_A_M))


def panels_of(scene: Scene, is_recording: bool, preview: tuple[Panel, FloatArray] | None = None) -> Panels:
    """Return what there is to say of `scene`."""
    beacons = {beacon.number: beacon_panel(beacon) for beacon in scene.beacons or ()}
    return Panels(state_panel(scene, is_recording), palette_panel(scene), selection_panel(scene), preview, beacons)


def state_panel(scene: Scene, is_recording: bool) -> Panel:
    """Return the line on how the session stands."""
    progress = scene.progress
    parts = [f"labels safe: {progress.labelled:,}", f"epoch {progress.epoch:,}"]
    if progress.state is not State.TRAINING:
        parts.append(progress.state.name.lower())
    parts.append("recording" if is_recording else "not recorded")
    return _line("  ·  ".join(parts), 0.03, _BRIGHT)


def beacon_panel(beacon: Beacon) -> Panel:
    """Return the number of `beacon`, and why it is one."""
    return _line(f"{beacon.number}  {beacon.why.value}", 0.01, (*COLORS[beacon.why], 255))


def selection_panel(scene: Scene) -> Panel | None:
    """Return what the stroke under way would mark: how many points, and what they are labelled as now."""
    selection = scene.selection
    if selection is None or not len(selection.sample_ids):
        return None
    return _line(words_of(selection, scene.cloud.label, {c.id: c.name for c in scene.categories}), 0.012, _BRIGHT)


def words_of(selection: Selection, label: npt.NDArray[np.int16], names: Mapping[int, str]) -> str:
    """Return "123 points: 97 new, 20 cat, 6 dog". label: (N,) of all items, -1 none."""
    ids = selection.sample_ids[selection.sample_ids < len(label)]
    found, counts = np.unique(label[ids], return_counts=True)
    by_count = sorted(zip(counts.tolist(), found.tolist(), strict=True), key=lambda pair: (pair[1] != NONE, -pair[0]))
    named = [f"{n:,} {'new' if c == NONE else names.get(c, f'category {c}')}" for n, c in by_count]
    more = len(named) - _MOST_NAMED
    shown = [*named[:_MOST_NAMED], *([f"{more} more kinds"] if more > 0 else [])]
    return f"{len(ids):,} {'point' if len(ids) == 1 else 'points'}: {', '.join(shown)}"


@lru_cache(maxsize=32)
def _line(text: str, height_m: float, color: Rgba) -> Panel:
    length = font_for(text, _px(height_m)).getlength(text) / PIXELS_A_M
    sheet = _Sheet(length + 2 * height_m, 2 * height_m)
    sheet.box(0.0, 0.0, length + 2 * height_m, 2 * height_m, 0.6 * height_m, _PLATE)
    sheet.words(height_m + length / 2, height_m, text, height_m, color)
    return sheet.panel()


@dataclass(frozen=True)
class Look:
    """What one item looks like."""

    words: str
    picture: Image.Image | None = None
    """None: it has none."""


def preview_panel(looks: Sequence[Look]) -> Panel:
    """Return the items side by side, each with its words below."""
    sheet = _Sheet(len(looks) * (_LOOK_M + _MARGIN_M) + _MARGIN_M, _LOOK_M + 0.018 + 2 * _MARGIN_M)
    sheet.box(0.0, 0.0, len(looks) * (_LOOK_M + _MARGIN_M) + _MARGIN_M, _LOOK_M + 0.018 + 2 * _MARGIN_M, 0.01, _PLATE)
    for i, look in enumerate(looks):
        left = _MARGIN_M + i * (_LOOK_M + _MARGIN_M)
        if look.picture is not None:
            sheet.picture(left, _MARGIN_M, _LOOK_M, look.picture)
        words = look.words if len(look.words) <= _LONGEST_WORDS else look.words[: _LONGEST_WORDS - 1] + "."
        sheet.words(left + _LOOK_M / 2, _LOOK_M + 2 * _MARGIN_M + 0.004, words, 0.009, _BRIGHT)
    return sheet.panel()


def palette_panel(scene: Scene) -> Panel | None:
    """Return the palette: a button with name and count for each category, and the tools; None without categories."""
    if not scene.categories:
        return None
    by_id = {category.id: category for category in scene.categories}
    labelled = np.bincount(scene.cloud.label[scene.cloud.label >= 0], minlength=1)
    return _palette(
        tuple(
            _Face(
                (float(button.center[0]), float(button.center[1])),
                by_id[button.category].name if button.category in by_id else "",
                _TOOL_WORDS.get(button.action, ""),
                by_id[button.category].color if button.category in by_id else _TOOL,
                int(labelled[button.category]) if 0 <= button.category < len(labelled) else 0,
                button.category in by_id and button.category == scene.tool.category,
            )
            for button in palette.buttons(scene.categories, scene.tool.page)
        )
    )


@lru_cache(maxsize=8)
def _palette(faces: "tuple[_Face, ...]") -> Panel:
    """Draw it. The same buttons give the same panel, which then need not go to the graphics card again."""
    centers = np.array([face.center for face in faces])
    # Its middle is the palette's origin, whatever the buttons.
    half = (np.abs(centers).max(axis=0) + palette.PITCH_M / 2 + _MARGIN_M).tolist()
    sheet = _Sheet(2 * half[0], 2 * half[1])
    sheet.box(0.0, 0.0, 2 * half[0], 2 * half[1], 0.012, _PLATE)
    for face in faces:
        _button(sheet, half[0] + face.center[0], half[1] + face.center[1], face)
    return sheet.panel()


def _button(sheet: _Sheet, x: float, y: float, face: "_Face") -> None:
    half = palette.BUTTON_M / 2
    if face.is_active:
        sheet.box(x - half - 0.0025, y - half - 0.0025, 2 * half + 0.005, 2 * half + 0.005, 0.0065, _BRIGHT)
    red, green, blue = _split(face.color)
    sheet.box(x - half, y - half, 2 * half, 2 * half, 0.005, (red, green, blue, 255))
    if face.tool:
        sheet.words(x, y, face.tool, 0.016, _BRIGHT)
        return
    ink = _DARK if red + green + blue > _LIGHT_SUM else _BRIGHT
    name = face.name if len(face.name) <= _LONGEST_NAME else face.name[: _LONGEST_NAME - 1] + "."
    sheet.words(x, y - 0.004, name, min(0.0065, 0.045 / max(1, len(name))), ink)
    sheet.words(x, y + 0.006, f"{face.count:,}", 0.0055, ink)


def _split(rgb: int) -> tuple[int, int, int]:
    return rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255


def facing(place: FloatArray, reader: FloatArray) -> FloatArray:
    """Return the rotation (4,) that turns what is at `place` upright towards `reader`."""
    away = np.asarray(reader, dtype=float) - place
    length = float(np.linalg.norm(away))
    if length < 1e-6 or abs(away[1]) > 0.999 * length:
        return rotations.IDENTITY.copy()
    z = away / length
    x = np.cross([0.0, 1.0, 0.0], z)
    x /= np.linalg.norm(x)
    return rotations.from_axes(x, np.cross(z, x), z)


def on_palette(pose: palette.PalettePose) -> tuple[FloatArray, FloatArray]:
    """Return where the palette's panel hangs: its middle (3,), and its rotation (4,)."""
    return pose.origin, rotations.from_axes(pose.across, -pose.down, pose.normal)
