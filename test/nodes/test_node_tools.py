"""What every node is built with: callbacks come on the executor's thread, and their exceptions go no further."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.experimental import EventsExecutor
from rclpy.node import Node

from latentvr_common import node_tools

TIMEOUT_S = 60.0


@pytest.fixture
def context() -> Iterator[Context]:
    made = Context()
    rclpy.init(context=made)
    yield made
    rclpy.shutdown(context=made)


def spin_until(executor: Executor, condition: Callable[[], bool]) -> None:
    until = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < until
        executor.spin_once(timeout_sec=0.1)


@pytest.mark.parametrize("make_executor", [EventsExecutor, SingleThreadedExecutor])
def test_what_another_thread_asks_for_soon_runs_on_the_executors_thread(
    context: Context, make_executor: Callable[..., Executor]
) -> None:
    node = rclpy.create_node("asked", context=context)
    ran: list[int] = []
    call = node_tools.soon(node, lambda: ran.append(threading.get_ident()))
    call()
    executor = make_executor(context=context)
    executor.add_node(node)
    try:
        caller = threading.Thread(target=lambda: [call() for _ in range(3)])
        caller.start()
        caller.join()
        spin_until(executor, lambda: len(ran) == 3)
        assert set(ran) == {threading.get_ident()}
    finally:
        executor.remove_node(node)
        executor.shutdown()
        node.destroy_node()


@pytest.mark.parametrize("make_executor", [EventsExecutor, SingleThreadedExecutor])
def test_what_is_asked_for_soon_while_the_executor_ends_and_after_is_not_done(
    context: Context, make_executor: Callable[..., Executor]
) -> None:
    node = rclpy.create_node("late", context=context)
    ran: list[str] = []
    call = node_tools.soon(node, lambda: ran.append("late"))
    executor = make_executor(context=context)
    executor.add_node(node)
    executor.shutdown()
    try:
        assert node.executor is executor, "the node still knows the executor that has ended"
        call()
        executor.remove_node(node)
        call()
    finally:
        node.destroy_node()
    call()
    assert ran == []


def test_what_fails_soon_is_noted_and_ends_nothing(context: Context) -> None:
    node = rclpy.create_node("failing", context=context)
    ran: list[str] = []
    executor = EventsExecutor(context=context)
    executor.add_node(node)
    try:
        _ask_both(node, ran)
        spin_until(executor, lambda: ran == ["after"])
        assert node_tools.failures_of(node).count == 1
    finally:
        executor.remove_node(node)
        executor.shutdown()
        node.destroy_node()


def _ask_both(node: Node, ran: list[str]) -> None:
    def fail() -> None:
        raise ValueError("no")

    node_tools.soon(node, fail)()
    node_tools.soon(node, lambda: ran.append("after"))()
