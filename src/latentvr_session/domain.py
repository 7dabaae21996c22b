"""One session at a time in a ROS domain: two would hear each other's hands and label each other's items."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

from latentvr_common.errors import InputError


def hold_domain() -> IO[str]:
    """Return a file that keeps this ROS domain for this process and those that it starts, until all have ended.

    Raises InputError if another session of this user is in the domain.
    """
    domain = os.environ.get("ROS_DOMAIN_ID", "") or "0"
    path = Path(tempfile.gettempdir()) / f"latentvr-{os.getuid()}-domain-{domain}.lock"
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise InputError(
            f"another session runs in ROS domain {domain} (process {holder}): "
            f"end it, or choose another domain for this one, such as ROS_DOMAIN_ID={_next(domain)}"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _next(domain: str) -> int:
    # 0 to 101 are safe on every system.
    return (int(domain) + 1) % 102 if domain.isdigit() else 1
