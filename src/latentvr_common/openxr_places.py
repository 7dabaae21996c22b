"""Where an OpenXR runtime is looked for. No OpenXR.

The order is that of the loader: "Runtime Discovery" of the OpenXR loader's specification, Linux.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

_FILES = ("openxr/1/active_runtime.{machine}.json", "openxr/1/active_runtime.json")


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


def library_of(manifest: Path) -> str | None:
    """Return the library that a manifest names, absolute unless the system looks for it; None: it is no manifest."""
    try:
        path = str(json.loads(manifest.read_text(encoding="utf-8"))["runtime"]["library_path"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if "/" not in path else str((manifest.parent / path).resolve())
