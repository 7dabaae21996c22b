"""Markers as messages."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker as MarkerMsg
from visualization_msgs.msg import MarkerArray

from latentvr_common.conversions import LATENT_FRAME, header, point_to_msg
from room_markers.drawing import NAMES
from room_markers.marker import Kind, Marker


def markers_to_msg(markers: Iterable[Marker], stamp_ns: int) -> MarkerArray:
    """All that is to be seen to one message, which also takes away what is not: whoever has the newest has it all."""
    shown = {marker.name: marker for marker in markers}
    there = [_to_msg(marker, stamp_ns) for marker in shown.values()]
    gone = [_gone(namespace, number, stamp_ns) for namespace, number in NAMES if (namespace, number) not in shown]
    return MarkerArray(markers=there + gone)


def _to_msg(marker: Marker, stamp_ns: int) -> MarkerMsg:
    message = MarkerMsg(
        header=header(LATENT_FRAME, stamp_ns),
        ns=marker.namespace,
        id=marker.number,
        type=int(marker.kind),
        action=MarkerMsg.ADD,
        text=marker.text,
    )
    message.color = _color(marker.rgba)
    message.pose.orientation.w = 1.0
    _set_size(message, marker)
    if marker.kind in (Kind.SPHERE, Kind.TEXT):
        message.pose.position = point_to_msg(marker.points[0])
    else:
        message.points = [point_to_msg(point) for point in marker.points]
        message.colors = [_color((*color, marker.rgba[3])) for color in marker.colors]
    return message


def _set_size(message: MarkerMsg, marker: Marker) -> None:
    """Lines use only x, text only z, an arrow has its shaft's diameter, its head's and its head's length."""
    factors = (1.0, 2.0, 2.5) if marker.kind is Kind.ARROW else (1.0, 1.0, 1.0)
    message.scale.x, message.scale.y, message.scale.z = (marker.size * factor for factor in factors)


def _gone(namespace: str, number: int, stamp_ns: int) -> MarkerMsg:
    return MarkerMsg(header=header(LATENT_FRAME, stamp_ns), ns=namespace, id=number, action=MarkerMsg.DELETE)


def _color(rgba: "tuple[float, ...] | npt.NDArray[np.floating]") -> ColorRGBA:
    red, green, blue, alpha = (float(part) for part in rgba)
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)
