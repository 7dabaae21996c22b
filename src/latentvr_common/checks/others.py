"""Messages of ROS's own that only people look at: pictures, markers, health and time."""

from typing import Any

from latentvr_common.checks import need

MOST_STATUSES, MOST_VALUES = 1000, 1000


def check_picture(message: Any) -> None:
    """A picture that comes packed."""
    need.header("picture", message.header)
    need.text("picture: format", message.format, need.LONGEST_NAME)


def check_markers(message: Any) -> None:
    """Markers: nobody of ours reads them."""
    for marker in message.markers:
        need.header("markers", marker.header)


def check_diagnostics(message: Any) -> None:
    """What nodes say of themselves."""
    need.header("diagnostics", message.header)
    need.at_most("diagnostics: status", message.status, MOST_STATUSES)
    for status in message.status:
        need.one_of("diagnostics: level", status.level[0], range(4), "0 to 3")
        need.text("diagnostics: name", status.name, need.LONGEST_TEXT)
        need.text("diagnostics: message", status.message, need.LONGEST_TEXT)
        need.at_most("diagnostics: values", status.values, MOST_VALUES)


def check_clock(message: Any) -> None:
    """Recorded time."""
    need.stamp("clock", message.clock)
