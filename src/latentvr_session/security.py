"""SROS 2, which lets nobody into a session who has no key: whether it is asked for, and whether it can be had."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from latentvr_common.errors import InputError

ENABLE, STRATEGY, KEYSTORE = "ROS_SECURITY_ENABLE", "ROS_SECURITY_STRATEGY", "ROS_SECURITY_KEYSTORE"
ENCLAVE_OF_ALL = "ROS_SECURITY_ENCLAVE_OVERRIDE"
_NO_PLUGIN = "have the security libraries"
"""What Fast DDS says if it was built without."""
_PROBE = (
    "import rclpy, rclpy.node\n"
    "try:\n"
    "    rclpy.init(args=['--ros-args', '--enclave', '/probe'])\n"
    "    rclpy.node.Node('probe')\n"
    "except Exception as error:\n"
    "    print(error)\n"
)


def enclave_of(node: str) -> str:
    """Return the enclave of a node: what security/policies.xml has its rights under."""
    return f"/latentvr/{node}"


def is_asked_for(variables: Mapping[str, str]) -> bool:
    """Tell whether SROS 2 is on. ROS knows this one spelling only."""
    return variables.get(ENABLE) == "true"


def trouble(variables: Mapping[str, str], enclaves: Iterable[str], has_plugin: Callable[[], bool | None]) -> str:
    """Return why nodes in `enclaves` could not be kept safe as `variables` ask for, and what to do; empty: they can.

    `has_plugin`: whether the middleware can; None: it is not known.
    """
    if not is_asked_for(variables):
        return ""
    if has_plugin() is False:
        return (
            f"{ENABLE} is true, but this Fast DDS has no security plugin: use that of an installed ROS 2 Jazzy, "
            f"or unset {ENABLE}"
        )
    keystore = variables.get(KEYSTORE, "")
    if not keystore:
        return f"{ENABLE} is true, but {KEYSTORE} is not set: name the keystore, see docs/network.md"
    if not (Path(keystore) / "enclaves").is_dir():
        return f"{KEYSTORE} is {keystore}, which is no keystore: make it by ros2 security, see docs/network.md"
    wanted = [variables[ENCLAVE_OF_ALL]] if variables.get(ENCLAVE_OF_ALL) else list(enclaves)
    for enclave in wanted:
        folder = Path(keystore) / "enclaves" / enclave.lstrip("/")
        if not folder.is_dir():
            return f"{folder} is missing: make it by ros2 security generate_artifacts, see docs/network.md"
    return ""


def refuse_if_unsafe(enclaves: Iterable[str]) -> None:
    """Raise InputError if SROS 2 is asked for and nodes in `enclaves` would not start, or would start without it."""
    wrong = trouble(os.environ, enclaves, middleware_has_plugin)
    if wrong:
        raise InputError(wrong)


def middleware_has_plugin() -> bool | None:
    """Tell whether the middleware can do security, by asking it in a process of its own; None: there is no answer.

    It is asked to start a node that has no keys: who can do security misses these, who cannot says so.
    """
    with tempfile.TemporaryDirectory() as keystore:
        (Path(keystore) / "enclaves" / "probe").mkdir(parents=True)
        asking = {ENABLE: "true", STRATEGY: "Enforce", KEYSTORE: keystore}
        variables = {name: value for name, value in os.environ.items() if name != ENCLAVE_OF_ALL} | asking
        try:
            done = subprocess.run(
                [sys.executable, "-c", _PROBE], capture_output=True, text=True, env=variables, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    if done.returncode or not done.stdout:
        return None
    return _NO_PLUGIN not in done.stdout
