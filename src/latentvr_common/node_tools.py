"""Publishers, subscriptions, services and timers of a node.

Rule: an exception in a callback costs the message, the request or the turn that it was called for, never the process.
It is counted, logged, and told with the node's health. Only constructors may end a process.

Messages are checked before a callback gets them, requests before a server does, answers before whoever asked: see
`latentvr_common.checks`. What does not pass is dropped, counted by the field that was wrong, and told with the node's
health; a request is answered with the reason.
"""

import contextlib
import inspect
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rclpy.client import Client
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.service import Service as RosService
from rclpy.subscription import Subscription
from rclpy.task import Future
from rclpy.timer import Timer

from latentvr_common.checks import RefusedError
from latentvr_common.conversions import message_from_cdr
from latentvr_common.dropped import Drops
from latentvr_common.topics import Service, Topic

RECORDER = "session_recorder"
_NAMELESS = "_NODE_NAME_UNKNOWN_"
"""What ROS says of a subscription that it has found, while it does not know of what node."""
_FAILURES = "_latentvr_failures"
_DROPS = "_latentvr_drops"
_LOG_PERIOD_S = 5.0
"""A callback that fails with every message is logged once in so many seconds."""


class Failures:
    """What failed in the callbacks of one node."""

    def __init__(self) -> None:
        self.count = 0
        self.last = ""
        """The newest one, for people."""

    def note(self, text: str) -> None:
        """Count one."""
        self.count += 1
        self.last = text


def failures_of(node: Node) -> Failures:
    """Return what failed in the callbacks of `node` so far."""
    failures = getattr(node, _FAILURES, None)
    if not isinstance(failures, Failures):
        failures = Failures()
        setattr(node, _FAILURES, failures)
    return failures


def drops_of(node: Node) -> Drops:
    """Return what `node` has dropped so far because it could not be used."""
    drops = getattr(node, _DROPS, None)
    if not isinstance(drops, Drops):
        drops = Drops()
        setattr(node, _DROPS, drops)
    return drops


def drop(node: Node, reason: str, field: str = "") -> None:
    """Count and log a message that is not used; `field`: what was wrong with it."""
    said = drops_of(node).note(reason, field)
    node.get_logger().warning(f"message dropped: {said}", throttle_duration_sec=1.0)


class _Guard:
    """Notes the exceptions of one callback, and logs them now and then."""

    def __init__(self, node: Node, callback: Callable[..., Any]) -> None:
        self._node = node
        self._name = getattr(callback, "__qualname__", type(callback).__name__)
        self._logged_s = -math.inf

    def note(self, error: Exception) -> str:
        """Count `error`; return it in one line."""
        if isinstance(error, RefusedError):
            drop(self._node, str(error), error.about)
            return str(error)
        text = f"{self._name} failed: {type(error).__name__}: {error}{_place_of(error)}"
        failures_of(self._node).note(text)
        if time.monotonic() >= self._logged_s + _LOG_PERIOD_S:
            self._logged_s = time.monotonic()
            self._node.get_logger().error(f"{text}; what it was called for is dropped")
        return text


def _place_of(error: Exception) -> str:
    """Return " (file:line)" of where `error` was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})" if trace is not None else ""


def guarded(node: Node, callback: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return `callback`, of one argument, such that an exception in it is noted and goes no further."""
    guard = _Guard(node, callback)

    def call(argument: Any) -> None:
        try:
            callback(argument)
        except Exception as error:
            guard.note(error)

    return call


def advertise(node: Node, topic: Topic) -> Publisher:
    """Return a publisher of `topic`."""
    return node.create_publisher(topic.type, topic.name, topic.qos)


