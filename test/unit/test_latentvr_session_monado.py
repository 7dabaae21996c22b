"""A runtime that a session brings along: where it comes from, how it is run, what is said where it cannot be had."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from latentvr_common.errors import InputError
from latentvr_session import debian_prefix
from latentvr_session.debian_prefix import Prefix, unpacked
from latentvr_session.monado import Monado, free_port
from latentvr_session.monado_service import main

FAKE_APT = """#!/bin/sh
# Downloads what a test has laid ready.
case " $* " in
  *" update "*) exit 0 ;;
  *" missing-package "*) echo "E: Unable to locate package missing-package" >&2; exit 100 ;;
esac
for word; do case "$word" in Dir::Cache=*) cache="${word#Dir::Cache=}" ;; esac; done
cp "$READY"/*.deb "$cache/archives/"
echo run >> "$READY/runs"
"""


def make_deb(folder: Path, name: str, files: dict[str, str]) -> None:
    root = folder / "root"
    for path, text in {
        "DEBIAN/control": f"Package: {name}\nVersion: 1\nArchitecture: all\n"
        "Maintainer: nobody <nobody@example.org>\nDescription: test\n",
        **files,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    subprocess.run(["dpkg-deb", "--build", str(root), str(folder / f"{name}.deb")], check=True, capture_output=True)
    shutil.rmtree(root)


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two packages, and an apt-get that fetches them from there."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not on this machine")
    folder, tools = tmp_path / "ready", tmp_path / "tools"
    folder.mkdir()
    tools.mkdir()
    libraries = f"usr/lib/{debian_prefix._machine()[1]}"
    make_deb(folder, "one", {"usr/bin/one": "1", f"{libraries}/libGL.so.1": "gl"})
    make_deb(folder, "two", {f"{libraries}/libtwo.so.2": "2"})
    (tools / "apt-get").write_text(FAKE_APT)
    (tools / "apt-get").chmod(0o755)
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian_prefix, "_KEYRING", keyring)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("READY", str(folder))
    return folder


def test_packages_are_unpacked_once_and_found_again(ready: Path, tmp_path: Path) -> None:
    told: list[str] = []
    prefix = unpacked(["one"], "trixie", tmp_path / "cache", told.append, ["GL"])
    assert (prefix.root / "usr" / "bin" / "one").read_text() == "1"
    assert (prefix.libraries / "libtwo.so.2").read_text() == "2"
    assert (prefix.libraries / "libGL.so").resolve() == (prefix.libraries / "libGL.so.1").resolve()
    assert unpacked(["one"], "trixie", tmp_path / "cache", told.append, ["GL"]) == prefix
    assert len((ready / "runs").read_text().split()) == 1
    assert len(told) == 1
    assert str(prefix.root) in told[0]
    # Nothing of the making is left beside it.
    assert list((tmp_path / "cache").iterdir()) == [prefix.root]


def test_two_who_want_the_same_at_a_time_fetch_it_once(ready: Path, tmp_path: Path) -> None:
    apt = tmp_path / "tools" / "apt-get"
    apt.write_text(FAKE_APT.replace('case " $* "', 'sleep 0.2\ncase " $* "', 1))
    with ThreadPoolExecutor() as pool:
        both = [pool.submit(unpacked, ("one", "two"), "trixie", tmp_path / "cache", str) for _ in range(2)]
        found = {each.result(60) for each in both}
    assert len(found) == 1
    assert (ready / "runs").read_text() == "run\n"
    assert (found.pop().root / "usr" / "bin" / "one").read_text() == "1"


def test_what_was_cut_off_is_made_anew(ready: Path, tmp_path: Path) -> None:
    prefix = unpacked(["one"], "trixie", tmp_path / "cache", lambda text: None)
    (prefix.root / ".done").unlink()
    (prefix.root / "usr" / "bin" / "one").unlink()
    again = unpacked(["one"], "trixie", tmp_path / "cache", lambda text: None)
    assert again == prefix
    assert (again.root / "usr" / "bin" / "one").exists()


def test_what_apt_says_is_told(ready: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"apt-get failed: E: Unable to locate package missing-package"):
        unpacked(["missing-package"], "trixie", tmp_path / "cache", lambda text: None)
    assert not list((tmp_path / "cache").iterdir())


def test_what_is_missing_on_this_machine_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian_prefix, "_KEYRING", tmp_path / "no-keyring")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(InputError, match=r"no-keyring is missing; install it with: apt-get install debian-archive"):
        unpacked(["one"], "trixie", tmp_path / "cache", lambda text: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match=r"not on this machine: apt-get, dpkg-deb; expected Debian or Ubuntu"):
        unpacked(["one"], "trixie", tmp_path / "cache", lambda text: None)
    monkeypatch.setattr("platform.machine", lambda: "vax")
    with pytest.raises(InputError, match=r"this machine is vax, expected one of: x86_64, aarch64"):
        unpacked(["one"], "trixie", tmp_path / "cache", lambda text: None)


def test_a_program_runs_under_the_prefixs_own_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/ours/lib:{tmp_path}")
    monado = Monado(Prefix(tmp_path / "prefix"), tmp_path / "run", 14242)
    words = monado.client_command()
    assert words[0].startswith(str(monado.prefix.libraries / "ld-linux-"))
    folders = words[words.index("--library-path") + 1].split(":")
    assert folders[0] == str(monado.prefix.libraries)
    assert folders[-2:] == ["/ours/lib", str(tmp_path)]
    assert words[words.index("--argv0") + 1] == sys.executable
    assert words[-1] == str(Path(sys.executable).resolve())
    assert monado.service_command()[-1] == str(tmp_path / "prefix" / "usr" / "bin" / "monado-service")


def test_settings_are_private_and_say_port_and_runtime(tmp_path: Path) -> None:
    monado = Monado(Prefix(tmp_path / "prefix"), tmp_path / "run", 14242)
    monado.write_settings()
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    settings = json.loads((tmp_path / "run" / "monado" / "config_v0.json").read_text())
    assert settings["remote"] == {"version": 0, "port": 14242, "view_count": 2}
    manifest = Path(monado.environment()["XR_RUNTIME_JSON"])
    library = json.loads(manifest.read_text())["runtime"]["library_path"]
    assert library == str(monado.prefix.libraries / "libopenxr_monado.so")
    assert monado.environment()["XDG_RUNTIME_DIR"] == str(tmp_path / "run")


def test_a_free_port_can_be_listened_at() -> None:
    import socket

    with socket.create_server(("127.0.0.1", free_port())):
        pass


def test_the_service_becomes_its_command_without_input_and_without_sigpipe(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "grep SigIgn /proc/self/status; cat"]
    parameters = {"/latentvr/monado_service": {"ros__parameters": {"command": command}}}
    file = tmp_path / "parameters.yaml"
    file.write_text(json.dumps(parameters))
    starter = (
        f"import sys; sys.path.insert(0, {str(Path(debian_prefix.__file__).parents[1])!r}); "
        "from latentvr_session.monado_service import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", starter, "--ros-args", "--params-file", str(file)],
        input="words",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()  # Nothing of the words that were offered as input.
    assert int(line.split()[1], 16) >> (signal.SIGPIPE - 1) & 1


@pytest.mark.parametrize("words", [[], ["--params-file"], ["--params-file", "/nowhere"]])
def test_a_service_without_a_command_says_so(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "error: monado_service: " in capsys.readouterr().err
