"""The tools of the set-up.

`tools/setup.sh` runs in a made-up tree, with a made-up Python, pip and colcon: what is checked is when it does what.
"""

import ast
import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from ament_index_python.packages import get_packages_with_prefixes
from hypothesis import given
from hypothesis import strategies as st

TOP = Path(__file__).parents[2]
TOOL = TOP / "tools" / "fix_cmake_paths.py"
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


# The set-up

BASH = shutil.which("bash") or "/bin/bash"
NEEDED = (
    *("awk", "bash", "cat", "cp", "cut", "dirname", "find", "flock", "grep", "id", "mkdir", "paste", "rm", "sed"),
    *("sh", "sha256sum", "sleep", "sort", "tail", "tee", "touch"),
)
"""What of this machine the set-up may use."""

FAKE_PYTHON = r"""#!/bin/sh
# Its environments are copies of it; its pip installs a colcon.
case "$*" in
  --version) echo "Python VERSION.1" ;;
  *"not in"*) case VERSION in 3.11 | 3.12) exit 0 ;; *) exit 1 ;; esac ;;
  *ensurepip*) [ -z "${NO_ENSUREPIP:-}" ] ;;
  *-venv*) echo "pythonVERSION-venv" ;;
  *lib/python*) echo "lib/pythonVERSION/site-packages" ;;
  "-m venv --clear"*)
    rm -rf .venv
    mkdir -p .venv/bin
    cp "$0" .venv/bin/python
    echo "executable = $0" > .venv/pyvenv.cfg
    echo VERSION >> environments ;;
  "-m pip"*)
    eval "${PIP:-}"
    {
      echo '#!/bin/sh'
      echo 'eval "${COLCON:-}"'
      echo 'mkdir -p build/latentvr install/latentvr'
      echo 'echo built >> builds'
    } > .venv/bin/colcon
    chmod +x .venv/bin/colcon ;;
esac
"""


class Tree:
    """A checkout with the real tools and nothing else that is real, on a machine with `commands`."""

    def __init__(self, top: Path) -> None:
        self.top = top / "a tree"
        self.commands = top / "commands"
        self.commands.mkdir()
        for name in (*NEEDED, "chmod"):
            (self.commands / name).symlink_to(shutil.which(name) or pytest.skip(f"this machine has no {name}"))
        for name in ("cmake", "make", "g++", "git"):
            self.add_command(name, "")
        self.add_python("python3", "3.11")
        for name in ("setup.sh", "env.sh", "fix_cmake_paths.py"):
            self.write(f"tools/{name}", (TOP / "tools" / name).read_text())
        for name in (
            "requirements/run.txt",
            "requirements/dev.txt",
            "requirements/ros.txt",
            "requirements/constraints.txt",
        ):
            self.write(name, "")
        for name in ("CMakeLists.txt", "package.xml", "msg/A.msg", "srv/B.srv", "src/a.py", "scripts/a", "launch/a.py"):
            self.write(name, "")
        self.write("config/fastdds.xml", "")

    def write(self, name: str, text: str) -> None:
        (self.top / name).parent.mkdir(parents=True, exist_ok=True)
        (self.top / name).write_text(text)

    def add_command(self, name: str, script: str) -> None:
        self.commands.joinpath(name).write_text(f"#!/bin/sh\n{script}\n")
        self.commands.joinpath(name).chmod(0o755)

    def add_python(self, name: str, version: str) -> None:
        self.commands.joinpath(name).write_text(FAKE_PYTHON.replace("VERSION", version))
        self.commands.joinpath(name).chmod(0o755)

    def start(self, command: str = "tools/setup.sh", shell: str = BASH, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [shell, "-c", command],
            cwd=self.top,
            env={"PATH": str(self.commands), "HOME": str(self.top)} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str = "tools/setup.sh", shell: str = BASH, **variables: str) -> tuple[int, str]:
        """Return exit code and output."""
        process = self.start(f"bash {command}" if command == "tools/setup.sh" else command, shell, **variables)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def lines(self, name: str) -> list[str]:
        file = self.top / name
        return file.read_text().splitlines() if file.exists() else []

    @property
    def environments(self) -> list[str]:
        """The version of Python of each environment that was made."""
        return self.lines("environments")

    @property
    def builds(self) -> int:
        return len(self.lines("builds"))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def ready(tree: Tree) -> Tree:
    """A tree that is set up."""
    assert tree.run()[0] == 0
    assert (tree.environments, tree.builds) == (["3.11"], 1)
    return tree


