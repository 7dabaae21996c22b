"""What memory a process may have: more is refused, less is not, and a person's word counts."""

import subprocess
import sys
from pathlib import Path

import pytest

from latentvr_common import memory
from latentvr_common.errors import InputError

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from latentvr_common import memory
memory.limit(float(sys.argv[2]))
if sys.argv[4] == "lift":
    memory.lift()
try:
    print(len(bytearray(int(float(sys.argv[3]) * 2**30))))
except MemoryError:
    print("none")
"""


def asked_for(bound_gib: float, gib: float, then: str = "") -> str:
    """What a process gets that asks for so much."""
    words = [sys.executable, "-c", PROGRAM, sys.path[0], str(bound_gib), str(gib), then]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_more_than_the_bound_is_refused_and_less_is_not() -> None:
    assert asked_for(0.25, 0.125) == str(2**27)
    assert asked_for(0.25, 0.5) == "none"


def test_without_a_bound_or_after_it_is_lifted_there_is_as_much_as_before() -> None:
    assert asked_for(0, 0.5) == str(2**29)
    assert asked_for(0.25, 0.5, "lift") == str(2**29)


def test_a_claim_of_four_gigabytes_is_more_than_any_node_may_have_but_the_trainer() -> None:
    assert asked_for(memory.USUAL_GIB, 4) == "none"


@pytest.mark.parametrize(("said", "expected"), [("", 4.0), ("16", 16.0), ("0.5", 0.5), ("0", 0.0)])
def test_the_word_of_a_person_counts(said: str, expected: float) -> None:
    assert memory.wanted_gib(4.0, {memory.VARIABLE: said}) == expected
    assert memory.wanted_gib(4.0, {}) == 4.0


@pytest.mark.parametrize("said", ["much", "-1", "nan", "inf", "4GiB"])
def test_what_is_no_amount_is_refused(said: str) -> None:
    with pytest.raises(InputError, match=r"LATENTVR_MEMORY_GIB is .* expected GiB"):
        memory.wanted_gib(4.0, {memory.VARIABLE: said})


def test_the_trainer_may_have_most_of_the_machine_but_not_all() -> None:
    told = Path("/proc/meminfo").read_text().splitlines()
    total = next(int(line.split()[1]) for line in told if line.startswith("MemTotal")) / 2**20
    assert 0.7 * total < memory.of_machine_gib() < 0.8 * total
