"""What the view leaves in the session directory: a time-lapse of the whole session, and a still of its end.

Thread rule: made, used and closed on one thread, like the painter inside.
"""

import os
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from cloud_view.camera import Framing, orbit, subject_of
from cloud_view.caption import Caption, caption_of, put_caption
from cloud_view.drawing import Drawing, draw
from cloud_view.painter import ASPECT, Painter
from cloud_view.place_card import Card, card_of, put_card
from cloud_view.video import RATE_HZ, Video, set_aside
from latentvr_common.scene import Scene

FILM_WIDTH = 1280
STILL_WIDTH = 1600
LAST_PICTURE_FRAMES = 3 * RATE_HZ // 2
"""The film ends with its last picture held for so many frames: time to read it."""


class Studio:
    """Makes pictures. Its painter is made with the first one."""

    def __init__(self, make_painter: Callable[[], Painter] = Painter) -> None:
        self._make_painter = make_painter
        self._painter: Painter | None = None

    def picture(self, drawing: Drawing, caption: Caption, card: Card | None, width: int) -> Image.Image:
        """Return a picture with its caption and the card, if any, RGBX, `width` pixels wide. Raises DrawError."""
        if self._painter is None:
            self._painter = self._make_painter()
        picture = self._painter.paint(drawing, width)
        put_caption(picture, caption)
        if card is not None:
            put_card(picture, card)
        return picture

    def close(self) -> None:
        """Let go of the painter."""
        painter, self._painter = self._painter, None
        if painter is not None:
            painter.close()


class Film:
    """The time-lapse: a camera goes slowly around the cloud while the session goes on."""

    def __init__(self, path: Path, studio: Studio) -> None:
        self._path = path
        self._studio = studio
        self._framing = Framing()
        self._video: Video | None = None
        self._last: Image.Image | None = None
        self.pictures = 0

    def take(self, scene: Scene) -> None:
        """Append a picture of `scene`, which has at least one item. Raises DrawError or VideoError."""
        subject = self._framing.follow(subject_of(scene.points()))
        drawing = draw(scene, orbit(subject, self.pictures), subject)
        self._last = self._studio.picture(drawing, caption_of(scene), card_of(scene), FILM_WIDTH)
        if self._video is None:
            set_aside(self._path)
            self._video = Video(self._path, FILM_WIDTH, round(FILM_WIDTH / ASPECT))
        self._video.add(self._last)
        self.pictures += 1

    def close(self) -> None:
        """Finish the film. Raises VideoError."""
        video, self._video = self._video, None
        if video is not None and self._last is not None:
            video.add(self._last, LAST_PICTURE_FRAMES)
            video.close()


def take_still(scene: Scene, path: Path, studio: Studio) -> None:
    """Write a picture of `scene`, which has at least one item, to `path`. Raises DrawError or OSError.

    Whoever reads `path` finds a whole picture there or none.
    """
    subject = subject_of(scene.points())
    drawing = draw(scene, orbit(subject, 0), subject, fine=True)
    picture = studio.picture(drawing, caption_of(scene), card_of(scene), STILL_WIDTH)
    partial = path.with_name(path.name + ".partial")
    picture.convert("RGB").save(partial, format="PNG", compress_level=2)
    os.replace(partial, path)
