"""What must be true of a message, before anything is done with it. Pure: no ROS in here.

One check for each fact, one module for each kind of message. A check takes a message, or plain data with fields of the
same names, and raises RefusedError, which names the field, for one that does not hold what its file promises. They are
applied where messages come in (`node_tools.listen`, `serve` and `client`, by the lists in `topics.py`) and where they
become data (`conversions`), so that no node can forget them.

What can only be known with the state of a node, such as which categories there are, is checked there.
"""

from latentvr_common.checks.refusal import RefusedError

__all__ = ["RefusedError"]
