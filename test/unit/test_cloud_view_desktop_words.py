"""Words and pictures in the window for labelling, its look back, and its sounds."""

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cloud_view.caption import Keys, caption_of, paint_caption
from cloud_view.desktop.desk import Desk
from cloud_view.desktop.dressing import Dressing, Status, line_of
from cloud_view.desktop.history import REPLAY_S, Replay, looked_like
from cloud_view.desktop.inputs import ALL_KEYS, KEY_NAMES, Key
from cloud_view.desktop.keyboard import names_on
from cloud_view.desktop.keys import GROUPS, MOUSE, Command, command_of, digit_of, typed
from cloud_view.desktop.panels import LINE_HEIGHT, Look, paint_help, paint_look, paint_naming, paint_proposal, words_of
from cloud_view.desktop.picking import Viewport
from cloud_view.desktop.sound import PLAYERS, Speaker, player
from cloud_view.desktop.timeline_bar import BAR_HEIGHT, InTime
from latentvr_common.cloud import Cloud
from latentvr_common.fonts import font_for
from latentvr_common.labels import Category
from latentvr_common.scene import Progress, Scene
from latentvr_common.timeline.bar import Bar
from latentvr_common.timeline.keyframes import Keyframes

CATEGORIES = [Category(i, f"kind {i}", 0x112233 * (i + 1)) for i in range(12)]
RED, BLUE = (250, 10, 10), (10, 10, 250)


def cloud(items: int = 6, stamp_ns: int = 1, at: float = 0.0) -> Cloud:
    positions = np.full((items, 3), at, np.float32)
    label = np.array([0, 0, 11, -1, -1, -1], np.int16)[:items]
    predicted = np.array([0, 0, 1, 1, 11, -1], np.int16)[:items]
    return Cloud(stamp_ns, positions, np.zeros(items, np.uint32), label, predicted, np.full(items, 0.9, np.float32))


SCENE = Scene(cloud(), CATEGORIES)


# Keys


def test_no_key_asks_for_two_things_and_every_key_has_a_name_that_a_window_gives() -> None:
    keys = [key for _, bindings in GROUPS for binding in bindings for key in binding.keys]
    assert len(keys) == len(set(keys))
    assert {key.split("+")[-1] for key in keys} <= set(KEY_NAMES.values())
    assert set(KEY_NAMES) <= set(ALL_KEYS)


AMERICAN = dict(zip(range(24, 36), "qwertyuiop[]", strict=True)) | dict(zip(range(38, 49), "asdfghjkl;'", strict=True))
AMERICAN |= dict(zip(range(52, 62), "zxcvbnm,./", strict=True)) | {20: "-", 21: "="}
GERMAN = AMERICAN | {29: "z", 52: "y", 34: "ü", 35: "+", 47: "ö", 48: "ä", 61: "-", 20: "ß", 21: "´"}


def test_an_american_keyboard_has_the_names_that_are_written_down() -> None:
    found = names_on(lambda place: ord(AMERICAN[place]))
    assert {code: found[code] for code in KEY_NAMES} == KEY_NAMES


def test_keys_are_what_is_printed_on_them() -> None:
    found = names_on(lambda place: ord(GERMAN[place]))
    assert (found[ord("Y")], found[ord("Z")]) == ("z", "y")
    assert (found[ord("]")], found[ord("/")]) == ("plus", "minus")
    assert ord("-") not in found
    assert found[ord("7")] == "7"
    assert found[256] == "escape"


def test_a_keyboard_without_latin_letters_is_taken_for_an_american_one() -> None:
    assert names_on(lambda place: 0x6CA + place) == KEY_NAMES


def test_every_command_that_is_in_help_says_what_it_does() -> None:
    shown = [binding for _, bindings in GROUPS for binding in bindings if binding.shown]
    assert all(binding.says for binding in shown)
    assert len(shown) >= 20


def test_what_help_says_fits_into_its_column() -> None:
    rows = [(binding.shown, binding.says) for _, bindings in GROUPS for binding in bindings if binding.shown]
    font = font_for("a", 14)
    assert max(font.getlength(shown) for shown, _ in (*rows, *MOUSE)) <= 94 - 6
    assert max(font.getlength(says) for _, says in (*rows, *MOUSE)) <= 392 - 94 - 14


def test_ctrl_changes_what_a_key_means() -> None:
    assert command_of(Key("c")) is Command.CUES
    assert command_of(Key("b", ctrl=True)) is None
    assert digit_of(Key("1", ctrl=True)) is None
    assert [digit_of(Key(name)) for name in ("1", "9", "0", "a", "tab")] == [0, 8, 9, None, None]
    assert command_of(Key("plus", shift=True)) is command_of(Key("plus"))
    assert [typed(Key(n, shift=s)) for n, s in (("a", False), ("a", True), ("space", False), ("left", False))] == [
        *("a", "A", " ", "")
    ]


