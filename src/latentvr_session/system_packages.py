"""Datasets that come in system packages: install what is missing where that is possible, else say how."""

import os
import subprocess
from collections.abc import Callable
from shutil import which
from typing import TypeVar

from latentvr_common.datasets.idx import MissingPackageError

T = TypeVar("T")


def installing_missing(task: Callable[[], T]) -> T:
    """Return what `task` returns; where a system package is missing and may be installed, install it and try again.

    Raises the MissingPackageError, which names the one command to give, where this is not root or there is no apt-get.
    """
    try:
        return task()
    except MissingPackageError as missing:
        if os.geteuid() != 0 or which("apt-get") is None:
            raise
        print(f"installing the system package {missing.package}", flush=True)
        if not _install(missing.package):
            raise
        return task()


def _install(package: str) -> bool:
    quiet = {"DEBIAN_FRONTEND": "noninteractive", **os.environ}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", package]):
        done = subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
    return done.returncode == 0
