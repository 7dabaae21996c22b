"""What people are told where no OpenXR runtime answers: what was looked for, where, and how to get one."""

import json
from pathlib import Path

import pytest

from xr_bridge.whereabouts import describe, places


def manifest(path: Path, library: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"file_format_version": "1.0.0", "runtime": {"library_path": library}}))
    return path


def test_every_place_is_named_in_the_loaders_order(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": f"{tmp_path}/a:{tmp_path}/b"}
    found = [str(place) for place in places(environment, "x86_64")]
    assert found[:4] == [
        f"{tmp_path}/.config/openxr/1/active_runtime.x86_64.json",
        f"{tmp_path}/.config/openxr/1/active_runtime.json",
        f"{tmp_path}/a/openxr/1/active_runtime.x86_64.json",
        f"{tmp_path}/a/openxr/1/active_runtime.json",
    ]
    assert found[-1] == "/etc/openxr/1/active_runtime.json"
    said = describe(environment, "x86_64")
    assert said.startswith("no OpenXR runtime: none of ")
    assert all(place in said for place in found)
    assert "XR_RUNTIME_JSON is not set" in said
    assert "SteamVR" in said
    assert "xr_runtime:=monado" in said


def test_a_variable_hides_all_other_places(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XR_RUNTIME_JSON": str(tmp_path / "mine.json")}
    assert list(places(environment, "x86_64")) == [tmp_path / "mine.json"]
    assert f"none of {tmp_path / 'mine.json'} is there (which XR_RUNTIME_JSON names)" in describe(environment, "x86_64")


@pytest.mark.parametrize("library", ["there.so", "../lib/there.so", "ABSOLUTE"])
def test_a_runtime_that_is_there_but_does_not_answer_is_named(tmp_path: Path, library: str) -> None:
    real = tmp_path / "openxr" / "lib" / "there.so"
    real.parent.mkdir(parents=True)
    real.touch()
    named = str(real) if library == "ABSOLUTE" else library
    file = manifest(tmp_path / "openxr" / "1" / "active_runtime.json", named)
    said = describe({"HOME": "/nowhere", "XDG_CONFIG_HOME": str(tmp_path)}, "x86_64")
    assert f"the runtime named in {file}" in said
    assert "does not answer" in said
    assert "missing" not in said


def test_a_manifest_that_names_nothing_that_is_there_says_so(tmp_path: Path) -> None:
    file = manifest(tmp_path / "mine.json", "/nowhere/lib.so")
    assert "(/nowhere/lib.so, which is missing)" in describe({"XR_RUNTIME_JSON": str(file)}, "x86_64")
    file.write_text("{}")
    assert f"{file}, which is no runtime manifest, does not answer" in describe(
        {"XR_RUNTIME_JSON": str(file)}, "x86_64"
    )