# Words


def test_the_legend_shows_the_keys_of_the_page_and_which_category_is_chosen() -> None:
    caption = caption_of(SCENE, Keys(tuple(CATEGORIES[10:]), 11, 1, 2))
    assert [(r.key, r.name, r.chosen, r.labelled, r.predicted) for r in caption.rows] == [
        ("1", "kind 10", False, 0, 0),
        ("2", "kind 11", True, 1, 1),
    ]
    assert caption.more == "page 2 of 2: tab"
    chosen = np.asarray(paint_caption(caption, 720))
    other = np.asarray(paint_caption(caption_of(SCENE, Keys(tuple(CATEGORIES[10:]), 10, 1, 2)), 720))
    assert (chosen != other).any()


def test_the_line_says_what_is_held_and_what_is_safe() -> None:
    desk = Desk("somebody")
    desk.set_categories(CATEGORIES)
    line = line_of(desk, SCENE, Status(1284, 0, ""))
    assert (line.category, line.tool, line.safe, line.waiting) == (
        *("no category: press a number", "brush", "labels safe: 1,284"),
        False,
    )
    desk.take(Key("3"), 1)
    desk.take(Key("x"), 1)
    line = line_of(desk, SCENE, Status(3, 2, "kept it"))
    assert (line.category, line.tool, line.color, line.note) == ("kind 2", "box", (0x33, 0x66, 0x99), "kept it")
    assert line.safe == "2 to be made safe  ·  labels safe: 3"
    assert line.waiting
    desk.take(Key("e"), 1)
    assert line_of(desk, SCENE, Status()).category == "erase"
    desk.paused = True
    assert line_of(desk, SCENE, Status()).note == "training is paused"


@pytest.mark.parametrize(
    ("label", "predicted", "confidence", "words"),
    [
        (2, 1, 0.5, ("c2", True)),
        (-1, 1, 0.876, ("c1 · 88 %", False)),
        (-1, 1, float("nan"), ("c1", False)),
        (-1, -1, 0.0, ("not known yet", False)),
    ],
)
def test_what_an_item_is_in_words(label: int, predicted: int, confidence: float, words: tuple[str, bool]) -> None:
    assert words_of(label, predicted, confidence, lambda i: f"c{i}") == words


def look(item: int, color: tuple[int, int, int], picture: bool = True) -> Look:
    return Look(item, Image.new("RGB", (8, 8), color) if picture else None, f"item {item}", "kind 1", color, False)


def share_of(image: Image.Image, color: tuple[int, int, int]) -> float:
    return float((np.abs(np.asarray(image.convert("RGB")).astype(int) - color).max(axis=-1) < 12).mean())


def test_the_card_of_an_item_shows_it_large_and_its_neighbours_small() -> None:
    alone = paint_look(look(1, RED), [], 720)
    card = paint_look(look(1, RED), [look(i, BLUE) for i in range(6)], 720)
    assert alone.height < card.height
    assert share_of(card, RED) > 2 * share_of(card, BLUE) / 6
    assert share_of(card, BLUE) > 0.15
    assert paint_look(look(1, RED, picture=False), [], 720).height < alone.height


def test_the_sample_of_a_proposal_keeps_its_place_while_pictures_come() -> None:
    waiting = paint_proposal(589, 0.965, [look(i, RED, picture=False) for i in range(20)], 720)
    there = paint_proposal(589, 0.965, [look(i, RED) for i in range(20)], 720)
    assert waiting.size == there.size
    assert share_of(there, RED) > 0.3
    assert paint_proposal(1, float("nan"), [], 720).height < there.height


@pytest.mark.parametrize("height", [480, 720, 1440])
def test_help_fits_into_a_window_and_grows_with_it(height: int) -> None:
    image = paint_help(height)
    assert image.height < (720 - LINE_HEIGHT - BAR_HEIGHT - 2 * 20) / 720 * height
    assert image.width < 16 / 9 * height - 309 / 800 * height


def test_a_name_is_shown_as_it_is_typed() -> None:
    assert (np.asarray(paint_naming("owl", 720)) != np.asarray(paint_naming("ow", 720))).any()


def test_panels_are_painted_anew_only_where_they_say_something_else() -> None:
    desk, dressing = Desk("somebody"), Dressing()
    desk.set_categories(CATEGORIES)

    def panels(status: Status) -> dict[str, Image.Image]:
        found = dressing.panels(desk, SCENE, Viewport(1280, 800), status, lambda _: None, lambda _: (), InTime())
        return {name: placed.painted for name, placed in found.items()}

    first, again, other = panels(Status(1)), panels(Status(1)), panels(Status(2))
    assert all(first[name] is again[name] for name in first)
    assert {name for name in first if first[name] is not other[name]} == {"line"}
    assert set(first) == {"caption", "line", "large"}