def test_a_second_set_up_does_nothing_and_says_nothing(ready: Tree) -> None:
    assert ready.run() == (0, "")
    assert (ready.environments, ready.builds) == (["3.11"], 1)


def change_the_requirements(tree: Tree) -> None:
    tree.write("requirements/dev.txt", "more\n")


def add_a_source(tree: Tree) -> None:
    tree.write("src/b.py", "")


def change_a_source(tree: Tree) -> None:
    tree.write("src/a.py", "x = 1\n")


def change_a_message(tree: Tree) -> None:
    tree.write("msg/A.msg", "int32 x\n")


def move_the_tree(tree: Tree) -> None:
    tree.top = tree.top.rename(tree.top.with_name("moved"))


def reach_the_tree_by_a_link(tree: Tree) -> None:
    tree.top.with_name("link").symlink_to(tree.top)
    tree.top = tree.top.with_name("link")


def lose_the_python_of_the_environment(tree: Tree) -> None:
    (tree.top / ".venv" / "bin" / "python").unlink()


@pytest.mark.parametrize(
    ("change", "makes_an_environment", "builds"),
    [
        (change_the_requirements, True, True),
        (move_the_tree, True, True),
        (lose_the_python_of_the_environment, True, True),
        (add_a_source, False, True),
        (change_a_message, False, True),
        (change_a_source, False, False),
        (reach_the_tree_by_a_link, False, False),
    ],
)
def test_what_has_changed_is_made_anew_and_no_more(
    ready: Tree, change: Callable[[Tree], None], makes_an_environment: bool, builds: bool
) -> None:
    (ready.top / "build" / "latentvr" / "old").write_text("")
    change(ready)
    assert ready.run(PWD=str(ready.top))[0] == 0
    assert (len(ready.environments), ready.builds) == (1 + makes_an_environment, 1 + builds)
    # CMake's cache holds paths of the environment.
    assert (ready.top / "build" / "latentvr" / "old").exists() == (not makes_an_environment)
    assert ready.run() == (0, "")


def test_what_made_an_environment_useless_is_said_before_it_goes(ready: Tree) -> None:
    before = ready.top
    move_the_tree(ready)
    _, output = ready.run()
    assert output.splitlines()[0] == f'[set-up] clearing .venv: it has "in {before}", wanted is "in {ready.top}"'


# Which Python


def test_the_python_of_an_environment_stays_until_another_is_named(tree: Tree) -> None:
    tree.add_python("python3.12", "3.12")
    assert tree.run(PYTHON="python3.12")[0] == 0
    assert tree.run() == (0, "")
    change_the_requirements(tree)
    assert tree.run()[0] == 0
    assert tree.environments == ["3.12", "3.12"]
    _, output = tree.run(PYTHON="python3")
    assert tree.environments == ["3.12", "3.12", "3.11"]
    assert 'it has "Python 3.12.1", wanted is "Python 3.11.1"' in output


def test_a_python_that_is_no_longer_on_the_machine_is_replaced_by_the_default(tree: Tree) -> None:
    tree.add_python("python3.12", "3.12")
    assert tree.run(PYTHON="python3.12")[0] == 0
    (tree.commands / "python3.12").unlink()
    assert tree.run()[0] == 0
    assert tree.environments == ["3.12", "3.11"]


@pytest.mark.parametrize(("version", "called"), [("3.10", "python3"), ("3.13", "python3"), ("3.13", "python3.13")])
def test_a_python_that_does_not_fit_is_refused_before_anything_is_installed_for_it(
    tree: Tree, version: str, called: str
) -> None:
    tree.add_python(called, version)
    (tree.commands / "git").unlink()
    code, output = tree.run(**({} if called == "python3" else {"PYTHON": called}))
    assert code == 1
    assert output == (
        f"[set-up] error: Python {version}.1 found, expected Python 3.11 or 3.12; name another with PYTHON=python3.12\n"
    )


def test_a_python_that_is_not_there_is_named(tree: Tree) -> None:
    code, output = tree.run(PYTHON="python3.12")
    assert (code, output) == (1, "[set-up] error: python3.12 is not on this machine; expected Python 3.11 or 3.12\n")


def test_a_python_that_does_not_run_is_named(tree: Tree) -> None:
    tree.add_command("python3.12", "echo not in this version of pyenv >&2; exit 127")
    assert tree.run(PYTHON="python3.12") == (
        1,
        "not in this version of pyenv\n[set-up] error: python3.12 does not run; expected Python 3.11 or 3.12\n",
    )


# Which ROS 2


