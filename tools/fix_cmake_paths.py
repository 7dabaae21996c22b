"""Correct the CMake files of the ROS 2 wheels: they name the directories of the machine that built the wheels.

Usage: python fix_cmake_paths.py PREFIX, with the Python of the environment at PREFIX. Prints how many files changed.
"""

import re
import sys
import sysconfig
from pathlib import Path

_BUILDER_INCLUDE = re.compile(r"/opt/python/cp\d+-cp\d+/include/python\d\.\d+")
_BUILDER_SITE = re.compile(r"/opt/python/cp\d+-cp\d+/lib/python\d\.\d+/site-packages")


def corrected(text: str, include: str, site_packages: str) -> str:
    """Return `text` with the wheel builder's directories replaced by this environment's."""
    text = _BUILDER_INCLUDE.sub(lambda _: include, text)
    return _BUILDER_SITE.sub(lambda _: site_packages, text)


def main(prefix: Path) -> int:
    """Correct every CMake file below `prefix`/share and return how many changed."""
    paths = sysconfig.get_paths()
    changed = 0
    for file in sorted((prefix / "share").rglob("*.cmake")):
        before = file.read_text()
        after = corrected(before, paths["include"], paths["purelib"])
        if after != before:
            file.write_text(after)
            changed += 1
    return changed


if __name__ == "__main__":
    print(f"corrected {main(Path(sys.argv[1]))} CMake files")
