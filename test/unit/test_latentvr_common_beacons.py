"""Beacons: which places are some, why, and where they stand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentvr_common import rotations
from latentvr_common.beacon_lights import lights
from latentvr_common.beacons import MOST_BEACONS, Beacon, Why, beacons_of
from latentvr_common.cloud import NONE, Cloud
from latentvr_common.cues import Cues, worth_of
from latentvr_common.placement import Placement
from latentvr_common.scene import Scene

TILTED = Placement(np.array([0.3, 1.1, -0.6]), rotations.about_axis(np.array([0.6, 0.0, 0.8]), 0.9), 0.4)


def cues_with(places: list[int], **at_places: float) -> Cues:
    """Cues of so many items, all alike but for those at places, which have these."""
    count = len(places)
    usual = {"uncertainty": 0.5, "density": 0.5, "coverage": 0.25, "disagreement": 0.25}
    numbers = np.array(places, np.int16)
    own = {
        name: np.where(numbers > 0, at_places.get(name, value), value).astype(np.float32)
        for name, value in usual.items()
    }
    return Cues(1, np.zeros((count, 3), np.float32), places=numbers, **own)


def scene_with(positions: np.ndarray, items: list[int]) -> Scene:
    count = len(positions)
    none = np.full(count, NONE, np.int16)
    cloud = Cloud(1, positions.astype(np.float32), np.zeros(count, np.uint32), none, none, np.zeros(count, np.float32))
    return Scene(cloud, placement=TILTED, beacons=[Beacon(i + 1, item, Why.MIXED) for i, item in enumerate(items)])


def test_places_become_beacons_the_first_one_first() -> None:
    found = beacons_of(cues_with([0, 3, 0, 1, 0, 0, 2, 0]))
    assert [(beacon.number, beacon.item) for beacon in found] == [(1, 3), (2, 6), (3, 1)]
    assert beacons_of(cues_with([0, 0, 0])) == ()
    assert beacons_of(cues_with([])) == ()


def test_numbers_have_one_digit_and_are_all_different_whatever_a_message_says() -> None:
    found = beacons_of(cues_with([*range(-3, 40), 7, 7, 2]))
    assert [beacon.number for beacon in found] == list(range(1, MOST_BEACONS + 1))
    assert [beacon.item for beacon in found] == list(range(4, 4 + MOST_BEACONS))


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"uncertainty": 0.9}, Why.UNSURE),
        ({"density": 0.9}, Why.UNLABELLED),
        ({"coverage": 0.0}, Why.UNLABELLED),
        ({"disagreement": 0.9}, Why.MIXED),
        # A neighbour that disagrees counts half as much as doubt of the item itself.
        ({"uncertainty": 0.9, "disagreement": 0.9}, Why.UNSURE),
        ({"uncertainty": 0.6, "disagreement": 0.9}, Why.MIXED),
        ({"uncertainty": 0.9, "density": 1.0, "coverage": 0.0}, Why.UNLABELLED),
    ],
)
def test_a_place_says_what_makes_it_one(own: dict[str, float], why: Why) -> None:
    assert [beacon.why for beacon in beacons_of(cues_with([0, 0, 1, 0, 0, 0, 0], **own))] == [why]


@given(st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 4), min_size=3, max_size=12), st.data())
def test_with_the_usual_value_in_place_of_the_cue_named_most_worth_is_lost(
    rows: list[tuple[float, float, float, float]], data: st.DataObject
) -> None:
    item = data.draw(st.integers(0, len(rows) - 1))
    places = [int(i == item) for i in range(len(rows))]
    names = ("uncertainty", "density", "coverage", "disagreement")
    columns = np.array(rows, np.float32).T
    cues = replace(cues_with(places), **dict(zip(names, columns, strict=True)))
    usual = np.median(columns, axis=1)
    worths = {}
    for why, swapped in ((Why.UNSURE, [0]), (Why.UNLABELLED, [1, 2]), (Why.MIXED, [3])):
        one = columns[:, item : item + 1].copy()
        one[swapped, 0] = usual[swapped]
        worths[why] = float(worth_of(replace(cues_with([1]), **dict(zip(names, one, strict=True))))[0])
    (beacon,) = beacons_of(cues)
    assert worths[beacon.why] <= min(worths.values()) + 1e-6


def test_a_beacon_stands_upright_over_its_item_wherever_the_cloud_hangs() -> None:
    positions = np.random.default_rng(3).normal(size=(40, 3)) * 0.5
    scene = scene_with(positions, [7, 30])
    for light, item in zip(lights(scene), (7, 30), strict=True):
        assert light.beacon.item == item
        np.testing.assert_allclose(light.foot, scene.points()[item], atol=1e-6)
        up = light.head - light.foot
        np.testing.assert_allclose(up[[0, 2]], 0.0, atol=1e-9)
        assert up[1] > 0.2 * TILTED.scale
        away = light.ring - light.foot
        np.testing.assert_allclose(away[:, 1], 0.0, atol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(away, axis=1), 0.12 * TILTED.scale)
        np.testing.assert_allclose(away.mean(axis=0), 0.0, atol=1e-9)


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.01, 0.1, 0.3])] * 3), min_size=1, max_size=MOST_BEACONS))
def test_heads_keep_apart_and_stay_above_their_places(places: list[tuple[float, float, float]]) -> None:
    found = lights(scene_with(np.array(places), list(range(len(places)))))
    heads = np.array([light.head for light in found])
    apart = np.linalg.norm(heads[:, None] - heads[None], axis=-1)
    assert (apart[~np.eye(len(heads), dtype=bool)] >= 0.12 * TILTED.scale - 1e-9).all()
    for light in found:
        np.testing.assert_allclose((light.head - light.foot)[[0, 2]], 0.0, atol=1e-9)


def test_beacons_so_far_away_that_none_is_above_another_end_where_they_are() -> None:
    """As a message from a stranger may have them."""
    scene = scene_with(np.full((MOST_BEACONS, 3), 1e6), list(range(MOST_BEACONS)))
    tiny = replace(scene, placement=replace(TILTED, position=np.full(3, 100.0), scale=1e-30))
    assert len(lights(tiny)) == MOST_BEACONS
    for light in lights(tiny):
        np.testing.assert_allclose(light.head, light.foot)


def test_items_that_the_cloud_does_not_have_get_no_beacon() -> None:
    scene = scene_with(np.zeros((5, 3)), [4, 5, -1])
    assert [light.beacon.item for light in lights(scene)] == [4]
    assert lights(replace(scene, beacons=None)) == lights(replace(scene, beacons=())) == ()