def test_panels_stand_inside_of_the_window_and_beside_the_list_of_categories() -> None:
    desk, viewport = Desk("somebody"), Viewport(1280, 800)
    desk.set_categories(CATEGORIES)
    time = InTime(Bar((), None, "2 min ago"))
    placed = Dressing().panels(desk, SCENE, viewport, Status(), lambda _: None, lambda _: (), time)
    for panel in placed.values():
        left, top = panel.place
        assert 0 <= left <= left + panel.painted.width <= viewport.width + 1
        assert 0 <= top <= top + panel.painted.height <= viewport.height + 1
    caption, help_, bar = placed["caption"], placed["large"], placed["bar"]
    assert help_.place[0] >= caption.place[0] + caption.painted.width
    assert help_.place[1] == pytest.approx(bar.place[1] - help_.place[1] - help_.painted.height, abs=2)


# The look back


def kept(times: list[int]) -> Keyframes:
    """Frames of so many seconds, at which the cloud is at just that place."""
    frames = Keyframes(1_000_000)
    for second in times:
        frames.note(cloud(at=float(second), stamp_ns=second * 10**9), Progress())
    return frames


def test_the_look_back_begins_with_the_first_cloud_and_ends_with_the_newest() -> None:
    frames, newest = kept(list(range(1, 11))), cloud(at=10.0, stamp_ns=77)
    seen = [float(looked_like(frames, share, newest).positions[0, 0]) for share in np.linspace(0, 1, 50)]
    assert (seen[0], seen[-1]) == (1.0, 10.0)
    assert all(a <= b for a, b in pairwise(seen))
    assert looked_like(frames, 0.3, newest).stamp_ns == 77


def test_a_share_of_the_look_back_is_that_share_of_the_session_also_where_frames_are_unevenly_kept() -> None:
    frames = kept([0, 1, 2, 3, 8, 16])
    for share in (0.1, 0.25, 0.5, 0.8):
        assert looked_like(frames, share, cloud()).positions[0, 0] == pytest.approx(16 * share, abs=0.02)


def test_nothing_is_looked_back_at_while_nothing_of_this_size_is_kept() -> None:
    newest = cloud(4)
    assert looked_like(Keyframes(1), 0.5, newest) is newest
    assert looked_like(kept([1, 2]), 0.5, newest) is newest


def test_a_replay_runs_to_its_end_or_is_ended() -> None:
    replay = Replay()
    assert replay.share(0.0) is None
    replay.toggle(10.0)
    assert replay.share(10.0 + REPLAY_S / 2) == pytest.approx(0.5)
    assert replay.share(10.0 + REPLAY_S) is None
    assert not replay.runs
    replay.toggle(30.0)
    replay.toggle(31.0)
    assert not replay.runs


# Sounds


def wait(speaker: Speaker) -> str:
    until = time.monotonic() + 10.0
    while speaker._playing is not None:
        told = speaker.look()
        if told:
            return told
        assert time.monotonic() < until
        time.sleep(0.01)
    return ""


def test_a_sound_is_played_and_its_file_goes(tmp_path: Path) -> None:
    copy = tmp_path / "heard.wav"
    speaker = Speaker(tmp_path, ("sh", "-c", f'cp "$0" {copy}'))
    assert speaker.play(7, b"RIFF") == "sound of item 7"
    assert wait(speaker) == ""
    assert copy.read_bytes() == b"RIFF"
    assert list(tmp_path.iterdir()) == [copy]


def test_without_a_player_or_a_sound_card_the_sound_stays_as_a_file_and_is_named(tmp_path: Path) -> None:
    assert "it is in sound-7.wav" in Speaker(tmp_path, None).play(7, b"RIFF")
    assert (tmp_path / "sound-7.wav").read_bytes() == b"RIFF"
    speaker = Speaker(tmp_path, ("false",))
    speaker.play(8, b"RIFF")
    assert wait(speaker) == "false could not play it: no sound card? It is in sound-8.wav"
    assert (tmp_path / "sound-8.wav").exists()


def test_a_new_sound_ends_the_one_before(tmp_path: Path) -> None:
    speaker = Speaker(tmp_path, ("sh", "-c", "sleep 60"))
    speaker.play(1, b"RIFF")
    speaker.play(2, b"RIFF")
    assert [path.name for path in tmp_path.iterdir()] == ["sound-2.wav"]
    speaker.stop()
    assert list(tmp_path.iterdir()) == []


def test_the_first_player_that_is_installed_is_taken() -> None:
    assert player(lambda name: "/usr/bin/aplay" if name == "aplay" else None) == ("aplay", "-q")
    assert player(lambda name: name) == PLAYERS[0]
    assert player(lambda _: None) is None
