"""Where an OpenXR runtime is looked for, and what is there, in words. No OpenXR.

The order is that of the loader: "Runtime Discovery" of the OpenXR loader's specification, Linux.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

_FILES = ("openxr/1/active_runtime.{machine}.json", "openxr/1/active_runtime.json")
_HOW = (
    "start SteamVR, WiVRn or Monado and make it the active OpenXR runtime, "
    "or give xr_runtime:=monado for one that needs no headset"
)


def places(environment: Mapping[str, str], machine: str) -> Iterator[Path]:
    """Yield the files that may name the active runtime, in order."""
    if environment.get("XR_RUNTIME_JSON"):
        yield Path(environment["XR_RUNTIME_JSON"])
        return
    home = Path(environment.get("HOME", "~")).expanduser()
    own = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    shared = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    for folder in (own, *(Path(s) for s in shared), Path("/usr/local/etc"), Path("/etc")):
        for file in _FILES:
            yield folder / file.format(machine=machine)


def describe(environment: Mapping[str, str] | None = None, machine: str | None = None) -> str:
    """Return what was looked for and where, and how to come to a runtime, in one line."""
    try:
        return _describe(os.environ if environment is None else environment, machine or os.uname().machine)
    except (OSError, RuntimeError) as error:
        # A folder that may not be read, no home directory, links that lead back to themselves.
        return f"no OpenXR runtime was found ({error}); {_HOW}"


def _describe(given: Mapping[str, str], machine: str) -> str:
    files = list(places(given, machine))
    found = next((file for file in files if file.exists()), None)
    if found is not None:
        return f"the runtime named in {found}{_library(found)} does not answer; {_HOW}"
    looked = ", ".join(str(file) for file in files if "{" not in str(file))
    named = "which XR_RUNTIME_JSON names" if given.get("XR_RUNTIME_JSON") else "XR_RUNTIME_JSON is not set either"
    return f"no OpenXR runtime: none of {looked} is there ({named}); {_HOW}"


def _library(manifest: Path) -> str:
    try:
        path = str(json.loads(manifest.read_text(encoding="utf-8"))["runtime"]["library_path"])
    except (OSError, ValueError, KeyError, TypeError):
        return ", which is no runtime manifest,"
    library = path if "/" not in path else str((manifest.parent / path).resolve())
    missing = "" if "/" not in path or Path(library).exists() else ", which is missing"
    return f" ({library}{missing})"
