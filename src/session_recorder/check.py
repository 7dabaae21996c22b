"""Says whether a bag is whole: messages and gaps by topic, checksums, cuts.

From a command line: python -m session_recorder.check BAG. Exit code 0: all is there; 1: something is missing or
damaged; 2: there is no bag that could be read.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from latentvr_common.bags.wording import shown
from latentvr_common.errors import EXIT_INPUT_ERROR, InputError
from session_recorder.examining import Found, TopicFound, examine

EXIT_NOT_WHOLE = 1
_MOST_TOPICS = 100
_MOST_PROBLEMS = 20


def report(found: Found) -> str:
    """Return tables of files and topics, then a line for each problem, and one that sums up."""
    start_ns = min((topic.first_ns for topic in found.topics.values()), default=0)
    topics = sorted(found.topics.values(), key=lambda topic: topic.name)
    rows = [_row(topic, start_ns) for topic in topics[:_MOST_TOPICS]]
    more = [f"and {len(topics) - _MOST_TOPICS:,} more topics"] if len(topics) > _MOST_TOPICS else []
    problems = [f"problem: {problem}" for problem in found.problems[:_MOST_PROBLEMS]]
    if len(found.problems) > _MOST_PROBLEMS:
        problems.append(f"and {len(found.problems) - _MOST_PROBLEMS:,} more problems")
    end = "not whole" if found.problems else "whole"
    return "\n".join(
        [
            _table(("file", "messages", "state"), [(name, f"{count:,}", how) for name, count, how in found.files]),
            "",
            _table(("topic", "messages", "missing", "MB", "from s", "to s"), rows),
            *more,
            "",
            *problems,
            f"{end}: {found.count:,} messages in {len(found.files):,} file{'s' * (len(found.files) != 1)}",
        ]
    )


def _row(topic: TopicFound, start_ns: int) -> tuple[str, ...]:
    missing = "not known" if topic.missing is None else f"{topic.missing:,}"
    times = (f"{(ns - start_ns) / 1e9:,.1f}" for ns in (topic.first_ns, topic.last_ns))
    return (
        shown(topic.name),
        f"{topic.count:,}",
        "keyframes" if topic.keyframes else missing,
        f"{topic.size / 1e6:,.2f}",
        *times,
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return lines with aligned columns: words to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    to_left = {0, *(i for i, name in enumerate(header) if name == "state")}
    lines = (
        "  ".join(
            cell.ljust(width) if i in to_left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (header, *rows)
    )
    return "\n".join(line.rstrip() for line in lines)


def main(arguments: Sequence[str]) -> int:
    """Check the bag that the one argument names; return the exit code."""
    try:
        if len(arguments) != 1:
            raise InputError("expected one argument, the directory of a bag")
        found = examine(Path(arguments[0]))
    except InputError as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_INPUT_ERROR
    sys.stdout.write(report(found) + "\n")
    return EXIT_NOT_WHOLE if found.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
