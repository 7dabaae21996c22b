"""Going back by the palette's strip: which time the hands look at, what is marked there, and that now is never far."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from gesture_bench import CATEGORIES, EARLIER_NS, ITEMS, MIDDLES, GestureBench, stream_of

from gesture_labeler.parameters import Parameters
from latentvr_common import palette
from latentvr_common.cloud import Cloud
from latentvr_common.gestures import Phase
from latentvr_common.hands import Hand, Hands
from latentvr_common.labels import Category
from scripted_hands import performances
from scripted_hands.lies import LIES, Lie, some_lie, told
from scripted_hands.motion import HandPosture
from scripted_hands.performances import Performance, Performer
from scripted_hands.postures import PALETTE_HAND, REST

WHOLE = [Phase.BEGIN, Phase.END]
TRIALS = 30


def perform(bench: GestureBench, performance: Performance) -> None:
    bench.watch(stream_of(performance))


def scrub(bench: GestureBench, *shares: float) -> None:
    perform(bench, performances.scrub(shares, bench.labeler.categories, Performer(), bench.labeler.tool.page))


def without_the_last(cloud: Cloud) -> Cloud:
    """Of another dataset."""
    names = ("positions", "rgb", "label", "predicted", "confidence")
    return replace(cloud, stamp_ns=cloud.stamp_ns + 1, **{name: getattr(cloud, name)[:-1] for name in names})


def nearest_to(bench: GestureBench, share: float) -> int:
    """The stamp of the cloud of that time, by the law of an even timeline."""
    stamps = np.array([*EARLIER_NS, bench.cloud.stamp_ns])
    wanted = stamps[0] + share * (stamps[-1] - stamps[0])
    return int(stamps[np.argmin(np.abs(stamps - wanted))])


@pytest.mark.parametrize("share", [0.02, 0.3, 0.61, 0.9])
def test_a_touch_leads_to_the_time_under_the_finger_and_one_stays_there(share: float) -> None:
    bench = GestureBench()
    scrub(bench, share)
    assert bench.phases("scrub") == WHOLE
    assert bench.labeler.tool.looks_at_ns == nearest_to(bench, share)
    bench.watch([Hands(1, Hand(), Hand())])
    assert bench.labeler.tool.looks_at_ns == nearest_to(bench, share)
    assert {r.name for r in bench.reports} == {"scrub"}


def test_along_the_strip_is_time() -> None:
    bench = GestureBench()
    stream = list(stream_of(performances.scrub((0.9, 0.05), CATEGORIES, Performer()), tremor_m=0.0))
    seen = []
    for hands in stream:
        bench.take(replace(hands, stamp_ns=bench.now_ns + hands.stamp_ns))
        if bench.labeler.doing == "scrub":
            seen.append(bench.labeler.tool.looks_at_ns)
    assert (np.diff(seen) <= 0).all()
    assert len(set(seen)) > 0.8 * len(EARLIER_NS)
    assert seen[-1] == nearest_to(bench, 0.05)


def test_the_right_end_is_now_by_a_touch_and_by_sliding_there() -> None:
    for shares in ((1.0,), (0.4, 1.0)):
        bench = GestureBench()
        scrub(bench, 0.2)
        assert bench.labeler.tool.looks_at_ns == nearest_to(bench, 0.2)
        scrub(bench, *shares)
        assert bench.labeler.tool.looks_at_ns == 0


def test_a_finger_beside_the_strip_or_from_its_side_leads_nowhere() -> None:
    bench, performer = GestureBench(), Performer()
    spot = performer.strip_spot(0.5, CATEGORIES)
    pose = palette.palette_pose(performer._body.palm_of(PALETTE_HAND, left=True))
    assert pose is not None
    aside = pose.stage_from_palette(palette.strip(CATEGORIES).place_of(0.5) + np.array([0.0, 0.05]), -0.01)
    performer.reach(left=PALETTE_HAND)
    performer.reach(right=performer.pointing(aside + 0.05 * pose.normal))
    performer.reach(right=performer.pointing(aside), seconds=0.2)
    performer.reach(right=performer.pointing(spot(-0.01)), seconds=0.3)
    performer.reach(REST.left, REST.right)
    perform(bench, performer.performance("beside"))
    assert bench.reports == []
    assert bench.labeler.tool.looks_at_ns == 0


def test_a_finger_that_leaves_the_strip_downwards_lets_go_of_it_with_the_time_that_it_had() -> None:
    bench, performer = GestureBench(), Performer()
    spot = performer.strip_spot(0.3, CATEGORIES)
    pose = palette.palette_pose(performer._body.palm_of(PALETTE_HAND, left=True))
    assert pose is not None
    performer.reach(left=PALETTE_HAND)
    performer.reach(right=performer.pointing(spot(0.045)))
    performer.reach(right=performer.pointing(spot(-0.01)), seconds=0.2)
    performer.hold(0.3)
    performer.reach(right=performer.pointing(spot(-0.01) + 0.08 * pose.down), seconds=0.3)
    performer.reach(right=performer.pointing(spot(-0.01) + 0.08 * pose.down + 0.2 * pose.across), seconds=0.4)
    perform(bench, performer.performance("leaves"))
    assert bench.phases("scrub") == WHOLE
    assert bench.labeler.tool.looks_at_ns == nearest_to(bench, 0.3)


def test_a_finger_that_is_lifted_but_not_yet_away_leads_nowhere_else_and_down_again_it_does() -> None:
    for height_m, share in ((0.02, 0.3), (-0.01, 0.8)):
        bench, performer = GestureBench(Parameters(scrub_lift_m=0.04)), Performer()
        first, other = (performer.strip_spot(share, CATEGORIES) for share in (0.3, 0.8))
        performer.reach(left=PALETTE_HAND)
        performer.reach(right=performer.pointing(first(0.045)))
        performer.reach(right=performer.pointing(first(-0.01)), seconds=0.2)
        performer.hold(0.2)
        performer.reach(right=performer.pointing(first(0.02)), seconds=0.2)
        performer.reach(right=performer.pointing(other(0.02)), seconds=0.4)
        performer.reach(right=performer.pointing(other(height_m)), seconds=0.2)
        performer.hold(0.2)
        performer.reach(right=performer.pointing(other(0.06)), seconds=0.2)
        perform(bench, performer.performance("lifted"))
        assert bench.phases("scrub") == WHOLE
        assert bench.labeler.tool.looks_at_ns == nearest_to(bench, share)


def test_where_nothing_is_kept_there_is_nothing_to_go_back_to() -> None:
    bench = GestureBench()
    bench.labeler.see(without_the_last(bench.cloud))
    scrub(bench, 0.5)
    assert bench.cancelled() == ["there is nothing to go back to yet"]
    assert bench.labeler.tool.looks_at_ns == 0


# What is lost


def begun(bench: GestureBench, *shares: float) -> list[Hands]:
    """Show the hands up to the middle of the scrub; return those that would have followed."""
    stream, start_ns, since = list(stream_of(performances.scrub(shares, CATEGORIES, Performer()))), bench.now_ns, 0
    for i, hands in enumerate(stream):
        bench.now_ns = start_ns + hands.stamp_ns
        bench.take(replace(hands, stamp_ns=bench.now_ns))
        since += bench.labeler.doing == "scrub"
        if since == 12:
            return stream[i + 1 :]
    raise AssertionError("it has not begun")


def show(bench: GestureBench, hands: Hands, seconds: float) -> None:
    for _ in range(round(seconds * 72)):
        bench.now_ns += 1_000_000_000 // 72
        bench.take(replace(hands, stamp_ns=bench.now_ns))


@pytest.mark.parametrize("before", [None, 0.7])
@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        ("right", "hand lost"),
        ("left", "hand lost"),
        ("palm", "the palette was turned away"),
        ("jump", "hand jumped"),
    ],
)
def test_a_hand_that_is_lost_leads_back_to_what_was_looked_at_before(
    lost: str, reason: str, before: float | None
) -> None:
    bench = GestureBench()
    if before is not None:
        scrub(bench, before)
    was = bench.labeler.tool.looks_at_ns
    hands = begun(bench, 0.2)[0]
    assert bench.labeler.tool.looks_at_ns == nearest_to(bench, 0.2) != was
    turned = Performer()._body.palm_of(
        HandPosture(PALETTE_HAND.wrist, REST.left.quat_xyzw, PALETTE_HAND.bend), left=True
    )
    gone = {
        "right": replace(hands, right=Hand()),
        "left": replace(hands, left=Hand()),
        "palm": replace(hands, left=replace(hands.left, quats_xyzw=turned.quats_xyzw)),
        "jump": replace(hands, right=replace(hands.right, positions=hands.right.positions + 0.4)),
    }[lost]
    show(bench, gone, 0.5)
    assert bench.cancelled() == [reason]
    assert bench.labeler.tool.looks_at_ns == was


def test_a_hand_that_is_lost_for_a_moment_goes_on() -> None:
    bench = GestureBench()
    hands = begun(bench, 0.2)[0]
    show(bench, replace(hands, right=Hand()), 0.1)
    show(bench, hands, 0.1)
    assert bench.labeler.doing == "scrub"
    assert bench.cancelled() == []


def test_whatever_the_device_shows_nothing_is_marked_and_now_is_reachable() -> None:
    random = np.random.default_rng(3)
    lies = set()
    for _ in range(TRIALS):
        bench = GestureBench()
        shares = random.uniform(0.0, 1.0, random.integers(1, 4)).tolist()
        stream = list(
            stream_of(performances.scrub(shares, CATEGORIES, Performer()), seed=int(random.integers(1 << 30)))
        )
        lie = some_lie((stream[-1].stamp_ns // 6, stream[-1].stamp_ns), random)
        bench.watch(told(stream, lie, random))
        lies.add(lie.name)
        assert bench.commits == []
        assert bench.labeler.tool.looks_at_ns in (0, *EARLIER_NS, bench.cloud.stamp_ns)
        scrub(bench, 1.0)
        assert bench.labeler.tool.looks_at_ns == 0
    assert lies == set(LIES)


@pytest.mark.parametrize("name", ["lost", "lost with rubbish", "both lost", "tips missing", "no number", "silent"])
def test_a_hand_that_is_away_for_long_in_mid_scrub_leads_back_or_was_waited_for(name: str) -> None:
    bench = GestureBench()
    stream: Sequence[Hands] = list(stream_of(performances.scrub((0.8, 0.3, 0.2), CATEGORIES, Performer())))
    bench.watch(told(stream, Lie(name, stream[len(stream) // 2].stamp_ns, 400_000_000), np.random.default_rng(8)))
    assert bench.commits == []
    assert bench.labeler.doing is None
    whole, cancelled = bench.phases("scrub") == WHOLE, Phase.CANCEL in bench.phases("scrub")
    assert whole != cancelled
    assert bench.labeler.tool.looks_at_ns == (0 if cancelled else nearest_to(bench, 0.2))


# The past


def test_a_mark_is_made_on_the_cloud_that_is_looked_at() -> None:
    bench = GestureBench()
    scrub(bench, 0.3)
    # In the clouds of earlier, everything is on the other side.
    spot = bench.stage(-MIDDLES[2])
    perform(bench, performances.paint(np.stack([spot, spot + 0.02]), Performer()))
    (event,) = bench.commits
    assert event.cloud_stamp_ns == nearest_to(bench, 0.3)
    assert set(event.sample_ids.tolist()) <= set(range(2 * ITEMS // 3, ITEMS))
    assert len(event.sample_ids) > 100
    previews = [o.preview for o in bench.outcomes if o.preview is not None]
    assert {p.cloud_stamp_ns for p in previews} == {event.cloud_stamp_ns}
    scrub(bench, 1.0)
    perform(bench, performances.paint(np.stack([spot, spot + 0.02]), Performer()))
    assert bench.cancelled() == ["no point in the brush"]


def test_the_epoch_of_a_mark_is_that_of_the_cloud_that_is_looked_at() -> None:
    bench = GestureBench()
    newest = bench.cloud.stamp_ns
    for i in range(1, 4):
        stamp_ns = newest + i * 1_000_000_000
        bench.labeler.see(replace(bench.cloud, stamp_ns=stamp_ns))
        bench.labeler.note_epoch(stamp_ns, 10 * i)
    bench.now_ns = newest + 5_000_000_000
    share = palette_share(bench, newest + 2_000_000_000)
    scrub(bench, share)
    spot = bench.stage(MIDDLES[0])
    perform(bench, performances.paint(np.stack([spot, spot + 0.02]), Performer()))
    (event,) = bench.commits
    assert (event.cloud_stamp_ns, event.epoch) == (newest + 2_000_000_000, 20)


def palette_share(bench: GestureBench, stamp_ns: int) -> float:
    return bench.labeler.past.timeline.axis().share(stamp_ns)


def test_a_session_that_begins_anew_is_looked_at_as_it_is_now() -> None:
    bench = GestureBench()
    scrub(bench, 0.3)
    bench.labeler.see(without_the_last(bench.cloud))
    assert bench.labeler.tool.looks_at_ns == 0


def test_the_strip_goes_with_the_buttons_and_is_touched_where_it_is() -> None:
    bench = GestureBench()
    bench.labeler.set_categories([Category(i, str(i), 0) for i in range(30)])
    for page in (0, 2):
        bench.labeler.hold(replace(bench.labeler.tool, page=page))
        scrub(bench, 0.3)
        assert bench.labeler.tool.looks_at_ns == nearest_to(bench, 0.3)
        scrub(bench, 1.0)
        assert bench.labeler.tool.looks_at_ns == 0


def test_no_button_is_poked_by_a_finger_that_scrubs() -> None:
    bench = GestureBench()
    performer = Performer()
    spot = performer.strip_spot(0.5, CATEGORIES)
    button = performer.palette_spot(palette.UNDO, CATEGORIES)
    performer.reach(left=PALETTE_HAND)
    performer.reach(right=performer.pointing(spot(0.045)))
    performer.reach(right=performer.pointing(spot(-0.01)), seconds=0.2)
    performer.reach(right=performer.pointing(button(-0.01)), seconds=0.5)
    performer.reach(REST.left, REST.right)
    perform(bench, performer.performance("slides"))
    assert bench.asks == []
    assert {r.name for r in bench.reports} == {"scrub"}


def test_the_memory_for_clouds_is_bounded() -> None:
    bench = GestureBench(Parameters(timeline_mb=1.0))
    for i in range(400):
        bench.labeler.see(replace(bench.cloud, stamp_ns=bench.now_ns + i * 1_000_000_000))
    assert sum(frame.nbytes for frame in bench.labeler.past.timeline.frames.all) <= 1_000_000
