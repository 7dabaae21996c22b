"""Texts that say what items are: truth and names, from whatever file they come."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Truth = tuple[npt.NDArray[np.int16] | None, tuple[str, ...]]
"""(N,) index into the categories, or None: not known; and the categories."""
_LONGEST_INTEGER = 20


def truth_of(texts: Sequence[str]) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    """Return the truth that N texts are; categories are in the order of numbers if all are numbers, else of letters.

    More categories than int16 can count are for Dataset to refuse.
    """
    categories = sorted(set(texts))
    if all(map(_is_integer, categories)):
        categories.sort(key=int)
    index = {text: i for i, text in enumerate(categories)}
    return np.array([index[text] for text in texts], dtype=np.int64).astype(np.int16), tuple(categories)


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) <= _LONGEST_INTEGER


def listed(names: Sequence[str], most: int = 5) -> str:
    """Return "a, b, c and 4 more"."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(name[:60] for name in names[:most]) + more


def one_line(error: BaseException) -> str:
    """Return what an error of a library says as one line of bearable length."""
    return " ".join(str(error).split())[:200] or type(error).__name__
