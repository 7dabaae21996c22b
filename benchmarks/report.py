"""How a benchmark says what it found: a table for people, then one line of JSON, also as a file."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "build" / "bench"


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return lines with aligned columns, the first to the left and the others to the right."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(lines)


def finish(name: str, figures: Mapping[str, object]) -> None:
    """Write the figures to build/bench/<name>.json and print them as the last line."""
    found = {"benchmark": name, **figures, "load_average": round(os.getloadavg()[0], 2), "cores": os.cpu_count()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    line = json.dumps(found)
    (RESULTS / f"{name}.json").write_text(line + "\n")
    print(line, flush=True)
