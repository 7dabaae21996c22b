"""What goes wrong by chance happens as often as asked, and again with the same seed."""

import numpy as np
import pytest

from scripted_hands.anatomy import OPEN, POINTING
from scripted_hands.imperfections import Dropouts, Hesitation, Mistakes
from scripted_hands.monado_remote import packed
from scripted_hands.motion import HandPosture, Move, Pause, Posture, minimum_jerk
from scripted_hands.postures import HEAD, REST

NO_TURN = np.array([0.0, 0.0, 0.0, 1.0])
RATE_HZ = 200
MINUTES = 60


def spans(lost: list[bool]) -> list[float]:
    """How long each time that a hand was lost lasted, seconds."""
    edges = np.flatnonzero(np.diff(np.array([False, *lost, False]).astype(int)))
    return [(stop - start) / RATE_HZ for start, stop in edges.reshape(-1, 2)]


def story(dropouts: Dropouts, rate_hz: int = RATE_HZ) -> list[bool]:
    return [dropouts.lost(1000.0 + i / rate_hz) for i in range(MINUTES * 60 * rate_hz)]


@pytest.mark.parametrize("per_min", [2.0, 20.0])
def test_a_hand_is_lost_as_often_and_as_long_as_asked(per_min: float) -> None:
    found = spans(story(Dropouts(per_min, seed=1)))
    tracked_min = MINUTES - sum(found) / 60
    assert len(found) / tracked_min == pytest.approx(per_min, rel=0.25)
    assert 0.05 - 0.01 < min(found) < 0.1
    assert 0.5 < max(found) < 0.6 + 0.01
    assert np.mean(found) == pytest.approx(0.325, abs=0.05)


def test_hands_are_lost_by_seed_each_by_itself_however_often_one_looks() -> None:
    first, again, other = (story(Dropouts(10.0, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert story(Dropouts(10.0, 1, left=True)) != first
    assert first[::4] == story(Dropouts(10.0, 1), RATE_HZ // 4)


def test_no_hand_is_lost_unless_asked() -> None:
    assert not any(story(Dropouts(0.0, 1)))


def test_a_lost_hand_has_no_joints_on_any_way_out() -> None:
    for left in (False, True):
        posture = Posture(REST.left, REST.right, left_lost=left, right_lost=not left)
        hands = posture.hands(1)
        assert (hands.left.tracked, hands.right.tracked) == (not left, left)
        assert packed(posture, HEAD, NO_TURN) not in (packed(REST, HEAD, NO_TURN), packed(None, HEAD, NO_TURN))
    both = Posture(REST.left, REST.right, True, True)
    assert packed(both, HEAD, NO_TURN) == packed(None, HEAD, NO_TURN)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_the_reaches_stops_and_goes_on(share: float) -> None:
    hesitation = Hesitation(share, seed=3)
    pauses = [hesitation.pause(2.0) for _ in range(2000)]
    stops = [pause for pause in pauses if pause is not None]
    assert len(stops) / 2000 == pytest.approx(share, abs=0.03)
    assert all(0.3 <= stop.at <= 0.8 and 0.1 <= stop.lasts_s <= 0.3 for stop in stops)
    again = Hesitation(share, seed=3)
    assert [again.pause(2.0) for _ in range(2000)] == pauses


def test_a_reach_with_a_stop_is_there_in_the_end_and_rests_in_between() -> None:
    start, end = REST, Posture(REST.left, HandPosture(REST.right.wrist + np.array([0.2, 0, 0]), NO_TURN, POINTING))
    move = Move(start, end, 1.5, pause=Pause(0.4, 0.5))
    shares = np.array([(move.at(t).right.wrist - start.right.wrist)[0] / 0.2 for t in np.linspace(0, 1.5, 151)])
    assert shares[[0, -1]] == pytest.approx([0.0, 1.0])
    assert (np.diff(shares) >= -1e-12).all()
    resting = np.flatnonzero(np.abs(shares - 0.4) < 1e-9) / 100
    assert (resting.min(), resting.max()) == (pytest.approx(0.4, abs=0.011), pytest.approx(0.9, abs=0.011))
    # No faster than a reach without a stop, which takes the second that this one moves.
    straight = np.array([minimum_jerk(t) for t in np.linspace(0, 1, 101)])
    assert np.diff(shares).max() <= np.diff(straight).max() + 1e-9
    assert move.at(1.5).right.bend is POINTING
    assert move.at(0.0).right.bend is OPEN


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_share_of_the_marks_gets_another_category(share: float) -> None:
    mistakes = Mistakes(share, seed=4)
    found = [mistakes.instead_of(1, [0, 1, 2]) for _ in range(2000)]
    wrong = np.array(found) != 1
    assert wrong.mean() == pytest.approx(share, abs=0.03)
    assert set(found) == ({0, 1, 2} if share else {1})
    assert Mistakes(0.9, 1).instead_of(5, [5]) == 5
    assert {Mistakes(0.9, seed).instead_of(5, ()) for seed in range(20)} == {5}
