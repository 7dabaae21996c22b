"""The rules that the tree encodes: who may import what, what is nowhere, and which lists agree.

Every rule is a function from sources to findings; the tests show for each that it finds a made-up offence.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ament_index_python.packages import get_packages_with_prefixes

TOP = Path(__file__).parents[2]
SOURCE = TOP / "src"

ONLY_IN: Mapping[str, str] = {
    "torch": "latent_trainer",
    "faiss": "latent_trainer",
    "safetensors": "latent_trainer",
    "open3d": "cloud_view",
    "xr": "xr_bridge",
    "mcap": "session_recorder",
    "sqlite3": "label_journal",
    "honcho": "latentvr_session",
}
"""What is heavy or one package's alone, and that package."""

ALSO_IN: Mapping[str, str] = {"mcap": "latentvr_common/bags/"}
"""Where else: bags are read by several packages, written by one."""

ROS_MODULES = {
    "latentvr_common/conversions/basics.py",
    "latentvr_common/conversions/clouds.py",
    "latentvr_common/conversions/epochs.py",
    "latentvr_common/conversions/gestures.py",
    "latentvr_common/conversions/hands.py",
    "latentvr_common/conversions/labels.py",
    "latentvr_common/conversions/places.py",
    "latentvr_common/conversions/rows.py",
    "latentvr_common/conversions/serialized.py",
    "latentvr_common/conversions/traces.py",
    "latentvr_common/health.py",
    "latentvr_common/heard.py",
    "latentvr_common/node_tools.py",
    "latentvr_common/parameters.py",
    "latentvr_common/run.py",
    "latentvr_common/topics.py",
    "room_markers/bag.py",
    "room_markers/hearing.py",
    "room_markers/messages.py",
    "session_recorder/channels.py",
    "latentvr_common/bags/definitions.py",
}
"""Modules whose job is ROS, beside the nodes: all others are pure."""

INDEX_ONLY = {"latentvr_session/description.py"}
"""Modules that ask where a package is installed, and nothing else of ROS."""

SHARED = "latentvr_common"


@dataclass(frozen=True)
class Source:
    """One file: `path` below src/, such as `cloud_view/node.py`."""

    path: str
    text: str

    @property
    def package(self) -> str:
        return self.path.split("/")[0]

    @property
    def is_node(self) -> bool:
        return self.path.endswith(("/node.py", "_node.py"))

    @property
    def tree(self) -> ast.Module:
        return parsed(self.text)


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


SOURCES = [Source(str(file.relative_to(SOURCE)), file.read_text()) for file in sorted(SOURCE.rglob("*.py"))]
PACKAGES = {source.package for source in SOURCES}


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, also inside of functions and by name at run time.

    Not what only a type checker sees: it costs nothing when the program runs.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for other in node.orelse:
                yield from imports(other)
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{'.' * node.level}{node.module or ''}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield from ((node.lineno, a.value) for a in node.args[:1] if isinstance(a, ast.Constant))
        yield from imports(node)


def roots(source: Source) -> Iterator[tuple[int, str]]:
    yield from ((line, name.split(".")[0]) for line, name in imports(source.tree))


@cache
def ros_packages() -> frozenset[str]:
    """Every package of ROS that is installed here, our own messages included."""
    return frozenset(get_packages_with_prefixes()) | {"latentvr", "launch", "launch_ros"}


# The rules: each yields what is wrong, line by line.


def heavy_imports(source: Source) -> Iterator[str]:
    for line, root in roots(source):
        owner = ONLY_IN.get(root)
        if owner is not None and owner != source.package and not source.path.startswith(ALSO_IN.get(root, "-")):
            yield f"{source.path}:{line}: {root} belongs to {owner}"


def imports_of_others(source: Source) -> Iterator[str]:
    for line, root in roots(source):
        if root in PACKAGES - {SHARED, source.package}:
            yield f"{source.path}:{line}: imports {root}"
        if root == "":
            yield f"{source.path}:{line}: relative import"


def ros_in_pure_modules(source: Source) -> Iterator[str]:
    if source.is_node or source.path in ROS_MODULES:
        return
    for line, root in roots(source):
        if root in ros_packages() and not (root == "ament_index_python" and source.path in INDEX_ONLY):
            yield f"{source.path}:{line}: imports {root}, but is no node"


