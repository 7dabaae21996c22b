"""Draws docs/images/desktop*.jpg: the window of a real session on the digits, while somebody works at it.

source tools/env.sh
python test/data/draw_desktop.py [folder for all pictures as PNG]

Mouse and keys are a person's (test/support/desktop_person.py) on a display without a screen. It takes some minutes.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "support"))

from desktop_person import HEARD, DesktopPerson
from mouse_and_keys import MouseAndKeys
from node_process import Peer
from running import RunningSession
from virtual_display import virtual_display

from cloud_view.desktop.panels import LINE_HEIGHT
from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.timeline_bar import BAR_HEIGHT, share_at
from latentvr_common import conversions, topics
from latentvr_common.datasets import load
from latentvr_common.truth import truth_ids

OUT = Path(__file__).parents[2] / "docs" / "images"
WAIT_S = 120.0
MARKS = 14
"""Before the first look back."""
QUALITY = 88
PANELS = ("help", "item", "stroke-05", "accept")
PANEL, GAP = (800, 500), 6
"""Size of each of these beside each other, and what is between them, pixels."""
SINGLE = {"desktop": f"stroke-{MARKS - 4:02d}", "desktop-timeline": "timeline", "desktop-what-if": "what-if"}
"""Which picture is which of the docs'."""


class Painter:
    """Works at the window and keeps pictures of it."""

    def __init__(self, hands: MouseAndKeys, peer: Peer, person: DesktopPerson, folder: Path | None) -> None:
        """`folder`: where all pictures are kept, as PNG; None: nowhere."""
        self.hands = hands
        self.peer = peer
        self.person = person
        self.pictures: dict[str, Image.Image] = {}
        self._folder = folder

    def keep(self, name: str) -> None:
        """Keep a picture of the window as it is."""
        left, top, width, height = self.person.box()
        seen = np.ascontiguousarray(self.hands.screen()[top : top + height, left : left + width])
        self.pictures[name] = Image.fromarray(seen)
        if self._folder is not None:
            self.pictures[name].save(self._folder / f"{name}.png")
        print(name, flush=True)

    def press(self, *keys: str, wait_s: float = 1.5) -> None:
        """Press keys one after the other, and look at what comes of it."""
        for key in keys:
            self.hands.key(*key.split("+"))
            self.peer.spin(0.3)
        self.peer.spin(wait_s)

    def wait(self, condition: Callable[[Any], bool], what: str) -> None:
        """Wait for an epoch."""
        self.peer.wait_until(lambda: condition(self.peer.heard["epoch"][-1]), what, WAIT_S)

    def point_at_an_item(self) -> None:
        """Move the mouse to an item in the middle of what is to be seen."""
        places = self.person.places()
        x, y = places[np.argmin(np.abs(places - np.median(places, axis=0)).sum(axis=1))]
        self.hands.move(int(x), int(y))

    def on_bar(self, share: float) -> tuple[float, float]:
        """Return where on the screen a place of the timeline is."""
        left, top, width, height = self.person.box()
        viewport = Viewport(width, height)
        x = next(x for x in range(width) if share_at(viewport, x) >= share)
        return left + x, top + height - (LINE_HEIGHT + BAR_HEIGHT / 2) * height / 720


def work(painter: Painter) -> None:
    """Mark, look around, go back in time, and ask what would be."""
    person, until = painter.person, time.monotonic() + 8 * WAIT_S
    painter.press(wait_s=3.0)
    painter.keep("help")
    painter.press("escape", "1")
    person.on_stroke = lambda number: painter.keep(f"stroke-{number:02d}")
    while person.marks < MARKS or person.right() < 0.93:
        if time.monotonic() > until:
            raise SystemExit(f"only {100 * person.right():.1f} % right after {person.marks} marks")
        person.mark()
        if person.tries % 6 == 0:
            person.turn()
    painter.press("i")
    painter.point_at_an_item()
    painter.press(wait_s=3.0)
    painter.keep("item")
    painter.press("escape", "a", wait_s=3.0)
    painter.keep("accept")
    painter.press("escape")
    look_back(painter)
    ask_what_if(painter)


