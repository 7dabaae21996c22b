"""Where an OpenXR runtime was looked for, and what is there, in words. No OpenXR."""

import os
from collections.abc import Mapping
from pathlib import Path

from latentvr_common.openxr_places import library_of, places

_HOW = (
    "start SteamVR, WiVRn or Monado and make it the active OpenXR runtime, "
    "or give xr_runtime:=monado for one that needs no headset"
)


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
    library = library_of(manifest)
    if library is None:
        return ", which is no runtime manifest,"
    missing = "" if "/" not in library or Path(library).exists() else ", which is missing"
    return f" ({library}{missing})"
