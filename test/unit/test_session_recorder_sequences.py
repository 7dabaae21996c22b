"""What did not arrive is found out from the numbers that publishers give their messages."""

import random

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from hypothesis import given, settings
from hypothesis import strategies as st
from latentvr import msg
from rclpy.serialization import serialize_message

from session_recorder.journal import Numbers
from session_recorder.sequences import Sequence, Sequences, label_number, speaker_of

HEALTH = "diagnostic_msgs/msg/DiagnosticArray"


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([], 0),
        ([1, 2, 3], 0),
        ([40, 41, 42], 0),
        ([1, 2, 5, 6], 2),
        ([1, 3, 5, 7], 3),
        ([7, 8, 1, 2, 3], 0),
        ([7, 8, 1, 2, 4], 1),
        ([1, 2, 3, 1, 2, 3, 4, 6], 1),
        ([0, 0, 0], 0),
    ],
)
def test_numbers_that_were_left_out_are_counted(numbers: list[int], missing: int) -> None:
    sequence = Sequence()
    assert sum(sequence.note(number) for number in numbers) == sequence.missing == missing


@given(
    publishers=st.lists(st.lists(st.booleans(), max_size=30), min_size=1, max_size=5),
    seed=st.integers(0, 2**32),
)
def test_what_is_missing_is_exact_for_one_publisher_and_never_too_much_for_several(
    publishers: list[list[bool]], seed: int
) -> None:
    chance = random.Random(seed)
    arriving = [[1, *(n for n, arrives in enumerate(one, 2) if arrives)] for one in publishers]
    sequence, turns = Sequence(), [[*numbers] for numbers in arriving]
    for numbers in turns:
        sequence.note(numbers.pop(0))
    while any(turns):
        sequence.note(chance.choice([numbers for numbers in turns if numbers]).pop(0))
    truth = sum(numbers[-1] - len(numbers) for numbers in arriving)
    assert sequence.missing == truth if len(arriving) == 1 else sequence.missing <= truth


def health(name: str, frame: str = "") -> bytes:
    array = DiagnosticArray(status=[DiagnosticStatus(name=name, message="fine"), DiagnosticStatus(name="second")])
    array.header.frame_id = frame
    return bytes(serialize_message(array))


@settings(deadline=None)
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40), frame_length=st.integers(0, 9))
def test_who_says_how_it_is_stands_in_the_message(name: str, frame_length: int) -> None:
    assert speaker_of(HEALTH, health(name, "f" * frame_length)) == name


@given(data=st.binary(max_size=80))
def test_any_bytes_may_be_asked_for_a_name_and_a_number(data: bytes) -> None:
    assert isinstance(speaker_of(HEALTH, data), str)
    assert label_number(data) >= 0


def test_health_without_a_status_has_no_name() -> None:
    assert speaker_of(HEALTH, bytes(serialize_message(DiagnosticArray()))) == ""


def test_nodes_that_report_in_turns_are_told_apart() -> None:
    sequences = Sequences()
    for name, number in [("a", 100), ("b", 7), ("a", 101), ("b", 8), ("a", 103), ("b", 9)]:
        sequences.note(number, name)
    assert sequences.missing == 1


def test_names_without_end_take_no_memory_without_end() -> None:
    sequences = Sequences()
    for number in range(1000):
        sequences.note(5, str(number))
    assert len(sequences._by_speaker) == 64


def test_the_number_of_a_label_is_that_of_the_journal() -> None:
    event = msg.LabelEvent(seq=2**40 + 5, event_id="e", sample_ids=[1, 2])
    assert label_number(bytes(serialize_message(event))) == 2**40 + 5


@given(st.lists(st.integers(0, 30), max_size=60))
def test_of_the_numbers_of_a_journal_the_first_gap_is_known(numbers: list[int]) -> None:
    journal, here = Numbers(), set[int]()
    for number in numbers:
        assert journal.note(number) == (number > 0 and number not in here)
        here |= {number} - {0}
        upto = next(n for n in range(40) if n + 1 not in here)
        later = [n for n in here if n > upto]
        assert journal.gap == ((upto, min(later) - upto - 1) if later else None)
