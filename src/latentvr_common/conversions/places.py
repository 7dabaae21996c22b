"""Where the cloud hangs, and what would live at a place in it."""

import numpy as np
from latentvr import msg, srv
from sensor_msgs.msg import CompressedImage

from latentvr_common.conversions.basics import STAGE_FRAME, header, pose_from_msg, pose_to_msg
from latentvr_common.place import Place
from latentvr_common.placement import Placement


def placement_to_msg(placement: Placement, stamp_ns: int) -> msg.CloudPlacement:
    """Where the cloud hangs, to its message."""
    return msg.CloudPlacement(
        header=header(STAGE_FRAME, stamp_ns),
        pose=pose_to_msg(placement.position, placement.quat_xyzw),
        scale=placement.scale,
    )


def placement_from_msg(message: msg.CloudPlacement) -> Placement:
    """A message to where the cloud hangs."""
    position, quat = pose_from_msg(message.pose)
    if not (message.scale > 0 and np.isfinite([*position, *quat, message.scale]).all()):
        raise ValueError(f"cloud_placement: scale is {message.scale}, expected a finite pose and a scale above 0")
    return Placement(position, quat, float(message.scale))


def place_to_msg(place: Place) -> srv.DecodePlace.Response:
    """What would live at a place, to the answer of the service `decode_place`."""
    return srv.DecodePlace.Response(
        found=True,
        picture=CompressedImage(format="png", data=place.png),
        text=place.text,
        support=place.support,
        reach=place.reach,
        nearest=place.nearest,
        distance=place.distance,
        predicted=place.predicted,
        share=place.share,
    )


def place_from_msg(response: srv.DecodePlace.Response) -> Place:
    """The answer of the service `decode_place` that has found something, to what would live there."""
    if not response.found:
        raise ValueError(f"decode_place: {response.message}")
    if not (0 <= response.share <= 1 and 0 <= response.distance < np.inf):
        raise ValueError(
            f"decode_place: share is {response.share}, distance {response.distance}; "
            "expected 0 to 1, and a finite number of 0 or more"
        )
    return Place(
        png=bytes(response.picture.data),
        text=response.text,
        support=response.support,
        reach=response.reach,
        nearest=response.nearest,
        distance=response.distance,
        predicted=response.predicted,
        share=response.share,
    )
