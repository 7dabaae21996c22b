"""How a node runs and stops.

Thread rule: the executor runs in the main thread; so do all callbacks of the node. Signal handlers only set a flag.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from latentvr_common import fault_points, memory, watchdog
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError

if TYPE_CHECKING:
    from rclpy.executors import Executor
    from rclpy.node import Node

FOLLOW_PARENT = "LATENTVR_FOLLOW_PARENT"
"""Set to its own process id by whoever starts the processes of a session: a node stops when that process is gone."""

_WAKE_S = 0.25
_STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Closable(Protocol):
    """A node with work to finish: `close` is called once, before the node is destroyed."""

    def close(self) -> None:
        """Finish."""


class _StopRequest:
    """Whether somebody asked this process to stop. Later signals change nothing, so clean-up is not cut short."""

    def __init__(self) -> None:
        self.asked = False
        self._starter = None
        try:
            self._starter = _watch_process(os.environ.get(FOLLOW_PARENT, ""))
        except ProcessLookupError:
            self.asked = True
        for number in _STOPPING_SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def pending(self) -> bool:
        return self.asked or (self._starter is not None and bool(self._starter.poll(0)))


def _watch_process(pid: str) -> "select.poll | None":
    """Return a poll object that is ready once process `pid` is gone; None if `pid` names none.

    Raises ProcessLookupError if it is gone already.
    """
    try:
        gone = select.poll()
        gone.register(os.pidfd_open(int(pid)), select.POLLIN)
    except ProcessLookupError:
        raise
    except (ValueError, OverflowError, OSError):
        return None
    return gone


def keep_large_buffers() -> None:
    """Tell glibc to keep freed memory of up to 64 MiB a block: a cloud frame then costs no page faults."""
    m_mmap_threshold, m_trim_threshold = -3, -1
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(m_mmap_threshold, 64 << 20)
        libc.mallopt(m_trim_threshold, 256 << 20)


def run_node(
    make_node: Callable[[], "Node"],
    args: Sequence[str] | None = None,
    memory_gib: float = memory.USUAL_GIB,
    *,
    starts_soon: bool = False,
) -> int:
    """Make the node, run it until SIGINT, SIGTERM or its work is done, close it, and return the process's exit code.

    A node whose work is done sets its attribute `exit_code`: the process ends with it, also where `close()` sets it. A
    node's own `close()`, where it has one, is called once; a second signal does not interrupt it. An InputError is said
    in one line and gives exit code 2, as arguments do that ROS cannot read; any other exception is shown with its trace
    and gives 1.

    `memory_gib`: so much memory it may have, unless the person has set something else, see memory.py. `starts_soon`: it
    has no data to read or to repair first, so a start that lasts is one that hangs, see watchdog.py.
    """
    keep_large_buffers()
    import rclpy

    node: Node | None = None
    code = 0
    try:
        memory.limit(memory.wanted_gib(memory_gib))
        fault_points.arm()
        _start_ros(args)
        stop = _StopRequest()
        dog = watchdog.start()
        if starts_soon:
            dog.watch_start()
        try:
            node = _made(make_node)
            code = _spin(node, stop, dog)
        finally:
            dog.end()
    except InputError as error:
        sys.stderr.write(f"error: {error}\n")
        code = EXIT_INPUT_ERROR
    except Exception:
        traceback.print_exc()
        code = 1
    finally:
        code = _close(node) or code
        with contextlib.suppress(Exception):
            rclpy.try_shutdown()
    return code


def _start_ros(args: Sequence[str] | None) -> None:
    import rclpy
    from rclpy.logging import LoggingSeverity, set_logger_level
    from rclpy.signals import SignalHandlerOptions

    # It would say that there is an error in the arguments, but not which.
    set_logger_level("rcl", LoggingSeverity.FATAL)
    try:
        rclpy.init(args=list(args) if args is not None else None, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        # "failed to initialize rcl: Couldn't parse ...: '-p rate'. Error: ..., at lexer_lookahead.c:239, ..."
        reason = str(error).splitlines()[0].split(". Error: ")[0].removeprefix("failed to initialize rcl: ")
        raise InputError(f"ROS does not start: {reason}; expected {_expected()}") from error
    set_logger_level("rcl", LoggingSeverity.UNSET)


def _expected() -> str:
    if _is_to_be_safe():
        return "a middleware with security and keys in ROS_SECURITY_KEYSTORE, or ROS_SECURITY_ENABLE not set"
    return "as in --ros-args -p name:=value"


def _made(make_node: Callable[[], "Node"]) -> "Node":
    try:
        return make_node()
    except RuntimeError as error:
        # Of the first of these two lines: "... This Fast DDS version doesn't have the security libraries".
        reason = str(error).splitlines()[0] if str(error) else ""
        if _is_to_be_safe() and "security" in reason.lower():
            raise InputError(f"ROS does not start: {reason}; expected {_expected()}") from error
        raise


def _is_to_be_safe() -> bool:
    return os.environ.get("ROS_SECURITY_ENABLE") == "true"


def _spin(node: "Node", stop: _StopRequest, dog: watchdog.Watchdog) -> int:
    executor = _make_executor()
    executor.add_node(node)
    try:
        while not stop.pending() and getattr(node, "exit_code", None) is None:
            dog.put_off()
            executor.spin_once(timeout_sec=_WAKE_S)
        return getattr(node, "exit_code", None) or 0
    finally:
        executor.remove_node(node)
        executor.shutdown(timeout_sec=0.5)


def _make_executor() -> "Executor":
    """Return the executor that costs least: the events executor where this rclpy has it."""
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        from rclpy.executors import SingleThreadedExecutor

        return SingleThreadedExecutor()
    return EventsExecutor()


def _close(node: "Node | None") -> int:
    """Close and destroy the node; return 1 if that failed, else the exit code that the node has set."""
    if node is None:
        return 0
    failed = False
    close = getattr(node, "close", None)
    if callable(close):
        try:
            close()
        except Exception:
            traceback.print_exc()
            failed = True
    code = 1 if failed else getattr(node, "exit_code", None) or 0
    with contextlib.suppress(Exception):
        node.destroy_node()
    return code