def a_prefix(directory: Path) -> Path:
    index = directory / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "rclpy").write_text("")
    return directory


def test_a_change_to_a_sourced_ros_is_said_before_the_environment_goes(ready: Tree, tmp_path: Path) -> None:
    sourced = {"ROS_DISTRO": "jazzy", "AMENT_PREFIX_PATH": f"/else/where:{a_prefix(tmp_path / 'jazzy')}"}
    _, output = ready.run(**sourced)
    assert output.splitlines()[0] == ('[set-up] clearing .venv: it has "ROS 2: wheels", wanted is "ROS 2: sourced"')
    assert ready.run(**sourced) == (0, "")
    assert 'it has "ROS 2: sourced", wanted is "ROS 2: wheels"' in ready.run()[1]
    assert len(ready.environments) == 3


def test_the_wheels_of_this_or_another_tree_are_no_sourced_ros(ready: Tree, tmp_path: Path) -> None:
    prefix = a_prefix(tmp_path / "other" / ".venv")
    (prefix / "pyvenv.cfg").write_text("")
    assert ready.run(ROS_DISTRO="jazzy", AMENT_PREFIX_PATH=str(prefix)) == (0, "")


# What the machine lacks


@pytest.mark.parametrize(
    ("state", "is_missing"),
    [
        ("amd64 installed\n", False),
        ("all installed\n", False),
        ("i386 installed\namd64 installed\n", False),
        ("amd64 installed\ni386 installed\n", False),
        ("i386 installed\n", True),
        ("amd64 config-files\n", True),
        ("amd64 not-installed\n", True),
        ("", True),
    ],
)
def test_a_library_is_there_when_it_is_installed_for_this_architecture(
    tree: Tree, state: str, is_missing: bool
) -> None:
    tree.add_command("dpkg", "echo amd64")
    # Like the real one: an unknown package is an error.
    answer = f'printf "{state}"; exit {int(not state)}'
    tree.add_command("dpkg-query", f'case "$4" in libx11-6) {answer} ;; *) echo "amd64 installed" ;; esac')
    _, output = tree.run("source tools/setup.sh; PYTHON=python3; missing_system_packages")
    assert output == ("libx11-6\n" if is_missing else "")


def test_what_is_missing_is_named_where_there_is_no_apt(tree: Tree) -> None:
    for name in ("cmake", "g++"):
        (tree.commands / name).unlink()
    assert tree.run(NO_ENSUREPIP="1") == (
        1,
        "[set-up] error: missing on this machine: python3.11-venv cmake g++; install them with its package manager\n",
    )


def test_what_is_missing_is_named_in_one_command_for_whoever_is_not_root(tree: Tree) -> None:
    (tree.commands / "git").unlink()
    (tree.commands / "id").unlink()
    tree.add_command("id", "echo 1000")
    tree.add_command("apt-get", "exit 1")
    code, output = tree.run()
    assert code == 1
    assert output == "[set-up] error: system packages are missing; install them with: sudo apt-get install git\n"


def test_root_gets_what_is_missing(tree: Tree) -> None:
    git = tree.commands / "git"
    git.unlink()
    (tree.commands / "id").unlink()
    tree.add_command("id", "echo 0")
    tree.add_command("apt-get", f'echo "$*" >> apt; [ "$1" = update ] || cp "{tree.commands}/make" "{git}"')
    code, output = tree.run()
    assert code == 0
    assert output.startswith("[set-up] installing system packages: git\n")
    assert tree.lines("apt") == ["update -q", "install -y -q --no-install-recommends git"]


def test_an_apt_that_fails_is_said(tree: Tree) -> None:
    (tree.commands / "git").unlink()
    (tree.commands / "id").unlink()
    tree.add_command("id", "echo 0")
    tree.add_command("apt-get", "echo 'E: no network' >&2; exit 100")
    code, output = tree.run()
    assert code == 1
    assert output.endswith("E: no network\n[set-up] error: installing system packages failed; they are: git\n")


# What goes wrong on the way

PIP_FAILS = {
    "with an error": ("echo Collecting torch; echo ERROR: no space left; exit 1", ["ERROR: no space left"]),
    "with another word": ("echo Collecting torch; echo Killed; exit 1", ["Collecting torch", "Killed"]),
    "without a word": ("exit 1", []),
    "by being killed": ("echo Collecting torch; kill -9 $$", ["Collecting torch"]),
}


