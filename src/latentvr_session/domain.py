"""One session at a time in a ROS domain: two would hear each other's hands and label each other's items."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

from latentvr_common.errors import InputError
from latentvr_common.holding import HeldError, hold


def hold_domain() -> IO[str]:
    """Return a file that keeps this ROS domain for this process and those that it starts, until all have ended.

    Raises InputError if another session of this user is in the domain.
    """
    domain = _domain()
    path = _lock_of(domain)
    try:
        return hold(path)
    except HeldError as error:
        raise InputError(
            f"another session runs in ROS domain {domain} (process {error.holder}): "
            f"end it, or choose another domain for this one, such as ROS_DOMAIN_ID={_next(domain)}"
        ) from None


def holder() -> str:
    """Return the process whose session is in this ROS domain; empty: there is none of this user."""
    try:
        with _lock_of(_domain()).open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _lock_of(_domain()).read_text(encoding="utf-8").strip() or "unknown"
    except OSError:
        pass  # Nobody has ever been in it.
    return ""


def _domain() -> str:
    return os.environ.get("ROS_DOMAIN_ID", "") or "0"


def _lock_of(domain: str) -> Path:
    return Path(tempfile.gettempdir()) / f"latentvr-{os.getuid()}-domain-{domain}.lock"


def _next(domain: str) -> int:
    # 0 to 101 are safe on every system.
    return (int(domain) + 1) % 102 if domain.isdigit() else 1