def listen(
    node: Node, topic: Topic, callback: Callable[[Any], None], *, raw: bool = False, qos: QoSProfile | None = None
) -> Subscription:
    """Return a subscription to `topic`; `raw`: the callback gets serialized bytes; `qos`: another than the topic's.

    The callback gets messages that hold what they promise. Bytes are not larger than the topic's may be: `conversions`
    check them when they are read. A message for which the callback raises an exception is dropped.

    Messages are always taken as bytes: those that are none then cost a message, where rclpy would end the process.
    """

    def take(data: bytes) -> None:
        _check_size(topic, data)
        callback(data if raw else read(topic, data))

    take.__qualname__ = getattr(callback, "__qualname__", type(callback).__name__)
    return node.create_subscription(topic.type, topic.name, guarded(node, take), qos or topic.qos, raw=True)


def _check_size(topic: Topic, data: bytes) -> None:
    if len(data) > topic.most_bytes:
        raise RefusedError(
            f"{topic.name}: {len(data)} bytes, expected at most {topic.most_bytes}", f"{topic.name}: size"
        )


def read(topic: Topic, data: bytes) -> Any:
    """Return the message of `topic` that bytes hold. Raises RefusedError if it does not hold what it promises."""
    message = message_from_cdr(topic.type, data)
    topic.check(message)
    return message


@dataclass(frozen=True)
class Origin:
    """What the middleware tells of one message."""

    sent_ns: int
    """When it was published, by the publisher's clock, nanoseconds since 1970. 0: not known."""
    number: int
    """Its publisher's count of what it has published, from 1. 0: not known, as with some middleware."""


def listen_with_origin(
    node: Node, topic: Topic, callback: Callable[[bytes, Origin], None], *, qos: QoSProfile | None = None
) -> Subscription:
    """Return a subscription to `topic` that hands serialized bytes and their origin to `callback`.

    Otherwise as `listen`.
    """
    taker = _TakerOfBoth(node, topic, callback)
    return node.create_subscription(topic.type, topic.name, taker, qos or topic.qos, raw=True)


class _TakerOfBoth:
    """Takes a message and its MessageInfo however an executor hands them over.

    rclpy's own executors give two arguments; the events executor of this rclpy gives both as one tuple, and a function
    of two parameters then ends the process with a SystemError. rclpy looks at the signature to learn who wants the
    MessageInfo.
    """

    __signature__ = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in ("message", "info")]
    )

    def __init__(self, node: Node, topic: Topic, callback: Callable[[bytes, Origin], None]) -> None:
        self._topic = topic
        self._callback = callback
        self._guard = _Guard(node, callback)

    def __call__(self, *handed_over: Any) -> None:
        try:
            data, info = handed_over if len(handed_over) == 2 else handed_over[0]
            _check_size(self._topic, data)
            self._callback(data, _origin(info))
        except Exception as error:
            self._guard.note(error)


def _origin(info: Mapping[str, Any]) -> Origin:
    return Origin(info.get("source_timestamp") or 0, info.get("publication_sequence_number") or 0)


def listeners(node: Node, topic: Topic) -> list[str]:
    """Return the names of the nodes that listen to `topic`, but for the recorder, which listens to everything.

    A subscription is heard of a moment before the name of its node; it counts once that is known.
    """
    found = node.get_subscriptions_info_by_topic(node.resolve_topic_name(topic.name))
    return sorted(info.node_name for info in found if info.node_name not in (RECORDER, _NAMELESS))


def every(node: Node, seconds: float, callback: Callable[[], None]) -> Timer:
    """Return a timer that calls `callback` every so many seconds. A turn at which it raises an exception is lost."""
    return node.create_timer(seconds, _safely(node, callback))


def _safely(node: Node, callback: Callable[[], None]) -> Callable[[], None]:
    guard = _Guard(node, callback)

    def call() -> None:
        try:
            callback()
        except Exception as error:
            guard.note(error)

    return call