@pytest.mark.parametrize(("pip", "said"), PIP_FAILS.values(), ids=PIP_FAILS.keys())
def test_a_pip_that_fails_is_said_and_the_next_set_up_recovers(tree: Tree, pip: str, said: list[str]) -> None:
    code, output = tree.run(PIP=pip)
    end = "[set-up] error: installing packages failed; all of pip's output is in build/pip.log"
    assert code == 1
    assert output.splitlines()[-1 - len(said) :] == [*said, end]
    assert tree.run()[0] == 0
    assert (tree.environments, tree.builds) == (["3.11", "3.11"], 1)
    assert tree.run() == (0, "")


def test_a_build_that_fails_is_said_and_goes_on_from_there(tree: Tree) -> None:
    code, output = tree.run(COLCON="mkdir -p build/latentvr; touch build/latentvr/done; echo no compiler; exit 1")
    assert code == 1
    assert output.endswith("no compiler\n[set-up] error: the build failed; all of its output is in build/colcon.log\n")
    assert tree.run()[0] == 0
    assert (tree.environments, tree.builds) == (["3.11"], 1)
    assert (tree.top / "build" / "latentvr" / "done").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", ["PIP", "COLCON"])
def test_what_was_cut_off_is_made_from_the_start(tree: Tree, step: str, number: signal.Signals) -> None:
    half = tree.top / "build" / "latentvr" / "half"
    process = tree.start(
        "exec bash tools/setup.sh", **{step: f"mkdir -p build/latentvr; touch '{half}'; exec sleep 60"}
    )
    wait_for(half.exists)
    os.killpg(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert tree.run()[0] == 0
    assert not half.exists()
    assert (len(tree.environments), tree.builds) == (2 if step == "PIP" else 1, 1)
    assert tree.run() == (0, "")


def test_of_two_set_ups_at_a_time_one_waits_and_then_has_nothing_to_do(tree: Tree) -> None:
    first = tree.start("exec bash tools/setup.sh", PIP="while [ ! -e go ]; do sleep 0.01; done")
    wait_for(lambda: tree.environments == ["3.11"])
    second = tree.start("exec bash tools/setup.sh")
    assert second.stdout is not None
    assert second.stdout.readline() == "[set-up] waiting: another set-up of this directory is running\n"
    tree.write("go", "")
    assert second.communicate(timeout=60)[0] == ""
    first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert (tree.environments, tree.builds) == (["3.11"], 1)


def test_a_pip_that_outlives_its_set_up_is_waited_for(tree: Tree) -> None:
    first = tree.start(
        "exec bash tools/setup.sh", PIP="touch began; while [ ! -e go ]; do sleep 0.01; done; touch gone"
    )
    wait_for(lambda: (tree.top / "began").exists())
    first.kill()
    second = tree.start("exec bash tools/setup.sh", PIP="[ -e gone ] || exit 1")
    assert second.stdout is not None
    assert "waiting" in second.stdout.readline()
    tree.write("go", "")
    second.communicate(timeout=60)
    first.communicate(timeout=60)
    assert second.returncode == 0
    assert (tree.environments, tree.builds) == (["3.11", "3.11"], 1)


# The environment in a shell of one's own

SHELLS = [
    pytest.param(path, id=name, marks=pytest.mark.skipif(path is None, reason=f"this machine has no {name}"))
    for name in ("bash", "zsh", "dash", "mksh")
    for path in [shutil.which(name)]
]
TELLING = SHELLS[:2]
"""Those that say which file they read."""
SHOW = '; echo "$PATH|$AMENT_PREFIX_PATH|$LD_LIBRARY_PATH|$PYTHONPATH|$ROS_DISTRO|$ROS_AUTOMATIC_DISCOVERY_RANGE"'


def shown(tree: Tree, discovery: str = "LOCALHOST") -> str:
    venv, install = tree.top / ".venv", tree.top / "install" / "latentvr"
    path, prefixes, site = f"{venv}/bin:{tree.commands}", f"{install}:{venv}", f"{install}/lib/python3.11/site-packages"
    return f"{path}|{prefixes}|{install}/lib|{site}|jazzy|{discovery}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_every_posix_shell_gets_the_environment_in_the_directory_of_the_tree(ready: Tree, shell: str) -> None:
    assert ready.run(f"set -eu; . tools/env.sh{SHOW}", shell) == (0, shown(ready))


@pytest.mark.parametrize("shell", TELLING)
@pytest.mark.parametrize(
    "command", ["cd / && . '{top}/tools/env.sh'", "cd ./tools && . ./env.sh", "cd ./src && . ../tools/env.sh"]
)
def test_a_shell_that_says_what_it_reads_gets_the_environment_everywhere(ready: Tree, shell: str, command: str) -> None:
    wrong = ready.top / "wrong"
    (wrong / "tools").mkdir(parents=True)
    said = command.format(top=ready.top)
    assert ready.run(said + SHOW, shell, CDPATH=str(wrong)) == (0, shown(ready))


@pytest.mark.parametrize("shell", SHELLS[2:])
def test_a_shell_that_does_not_say_what_it_reads_is_told_what_to_do(ready: Tree, shell: str) -> None:
    assert ready.run(f"cd /; . '{ready.top}/tools/env.sh' || echo $?; echo $ROS_DISTRO", shell) == (
        0,
        "env.sh: this shell does not say where env.sh is: go to the directory of latentvr first, then: . tools/env.sh\n"
        "1\n\n",
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_a_tree_that_is_not_set_up_is_said(tree: Tree, shell: str) -> None:
    assert tree.run(". tools/env.sh || echo $?", shell) == (
        0,
        f"env.sh: nothing is set up in {tree.top}: run make setup there first\n1\n",
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("range_", ["", "SUBNET", "OFF"])
def test_a_discovery_range_of_ones_own_stays(ready: Tree, shell: str, range_: str) -> None:
    found = ready.run(f". tools/env.sh{SHOW}", shell, ROS_AUTOMATIC_DISCOVERY_RANGE=range_)
    assert found == (0, shown(ready, range_))


def test_an_environment_for_a_sourced_ros_asks_for_it(tree: Tree, tmp_path: Path) -> None:
    jazzy = a_prefix(tmp_path / "jazzy")
    assert tree.run(ROS_DISTRO="jazzy", AMENT_PREFIX_PATH=str(jazzy))[0] == 0
    code, output = tree.run(f". tools/env.sh{SHOW}", ROS_DISTRO="jazzy", AMENT_PREFIX_PATH=str(jazzy))
    assert (code, output.split("|")[1]) == (0, f"{tree.top}/install/latentvr:{jazzy}")
    assert tree.run(". tools/env.sh || echo $?") == (
        0,
        f"env.sh: {tree.top} is set up for an installed ROS 2 Jazzy: source that first\n1\n",
    )


# What is installed

OF_DEBIAN = {"pillow": "python3-pil", "pyyaml": "python3-yaml", "scikit-learn": "python3-sklearn"}
"""Keys of rosdep that are not made of the name on PyPI."""


def requirements(*files: str) -> set[str]:
    lines = [line for file in files for line in (TOP / "requirements" / f"{file}.txt").read_text().splitlines()]
    return {re.split(r"[\[<=]", line)[0].lower() for line in lines if line and not line.startswith("#")}


def imported(*directories: str) -> Iterator[str]:
    """The packages of PyPI that the sources in `directories` import."""
    distributions = importlib.metadata.packages_distributions()
    files = [file for name in directories for file in (TOP / name).rglob("*.py")]
    names = {
        name.split(".")[0]
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    ours = {path.stem for name in ("src", "test/support", "launch", "benchmarks") for path in (TOP / name).iterdir()}
    ros = {*get_packages_with_prefixes(), "latentvr", "launch", "launch_ros"}
    for name in names - ours - ros - sys.stdlib_module_names:
        yield distributions.get(name, [name])[0].lower().replace("_", "-")


def test_what_is_imported_is_required() -> None:
    assert set(imported("src")) <= requirements("run")
    for_developers = requirements("run", "dev", "bench") | {"umap"}  # of umap-learn, which .venv does not have
    assert set(imported("test", "benchmarks", "examples", "launch", "tools")) <= for_developers


def test_every_requirement_is_pinned() -> None:
    assert requirements("run", "dev") - {"setuptools"} <= requirements("constraints")


def test_what_runs_is_a_dependency_of_the_package_or_named_as_coming_from_pip() -> None:
    text = (TOP / "package.xml").read_text()
    declared = {element.text for element in ElementTree.fromstring(text).iter("exec_depend")}
    (comment,) = [c for c in re.findall(r"<!--(.*?)-->", text, re.DOTALL) if "pip" in c]
    from_pip = set(re.findall(r"[\w-]+", comment))
    for name in requirements("run"):
        key = OF_DEBIAN.get(name, f"python3-{name}")
        assert (key in declared) != (name.removesuffix("-cpu") in from_pip), name
    assert {key for key in declared if key and key.startswith("python3-")} <= {
        OF_DEBIAN.get(name, f"python3-{name}") for name in requirements("run")
    }
