"""Arguments of a session: what is said as text is what is meant, and what is said wrongly is named."""

import dataclasses
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentvr_common.errors import InputError
from latentvr_common.parameters import checked, meaning_of
from latentvr_session.arguments import Arguments, defaults, describe, from_texts, parse

FIELDS = dataclasses.fields(Arguments)
HINTS = get_type_hints(Arguments)


def values_of(field: "dataclasses.Field[Any]") -> st.SearchStrategy[Any]:
    """Every value that an argument may have."""
    meaning = meaning_of(field)
    if meaning.choices:
        return st.sampled_from(meaning.choices)
    by_type: dict[type, Any] = {
        bool: lambda: st.booleans(),
        str: lambda: st.text(),
        int: lambda: st.integers(meaning.at_least, meaning.at_most),  # type: ignore[arg-type]
        float: lambda: st.floats(meaning.at_least, meaning.at_most, allow_nan=False, allow_infinity=False),
    }
    return by_type[HINTS[field.name]]()  # type: ignore[no-any-return]


def as_word(name: str, value: Any) -> str:
    return f"{name}:={str(value).lower() if isinstance(value, bool) else value}"


@given(st.builds(Arguments, **{field.name: values_of(field) for field in FIELDS}))
def test_arguments_said_as_text_are_the_same_arguments(arguments: Arguments) -> None:
    words = [as_word(name, value) for name, value in dataclasses.asdict(arguments).items()]
    assert parse(words) == arguments
    assert parse(reversed(words)) == arguments


def test_what_is_not_said_has_its_default() -> None:
    assert parse([]) == Arguments() == from_texts(defaults())
    assert parse(["gestures:=3"]) == dataclasses.replace(Arguments(), gestures=3)
    assert defaults()["record"] == "true"


def test_the_defaults_are_within_their_ranges() -> None:
    checked(Arguments())


def test_every_number_has_a_lower_bound_and_every_integer_fits_into_a_parameter_of_ros() -> None:
    for field in FIELDS:
        meaning = meaning_of(field)
        if HINTS[field.name] in (int, float):
            assert meaning.at_least is not None, field.name
        if HINTS[field.name] is int:
            assert meaning.at_most is not None, field.name
            assert meaning.at_most < 2**63, field.name


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "false", "False", "FALSE"])
def test_truth_may_be_said_in_any_case(text: str) -> None:
    assert parse([f"paused:={text}"]).paused is (text.lower() == "true")


def test_a_value_may_hold_what_separates_it() -> None:
    assert parse(["directory:=a:=b"]).directory == "a:=b"
    assert parse(["categories:="]).categories == ""


BAD = {
    "no value": (["dataset"], "argument 'dataset': expected name:=value; known names: dataset, max_items,"),
    "an equals sign": (["dataset=digits"], "argument 'dataset=digits': expected name:=value"),
    "no name": ([":=digits"], "argument ':=digits': expected name:=value"),
    "nothing": ([""], "argument '': expected name:=value"),
    "an unknown name": (["colour:=red"], "argument colour is not known; known names: dataset, max_items, seed, hands,"),
    "a misspelt name": (["gesture:=3"], r"argument gesture is not known \(did you mean gestures\?\); known names: "),
    "another case": (["Dataset:=digits"], r"argument Dataset is not known \(did you mean dataset\?\)"),
    "a name twice": (["seed:=1", "seed:=1"], "argument seed is given twice"),
    "no truth value": (["record:=yes"], "argument record is 'yes', expected true or false"),
    "an empty truth value": (["record:="], "argument record is '', expected true or false"),
    "no integer": (["gestures:=many"], "argument gestures is 'many', expected an integer"),
    "a fraction": (["gestures:=2.5"], "argument gestures is '2.5', expected an integer"),
    "an empty integer": (["gestures:="], "argument gestures is '', expected an integer"),
    "an integer of many digits": (["gestures:=" + "9" * 5000], "argument gestures is '9+', expected an integer"),
    "no number": (["purity:=high"], "argument purity is 'high', expected a number"),
    "a decimal comma": (["purity:=0,9"], "argument purity is '0,9', expected a number"),
    "not a number": (["pace:=nan"], "pace is nan, expected a finite number"),
    "no end": (["duration_s:=inf"], "duration_s is inf, expected a finite number"),
    "an overflow": (["duration_s:=1e999"], "duration_s is inf, expected a finite number"),
    "too little": (["purity:=0.01"], "purity is 0.01, expected at least 0.1"),
    "too much": (["purity:=1.5"], "purity is 1.5, expected at most 1.0"),
    "below 0": (["max_items:=-1"], "max_items is -1, expected at least 0 items"),
    "more than 64 bits": (["max_items:=99999999999999999999"], "max_items is 9+, expected at most 2147483647 items"),
    "no choice": (["view:=hologram"], "view is 'hologram', expected one of: auto, window, desktop, headless, off"),
    "an empty choice": (["hands:="], "hands is '', expected one of: auto, scripted, openxr, none"),
}


@pytest.mark.parametrize(("words", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_said_wrongly_is_named_with_what_was_expected(words: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        parse(words)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f.name)
def test_every_argument_is_described_in_one_line_with_unit_and_limits(field: "dataclasses.Field[Any]") -> None:
    text, meaning = describe(field.name), meaning_of(field)
    assert text.startswith(meaning.text)
    assert text.endswith(".")
    assert "\n" not in text
    for part in (meaning.unit, *meaning.choices):
        assert part in text
    for bound in (meaning.at_least, meaning.at_most):
        assert bound is None or str(bound) in text


def test_a_description_reads_well() -> None:
    assert describe("view") == (
        "auto: a window if there is a display, else pictures only. desktop: a window to label in with mouse and keys. "
        "One of: auto, window, desktop, headless, off."
    )
    assert describe("settle_s") == ("Training after the person has left. Unit: s. At least 0.0, at most 86400.0.")
    assert describe("record") == "Record the session as a bag."
