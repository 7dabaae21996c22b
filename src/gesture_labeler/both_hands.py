"""Pinches of both hands: in the cloud they span a box, beside it they take hold of the cloud."""

from gesture_labeler.pinch import Change
from gesture_labeler.running import Room, Running
from gesture_labeler.signs import Signs


def both_pinch(signs: Signs, room: Room, doing: Running | None) -> bool:
    """Tell whether the second of two pinches has begun now, soon enough after the first where that began a gesture."""
    begun = Change.BEGAN in (signs.main.change, signs.other.change)
    if not (begun and signs.main.holds and signs.other.holds):
        return False
    return doing is None or signs.now_s - doing.began_s <= room.parameters.two_hands_s


def both_in_the_cloud(signs: Signs, room: Room) -> bool:
    """Tell whether an item is near to either pinch."""
    frame = room.shown_at(signs.stamp_ns)
    if frame is None or not len(frame.cloud):
        return False
    reach = room.parameters.empty_m / room.placement.scale
    return all(frame.points.nearest(room.placement.latent_from_stage(s.point))[1] <= reach for s in signs.both)


def either_opened(signs: Signs) -> bool:
    """Tell whether one of the pinches has ended now."""
    return Change.ENDED in (signs.main.change, signs.other.change)