def look_back(painter: Painter) -> None:
    """Look at the cloud of earlier, and mark in it."""
    painter.press("v")
    painter.hands.drag(painter.on_bar(0.98), painter.on_bar(0.5))
    painter.press("bracketleft", "i")
    painter.point_at_an_item()
    painter.press(wait_s=3.0)
    painter.keep("timeline")
    painter.press("i", "bracketleft", "bracketleft", "1")
    marks = len(painter.peer.heard["labels"])
    painter.person.hands.press()
    painter.peer.spin(0.7)
    painter.keep("marking-then")
    painter.person.hands.release()
    painter.peer.wait_until(lambda: len(painter.peer.heard["labels"]) > marks, "an entry", WAIT_S)
    painter.peer.spin(0.7)
    painter.keep("marked-then")
    painter.press("home", wait_s=2.0)
    painter.keep("oldest")
    painter.press("end")


def ask_what_if(painter: Painter) -> None:
    """Leave the newest mark out, come back, and go on from an earlier moment."""
    painter.press("u", "w")
    painter.wait(lambda e: bool(e.branch) and not e.text, "the branch has caught up")
    painter.press(wait_s=5.0)
    painter.keep("what-if")
    painter.press(wait_s=5.0)
    painter.press("w")
    painter.wait(lambda e: not e.branch, "what was")
    painter.press(wait_s=8.0)
    painter.keep("back-to-what-was")
    painter.hands.drag(painter.on_bar(0.98), painter.on_bar(0.3))
    painter.press("bracketleft")
    painter.keep("fork-from")
    painter.press("g", wait_s=0.5)
    painter.keep("fork-asked")
    painter.wait(lambda e: e.branch.startswith("from step") and not e.text, "it goes on from there")
    painter.press(wait_s=2.0)
    painter.keep("fork")
    painter.press(wait_s=15.0)
    painter.keep("fork-later")


def draw_session(folder: Path | None) -> dict[str, Image.Image]:
    """Return pictures of a session, by name."""
    dataset = load("digits")
    heard = (*HEARD, topics.LABELS)
    with tempfile.TemporaryDirectory() as scratch, virtual_display() as display, MouseAndKeys(display) as hands:
        os.environ["DISPLAY"] = display
        directory = Path(scratch) / "session"
        arguments = ("view:=desktop", f"directory:={directory}", "settle_s:=1", "seed:=1")
        with Peer(*heard) as peer, RunningSession(*arguments) as session:
            peer.wait_until(lambda: peer.heard["cloud"] and peer.heard["categories"], "a cloud", WAIT_S)
            peer.wait_until(lambda: hands.window("latentvr"), "a window", WAIT_S)
            categories = conversions.categories_from_msg(peer.heard["categories"][-1])
            truth = truth_ids(dataset.truth, dataset.categories, categories)
            painter = Painter(hands, peer, DesktopPerson(hands, peer, np.asarray(truth, np.int64)), folder)
            work(painter)
            painter.press("ctrl+q")
            session.end(WAIT_S)
            if folder is not None:
                shutil.move(directory, folder / "session")
    return painter.pictures


def beside_each_other(pictures: list[Image.Image]) -> Image.Image:
    """Return four pictures as one."""
    width, height = PANEL
    sheet = Image.new("RGB", (2 * width + GAP, 2 * height + GAP), (34, 39, 48))
    for place, picture in enumerate(pictures):
        where = place % 2 * (width + GAP), place // 2 * (height + GAP)
        sheet.paste(picture.resize(PANEL, Image.Resampling.LANCZOS), where)
    return sheet


def main() -> int:
    """Draw all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_session(folder)
    found = {name: pictures[which] for name, which in SINGLE.items()}
    found["desktop-panels"] = beside_each_other([pictures[name] for name in PANELS])
    for name, picture in found.items():
        picture.save(OUT / f"{name}.jpg", quality=QUALITY)
        print(f"wrote {OUT / name}.jpg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
