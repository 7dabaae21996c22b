"""Parameters: what is declared to ROS is what the dataclass says, and what is out of range is refused by name."""

import dataclasses
import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import rclpy
from hypothesis import given
from hypothesis import strategies as st
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from latentvr_common.errors import InputError
from latentvr_common.parameters import Meaning, check, checked, declare, meaning_of, parameter

SOURCE = Path(__file__).parents[2] / "src"


@dataclass(frozen=True)
class Settings:
    count: int = parameter(3, "How many.", unit="items", at_least=0, at_most=100)
    rate: float = parameter(2.0, "How often.", unit="Hz", at_least=0.1)
    name: str = parameter("ann", "Who.")
    mode: str = parameter("slow", "How.", choices=("slow", "fast"))
    on: bool = parameter(False, "Whether.")
    names: list[str] = parameter(["a", "b"], "Whom.")


@dataclass(frozen=True)
class Empty:
    names: list[str] = parameter([], "Whom.")


MakeNode = Callable[..., Node]


@pytest.fixture
def make_node() -> Iterator[MakeNode]:
    """Make nodes with parameters as a person gives them on a command line."""
    context = Context()
    rclpy.init(context=context)
    nodes: list[Node] = []

    def make(*given: str, overrides: list[Parameter] | None = None) -> Node:
        words = [word for rule in given for word in ("-p", rule)]
        nodes.append(
            Node("test", context=context, cli_args=["--ros-args", *words], parameter_overrides=overrides or [])
        )
        return nodes[-1]

    try:
        yield make
    finally:
        for node in nodes:
            node.destroy_node()
        rclpy.shutdown(context=context)


# Ranges and choices


@pytest.mark.parametrize(
    ("value", "meaning", "message"),
    [
        (-1, Meaning("", at_least=0), "parameter p is -1, expected at least 0"),
        (0.05, Meaning("", "Hz", at_least=0.1), "parameter p is 0.05, expected at least 0.1 Hz"),
        (101, Meaning("", "items", 0, 100), "parameter p is 101, expected at most 100 items"),
        (math.nan, Meaning("", "s", 0, 100), "parameter p is nan, expected a finite number"),
        (math.nan, Meaning(""), "parameter p is nan, expected a finite number"),
        (math.inf, Meaning("", at_least=0), "parameter p is inf, expected a finite number"),
        (-math.inf, Meaning("", at_most=0), "parameter p is -inf, expected a finite number"),
        ("medium", Meaning("", choices=("slow", "fast")), "parameter p is 'medium', expected one of: slow, fast"),
        ("", Meaning("", choices=("slow", "fast")), "parameter p is '', expected one of: slow, fast"),
    ],
)
def test_a_value_out_of_range_is_refused_with_what_was_expected(value: Any, meaning: Meaning, message: str) -> None:
    with pytest.raises(InputError) as error:
        check("p", value, meaning)
    assert str(error.value) == message


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_taken_exactly_when_it_is_within_its_bounds(value: float) -> None:
    meaning = Meaning("", at_least=-3, at_most=7.5)
    if -3 <= value <= 7.5:
        check("p", value, meaning)
    else:
        with pytest.raises(InputError, match=r"expected at (least -3|most 7\.5)"):
            check("p", value, meaning)


@pytest.mark.parametrize("value", [True, False, "text", ["a"], 10**400])
def test_what_has_no_bounds_is_taken(value: Any) -> None:
    check("p", value, Meaning(""))


def test_a_whole_dataclass_is_checked_and_given_back() -> None:
    settings = Settings(count=100, rate=0.1)
    assert checked(settings) is settings
    with pytest.raises(InputError, match="parameter mode is 'x'"):
        checked(Settings(mode="x"))


def test_every_instance_has_a_default_list_of_its_own() -> None:
    Settings().names.append("c")
    assert Settings().names == ["a", "b"]


def test_a_meaning_is_described_with_its_unit() -> None:
    fields = {field.name: meaning_of(field).describe() for field in dataclasses.fields(Settings)}
    assert (fields["rate"], fields["name"]) == ("How often. Unit: Hz.", "Who.")


# On a real node


def test_a_node_that_is_given_nothing_has_the_defaults(make_node: MakeNode) -> None:
    assert declare(make_node(), Settings) == Settings()


def test_a_node_takes_what_it_is_given(make_node: MakeNode) -> None:
    given = make_node("count:=7", "rate:=2.5", "name:=bob", "mode:=fast", "on:=true", "names:=[u, v, w]")
    assert declare(given, Settings) == Settings(7, 2.5, "bob", "fast", True, ["u", "v", "w"])


def test_an_integer_is_a_number_too(make_node: MakeNode) -> None:
    rate = declare(make_node("rate:=2"), Settings).rate
    assert (rate, type(rate)) == (2.0, float)