def soon(node: Node, callback: Callable[[], None]) -> Callable[[], None]:
    """Return what any thread may call to have `callback` run on the executor's thread as soon as that is free.

    It does nothing while no executor spins the node. An exception in `callback` is noted and goes no further.
    """
    run = _safely(node, callback)

    def call() -> None:
        executor = node.executor
        if executor is not None:
            # It may end at this very moment. One that has been shut down has nothing left to be woken by; rclpy's does
            # not look for that.
            with contextlib.suppress(RuntimeError, AttributeError):
                executor.create_task(run)

    return call


def serve(node: Node, service: Service, callback: Callable[[Any, Any], Any]) -> RosService:
    """Return a server of `service`. `callback` takes the request and an empty response and returns the response.

    It may also return a Future of it, to be given its result on the executor's thread: until then the node goes on.
    Where the request does not hold what it promises, or `callback` raises an exception, the answer is an empty response
    with the reason in `message`, if it has that field.
    """
    answers = _Answers(service, callback, _Guard(node, callback))
    server = node.create_service(service.type, service.name, answers.answer)
    answers.send_by(server)
    return server


class _Answers:
    """The answers of one server, at once or later."""

    def __init__(self, service: Service, callback: Callable[[Any, Any], Any], guard: _Guard) -> None:
        self._service = service
        self._callback = callback
        self._guard = guard
        self._send_now: Callable[[Any, Any], None]

    def answer(self, request: Any, response: Any) -> Any:
        """Return the response, or a Future of it."""
        try:
            self._check(request)
            return _checked_response(self._callback(request, response), self._service)
        except Exception as error:
            return self._refusal(error)

    def _check(self, request: Any) -> None:
        try:
            self._service.check(request)
        except RefusedError as error:
            raise RefusedError(str(error), f"{self._service.name}: {error.about}") from error

    def send_by(self, server: RosService) -> None:
        """Have `server` send a Future's response when it is there.

        A coroutine would be ROS's own way to answer later, but the events executor of this rclpy does not await it.
        Both executors send what a callback returns by `send_response` of the server.
        """
        self._send_now = server.send_response
        server.send_response = self._send

    def _send(self, response: Any, header: Any) -> None:
        if isinstance(response, Future):
            response.add_done_callback(lambda future: self._send_result(future, header))
        else:
            self._send_guarded(response, header)

    def _send_result(self, future: Future, header: Any) -> None:
        try:
            response = _checked_response(future.result(), self._service)
        except Exception as error:
            response = self._refusal(error)
        self._send_guarded(response, header)

    def _send_guarded(self, response: Any, header: Any) -> None:
        try:
            self._send_now(response, header)
        except Exception as error:
            self._guard.note(error)

    def _refusal(self, error: Exception) -> Any:
        reason, response = self._guard.note(error), self._service.type.Response()
        if hasattr(response, "message"):
            response.message = reason
        return response


def _checked_response(response: Any, service: Service) -> Any:
    if not isinstance(response, service.type.Response | Future):
        raise TypeError(f"answer of {service.name} is a {type(response).__name__}, expected its response")
    return response


def client(node: Node, service: Service) -> Client:
    """Return a client of `service`. The result of its `call_async` is an answer that holds what it promises.

    Another answer is dropped, and the result is None: as if there had been no answer.
    """
    asking = node.create_client(service.type, service.name)
    ask = asking.call_async

    def call_async(request: Any) -> Future:
        checked = Future()
        ask(request).add_done_callback(lambda answered: _hand_on(node, service, answered, checked))
        return checked

    asking.call_async = call_async
    return asking


def _hand_on(node: Node, service: Service, answered: Future, checked: Future) -> None:
    try:
        answer = answered.result()
        if answer is not None:
            service.check_answer(answer)
    except RefusedError as error:
        drop(node, f"answer of {service.name}: {error}", f"{service.name}: {error.about}")
        checked.set_result(None)
    except Exception as error:
        checked.set_exception(error)
    else:
        checked.set_result(answer)


def now_ns(node: Node) -> int:
    """ROS time now, nanoseconds."""
    return int(node.get_clock().now().nanoseconds)
