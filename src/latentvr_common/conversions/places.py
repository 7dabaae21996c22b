"""Where the cloud hangs, and what would live at a place in it."""

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import PoseStamped
from latentvr import msg, srv
from sensor_msgs.msg import CompressedImage

from latentvr_common.checks import RefusedError
from latentvr_common.checks.answers import check_place
from latentvr_common.checks.poses import check_head, check_placement
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
    check_placement(message)
    return Placement(*pose_from_msg(message.pose), float(message.scale))


def head_from_msg(message: PoseStamped) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The message of the topic `head` to position (3,), metres, and quaternion (4,), in the frame `stage`."""
    check_head(message)
    return pose_from_msg(message.pose)


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
        raise RefusedError(f"decode_place: {response.message}")
    check_place(response)
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
