"""A whole session in which a person labels with mouse and keys alone, in a real window."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from desktop_person import HEARD, DesktopPerson
from mouse_and_keys import MouseAndKeys
from node_process import Peer
from PIL import Image
from running import RunningSession
from virtual_display import virtual_display

from latentvr_common import conversions, session_files
from latentvr_common.datasets import load
from latentvr_common.truth import truth_ids

PICTURES = os.environ.get("LATENTVR_PICTURES", "")
"""A folder in which to keep what was seen; empty: nothing is kept."""

ITEMS = 600


def keep(hands: MouseAndKeys, person: DesktopPerson, name: str) -> None:
    if PICTURES:
        left, top, width, height = person.box()
        seen = hands.screen()[top : top + height, left : left + width]
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(seen)).save(Path(PICTURES) / f"{name}.png")


def test_a_person_with_mouse_and_keys_categorises_95_percent_of_the_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = load("digits", max_items=ITEMS)
    with virtual_display() as display, MouseAndKeys(display) as hands, Peer(*HEARD) as peer:
        monkeypatch.setenv("DISPLAY", display)
        directory = tmp_path / "session"
        arguments = ("view:=desktop", f"max_items:={ITEMS}", f"directory:={directory}", "settle_s:=1", "record:=false")
        with RunningSession(*arguments) as session:
            peer.wait_until(lambda: peer.heard["cloud"] and peer.heard["categories"], "a cloud", 90.0)
            peer.wait_until(lambda: hands.window("latentvr"), "a window", 60.0)
            categories = conversions.categories_from_msg(peer.heard["categories"][-1])
            truth = truth_ids(dataset.truth, dataset.categories, categories)
            assert truth is not None
            person = DesktopPerson(hands, peer, np.asarray(truth, np.int64))
            person._wait(2.0)
            keep(hands, person, "help")
            person.on_stroke = lambda number: keep(hands, person, f"stroke-{number:02d}")
            # A little more than asked for: the last moments of training move some items.
            person.categorise(0.955, at_most_s=600.0)
            person._wait(1.0)
            keep(hands, person, "categorised")
            hands.key("i")
            x, y = person.places()[0]
            hands.move(int(x), int(y))
            person._wait(2.5)
            keep(hands, person, "look")
            hands.key("escape")
            hands.key("a")
            person._wait(3.0)
            keep(hands, person, "accept")
            hands.key("escape")
            hands.key("ctrl", "q")
            assert session.end(60.0) == 0, session.output
    summary = json.loads((directory / session_files.SUMMARY).read_text())
    assert summary["accuracy"] >= 0.95
    assert summary["gestures"] == person.marks
    assert (directory / session_files.ITEMS_PARQUET).exists()
