"""Shared by all tests: runs do not hear each other, nor anything else on the network."""

import atexit
import functools
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Of this process alone: several test runs may share a machine. 0 to 100 are left to people.
_BASE = int(os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 130)))
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
# As training has it: its last bits depend on that. Sessions and nodes have parameters of their own for threads.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
# What is kept between sessions of a person does not count here, nor does anything here stay.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="latentvr-cache-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)
# How long an example takes says more of what else the machine does than of what is tested.
hypothesis.settings.register_profile(
    "whatever the load", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("whatever the load")
_HERE = Path(__file__).parent
# But for an OpenXR runtime: 180 MB.
os.environ.setdefault("LATENTVR_RUNTIMES", str(_HERE.parent / "build" / "runtimes"))
sys.path[:0] = [str(_HERE.parent / "src"), str(_HERE / "support")]

# The CUDA build of PyTorch brings Triton, which ends the process if it is loaded after Mesa. No node loads both.
if importlib.util.find_spec("triton"):
    importlib.import_module("triton")

import sharing_out  # noqa: E402  (found by the paths above)

_DOMAINS = sharing_out.Domains(_BASE, int(_WORKER), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])) if _WORKER else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return sharing_out.scheduler(config, log)


_RUN_AGAIN: set[str] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: Any, sched: Any) -> None:
    sharing_out.once_more(crashitem, report, sched, _RUN_AGAIN)


def pytest_configure() -> None:
    """Have what tests train on the processor be trained on the device that LATENTVR_TEST_DEVICE names, such as cuda."""
    if device := os.environ.get("LATENTVR_TEST_DEVICE"):
        from latent_trainer.training import Training

        made = Training.__init__

        @functools.wraps(made)
        def init(self: Training, inputs: Any, settings: Any, _: str) -> None:
            made(self, inputs, settings, device)

        Training.__init__ = init  # type: ignore[method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _WORKER:
        items[:] = sharing_out.in_order_of_work(items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    if _DOMAINS is None:
        return (yield)
    os.environ["ROS_DOMAIN_ID"] = str(_DOMAINS.of(item.nodeid))
    with sharing_out.place_on_the_machine(sharing_out.is_alone(item)):
        return (yield)
