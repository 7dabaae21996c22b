"""Pieces of a page: everything that comes from outside goes through `text` or `name`."""

import base64
import html
import math
import re
from collections.abc import Iterable

from latent_trainer.preview import readable

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def text(value: str) -> str:
    """Return any text as HTML that shows it, in an element or in an attribute between quotes."""
    return html.escape(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", readable(value)))


def name(value: str) -> str:
    """Return a name as HTML: whichever way it is written, what stands around it stays where it is."""
    return f"<bdi>{text(value)}</bdi>"


def element(tag: str, content: str = "", **attributes: str) -> str:
    """Return an element around `content`, which is HTML; attributes are HTML already. `class_` is `class`."""
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f"<{tag}{given}>{content}</{tag}>"


def section(title: str, intro: str, *parts: str) -> str:
    """Return a section of the page; nothing where it has no parts."""
    shown = "".join(parts)
    return element("section", f"<h2>{title}</h2><p>{intro}</p>{shown}") if shown else ""


def rows(cells: Iterable[Iterable[str]]) -> str:
    """Return rows of a table from cells that are HTML."""
    return "".join(element("tr", "".join(element("td", cell) for cell in row)) for row in cells)


def picture(data: bytes, kind: str, alt: str, **attributes: str) -> str:
    """Return a picture that is part of the page. `kind`: png or jpeg; `alt`: HTML."""
    encoded = base64.b64encode(data).decode("ascii")
    given = "".join(f' {key.rstrip("_")}="{value}"' for key, value in attributes.items())
    return f'<img src="data:image/{kind};base64,{encoded}" alt="{alt}"{given}>'


def count(number: int) -> str:
    """Return a number of things."""
    return f"{number:,}"


def counted(number: int, one: str, several: str) -> str:
    """Return a number with what it counts."""
    return f"{number:,} {one if number == 1 else several}"


def share(value: float) -> str:
    """Return a share, 0 to 1, in per cent; NaN is not known. What is not all is not called 100 %."""
    if math.isnan(value):
        return "unknown"
    return f"{min(round(1000 * value), 999) / 10:.1f} %" if value < 1 else "100 %"


def color(rgb: int) -> str:
    """Return 0xRRGGBB as CSS has it."""
    return f"#{rgb & 0xFFFFFF:06x}"