def unsafe_loading(source: Source) -> Iterator[str]:
    forbidden = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    by_name = ("torch.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "pandas.read_pickle")
    for line, name in imports(source.tree):
        if name.split(".")[0] in forbidden or name in by_name:
            yield f"{source.path}:{line}: imports {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in (
            *("torch.load", "yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.unsafe_load_all"),
            *("yaml.full_load", "yaml.full_load_all", "pandas.read_pickle", "pd.read_pickle"),
            *("np.lib.format.read_array", "sklearn.externals", "torch.jit.load", "torch.hub.load"),
            *("yaml.Loader", "yaml.UnsafeLoader", "yaml.FullLoader", "yaml.CLoader"),
        ):
            yield f"{source.path}:{node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            yield f"{source.path}:{node.value.lineno}: allow_pickle={ast.unparse(node.value)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("eval", "exec"):
            yield f"{source.path}:{node.lineno}: {ast.unparse(node.func)}"


def npz_without_a_word_on_pickle(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        loads = isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load")
        if loads and not any(keyword.arg == "allow_pickle" for keyword in node.keywords):
            yield f"{source.path}:{node.lineno}: np.load without allow_pickle=False"


def printing(source: Source) -> Iterator[str]:
    if source.package == "latentvr_session":
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "builtins.print"):
            yield f"{source.path}:{node.lineno}: print"


def silent_excepts(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield f"{source.path}:{node.lineno}: except of everything, also of the wish to stop"
            elif ast.unparse(node.type) in ("Exception", "BaseException") and all(
                isinstance(statement, ast.Pass) for statement in node.body
            ):
                yield f"{source.path}:{node.lineno}: except {ast.unparse(node.type)}: pass"


def undocumented(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree):
        yield f"{source.path}: no docstring"


Rule = Callable[[Source], Iterator[str]]

RULES: tuple[tuple[Rule, str, str], ...] = (
    (heavy_imports, "latentvr_common/new.py", "import torch"),
    (heavy_imports, "cloud_view/new.py", "def f():\n    from torch.nn import Linear"),
    (heavy_imports, "latent_trainer/new.py", "import importlib\nx = importlib.import_module('open3d')"),
    (heavy_imports, "cloud_view/new.py", "import xr"),
    (heavy_imports, "cloud_view/new.py", "import xr"),
    (heavy_imports, "session_host/new.py", "try:\n    import open3d as o3d\nexcept ImportError:\n    pass"),
    (imports_of_others, "cloud_view/new.py", "from gesture_labeler.pinch import Pinch"),
    (imports_of_others, "latentvr_common/new.py", "import label_journal.rules"),
    (imports_of_others, "latentvr_session/new.py", "from session_host import minutes"),
    (imports_of_others, "session_host/new.py", "if x:\n    import latentvr_session.summary as s"),
    (imports_of_others, "cloud_view/new.py", "from . import lens"),
    (ros_in_pure_modules, "cloud_view/new.py", "from rclpy.node import Node"),
    (ros_in_pure_modules, "gesture_labeler/new.py", "from latentvr import msg"),
    (ros_in_pure_modules, "latentvr_common/new.py", "import geometry_msgs.msg"),
    (ros_in_pure_modules, "latentvr_session/new.py", "import launch"),
    (ros_in_pure_modules, "latentvr_session/new.py", "import ament_index_python"),
    (unsafe_loading, "latent_trainer/new.py", "import pickle"),
    (unsafe_loading, "latent_trainer/new.py", "import joblib"),
    (unsafe_loading, "latent_trainer/new.py", "import torch\nx = torch.load('x', weights_only=True)"),
    (unsafe_loading, "latent_trainer/new.py", "from torch import load"),
    (unsafe_loading, "latent_trainer/new.py", "from yaml import load"),
    (unsafe_loading, "latent_trainer/new.py", "x = yaml.load(text, yaml.SafeLoader)"),
    (unsafe_loading, "latent_trainer/new.py", "np.load('x', allow_pickle=True)"),
    (unsafe_loading, "latent_trainer/new.py", "np.load('x', allow_pickle=flag)"),
    (unsafe_loading, "latent_trainer/new.py", "import shelve"),
    (unsafe_loading, "latent_trainer/new.py", "from marshal import loads"),
    (unsafe_loading, "latent_trainer/new.py", "import importlib\nx = importlib.import_module('pickle')"),
    (unsafe_loading, "latent_trainer/new.py", "x = yaml.parse(text, Loader=yaml.Loader)"),
    (unsafe_loading, "latent_trainer/new.py", "eval('1')"),
    (npz_without_a_word_on_pickle, "latent_trainer/new.py", "np.load('x')"),
    (printing, "label_journal/node.py", "def f():\n    print('x')"),
    (silent_excepts, "label_journal/node.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (silent_excepts, "label_journal/node.py", "try:\n    f()\nexcept:\n    f()"),
    (undocumented, "label_journal/new.py", "import os"),
)
"""Each rule with an offence that it must find."""

ALLOWED: tuple[tuple[Rule, str, str], ...] = (
    (heavy_imports, "latent_trainer/new.py", "import torch"),
    (heavy_imports, "latentvr_common/new.py", "if TYPE_CHECKING:\n    import torch"),
    (heavy_imports, "latentvr_common/new.py", "torch = 3\nx = 'import torch'"),
    (imports_of_others, "cloud_view/new.py", "from latentvr_common import hands\nfrom cloud_view.lens import Lens"),
    (ros_in_pure_modules, "cloud_view/node.py", "import rclpy"),
    (ros_in_pure_modules, "session_recorder/player_node.py", "import rclpy"),
    (ros_in_pure_modules, "latentvr_session/description.py", "import ament_index_python"),
    (ros_in_pure_modules, "cloud_view/new.py", "import numpy"),
    (unsafe_loading, "latent_trainer/new.py", "yaml.safe_load('x')\nnp.load('x', allow_pickle=False)\njson.load(f)"),
    (npz_without_a_word_on_pickle, "latent_trainer/new.py", "np.load('x', allow_pickle=False)"),
    (printing, "latentvr_session/runner.py", "print('x')"),
    (silent_excepts, "label_journal/node.py", "try:\n    f()\nexcept OSError:\n    pass"),
)


@pytest.mark.parametrize(("rule", "path", "text"), RULES, ids=lambda value: getattr(value, "__name__", None))
def test_a_rule_finds_what_offends_it(rule: Rule, path: str, text: str) -> None:
    (finding,) = rule(Source(path, text))
    assert finding.startswith(path)


@pytest.mark.parametrize(("rule", "path", "text"), ALLOWED, ids=lambda value: getattr(value, "__name__", None))
def test_a_rule_finds_nothing_in_what_is_allowed(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) == []


@pytest.mark.parametrize("rule", dict.fromkeys(rule for rule, _, _ in RULES), ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule: Rule) -> None:
    assert [finding for source in SOURCES for finding in rule(source)] == []


def test_the_exceptions_to_the_rules_are_needed() -> None:
    needed = {s.path for s in SOURCES if not s.is_node and any(root in ros_packages() for _, root in roots(s))}
    type_checking = {s.path for s in SOURCES if "if TYPE_CHECKING:\n    from rclpy" in s.text}
    assert needed | type_checking >= ROS_MODULES | INDEX_ONLY
    for library, package in ONLY_IN.items():
        also = ALSO_IN.get(library, "-")
        found = {s.package for s in SOURCES if library in {r for _, r in roots(s)} and not s.path.startswith(also)}
        assert found <= {package}
        assert found or package not in PACKAGES, library


MAKES_PICKLES = {
    "test/unit/test_hostile_files.py",
    "test/unit/test_latentvr_common_datasets.py",
    "test/unit/test_latentvr_common_datasets_arrays.py",
    "test/unit/test_latentvr_common_datasets_tables.py",
}
"""Tests that make pickles, to see that nothing reads them."""


def test_nothing_else_in_the_tree_loads_anything_unsafe_either() -> None:
    places = ("tools/**/*.py", "scripts/*", "launch/*.py", "examples/**/*.py", "benchmarks/**/*.py", "test/**/*.py")
    files = [file for place in places for file in TOP.glob(place) if file.is_file()]
    others = [Source(str(file.relative_to(TOP)), file.read_text()) for file in files]
    assert len(others) > 100
    found = {source.path: list(unsafe_loading(source)) for source in others}
    assert {path: said for path, said in found.items() if said and path not in MAKES_PICKLES} == {}
    assert all(found[path] for path in MAKES_PICKLES)


# Lists that agree


def test_the_build_installs_every_package_of_the_tree() -> None:
    (names,) = re.findall(r"set\(python_packages\s+([^)]*)\)", (TOP / "CMakeLists.txt").read_text())
    directories = {folder.name for folder in SOURCE.iterdir() if any(folder.glob("*.py"))}
    assert sorted(names.split()) == sorted(directories)
    assert all((SOURCE / name / "__init__.py").exists() for name in directories)


def test_no_package_takes_the_name_of_the_messages() -> None:
    assert "latentvr" not in PACKAGES


@pytest.mark.parametrize("script", sorted((TOP / "scripts").iterdir()), ids=lambda path: path.name)
def test_a_script_only_hands_over_to_a_module_that_there_is(script: Path) -> None:
    tree = ast.parse(script.read_text())
    (taken,) = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    (function,) = [alias.name for alias in taken.names]
    assert taken.module is not None
    target = ast.parse((SOURCE / f"{taken.module.replace('.', '/')}.py").read_text())
    assert any(isinstance(node, ast.FunctionDef) and node.name == function for node in target.body)
    assert len(tree.body) == 4  # Docstring, sys, the function, exit.
    assert script.stat().st_mode & 0o111
    assert script.read_text().startswith("#!/usr/bin/env python3\n")


def dependencies() -> set[str]:
    """What package.xml says is there when a node runs."""
    package = ElementTree.parse(TOP / "package.xml").getroot()
    return {element.text or "" for kind in ("depend", "exec_depend") for element in package.iter(kind)}


def undeclared(sources: list[Source], declared: set[str]) -> dict[str, str]:
    """Packages of ROS that are imported but not declared, and one file that imports each."""
    used = {root: source.path for source in sources for _, root in roots(source) if root in ros_packages()}
    return {root: path for root, path in used.items() if root not in declared | {"latentvr"}}


def launch_sources() -> list[Source]:
    return [Source(f"launch/{file.name}", file.read_text()) for file in TOP.glob("launch/*.py")]


def test_every_package_of_ros_that_is_imported_is_a_dependency() -> None:
    assert undeclared(SOURCES + launch_sources(), dependencies()) == {}


def test_a_missing_dependency_is_found() -> None:
    bad = [Source("cloud_view/node.py", "from sensor_msgs.msg import Image\nimport numpy\nfrom latentvr import msg")]
    assert undeclared(bad, {"rclpy"}) == {"sensor_msgs": "cloud_view/node.py"}
    assert undeclared(bad, {"sensor_msgs"}) == {}


# Interfaces explain themselves

INTERFACES = sorted([*TOP.glob("msg/*.msg"), *TOP.glob("srv/*.srv")])


def unexplained(text: str) -> list[str]:
    """What is wrong with the comments of an interface.

    Loosely: it begins with what it is, and its message, request or answer has no more groups of fields than comments.
    """
    found = [] if text.startswith("# ") else ["does not begin with what it is"]
    for section in re.split(r"^---$", text, flags=re.MULTILINE):
        groups = [group.splitlines() for group in section.split("\n\n")]
        fields = [g for g in groups if any(line and not line.startswith("#") and "=" not in line for line in g)]
        lines = section.splitlines()
        comments = sum(b.startswith("#") and not a.startswith("#") for a, b in zip(["", *lines], lines, strict=False))
        if comments < len(fields):
            found.append(f"{len(fields)} groups of fields, {comments} comments")
    return found


@pytest.mark.parametrize("file", INTERFACES, ids=lambda path: path.name)
def test_an_interface_has_at_least_a_comment_for_each_group_of_fields(file: Path) -> None:
    assert unexplained(file.read_text()) == []


def test_fields_without_a_comment_are_found() -> None:
    assert unexplained("# What it is.\n\n# Metres.\nfloat32 x\nfloat32 y\n") == []
    assert unexplained("# What it is.\n---\n# Metres.\nfloat32 y\n") == []
    assert unexplained("# What it is.\n---\nfloat32 y\n") == ["1 groups of fields, 0 comments"]
    assert len(unexplained("# What it is.\n\nfloat32 x\n\nfloat32 y\n")) == 1
    assert len(unexplained("float32 x\n")) == 2
