"""Where training stands: the message of the topic `epoch`."""

from latentvr import msg

from latentvr_common.scene import Progress, State


def progress_from_msg(message: msg.Epoch) -> Progress:
    """Return what is shown of it. A state that this version does not know is a fault."""
    return Progress(
        State(message.state) if message.state in list(State) else State.FAULT,
        message.epoch,
        message.labelled,
        message.accuracy,
        message.confidence,
        message.conflicts,
        message.branch,
        message.agreement,
        message.ghost_accuracy,
        message.step,
    )
