"""Lying devices: what is impossible is dropped, counted and named, and all else stays as it was."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as some

from latentvr_common.hands import FULLY_TRACKED, JOINT_COUNT, Hand, Joint, Validity, is_near
from scripted_hands.anatomy import OPEN, hand_at
from xr_bridge.hand_filter import FASTEST_M_S, SETTLED_S, HandFilter, RawHand

FRAME_S = 1 / 90
LEVEL = np.array([0.0, 0.0, 0.0, 1.0])


def raw_at(x: float = 0.0, y: float = 1.2, z: float = -0.4) -> RawHand:
    hand = hand_at(np.array([x, y, z]), LEVEL, OPEN, left=False)
    return RawHand(True, hand.positions, hand.quats_xyzw, hand.radii, hand.validity.copy())


def with_joint(raw: RawHand, joint: int, **columns: object) -> RawHand:
    changed = {}
    for name, value in columns.items():
        column = getattr(raw, name).copy()
        column[joint] = value
        changed[name] = column
    return replace(raw, **changed)


def validity_of(hand: Hand, joint: Joint) -> Validity:
    return Validity(int(hand.validity[joint]))


def test_a_true_hand_is_believed_as_it_is() -> None:
    watch, raw = HandFilter(), raw_at()
    for i in range(10):
        hand = watch.believe(raw_at(x=0.01 * i), i * FRAME_S)
    hand = watch.believe(raw, 10 * FRAME_S)
    assert hand.tracked
    np.testing.assert_allclose(hand.positions, raw.positions)
    np.testing.assert_allclose(hand.quats_xyzw, raw.quats_xyzw)
    np.testing.assert_allclose(hand.radii, raw.radii)
    assert (hand.validity == FULLY_TRACKED).all()
    assert not watch.faults


def test_an_inactive_hand_is_untracked_and_no_fault() -> None:
    watch = HandFilter()
    assert not watch.believe(replace(raw_at(), active=False), 0.0).tracked
    assert not watch.faults


def test_zero_quaternions_marked_valid_are_no_rotations_but_places_stay() -> None:
    watch, raw = HandFilter(), raw_at()
    hand = watch.believe(replace(raw, quats_xyzw=np.zeros((JOINT_COUNT, 4))), 0.0)
    assert hand.tracked
    assert (hand.validity == int(Validity.POSITION_VALID | Validity.POSITION_TRACKED)).all()
    np.testing.assert_allclose(np.linalg.norm(hand.quats_xyzw, axis=1), 1.0)
    assert watch.faults == {"orientation that is no rotation": JOINT_COUNT}


def test_a_hand_of_zeros_marked_valid_is_no_hand() -> None:
    watch = HandFilter()
    nothing = replace(raw_at(), positions=np.zeros((JOINT_COUNT, 3)), quats_xyzw=np.zeros((JOINT_COUNT, 4)))
    assert not watch.believe(nothing, 0.0).tracked
    assert watch.faults["hand with all joints at one point"] == 1
    assert watch.faults["hand without joints"] == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_a_joint_that_is_nowhere_is_dropped_alone(bad: float) -> None:
    watch = HandFilter()
    hand = watch.believe(with_joint(raw_at(), Joint.INDEX_TIP, positions=bad), 0.0)
    assert hand.position_of(Joint.INDEX_TIP) is None
    assert validity_of(hand, Joint.INDEX_TIP) == Validity.ORIENTATION_VALID | Validity.ORIENTATION_TRACKED
    assert hand.position_of(Joint.THUMB_TIP) is not None
    assert watch.faults == {"position that is no place": 1, "no index tip": 1}


def test_a_joint_that_is_elsewhere_is_dropped_alone() -> None:
    watch = HandFilter()
    hand = watch.believe(with_joint(raw_at(), Joint.THUMB_TIP, positions=[0.0, 0.0, 0.0]), 0.0)
    assert hand.tracked
    assert hand.position_of(Joint.THUMB_TIP) is None
    assert watch.faults == {"joint away from its hand": 1, "no thumb tip": 1}


def test_joints_that_a_device_never_has_are_named() -> None:
    watch, never = HandFilter(), (0, 6, 11, 16, 21)
    raw = raw_at()
    for joint in never:
        raw = with_joint(raw, joint, flags=0, positions=0.0)
    hand = watch.believe(raw, 0.0)
    assert hand.tracked
    assert [j for j in Joint if hand.position_of(j) is None] == [Joint(j) for j in never]
    assert sorted(watch.faults) == [
        *("no index metacarpal", "no little metacarpal", "no middle metacarpal", "no palm", "no ring metacarpal")
    ]


def test_a_hand_that_jumps_is_gone_until_it_has_been_there_for_a_while() -> None:
    watch = HandFilter()
    assert watch.believe(raw_at(), 0.0).tracked
    tracked = [watch.believe(raw_at(x=1.0), i * FRAME_S).tracked for i in range(1, 12)]
    assert watch.faults == {"hand that jumps": 1}
    settled = int(np.ceil(SETTLED_S / FRAME_S))
    assert tracked == [i >= settled for i in range(11)]


def test_a_hand_that_flickers_between_two_places_is_not_believed_at_all() -> None:
    watch = HandFilter()
    watch.believe(raw_at(), 0.0)
    assert not any(watch.believe(raw_at(x=float(i % 2)), i * FRAME_S).tracked for i in range(1, 30))
    assert watch.faults["hand that jumps"] > 20


def test_the_fastest_true_hand_is_believed_also_where_a_frame_was_missed() -> None:
    watch, at_s = HandFilter(), 0.0
    for missed in (1, 1, 3, 1, 2, 1):
        at_s += missed * FRAME_S
        assert watch.believe(raw_at(x=0.9 * FASTEST_M_S * at_s), at_s).tracked
    assert not watch.faults


def test_a_hand_that_comes_back_elsewhere_is_believed_at_once() -> None:
    watch = HandFilter()
    watch.believe(raw_at(), 0.0)
    watch.believe(replace(raw_at(), active=False), FRAME_S)
    assert watch.believe(raw_at(x=1.0), 2 * FRAME_S).tracked
    assert watch.believe(raw_at(x=0.0), 2 * FRAME_S + 1.0).tracked
    assert not watch.faults


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf, 0.3])
def test_a_radius_that_no_finger_has_is_a_usual_one(radius: float) -> None:
    watch = HandFilter()
    hand = watch.believe(with_joint(raw_at(), Joint.INDEX_TIP, radii=radius), 0.0)
    assert 0.005 < hand.radii[Joint.INDEX_TIP] < 0.015
    assert watch.faults == {"radius that no finger has": 1}


any_number = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(
    some.arrays(np.float64, (JOINT_COUNT, 3), elements=any_number),
    some.arrays(np.float64, (JOINT_COUNT, 4), elements=any_number),
    some.arrays(np.float64, JOINT_COUNT, elements=any_number),
    some.arrays(np.uint8, JOINT_COUNT),
)
def test_whatever_a_device_says_what_is_valid_can_be_used(
    positions: np.ndarray, quats: np.ndarray, radii: np.ndarray, flags: np.ndarray
) -> None:
    given_flags = flags.copy()
    hand = HandFilter().believe(RawHand(True, positions, quats, radii, flags), 0.0)
    assert (flags == given_flags).all()
    assert np.isfinite(hand.positions).all()
    assert is_near(hand.positions).all()
    np.testing.assert_allclose(np.linalg.norm(hand.quats_xyzw, axis=1), 1.0, atol=1e-6)
    if hand.tracked:
        assert ((hand.validity & ~given_flags) == 0).all()
        assert ((hand.radii > 0) & (hand.radii < 0.1)).all()
