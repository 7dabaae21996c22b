"""The tools of the set-up."""

import importlib.util
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

TOOL = Path(__file__).parents[2] / "tools" / "fix_cmake_paths.py"
INCLUDE, SITE = "/home/ann/.venv/include/python3.11", "/home/ann/.venv/lib/python3.11/site-packages"


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fix_cmake_paths", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fix_cmake_paths = load_tool()

SAMPLES = {
    "include of 3.9": ("/opt/python/cp39-cp39/include/python3.9", INCLUDE),
    "include of 3.11": ("/opt/python/cp311-cp311/include/python3.11", INCLUDE),
    "include of 3.12": ("/opt/python/cp312-cp312/include/python3.12", INCLUDE),
    "packages of 3.11": ("/opt/python/cp311-cp311/lib/python3.11/site-packages", SITE),
    "packages of 3.12": ("/opt/python/cp312-cp312/lib/python3.12/site-packages", SITE),
    "a directory of a package": (
        "/opt/python/cp312-cp312/lib/python3.12/site-packages/numpy/_core/include",
        f"{SITE}/numpy/_core/include",
    ),
    "a list of both": (
        'INTERFACE_INCLUDE_DIRECTORIES "${_IMPORT_PREFIX}/include;/opt/python/cp312-cp312/include/python3.12;'
        '/opt/python/cp312-cp312/lib/python3.12/site-packages/numpy/_core/include"',
        f'INTERFACE_INCLUDE_DIRECTORIES "${{_IMPORT_PREFIX}}/include;{INCLUDE};{SITE}/numpy/_core/include"',
    ),
    "neither": ("set(x /opt/ros/jazzy/include/rcl;/usr/include/python3.11)", None),
    "the interpreter": ("/opt/python/cp312-cp312/bin/python", None),
}


@pytest.mark.parametrize(("before", "after"), SAMPLES.values(), ids=SAMPLES.keys())
def test_the_directories_of_whoever_built_the_wheels_become_those_of_this_environment(
    before: str, after: str | None
) -> None:
    assert fix_cmake_paths.corrected(before, INCLUDE, SITE) == (before if after is None else after)


TEXTS = st.lists(st.sampled_from([before for before, _ in SAMPLES.values()]) | st.text(max_size=20)).map("\n".join)


@given(TEXTS)
def test_correcting_twice_is_correcting_once(text: str) -> None:
    once = fix_cmake_paths.corrected(text, INCLUDE, SITE)
    assert fix_cmake_paths.corrected(once, INCLUDE, SITE) == once


@pytest.mark.parametrize("place", [r"C:\new\1", r"/a\g<0>b", "/with space/é"])
def test_a_directory_of_any_name_is_taken_as_it_is(place: str) -> None:
    text = "/opt/python/cp312-cp312/include/python3.12"
    assert fix_cmake_paths.corrected(text, place, SITE) == place


def prefix_with(directory: Path) -> dict[str, Path]:
    share = directory / "share" / "rcl" / "cmake"
    share.mkdir(parents=True)
    files = {name: share / name for name in ("a.cmake", "b.cmake", "c.txt")}
    files["a.cmake"].write_text("include_directories(/opt/python/cp311-cp311/include/python3.11)\n# é\n")
    files["b.cmake"].write_text("nothing to correct\n")
    files["c.txt"].write_text("/opt/python/cp311-cp311/include/python3.11")
    return files


def test_the_cmake_files_of_an_environment_are_corrected_once_and_others_are_left_alone(tmp_path: Path) -> None:
    files = prefix_with(tmp_path)
    before = {name: file.stat().st_mtime_ns for name, file in files.items()}
    assert fix_cmake_paths.main(tmp_path) == 1
    include = sysconfig.get_paths()["include"]
    assert files["a.cmake"].read_text() == f"include_directories({include})\n# é\n"
    assert "/opt/python" in files["c.txt"].read_text()
    assert files["b.cmake"].stat().st_mtime_ns == before["b.cmake"]
    assert fix_cmake_paths.main(tmp_path) == 0


def test_the_command_says_how_many_files_it_corrected(tmp_path: Path) -> None:
    prefix_with(tmp_path)
    for count in (1, 0):
        done = subprocess.run([sys.executable, str(TOOL), str(tmp_path)], capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == (f"corrected {count} CMake files\n", "")


def test_no_cmake_file_of_this_environment_names_a_directory_that_is_not_on_this_machine() -> None:
    builder = re.compile(r"/opt/python/cp\d+[^;\"\s)]*")
    for file in (Path(sys.prefix) / "share").rglob("*.cmake"):
        for path in builder.findall(file.read_text(errors="replace")):
            assert Path(path).exists(), f"{file}: {path}"
