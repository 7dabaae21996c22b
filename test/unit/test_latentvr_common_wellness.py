"""Which nodes are not well, in one line."""

from collections.abc import Sequence

import pytest

from latentvr_common.wellness import ERROR, LASTING_S, OK, SILENT_S, WARN, Wellness


def said(*what: tuple[float, str, int, str]) -> Wellness:
    wellness = Wellness()
    for at_s, node, level, text in what:
        wellness.take(node, level, text, at_s)
    return wellness


def trouble(wellness: Wellness, there: Sequence[str] = ("a", "b", "c")) -> str:
    return wellness.trouble(lambda node: node in there)


def test_nothing_is_said_where_all_are_well_or_nobody_was_heard() -> None:
    assert trouble(said()) == ""
    assert trouble(said((0, "a", OK, "fine"), (1, "b", OK, "fine"))) == ""


def test_an_error_is_said_at_once_and_until_it_is_over() -> None:
    wellness = said((0, "a", ERROR, "no disk"))
    assert trouble(wellness) == "a: no disk"
    wellness.take("a", OK, "fine", 1.0)
    assert trouble(wellness) == ""


def test_a_warning_is_said_once_it_lasts() -> None:
    wellness = said((0, "a", WARN, "a message dropped"))
    assert trouble(wellness) == ""
    wellness.take("a", WARN, "no headset", LASTING_S)
    assert trouble(wellness) == "a: no headset"
    # It begins anew after all was well.
    wellness.take("a", OK, "fine", LASTING_S + 1)
    wellness.take("a", WARN, "no headset", LASTING_S + 2)
    assert trouble(wellness) == ""


def test_who_is_silent_while_others_are_heard_is_named_and_forgotten_where_it_has_left() -> None:
    wellness = said((0, "a", OK, "fine"), (SILENT_S, "b", OK, "fine"))
    assert trouble(wellness) == ""
    wellness.take("b", OK, "fine", SILENT_S + 0.1)
    assert trouble(wellness) == "a is not heard"
    assert trouble(wellness, ["b"]) == ""
    # For good: it is not named again while it starts.
    assert trouble(wellness) == ""
    wellness.take("a", OK, "fine", SILENT_S + 0.2)
    assert trouble(wellness) == ""


def test_where_nobody_is_heard_nobody_is_said_to_be_silent() -> None:
    assert trouble(said((0, "a", OK, "fine"), (1, "b", OK, "fine"))) == ""


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_silence_comes_first_then_errors_then_warnings_and_the_rest_is_counted(order: Sequence[int]) -> None:
    wellness = said((0, "a", OK, "fine"))
    late_s = SILENT_S + LASTING_S + 1
    for at_s in (late_s - LASTING_S, late_s):
        for turn in order:
            name, level = (("b", WARN), ("c", ERROR), ("d", OK))[turn]
            wellness.take(name, level, f"{name} says", at_s)
    assert trouble(wellness) == "a is not heard  ·  2 more"
    assert trouble(wellness, ["b"]) == "c: c says  ·  1 more"


def test_what_a_node_says_is_one_line_of_bearable_length() -> None:
    line = trouble(said((0, "a", ERROR, "no\n  disk\t" + "x" * 500)))
    assert line.startswith("a: no disk xxx")
    assert line.endswith("x…")
    assert len(line) == len("a: ") + 100