def test_an_empty_list_is_an_empty_list(make_node: MakeNode) -> None:
    assert declare(make_node("names:=[]"), Settings).names == []
    assert declare(make_node(), Empty).names == []
    typed = Parameter("names", Parameter.Type.STRING_ARRAY, [])
    assert declare(make_node(overrides=[typed]), Settings).names == []


def test_an_empty_list_in_a_file_of_parameters_is_an_empty_list(make_node: MakeNode, tmp_path: Path) -> None:
    file = tmp_path / "parameters.yaml"
    file.write_text("/**:\n  ros__parameters:\n    names: []\n    rate: 5\n    name: '12'\n")
    context = Context()
    rclpy.init(context=context)
    node = Node("test", context=context, cli_args=["--ros-args", "--params-file", str(file)])
    try:
        settings = declare(node, Settings)
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)
    assert (settings.names, settings.rate, settings.name) == ([], 5.0, "12")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("count:=many", "parameter count: .*'many' of type 'STRING'.*, expected int"),
        ("count:=2.5", "parameter count: .*'2.5' of type 'DOUBLE'.*, expected int"),
        ("count:=true", "parameter count: .*'BOOL'.*, expected int"),
        ("count:=101", "parameter count is 101, expected at most 100 items"),
        ("count:=99999999999999999999", "parameter count: .*, expected int"),
        ("rate:=often", "parameter rate is 'often', expected a number"),
        ("rate:=true", "parameter rate is True, expected a number"),
        ("rate:=[1.0]", "parameter rate is .*, expected a number"),
        ("rate:=[]", "parameter rate is None, expected a number"),
        ("rate:=.nan", "parameter rate is nan, expected a finite number"),
        ("rate:=.inf", "parameter rate is inf, expected a finite number"),
        ("rate:=0", "parameter rate is 0.0, expected at least 0.1 Hz"),
        ("name:=3", "parameter name: .*'3' of type 'INTEGER'.*, expected str"),
        ("mode:=medium", "parameter mode is 'medium', expected one of: slow, fast"),
        ("on:=1", "parameter on: .*'INTEGER'.*, expected bool"),
        ("names:=x", "parameter names is 'x', expected a list of texts"),
        ("names:=[1, 2]", r"parameter names is .*\[1, 2\].*, expected a list of texts"),
        ("count:=[]", "parameter count is an empty list, expected int"),
        ("name:=[]", "parameter name is an empty list, expected str"),
        ("on:=[]", "parameter on is an empty list, expected bool"),
    ],
)
def test_a_value_of_another_type_or_out_of_range_is_refused_by_name(
    make_node: MakeNode, given: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        declare(make_node(given), Settings)
    assert "\n" not in str(error.value)


def test_parameters_cannot_be_changed_later(make_node: MakeNode) -> None:
    node = make_node()
    declare(node, Settings)
    changes = [("count", 4), ("rate", 3.0), ("name", "eve"), ("mode", "fast"), ("on", True), ("names", ["c"])]
    assert {name for name, _ in changes} == {field.name for field in dataclasses.fields(Settings)}
    for name, value in changes:
        (result,) = node.set_parameters([Parameter(name, value=value)])
        assert not result.successful
        assert "read-only" in result.reason
    assert node.get_parameter("count").value == 3


def test_ros_knows_meaning_unit_and_bounds(make_node: MakeNode) -> None:
    node = make_node()
    declare(node, Settings)
    told = {field.name: node.describe_parameter(field.name) for field in dataclasses.fields(Settings)}
    assert all(descriptor.read_only for descriptor in told.values())
    assert told["count"].description == "How many. Unit: items."
    assert told["count"].additional_constraints == "at least 0, at most 100"
    assert told["rate"].additional_constraints == "at least 0.1"
    assert told["mode"].additional_constraints == "one of: slow, fast"
    assert told["name"].additional_constraints == ""


# Those of the packages

PACKAGES = sorted(file.parent.name for file in SOURCE.glob("*/parameters.py") if file.parent.name != "latentvr_common")
MUST_BE_GIVEN = {("label_journal", "item_count")}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_parameter_of_a_package_has_a_meaning_a_type_of_ros_and_a_default_in_its_range(package: str) -> None:
    module = importlib.import_module(f"{package}.parameters")
    found = [thing for thing in vars(module).values() if dataclasses.is_dataclass(thing)]
    assert found
    for settings in found:
        hints = get_type_hints(settings)  # type: ignore[arg-type]
        for field in dataclasses.fields(settings):
            meaning, default = meaning_of(field), getattr(settings(), field.name)  # type: ignore[operator]
            assert hints[field.name] in (bool, int, float, str, list[str]), field.name
            assert type(default) is (list if hints[field.name] == list[str] else hints[field.name]), field.name
            assert meaning.text.endswith("."), field.name
            assert not field.name.endswith(("_s", "_m", "_hz", "_m_s", "_mb")) or meaning.unit, field.name
            if (package, field.name) in MUST_BE_GIVEN:
                with pytest.raises(InputError, match=f"parameter {field.name}"):
                    check(field.name, default, meaning)
            else:
                check(field.name, default, meaning)
