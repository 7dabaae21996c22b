"""What commands do that change one thing: the tool, the view, or what is asked for."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cloud_view.desktop.keys import Command
from cloud_view.desktop.marks import Boxing, Flooding, Mark, Painting
from cloud_view.desktop.outcome import Kind
from cloud_view.desktop.viewpoint import Viewpoint
from latentvr_common.timeline.timeline import Leap

_TURN_PX = 24.0
TOOLS: dict[Command, type[Mark]] = {Command.BRUSH: Painting, Command.BOX: Boxing, Command.DENSITY: Flooding}
REPEATED = frozenset(
    {
        *(Command.LEFT, Command.RIGHT, Command.UP, Command.DOWN),
        *(Command.NEARER, Command.FARTHER, Command.UNDO, Command.REDO),
        *(Command.EARLIER_EVENT, Command.LATER_EVENT, Command.EARLIER, Command.LATER),
    }
)
"""Commands that go on while their key is held."""
VIEWS: dict[Command, Callable[[Viewpoint], Viewpoint]] = {
    Command.WHOLE: lambda view: replace(view, distance=Viewpoint().distance, shift=np.zeros(3)),
    Command.NEARER: lambda view: view.nearer(1),
    Command.FARTHER: lambda view: view.nearer(-1),
    Command.LEFT: lambda view: view.turned(-_TURN_PX, 0),
    Command.RIGHT: lambda view: view.turned(_TURN_PX, 0),
    Command.UP: lambda view: view.turned(0, -_TURN_PX),
    Command.DOWN: lambda view: view.turned(0, _TURN_PX),
}
ASKED = {
    Command.FORCES: Kind.FORCES,
    Command.CUES: Kind.CUES,
    Command.WHAT_IF: Kind.WHAT_IF,
    Command.FORK: Kind.FORK,
    Command.NEXT_BRANCH: Kind.NEXT_BRANCH,
    Command.TIMELAPSE: Kind.TIMELAPSE,
    Command.PICTURE: Kind.PICTURE,
    Command.QUIT: Kind.QUIT,
}
LEAPS = {
    Command.EARLIER_EVENT: Leap.EARLIER_EVENT,
    Command.LATER_EVENT: Leap.LATER_EVENT,
    Command.EARLIER: Leap.EARLIER,
    Command.LATER: Leap.LATER,
    Command.BEGINNING: Leap.BEGINNING,
    Command.NOW: Leap.NOW,
}
"""Ways through time."""
