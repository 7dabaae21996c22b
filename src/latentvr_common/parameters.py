"""Parameters of a node: written once as a frozen dataclass, given to ROS with unit, range and meaning.

@dataclass(frozen=True)
class Parameters:
    radius: float = parameter(0.045, "Radius of the brush.", unit="m", at_least=0.01, at_most=0.3)

parameters = declare(node, Parameters)
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from latentvr_common.errors import InputError

if TYPE_CHECKING:
    from rclpy.node import Node

T = TypeVar("T")
_META = "latentvr"


@dataclass(frozen=True)
class Meaning:
    """What a parameter means, its unit, and the values that it may have."""

    text: str
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the meaning and the unit in one sentence."""
        return f"{self.text} Unit: {self.unit}." if self.unit else self.text

    def limits(self) -> str:
        """Return the range or the choices; empty for a parameter that may be anything."""
        if self.choices:
            return "one of: " + ", ".join(self.choices)
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        return ", ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)


def parameter(
    default: Any,
    text: str,
    *,
    unit: str = "",
    at_least: float | None = None,
    at_most: float | None = None,
    choices: Sequence[str] = (),
) -> Any:
    """Return a dataclass field with `default`, its meaning, unit, and range or choices."""
    meaning = Meaning(text, unit, at_least, at_most, tuple(choices))
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default), metadata={_META: meaning})
    return dataclasses.field(default=default, metadata={_META: meaning})


def meaning_of(field: "dataclasses.Field[Any]") -> Meaning:
    """Return the meaning of a field made by `parameter`."""
    meaning = field.metadata[_META]
    assert isinstance(meaning, Meaning)
    return meaning


def check(name: str, value: Any, meaning: Meaning) -> None:
    """Raise InputError if `value` is outside of the range or choices of parameter `name`."""
    if meaning.choices and value not in meaning.choices:
        raise InputError(f"parameter {name} is {value!r}, expected one of: {', '.join(meaning.choices)}")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    unit = f" {meaning.unit}" if meaning.unit else ""
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"parameter {name} is {value}, expected a finite number")
    if meaning.at_least is not None and value < meaning.at_least:
        raise InputError(f"parameter {name} is {value}, expected at least {meaning.at_least}{unit}")
    if meaning.at_most is not None and value > meaning.at_most:
        raise InputError(f"parameter {name} is {value}, expected at most {meaning.at_most}{unit}")


def checked(instance: T) -> T:
    """Return `instance` if all its fields are within their ranges; raise InputError otherwise."""
    for field in dataclasses.fields(instance):  # type: ignore[arg-type]
        check(field.name, getattr(instance, field.name), meaning_of(field))
    return instance


def declare(node: "Node", parameters: type[T]) -> T:
    """Declare every field of the dataclass `parameters` on `node` (read-only) and return the values given.

    Raises InputError, naming the parameter, for a value of another type or out of range.
    """
    from rcl_interfaces.msg import ParameterDescriptor
    from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException

    hints = get_type_hints(parameters)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(parameters):  # type: ignore[arg-type]
        meaning = meaning_of(field)
        default = _default_of(field)
        descriptor = ParameterDescriptor(
            name=field.name,
            description=meaning.describe(),
            additional_constraints=meaning.limits(),
            read_only=True,
            # An integer is a number too, and an empty list has no type: `_as_type` checks them.
            dynamic_typing=hints[field.name] in (float, list[str]),
        )
        try:
            value = node.declare_parameter(field.name, default, descriptor).value
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise InputError(f"parameter {field.name}: {error}, expected {type(default).__name__}") from error
        values[field.name] = _as_type(field.name, value, hints[field.name])
        check(field.name, values[field.name], meaning)
    return parameters(**values)


def _default_of(field: "dataclasses.Field[Any]") -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _as_type(name: str, value: Any, hint: Any) -> Any:
    if hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"parameter {name} is {value!r}, expected a number")
        return float(value)
    if hint == list[str]:
        texts = [] if value is None else value
        if isinstance(texts, str) or not isinstance(texts, Sequence) or not all(isinstance(t, str) for t in texts):
            raise InputError(f"parameter {name} is {value!r}, expected a list of texts")
        return list(texts)
    if value is None:
        raise InputError(f"parameter {name} is an empty list, expected {hint.__name__}")
    return value
