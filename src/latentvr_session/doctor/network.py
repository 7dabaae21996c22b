"""Who hears a session, and whether processes find each other."""

import os
import shutil
from collections.abc import Callable, Mapping

from latentvr_session import domain, security
from latentvr_session.doctor.finding import Finding, error, ok, warning
from latentvr_session.shared_memory import NEEDED_BYTES, SHARED_MEMORY, profile_fits

HIGHEST_DOMAIN, HIGHEST_SAFE_DOMAIN = 232, 101
_RANGES = ("OFF", "LOCALHOST", "SUBNET", "SYSTEM_DEFAULT")
_MIB = 1 << 20


def safety(variables: Mapping[str, str], has_plugin: Callable[[], bool | None]) -> Finding:
    """Look at SROS 2. `has_plugin`: whether the middleware has what it takes; None: it is not known."""
    enable = variables.get(security.ENABLE, "")
    if enable not in ("", "true", "false"):
        text = f"{security.ENABLE} is {enable!r}, which ROS takes for false: nobody is kept out"
        return error("security", text, f"set {security.ENABLE}=true")
    if not security.is_asked_for(variables):
        return ok("security", "off: every program on this machine can take part in a session")
    wrong = security.trouble(variables, (), has_plugin)
    if wrong:
        text, _, todo = wrong.partition(": ")
        return error("security", text, todo)
    if variables.get(security.STRATEGY) != "Enforce":
        todo = f"set {security.STRATEGY}=Enforce"
        return warning("security", "SROS 2 starts nodes without keys too, open to everybody", todo)
    return ok("security", f"SROS 2 lets in whoever has a key of {variables[security.KEYSTORE]}")


def discovery(variables: Mapping[str, str]) -> Finding:
    """Look at who can find the session."""
    found = variables.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if found not in _RANGES:
        return error("network", f"ROS_AUTOMATIC_DISCOVERY_RANGE is {found!r}", f"expected one of {', '.join(_RANGES)}")
    if found == "OFF":
        return error("network", "ROS_AUTOMATIC_DISCOVERY_RANGE is OFF: processes do not find each other", "unset it")
    if found != "LOCALHOST" or variables.get("ROS_STATIC_PEERS"):
        if security.is_asked_for(variables) and variables.get(security.STRATEGY) == "Enforce":
            return ok("network", "other machines can take part in a session, with a key")
        todo = "whoever is there can label: unset ROS_AUTOMATIC_DISCOVERY_RANGE and ROS_STATIC_PEERS, or use SROS 2"
        return warning("network", "other machines can take part in a session", todo)
    return ok("network", "a session is heard on this machine only")


def domain_id(text: str) -> Finding:
    """Look at the ROS domain, as ROS_DOMAIN_ID names it."""
    number = int(text) if text.isdecimal() else -1
    if text and not 0 <= number <= HIGHEST_DOMAIN:
        return error("domain", f"ROS_DOMAIN_ID is {text!r}", f"expected 0 to {HIGHEST_DOMAIN}, 101 or less is best")
    if number > HIGHEST_SAFE_DOMAIN:
        return warning("domain", f"{number}", "ports of domains above 101 may be taken: choose a lower ROS_DOMAIN_ID")
    return ok("domain", f"{max(number, 0)}")


def neighbours(holder: str) -> Finding:
    """Look at the session that is in the domain already; `holder`: its process, empty: there is none."""
    if holder:
        todo = "end it, or choose another ROS_DOMAIN_ID"
        return warning("sessions", f"one runs in this domain (process {holder})", todo)
    return ok("sessions", "none runs in this domain")


def middleware(name: str) -> Finding:
    """Look at the middleware, as RMW_IMPLEMENTATION names it."""
    if name not in ("", "rmw_fastrtps_cpp"):
        return warning("middleware", name, "tested is rmw_fastrtps_cpp: unset RMW_IMPLEMENTATION")
    return ok("middleware", "Fast DDS")


def shared_memory(free: int, segments: int, held: int) -> Finding:
    """Look at the free bytes of shared memory, and how many `segments` of Fast DDS `held` so many bytes."""
    text = f"{free / _MIB:,.0f} MiB free, {segments} segments of Fast DDS hold {held / _MIB:,.0f}"
    if not profile_fits(free):
        todo = f"large clouds need {NEEDED_BYTES / _MIB:,.0f}: with Docker give --shm-size=1g"
        if segments:
            todo += f"; while nothing of ROS runs, rm {SHARED_MEMORY}/fastrtps_* removes what killed processes left"
        return warning("shared memory", text, todo)
    return ok("shared memory", text)


# How it is found


def _segments() -> tuple[int, int]:
    try:
        sizes = [file.stat().st_blocks * 512 for file in SHARED_MEMORY.glob("fastrtps_*")]
    except OSError:
        return 0, 0
    return len(sizes), sum(sizes)


def _free() -> int:
    try:
        return shutil.disk_usage(SHARED_MEMORY).free
    except OSError:
        return 0


def look() -> list[Finding]:
    """Look at all of it."""
    return [
        discovery(os.environ),
        safety(os.environ, security.middleware_has_plugin),
        domain_id(os.environ.get("ROS_DOMAIN_ID", "")),
        neighbours(domain.holder()),
        middleware(os.environ.get("RMW_IMPLEMENTATION", "")),
        shared_memory(_free(), *_segments()),
    ]
