"""Where training stands: the message of the topic `epoch`."""

from latentvr import msg

from latentvr_common.checks.training import check_epoch
from latentvr_common.scene import Progress, State


def progress_from_msg(message: msg.Epoch) -> Progress:
    """Return what is shown of it."""
    check_epoch(message)
    return Progress(
        State(message.state),
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
